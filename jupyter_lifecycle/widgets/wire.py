"""What crosses from the kernel to the explorer, as frozen values.

``scripts/wire_types.py`` writes ``labextension/src/wire.ts`` from these classes; a test holds the
two together. Node arrays are columnar: ten thousand nodes are a handful of lists, not ten thousand
objects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

State = Literal["fresh", "cached", "stale", "queued", "running", "error", "input", "unbound", "new"]
"""``new`` is a feature that was never computed and is in no cache: queued without dots."""

Action = Literal["inspect", "run", "invalidate", "drop", "select", "interrupt"]

Mark = Literal["", "added", "removed", "changed", "values"]
"""``values``: its code is the same, what it reads is not."""

ExportFormat = Literal["svg", "dot", "mermaid", "html"]


@dataclass(frozen=True, slots=True)
class GraphView:
    """The graph's structure: sent whole when the graph changes, never for a change of state."""

    version: int
    names: list[str]
    kinds: list[Literal["feature", "input", "unbound"]]
    groups: list[str]
    """Titles of the groups in notebook order, such as ``Rolling delays``."""
    group_notes: list[str]
    """Beside each title, such as ``cell 4``."""
    group: list[int]
    """For each node the index of its group, or -1."""
    edges: list[int]
    """Pairs of node indices, flat: parent, child, parent, child …"""
    docs: list[str]
    """First line of each docstring."""
    live: bool = True
    """Whether there is a session behind it that can run features; else it is only looked at."""
    cells: list[str] = field(default_factory=list)
    """For each group the id of its cell in the notebook; empty where there are no cells."""
    tags: list[tuple[str, str, list[int]]] = field(default_factory=list)
    """Key and value of each tag, with the nodes that have it."""
    marks: list[Mark] = field(default_factory=list)
    """For each node what differs between two versions; empty where there is one version."""
    mark_notes: list[str] = field(default_factory=list)
    """For each node how it differs: ``constant KNOTS changed``, ``removed from cell 3``."""
    versions: list[str] = field(default_factory=list)
    """What is compared, before and after: ``2c81e0f9b1``, ``this notebook``."""
    skew: str = ""
    """What the states say where they are verdicts: ``departure-delay, last day``; else empty."""
    began: list[int] = field(default_factory=list)
    """Nodes that moved though nothing that they read did."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """Live facts about one node; ``None`` where not known."""

    index: int
    state: State
    note: str
    """The node's second line: ``parent changed``, ``waits for hub_load``, the error's first."""
    dtype: str
    seconds: float | None
    rows: int | None
    nulls: int | None
    bytes: int | None
    hit: bool | None


@dataclass(frozen=True, slots=True)
class StatesView:
    """A change of states: all nodes at first, then only those that changed."""

    version: int
    """The :class:`GraphView` it belongs to."""
    nodes: list[NodeState]
    running: str
    """What runs, for the foot: ``origin_congestion``; empty when idle."""
    done: int
    total: int
    """Features recomputed so far and in this computation; 0 and 0 when idle."""
    message: str
    """The foot when idle: ``All 19 from cache, 6 ms.`` or the last failure."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A neighbour in the inspector."""

    name: str
    state: State


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that the inspector shows of one node, answered on demand."""

    name: str
    state: State
    kind: Literal["feature", "input", "unbound"]
    doc: str
    source: str
    origin: str
    dtype: str
    facts: list[tuple[str, str]]
    """Label and figure, ready to show: rows, null, min, max, median, distinct, bytes, time."""
    histogram: list[float]
    """Heights of up to 24 bars, 0 to 1; empty where it has none."""
    categories: list[tuple[str, float]]
    """The five largest categories with their share, for a column that is no number."""
    head: list[str]
    """First values, formatted."""
    why: list[str]
    """Why it recomputed or did not, one line a step, cause first."""
    error: str
    tags: list[tuple[str, str]]
    parents: list[Parent]
    children: list[Parent]


@dataclass(frozen=True, slots=True)
class Selected:
    """What a query means, or what is wrong with it."""

    query: str
    nodes: list[int]
    around: bool
    """It asks by the graph itself (``+x``): then only these are worth seeing."""
    error: str
    position: int
    """Where in the query the error is, and how long: in characters."""
    length: int
    suggestion: str
    """What was probably meant in its place; empty where nothing is near."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What may stand in the query from ``start`` to before ``end``."""

    start: int
    end: int
    options: list[tuple[str, str]]
    """What would stand there, and a few words about it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a view asks of the kernel."""

    type: Literal["hello", "inspect", "act", "select", "describe", "complete", "export"]
    """``hello`` asks for the graph and all states: sent by a view that has none. ``select``: which
    nodes ``text`` means; ``describe``: which query means ``names``; ``complete``: what may stand
    at the cursor ``at``; ``export``: the graph in the format ``text``, only ``names`` if given."""
    id: int
    """Comes back in the :class:`Reply`."""
    action: Action
    """What to do with the names; read where ``type`` is ``act``."""
    names: list[str]
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The kernel's answer to one :class:`Request`."""

    id: int
    inspection: Inspection | None
    error: str
    """What went wrong, ready to show; empty where nothing did."""
    selected: Selected | None = None
    completed: Completed | None = None
    text: str = ""
    """A described query, or an exported document."""


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell that defines or computes features, as its badge shows it."""

    id: str
    """``cellId`` of the notebook's cell."""
    role: Literal["defines", "computes"]
    state: State
    """The worst of its features'."""
    counts: list[tuple[State, int]]
    """How many of its features are in each state, the worst first."""
    worst: str
    """The first of its features that is in that state."""
    names: list[str]
    lines: list[int]
    """Line of each feature within the cell, from 1; 0 where it is only computed there."""


@dataclass(frozen=True, slots=True)
class CellsView:
    """What the lab extension shows of a session besides the explorer: badges and the status bar."""

    cells: list[CellView]
    """All at first, then only those that changed."""
    gone: list[str]
    """Cells that define and compute nothing any more."""
    stale: int
    failed: int
    done: int
    total: int
    """Features recomputed so far and in this computation; 0 and 0 when idle."""
    running: str


@dataclass(frozen=True, slots=True)
class CellPlace:
    """A code cell of the open notebook, in its order."""

    id: str
    title: str
    """The heading above it."""


@dataclass(frozen=True, slots=True)
class CellsRequest:
    """What the lab extension says to the kernel."""

    type: Literal["cells", "act"]
    notebook: str
    """Path of the notebook: several may use one kernel."""
    cells: list[CellPlace]
    """All code cells, where ``type`` is ``cells``."""
    id: int
    """Comes back in the :class:`CellsReply`, where ``type`` is ``act``."""
    action: Literal["run", "recompute", "invalidate", "drop"]
    """``recompute`` runs all that is stale; it needs no names."""
    names: list[str]


@dataclass(frozen=True, slots=True)
class CellsReply:
    """How an action ended."""

    id: int
    error: str
    """What went wrong, ready to show; empty where nothing did."""
