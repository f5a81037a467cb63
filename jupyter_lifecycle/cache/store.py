"""The column cache: values by key, in memory, on disk, and where wanted on remote storage."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.cache import records
from jupyter_lifecycle.cache.entries import CacheStatus, Entry, Held
from jupyter_lifecycle.cache.keeping import SHARED, shared_key
from jupyter_lifecycle.cache.reading import Reading
from jupyter_lifecycle.cache.records import ColumnMeta, Row
from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.hashing import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jupyter_lifecycle.cache.codec import Encoded
    from jupyter_lifecycle.cache.shelf import Shelf

MEBIBYTE: Final = 1 << 20
GIBIBYTE: Final = 1 << 30


class ColumnCache(Reading):
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
    remote : str, optional
        An address that fsspec knows, such as ``s3://bucket/prefix``: what isn't on disk is looked
        for there, and what is stored is written there as well, in the background.
    trust : bool
        Whether pickles from the remote address are read, which lets whoever can write there run
        code here. Plain columns of numbers and times are read either way.

    Raises
    ------
    CacheError
        If a package that the remote address needs is missing.

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
        remote: str | None = None,
        trust: bool = False,
    ) -> None:
        super().__init__(None if path is None else Path(path).expanduser(), memory_bytes)
        self._memory_limit = memory_bytes
        self._disk_limit = disk_bytes
        self._saved = 0.0
        self._shelf = self._opened()
        self._from = (remote, trust)
        if remote is not None:
            from jupyter_lifecycle.cache.remote import Remote

            self._remote = Remote(remote, trust=trust)

    def _opened(self) -> Shelf | None:
        if self.path is None:
            return None
        from jupyter_lifecycle.cache.shelf import Shelf

        try:
            return Shelf(self.path, self._disk_limit)
        except OSError as error:
            self._stop_writing(error, "used")
            return None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as a folder and its budget: who reads it elsewhere opens the folder there."""
        return _opened, (
            self.path,
            (self._memory_limit, self._disk_limit),
            *self._from,
        )

    # ---- writing

    def store(
        self,
        key: bytes,
        value: Any,
        *,
        seconds: float,
        why: Mapping[str, Any] | None = None,
        content: bytes = b"",
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
        content : bytes, optional
            Another key that leads to the value, 16 bytes.

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
        row = Row(key, content, output, None, meta)
        with self._lock:
            if why is not None:
                self.tell(key, why)
            packed = self._keep(row, value, push=True)
            self._flush(batched=self._batches > 0)
            self._say_remote_trouble()
        return Entry(key, packed, self._load, meta)

    def _keep(self, row: Row, value: Any, *, push: bool = False) -> bytes:
        from jupyter_lifecycle.cache import codec

        same = self._same(row.output)
        if same is not None and not (push and self._remote is not None):
            return self._add(_leading_to(row, same))
        encoded = codec.encode(value, row.output)
        if encoded is None:
            self._memory.put(row.output, Held(value, None, live=True), row.meta.bytes)
            return self._add(row, on_disk=False)
        for shared, part in encoded.shared.items():
            self._keep_shared(shared, part, push=push)
        if push and self._remote is not None:
            self._remote.push(_with(row, encoded), encoded)
        return self._add(_leading_to(row, same)) if same is not None else self._put(row, encoded)

    def _put(self, row: Row, encoded: Encoded) -> bytes:
        size = len(memoryview(encoded.data).cast("B"))
        inline = bytes(encoded.data) if encoded.inline else b""
        if self._shelf is not None and not self._trouble:
            try:
                place = None if inline else self._shelf.put(encoded)
                found = Row(
                    *(row.key, row.content, row.output, place, row.meta, encoded.recipe),
                    *(inline, encoded.executes),
                )
                return self._add(found)
            except OSError as error:
                self._stop_writing(error)
        self._memory.put(row.output, self._held(encoded), size)
        return self._add(row, on_disk=False)

    def _held(self, encoded: Encoded) -> Held:
        """Columns as views of their own bytes, which nobody else holds; objects as bytes."""
        from jupyter_lifecycle.cache import codec

        # A plain column's bytes are the caller's own, who may write to them.
        data = bytes(encoded.data) if encoded.recipe else encoded.data
        if not codec.is_shareable(data, encoded.recipe):
            return Held(None, data)
        return Held(codec.decode(data, encoded.shared.__getitem__, encoded.recipe), None)

    def _same(self, output: bytes) -> Row | None:
        """Return a row that has the same value already, on disk."""
        if self._shelf is None or self._trouble:
            return None
        packed = self._shelf.index.of_output(output)
        return records.unpack(packed) if packed and self._shelf.is_there(packed) else None

    def _keep_shared(self, output: bytes, value: Any, *, push: bool) -> None:
        key = shared_key(output)
        if self._find(key) is not None:
            return
        meta = ColumnMeta("shared", str(getattr(value, "dtype", "")), len(value), None, 0, 0.0, 0.0)
        self._keep(Row(key, b"", output, None, meta), value, push=push)

    def _add(self, row: Row, *, on_disk: bool = True) -> bytes:
        if on_disk and self._shelf is not None and not self._trouble:
            for key in (row.key, row.content):
                self._rows.pop(key, None)
            return self._shelf.add(row)
        packed = self._rows[row.key] = row.pack()
        if row.content:
            self._rows[row.content] = packed
        return packed

    @contextlib.contextmanager
    def batched(self) -> Iterator[None]:
        """Write what is stored inside a few times, not each time.

        Values are written at once; the rows that lead to them at most a twentieth of a second
        after, as long as something is stored, and at the end. So a process that is killed loses at
        most what it computed in that time.
        """
        with self._lock:
            self._batches += 1
        try:
            yield
        finally:
            with self._lock:
                self._batches -= 1
                self._flush(batched=self._batches > 0)

    def _flush(self, *, batched: bool) -> None:
        if self._shelf is None or self._trouble:
            return
        try:
            self._shelf.flush(batched=batched)
        except OSError as error:
            self._stop_writing(error)

    def flush(self) -> None:
        """Wait until what was stored is written, on disk and at the remote address."""
        with self._lock:
            self._flush(batched=False)
        if self._remote is not None:
            self._remote.flush()
            self._say_remote_trouble()

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
            known = self._find(key)
            if known and records.same_value(known, entry.packed):
                return Entry(key, known, self._load)
            row = records.unpack(entry.packed)
            moved = Row(
                *(key, b"", row.output, row.place, row.meta, row.recipe),
                *(row.inline, row.executes),
            )
            packed = self._add(moved, on_disk=bool(row.place or row.inline))
            self._flush(batched=self._batches > 0)
            return Entry(key, packed, self._load)

    # ---- keeping house

    def clear(self) -> None:
        """Forget everything, in memory and on disk, for every process that shares the folder.

        Raises
        ------
        CacheError
            Where something on disk can't be removed.
        """
        with self._lock:
            self._losses += 1
            self._memory.clear()
            self._rows.clear()
            self._names.clear()
            self._reasons.clear()
            if self._shelf is None:
                return
            try:
                self._shelf.clear()
            except OSError as error:
                raise CacheError(
                    f"The column cache in {self.path} can't be cleared: {error}."
                ) from error

    def pin(self, label: str, key: bytes) -> None:
        """Keep a value on disk whatever else must leave, for every process.

        Parameters
        ----------
        label : str
            By which it's unpinned; what the label had pinned before is pinned no more.
        key : bytes
            16 bytes.

        Raises
        ------
        CacheError
            If nothing is stored under the key, or it can't be written.
        """
        self._pin(label, key, self.lookup(key))

    def status(self) -> CacheStatus:
        """Return what the cache holds, and how it did in this process."""
        with self._lock:
            rows = dict(self._rows)
            disk = 0
            if self._shelf is not None:
                self._shelf.index.refresh()
                rows |= dict(self._shelf.index.rows())
                disk = sum(size for _, size, _ in self._shelf.files())
            keys = {records.key_of(packed) for packed in rows.values()}
            return CacheStatus(
                path=self.path,
                columns=sum(1 for key in keys if not key.startswith(SHARED)),
                memory_bytes=self._memory.bytes,
                disk_bytes=disk,
                memory_limit=self._memory_limit,
                disk_limit=self._disk_limit,
                hits=self._hits,
                misses=self._misses,
                trouble=self._trouble,
                pinned=tuple(sorted(self.pins)),
                saved_seconds=self._saved,
            )

    def credit(self, seconds: float) -> None:
        """Count computing time that was saved in this process, s, for :meth:`status`."""
        self._saved += seconds

    @property
    def losses(self) -> int:
        """A number that grows when something is forgotten: while it stays, entries stay good.

        Looks whether another process has cleared or trimmed the folder.
        """
        with self._lock:
            if self._shelf is None:
                return self._losses + self._memory.evictions
            try:
                self._shelf.refresh()
            except OSError as error:
                self._stop_writing(error, "used")
            return self._losses + self._memory.evictions + self._shelf.index.losses


def _with(row: Row, encoded: Encoded) -> Row:
    """Return a row that says how to read encoded bytes, and not yet where they are."""
    inline = bytes(encoded.data) if encoded.inline else b""
    return Row(
        *(row.key, row.content, row.output, None, row.meta, encoded.recipe),
        *(inline, encoded.executes),
    )


def _leading_to(row: Row, same: Row) -> Row:
    """Return a row that leads to where an equal value is already."""
    return Row(
        *(row.key, row.content, row.output, same.place, row.meta, same.recipe),
        *(same.inline, same.executes),
    )


def _opened(
    path: Path | None, limits: tuple[int, int], remote: str | None, trust: bool
) -> ColumnCache:
    memory, disk = limits
    return ColumnCache(path, memory_bytes=memory, disk_bytes=disk, remote=remote, trust=trust)
