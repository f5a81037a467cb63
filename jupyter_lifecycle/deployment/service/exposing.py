"""Who saw which arm of an experiment, written before it is shown, once a unit and experiment.

A line is one ``write`` to a file opened for appending, so a killed process loses nothing that it
answered and can tear at most its last line, which nobody saw. Who is in no more than memory is
passed over: of a unit that is written twice the registry keeps the first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 64 * 1024 * 1024
"""Of all files in a folder together; what is sent is removed."""
_LOOK_SECONDS = 5.0
_MOST_SEEN = 500_000
ENDING = ".jsonl"


class ExposureLog:
    """Appends to a file of its own in a folder; locked for as long as its process lives.

    Parameters
    ----------
    folder : pathlib.Path
        Made at the first exposure, for its owner only.
    most_bytes : int
        Of all files there together: above it nothing more is written until some was sent.
    """

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most = most_bytes
        self._lock = Lock()
        self._file = -1
        self._used = 0
        self._look_next = 0.0
        self._seen: set[tuple[str, str]] = set()
        self._before: set[tuple[str, str]] = set()

    def add(self, experiment: str, unit: str, arm: str) -> bool | None:
        """Write that a unit sees an arm.

        Returns
        -------
        bool or None
            Whether it was new here; None where it could not be written, so that it must not be
            shown.
        """
        key = (experiment, unit)
        if key in self._seen or key in self._before:
            return False
        at = time.time_ns() // 1000
        line = json.dumps([experiment, unit, arm, at], separators=(",", ":")).encode() + b"\n"
        with self._lock:
            if key in self._seen or key in self._before:
                return False
            if not self._write(line):
                return None
            if len(self._seen) >= _MOST_SEEN:  # two generations, so that memory is bounded
                self._before, self._seen = self._seen, set()
            self._seen.add(key)
        return True

    def close(self) -> None:
        """Close the file; whoever sends it may remove it then."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _write(self, line: bytes) -> bool:
        try:
            if self._file < 0:
                self._open()
            if self._used + len(line) > self._most and not self._has_room(len(line)):
                return False
            written = os.write(self._file, line)
        except OSError:
            return False
        self._used += written
        if written < len(line):  # the disk is full: what is torn is passed over
            with contextlib.suppress(OSError):
                self._used += os.write(self._file, b"\n")
            return False
        return True

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = secrets.token_hex(8)
        path = self._folder / f".{name}"  # under its name it is locked: who sends looks at that
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        path.rename(self._folder / f"{name}{ENDING}")
        self._used = self._in_folder()

    def _has_room(self, size: int) -> bool:
        if time.monotonic() < self._look_next:
            return False
        self._look_next = time.monotonic() + _LOOK_SECONDS
        self._used = self._in_folder()
        return self._used + size <= self._most

    def _in_folder(self) -> int:
        total = 0
        for path in self._folder.glob(f"*{ENDING}"):
            with contextlib.suppress(FileNotFoundError):  # sent and removed just now
                total += path.stat().st_size
        return total
