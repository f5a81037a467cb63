"""Captured requests: what was asked and answered, one JSON object a line.

A record is one ``write`` to a file opened for appending, so a killed service can tear at most
the last line, which :func:`read_capture` passes over. Two files take turns: the space is bounded.
"""

from __future__ import annotations

import json
import os
import random
import time
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CURRENT, _BEFORE = "requests.jsonl", "requests.before.jsonl"


class Capture:
    """Appends a sample of the requests to a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Made where it does not exist, for its owner only.
    share : float
        Share of the requests that are written, 0 to 1.
    max_bytes : int
        Most bytes of both files together; a record larger than half of it is not written.
    """

    def __init__(self, folder: Path, *, share: float = 1.0, max_bytes: int) -> None:
        self._folder = folder
        self._share = share
        self._half = max_bytes // 2
        self._lock = Lock()
        self._file = -1
        self._size = 0

    def add(self, request: str, envelope: str, body: bytes, answer: bytes) -> None:
        """Write one request; both bodies are valid JSON, which goes in as it came."""
        if self._share < 1.0 and random.random() >= self._share:  # noqa: S311 - a sample, no secret
            return
        head = json.dumps({"at": round(time.time(), 3), "request": request, "envelope": envelope})
        line = b'%s,"input":%s,"output":%s}\n' % (head[:-1].encode(), _flat(body), answer)
        if len(line) > self._half:
            return
        with self._lock:
            if self._file < 0:
                self._open()
            if self._size + len(line) > self._half:
                self._turn()
            self._size += os.write(self._file, line)

    def close(self) -> None:
        """Close the file; what was added stays."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / _CURRENT
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600)
        self._size = os.fstat(self._file).st_size
        if self._size and os.pread(self._file, 1, self._size - 1) != b"\n":
            self._size += os.write(self._file, b"\n")  # ends the line that a killed service tore

    def _turn(self) -> None:
        os.close(self._file)
        (self._folder / _CURRENT).replace(self._folder / _BEFORE)
        self._open()


def _flat(body: bytes) -> bytes:
    # Between the tokens of valid JSON a line break is white space; inside a string it cannot stand.
    return body.replace(b"\n", b" ").replace(b"\r", b" ")


def read_capture(folder: Path) -> Iterator[dict[str, Any]]:
    """Give the captured requests of a folder, oldest first.

    Parameters
    ----------
    folder : pathlib.Path
        What a :class:`Capture` writes to; one that does not exist has no requests.

    Yields
    ------
    dict
        ``at`` (Unix seconds), ``request``, ``envelope``, ``input``, ``output``;
        torn lines are left out.
    """
    for name in (_BEFORE, _CURRENT):
        path = folder / name
        if not path.exists():
            continue
        with path.open("rb") as lines:
            for line in lines:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                yield record
