"""Fingerprints of what files hold, remembered only where the file can't have changed unseen."""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, Final

import xxhash

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing.digest import combine

if TYPE_CHECKING:
    from pathlib import Path

_SETTLED: Final = 2_000_000_000
"""A file that changed this short a time ago, ns, may change again unseen by its clock."""

_CHUNK: Final = 1 << 20

_known: dict[tuple[int, ...], bytes] = {}


def file_digest(path: Path) -> bytes:
    """Return the digest of a file's content, or of a folder's names and contents.

    Parameters
    ----------
    path : Path
        A file, a folder, or nothing at all.

    Returns
    -------
    bytes
        16 bytes.

    Raises
    ------
    FingerprintError
        For what has no content to read: a pipe, a device, a file without permission.
    """
    try:
        return _digest(path)
    except OSError as error:
        raise FingerprintError(f"can't read {path} ({error.strerror})") from error


def _digest(path: Path) -> bytes:
    try:
        seen = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return combine("missing")
    if stat.S_ISDIR(seen.st_mode):
        return _folder(path)
    if not stat.S_ISREG(seen.st_mode):
        raise FingerprintError(f"{path} is neither a file nor a folder")
    key = (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
    known = _known.get(key)
    if known is not None:
        return known
    result = _content(path)
    if time.time_ns() - max(seen.st_mtime_ns, seen.st_ctime_ns) > _SETTLED:
        _known[key] = result
    return result


def _content(path: Path) -> bytes:
    state = xxhash.xxh3_128()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            state.update(chunk)
    return combine("file", state.digest())


def _folder(path: Path) -> bytes:
    parts = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            file = path.__class__(folder) / name
            parts.append(os.fsencode(file.relative_to(path)))
            parts.append(_digest(file))
    return combine("folder", *parts)
