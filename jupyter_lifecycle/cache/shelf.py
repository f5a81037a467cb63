"""The tier on disk: one folder, shared by any number of processes.

``index`` says what is where, ``packs`` hold small objects, ``objects`` large ones, ``names`` and
``why`` what people ask about. An object is written before the row that leads to it, and rows are
written several at a time: a process that is killed loses the rows of its last moment, nothing else.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import xxhash

from jupyter_lifecycle.cache import records
from jupyter_lifecycle.cache.disk import Disk
from jupyter_lifecycle.cache.index import Index
from jupyter_lifecycle.cache.packs import LARGE, Packs
from jupyter_lifecycle.cache.pins import Pins
from jupyter_lifecycle.cache.records import Place, Row
from jupyter_lifecycle.cache.seal import Secret
from jupyter_lifecycle.cache.told import Told

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lifecycle.cache.codec import Encoded
    from jupyter_lifecycle.cache.seal import Seal

FORMAT: Final = "v2"
OLDER: Final = ("v1",)
"""Folders of formats that are not read any more."""
_PACK: Final = 64 << 20
_KEEP: Final = 0.9
"""Share of the budget that is left after an eviction, so that not every store evicts."""
_MANY: Final = 10_000
"""Rows from which on it's worth to leave out those that were replaced."""
_SKEW: Final = 3_600_000_000_000
"""Clocks of machines that share a folder differ by less, ns."""
_OFTEN: Final = 0.05
"""Within a batch, rows are written when the last were written this long ago, s."""


