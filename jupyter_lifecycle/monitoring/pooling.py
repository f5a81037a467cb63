"""Cells that expect too few are pooled before anything is estimated of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def pooled(
    one: Sequence[float], other: Sequence[float], expected: float
) -> tuple[list[float], list[float]]:
    """Pool the cells that expect fewer than some count in either sample.

    Which cells these are depends on both samples' sums alone, so no difference between the samples
    decides on it. Where the pool itself expects too few, the rarest other cell joins it.

    Parameters
    ----------
    one, other : sequence of float, (n_cells,)
        Counts of both samples.
    expected : float
        Least expected count of a cell that stands by itself.

    Returns
    -------
    tuple of list of float
        Counts of both samples; the pool stands last. Cells without any count are left out.
    """
    n, m = math.fsum(one), math.fsum(other)
    # the smaller sample expects fewer: a cell with this many counts in both expects enough there
    enough = expected * (n + m) / min(n, m)
    kept, rest = [], []
    for left, right in zip(one, other, strict=True):
        both = left + right
        if both >= enough and both > 0:
            kept.append((left, right))
        elif both > 0:
            rest.append((left, right))
    if rest:
        pool = (math.fsum(left for left, _ in rest), math.fsum(right for _, right in rest))
        if sum(pool) < enough:
            kept.sort(key=sum, reverse=True)
        while kept and sum(pool) < enough:
            left, right = kept.pop()
            pool = (pool[0] + left, pool[1] + right)
        kept.append(pool)
    return [left for left, _ in kept], [right for _, right in kept]
