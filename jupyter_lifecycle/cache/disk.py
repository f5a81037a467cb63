"""Files of large objects, named by the digest of their bytes, written whole or not at all."""

# These calls are counted in microseconds, and a Path costs some.
# ruff: noqa: PTH103, PTH104, PTH108, PTH116, PTH120, PTH123
from __future__ import annotations

import contextlib
import mmap
import os
import time
from itertools import count
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ABANDONED: Final = 3600.0
"""A temporary file this old, s, belongs to a process that was killed."""

_PACK_NAME: Final = 32
_counter = count()


class Disk:
    """A folder of objects.

    Parameters
    ----------
    folder : Path
        Made at the first write, readable by its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checked: dict[bytes, tuple[int, int, int]] = {}

    def path(self, name: bytes) -> str:
        """Return where an object is."""
        text = name.hex()
        return f"{self._folder}/{text[:1]}/{text[1:]}"

    def make(self) -> None:
        """Make the folder, readable by its owner alone."""
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def temporary(self) -> Path:
        """Return a name that no other process uses, in this folder."""
        return self._folder / f".{os.getpid()}-{next(_counter)}-{token_hex(4)}.tmp"

    def has(self, name: bytes, size: int) -> bool:
        """Whether an object of that name and size is there."""
        try:
            return os.stat(self.path(name)).st_size == size
        except OSError:
            return False

    def write(self, name: bytes, data: Any) -> None:
        """Write an object, unless it's there.

        Parameters
        ----------
        name : bytes
            The digest of its bytes.
        data : buffer
            Its bytes.

        Raises
        ------
        OSError
            Where it can't be written; nothing is left behind.
        """
        view = memoryview(data).cast("B")
        if self.has(name, len(view)):
            return
        temporary = self.temporary()
        try:
            self._fill(temporary, view)
            path = self.path(name)
            try:
                os.rename(temporary, path)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                os.rename(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    def _fill(self, path: Path, view: memoryview) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:
            self.make()
            descriptor = os.open(path, flags, 0o600)
        try:
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)

    def read(self, name: bytes, digest: Callable[[Any], bytes]) -> Any:
        """Map an object, after a look at whether it's what its name says.

        Parameters
        ----------
        name : bytes
            The digest of its bytes.
        digest : callable
            Gives the digest of bytes.

        Returns
        -------
        mmap or None
            None where it's missing, torn or foreign.
        """
        try:
            with open(self.path(name), "rb") as file:
                seen = os.fstat(file.fileno())
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            return None
        stamp = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
        if self._checked.get(name) != stamp:
            if digest(data) != name:
                data.close()
                self.remove(name)
                return None
            self._checked[name] = stamp
            self._touch(name, seen.st_mtime_ns)
        return data

    def _touch(self, name: bytes, modified: int) -> None:
        """Mark as used now, once a process, for the eviction of what was used least recently."""
        with contextlib.suppress(OSError):
            os.utime(self.path(name), ns=(time.time_ns(), modified))

    def remove(self, name: bytes) -> None:
        """Remove an object, if it's there."""
        self.remove_file(self.path(name), name)

    def files(self, folder: Path) -> list[tuple[int, int, str]]:
        """All files in a folder as last use (ns), size (bytes) and path.

        Abandoned temporary files are removed.
        """
        found = []
        for entry in _entries(folder):
            if entry.name.endswith(".tmp"):
                self._sweep(entry)
                continue
            with contextlib.suppress(OSError):
                seen = entry.stat(follow_symlinks=False)
                found.append((max(seen.st_atime_ns, seen.st_mtime_ns), seen.st_size, entry.path))
        return found

    def name_of(self, path: str) -> bytes:
        """Return the name of the object, or the pack, in a file; empty for a foreign one."""
        folder, name = os.path.split(path)
        with contextlib.suppress(ValueError):
            return bytes.fromhex(name if len(name) == _PACK_NAME else f"{folder[-1]}{name}")
        return b""

    def remove_file(self, path: str, name: bytes) -> None:
        """Remove a file, if it's there."""
        self._checked.pop(name, None)
        with contextlib.suppress(OSError):
            os.unlink(path)

    def _sweep(self, entry: os.DirEntry[str]) -> None:
        with contextlib.suppress(OSError):
            if entry.name.endswith(".tmp") and time.time() - entry.stat().st_mtime > _ABANDONED:
                os.unlink(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    found = []
    folders = [str(folder)]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    found.append(entry)
    return found
