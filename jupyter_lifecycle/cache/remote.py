"""A second tier on remote storage, which people and machines share: any address that fsspec knows.

Under the address, ``rows`` holds objects with rows of the index and ``packs`` the bytes that they
lead to; both are written once and never changed. Rows are listed now and then, so that a look-up
costs a dictionary's time; bytes are read when somebody reads the value. Writing happens in a thread
of its own. Where the storage fails, work goes on without it, with one warning.
"""

from __future__ import annotations

import atexit
import contextlib
import time
from queue import Empty, SimpleQueue
from secrets import token_hex
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.cache import records
from jupyter_lifecycle.cache.log import frame, payloads
from jupyter_lifecycle.cache.records import Place, Row
from jupyter_lifecycle.cache.seal import Seal
from jupyter_lifecycle.errors import CacheError

if TYPE_CHECKING:
    from jupyter_lifecycle.cache.codec import Encoded

_FORMAT: Final = "v2"
_PUBLIC: Final = Seal(b"jupyter_lifecycle's remote cache")
"""Tells damage, not people: whom one trusts is said with ``trust``."""
_LISTED: Final = 10.0
"""The storage is asked for news this often, s."""
_PACK: Final = 16 << 20
_WAIT: Final = 0.2
"""What is stored within this time goes into one object, s."""


class Remote:
    """Columns on remote storage.

    Parameters
    ----------
    url : str
        Such as ``s3://bucket/prefix``.
    trust : bool
        Whether values whose reading runs code that they name are read: everything but plain
        columns of numbers and times. Whoever can write to the address can then run code here.

    Raises
    ------
    CacheError
        If fsspec, or what it needs for this address, is missing.
    """

    def __init__(self, url: str, *, trust: bool) -> None:
        try:
            import fsspec

            self._system, root = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise CacheError(
                f"A cache at {url} needs a package that is not installed ({error}). "
                "For S3: pip install 'jupyter-lifecycle[s3]'."
            ) from error
        self.url = url
        self._root = f"{root.rstrip('/')}/{_FORMAT}"
        self._trust = trust
        self._rows: dict[bytes, bytes] = {}
        self._seen: set[str] = set()
        self._listed = float("-inf")
        self._queue: SimpleQueue[tuple[Row, bytes | None]] = SimpleQueue()
        self._waits = 0
        self._done = Condition()
        self._writer: Thread | None = None
        self.trouble = ""
        """Why it's not used any more; empty where all is well."""

    def find(self, key: bytes) -> bytes | None:
        """Return the packed row of a key, None where there is none that may be read."""
        if self.trouble:
            return None
        if key not in self._rows and time.monotonic() - self._listed > _LISTED:
            self._guarded(self._list)
            self._listed = time.monotonic()
        return self._rows.get(key)

    def _guarded(self, work: Any, *arguments: Any) -> Any:
        """Do something with the storage; whatever it raises, it's not used any more."""
        try:
            return work(*arguments)
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own
            self.trouble = f"{type(error).__name__}: {error}"
            return None

    def _list(self) -> None:
        try:
            names = self._system.ls(f"{self._root}/rows", detail=False, refresh=True)
        except FileNotFoundError:
            return
        for name in names:
            if name not in self._seen:
                self._seen.add(name)
                for _, packed in payloads(self._system.cat_file(name), _PUBLIC):
                    self._take(packed)

    def _take(self, packed: bytes) -> None:
        if not records.is_row(packed):
            return
        if not self._trust and records.unpack(packed).executes:
            return
        for key in (records.key_of(packed), records.content_of(packed)):
            if key:
                self._rows[key] = packed

    def fetch(self, row: Row) -> bytes | None:
        """Read the bytes of a row's value; None where they aren't there, or not what they were."""
        if row.place is None or self.trouble:
            return row.inline or None
        place = row.place
        path = f"{self._root}/packs/{place.file.hex()}"
        end = place.offset + place.size
        data = self._guarded(self._read, path, place.offset, end)
        if data is None or _digest(data) != place.digest:
            self._rows.pop(row.key, None)
            self._rows.pop(row.content, None)
            return None
        found: bytes = data
        return found

    def _read(self, path: str, start: int, end: int) -> bytes | None:
        try:
            data: bytes = self._system.cat_file(path, start=start, end=end)
        except FileNotFoundError:
            return None
        return data

    def push(self, row: Row, encoded: Encoded) -> None:
        """Write a value, soon."""
        if self.trouble or row.key in self._rows:
            return
        data = None if encoded.inline else bytes(encoded.data)
        with self._done:
            self._waits += 1
            if self._writer is None:
                self._writer = Thread(target=self._write, name="remote cache", daemon=True)
                self._writer.start()
                atexit.register(self.flush)
        self._queue.put((row, data))

    def _write(self) -> None:
        while True:
            batch = [self._queue.get()]
            until, size = time.monotonic() + _WAIT, 0
            while size < _PACK and (left := until - time.monotonic()) > 0:
                with contextlib.suppress(Empty):
                    batch.append(self._queue.get(timeout=left))
                    size += len(batch[-1][1] or b"")
            if not self.trouble:
                self._guarded(self._upload, batch)
            with self._done:
                self._waits -= len(batch)
                self._done.notify_all()

    def _upload(self, batch: list[tuple[Row, bytes | None]]) -> None:
        """Write the bytes first, then the rows that lead to them."""
        token = token_hex(16)
        body, rows = bytearray(), []
        for row, data in batch:
            place = row.place
            if data is not None:
                body.extend(bytes(-len(body) % 64))
                place = Place(bytes.fromhex(token), len(body), len(data), _digest(data))
                body.extend(data)
            rows.append(
                Row(
                    *(row.key, row.content, row.output, place, row.meta, row.recipe),
                    *(row.inline, row.executes),
                ).pack()
            )
        for folder in ("rows", "packs"):
            self._system.makedirs(f"{self._root}/{folder}", exist_ok=True)
        if body:
            self._system.pipe_file(f"{self._root}/packs/{token}", bytes(body))
        framed = b"".join([frame(packed, _PUBLIC) for packed in rows])
        self._system.pipe_file(f"{self._root}/rows/{token}", framed)
        for packed in rows:
            self._take(packed)

    def flush(self, timeout: float = 30.0) -> None:
        """Wait until what was stored is written, at most so many seconds."""
        with self._done:
            self._done.wait_for(lambda: self._waits == 0, timeout)


def _digest(data: bytes) -> bytes:
    return _PUBLIC.of(data)
