"""What the cache knows of a column without reading it."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["series", "index", "frame", "array", "object", "shared"]

KINDS: Final[tuple[Kind, ...]] = ("series", "index", "frame", "array", "object", "shared")
"""``shared`` is what several columns have in common: an index, a column's categories."""

_FIXED: Final = Struct("<16s16s16sQqqQddBHH")
_UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class ColumnMeta:
    """What is known of a value without reading it."""

    kind: Kind
    dtype: str
    """Of a column; the class of another object."""
    rows: int | None
    nulls: int | None
    bytes: int
    """In memory, about."""
    seconds: float
    """What it took to compute."""
    created: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the index: under this key, this value is in that object."""

    key: bytes
    output: bytes
    """The value's fingerprint."""
    stored: bytes
    """The digest of the object's bytes, which is its name; empty where the value is inline."""
    size: int
    """Of the object, bytes."""
    meta: ColumnMeta
    inline: bytes
    """The pickled value itself, where it is small."""

    def pack(self) -> bytes:
        """As bytes, for the index."""
        meta = self.meta
        dtype = meta.dtype.encode()[:1000]
        return (
            _FIXED.pack(
                self.key,
                self.output,
                self.stored or bytes(16),
                self.size,
                _UNKNOWN if meta.rows is None else meta.rows,
                _UNKNOWN if meta.nulls is None else meta.nulls,
                meta.bytes,
                meta.seconds,
                meta.created,
                KINDS.index(meta.kind),
                len(dtype),
                len(self.inline),
            )
            + dtype
            + self.inline
        )


def is_row(packed: bytes) -> bool:
    """Tell whether bytes have a row's form; a later version's may not."""
    if len(packed) < _FIXED.size:
        return False
    *_, kind, names, inline = _FIXED.unpack_from(packed)
    return bool(kind < len(KINDS) and len(packed) == _FIXED.size + names + inline)


def key_of(packed: bytes) -> bytes:
    """Return the key in a packed row, without unpacking it."""
    return packed[:16]


def stored_of(packed: bytes) -> bytes:
    """Return the name of the object in a packed row, empty where the value is inline."""
    found = packed[32:48]
    return found if any(found) else b""


def size_of(packed: bytes) -> int:
    """Return the size of the object in a packed row, bytes."""
    return int.from_bytes(packed[48:56], "little")


def same_value(one: bytes, other: bytes) -> bool:
    """Tell whether two packed rows lead to the same object."""
    return one[16:48] == other[16:48]


def output_of(packed: bytes) -> bytes:
    """Return the value's fingerprint in a packed row."""
    return packed[16:32]


def unpack(packed: bytes) -> Row:
    """Return a row from the index's bytes.

    Parameters
    ----------
    packed : bytes
        As :meth:`Row.pack` gave them.

    Returns
    -------
    Row
        The same row.
    """
    key, output, _, size, rows, nulls, held, seconds, created, kind, names, _ = _FIXED.unpack_from(
        packed
    )
    meta = ColumnMeta(
        KINDS[kind],
        packed[_FIXED.size : _FIXED.size + names].decode(),
        None if rows == _UNKNOWN else rows,
        None if nulls == _UNKNOWN else nulls,
        held,
        seconds,
        created,
    )
    return Row(key, output, stored_of(packed), size, meta, packed[_FIXED.size + names :])
