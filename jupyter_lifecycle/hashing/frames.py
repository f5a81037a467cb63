"""Fingerprints of pandas' values: dtype, elements, index, names, categories, zones, attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype

from jupyter_lifecycle.hashing import arrays, columnar
from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.values import scalar

if TYPE_CHECKING:
    from jupyter_lifecycle.hashing.walk import Handler, Steps

_SINGLE = {type(pd.NA): b"NA", type(pd.NaT): b"NaT"}


def leaf(value: Any) -> bytes | None:
    """Return the fingerprint of one of pandas' scalars or dtypes, else None."""
    kind = type(value)
    if kind in _SINGLE:
        return combine("pandas", _SINGLE[kind])
    if kind is pd.Timedelta:
        return combine("Timedelta", value.unit.encode(), scalar(value.value))
    if kind is pd.Series:
        return _plain_series(value)
    return _range(value) if kind is pd.RangeIndex else None


def _range(index: pd.RangeIndex) -> bytes | None:
    if type(index.name) not in {type(None), str}:
        return None
    return combine("RangeIndex", scalar((index.start, index.stop, index.step)), scalar(index.name))


def _plain_series(value: pd.Series[Any]) -> bytes | None:
    """Digest the most common column at once: plain numbers, counted rows, a plain name."""
    if value.attrs or not isinstance(value.dtype, np.dtype):
        return None
    index = _range(value.index) if type(value.index) is pd.RangeIndex else None
    array = arrays.leaf(value.to_numpy()) if index is not None else None
    if index is None or array is None or type(value.name) not in {type(None), str}:
        return None
    if value.dtype.kind in "mM" or not value.flags.allows_duplicate_labels:
        return None
    return combine("Series", combine("column", array), index, scalar(value.name))


def _series(value: pd.Series[Any]) -> Steps:
    parts = [
        (yield ("same", None), value.array),
        (yield ("attribute", "index"), value.index),
        (yield ("attribute", "name"), value.name),
    ]
    parts += yield from _extras(value)
    return combine("Series", *parts)


def _frame(value: pd.DataFrame) -> Steps:
    parts = [
        (yield ("attribute", "columns"), value.columns),
        (yield ("attribute", "index"), value.index),
    ]
    for name, column in value.items():
        found = yield ("item", name), column.array
        parts.append(found)
    parts += yield from _extras(value)
    return combine("DataFrame", *parts)


def _extras(value: Any) -> Any:
    """Return what a frame or series carries beside its data; subclasses by their class as well."""
    parts = []
    if value.attrs:
        found = yield ("attribute", "attrs"), value.attrs
        parts.append(found)
    if not value.flags.allows_duplicate_labels:
        parts.append(b"unique")
    if type(value) not in {pd.Series, pd.DataFrame}:
        found = yield ("attribute", "__class__"), type(value)
        parts.append(found)
        for name in type(value)._metadata:  # noqa: SLF001 - pandas' documented hook for subclasses
            found = yield ("attribute", name), getattr(value, name, None)
            parts.append(found)
    return parts


def _index(value: pd.Index[Any]) -> Steps:
    parts = [type(value).__name__.encode(), (yield ("attribute", "name"), value.name)]
    if isinstance(value, pd.RangeIndex):
        parts.append(scalar((value.start, value.stop, value.step)))
    else:
        found = yield ("same", None), value.array
        parts.append(found)
    if isinstance(value, (pd.DatetimeIndex, pd.TimedeltaIndex)) and value.freq is not None:
        parts.append(value.freq.freqstr.encode())
    return combine("Index", *parts)


def _multi_index(value: pd.MultiIndex) -> Steps:
    """By the values that rows have: unused levels and their order are a matter of layout."""
    parts = []
    for position, name in enumerate(value.names):
        level = value.get_level_values(position)
        found = yield ("item", position), level
        parts.append(found)
        found = yield ("item", position), name
        parts.append(found)
    return combine("MultiIndex", *parts)


def _numpy_backed(value: Any) -> Steps:
    return combine("column", (yield ("same", None), value.to_numpy()))


