"""What to know of a value without reading it again: dtype, rows, nulls, size."""

from __future__ import annotations

from functools import cache
from sys import getsizeof
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from jupyter_lifecycle.hashing import Opening

if TYPE_CHECKING:
    from jupyter_lifecycle.cache.records import Kind


class Description(NamedTuple):
    """Of a value; see :class:`ColumnMeta`."""

    kind: Kind
    dtype: str
    rows: int | None
    nulls: int | None
    bytes: int


def describe(value: Any) -> Description:
    """Describe a value.

    Parameters
    ----------
    value : object
        A series, index, frame, array or anything else.

    Returns
    -------
    Description
        ``rows`` and ``nulls`` are None for what has none.
    """
    if isinstance(value, (pd.Series, pd.Index)):
        kind: Kind = "series" if isinstance(value, pd.Series) else "index"
        dtype = value.dtype
        return Description(kind, _name(dtype), len(value), _nulls(value), int(value.nbytes))
    if isinstance(value, pd.DataFrame):
        rows, width = value.shape
        missing = sum(_nulls(column) or 0 for _, column in value.items())
        held = int(value.memory_usage(index=False).sum())
        return Description(
            "frame", f"{width} column{'' if width == 1 else 's'}", rows, missing, held
        )
    if isinstance(value, np.ndarray):
        length = len(value) if value.ndim else None
        return Description("array", _name(value.dtype), length, _array_nulls(value), value.nbytes)
    kind_name = type(value).__qualname__
    if type(value) is Opening:
        return Description("opening", kind_name, None, None, 0)
    return Description("object", kind_name, None, None, getsizeof(value, 0))


def _name(dtype: Any) -> str:
    return _numpy_name(dtype) if isinstance(dtype, np.dtype) else str(dtype)


@cache
def _numpy_name(dtype: np.dtype[Any]) -> str:
    """Name a dtype; numpy takes longer to do so than to count the nulls of a column."""
    return str(dtype)


def _nulls(value: Any) -> int | None:
    if isinstance(value, pd.MultiIndex):
        return None
    if isinstance(value.dtype, np.dtype):
        return _array_nulls(value.to_numpy())
    return int(np.count_nonzero(value.isna()))


def _array_nulls(value: Any) -> int | None:
    kind = value.dtype.kind
    if kind in "biuSU":
        return 0
    if kind in "fc":
        return int(np.count_nonzero(np.isnan(value)))
    if kind in "mM":
        return int(np.count_nonzero(np.isnat(value)))
    return int(np.count_nonzero(pd.isna(value))) if kind == "O" else None
