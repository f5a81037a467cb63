"""What the cache knows of a column without reading it.

Named tuples, as some are made for each column: a frozen dataclass takes four times as long.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["series", "index", "frame", "array", "object", "shared", "opening"]

KINDS: Final[tuple[Kind, ...]] = (
    *("series", "index", "frame", "array", "object", "shared", "opening"),
)
"""``shared`` is what several columns have in common: an index, a column's categories; ``opening``
what a call opened besides its arguments, in the place of the column."""

_VERSION: Final = 2
_FIXED: Final = Struct("<B16s16s16s16s16sQQqqQddBBHHI")
_NOTHING: Final = bytes(16)
_UNKNOWN: Final = -1
_OWN, _EXECUTES = 1, 2
_OPENING: Final = KINDS.index("opening")


class ColumnMeta(NamedTuple):
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


class Place(NamedTuple):
    """Where an object's bytes are."""

    file: bytes
    """16 bytes: the name of a pack, or of a file of its own."""
    offset: int
    size: int
    digest: bytes
    """Of its bytes; what doesn't have it is not served."""
    own: bool = False
    """Whether the file holds this object alone."""


class Row(NamedTuple):
    """One line of the index: under this key, this value is in that place."""

    key: bytes
    content: bytes
    """The key by the content of the parents, which leads to the same value; empty where none."""
    output: bytes
    """The value's fingerprint."""
    place: Place | None
    """None where the value is inline, or in this process's memory alone."""
    meta: ColumnMeta
    recipe: bytes = b""
    """How to make a value from the bytes without reading any code from them; empty where that
    can't be said, and the bytes say it themselves."""
    inline: bytes = b""
    """The pickled value itself, where it is small."""
    executes: bool = True
    """Whether reading the bytes runs code that they name: a pickle."""

    def pack(self) -> bytes:
        """As bytes, for the index."""
        meta, place = self.meta, self.place
        dtype = meta.dtype.encode()[:1000]
        flags = (_OWN if place is not None and place.own else 0) | self.executes * _EXECUTES
        fixed = _FIXED.pack(
            _VERSION,
            self.key,
            self.content or _NOTHING,
            self.output,
            _NOTHING if place is None else place.file,
            _NOTHING if place is None else place.digest,
            0 if place is None else place.offset,
            0 if place is None else place.size,
            _UNKNOWN if meta.rows is None else meta.rows,
            _UNKNOWN if meta.nulls is None else meta.nulls,
            meta.bytes,
            meta.seconds,
            meta.created,
            KINDS.index(meta.kind),
            flags,
            len(dtype),
            len(self.recipe),
            len(self.inline),
        )
        return b"".join((fixed, dtype, self.recipe, self.inline))


def is_row(packed: bytes) -> bool:
    """Tell whether bytes have a row's form; those of another version may not."""
    if len(packed) < _FIXED.size or packed[0] != _VERSION:
        return False
    *_, kind, _, names, recipe, inline = _FIXED.unpack_from(packed)
    whole = _FIXED.size + names + recipe + inline
    return bool(kind < len(KINDS) and len(packed) == whole)


def key_of(packed: bytes) -> bytes:
    """Return the key in a packed row, without unpacking it."""
    return packed[1:17]


def content_of(packed: bytes) -> bytes:
    """Return the key by content in a packed row, empty where it has none."""
    found = packed[17:33]
    return b"" if found == _NOTHING else found


def is_opening(packed: bytes) -> bool:
    """Tell whether a packed row holds no column, but what has to be looked at to find it."""
    return packed[_FLAGS - 1] == _OPENING


def output_of(packed: bytes) -> bytes:
    """Return the value's fingerprint in a packed row."""
    return packed[33:49]


def file_of(packed: bytes) -> bytes:
    """Return the name of the file in a packed row, empty where the value is in none."""
    found = packed[49:65]
    return b"" if found == _NOTHING else found


def place_of(packed: bytes) -> Place | None:
    """Return where the value of a packed row is."""
    if packed[49:65] == _NOTHING:
        return None
    offset, size = _EXTENT.unpack_from(packed, 81)
    return Place(packed[49:65], offset, size, packed[65:81], bool(packed[_FLAGS] & _OWN))


_EXTENT: Final = Struct("<QQ")
_FLAGS: Final = Struct("<B16s16s16s16s16sQQqqQddB").size


def size_of(packed: bytes) -> int:
    """Return the size of the object in a packed row, bytes; 0 for what is no row."""
    return _EXTENT.unpack_from(packed, 81)[1] if len(packed) >= _FIXED.size else 0


def moved(packed: bytes, key: bytes) -> bytes:
    """Return a packed row that leads to the same place from another key, and from that alone."""
    return packed[:1] + key + _NOTHING + packed[33:]


def same_value(one: bytes, other: bytes) -> bool:
    """Tell whether two packed rows lead to the same object."""
    return one[33:97] == other[33:97]


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
    fixed = _FIXED.unpack_from(packed)
    _, key, content, output = fixed[:4]
    rows, nulls, held, seconds, created, kind, flags, names, recipe, _ = fixed[8:]
    at = _FIXED.size
    dtype = packed[at : at + names].decode()
    at += names
    return Row(
        key,
        b"" if content == _NOTHING else content,
        output,
        place_of(packed),
        ColumnMeta(
            KINDS[kind],
            dtype,
            None if rows == _UNKNOWN else rows,
            None if nulls == _UNKNOWN else nulls,
            held,
            seconds,
            created,
        ),
        packed[at : at + recipe],
        packed[at + recipe :],
        bool(flags & _EXECUTES),
    )
