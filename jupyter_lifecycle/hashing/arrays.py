"""Fingerprints of numpy's values: by dtype, shape and elements, never by layout in memory."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing.digest import combine, digest
from jupyter_lifecycle.hashing.values import SCALARS, scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from jupyter_lifecycle.hashing.walk import Handler, Steps

_PLAIN = frozenset("biufcmMSUV")
"""Kinds of dtype whose bytes are the value."""


def leaf(value: Any) -> bytes | None:
    """Return the fingerprint of a plain array, or of one of numpy's scalars; None for others."""
    kind = type(value)
    if kind is np.ndarray or kind is np.memmap:
        if value.dtype.kind in _PLAIN and value.dtype.fields is None:
            return combine("ndarray", dtype_name(value.dtype), scalar(value.shape), buffer(value))
        return None
    if isinstance(value, np.generic) and not isinstance(value, np.void):
        return combine("numpy", dtype_name(value.dtype), buffer(np.asarray(value)))
    if isinstance(value, np.dtype):
        return combine("dtype", dtype_name(value))
    return None


@cache
def dtype_name(dtype: np.dtype[Any]) -> bytes:
    """Return a dtype with byte order, unit, fields and offsets; equal for equal dtypes."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return b"%s%s" % (dtype_name(base), repr(shape).encode())
    if dtype.fields is None:
        return (repr(dtype) if dtype.kind == "T" else dtype.str).encode()
    fields = [(name, dtype_name(f[0]), f[1]) for name, f in dtype.fields.items()]
    return repr((dtype.names, fields, dtype.itemsize)).encode()


def buffer(array: NDArray[Any]) -> bytes:
    """Return the digest of an array's elements in C order.

    Parameters
    ----------
    array : ndarray
        Any shape and layout, of a dtype whose bytes are its value.

    Returns
    -------
    bytes
        16 bytes.
    """
    if not array.flags.c_contiguous:
        array = np.ascontiguousarray(array)
    flat = array.reshape(-1)
    if flat.dtype.char in "gG" and np.finfo(flat.dtype).nmant == 63:
        # x87 extended precision: 10 bytes of value, the rest is whatever was in memory
        parts = flat.view(np.uint8).reshape(-1, np.dtype(np.longdouble).itemsize)
        flat = np.ascontiguousarray(parts[:, :10]).reshape(-1)
    return digest(flat.view(np.uint8)) if flat.size and flat.itemsize else digest(b"")


def elements(values: list[Any]) -> Steps:
    """Return the digest of a list of any objects, at once where they're all plain."""
    if SCALARS.issuperset(map(type, values)):
        return scalar(values)
    parts = []
    for position, item in enumerate(values):
        found = yield ("item", position), item
        parts.append(found)
    return combine("elements", *parts)


def _array(value: NDArray[Any]) -> Steps:
    kind = yield ("attribute", "__class__"), type(value)
    head = combine("array", kind, dtype_name(value.dtype), scalar(value.shape))
    parts = [head]
    if isinstance(value, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(value)
        parts.append(buffer(mask))
        found = yield ("attribute", "fill_value"), value.fill_value
        parts.append(found)
        data = np.asarray(value.data)
        found = yield ("attribute", "data"), np.where(mask, np.zeros((), data.dtype), data)
        parts.append(found)
        return combine("masked", *parts)
    plain = value.view(np.ndarray)
    if plain.dtype.fields is not None and not _is_packed(plain.dtype):
        for name in plain.dtype.names or ():
            found = yield ("item", name), plain[name]
            parts.append(found)
    elif plain.dtype.kind in _PLAIN:
        parts.append(buffer(plain))
    else:
        found = yield from elements(plain.astype(object).ravel().tolist())
        parts.append(found)
    if type(value) not in {np.ndarray, np.memmap} and getattr(value, "__dict__", None):
        found = yield ("attribute", "__dict__"), dict(vars(value))
        parts.append(found)
    return combine("array", *parts)


@cache
def _is_packed(dtype: np.dtype[Any]) -> bool:
    """Tell whether each byte of a record is a byte of one of its plain fields."""
    kinds = [field[0] for field in (dtype.fields or {}).values()]
    plain = all(kind.kind in "biufmM" and kind.char not in "gG" for kind in kinds)
    return plain and sum(kind.itemsize for kind in kinds) == dtype.itemsize


def _void(value: np.void) -> Steps:
    if value.dtype.fields is None:
        yield from ()
        return combine("numpy", dtype_name(value.dtype), value.tobytes())
    return combine("numpy.void", (yield ("attribute", "item()"), np.asarray(value)))


def _generator(value: Any) -> Steps:
    kind = yield ("attribute", "bit_generator"), type(value.bit_generator)
    state = yield ("attribute", "state"), value.bit_generator.state
    return combine("numpy.random.Generator", kind, state)


def _random_state(value: Any) -> Steps:
    return combine(
        "numpy.random.RandomState", (yield ("attribute", "state"), value.get_state(legacy=False))
    )


def _ufunc(value: np.ufunc) -> Steps:
    """Digest a function of numpy's or scipy's by its name; those made at run time share theirs."""
    for module in ("numpy", "scipy.special"):
        if getattr(sys.modules.get(module), value.__name__, None) is value:
            owner = yield ("attribute", "__module__"), sys.modules[module]
            return combine("ufunc", owner, value.__name__.encode())
    raise FingerprintError(
        f"a ufunc that was made at run time ({value.__name__}) can't be seen into"
    )


def handler_of(value: Any) -> Handler | None:
    """Return the handler for one of numpy's values that has parts, else None."""
    if isinstance(value, np.ndarray):
        return _array
    if isinstance(value, np.void):
        return _void
    if isinstance(value, np.random.Generator):
        return _generator
    if isinstance(value, np.random.RandomState):
        return _random_state
    return _ufunc if isinstance(value, np.ufunc) else None
