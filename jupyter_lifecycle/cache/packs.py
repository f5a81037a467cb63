"""Packs: files to which one process appends small objects, one after the other.

A small column costs one ``write`` so, instead of a file of its own. An object counts only once a
row of the index says where it is and what its digest is; what a killed process left behind in a
pack is bytes that nobody looks at.
"""

# These calls are counted in microseconds, and a Path costs some.
# ruff: noqa: PTH116, PTH118
from __future__ import annotations

import contextlib
import errno
import os
import time
from secrets import token_bytes
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LARGE: Final = 1 << 18
"""Objects of more bytes get a file of their own, which is mapped, not read."""
_ALIGNED: Final = 64
_PADDING: Final = bytes(_ALIGNED)


class Packs:
    """A folder of packs.

    Parameters
    ----------
    folder : Path
        Made at the first write, readable by its owner alone.
    limit : int
        Bytes from which on the next object begins another pack.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = RLock()
        self._file: int | None = None
        self._name = b""
        self._owner = 0
        self._end = 0
        self._reading: dict[bytes, int] = {}
        self._sizes: dict[bytes, int] = {}

    def path(self, name: bytes) -> str:
        """Return where a pack is."""
        return os.path.join(self._folder, name.hex())

    def write(self, data: Any) -> tuple[bytes, int]:
        """Append an object.

        Parameters
        ----------
        data : buffer
            Its bytes.

        Returns
        -------
        bytes
            The pack's name.
        int
            Where in it the object begins.

        Raises
        ------
        OSError
            Where it can't be written; what was is not looked at.
        """
        view = memoryview(data).cast("B")
        with self._lock:
            if self._owner != os.getpid():  # a fork writes packs of its own
                self._file = None
            if self._file is None or self._end >= self._limit:
                self._begin()
            assert self._file is not None
            padding = -self._end % _ALIGNED
            offset = self._end + padding
            try:
                self._fill(self._file, _PADDING[:padding], view)
            except BaseException:
                self._close()
                raise
            self._end = self._sizes[self._name] = offset + len(view)
            return self._name, offset

    def _fill(self, file: int, padding: bytes, view: memoryview) -> None:
        written = os.writev(file, [padding, view]) if hasattr(os, "writev") else 0
        if written == len(padding) + len(view):
            return
        left = memoryview(padding + bytes(view))[written:]
        while left:
            written = os.write(file, left)
            if not written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            left = left[written:]

    def _begin(self) -> None:
        self._close()
        name = token_bytes(16)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        try:
            self._file = os.open(self.path(name), flags, 0o600)
        except FileNotFoundError:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self.path(name), flags, 0o600)
        self._name, self._end, self._owner = name, 0, os.getpid()

    def _close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None

    def still_there(self) -> bool:
        """Whether the pack that is being written has not been removed by somebody.

        One that was is let go, and another one begun with the next object.
        """
        with self._lock:
            if self._file is None:
                return True
            try:
                seen, mine = os.stat(self.path(self._name)), os.fstat(self._file)
                if (seen.st_ino, seen.st_dev) == (mine.st_ino, mine.st_dev):
                    return True
            except OSError:
                pass
            self._sizes.pop(self._name, None)
            self._close()
            return False

    @property
    def writing(self) -> bytes:
        """The name of the pack that is being written; empty where none is."""
        return self._name if self._file is not None else b""

    def has(self, name: bytes, end: int) -> bool:
        """Whether a pack is there and long enough; looked at once a process and length."""
        if self._sizes.get(name, -1) >= end:
            return True
        try:
            size = os.stat(self.path(name)).st_size
        except OSError:
            return False
        self._sizes[name] = size
        return size >= end

    def read(self, name: bytes, offset: int, size: int) -> bytes | None:
        """Read an object; None where it isn't there. Its digest is the caller's to look at."""
        with self._lock:
            file = self._reading.get(name)
            try:
                if file is None:
                    file = self._open(name)
                data = os.pread(file, size, offset)
            except OSError:
                self.forget(name)
                return None
        return data if len(data) == size else None

    def _open(self, name: bytes) -> int:
        """Open a pack, and mark it as used now for the eviction of what was used least recently."""
        file = os.open(self.path(name), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        with contextlib.suppress(OSError):
            os.utime(file, ns=(time.time_ns(), os.fstat(file).st_mtime_ns))
        if len(self._reading) >= _OPEN:
            os.close(self._reading.pop(next(iter(self._reading))))
        self._reading[name] = file
        return file

    def forget(self, name: bytes) -> None:
        """Know nothing of a pack any more: it was damaged or removed."""
        with self._lock:
            self._sizes.pop(name, None)
            file = self._reading.pop(name, None)
            if file is not None:
                with contextlib.suppress(OSError):
                    os.close(file)
            if name == self._name:
                self._close()

    def forget_all(self) -> None:
        """Know nothing of any pack any more."""
        for name in [*self._reading, *self._sizes]:
            self.forget(name)

    def __del__(
        self, close: Callable[[int], None] = os.close, failure: type[Exception] = Exception
    ) -> None:
        # Bound now: while the interpreter ends, the names of this module may be gone already.
        for file in (self._file, *self._reading.values()):
            try:
                if file is not None:
                    close(file)
            except failure:
                pass


_OPEN: Final = 64
"""Packs that are open for reading at most."""
