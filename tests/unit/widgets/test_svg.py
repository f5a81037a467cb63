"""The static picture: well formed, safe, complete; and its layout."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lifecycle.widgets.svg import SVG_LIMIT, clean, cut, picture, plain
from jupyter_lifecycle.widgets.svg_layout import NODE, layers, place, spread
from jupyter_lifecycle.widgets.wire import GraphView, NodeState, StatesView

NAMESPACE = "{http://www.w3.org/2000/svg}"


def graph(*edges: tuple[str, str], groups: dict[str, str] | None = None) -> GraphView:
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    children = {child for _, child in edges}
    titles = list(dict.fromkeys((groups or {}).values()))
    return GraphView(
        version=1,
        names=names,
        kinds=["feature" if name in children else "input" for name in names],
        groups=titles,
        group_notes=[f"cell {number}" for number, _ in enumerate(titles, 2)],
        group=[titles.index(groups[name]) if groups and name in groups else -1 for name in names],
        edges=[names.index(name) for edge in edges for name in edge],
        docs=[""] * len(names),
    )


def states(view: GraphView, **of: str) -> StatesView:
    nodes = [
        NodeState(i, of.get(name, "cached" if kind == "feature" else "input"), "", "float64",
                  0.0042, 1000, 24, 8000, True)  # type: ignore[arg-type]
        for i, (name, kind) in enumerate(zip(view.names, view.kinds, strict=True))
    ]  # fmt: skip
    return StatesView(1, nodes, "", 0, 0, "")


SMALL = graph(
    ("a", "b"), ("b", "c"), ("a", "d"), groups={"b": "First", "c": "First", "d": "Second"}
)


def test_the_picture_has_every_node_edge_and_frame() -> None:
    root = ET.fromstring(picture(SMALL, states(SMALL, c="stale"), as_of="23 November 14:02"))
    titles = {element.text for element in root.iter(f"{NAMESPACE}title")}
    assert titles == {"a", "b", "c", "d"}
    classes = [element.get("class", "") for element in root.iter()]
    assert classes.count("edge") == 3
    assert classes.count("frame") == 2
    assert classes.count("stale") == 1
    words = " ".join(root.itertext())
    assert "3 features, 1 input" in words
    assert "as of 23 November 14:02" in words
    assert "4 ms · 2.4 % null" in words


def test_the_picture_knows_light_and_dark_and_asks_for_nothing_outside() -> None:
    text = picture(SMALL, states(SMALL), as_of="now")
    assert "prefers-color-scheme:dark" in text
    assert not re.search(r"<script|href|url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "a\"b'c&d", "line\nbreak\x00\ud800", "שלום🛫", "x" * 500],
)
def test_hostile_names_stay_text(name: str) -> None:
    view = replace(SMALL, names=[name, "b", "c", "d"], groups=[name, "Second"])
    root = ET.fromstring(picture(view, states(view), as_of=name))
    assert not list(root.iter(f"{NAMESPACE}script"))


def test_text_has_totals_states_and_groups() -> None:
    text = plain(SMALL, states(SMALL, d="error"))
    assert text.splitlines() == [
        "3 features, 1 input. 2 cached, 1 failed.",
        "First (cell 2): b, c",
        "Second (cell 3): d",
    ]


def test_text_of_a_large_graph_is_one_line() -> None:
    view = graph(*(("a", f"f{i}") for i in range(SVG_LIMIT + 1)))
    assert plain(view, states(view)) == "301 features, 1 input. 301 cached."


def test_every_state_has_a_look() -> None:
    kinds = ["fresh", "cached", "stale", "queued", "running", "error", "new"]
    view = graph(*(("a", f"f_{kind}") for kind in kinds), ("missing", "f_new"))
    view = replace(view, kinds=[*view.kinds[:-1], "unbound"])
    of = {f"f_{kind}": kind for kind in kinds} | {"missing": "unbound"}
    root = ET.fromstring(picture(view, states(view, **of), as_of="now"))
    seen = {element.get("class") for element in root.iter(f"{NAMESPACE}g")}
    assert {*kinds, "input", "unbound"} <= seen


@given(st.lists(st.floats(-100, 100), max_size=40), st.floats(0, 5))
def test_spread_keeps_order_and_gaps(wished: list[float], gap: float) -> None:
    places = spread(wished, [gap] * len(wished))
    assert all(b - a >= gap - 1e-6 for a, b in itertools.pairwise(places))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=80))
def test_layers_follow_every_edge_of_an_acyclic_graph(pairs: list[tuple[int, int]]) -> None:
    edges = [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
    parents: dict[int, list[int]] = {}
    for parent, child in set(edges):
        parents.setdefault(child, []).append(parent)
    depth = layers(range(31), parents)
    assert all(depth[parent] < depth[child] for parent, child in edges)


def test_layers_end_in_a_cycle() -> None:
    assert layers([0, 1], {0: [1], 1: [0]}) == {0: 0, 1: 1}


@given(st.integers(2, 60), st.integers(0, 10_000))
def test_no_two_nodes_overlap(count: int, seed: int) -> None:
    edges = [(f"n{(i * seed) % i}", f"n{i}") for i in range(1, count)]
    groups = {f"n{i}": f"Group {i * 3 // count}" for i in range(1, count)}
    view = graph(*edges, groups=groups)
    at = list(place(view).nodes.values())
    assert len(at) == len(view.names)
    for i, (x, y) in enumerate(at):
        for other_x, other_y in at[:i]:
            assert abs(x - other_x) >= NODE[0] - 44 or abs(y - other_y) >= NODE[1] - 1


def test_text_is_cut_in_the_middle_and_escaped() -> None:
    assert cut("short", 12) == "short"
    assert cut("origin_delay_last_hour", 12) == "origin…_hour"
    assert clean("<a>\n\x00") == "&lt;a&gt;\u240a\u2400"
