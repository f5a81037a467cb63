"""What the badge of each cell says: the worst state of the features it defines or computes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_lifecycle.notebook.progress import is_hit
from jupyter_lifecycle.widgets.wire import CellsView, CellView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.graph import FeatureGraph
    from jupyter_lifecycle.materialise import NodeEvent, NodeReport
    from jupyter_lifecycle.widgets.wire import State

WORST: tuple[State, ...] = ("error", "running", "queued", "stale", "new", "fresh", "cached")
_CELL = "cell:"


def states_now(
    graph: FeatureGraph, reports: Mapping[str, NodeReport], events: Mapping[str, NodeEvent]
) -> dict[str, State]:
    """Return each feature's state: what the running computation says, else the last report."""
    states: dict[str, State] = dict.fromkeys(graph.features, "new")
    states |= {name: report.state for name, report in reports.items() if name in states}
    states |= {name: event.state for name, event in events.items() if name in states}
    return states


def cell_views(
    graph: FeatureGraph,
    computed: Mapping[str, tuple[str, ...]],
    states: Mapping[str, State],
    computing: str | None = None,
) -> dict[str, CellView]:
    """Return what each cell of the notebook defines or computes, by the cell's id.

    Parameters
    ----------
    graph : FeatureGraph
        As it stands.
    computed : mapping of str to tuple of str
        What each cell computed last.
    states : mapping of str to State
        Of every feature.
    computing : str, optional
        The cell whose computation runs now: what its features need may run first.
    """
    defined: dict[str, dict[str, int]] = {}
    for name, feature in graph.features.items():
        if feature.origin.key.startswith(_CELL):
            lines = defined.setdefault(feature.origin.key.removeprefix(_CELL), {})
            lines[name] = feature.origin.line
    views = {}
    for cell in dict.fromkeys([*defined, *computed]):
        own = defined.get(cell, {})
        names = dict.fromkeys([*own, *(one for one in computed.get(cell, ()) if one in states)])
        if names:
            views[cell] = _view(cell, own, tuple(names), states)
    if computing in views:
        views[computing] = replace(views[computing], state="running")
    return views


def _view(
    cell: str, own: Mapping[str, int], names: tuple[str, ...], states: Mapping[str, State]
) -> CellView:
    counted = Counter(states[name] for name in names)
    counts = [(state, counted[state]) for state in WORST if counted[state]]
    return CellView(
        id=cell,
        role="defines" if own else "computes",
        state=counts[0][0],
        counts=counts,
        worst=next(name for name in names if states[name] == counts[0][0]),
        names=list(names),
        lines=[own.get(name, 0) for name in names],
    )


def cells_view(
    views: Mapping[str, CellView],
    known: Mapping[str, CellView],
    states: Mapping[str, State],
    events: Mapping[str, NodeEvent],
) -> CellsView:
    """Return what changed since a view knew ``known``, and what the status bar says.

    Parameters
    ----------
    views, known : mapping of str to CellView
        Now and before, by the cell's id.
    states : mapping of str to State
        Of every feature.
    events : mapping of str to NodeEvent
        What the running computation said.
    """
    moving = Counter(event.state for event in events.values() if not is_hit(event))
    running = [name for name, event in events.items() if event.state == "running"]
    waiting = moving["queued"] + moving["running"]
    counted = Counter(states.values())
    return CellsView(
        cells=[view for cell, view in views.items() if known.get(cell) != view],
        gone=[cell for cell in known if cell not in views],
        stale=counted["stale"],
        failed=counted["error"],
        done=moving["fresh"] if waiting else 0,
        total=moving["fresh"] + waiting if waiting else 0,
        running=running[-1] if running else "",
    )
