"""What may stand at the cursor of a query: names, fields, values, operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.selection.evaluation import STATUS
from jupyter_lifecycle.widgets.selection.grammar import ALIASES, FIELDS, MEASURES, tokens
from jupyter_lifecycle.widgets.selection.wording import quoted
from jupyter_lifecycle.widgets.words import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jupyter_lifecycle.widgets.selection.grammar import Token
    from jupyter_lifecycle.widgets.wire import GraphView, StatesView

MOST = 8


@dataclass(frozen=True, slots=True)
class Option:
    """One completion."""

    text: str
    """What takes the place of what was typed."""
    note: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand in a part of the query."""

    start: int
    end: int
    options: tuple[Option, ...]


def complete(query: str, at: int, graph: GraphView, states: StatesView) -> Completion:
    """Complete the word before the cursor.

    Parameters
    ----------
    query : str
    at : int
        The cursor: that many characters stand before it.
    graph : GraphView
    states : StatesView
        Of that graph, of all nodes.
    """
    before = [token for token in tokens(query[:at]) if token.kind != "odd"]
    last = before[-1] if before else None
    typed = last if last is not None and last.kind == "word" and last.end == at else None
    start = typed.start if typed else at
    behind = before[:-1] if typed else before
    found = list(_options(behind, typed.text if typed else "", graph, states))
    return Completion(start, at, tuple(found[:MOST]))


def _options(
    before: list[Token], typed: str, graph: GraphView, states: StatesView
) -> Iterator[Option]:
    sign = before[-1].text if before else ""
    if sign == ":" and len(before) > 1:
        field = ALIASES.get(before[-2].text, before[-2].text)
        yield from _matching(_values(field, graph, states), typed)
    elif sign == "=" and len(before) > 3 and before[-4].text == "tag":
        key = before[-2].text
        values = [(quoted(v), count(len(n), "node")) for k, v, n in graph.tags if k == key]
        yield from _matching(values, typed)
    elif not (before and before[-1].kind == "compare"):
        yield from _beginning(before, typed, graph)


def _beginning(before: list[Token], typed: str, graph: GraphView) -> Iterator[Option]:
    lower = typed.lower()
    if lower:
        yield from (
            Option(quoted(name), graph.docs[at])
            for at, name in enumerate(graph.names)
            if name.lower().startswith(lower)
        )
    finished = (bool(before) and before[-1].kind in {"word", "quoted"}) or bool(
        before and before[-1].text in {")", "+"}
    )
    words = (
        [("and", "both"), ("or", "either"), ("not", "all but")]
        if finished
        else [("not", "all but")]
    )
    fields = [(f"{field}:", help_) for field, help_ in FIELDS.items()]
    measures = [(f"{measure}>", help_) for measure, help_ in MEASURES.items()]
    yield from _matching([*fields, *measures, *words], typed)
    if lower:
        yield from (
            Option(quoted(name), graph.docs[at])
            for at, name in enumerate(graph.names)
            if lower in name.lower() and not name.lower().startswith(lower)
        )


def _values(field: str, graph: GraphView, states: StatesView) -> Iterable[tuple[str, str]]:
    if field == "tag":
        sizes: dict[str, int] = {}
        for key, _, nodes in graph.tags:
            sizes[key] = sizes.get(key, 0) + len(nodes)
        return [(quoted(key), count(size, "node")) for key, size in sizes.items()]
    if field == "cell":
        return [
            (quoted(title), note)
            for title, note in zip(graph.groups, graph.group_notes, strict=True)
        ]
    if field == "status":
        tally = _tally(node.state for node in states.nodes)
        known = sorted(STATUS, key=lambda state: -tally.get(STATUS[state], 0))
        return [(state, count(tally.get(STATUS[state], 0), "node")) for state in known]
    tallied: Mapping[str, Iterable[str]] = {
        "type": (node.dtype for node in states.nodes if node.dtype),
        "kind": graph.kinds,
        "diff": (each for mark in graph.marks if mark for each in (mark, "any")),
        "prefix": (f"{name.partition('_')[0]}_" for name in graph.names if "_" in name),
    }
    tally = _tally(tallied[field]) if field in tallied else {}
    least = 2 if field == "prefix" else 1
    return [(quoted(each), count(size, "node")) for each, size in tally.items() if size >= least]


def _tally(values: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def _matching(known: Iterable[tuple[str, str]], typed: str) -> Iterator[Option]:
    wanted = typed.lower().strip("\"'")
    for text, note in known:
        if text.lower().strip("\"'").startswith(wanted):
            yield Option(text, note)
