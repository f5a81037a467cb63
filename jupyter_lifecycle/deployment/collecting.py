"""Fetches the windows that services wrote and sends them to the registry, until it has them."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jupyter_lifecycle.deployment.service.windows import WindowFile, read_window, window_files
from jupyter_lifecycle.errors import InvalidValueError
from jupyter_lifecycle.registry.observations import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_lifecycle.registry import Registry

LOG = logging.getLogger("jupyter_lifecycle.deployer")
_TORN_SECONDS = 3600.0


class Collector:
    """Sends what changed since the last time; a window that is over and sent is removed.

    It may be killed at any moment: what it sent without removing it is sent again and counts once.

    Parameters
    ----------
    registry : Registry
        Where windows go.
    folder : pathlib.Path
        Has a folder for each endpoint, and in it one for each envelope.
    clock : callable
        Unix time.
    """

    def __init__(
        self, registry: Registry, folder: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._registry = registry
        self._folder = folder
        self._clock = clock
        self._sent: dict[Path, tuple[int, int]] = {}

    def collect(self) -> frozenset[str]:
        """Send what is new.

        Returns
        -------
        frozenset of str
            Endpoints with a window that is over now.

        Raises
        ------
        RegistryError
            Where the registry does not take it; it is sent again the next time.
        """
        over: set[str] = set()
        seen: dict[Path, tuple[int, int]] = {}
        for folder in sorted(self._folder.glob("*/*")):
            for path in window_files(folder):
                mark = _mark(path)
                if mark is None:
                    continue
                window = self._collect(path, mark)
                if window is not None and self._is_over(window, mark):
                    path.unlink(missing_ok=True)
                    over.add(window.endpoint)
                else:
                    seen[path] = mark
        self._sent = {path: mark for path, mark in seen.items() if self._sent.get(path) == mark}
        return frozenset(over)

    def _collect(self, path: Path, mark: tuple[int, int]) -> WindowFile | None:
        """Send a file where it changed; gives what is in it where that is known to be sent."""
        window = read_window(path)
        if window is None:
            if self._clock() - mark[1] / 1e9 > _TORN_SECONDS:
                LOG.warning("%s is no window that can be read; it was removed", path)
                path.unlink(missing_ok=True)
            return None
        if self._sent.get(path) != mark:
            try:
                self._registry.add_windows(records_of(window))
            except InvalidValueError as problem:
                LOG.warning("%s was refused and removed: %s", path, problem)
                path.unlink(missing_ok=True)
                return None
            self._sent[path] = mark
        return window

    def _is_over(self, window: WindowFile, mark: tuple[int, int]) -> bool:
        # By its own begin, or by the time of the file where a clock had jumped ahead.
        now = self._clock()
        return window.is_over(now) or now - mark[1] / 1e9 > 2 * window.seconds + 60


def records_of(window: WindowFile) -> list[Window]:
    """Give a window's sides as the registry takes them."""
    start = datetime.fromtimestamp(window.start, UTC)
    return [
        Window(
            endpoint=window.endpoint,
            envelope=window.envelope,
            side=side,
            start=start,
            seconds=window.seconds,
            run=window.run,
            flush=window.flush,
            rows=counted["rows"],
            profile=counted["profile"],
        )
        for side, counted in window.sides.items()
    ]


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:  # somebody else fetched it
        return None
    return found.st_ino, found.st_mtime_ns
