"""The most common columns as bare numbers and a line of JSON that says how to read them.

Plain numbers, truths, times and durations, counted or indexed rows. Nothing of Arrow or pickle is
needed to read them back, which makes a hit a few microseconds, and reading runs no code that the
bytes name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import pandas as pd

from jupyter_lifecycle.hashing import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS: Final = frozenset("biufcmM")
_UNITS: Final = frozenset(["s", "ms", "us", "ns"])
"""What pandas has times in."""
_NAMES: Final = frozenset([type(None), str, int])
_LONGEST: Final = 10_000
"""A name that is longer is nothing for a row of the index, characters."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A column as bytes and what they mean."""

    array: Any
    """C order, one dimension."""
    parts: list[Any]
    shared: dict[bytes, Any]
    """What must be stored beside it, by fingerprint."""

    def recipe(self, offset: int = 0) -> bytes:
        """As JSON, for bytes in which the numbers begin at an offset."""
        return json.dumps([offset, *self.parts]).encode()


def plain(value: Any) -> Plain | None:
    """Take a column apart, where it is plain.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    Plain or None
        None for what isn't a plain column.
    """
    kind = type(value)
    if kind is np.ndarray:
        return _bare(value, ["array"], {})
    if kind is pd.Series:
        return _series(value)
    if kind is pd.Index and isinstance(value.dtype, np.dtype) and type(value.name) in _NAMES:
        return _bare(value.to_numpy(), ["index", value.name], {})
    return None


def _series(value: pd.Series[Any]) -> Plain | None:
    dtype = value.dtype
    if not isinstance(dtype, np.dtype) or value.attrs or type(value.name) not in _NAMES:
        return None
    if (
        dtype.kind in "mM"
        and np.datetime_data(cast("np.dtype[np.datetime64]", dtype))[0] not in _UNITS
    ):
        return None
    if not value.flags.allows_duplicate_labels or len(str(value.name)) > _LONGEST:
        return None
    index, shared = value.index, {}
    if type(index) is pd.RangeIndex and type(index.name) in _NAMES:
        rows: list[Any] = ["range", index.start, index.stop, index.step, index.name]
    else:
        key = fingerprint(index)
        shared[key] = index
        rows = ["shared", key.hex()]
    return _bare(value.to_numpy(), ["series", value.name, rows], shared)


def _bare(array: Any, parts: list[Any], shared: dict[bytes, Any]) -> Plain | None:
    dtype = array.dtype
    if dtype.kind not in _KINDS or not dtype.isnative or dtype.itemsize > 16:
        return None
    by_columns = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
    order = "F" if by_columns else "C"
    flat = np.ascontiguousarray(array.ravel(order))
    return Plain(flat, [dtype.str, list(array.shape), order, *parts], shared)


def build(recipe: bytes, data: Any, fetch: Callable[[bytes], Any]) -> Any:
    """Make a column from its bytes; it's a view of them, and read-only where they are.

    Parameters
    ----------
    recipe : bytes
        As :meth:`Plain.recipe` gave it.
    data : buffer
        The bytes.
    fetch : callable
        Gives what was stored as shared, by its fingerprint.

    Returns
    -------
    Series, Index or ndarray
    """
    offset, dtype, count, shape, order, form, name, rows = _read(recipe)
    array = np.frombuffer(data, dtype, count, offset) if count else _empty(dtype)
    if shape is not None:
        array = array.reshape(shape, order=order)
    if form == "array":
        return array
    if form == "index":
        return pd.Index(array, name=name, copy=False, tupleize_cols=False)
    if rows[0] == "range":
        _, start, stop, step, label = rows
        index: Any = pd.RangeIndex(start, stop, step, name=label)
    else:
        index = fetch(bytes.fromhex(rows[1]))
    return pd.Series(array, index=index, name=name, copy=False)


def _empty(dtype: Any) -> Any:
    array = np.empty(0, dtype)
    array.flags.writeable = False
    return array


@lru_cache(4096)
def _read(recipe: bytes) -> tuple[Any, ...]:
    offset, dtype, shape, order, form, *rest = json.loads(recipe)
    name = rest[0] if rest else None
    rows = rest[1] if len(rest) > 1 else None
    count = int(np.prod(shape, dtype=object)) if shape else 1
    reshaped = None if len(shape) == 1 else tuple(shape)
    return int(offset), np.dtype(dtype), count, reshaped, order, form, name, rows
