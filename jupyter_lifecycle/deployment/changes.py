"""Notices that a registry changed, cheaply: a look at two files' times, or a question a second."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_lifecycle.registry import Registry

_FILES = ("registry.db", "registry.db-wal")
_REMOTE_SECONDS = 1.0
_SURE_SECONDS = 5.0


class Changes:
    """Says whether to look at what is wanted again.

    Every commit to an embedded registry writes to one of its two files, so a look costs
    microseconds and may be taken twenty times a second. A server is asked once a second.

    Parameters
    ----------
    registry : Registry
    """

    def __init__(self, registry: Registry) -> None:
        self._folder = Path(registry.location) if registry.is_local else None
        self._seen: list[tuple[int, int, int]] = []
        self._looked = float("-inf")

    def pending(self) -> bool:
        """Whether something may have changed since the last time this was asked."""
        now = time.monotonic()
        if self._folder is None:
            due = now - self._looked >= _REMOTE_SECONDS
        else:
            marks = [_mark(self._folder / name) for name in _FILES]
            due = marks != self._seen or now - self._looked >= _SURE_SECONDS
            self._seen = marks
        if due:
            self._looked = now
        return due


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
