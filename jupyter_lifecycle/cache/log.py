"""A file to which several processes append records, and which survives whatever happens to it.

A record is written by one ``write`` to a file opened for appending, framed by a mark, a length and
a checksum. A torn or foreign stretch is skipped: the reader looks for the next mark.
"""

# These calls are counted in microseconds, and a Path costs some.
# ruff: noqa: PTH116
from __future__ import annotations

import contextlib
import errno
import os
from struct import Struct
from typing import TYPE_CHECKING, Final

import xxhash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARK: Final = b"JLC1"
_FRAME: Final = Struct("<4sIQ")


def frame(payload: bytes) -> bytes:
    """Return a payload with its mark, length and checksum."""
    return _FRAME.pack(_MARK, len(payload), xxhash.xxh3_64_intdigest(payload)) + payload


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Find every whole payload in a stretch of bytes.

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
        if end > len(data) or xxhash.xxh3_64_intdigest(payload) != checksum:
            position += 1
            continue
        yield end, payload
        position = end


class Log:
    """The writing end of such a file.

    Parameters
    ----------
    path : Path
        Made at the first write, its folder too, readable by its owner alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def append(self, payload: bytes) -> os.stat_result | None:
        """Append a record.

        Parameters
        ----------
        payload : bytes
            Anything.

        Returns
        -------
        os.stat_result or None
            The file after the record was written; None where it was removed again at once.

        Raises
        ------
        OSError
            Where the file can't be written.
        """
        data = frame(payload)
        for _ in range(3):
            if self._file is None:
                self._file = self._open()
            if os.write(self._file, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            with contextlib.suppress(FileNotFoundError):
                # another process may have put a shorter file in its place meanwhile
                seen = os.stat(self.path)
                if seen.st_ino == os.fstat(self._file).st_ino:
                    return seen
            self.close()
        return None

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            return os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self.path, flags, 0o600)

    def close(self) -> None:
        """Let the file go; the next record opens it anew."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            self.close()
