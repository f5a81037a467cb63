"""Who runs what a panel starts: a thread each, so that neither kernel nor page waits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Worker(Protocol):
    """Runs the work of a panel; tests give one that runs it on the spot."""

    def start(self, work: Callable[[], None]) -> None:
        """Run it in the background."""

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Run it after a pause; what was asked for later before and has not run yet is dropped."""

    def repeat(self, seconds: float, work: Callable[[], bool]) -> None:
        """Run it again and again, that many seconds apart, until it answers False."""

    def close(self) -> None:
        """End what waits; what runs ends by itself."""


class Threads:
    """One daemon thread for each piece of work: none outlives the kernel."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._timer: threading.Timer | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Run it in a thread of its own."""
        threading.Thread(target=work, name="jupyter-lifecycle-panel", daemon=True).start()

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Run it after a pause, unless something else is asked for before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, work)
        self._timer.daemon = True
        self._timer.start()

    def repeat(self, seconds: float, work: Callable[[], bool]) -> None:
        """Run it at once and then every so many seconds."""

        def rounds() -> None:
            while not self._closed.is_set() and work():
                self._closed.wait(seconds)

        self.start(rounds)

    def close(self) -> None:
        """Stop the timer and the rounds."""
        self._closed.set()
        if self._timer is not None:
            self._timer.cancel()
