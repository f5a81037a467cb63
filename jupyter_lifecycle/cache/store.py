"""The column cache: values by key, in memory and on disk."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.cache import records
from jupyter_lifecycle.cache.disk import Disk
from jupyter_lifecycle.cache.entries import CacheStatus, Entry, Held, own
from jupyter_lifecycle.cache.index import Index
from jupyter_lifecycle.cache.memory import Memory
from jupyter_lifecycle.cache.reasons import Reasons
from jupyter_lifecycle.cache.records import ColumnMeta, Row
from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.hashing import combine, fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.cache.codec import Encoded

MEBIBYTE: Final = 1 << 20
GIBIBYTE: Final = 1 << 30
_FORMAT: Final = "v1"
_KEEP: Final = 0.9
"""Share of the budget that is left after an eviction, so that not every store evicts."""
_MANY: Final = 10_000
"""Rows from which on it's worth to leave out those that were replaced."""


class ColumnCache:
    """Values by key: what was computed once is read, not computed again.

    Several processes may share one folder. Whatever happens to the folder, nothing wrong is served:
    a value whose bytes aren't what was written is gone, and computed again. Where the disk can't be
    written, work goes on in memory with one warning.

    Parameters
    ----------
    path : path-like, optional
        The folder, made at the first write; None keeps all in memory.
    memory_bytes : int
        What may be held in memory, bytes.
    disk_bytes : int
        What may be held on disk, bytes; the least recently used values leave first.

    Examples
    --------
    >>> cache = ColumnCache()
    >>> entry = cache.store(b"a key of 16 byte", [1, 2], seconds=0.5)
    >>> cache.lookup(b"a key of 16 byte").load()
    [1, 2]
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        memory_bytes: int = 512 * MEBIBYTE,
        disk_bytes: int = 10 * GIBIBYTE,
    ) -> None:
        self.path = None if path is None else Path(path).expanduser()
        self._memory = Memory(memory_bytes)
        self._memory_limit = memory_bytes
        self._disk_limit = disk_bytes
        self._lock = RLock()
        self._rows: dict[bytes, bytes] = {}
        self._seen: set[bytes] = set()
        self._trouble = ""
        self._hits = self._misses = 0
        self._used: int | None = None
        root = None if self.path is None else self.path / _FORMAT
        self._root = root
        self._disk = None if root is None else Disk(root / "objects")
        self._index = None if root is None else Index(root / "index")
        self._reasons = Reasons(None if root is None else root / "why")
        if self._index is not None:
            self._index.refresh()

    # ---- reading

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
        if self._index is None:
            return None
        packed = self._index.rows.get(key)
        if packed is None and self._index.refresh():
            packed = self._index.rows.get(key)
        if packed is None or self._is_there(packed):
            return packed
        self._index.drop(key)
        return None

    def _is_there(self, packed: bytes) -> bool:
        stored = records.stored_of(packed)
        if not stored or stored in self._seen:
            return True
        assert self._disk is not None
        if not self._disk.has(stored, records.size_of(packed)):
            return False
        self._seen.add(stored)
        return True

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
            self._seen.discard(records.stored_of(packed))
            self._rows.pop(key, None)
            self._memory.drop(records.output_of(packed))
            if self._index is not None:
                self._index.drop(key)

    def _value(self, packed: bytes) -> tuple[Any] | None:
        """Return the value in a tuple, so that None is a value too."""
        from jupyter_lifecycle.cache import codec

        output = records.output_of(packed)
        held = self._memory.get(output)
        if held is not None:
            return self._from_memory(held, output)
        row = records.unpack(packed)
        data = row.inline or (self._disk.read(row.stored) if self._disk is not None else None)
        if data is None:
            return None
        try:
            value = codec.decode(data, self._shared)
        except Exception:  # noqa: BLE001 - unpickling runs any code; what fails is computed again
            return None
        if codec.is_shareable(data):
            self._memory.put(output, Held(value, None), row.size)
            return (own(value),)
        return (value,)

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
        key = _shared_key(output)
        with self._lock:
            packed = self._find(key)
        found = None if packed is None else self._value(packed)
        if found is None:
            raise CacheError(f"The part {output.hex()} that cached columns share is gone.")
        return found[0]

    # ---- writing

    def store(
        self, key: bytes, value: Any, *, seconds: float, why: Mapping[str, Any] | None = None
    ) -> Entry:
        """Keep a value under a key.

        Parameters
        ----------
        key : bytes
            16 bytes.
        value : object
            Anything that has a fingerprint. Later changes to it don't reach the cache.
        seconds : float
            What it took to compute, s.
        why : Mapping, optional
            JSON-ready facts about how the key came to be, for :meth:`explain`.

        Returns
        -------
        Entry
            As :meth:`lookup` finds it from now on.

        Raises
        ------
        FingerprintError
            Where the value can't be fingerprinted.
        """
        from jupyter_lifecycle.cache.describe import describe

        output = fingerprint(value)
        about = describe(value)
        meta = ColumnMeta(
            about.kind, about.dtype, about.rows, about.nulls, about.bytes, seconds, time.time()
        )
        if why is not None:
            self._explain(key, why)
        return Entry(key, self._keep(key, value, output, meta), self._load)

    def _keep(self, key: bytes, value: Any, output: bytes, meta: ColumnMeta) -> bytes:
        from jupyter_lifecycle.cache import codec

        same = self._same(output)
        if same is not None:
            return self._add(Row(key, output, same.stored, same.size, meta, same.inline))
        encoded = codec.encode(value, output)
        if encoded is None:
            self._memory.put(output, Held(value, None, live=True), meta.bytes)
            return self._add(Row(key, output, b"", 0, meta, b""), on_disk=False)
        for shared, part in encoded.shared.items():
            self._keep_shared(shared, part)
        return self._put(key, output, meta, encoded)

    def _put(self, key: bytes, output: bytes, meta: ColumnMeta, encoded: Encoded) -> bytes:
        size = len(memoryview(encoded.data).cast("B"))
        if encoded.inline:
            row = Row(key, output, b"", 0, meta, bytes(encoded.data))
            if self._writes():
                return self._add(row)
            self._memory.put(output, Held(None, encoded.data), size)
            return self._add(row, on_disk=False)
        stored = self._write(encoded.data)
        if stored is not None:
            return self._add(Row(key, output, stored, size, meta, b""))
        self._memory.put(output, self._held(encoded), size)
        return self._add(Row(key, output, b"", size, meta, b""), on_disk=False)

    def _held(self, encoded: Encoded) -> Held:
        """Columns as views of their own bytes, which nobody else holds; objects as bytes."""
        from jupyter_lifecycle.cache import codec

        if not codec.is_shareable(encoded.data):
            return Held(None, encoded.data)
        return Held(codec.decode(encoded.data, encoded.shared.__getitem__), None)

    def _same(self, output: bytes) -> Row | None:
        """Return a row that has the same value already, on disk."""
        with self._lock:
            if self._index is None or not self._writes():
                return None
            packed = self._index.outputs.get(output)
            return records.unpack(packed) if packed and self._is_there(packed) else None

    def _keep_shared(self, output: bytes, value: Any) -> None:
        key = _shared_key(output)
        with self._lock:
            if self._find(key) is not None:
                return
        meta = ColumnMeta("shared", str(getattr(value, "dtype", "")), len(value), None, 0, 0.0, 0.0)
        self._keep(key, value, output, meta)

    def _writes(self) -> bool:
        return self._disk is not None and not self._trouble

    def _write(self, data: Any) -> bytes | None:
        """Return the object's name, None where the disk doesn't take it."""
        if not self._writes():
            return None
        assert self._disk is not None
        try:
            stored = self._disk.write(data)
        except OSError as error:
            self._stop_writing(error)
            return None
        with self._lock:
            self._seen.add(stored)
            if self._used is not None:
                self._used += len(memoryview(data).cast("B"))
        return stored

    def _stop_writing(self, error: OSError) -> None:
        with self._lock:
            if self._trouble:
                return
            self._trouble = f"{error.strerror or error}"
        warnings.warn(
            f"The column cache in {self.path} can't be written ({self._trouble}). "
            "Work goes on with the cache in memory alone.",
            RuntimeWarning,
            stacklevel=2,
        )

    def _add(self, row: Row, *, on_disk: bool = True) -> bytes:
        with self._lock:
            if on_disk and self._index is not None and self._writes():
                try:
                    packed = self._index.append(row)
                    self._evict()
                except OSError as error:
                    self._stop_writing(error)
                    return row.pack()
                self._rows.pop(row.key, None)
                return packed
            packed = self._rows[row.key] = row.pack()
            return packed

    def alias(self, key: bytes, entry: Entry) -> Entry:
        """Let another key lead to a value that is stored already.

        Parameters
        ----------
        key : bytes
            16 bytes.
        entry : Entry
            What it leads to, of this cache.

        Returns
        -------
        Entry
            As :meth:`lookup` finds it from now on.
        """
        with self._lock:
            known = self._rows.get(key) or (self._index and self._index.rows.get(key))
            if known and records.same_value(known, entry.packed):
                return Entry(key, known, self._load)
        row = records.unpack(entry.packed)
        on_disk = bool(row.stored or row.inline) and self._writes()
        moved = Row(key, row.output, row.stored, row.size, row.meta, row.inline)
        return Entry(key, self._add(moved, on_disk=on_disk), self._load)

    # ---- keeping house

    def _evict(self) -> None:
        assert self._disk is not None
        assert self._index is not None
        if self._used is None:
            sizes = {records.stored_of(p): records.size_of(p) for p in self._index.rows.values()}
            self._used = sum(sizes.values())
            if self._index.length > _MANY and self._index.length > 4 * len(self._index.rows):
                self._rewrite()
        if self._used <= self._disk_limit:
            return
        objects = self._disk.objects()
        total = sum(size for _, size, _ in objects)
        for _, size, name in objects:
            if total <= self._disk_limit * _KEEP:
                break
            self._disk.remove(name)
            self._seen.discard(name)
            total -= size
        self._used = total
        self._index.refresh()
        left = {name for _, _, name in self._disk.objects()}
        for key, packed in list(self._index.rows.items()):
            if (stored := records.stored_of(packed)) and stored not in left:
                self._index.drop(key)
        self._rewrite()

    def _rewrite(self) -> None:
        assert self._disk is not None
        assert self._index is not None
        self._disk.make()
        self._index.rewrite(self._disk.temporary())

    def clear(self) -> None:
        """Forget everything, in memory and on disk, for every process that shares the folder."""
        with self._lock:
            self._memory.clear()
            self._rows.clear()
            self._seen.clear()
            self._used = None
            if self._index is None or self._disk is None or self._root is None:
                return
            try:
                self._index.clear()
                self._reasons.clear()
                for _, _, name in self._disk.objects():
                    self._disk.remove(name)
            except OSError as error:
                raise CacheError(
                    f"The column cache in {self.path} can't be cleared: {error}."
                ) from error

    def status(self) -> CacheStatus:
        """Return what the cache holds, and how it did in this process."""
        with self._lock:
            rows = set(self._rows)
            disk = 0
            if self._index is not None and self._disk is not None:
                self._index.refresh()
                rows |= self._index.rows.keys()
                disk = sum(size for _, size, _ in self._disk.objects())
            shared = sum(1 for key in rows if key.startswith(_SHARED))
            return CacheStatus(
                path=self.path,
                columns=len(rows) - shared,
                memory_bytes=self._memory.bytes,
                disk_bytes=disk,
                memory_limit=self._memory_limit,
                disk_limit=self._disk_limit,
                hits=self._hits,
                misses=self._misses,
                trouble=self._trouble,
            )

    # ---- explaining

    def _explain(self, key: bytes, why: Mapping[str, Any]) -> None:
        with self._lock:
            try:
                self._reasons.tell(key, why, on_disk=self._writes())
            except OSError as error:
                self._stop_writing(error)

    def explain(self, key: bytes) -> Mapping[str, Any] | None:
        """Say how a key came to be, as it was told when the value was stored, by any process.

        Parameters
        ----------
        key : bytes
            16 bytes.

        Returns
        -------
        Mapping or None
            None where nothing was told.
        """
        with self._lock:
            return self._reasons.get(key)


_SHARED: Final = b"shared"


def _shared_key(output: bytes) -> bytes:
    return _SHARED + combine("shared", output)[: 16 - len(_SHARED)]
