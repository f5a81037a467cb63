"""The shortest query for nodes that somebody chose with the mouse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.selection.grammar import WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from collections.abc import Set as AbstractSet

    from jupyter_lifecycle.widgets.wire import GraphView

_PLAIN = re.compile(r"""[^\s()<>=!,"'+:*?\[]+""")


def quoted(name: str) -> str:
    """Write a name so that the language reads it as that name.

    >>> quoted("late"), quoted("a b"), quoted("and")
    ('late', '"a b"', '"and"')
    """
    if _PLAIN.fullmatch(name) and name.lower() not in WORDS:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def describe(names: Collection[str], graph: GraphView) -> str:
    """Say nodes as a query: whole cells, tags and prefixes where they fit exactly, else by name.

    Parameters
    ----------
    names : collection of str
        Nodes of the graph; other names are left out.
    graph : GraphView

    Returns
    -------
    str
        A query that :func:`find` answers with exactly these nodes; empty for none.
    """
    index = {name: at for at, name in enumerate(graph.names)}
    left = {index[name] for name in names if name in index}
    if len(left) == len(index) and left:
        return "*"
    words: list[str] = []
    for word, nodes in _wholes(graph):
        if len(nodes) > 2 and nodes <= left:
            words.append(word)
            left -= nodes
    words += [quoted(graph.names[at]) for at in sorted(left)]
    return " ".join(words)


def _wholes(graph: GraphView) -> Iterator[tuple[str, AbstractSet[int]]]:
    """Cells, tags and name prefixes with their nodes, the largest first."""
    found: list[tuple[str, set[int]]] = []
    titles: dict[str, set[int]] = {}
    for at, group in enumerate(graph.group):
        if group >= 0:
            titles.setdefault(graph.groups[group], set()).add(at)
    found += [(f"cell:{quoted(title)}", nodes) for title, nodes in titles.items()]
    found += [
        (f"tag:{quoted(key)}={quoted(value)}", set(nodes))
        for key, value, nodes in graph.tags
        if not set("*?[,") & set(value)
    ]
    prefixes: dict[str, set[int]] = {}
    for at, name in enumerate(graph.names):
        for end in (found_end.end() for found_end in re.finditer("_", name)):
            prefixes.setdefault(name[:end], set()).add(at)
    found += [
        (f"{prefix}*", nodes) for prefix, nodes in prefixes.items() if _PLAIN.fullmatch(prefix)
    ]
    return iter(sorted(found, key=lambda each: -len(each[1])))
