"""Counting numpy arrays and pandas columns, at the speed of a few passes over memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.monitoring.tallies import Categories, Numbers, Presence

if TYPE_CHECKING:
    from jupyter_lifecycle.monitoring.tallies import Tally

_BLOCK = 32_768
"""Numbers at a time: they stay in the processor's cache for all passes."""


def add_array(tally: Tally, values: Any) -> None:
    """Count a column.

    Parameters
    ----------
    tally : Tally
        Takes the counts.
    values : numpy.ndarray, pandas.Series or extension array, (n_rows,)
        NaN, NaT and NA are missing.
    """
    import numpy as np
    import pandas as pd

    dtype = values.dtype
    if isinstance(tally, Numbers) and isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        _add_numbers(tally, np.asarray(values))
        return
    column = values if isinstance(values, pd.Series) else pd.Series(values)
    present = column.dropna()
    missing = len(column) - len(present)
    if isinstance(tally, Presence) and dtype.kind in "mM":
        tally.add_counts(len(present), missing)
    elif isinstance(tally, Categories):
        tally.add_missing(missing)
        _add_categories(tally, present)
    else:
        tally.add([None] * missing)
        tally.add(present.tolist())


def _add_numbers(tally: Numbers, values: Any) -> None:
    for start in range(0, len(values), _BLOCK):
        _add_block(tally, values[start : start + _BLOCK])


def _add_block(tally: Numbers, block: Any) -> None:
    import numpy as np

    floats = block.dtype.kind == "f"
    block = block.astype(np.float64, copy=False)  # edges are double: nothing is rounded to single
    if floats:
        finite = np.isfinite(block)
        if not finite.all():
            nan = int(np.isnan(block).sum())
            inf = int((block == np.inf).sum())
            tally.add_odd(
                missing=nan, inf=inf, minus_inf=len(block) - nan - inf - int(finite.sum())
            )
            block = block[finite]
        if tally.integers:
            whole = block == np.floor(block)
            if not whole.all():
                tally.add_odd(wrong=len(block) - int(whole.sum()))
                block = block[whole]
    if len(block):
        tally.add_counted(_binned(block, tally.edges), float(block.min()), float(block.max()))


def _binned(block: Any, edges: tuple[float, ...]) -> list[int]:
    """Count into bins: a pass of comparisons for each edge is faster than a binary search."""
    import numpy as np

    below = [int(np.count_nonzero(block <= edge)) for edge in edges]
    counts: list[int] = np.diff([0, *below, len(block)]).tolist()
    return counts


def _add_categories(tally: Categories, present: Any) -> None:
    if str(present.dtype) == "object":
        tally.add(present.tolist())
        return
    counts = present.value_counts()
    for value, count in zip(counts.index.tolist(), counts.tolist(), strict=True):
        if count:
            tally.add_counted(value, count)