class Shelf:
    """What is on disk.

    Parameters
    ----------
    folder : Path
        The cache's folder; made at the first write, readable by its owner alone.
    limit : int
        Bytes to hold at most.

    Raises
    ------
    OSError
        If the folder is somebody else's.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        root = folder / FORMAT
        self.folder = folder
        self.root = root
        self._limit = limit
        self._secret = Secret(root / "secret")
        self.disk = Disk(root / "objects")
        self.packs = Packs(root / "packs", min(_PACK, limit // 16))
        self.index = Index(root / "index")
        self.names = Told(root / "names")
        self.reasons = Told(root / "why")
        self.pins = Pins(root / "pins")
        self._waiting: dict[bytes, bytes] = {}
        self._written = 0.0
        self._looked = 0.0
        self._used: int | None = None
        self._sealed(self._secret.seal())
        self.index.refresh()

    def _sealed(self, seal: Seal | None) -> None:
        self.index.seal = self.names.seal = self.reasons.seal = seal

    # ---- reading

    def find(self, key: bytes, *, batched: bool = False) -> bytes | None:
        """Return the packed row of a key, if what it leads to is there."""
        packed = self.index.get(key)
        if packed is None and self._refreshed(batched=batched):
            packed = self.index.get(key)
        if packed is None or self.is_there(packed):
            return packed
        self.index.drop(key)
        return None

    def _refreshed(self, *, batched: bool) -> bool:
        """See what others wrote; within a batch not at each miss."""
        if batched:
            now = time.monotonic()
            if now - self._looked < _OFTEN:
                return False
            self._looked = now
        losses = self.index.losses
        found = self.index.refresh()
        if self.index.losses != losses:
            self._start_over()
        if self.index.seal is None and found:
            self._sealed(self._secret.seal())
        return found

    def refresh(self) -> None:
        """See what others wrote or removed."""
        self._refreshed(batched=False)

    def _start_over(self) -> None:
        """Read a folder that was cleared, or replaced, from its beginning."""
        self._secret.forget()
        self._sealed(self._secret.seal())
        self.packs.forget_all()
        self._used = None
        for packed in self._waiting.values():
            self.index.add(packed)

    def is_there(self, packed: bytes) -> bool:
        """Whether the object of a row is on disk, as far as names and sizes tell."""
        place = records.place_of(packed)
        if place is None:
            return True
        if place.own:
            return self.disk.has(place.file, place.size)
        return self.packs.has(place.file, place.offset + place.size)

    def read(self, row: Row) -> Any:
        """Return the bytes of a row's object, None where they aren't what was written."""
        if row.place is None:
            return row.inline or None
        place = row.place
        if place.own:
            return self.disk.read(place.file, lambda data: self._digest(data, row.executes))
        data = self.packs.read(place.file, place.offset, place.size)
        if data is None or self._digest(data, row.executes) == place.digest:
            return data
        self.packs.forget(place.file)
        return None

    def _digest(self, data: Any, executes: bool) -> bytes:
        """XXH3 guards numbers against accidents, a seal guards pickles against anybody."""
        if not executes:
            return xxhash.xxh3_128_digest(data)
        return self._secret.made().of(data)

    # ---- writing

    def put(self, encoded: Encoded) -> Place:
        """Write an object.

        Raises
        ------
        OSError
            Where the disk doesn't take it.
        """
        view = memoryview(encoded.data).cast("B")
        digest = self._digest(view, encoded.executes)
        if len(view) > LARGE:
            self.disk.write(digest, view)
            place = Place(digest, 0, len(view), digest, own=True)
        else:
            pack, offset = self.packs.write(view)
            place = Place(pack, offset, len(view), digest)
        if self._used is not None:
            self._used += len(view)
        return place

    def add(self, row: Row) -> bytes:
        """Take a row up; :meth:`flush` writes it."""
        packed = self._waiting[row.key] = row.pack()
        self.index.add(packed)
        return packed

    def flush(self, *, batched: bool = False) -> None:
        """Write the rows that wait; within a batch only where some have waited for a while.

        Raises
        ------
        OSError
            Where they can't be written.
        """
        if batched and time.monotonic() - self._written < _OFTEN:
            return
        if self._waiting or self.names.waits or self.reasons.waits:
            self._write_out()
            self._evict()
        self._written = time.monotonic()

    def _write_out(self) -> None:
        losses = self.index.losses
        self.index.refresh()
        if self.index.losses != losses:
            self._start_over()
        seal = self._secret.made()
        self._sealed(seal)
        waiting, self._waiting = self._waiting, {}
        pack = self.packs.writing
        gone = b"" if self.packs.still_there() else pack
        rows = []
        for key, packed in waiting.items():
            if gone and records.file_of(packed) == gone:
                self.index.drop(key)
            else:
                self.index.add(packed)
                rows.append(packed)
        if rows:
            self.index.append(rows, seal)
        self.names.flush()
        self.reasons.flush()

    # ---- keeping house

    def _evict(self) -> None:
        if self._used is None:
            self._used = self.index.sizes()
            if self.index.length > _MANY and self.index.length > 4 * len(list(self.index.rows())):
                self._rewrite()
        if self._used > self._limit:
            self.trim()

    def files(self) -> list[tuple[int, int, str]]:
        """All files with values as last use (ns), size (bytes) and path, the oldest first.

        What claims to have been used in the future comes first: a clock was wrong, and must not
        keep it for ever.
        """
        now = time.time_ns() + _SKEW
        found = [
            each for folder in ("objects", "packs") for each in self.disk.files(self.root / folder)
        ]
        return sorted(found, key=lambda each: (each[0] <= now, each))

    def trim(self) -> None:
        """Remove what was used least recently, until the budget holds; what is pinned stays."""
        files = self.files()
        total = sum(size for _, size, _ in files)
        if total > self._limit:
            total -= self._remove_older_formats()
            pinned = self._pinned_files()
            left = self._limit * _KEEP
            for _, size, path in files:
                if total <= left:
                    break
                if path not in pinned:
                    self._remove(path)
                    total -= size
            self._refreshed(batched=False)
            for key, packed in self.index.rows():
                if not self.is_there(packed):
                    self.index.drop(key)
            self._rewrite()
        self._used = total

    def _remove_older_formats(self) -> int:
        """Older formats hold nothing that is read; they are no part of the budget's sum."""
        import shutil

        for name in OLDER:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return 0

    def _remove(self, path: str) -> None:
        name = self.disk.name_of(path)
        self.packs.forget(name)
        self.disk.remove_file(path, name)

    def _pinned_files(self) -> set[str]:
        found = set()
        for key in self.pins.pinned():
            packed = self.index.get(key)
            place = None if packed is None else records.place_of(packed)
            if place is not None:
                path = self.disk.path(place.file) if place.own else self.packs.path(place.file)
                found.add(path)
        return found

    def _rewrite(self) -> None:
        self.disk.make()
        self.index.rewrite(self.disk.temporary(), self._secret.made())

    def clear(self) -> None:
        """Forget everything but the secret, for every process that shares the folder.

        Raises
        ------
        OSError
            Where something can't be removed.
        """
        self._waiting.clear()
        self._used = None
        self.index.clear()
        for each in (self.names, self.reasons, self.pins):
            each.clear()
        for _, _, path in self.files():
            self._remove(path)
        self.packs.forget_all()
        self._remove_older_formats()
