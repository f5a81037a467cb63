"""What the cache gives and holds: entries, its status, and values that nobody can change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cache import records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_lifecycle.cache.records import ColumnMeta


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """What a cache holds."""

    path: Path | None
    columns: int
    """Keys that are known, in memory or on disk."""
    memory_bytes: int
    disk_bytes: int
    memory_limit: int
    disk_limit: int
    hits: int
    """Look-ups in this process that found something."""
    misses: int
    trouble: str
    """Why nothing is written to disk any more; empty where all is well."""
    pinned: tuple[str, ...] = ()
    """Labels of what never leaves."""
    saved_seconds: float = 0.0
    """What it took to compute what this process did not compute again, s."""


class Entry:
    """A cached value that was found, not yet read.

    Parameters
    ----------
    key : bytes
        16 bytes.
    packed : bytes
        Its row in the index.
    load : callable
        Reads the value.
    meta : ColumnMeta, optional
        What the row says of the value, where it's known already.
    """

    __slots__ = ("_load", "_meta", "key", "output", "packed")

    def __init__(
        self,
        key: bytes,
        packed: bytes,
        load: Callable[[bytes, bytes], Any],
        meta: ColumnMeta | None = None,
    ) -> None:
        self._load = load
        self._meta = meta
        self.packed = packed
        self.key = key
        self.output = records.output_of(packed)
        """The value's fingerprint."""

    @property
    def is_opening(self) -> bool:
        """Whether it is an :class:`Opening`: the column has a key that counts what was opened."""
        return records.is_opening(self.packed)

    @property
    def meta(self) -> ColumnMeta:
        """What is known of the value without reading it."""
        if self._meta is None:
            self._meta = records.unpack(self.packed).meta
        return self._meta

    def load(self) -> Any:
        """Read the value.

        Returns
        -------
        object
            Equal to what was stored, to the bit. Its arrays are read-only views of the file.

        Raises
        ------
        CacheError
            Where it's gone or damaged; it's forgotten then, and must be computed again.
        """
        return self._load(self.key, self.packed)

    def __repr__(self) -> str:
        meta = self.meta
        return f"<Entry {self.key.hex()[:8]} {meta.kind} {meta.dtype}>"


class Held:
    """What the memory tier holds: a value that nobody can change, its bytes, or the live object."""

    __slots__ = ("data", "live", "value")

    def __init__(self, value: Any, data: Any, *, live: bool = False) -> None:
        self.value = value
        self.data = data
        self.live = live


def own(value: Any) -> Any:
    """Return a value over the same read-only data whose name and attributes are the caller's.

    Parameters
    ----------
    value : object
        A series, frame, index or array whose data is read-only.

    Returns
    -------
    object
        Another of the same data.
    """
    copy = getattr(value, "copy", None)
    if hasattr(value, "iloc") and copy is not None:
        return copy(deep=False)
    return value.view() if hasattr(value, "view") else value
