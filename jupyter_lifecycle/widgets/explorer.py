"""The explorer: one widget a session, any number of views, live.

Python holds the session and answers questions; drawing, layout and search are the front end's.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from anywidget import AnyWidget
from traitlets import Unicode

from jupyter_lifecycle.widgets.bundle import built
from jupyter_lifecycle.widgets.explorer_feed import Feed
from jupyter_lifecycle.widgets.explorer_graph import GraphSource
from jupyter_lifecycle.widgets.svg import SVG_LIMIT, picture, plain
from jupyter_lifecycle.widgets.wire import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.graph import FeatureGraph
    from jupyter_lifecycle.widgets.wire import Action, GraphView, Inspection, StatesView


class ExplorerSource(Protocol):
    """What the explorer shows: the session of a notebook, or a graph alone.

    All methods but :meth:`act` may be called from a thread of the explorer's.
    """

    def graph_view(self) -> GraphView:
        """Give the structure; its version differs whenever the structure does."""
        ...

    def states_view(self) -> StatesView:
        """Give the states of all nodes."""
        ...

    def inspect(self, name: str) -> Inspection:
        """Tell all that is known of one node."""
        ...

    def act(self, action: Action, names: list[str]) -> None:
        """Do something with nodes; raises what the user should read."""
        ...

    def subscribe(
        self, listener: Callable[[Literal["graph", "states"], list[str]], None]
    ) -> Callable[[], None]:
        """Call a listener on each change, from any thread; answers what ends it."""
        ...


class Explorer(AnyWidget):
    """A live picture of a feature graph.

    Parameters
    ----------
    source : ExplorerSource
        What it shows. Several views of one explorer share what was sent.

    Attributes
    ----------
    selected : str
        The name of the chosen node, or an empty string.
    """

    _esm = Unicode().tag(sync=True)
    _css = Unicode().tag(sync=True)
    selected = Unicode().tag(sync=True)

    def __init__(self, source: ExplorerSource) -> None:
        super().__init__(_esm=built("explorer.js"), _css=built("explorer.css"))
        self._source = source
        self._feed = Feed(source, self.send)
        self.on_msg(self._on_message)

    def close(self) -> None:
        """End the views and hear the source no more."""
        if feed := getattr(self, "_feed", None):
            feed.close()
        super().close()

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, dict):
            return
        kind, names = content.get("type"), content.get("names")
        if kind == "hello":
            self._feed.greet()
        elif kind in {"inspect", "act"} and isinstance(names, list):
            reply = self._answer(kind, content.get("action"), [str(name) for name in names])
            self.send({"type": "reply", "reply": asdict(reply) | {"id": content.get("id")}})

    def _answer(self, kind: str, action: Any, names: list[str]) -> Reply:
        try:
            if kind == "inspect":
                return Reply(0, self._source.inspect(names[0]), "")
            self._source.act(action, names)
        except Exception as failure:  # noqa: BLE001 - it is answered: the view shows it where it was asked
            return Reply(0, None, failure_line(failure))
        return Reply(0, None, "")

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the widget, and for where there is no kernel a picture and text."""
        bundle = super()._repr_mimebundle_() or ({}, {})
        data, metadata = bundle
        graph, states = self._source.graph_view(), self._source.states_view()
        data["text/plain"] = plain(graph, states)
        if 0 < len(graph.names) <= SVG_LIMIT:
            now = datetime.now().astimezone()
            data["image/svg+xml"] = picture(graph, states, as_of=f"{now:%-d %B %H:%M}")
        return data, metadata


def failure_line(failure: BaseException) -> str:
    """Say a failure in one line: a message of ours as it is, any other with its class before it."""
    from jupyter_lifecycle.errors import LifecycleError

    if isinstance(failure, LifecycleError):
        return failure.message
    text = str(failure)
    return f"{type(failure).__name__}: {text}" if text else type(failure).__name__


def explore(graph: FeatureGraph) -> Explorer:
    """Show any feature graph: to look at, not to run.

    Parameters
    ----------
    graph : FeatureGraph
        Such as :meth:`FeatureGraph.from_modules` gives.

    Returns
    -------
    Explorer
        A widget; the last line of a cell shows it.
    """
    return Explorer(GraphSource(graph))
