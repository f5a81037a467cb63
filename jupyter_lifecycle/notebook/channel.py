"""The lab extension's way to the session: badges and progress out, the notebook's cells in."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.notebook.badges import cells_view
from jupyter_lifecycle.widgets.explorer_answers import failure_line
from jupyter_lifecycle.widgets.wire import CellPlace, CellsReply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.notebook.session import Session
    from jupyter_lifecycle.widgets.wire import CellView

TARGET = "jupyter_lifecycle.cells"
"""Name under which the lab extension opens its connection."""
INTERVAL = 0.1
"""Least seconds between two messages: at most ten changes of text a second."""
_ACTIONS = frozenset({"run", "invalidate", "drop"})


class CellsChannel:
    """Connections of the lab extension: one for each notebook that shows this kernel.

    Parameters
    ----------
    session : Session
        Whose cells they show.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._links: dict[str, _Link] = {}

    def attach(self) -> None:
        """Let the lab extension open connections."""
        _manager().register_target(TARGET, self._opened)

    def detach(self) -> None:
        """End all connections and take no more."""
        _manager().unregister_target(TARGET, self._opened)
        for link in tuple(self._links.values()):
            link.close()
        self._links.clear()

    def _opened(self, comm: Any, message: Mapping[str, Any]) -> None:
        link = _Link(self._session, comm, lambda: self._links.pop(comm.comm_id, None))
        self._links[comm.comm_id] = link
        link.hear(message)


class _Link:
    """One connection; says what changed, at most ten times a second, from any thread."""

    def __init__(self, session: Session, comm: Any, ended: Callable[[], object]) -> None:
        self._session = session
        self._comm = comm
        self._ended = ended
        self._lock = threading.RLock()
        self._known: dict[str, CellView] = {}
        self._last: dict[str, Any] = {}
        self._timer: threading.Timer | None = None
        self._took = 0.0
        self._notebook = ""
        self._closed = False
        comm.on_msg(self.hear)
        comm.on_close(lambda _message: self._end())
        self._unsubscribe = session.subscribe(lambda _kind, _names: self._changed())

    def close(self) -> None:
        """End it from the kernel's side."""
        self._end()
        self._comm.close()

    def _end(self) -> None:
        self._unsubscribe()
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
        self._ended()

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take a message of the lab extension."""
        data = message.get("content", {}).get("data", {})
        if data.get("type") == "cells":
            self._take_cells(data)
            self._flush()
        elif data.get("type") == "act":
            self._act(data)

    def _take_cells(self, data: Mapping[str, Any]) -> None:
        cells = [CellPlace(str(cell["id"]), str(cell["title"])) for cell in data["cells"]]
        was, self._notebook = self._notebook, str(data["notebook"])
        self._session.arrange(self._notebook, cells, was=was)

    def _act(self, data: Mapping[str, Any]) -> None:
        error = ""
        try:
            if data["action"] == "recompute":
                _, states, _ = self._session.cells()
                stale = [one for one, now in states.items() if now == "stale"]
                if stale:
                    self._session.act("run", stale)
            elif data["action"] in _ACTIONS:
                self._session.act(data["action"], [str(name) for name in data["names"]])
        except Exception as failure:  # noqa: BLE001 - answered: the extension shows it
            error = failure_line(failure)
        reply = CellsReply(int(data["id"]), error)
        self._comm.send({"type": "reply", "reply": asdict(reply)})

    def _changed(self) -> None:
        with self._lock:
            if self._timer is not None or self._closed:
                return
            # A large notebook is told of less often: a fifth of one core at most.
            pause = max(INTERVAL, 4 * self._took)
            self._timer = threading.Timer(pause, self._flush)
            self._timer.daemon = True
            self._timer.start()

    def _flush(self) -> None:
        with self._lock:
            self._timer = None
            if self._closed:
                return
            start = time.perf_counter()
            views, states, events = self._session.cells()
            view = asdict(cells_view(views, self._known, states, events))
            self._known = views
            self._took = time.perf_counter() - start
            if view != self._last:
                self._last = {**view, "cells": [], "gone": []}
                self._comm.send({"type": "cells", "cells": view})


def _manager() -> Any:
    from comm import get_comm_manager

    return get_comm_manager()
