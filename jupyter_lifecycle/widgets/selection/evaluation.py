"""Which nodes a query means, by the graph and by what is known of each node now."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, get_args

from jupyter_lifecycle.errors import did_you_mean
from jupyter_lifecycle.graph.near import NearNames
from jupyter_lifecycle.widgets.selection.grammar import (
    Attribute,
    Combined,
    Hops,
    Measure,
    Name,
    Not,
    Span,
    fail,
    parse,
)
from jupyter_lifecycle.widgets.wire import Mark, State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from typing import NoReturn

    from jupyter_lifecycle.widgets.selection.grammar import Node
    from jupyter_lifecycle.widgets.wire import GraphView, NodeState, StatesView

STATUS = {**{state: state for state in get_args(State)}, "failed": "error", "waiting": "queued"}
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
_PATTERN = frozenset("*?[")
_COMPARED = 2000
"""Up to here a name is compared with each other one, letter by letter."""
_SHORT = {"f": "float", "i": "int", "u": "uint"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a query means.

    Attributes
    ----------
    nodes : tuple of int
        Indices in the graph's view: in order of the parts that stand side by side, and of the
        graph within each.
    around : bool
        Whether it asks by the graph itself (``+x``): then only these are worth seeing.
    """

    nodes: tuple[int, ...]
    around: bool


def find(query: str, graph: GraphView, states: StatesView) -> Found:
    """Find the nodes that a query means.

    Parameters
    ----------
    query : str
        See :mod:`jupyter_lifecycle.widgets.selection`.
    graph : GraphView
    states : StatesView
        Of that graph, of all nodes.

    Raises
    ------
    SelectionError
        Where the query cannot be read or names what is not there; ``detail`` has ``position``,
        ``length`` and ``suggestion``.
    """
    tree = parse(query)
    reading = _Reading(graph, {node.index: node for node in states.nodes})
    sides = tree.parts if isinstance(tree, Combined) and tree.operator == "or" else (tree,)
    found: dict[int, None] = {}
    for side in sides:
        found |= dict.fromkeys(sorted(reading.of(side)))
    return Found(tuple(found), any(map(_is_around, sides)))


def _is_around(node: Node) -> bool:
    if isinstance(node, Hops):
        return True
    parts = node.parts if isinstance(node, Combined) else ()
    return any(map(_is_around, parts))


class _Reading:
    def __init__(self, graph: GraphView, states: Mapping[int, NodeState]) -> None:
        self._graph = graph
        self._states = states
        self._index = {name: at for at, name in enumerate(graph.names)}
        self._sides: dict[str, list[list[int]]] = {}

    def of(self, node: Node) -> AbstractSet[int]:
        if isinstance(node, Name):
            return self._named(node)
        if isinstance(node, Attribute):
            return self._attributed(node)
        if isinstance(node, Measure):
            return self._measured(node)
        if isinstance(node, Not):
            return set(range(len(self._graph.names))) - self.of(node.inner)
        if isinstance(node, Hops):
            own = self.of(node.inner)
            return own | self._reach(own, "up", node.up) | self._reach(own, "down", node.down)
        sets = [self.of(part) for part in node.parts]
        return set.intersection(*map(set, sets)) if node.operator == "and" else set().union(*sets)

    def _neighbours(self, side: str) -> list[list[int]]:
        if side not in self._sides:
            found: list[list[int]] = [[] for _ in self._graph.names]
            edges = self._graph.edges
            for parent, child in zip(edges[::2], edges[1::2], strict=True):
                if side == "up":
                    found[child].append(parent)
                else:
                    found[parent].append(child)
            self._sides[side] = found
        return self._sides[side]

    def _reach(self, start: AbstractSet[int], side: str, hops: int | None) -> set[int]:
        if hops == 0:
            return set()
        neighbours = self._neighbours(side)
        found: set[int] = set()
        edge, left = set(start), hops
        while edge and (left is None or left > 0):
            edge = {other for node in edge for other in neighbours[node]} - found - start
            found |= edge
            left = None if left is None else left - 1
        return found

    def _named(self, node: Name) -> AbstractSet[int]:
        at = self._index.get(node.pattern)
        if at is not None:
            return {at}
        if not node.exact and _PATTERN & set(node.pattern):
            found = self._matching(self._graph.names, node.pattern)
            return found or _nothing(f"No feature or input is called like {node.pattern}.", node.at)
        near = _near(node.pattern, self._graph.names)
        message = f"No feature or input {node.pattern} (character {node.at.start + 1}).{near}"
        return _nothing(message, node.at, near)

    @staticmethod
    def _matching(texts: Iterable[str], pattern: str) -> set[int]:
        return {at for at, text in enumerate(texts) if fnmatchcase(text, pattern)}

    def _attributed(self, node: Attribute) -> AbstractSet[int]:
        by: Mapping[str, Callable[[Attribute], AbstractSet[int]]] = {
            "tag": self._tagged,
            "cell": self._in_cell,
            "status": self._in_state,
            "type": self._of_type,
            "prefix": self._prefixed,
            "kind": self._of_kind,
            "diff": self._differing,
        }
        return by[node.field](node)

    def _tagged(self, node: Attribute) -> AbstractSet[int]:
        found: set[int] = set()
        for key, value, nodes in self._graph.tags:
            if key == node.value and (node.wanted is None or _has_value(value, node.wanted)):
                found |= set(nodes)
        if found:
            return found
        values = [value for key, value, _ in self._graph.tags if key == node.value]
        if values:
            message = f"No feature has the tag {node.value}={node.wanted}."
            _no(message, node.wanted or "", values, node.at, f"{node.value}={{}}")
        keys = dict.fromkeys(key for key, _, _ in self._graph.tags)
        if not keys:
            return _nothing("No feature has a tag.", node.at)
        return _no(f"No feature has a tag {node.value}.", node.value, keys, node.at)

    def _in_cell(self, node: Attribute) -> AbstractSet[int]:
        graph, wanted = self._graph, node.value.casefold()
        groups = {
            at
            for at, names in enumerate(zip(graph.groups, graph.group_notes, strict=True))
            for name in map(str.casefold, names)
            if (name and fnmatchcase(name, wanted)) or name == f"cell {wanted}"
        }
        if not groups:
            known = [*graph.groups, *(note.removeprefix("cell ") for note in graph.group_notes)]
            _no(f"No cell {node.value}.", node.value, list(filter(None, known)), node.at)
        return {at for at, group in enumerate(graph.group) if group in groups}

    def _in_state(self, node: Attribute) -> AbstractSet[int]:
        state = STATUS.get(node.value.lower())
        if state is None:
            _no(f"There is no state {node.value}.", node.value, STATUS, node.at)
        return {at for at, own in self._states.items() if own.state == state}

    def _of_type(self, node: Attribute) -> AbstractSet[int]:
        wanted = node.value
        if wanted[:1] in _SHORT and wanted[1:].isdecimal():
            wanted = _SHORT[wanted[0]] + wanted[1:]
        return {
            at
            for at, own in self._states.items()
            if own.dtype and (fnmatchcase(own.dtype, wanted) or own.dtype == node.value)
        }

    def _prefixed(self, node: Attribute) -> AbstractSet[int]:
        start = node.value.removesuffix("*")
        found = {at for at, name in enumerate(self._graph.names) if name.startswith(start)}
        return found or _nothing(f"No name begins with {start}.", node.at)

    def _of_kind(self, node: Attribute) -> AbstractSet[int]:
        if node.value not in {"feature", "input", "unbound"}:
            _no(
                f"There is no kind {node.value}.",
                node.value,
                ("feature", "input", "unbound"),
                node.at,
            )
        return {at for at, kind in enumerate(self._graph.kinds) if kind == node.value}

    def _differing(self, node: Attribute) -> AbstractSet[int]:
        known = ("any", *filter(None, get_args(Mark)))
        if node.value not in known:
            _no(f"There is no difference {node.value}.", node.value, known, node.at)
        if not self._graph.marks:
            _nothing("Only one version is shown, so nothing differs.", node.at)
        return {
            at for at, mark in enumerate(self._graph.marks) if mark and node.value in {"any", mark}
        }

    def _measured(self, node: Measure) -> AbstractSet[int]:
        compare = _COMPARE[node.compare]
        return {
            at
            for at in range(len(self._graph.names))
            if (value := self._figure(node, at)) is not None and compare(value, node.figure)
        }

    def _figure(self, node: Measure, at: int) -> float | None:
        if node.field in {"parents", "children"}:
            return len(self._neighbours("up" if node.field == "parents" else "down")[at])
        own = self._states.get(at)
        if own is None:
            return None
        if node.field == "nulls":
            if not node.share or own.nulls is None:
                return own.nulls
            return own.nulls / own.rows if own.rows else None
        return {"slow": own.seconds, "rows": own.rows, "bytes": own.bytes}[node.field]


