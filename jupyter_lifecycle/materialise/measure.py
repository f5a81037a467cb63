"""The few facts about a value that every node shows: type, rows, nulls, bytes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

_WIDEST = 60


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one value; None where a value has no such thing."""

    dtype: str
    rows: int | None = None
    nulls: int | None = None
    bytes: int | None = None


def measure(value: Any) -> Facts:
    """Measure a value without changing or copying it.

    Parameters
    ----------
    value : any
        A column, a frame, an array, or any object.

    Returns
    -------
    Facts
        For a frame, nulls are counted over all its cells.
    """
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None:
        if isinstance(value, pandas.Series):
            nulls = int(value.isna().sum())
            return Facts(str(value.dtype), len(value), nulls, int(value.nbytes))
        if isinstance(value, pandas.DataFrame):
            nulls = int(value.isna().sum().sum())
            size = int(value.memory_usage(index=False).sum())
            return Facts("DataFrame", len(value), nulls, size)
        if isinstance(value, pandas.Index):
            return Facts(str(value.dtype), len(value), int(value.isna().sum()), int(value.nbytes))
    if numpy is not None:
        if isinstance(value, numpy.ndarray) and value.ndim:
            null = int(pandas.isna(value).sum()) if pandas is not None else None
            return Facts(str(value.dtype), len(value), null, int(value.nbytes))
        if isinstance(value, (numpy.generic, numpy.ndarray)):
            return Facts(str(value.dtype), None, None, int(value.nbytes))
    return Facts(type(value).__name__)


def shown(value: Any) -> str:
    """Show a value's first element, or the value itself, on one short line."""
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return short(", ".join([str(name) for name in value.columns[:8]]))
    if pandas is not None and isinstance(value, (pandas.Series, pandas.Index)):
        first = value.iloc[:1] if isinstance(value, pandas.Series) else value[:1]
        return short(str(first.tolist()[0])) if len(value) else ""
    if numpy is not None and isinstance(value, numpy.ndarray) and value.ndim:
        return short(str(value[0])) if len(value) else ""
    try:
        return short(repr(value))
    except Exception as error:  # noqa: BLE001 - a broken repr must not hide the user's own error
        return f"(its repr raised {type(error).__name__})"


def short(text: str, most: int = 0) -> str:
    """Cut a text to one line of at most 60 characters, or as many as are given."""
    line, widest = " ".join(text.split()), most or _WIDEST
    return line if len(line) <= widest else f"{line[: widest - 1]}…"
