"""The explorer: one widget a session, any number of views, live.

Python holds the session and answers questions; drawing, layout and search are the front end's.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, Protocol

from anywidget import AnyWidget
from traitlets import Unicode

from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.widgets.bundle import built
from jupyter_lifecycle.widgets.explorer_answers import answer
from jupyter_lifecycle.widgets.explorer_diff import compared
from jupyter_lifecycle.widgets.explorer_feed import Feed
from jupyter_lifecycle.widgets.explorer_graph import GraphSource
from jupyter_lifecycle.widgets.explorer_skew import SkewSource
from jupyter_lifecycle.widgets.exporting import now_words, write
from jupyter_lifecycle.widgets.selection import find, subset
from jupyter_lifecycle.widgets.svg import SVG_LIMIT, picture, plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from pathlib import Path

    from jupyter_lifecycle.monitoring import SkewReport
    from jupyter_lifecycle.widgets.explorer_diff import HasFeatures
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
    query : str
        What its views select when they open.

    Attributes
    ----------
    selected : str
        The name of the chosen node, or an empty string.
    """

    _esm = Unicode().tag(sync=True)
    _css = Unicode().tag(sync=True)
    selected = Unicode().tag(sync=True)
    query = Unicode().tag(sync=True)

    def __init__(self, source: ExplorerSource, query: str = "") -> None:
        if query:
            find(query, source.graph_view(), source.states_view())
        super().__init__(_esm=built("explorer.js"), _css=built("explorer.css"), query=query)
        self._source = source
        self._feed = Feed(source, self.send)
        self.on_msg(self._on_message)

    def close(self) -> None:
        """End the views and hear the source no more."""
        if feed := getattr(self, "_feed", None):
            feed.close()
        super().close()

    def find(self, query: str) -> tuple[str, ...]:
        """Give the names that a query means now.

        Parameters
        ----------
        query : str
            In the selection language, such as ``+expected_delay and slow>1s``.

        Raises
        ------
        SelectionError
            With the place in the query, and what was probably meant.
        """
        graph = self._source.graph_view()
        return tuple(graph.names[at] for at in find(query, graph, self._source.states_view()).nodes)

    def export(self, path: str | PathLike[str], query: str = "") -> Path:
        """Write the graph to a file, by its ending.

        Parameters
        ----------
        path : str or path
            ``.html``: one file that works offline, to look around in; ``.svg``: a picture;
            ``.dot``: for graphviz; ``.mmd`` or ``.md``: Mermaid.
        query : str
            Only these nodes; otherwise those of the explorer's own query, or all.

        Returns
        -------
        Path
            Of the file, whole.

        Raises
        ------
        LifecycleError
            For an ending that is none of these.
        SelectionError
            Where the query cannot be read or names what is not there.
        """
        return write(self._source, path, query or self.query)

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, dict):
            return
        if content.get("type") == "hello":
            self._feed.greet()
        elif (reply := answer(self._source, content)) is not None:
            self.send({"type": "reply", "reply": asdict(reply)})

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the widget, and for where there is no kernel a picture and text."""
        bundle = super()._repr_mimebundle_() or ({}, {})
        data, metadata = bundle
        graph, states = self._source.graph_view(), self._source.states_view()
        if self.query:
            graph, states = subset(graph, states, find(self.query, graph, states).nodes)
        data["text/plain"] = plain(graph, states)
        if 0 < len(graph.names) <= SVG_LIMIT:
            data["image/svg+xml"] = picture(graph, states, as_of=now_words())
        return data, metadata


def explore(
    graph: FeatureGraph | HasFeatures | str,
    query: str = "",
    *,
    against: FeatureGraph | HasFeatures | str | None = None,
    skew: SkewReport | None = None,
) -> Explorer:
    """Show the features of a graph or an envelope, or how two versions differ; nothing runs.

    Parameters
    ----------
    graph : FeatureGraph, Envelope or str
        Such as :meth:`FeatureGraph.from_modules` gives; a text is the id of an envelope, or its
        start.
    query : str
        What to select at first, such as ``+expected_delay``.
    against : FeatureGraph, Envelope or str, optional
        The version before: what was added, removed and changed since is marked. A graph is
        compared as its code is now; an envelope remembers the keys of what it named then.
    skew : SkewReport, optional
        Colours the features by it: what moved, what is quiet, and where it began.

    Returns
    -------
    Explorer
        A widget; the last line of a cell shows it.

    Raises
    ------
    GraphError
        For what has no features, and for an envelope that was saved without.
    NotFoundError
        There is no envelope of that id.
    SelectionError
        Where the query cannot be read or names what is not there.
    """
    now = _looked_up(graph)
    if skew is not None:
        return Explorer(SkewSource(now, skew), query)
    if isinstance(now, FeatureGraph) and against is None:
        return Explorer(GraphSource(now), query)
    return Explorer(compared(now, None if against is None else _looked_up(against)), query)


def _looked_up(what: FeatureGraph | HasFeatures | str) -> FeatureGraph | HasFeatures:
    if not isinstance(what, str):
        return what
    from jupyter_lifecycle.registry import Registry

    return Registry().get(what)
