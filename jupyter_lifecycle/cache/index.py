"""The index on disk: one file to which every process appends, and which each keeps in memory.

A row is written by one ``write`` to a file opened for appending, framed by a mark, a length and a
checksum. A torn or foreign stretch is skipped: the reader looks for the next mark. What is lost is
a miss, never a wrong answer.
"""

# These calls are counted in microseconds, and a Path costs some.
# ruff: noqa: PTH105, PTH116
from __future__ import annotations

import contextlib
import os
from struct import Struct
from typing import TYPE_CHECKING, Final

import xxhash

from jupyter_lifecycle.cache import records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARK: Final = b"JLC1"
_FRAME: Final = Struct("<4sIQ")
_LONGEST: Final = 1 << 16


def frame(payload: bytes) -> bytes:
    """Return a payload with its mark, length and checksum."""
    return _FRAME.pack(_MARK, len(payload), xxhash.xxh3_64_intdigest(payload)) + payload


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every whole payload in a stretch of bytes, with where it ends.

    Parameters
    ----------
    data : bytes
        What was read; it may be torn anywhere.

    Yields
    ------
    int
        Where the payload ends.
    bytes
        The payload.
    """
    position = 0
    head = _FRAME.size
    while (position := data.find(_MARK, position)) >= 0 and position + head <= len(data):
        _, length, checksum = _FRAME.unpack_from(data, position)
        end = position + head + length
        payload = data[position + head : end]
        if length > _LONGEST or end > len(data) or xxhash.xxh3_64_intdigest(payload) != checksum:
            position += 1
            continue
        yield end, payload
        position = end


class Index:
    """What is in a folder, as far as this process has read it.

    Parameters
    ----------
    path : Path
        The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._inode = 0
        self._read = 0
        self.rows: dict[bytes, bytes] = {}
        """Packed rows by key."""
        self.outputs: dict[bytes, bytes] = {}
        """A key of each output."""

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
        """Another file took the place of the one that was read."""
        self._close()
        self._inode = inode
        self._read = 0
        self.rows.clear()
        self.outputs.clear()

    def _take(self, payload: bytes) -> None:
        key = records.key_of(payload)
        self.rows[key] = payload
        self.outputs[records.output_of(payload)] = key

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
        self._write(frame(payload))
        return payload

    def _write(self, data: bytes) -> None:
        for _ in range(3):
            if self._file is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                self._file = os.open(self._path, flags, 0o600)
            os.write(self._file, data)
            with contextlib.suppress(FileNotFoundError):
                # another process may have put a shorter file in its place meanwhile
                if os.stat(self._path).st_ino == os.fstat(self._file).st_ino:
                    return
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

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
        self._close()
        seen = os.stat(self._path)
        self._inode = seen.st_ino
        self._read = seen.st_size

    def clear(self) -> None:
        """Forget everything, here and on disk."""
        self._start(0)
        self._path.unlink(missing_ok=True)
