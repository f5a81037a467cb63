"""Temporary folders of envelopes, each held by its process; what a killed one left is removed.

A folder is held by a lock on a file in it, which the system lets go of when the process ends,
however it ends. The first folder that a process makes sweeps those that nobody holds.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

PREFIX = "envelope-"
LOCK = ".held"
_held: dict[Path, int] = {}
_swept: set[str] = set()


def stage() -> Path:
    """Make a folder of this user alone, held by this process until it is discarded."""
    _sweep_once()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    descriptor = _lock(folder / LOCK)
    if descriptor is not None:
        _held[folder] = descriptor
    return folder


def discard(folder: Path) -> None:
    """Remove a folder and let go of it."""
    shutil.rmtree(folder, ignore_errors=True)
    descriptor = _held.pop(folder, None)
    if descriptor is not None:
        os.close(descriptor)


def _locks() -> Any:
    """Give the module of file locks; Windows has none, and refuses to remove what is open."""
    try:
        return import_module("fcntl")
    except ModuleNotFoundError:
        return None


def _lock(file: Path) -> int | None:
    """Give the descriptor of a file that nobody else holds; None where somebody does."""
    fcntl = _locks()
    if fcntl is None:
        return None
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _sweep_once() -> None:
    where = tempfile.gettempdir()
    if where not in _swept:
        _swept.add(where)
        sweep(Path(where))


def sweep(where: Path) -> int:
    """Remove the folders of processes that are gone; give how many.

    Parameters
    ----------
    where : Path
        Only folders in it that are this user's, bear our prefix and hold our lock file count.
    """
    count = 0
    for folder in where.glob(f"{PREFIX}*"):
        lock = folder / LOCK
        with contextlib.suppress(OSError):  # another process sweeps as well
            if folder.is_symlink() or not lock.is_file():
                continue
            if lock.lstat().st_uid != os.getuid() or folder in _held:
                continue
            descriptor = _lock(lock)
            if descriptor is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(descriptor)
                count += 1
    return count
