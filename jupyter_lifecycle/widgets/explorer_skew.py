"""The features of an envelope coloured by skew: what moved, what is quiet, where it began."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_lifecycle.monitoring.sentences import sentence_of
from jupyter_lifecycle.widgets.explorer_diff import DiffSource, version_of
from jupyter_lifecycle.widgets.wire import NodeState, Parent, StatesView
from jupyter_lifecycle.widgets.words import number

if TYPE_CHECKING:
    from jupyter_lifecycle.graph import FeatureGraph
    from jupyter_lifecycle.monitoring import FeatureSkew, SkewReport
    from jupyter_lifecycle.widgets.explorer_diff import HasFeatures
    from jupyter_lifecycle.widgets.wire import GraphView, Inspection, State

_STATES: dict[str, State] = {
    "moved": "stale",
    "small": "cached",
    "noise": "cached",
    "few": "queued",
    "none": "new",
}
_BARS = 24


class SkewSource(DiffSource):
    """An :class:`~jupyter_lifecycle.widgets.explorer.ExplorerSource` of a graph and a report.

    Parameters
    ----------
    graph : FeatureGraph or envelope
        Whose features are drawn.
    report : SkewReport
        What is known of columns by their names.
    title : str
        What is compared, such as ``departure-delay, last day``.
    """

    def __init__(
        self, graph: FeatureGraph | HasFeatures, report: SkewReport, title: str = ""
    ) -> None:
        version = version_of(graph)
        super().__init__(version, version)
        self._report = report
        self._began = {one.name for one in report.origins}
        names = self._view.names
        self._view = replace(
            self._view,
            skew=title or "skew",
            began=[place for place, name in enumerate(names) if name in self._began],
        )

    def graph_view(self) -> GraphView:
        """Give the structure, with where it began."""
        return self._view

    def states_view(self) -> StatesView:
        """Give verdicts as states, effects as second lines."""
        nodes = [
            NodeState(place, self._state(name), self._note(name), "", *[None] * 5)
            for place, name in enumerate(self._view.names)
        ]
        return StatesView(1, nodes, "", 0, 0, self._message())

    def _skew(self, name: str) -> FeatureSkew | None:
        return next((one for one in self._report.features if one.name == name), None)

    def _state(self, name: str) -> State:
        one = self._skew(name)
        if one is None or one.verdict == "none":
            return "new" if name in self._entries else "input"
        return _STATES[one.verdict]

    def _note(self, name: str) -> str:
        one = self._skew(name)
        if one is None:
            return "not counted"
        if one.verdict in ("few", "none"):
            return one.words
        said = f"{one.bits:.2g} bit"
        if name in self._began:
            return f"{said}, began here"
        return f"{said}, {one.words}" if one.verdict in ("moved", "small") else said

    def _message(self) -> str:
        if not self._report.origins:
            return self._report.sentence
        return " ".join(one.sentence for one in self._report.origins[:2])

    def inspect(self, name: str) -> Inspection:
        """Tell how a column moved, and what it follows from.

        Raises
        ------
        GraphError
            For a name that the graph does not have.
        """
        found = super().inspect(name)
        one = self._skew(name)
        ways = [way.sentence for way in self._report.origins if name in (*way.chain, *way.moved)]
        said = [*ways, sentence_of(one)] if one is not None else ways
        return replace(
            found,
            state=self._state(name),
            facts=_facts(one),
            histogram=_bars(one),
            why=["\n".join(said)] if said else [],
            parents=[Parent(each.name, self._state(each.name)) for each in found.parents],
            children=[Parent(each.name, self._state(each.name)) for each in found.children],
        )


def _facts(one: FeatureSkew | None) -> list[tuple[str, str]]:
    if one is None or one.verdict in ("few", "none"):
        return []
    return [
        ("effect, bit", f"{one.bits:.2g}"),
        ("95 % interval", f"{one.low:.2g} to {one.high:.2g}"),
        ("noise floor", f"{one.floor:.2g}"),
        ("limit", f"{one.limit:g}"),
        ("rows", number(one.observed.rows)),
    ]


def _bars(one: FeatureSkew | None) -> list[float]:
    """Give what was observed as heights of bars, by the bins that were frozen at save."""
    if one is None or not any(one.observed.counts) or len(one.observed.counts) > _BARS:
        return []
    top = max(one.observed.counts)
    return [count / top for count in one.observed.counts]
