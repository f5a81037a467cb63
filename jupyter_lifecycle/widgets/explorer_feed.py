"""What goes from a session to the explorer's views: the graph once a version, then what changed.

Changes are coalesced: ten thousand of them in a second cost thirty messages.
"""

from __future__ import annotations

import threading
import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets.wire import GraphView, NodeState, StatesView

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.widgets.explorer import ExplorerSource

INTERVAL = 1 / 30
"""Least seconds between two messages."""

_NODE_FIELDS = tuple(field.name for field in fields(NodeState))


def graph_message(view: GraphView) -> dict[str, Any]:
    """Make the message of a graph; its lists are not copied."""
    return {
        "type": "graph",
        "graph": {field.name: getattr(view, field.name) for field in fields(view)},
    }


def states_message(view: StatesView) -> dict[str, Any]:
    """Make the message of a change of states: each node a row in the order of its fields."""
    states = {field.name: getattr(view, field.name) for field in fields(view)}
    states["nodes"] = [[getattr(node, name) for name in _NODE_FIELDS] for node in view.nodes]
    return {"type": "states", "states": states}


class Feed:
    """Sends a source's changes, from any thread, until it is closed.

    Nothing is read from the source before a view has asked for it with :meth:`greet`.

    Parameters
    ----------
    source : ExplorerSource
        What is shown.
    send : callable
        Takes one message; called under a lock, one message at a time.
    """

    def __init__(self, source: ExplorerSource, send: Callable[[dict[str, Any]], None]) -> None:
        self._source = source
        self._send = send
        self._sending = threading.RLock()
        self._wake = threading.Condition()
        self._changed = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._version: int | None = None
        self._known: dict[int, NodeState] = {}
        self._last: StatesView | None = None
        self._unsubscribe = source.subscribe(self._on_change)

    def greet(self) -> None:
        """Send everything: a view has come that knows nothing."""
        with self._sending:
            self._version = None
            self._flush()
        with self._wake:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._run, name="jupyter-lifecycle-explorer", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """End the thread and hear no more changes."""
        self._unsubscribe()
        with self._wake:
            self._closed = True
            self._wake.notify_all()

    def _on_change(self, _what: str, _names: list[str]) -> None:
        # What changed is found by comparing: the names may be of a graph that is gone again.
        with self._wake:
            self._changed = True
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not (self._changed or self._closed):
                    self._wake.wait()
                if self._closed:
                    return
                self._changed = False
            start = time.perf_counter()
            with self._sending:
                self._flush()
            took = time.perf_counter() - start
            with self._wake:
                # A large graph is told of less often: a fifth of one core at most.
                self._wake.wait_for(lambda: self._closed, max(INTERVAL - took, 4 * took))

    def _flush(self) -> None:
        view = self._source.graph_view()
        whole = view.version != self._version
        if whole:
            self._send(graph_message(view))
            self._version = view.version
            self._known = {}
        states = self._source.states_view()
        if states.version != self._version:
            return  # The graph changed in between; its own notice is on the way.
        changed = [node for node in states.nodes if self._known.get(node.index) != node]
        update = replace(states, nodes=changed)
        idle = replace(states, nodes=[])
        if not whole and not changed and idle == self._last:
            return
        self._known.update((node.index, node) for node in changed)
        self._last = idle
        self._send(states_message(update))
