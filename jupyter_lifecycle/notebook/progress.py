"""What a computation in this session does right now; follows its events, draws nothing."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from jupyter_lifecycle.widgets.outcomes import Progress, progress_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from jupyter_lifecycle.materialise import NodeEvent
    from jupyter_lifecycle.widgets.cards import View

QUIET_SECONDS = 0.2
"""What is faster shows no progress."""
UPDATE_SECONDS = 0.1
"""At most ten updates a second."""
TICK_SECONDS = 1.0
"""Elapsed seconds go on while one feature runs."""


class Tracker:
    """Counts the events of one computation; safe to call from its worker threads.

    Parameters
    ----------
    expected : mapping of str to float, optional
        Seconds that features took last time.
    """

    def __init__(self, expected: Mapping[str, float] | None = None) -> None:
        self._expected = expected or {}
        self._since: dict[str, float] = {}
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._running: dict[str, None] = {}
        self.done: list[str] = []
        self.cached: list[str] = []
        self.changed = threading.Event()
        self._started = time.perf_counter()

    def __call__(self, event: NodeEvent) -> None:
        """Take one event."""
        with self._lock:
            self._take(event)
        self.changed.set()

    def _take(self, event: NodeEvent) -> None:
        name = event.name
        if event.state == "queued":
            self._waiting.add(name)
            return
        if event.state == "running":
            self._waiting.add(name)
            self._running[name] = None
            self._since[name] = time.perf_counter()
            return
        self._running.pop(name, None)
        if event.state == "fresh" and not is_hit(event):
            self._waiting.discard(name)
            self.done.append(name)
        elif event.state == "cached" or is_hit(event):
            self._waiting.discard(name)
            self.cached.append(name)

    @property
    def seconds(self) -> float:
        """Seconds since the computation began."""
        return time.perf_counter() - self._started

    @property
    def total(self) -> int:
        """Features that this computation runs, done or not."""
        with self._lock:
            return len(self.done) + len(self._waiting)

    @property
    def waiting(self) -> frozenset[str]:
        """Features that have not finished."""
        with self._lock:
            return frozenset(self._waiting)

    @property
    def running(self) -> tuple[str, ...]:
        """Features that run now."""
        with self._lock:
            return tuple(self._running)

    def progress(self) -> Progress:
        """Return the computation as it stands."""
        return Progress(
            len(self.done), self.total, len(self.cached), self.running, self.seconds, self.left
        )

    @property
    def left(self) -> float | None:
        """Seconds left by what took how long last time; None where a feature never ran."""
        now = time.perf_counter()
        with self._lock:
            if not self._waiting or not self._waiting <= self._expected.keys():
                return None
            spent = {name: now - self._since[name] for name in self._running}
            return sum(max(self._expected[n] - spent.get(n, 0.0), 0.0) for n in self._waiting)


def is_hit(event: NodeEvent) -> bool:
    """Whether a column was found and not computed: it may be fresh all the same."""
    return event.report is not None and bool(event.report.hit)


class Ticker:
    """Draws a tracker's progress from a thread of its own while a computation runs.

    Parameters
    ----------
    tracker : Tracker
        What is drawn.
    show : callable
        Takes the picture; each replaces the one before.
    """

    def __init__(self, tracker: Tracker, show: Callable[[View], None]) -> None:
        self._tracker = tracker
        self._show = show
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="jupyter-lifecycle-progress")

    def __enter__(self) -> Self:
        self._thread.daemon = True
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._tracker.changed.set()
        self._thread.join()

    def _draw(self) -> None:
        if self._stop.wait(QUIET_SECONDS):
            return
        while not self._stop.is_set():
            self._tracker.changed.clear()
            self._show(progress_line(self._tracker.progress()))
            if self._stop.wait(UPDATE_SECONDS):
                return
            self._tracker.changed.wait(TICK_SECONDS - UPDATE_SECONDS)


def listen(listeners: Iterable[Callable[[NodeEvent], None]]) -> Callable[[NodeEvent], None]:
    """One listener that tells all of these, in order."""
    every = tuple(listeners)

    def tell(event: NodeEvent) -> None:
        for one in every:
            one(event)

    return tell
