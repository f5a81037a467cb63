"""Any feature graph as something to look at: no session computes it, so nothing is live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jupyter_lifecycle.errors import GraphError, did_you_mean
from jupyter_lifecycle.widgets.wire import GraphView, Inspection, NodeState, Parent, StatesView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jupyter_lifecycle.graph import FeatureGraph
    from jupyter_lifecycle.widgets.wire import Action

    Kind = Literal["feature", "input", "unbound"]


def graph_view(graph: FeatureGraph, version: int = 1) -> GraphView:
    """Describe a graph as the explorer draws it, grouped by where features were defined.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph.
    version : int
        Another one for each graph that one explorer shows in turn.
    """
    inputs = graph.inputs
    names = [*inputs, *graph.features]
    index = {name: position for position, name in enumerate(names)}
    titles: dict[tuple[str, str], int] = {}
    group = [-1] * len(inputs)
    for feature in graph.features.values():
        origin = feature.origin
        title = (origin.title or origin.label, origin.label if origin.title else "")
        group.append(titles.setdefault(title, len(titles)))
    edges = [
        end
        for name in graph.features
        for parent in graph.parents(name)
        if parent in index
        for end in (index[parent], index[name])
    ]
    return GraphView(
        version=version,
        names=names,
        kinds=[*_kinds("input", len(inputs)), *_kinds("feature", len(graph))],
        groups=[title for title, _ in titles],
        group_notes=[note for _, note in titles],
        group=group,
        edges=edges,
        docs=[""] * len(inputs) + [first_line(f.doc) for f in graph.features.values()],
        live=False,
        tags=tags_of(graph, index),
    )


def tags_of(graph: FeatureGraph, index: Mapping[str, int]) -> list[tuple[str, str, list[int]]]:
    """Collect the tags with the nodes that have them, by key and then by value."""
    found: dict[tuple[str, str], list[int]] = {}
    for name, feature in graph.features.items():
        for key, value in feature.tags.items():
            found.setdefault((key, str(value)), []).append(index[name])
    return [(key, value, nodes) for (key, value), nodes in sorted(found.items())]


def _kinds(kind: Kind, times: int) -> list[Kind]:
    return [kind] * times


def first_line(doc: str) -> str:
    """Find the first line of a docstring that says something."""
    return next((line.strip() for line in doc.splitlines() if line.strip()), "")


class GraphSource:
    """An :class:`~jupyter_lifecycle.widgets.explorer.ExplorerSource` of a graph outside a session.

    Parameters
    ----------
    graph : FeatureGraph
        What is shown; a graph is immutable, so the picture never changes.
    """

    def __init__(self, graph: FeatureGraph) -> None:
        self._graph = graph
        self._view = graph_view(graph)

    def graph_view(self) -> GraphView:
        """Give the structure."""
        return self._view

    def states_view(self) -> StatesView:
        """Give all nodes, none of them computed."""
        nodes = [
            NodeState(position, "input" if kind == "input" else "new", "", "", *[None] * 5)
            for position, kind in enumerate(self._view.kinds)
        ]
        return StatesView(self._view.version, nodes, "", 0, 0, "")

    def inspect(self, name: str) -> Inspection:
        """Tell what the graph knows of one node.

        Raises
        ------
        GraphError
            For a name that it does not have.
        """
        feature = self._graph.features.get(name)
        if feature is None and name not in self._graph.inputs:
            near = did_you_mean(name, self._view.names)
            raise GraphError(f"No feature or input {name} in this graph.{near}")
        return Inspection(
            name=name,
            state="new" if feature else "input",
            kind="feature" if feature else "input",
            doc=feature.doc if feature else "",
            source=feature.source if feature else "",
            origin=feature.origin.label if feature else "",
            dtype="",
            facts=[],
            histogram=[],
            categories=[],
            head=[],
            why=[],
            error="",
            tags=sorted(feature.tags.items()) if feature else [],
            parents=self._family(self._graph.parents(name) if feature else ()),
            children=self._family(self._graph.children(name)),
        )

    def _family(self, names: Iterable[str]) -> list[Parent]:
        known = self._graph.features
        return [Parent(name, "new" if name in known else "input") for name in names]

    def act(self, action: Action, names: Sequence[str]) -> None:
        """Refuse: there is no session that could compute.

        Raises
        ------
        GraphError
            Always.
        """
        raise GraphError(
            f"{action} needs a session, and this graph ({', '.join(names[:3])}) is only looked at. "
            "Load the extension with %load_ext jupyter_lifecycle and define the features there."
        )

    def subscribe(
        self, listener: Callable[[Literal["graph", "states"], list[str]], None]
    ) -> Callable[[], None]:
        """Take a listener that is never called: nothing changes."""
        del listener
        return lambda: None
