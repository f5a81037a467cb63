"""The session as the explorer sees it: structure, states and one node in detail; pure reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError, UnboundError, did_you_mean
from jupyter_lifecycle.notebook.placing import GONE
from jupyter_lifecycle.notebook.preview import facts_of, first_line
from jupyter_lifecycle.notebook.progress import is_hit
from jupyter_lifecycle.widgets.explorer_graph import tags_of
from jupyter_lifecycle.widgets.wire import GraphView, Inspection, NodeState, Parent, StatesView
from jupyter_lifecycle.widgets.words import duration, sentence, size

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from jupyter_lifecycle.graph import FeatureGraph, Origin
    from jupyter_lifecycle.materialise import Materialiser, NodeReport, Why
    from jupyter_lifecycle.notebook.live import LiveStates
    from jupyter_lifecycle.notebook.placing import Places
    from jupyter_lifecycle.widgets.wire import State

    Kind = Literal["feature", "input", "unbound"]

PROFILE_ROWS = 100_000
"""The inspector profiles at most this many rows, to answer at once."""


class Picture:
    """One reading of the session.

    Parameters
    ----------
    graph : FeatureGraph
        As it stands.
    given : mapping of str to any
        The inputs.
    live : LiveStates
        Reports and events.
    version : int
        Goes up with every change of the graph, the inputs or the cells' places.
    places : Places
        Where the cells stand in the notebook.
    """

    def __init__(
        self,
        graph: FeatureGraph,
        given: Mapping[str, Any],
        live: LiveStates,
        version: int,
        places: Places,
    ) -> None:
        self._places = places
        self._graph = graph
        self._given = given
        self._live = live
        self._version = version
        read = [name for name in graph.inputs if self._is_shown(name)]
        self._names = [*read, *graph.features]

    def _is_shown(self, name: str) -> bool:
        """Whether a parameter that no feature defines is a node: not where its default serves."""
        return name in self._given or name not in self._graph.optional_inputs

    def graph_view(self) -> GraphView:
        """Return the structure."""
        graph = self._graph
        index = {name: at for at, name in enumerate(self._names)}
        owners = self._owners()
        at = {key: index for index, key in enumerate(owners)}
        titles = [self._title(origin) for origin in owners.values()]
        group = [
            at[graph.features[name].origin.key] if name in graph.features else -1
            for name in self._names
        ]
        edges = [
            at
            for name in graph.features
            for parent in graph.parents(name)
            if parent in index
            for at in (index[parent], index[name])
        ]
        features = graph.features
        return GraphView(
            version=self._version,
            names=list(self._names),
            kinds=[self._kind(name) for name in self._names],
            groups=[title for title, _ in titles],
            group_notes=[note for _, note in titles],
            group=group,
            edges=edges,
            docs=[first_line(features[n].doc) if n in features else "" for n in self._names],
            cells=list(owners),
            tags=tags_of(graph, index),
        )

    def _owners(self) -> dict[str, Origin]:
        """Cells that own features, as they stand in the notebook, those not known there last."""
        found: dict[str, Origin] = {}
        for feature in self._graph.features.values():
            found.setdefault(feature.origin.key, feature.origin)
        order = {key: self._places.order(key) for key in found}
        return dict(sorted(found.items(), key=lambda one: _last_if_unknown(order[one[0]])))

    def _title(self, origin: Origin) -> tuple[str, str]:
        """Title and note of a cell's group: the heading and the cell, or the cell alone."""
        label = f"{origin.label}, {GONE}" if self._places.is_gone(origin.key) else origin.label
        title = self._places.title(origin.key) or origin.title
        return (title, label) if title else (label[:1].upper() + label[1:], "")

    def _kind(self, name: str) -> Kind:
        if name in self._graph.features:
            return "feature"
        if name in self._given or not self._given:
            return "input"
        return "unbound"

    def states_view(self) -> StatesView:
        """Every node's state."""
        reports, events = self._live.reports(), self._live.events()
        nodes = [
            self._node(at, name, reports.get(name), events) for at, name in enumerate(self._names)
        ]
        counted = [event.state for event in events.values() if not is_hit(event)]
        running = [name for name, event in events.items() if event.state == "running"]
        done = counted.count("fresh")
        return StatesView(
            version=self._version,
            nodes=nodes,
            running=running[-1] if running else "",
            done=done,
            total=done + counted.count("queued") + counted.count("running"),
            message=self._live.message,
        )

    def _node(
        self, index: int, name: str, report: NodeReport | None, events: Mapping[str, Any]
    ) -> NodeState:
        state = self._state(name, report, events)
        if report is None:
            note = "not given" if state == "unbound" else ""
            dtype, rows = self._given_facts(name)
            return NodeState(index, state, note, dtype, None, rows, None, None, None)
        note = report.error.partition("\n")[0] if state == "error" else report.note
        return NodeState(
            index, state, note, report.dtype, report.seconds, report.rows, report.nulls,
            report.bytes, report.hit,
        )  # fmt: skip

    def _given_facts(self, name: str) -> tuple[str, int | None]:
        if name not in self._given:
            return "", None
        value = self._given[name]
        rows = len(value) if getattr(value, "ndim", 0) else None
        return str(getattr(value, "dtype", type(value).__name__)), rows

    def _state(self, name: str, report: NodeReport | None, events: Mapping[str, Any]) -> State:
        kind = self._kind(name)
        if kind != "feature":
            return kind
        event = events.get(name)
        if event is not None:
            state: State = event.state
            return state
        return report.state if report is not None else "new"

    def inspect(self, name: str, materialiser: Materialiser) -> Inspection:
        """One node in detail.

        Raises
        ------
        UnboundError
            If there is no such node.
        """
        if name not in self._names:
            raise UnboundError(
                f"No feature or input {name}.{did_you_mean(name, self._names)}", name=name
            )
        graph, events = self._graph, self._live.events()
        reports = self._live.reports()
        report, feature = reports.get(name), graph.features.get(name)
        value, known = self._value(name, report, materialiser)
        why = materialiser.why(name) if feature is not None else None
        neighbours = {
            one: Parent(one, self._state(one, reports.get(one), events))
            for one in (*graph.parents(name), *graph.children(name))
            if one in self._names
        }
        return Inspection(
            name=name,
            state=self._state(name, report, events),
            kind=self._kind(name),
            doc=feature.doc if feature is not None else "",
            source=feature.source if feature is not None else "",
            origin=self._origin(feature.origin) if feature is not None else "",
            **_profiled(value, name, report) if known else _unprofiled(report),
            why=_why_lines(why) if why is not None else [],
            error=report.error if report is not None else "",
            tags=list(feature.tags.items()) if feature is not None else [],
            parents=[neighbours[one] for one in graph.parents(name) if one in neighbours],
            children=[neighbours[one] for one in graph.children(name) if one in neighbours],
        )

    def _origin(self, origin: Origin) -> str:
        title = self._places.title(origin.key) or origin.title
        place = f"{origin.label}, line {origin.line}"
        if self._places.is_gone(origin.key):
            place += f", {GONE}"
        return f"{title} · {place}" if title else place

    def _value(
        self, name: str, report: NodeReport | None, materialiser: Materialiser
    ) -> tuple[Any, bool]:
        if name in self._given and name not in self._graph.features:
            return self._given[name], True
        if report is None or report.state not in {"fresh", "cached"}:
            return None, False
        try:
            return materialiser.value(name), True
        except ComputeError:
            return None, False


def _last_if_unknown(place: int | None) -> tuple[bool, int]:
    return (place is None, place or 0)


def _why_lines(why: Why) -> list[str]:
    lines = [f"{step.feature}: {step.cause}" for step in why.steps]
    return lines or [sentence(why.summary)]


def _profiled(value: Any, name: str, report: NodeReport | None) -> dict[str, Any]:
    from jupyter_lifecycle.materialise import profile

    found = profile(value, name, limit=PROFILE_ROWS)
    return {
        "dtype": found.dtype,
        "facts": [*facts_of(found), *_cost(report)],
        "histogram": list(found.histogram),
        "categories": list(found.categories),
        "head": list(found.head),
    }


def _unprofiled(report: NodeReport | None) -> dict[str, Any]:
    dtype = report.dtype if report is not None else ""
    return {"dtype": dtype, "facts": _cost(report), "histogram": [], "categories": [], "head": []}


def _cost(report: NodeReport | None) -> list[tuple[str, str]]:
    facts = []
    if report is not None and report.bytes is not None:
        facts.append(("bytes", size(report.bytes)))
    if report is not None and report.seconds is not None:
        facts.append(("time", duration(report.seconds)))
    return facts
