"""The reading half of a cache: from memory, from disk, and from the remote address."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cache import records
from jupyter_lifecycle.cache.entries import Entry, Held, own
from jupyter_lifecycle.cache.keeping import Keeping, shared_key
from jupyter_lifecycle.cache.memory import Memory
from jupyter_lifecycle.cache.records import Row
from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.hashing import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lifecycle.cache.remote import Remote


class Reading(Keeping, ABC):
    """Finds values by key and reads them; what can't be read is forgotten.

    Parameters
    ----------
    path : Path, optional
        The folder; None keeps all in memory.
    memory_bytes : int
        What may be held in memory, bytes.
    """

    def __init__(self, path: Path | None, memory_bytes: int) -> None:
        super().__init__()
        self.path = path
        self._memory = Memory(memory_bytes)
        self._remote: Remote | None = None
        self._hits = self._misses = self._losses = 0

    @abstractmethod
    def _keep(self, row: Row, value: Any, *, push: bool = False) -> bytes:
        """Keep a value; return its packed row."""

    @abstractmethod
    def _flush(self, *, batched: bool) -> None:
        """Write the rows that wait."""

    def lookup(self, key: bytes) -> Entry | None:
        """Find what is stored under a key; costs microseconds and reads nothing.

        Parameters
        ----------
        key : bytes
            16 bytes.

        Returns
        -------
        Entry or None
            None where nothing usable is there.
        """
        with self._lock:
            packed = self._find(key)
            if packed is None:
                self._misses += 1
                return None
            self._hits += 1
            return Entry(key, packed, self._load)

    def _find(self, key: bytes) -> bytes | None:
        packed = self._rows.get(key)
        if packed is not None:
            if records.output_of(packed) in self._memory:
                return packed
            del self._rows[key]  # it has left memory, and was never on disk
            self._losses += 1
            packed = None
        if self._shelf is not None:
            try:
                packed = self._shelf.find(key, batched=self._batches > 0)
            except OSError as error:
                self._stop_writing(error, "used")
        if packed is None and self._remote is not None:
            packed = self._remote.find(key)
            self._say_remote_trouble()
        return packed

    def _load(self, key: bytes, packed: bytes) -> Any:
        found = self._value(packed)
        if found is not None:
            return found[0]
        self._forget(key, packed)
        raise CacheError(
            f"The cached value {key.hex()} is gone or damaged; it was forgotten. Compute it again.",
            key=key.hex(),
        )

    def _forget(self, key: bytes, packed: bytes) -> None:
        with self._lock:
            self._losses += 1
            self._rows.pop(key, None)
            self._memory.drop(records.output_of(packed))
            if self._shelf is not None:
                self._shelf.index.drop(key)

    def _value(self, packed: bytes) -> tuple[Any] | None:
        """Return the value in a tuple, so that None is a value too."""
        from jupyter_lifecycle.cache import codec

        output = records.output_of(packed)
        held = self._memory.get(output)
        if held is not None:
            return self._from_memory(held, output)
        row = records.unpack(packed)
        data = row.inline or (self._shelf.read(row) if self._shelf is not None else None)
        if data is None:
            return self._fetched(row)
        try:
            value = codec.decode(data, self._shared, row.recipe)
        except Exception:  # noqa: BLE001 - unpickling runs any code; what fails is computed again
            return None
        if codec.is_shareable(data, row.recipe):
            size = row.place.size if row.place is not None else len(row.inline)
            self._memory.put(output, Held(value, None), size)
            return (own(value),)
        return (value,)

    def _fetched(self, row: Row) -> tuple[Any] | None:
        """Read a value from the remote address, and keep it here."""
        from jupyter_lifecycle.cache import codec

        if self._remote is None:
            return None
        data = self._remote.fetch(row)
        self._say_remote_trouble()
        if data is None:
            return None
        try:
            value = codec.decode(data, self._shared, row.recipe)
            if fingerprint(value) != row.output:
                return None
        except Exception:  # noqa: BLE001 - unpickling runs any code; what fails is computed again
            return None
        with self._lock:
            self._keep(Row(row.key, row.content, row.output, None, row.meta), value)
            self._flush(batched=self._batches > 0)
        return (value,)

    def _say_remote_trouble(self) -> None:
        if self._remote is not None and self._remote.trouble:
            trouble = f"The remote column cache {self._remote.url} is not used any more"
            why = self._remote.trouble
            self._remote = None
            warnings.warn(
                f"{trouble} ({why}). Work goes on without it.", RuntimeWarning, stacklevel=3
            )

    def _from_memory(self, held: Held, output: bytes) -> tuple[Any] | None:
        from jupyter_lifecycle.cache import codec

        if held.data is not None:
            try:
                return (codec.decode(held.data, self._shared),)
            except Exception:  # noqa: BLE001 - unpickling runs any code; what fails is computed again
                return None
        if held.live:
            # it's the caller's own object, and may have been changed meanwhile
            return (held.value,) if fingerprint(held.value) == output else None
        return (own(held.value),)

    def _shared(self, output: bytes) -> Any:
        key = shared_key(output)
        with self._lock:
            packed = self._find(key)
        found = None if packed is None else self._value(packed)
        if found is None:
            raise CacheError(f"The part {output.hex()} that cached columns share is gone.")
        return found[0]

    def _stop_writing(self, error: OSError, verb: str = "written") -> None:
        if self._trouble:
            return
        self._trouble = f"{error.strerror or error}"
        warnings.warn(
            f"The column cache in {self.path} can't be {verb} ({self._trouble}). "
            "Work goes on with the cache in memory alone.",
            RuntimeWarning,
            stacklevel=2,
        )
