"""One column as an Arrow array and back, without a copy where its bytes allow that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from jupyter_lifecycle.hashing import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

Recipe: TypeAlias = tuple[Any, ...]

_BITS: Final = (8, 16, 32, 64)
_ARROW: Final = {
    **{f"{sign}int{n}": getattr(pa, f"{sign}int{n}")() for sign in ("", "u") for n in _BITS},
    **{f"float{n}": getattr(pa, f"float{n}")() for n in (16, 32, 64)},
}
_AS_NUMBERS: Final = {"b": "uint8", "M": "int64", "m": "int64"}
"""What Arrow would pack into bits or mark as null stands as the numbers that it is."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A column on its way to disk."""

    data: Any
    """An Arrow array."""
    recipe: Recipe
    """How to make the column from it again."""
    exact: bool
    """Whether it's known to come back exactly; else it must be tried."""


def pack(array: Any, shared: dict[bytes, Any]) -> Packed | None:
    """Write a column as an Arrow array.

    Parameters
    ----------
    array : numpy or pandas array
        ``(n_rows,)``; a numpy array may have any shape.
    shared : dict
        Takes what several columns may have in common, by fingerprint.

    Returns
    -------
    Packed or None
        None for a dtype that isn't known here.
    """
    if isinstance(array, np.ndarray):
        return _pack_numpy(array)
    name = type(array).__name__
    if name == "NumpyExtensionArray":
        return _pack_numpy(array.to_numpy())
    if name == "Categorical":
        codes = _pack_numpy(array.codes)
        key = fingerprint(array.categories)
        shared[key] = array.categories
        recipe = ("categorical", codes.recipe, key, bool(array.ordered)) if codes else ()
        return Packed(codes.data, recipe, exact=False) if codes else None
    if name in {"DatetimeArray", "TimedeltaArray"}:
        numbers = pa.array(array.asi8)
        unit = str(array.unit)
        zone = getattr(array, "tz", None)
        return Packed(numbers, ("ticks", name, unit, zone), exact=zone is None)
    if name in _WITH_ARROW:
        return Packed(_one_array(array.__arrow_array__()), ("pandas", array.dtype), exact=False)
    return None


_WITH_ARROW: Final = frozenset(
    ["IntegerArray", "FloatingArray", "BooleanArray", "ArrowStringArray", "ArrowExtensionArray"]
)


def _pack_numpy(array: Any) -> Packed | None:
    dtype = array.dtype
    order = (
        "F" if array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    )
    as_number = _AS_NUMBERS.get(dtype.kind, dtype.name)
    arrow = _ARROW.get(as_number)
    if arrow is None or not dtype.isnative:
        return None
    flat = np.ascontiguousarray(array.ravel(order)).view(as_number)
    data = pa.Array.from_buffers(arrow, flat.size, [None, pa.py_buffer(flat)])
    return Packed(data, ("numpy", dtype.str, array.shape, order), exact=True)


def _one_array(data: Any) -> Any:
    if isinstance(data, pa.ChunkedArray):
        data = data.chunk(0) if data.num_chunks == 1 else data.combine_chunks()
    return data


def unpack(recipe: Recipe, data: Any, fetch: Callable[[bytes], Any]) -> Any:
    """Make a column from its Arrow array.

    Parameters
    ----------
    recipe : tuple
        As :func:`pack` gave it.
    data : pyarrow.Array
        The data.
    fetch : callable
        Gives what was stored as shared.

    Returns
    -------
    array
        A numpy or pandas array, a view of the data where possible.
    """
    kind = recipe[0]
    if kind == "numpy":
        _, dtype, shape, order = recipe
        return _numbers(data).view(dtype).reshape(shape, order=order)
    if kind == "categorical":
        _, codes, key, ordered = recipe
        return pd.Categorical.from_codes(
            unpack(codes, data, fetch), categories=fetch(key), ordered=ordered, validate=False
        )
    if kind == "ticks":
        return _unpack_ticks(recipe, data)
    dtype = recipe[1]
    if isinstance(dtype, pd.ArrowDtype):
        return pd.arrays.ArrowExtensionArray(data)
    return dtype.__from_arrow__(data)


def _numbers(data: Any) -> Any:
    """Return a read-only view: an Arrow array without nulls is one buffer of numbers."""
    return data.to_numpy(zero_copy_only=True)


def _unpack_ticks(recipe: Recipe, data: Any) -> Any:
    _, name, unit, zone = recipe
    letter = "M" if name == "DatetimeArray" else "m"
    ticks = _numbers(data).view(f"{letter}8[{unit}]")
    if letter == "m":
        return pd.TimedeltaIndex(ticks, copy=False).array
    found = pd.DatetimeIndex(ticks, copy=False)
    return found.array if zone is None else found.tz_localize("UTC").tz_convert(zone).array
