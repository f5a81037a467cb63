"""The states of the session's features as views of the explorer see them, while they change."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.materialise import NodeEvent, NodeReport

    Kind = Literal["graph", "states"]
    Listener = Callable[[Kind, list[str]], None]


class LiveStates:
    """Remembers the last reports and what the running computation said since.

    The one place that workers, the kernel and views share; every access holds its lock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: dict[str, NodeReport] = {}
        self._now: dict[str, NodeEvent] = {}
        self._listeners: dict[int, Listener] = {}
        self._next = 0
        self.message = ""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell a view of every change until the answer is called."""
        with self._lock:
            token = self._next = self._next + 1
            self._listeners[token] = listener

        def leave() -> None:
            with self._lock:
                self._listeners.pop(token, None)

        return leave

    @property
    def watched(self) -> bool:
        """Whether any view listens."""
        return bool(self._listeners)

    def tell(self, kind: Kind, names: list[str]) -> None:
        """Tell all views."""
        with self._lock:
            listeners = tuple(self._listeners.values())
        for listener in listeners:
            listener(kind, names)

    def set_reports(self, reports: Mapping[str, NodeReport]) -> list[str]:
        """Take the reports after an edit or a computation; answer whose changed."""
        with self._lock:
            before, self._reports = self._reports, dict(reports)
            touched = set(self._now)
            self._now.clear()
        changed = [name for name, report in reports.items() if before.get(name) != report]
        return list(dict.fromkeys([*changed, *touched]))

    def take(self, event: NodeEvent) -> None:
        """Take one event of the running computation."""
        with self._lock:
            self._now[event.name] = event
        self.tell("states", [event.name])

    def reports(self) -> dict[str, NodeReport]:
        """Return the last reports, with those of the running computation over them."""
        with self._lock:
            merged = dict(self._reports)
            merged |= {
                name: event.report for name, event in self._now.items() if event.report is not None
            }
            return merged

    def events(self) -> dict[str, NodeEvent]:
        """Return the last event of each feature of the running computation."""
        with self._lock:
            return dict(self._now)
