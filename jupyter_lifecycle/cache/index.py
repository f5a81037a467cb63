"""The index on disk: one log to which every process appends, and which each keeps in memory.

What is lost of it is a miss, never a wrong answer.
"""

# These calls are counted in microseconds, and a Path costs some.
# ruff: noqa: PTH105, PTH116
from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_lifecycle.cache import records
from jupyter_lifecycle.cache.log import Log, frame, frames

if TYPE_CHECKING:
    from pathlib import Path


class Index:
    """What is in a folder, as far as this process has read it.

    Parameters
    ----------
    path : Path
        The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = Log(path)
        self._inode = 0
        self._read = 0
        self.length = 0
        """Rows in the file, as far as it was read; those that were replaced count."""
        self.rows: dict[bytes, bytes] = {}
        """Packed rows by key."""
        self.outputs: dict[bytes, bytes] = {}
        """A packed row of each output; its key may lead elsewhere by now, its object does not."""

    def refresh(self) -> bool:
        """Read what was appended since, by any process.

        Returns
        -------
        bool
            Whether there was anything new.
        """
        try:
            seen = os.stat(self._path)
        except OSError:
            if self._inode:  # somebody cleared the cache
                self._start(0)
            return False
        if seen.st_ino != self._inode or seen.st_size < self._read:
            self._start(seen.st_ino)
        if seen.st_size <= self._read:
            return False
        with self._path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        read = self._read
        for end, payload in frames(data):
            self._take(payload)
            self._read = read + end
        return self._read > read

    def _start(self, inode: int) -> None:
        """Another file took the place of the one that was read, or none."""
        self._log.close()
        self._inode = inode
        self._read = 0
        self.length = 0
        self.rows.clear()
        self.outputs.clear()

    def _take(self, payload: bytes) -> None:
        if not records.is_row(payload):
            return
        self.length += 1
        self.rows[records.key_of(payload)] = payload
        self.outputs[records.output_of(payload)] = payload

    def append(self, row: records.Row) -> bytes:
        """Add a row here and on disk.

        Parameters
        ----------
        row : Row
            The row.

        Returns
        -------
        bytes
            The packed row.

        Raises
        ------
        OSError
            Where the file can't be written; the row is here all the same.
        """
        payload = row.pack()
        self._take(payload)
        seen = self._log.append(payload)
        if seen is not None and self._inode in {0, seen.st_ino}:
            self._inode = seen.st_ino
            length = len(frame(payload))
            if seen.st_size == self._read + length:  # nobody else wrote: it needn't be read back
                self._read = seen.st_size
        return payload

    def drop(self, key: bytes) -> None:
        """Forget a key in this process."""
        payload = self.rows.pop(key, None)
        if payload is not None:
            self.outputs.pop(records.output_of(payload), None)

    def rewrite(self, temporary: Path) -> None:
        """Put a file with only the rows that are here in place of the one on disk.

        Parameters
        ----------
        temporary : Path
            A name of one's own, on the same file system.
        """
        temporary.write_bytes(b"".join(frame(payload) for payload in self.rows.values()))
        os.replace(temporary, self._path)
        self._log.close()
        seen = os.stat(self._path)
        self._inode = seen.st_ino
        self._read = seen.st_size
        self.length = len(self.rows)

    def clear(self) -> None:
        """Forget everything, here and on disk."""
        self._start(0)
        self._path.unlink(missing_ok=True)