def _near(name: str, known: Collection[str]) -> str:
    """Find what was probably meant; among very many names only by one slip of the finger."""
    if len(known) <= _COMPARED:
        return did_you_mean(name, known)
    near = NearNames(known).find(name)
    return f" Did you mean {near}?" if near else ""


def _has_value(tag: str, wanted: str) -> bool:
    """Whether a tag, or one of the several in it, is of a pattern."""
    return any(fnmatchcase(each, wanted) for each in (tag, *tag.split(",")))


def _nothing(message: str, at: Span, near: str = "") -> NoReturn:
    fail(message, at, near.removeprefix(" Did you mean ").removesuffix("?"))


def _no(message: str, asked: str, known: Collection[str], at: Span, form: str = "{}") -> NoReturn:
    near = did_you_mean(asked, known)
    suggestion = near.removeprefix(" Did you mean ").removesuffix("?")
    listed = "" if near else f" There is: {', '.join(list(dict.fromkeys(known))[:12])}."
    fail(f"{message}{near}{listed}", at, form.format(suggestion) if suggestion else "")


def subset(
    graph: GraphView, states: StatesView, nodes: Iterable[int]
) -> tuple[GraphView, StatesView]:
    """Cut a graph down to some of its nodes, with the groups and tags that they have."""
    kept = sorted(set(nodes))
    new = {old: at for at, old in enumerate(kept)}
    ends = zip(graph.edges[::2], graph.edges[1::2], strict=True)
    groups = sorted({graph.group[old] for old in kept if graph.group[old] >= 0})
    group_at = {old: at for at, old in enumerate(groups)}
    known = {node.index: node for node in states.nodes}
    tags = [(key, value, [new[n] for n in own if n in new]) for key, value, own in graph.tags]
    return replace(
        graph,
        names=[graph.names[old] for old in kept],
        kinds=[graph.kinds[old] for old in kept],
        groups=[graph.groups[old] for old in groups],
        group_notes=[graph.group_notes[old] for old in groups],
        cells=[graph.cells[old] for old in groups] if graph.cells else [],
        group=[group_at.get(graph.group[old], -1) for old in kept],
        edges=[new[end] for pair in ends if set(pair) <= new.keys() for end in pair],
        docs=[graph.docs[old] for old in kept],
        marks=[graph.marks[old] for old in kept] if graph.marks else [],
        mark_notes=[graph.mark_notes[old] for old in kept] if graph.mark_notes else [],
        tags=[tag for tag in tags if tag[2]],
    ), replace(states, nodes=[replace(known[old], index=at) for at, old in enumerate(kept)])
