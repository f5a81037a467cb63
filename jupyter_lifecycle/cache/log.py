"""A file to which several processes append records, and which survives whatever happens to it.

A record is framed by a mark, a length and a seal (:mod:`jupyter_lifecycle.cache.seal`); any number
of them are written by one ``write`` to a file opened for appending. A torn or foreign stretch is
skipped: the reader looks for the next mark.
"""

# These calls are counted in microseconds, and a Path costs some.
# ruff: noqa: PTH116
from __future__ import annotations

import contextlib
import errno
import os
from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jupyter_lifecycle.cache.seal import Seal

MARK: Final = b"JLC2"
_HEAD: Final = Struct("<4sI")
_SEAL: Final = 16
HEAD: Final = _HEAD.size + _SEAL
"""Bytes before a payload."""


def frame(payload: bytes, seal: Seal) -> bytes:
    """Return a payload with its mark, length and seal."""
    return _HEAD.pack(MARK, len(payload)) + seal.of(payload) + payload


def opened(framed: bytes, seal: Seal) -> bytes | None:
    """Return the payload of a frame, None where the seal isn't ours or is broken."""
    payload = framed[HEAD:]
    return payload if seal.of(payload) == framed[_HEAD.size : HEAD] else None


def frames(data: bytes, seal: Seal | None) -> Iterator[tuple[int, bytes]]:
    """Find what looks like a whole frame in a stretch of bytes.

    Parameters
    ----------
    data : bytes
        What was read; it may be torn anywhere.
    seal : Seal, optional
        Decides where the frame alone does not say whether it's whole; else it isn't looked at yet.

    Yields
    ------
    int
        Where the frame ends.
    bytes
        The frame.
    """
    position, size, unpack = 0, len(data), _HEAD.unpack_from
    while position + HEAD <= size:
        mark, length = unpack(data, position)
        end = position + HEAD + length
        if mark == MARK and end <= size:
            # A whole frame is followed by another, by nothing, or by what is left of a torn one.
            framed = data[position:end]
            followed = end == size or data[end : end + 4] == MARK
            if followed or (seal is not None and opened(framed, seal) is not None):
                yield end, framed
                position = end
                continue
        position = data.find(MARK, position + 1)
        if position < 0:
            return


def payloads(data: bytes, seal: Seal) -> Iterator[tuple[int, bytes]]:
    """Find every payload under a whole seal, and where its frame ends."""
    for end, framed in frames(data, seal):
        payload = opened(framed, seal)
        if payload is not None:
            yield end, payload


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

    def append(self, data: bytes) -> os.stat_result | None:
        """Append frames.

        Parameters
        ----------
        data : bytes
            Whole frames.

        Returns
        -------
        os.stat_result or None
            The file after they were written; None where it was removed again at once.

        Raises
        ------
        OSError
            Where the file can't be written.
        """
        for _ in range(3):
            if self._file is None:
                self._file = self._open()
            written = os.write(self._file, data)
            if written < len(data):
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

    def __del__(
        self, close: Callable[[int], None] = os.close, failure: type[Exception] = Exception
    ) -> None:
        # Bound now: while the interpreter ends, the names of this module may be gone already.
        try:
            if self._file is not None:
                close(self._file)
        except failure:
            pass