def _categorical(value: pd.Categorical) -> Steps:
    categories = yield ("attribute", "categories"), value.categories
    return combine(
        "Categorical", arrays.leaf(value.codes) or b"", categories, scalar(bool(value.ordered))
    )


def _datetimes(value: Any) -> Steps:
    """Datetimes and timedeltas, also with a zone; pandas keeps both as integers."""
    yield from ()
    ticks = value.asi8
    return combine("ticks", str(value.dtype).encode(), arrays.buffer(ticks), scalar(ticks.shape))


def _period(value: Any) -> Steps:
    yield from ()
    return combine("Period", str(value.dtype).encode(), arrays.buffer(value.asi8))


def _interval(value: Any) -> Steps:
    left = yield ("attribute", "left"), value.left
    return combine(
        "Interval", value.closed.encode(), left, (yield ("attribute", "right"), value.right)
    )


def _masked(value: Any) -> Steps:
    """Nullable numbers: what lies under a missing value is no part of it."""
    missing = value.isna()
    filled = yield (
        ("same", None),
        value.to_numpy(dtype=value.dtype.numpy_dtype, na_value=value.dtype.numpy_dtype.type(0)),
    )
    return combine("masked", str(value.dtype).encode(), arrays.buffer(missing), filled)


def _arrow(value: Any) -> Steps:
    dtype = yield ("attribute", "dtype"), value.dtype
    return combine("arrow", dtype, columnar.column(value.__arrow_array__()))


def _sparse(value: Any) -> Steps:
    dtype = yield ("attribute", "dtype"), repr(value.dtype)
    return combine("sparse", dtype, (yield ("attribute", "to_dense()"), value.to_dense()))


def _other_array(value: Any) -> Steps:
    dtype = yield ("attribute", "dtype"), value.dtype
    return combine("extension", dtype, (yield from arrays.elements(list(value))))


def _dtype(value: Any) -> Steps:
    parts = [(yield ("attribute", "__class__"), type(value)), str(value).encode()]
    if isinstance(value, pd.CategoricalDtype):
        found = yield ("attribute", "categories"), value.categories
        parts.append(found)
        parts.append(scalar(bool(value.ordered)))
    elif isinstance(value, pd.StringDtype):
        parts += [value.storage.encode(), repr(value.na_value).encode()]
    elif isinstance(value, pd.ArrowDtype):
        parts.append(columnar.type_name(value.pyarrow_dtype))
    else:
        for name in value._metadata:  # noqa: SLF001 - pandas' documented hook for dtypes
            found = yield ("attribute", name), getattr(value, name, None)
            parts.append(found)
    return combine("dtype", *parts)


def _timestamp(value: pd.Timestamp) -> Steps:
    zone = yield ("attribute", "tz"), value.tz
    return combine("Timestamp", value.unit.encode(), scalar(value.value), scalar(value.fold), zone)


_ARRAYS: dict[str, Handler] = {
    "NumpyExtensionArray": _numpy_backed,
    "Categorical": _categorical,
    "DatetimeArray": _datetimes,
    "TimedeltaArray": _datetimes,
    "PeriodArray": _period,
    "IntervalArray": _interval,
    "IntegerArray": _masked,
    "FloatingArray": _masked,
    "BooleanArray": _masked,
    "SparseArray": _sparse,
    "ArrowStringArray": _arrow,
    "ArrowStringArrayNumpySemantics": _arrow,
    "ArrowExtensionArray": _arrow,
}


_KINDS: tuple[tuple[type, Handler], ...] = (
    (pd.Series, _series),
    (pd.DataFrame, _frame),
    (pd.MultiIndex, _multi_index),
    (pd.Index, _index),
    (ExtensionDtype, _dtype),
    (pd.Timestamp, _timestamp),
)


def handler_of(value: Any) -> Handler | None:
    """Return the handler for one of pandas' values that has parts, else None."""
    if isinstance(value, ExtensionArray):
        own = str(type(value).__module__).startswith("pandas.")
        return _ARRAYS.get(type(value).__name__, _other_array) if own else None
    return next((handler for kind, handler in _KINDS if isinstance(value, kind)), None)
