"""Windows as files: what was counted in one stretch of time, whole or not at all.

One file a window and process, written again with more in it until the window is over. Whoever sends
it removes it; a file that comes again is the same window, with at least as much in it.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSION = 1
MOST_FILES = 2_000
MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WindowFile:
    """What one process counted in one window.

    Parameters
    ----------
    endpoint, envelope : str
        What was asked, and the id of what answered.
    start, seconds : int
        Unix time of the window's begin, and its length.
    run : str
        The process; another one where the clock went back.
    flush : int
        Rises with each writing.
    sides : Mapping
        ``inputs``, ``raw``, ``outputs``: each ``{"rows", "profile"}``.
    """

    endpoint: str
    envelope: str
    start: int
    seconds: int
    run: str
    flush: int
    sides: Mapping[str, Mapping[str, Any]]

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.start}-{self.run}.json"

    def is_over(self, now: float) -> bool:
        """Whether nothing can be added to it any more, some seconds of slack included."""
        return now >= self.start + self.seconds + min(60.0, self.seconds)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "version": VERSION,
            "endpoint": self.endpoint,
            "envelope": self.envelope,
            "start": self.start,
            "seconds": self.seconds,
            "run": self.run,
            "flush": self.flush,
            "sides": dict(self.sides),
        }

    def write(self, folder: Path) -> Path:
        """Write it, whole or not at all, for its owner only."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"))
        data = text.encode("utf-8", "replace")  # half a character of a request is no text
        temporary = folder / f".{self.name}.{secrets.token_hex(4)}"
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return temporary.replace(folder / self.name)


def read_window(path: Path) -> WindowFile | None:
    """Read a window's file; None where it is none, or somebody took it away."""
    try:
        found = json.loads(path.read_bytes())
        if found.pop("version") != VERSION:
            return None
        return WindowFile(**found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def window_files(folder: Path) -> list[Path]:
    """List the windows of a folder, oldest first."""
    try:
        found = [path for path in folder.iterdir() if path.suffix == ".json"]
    except FileNotFoundError:
        return []
    return sorted(path for path in found if path.name[0] != ".")


def make_room(folder: Path, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> int:
    """Remove the oldest windows that nobody fetched, where they are too many; gives how many."""
    found = []
    for path in window_files(folder):
        try:
            found.append((path, path.stat().st_size))
        except FileNotFoundError:  # sent meanwhile
            continue
    total, removed = sum(size for _, size in found), 0
    for path, size in found:
        if len(found) - removed <= most_files and total <= most_bytes:
            break
        path.unlink(missing_ok=True)
        total -= size
        removed += 1
    for left in folder.glob(".*.json.*"):  # half a file of a process that was killed
        _remove_old(left)
    return removed


def _remove_old(path: Path) -> None:
    try:
        if time.time() - path.stat().st_mtime > 3600:
            path.unlink()
    except FileNotFoundError:
        return
