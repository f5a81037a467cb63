"""Fingerprints of plain values: numbers, text, containers, dates, paths, objects by their state.

What a program can tell apart has different fingerprints, even where ``==`` says that it's equal:
``1``, ``1.0`` and ``True``; a list and a tuple; the order of a dict. What it can't tell apart has
the same: the order of a set, the layout of an array in memory.
"""

from __future__ import annotations

import marshal
import sys
from collections import OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path, PurePath
from types import CodeType, MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing.digest import combine, digest

if TYPE_CHECKING:
    from jupyter_lifecycle.hashing.walk import Handler, Steps


SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes, type(Ellipsis)})
"""What marshal writes exactly, tagged by type and without references between parts."""

_REPRESENTED = frozenset({timedelta, date, Decimal, Fraction, UUID, range, timezone})


def scalar(value: Any) -> bytes:
    """Return the fingerprint of one value of :data:`SCALARS`, or of a flat list or tuple of them.

    Version 2 of the format is asked for: it is the last one without references, which depend on
    what else holds the object.
    """
    return digest(b"plain" + marshal.dumps(value, 2))


def leaf(value: Any) -> bytes | None:
    """Return the fingerprint of a value that has no parts to walk, else None."""
    kind = type(value)
    if kind in SCALARS:
        return scalar(value)
    if kind is list or kind is tuple:
        return scalar(value) if SCALARS.issuperset(map(type, value)) else None
    if kind is bytearray:
        return combine("bytearray", bytes(value))
    if kind in _REPRESENTED:
        return combine("literal", kind.__qualname__.encode(), repr(value).encode())
    return None


def _sequence(value: Any) -> Steps:
    parts = []
    for position, item in enumerate(value):
        found = yield ("item", position), item
        parts.append(found)
    return combine(type(value).__name__, *parts)


def _mapping(value: Any) -> Steps:
    parts = []
    for key, item in value.items():
        found = yield ("item", key), key
        parts.append(found)
        found = yield ("item", key), item
        parts.append(found)
    return combine(type(value).__name__, *parts)


def _set(value: Any) -> Steps:
    parts = []
    for item in value:
        found = yield ("item", item), item
        parts.append(found)
    return combine(type(value).__name__, *sorted(parts))


def _default_dict(value: Any) -> Steps:
    factory = yield ("attribute", "default_factory"), value.default_factory
    return combine("defaultdict", factory, (yield from _mapping(value)))


def _deque(value: Any) -> Steps:
    return combine("deque", scalar(value.maxlen), (yield from _sequence(value)))


def _datetime(value: Any) -> Steps:
    """Dates and times with their zone: ``repr`` leaves out what a zone object is."""
    zone = yield ("attribute", "tzinfo"), value.tzinfo
    bare = repr(value.replace(tzinfo=None)).encode()
    return combine(type(value).__qualname__, bare, scalar(value.fold), zone)


def _zone(value: Any) -> Steps:
    if value.key is None:
        raise FingerprintError("a time zone that was read from a file has no name to know it by")
    yield from ()
    return combine("ZoneInfo", value.key.encode())


def _memory(value: Any) -> Steps:
    yield from ()
    shape = scalar(tuple(value.shape))
    return combine("memoryview", value.format.encode(), shape, digest(value.tobytes()))


def _path(value: Any) -> Steps:
    from jupyter_lifecycle.hashing.files import file_digest

    yield from ()
    name = str(value).encode("utf-8", "surrogateescape")
    content = file_digest(value) if isinstance(value, Path) else b""
    return combine("path", type(value).__qualname__.encode(), name, content)


def _code(value: Any) -> Steps:
    from jupyter_lifecycle.hashing.bytecode import inspect_code

    yield from ()
    return combine("code", inspect_code(value).digest)


def _enum(value: Any) -> Steps:
    kind = yield ("attribute", "__class__"), type(value)
    return combine(
        "enum", kind, str(value.name).encode(), (yield ("attribute", "value"), value.value)
    )


def _set_subclass(value: Any) -> Steps:
    """Pickle would write the elements in an order that changes from process to process."""
    kind = yield ("attribute", "__class__"), type(value)
    state = yield ("attribute", "__dict__"), dict(getattr(value, "__dict__", {}))
    return combine("extended", kind, state, (yield from _set(value)))


def _object(value: Any) -> Steps:
    """Any other object, by what pickle would write of it."""
    kind = yield ("attribute", "__class__"), type(value)
    reduced = _reduce(value)
    if isinstance(reduced, str):
        module = getattr(value, "__module__", None) or type(value).__module__
        found: Any = sys.modules.get(str(module))
        for name in reduced.split("."):
            found = getattr(found, name, None)
        if found is not value:
            raise FingerprintError(f"it's said to be {module}.{reduced}, which is something else")
        return combine("global", kind, f"{module}.{reduced}".encode())
    parts = [kind]
    maker, arguments, *rest = reduced
    found = yield ("attribute", "__reduce__"), maker
    parts.append(found)
    found = yield ("attribute", "__reduce__"), arguments
    parts.append(found)
    state = rest[0] if rest else None
    found = yield from _state(state)
    parts.append(found)
    for extra in rest[1:3]:
        found = yield ("attribute", "__reduce__"), None if extra is None else list(extra)
        parts.append(found)
    return combine("object", *parts)


def _state(state: Any) -> Steps:
    parts = [b"2" if isinstance(state, tuple) else b"1"]
    pieces = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    for piece in pieces:
        if type(piece) is dict:
            # attributes are a namespace: the order in which they were set says nothing
            for name, item in sorted(piece.items(), key=lambda pair: str(pair[0])):
                found = yield ("attribute", name), name
                parts.append(found)
                found = yield ("attribute", name), item
                parts.append(found)
            parts.append(b"")
        else:
            found = yield ("attribute", "__getstate__()"), piece
            parts.append(found)
    return combine("state", *parts)


def _reduce(value: Any) -> Any:
    kind = type(value)
    try:
        import copyreg

        maker = copyreg.dispatch_table.get(kind)
        return maker(value) if maker is not None else value.__reduce_ex__(4)
    except Exception as error:
        name = f"{kind.__module__}.{kind.__qualname__}"
        raise FingerprintError(
            f"a {name} has no state to know it by ({type(error).__name__}: {error})"
        ) from error


HANDLERS: dict[type, Handler] = {
    list: _sequence,
    tuple: _sequence,
    dict: _mapping,
    set: _set,
    frozenset: _set,
    deque: _deque,
    OrderedDict: _mapping,
    MappingProxyType: _mapping,
    defaultdict: _default_dict,
    datetime: _datetime,
    time: _datetime,
    ZoneInfo: _zone,
    memoryview: _memory,
    CodeType: _code,
}
"""Handlers by exact type."""


def handler_of(value: Any) -> Handler:
    """Return the handler for a value whose exact type has none."""
    if isinstance(value, PurePath):
        return _path
    if isinstance(value, Enum):
        return _enum
    if isinstance(value, (set, frozenset)):
        return _set_subclass
    return _object
