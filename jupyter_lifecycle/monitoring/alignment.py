"""Two distributions as shares of the same cells, whatever form they came in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from jupyter_lifecycle.errors import DistanceError
from jupyter_lifecycle.monitoring.histogram import Histogram, spread

Distribution: TypeAlias = Histogram | Mapping[object, float] | Sequence[float]
"""A histogram; counts by category; or counts of cells in a fixed order."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts of two sides in the same cells."""

    names: tuple[object, ...]
    one: tuple[float, ...]
    other: tuple[float, ...]

    @property
    def totals(self) -> tuple[float, float]:
        """All counts of each side."""
        return math.fsum(self.one), math.fsum(self.other)

    def shares(self) -> tuple[list[float], list[float]]:
        """Give both sides' shares, each adding up to 1."""
        n, m = self.totals
        return [count / n for count in self.one], [count / m for count in self.other]


def aligned(p: Distribution, q: Distribution) -> Cells | None:
    """Give two distributions in the same cells.

    Histograms are cut at the union of their edges, with their mass uniform within a bin, and their
    atoms are cells of their own. Categories are matched by name, sequences by place.

    Parameters
    ----------
    p, q : Histogram, Mapping or sequence of counts
        Both of one form; counts or shares.

    Returns
    -------
    Cells or None
        None for two mappings without any mass: they are equal.

    Raises
    ------
    DistanceError
        Where one side is empty, the forms differ, or a count is negative or not finite.
    """
    cells = _cells(p, q)
    for count in (*cells.one, *cells.other):
        if not (math.isfinite(count) and count >= 0):
            raise DistanceError(f"Counts are finite and not negative; one is {count!r}.")
    n, m = cells.totals
    if n == 0 == m and isinstance(p, Mapping):
        return None
    if n == 0 or m == 0:
        side = "first" if n == 0 else "second"
        raise DistanceError(f"The {side} distribution is empty, so there is no distance to it.")
    return cells


def _cells(p: Distribution, q: Distribution) -> Cells:
    if isinstance(p, Histogram) and isinstance(q, Histogram):
        return _of_histograms(p, q)
    if isinstance(p, Histogram) or isinstance(q, Histogram):
        raise DistanceError("A histogram of numbers and counts by category have no distance.")
    if isinstance(p, Mapping) and isinstance(q, Mapping):
        names = tuple(dict.fromkeys([*p, *q]))
        one = tuple(float(p.get(name, 0.0)) for name in names)
        return Cells(names, one, tuple(float(q.get(name, 0.0)) for name in names))
    if isinstance(p, Mapping) or isinstance(q, Mapping):
        raise DistanceError("Counts by category and counts in a fixed order have no distance.")
    if len(p) != len(q):
        raise DistanceError(f"{len(p)} cells and {len(q)} cells are not the same cells.")
    return Cells(tuple(range(len(p))), tuple(map(float, p)), tuple(map(float, q)))


def _of_histograms(p: Histogram, q: Histogram) -> Cells:
    edges = union_of_edges(p, q)
    one, other = p.points(), q.points()
    points = tuple(dict.fromkeys([*one, *other]))
    return Cells(
        (*itertools.pairwise(edges), *points),
        (*spread(p, edges), *(one.get(name, 0.0) for name in points)),
        (*spread(q, edges), *(other.get(name, 0.0) for name in points)),
    )


def union_of_edges(p: Histogram, q: Histogram) -> list[float]:
    """Give the edges of both sides' bins, strictly rising."""
    ends = {end for side in (p, q) for low, high, _ in side.bins() for end in (low, high)}
    return sorted(ends)
