"""The law of edits: whatever was edited, the graph is the one that would be built from nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.errors import AnnotationError, CycleError, DuplicateFeatureError
from jupyter_lifecycle.graph import FeatureGraph, Origin, make_feature
from jupyter_lifecycle.graph.edit import edited
from jupyter_lifecycle.graph.order import CycleFoundError, post_order

NAMES = [f"n{i}" for i in range(7)]
CELLS = ["cell 1", "cell 2", "cell 3"]
SPACE: dict = {"__name__": "__main__"}


def made(name, parents, number, cell="cell 1"):
    exec(f"def {name}({', '.join(parents)}): return {number}", SPACE)
    return make_feature(SPACE.pop(name), origin=Origin(cell, cell))


definition = st.tuples(
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(NAMES), unique=True, max_size=3),
    st.integers(0, 2),
)
edit = st.one_of(
    st.tuples(st.just("put"), st.lists(definition, max_size=3, unique_by=lambda d: d[0])),
    st.tuples(st.just("drop"), st.lists(st.sampled_from(NAMES), max_size=2, unique=True)),
)


def view(graph):
    names = [*graph.features, *graph.inputs]
    return {
        "features": dict(graph.features),
        "inputs": set(graph.inputs),
        "parents": {n: graph.parents(n) for n in names},
        "children": {n: sorted(graph.children(n)) for n in names},
        "owned": {c: set(graph.owned_by(c)) for c in CELLS},
        "down": {n: set(graph.downstream(n)) for n in names},
        "up": {n: set(graph.upstream(n)) for n in names},
    }


def assert_topological(graph, order):
    seen = set()
    for name in order:
        assert all(p in seen or p not in graph for p in graph.parents(name))
        seen.add(name)


@given(st.lists(edit, max_size=8))
@settings(max_examples=150, deadline=None)
def test_an_edited_graph_is_the_one_built_from_nothing(edits):
    graph = FeatureGraph()
    for kind, what in edits:
        before = view(graph)
        try:
            if kind == "put":
                after, delta = graph.with_features(*[made(*each) for each in what])
            else:
                after, delta = graph.without(*[n for n in what if n in graph])
        except CycleError as error:
            path = error.detail["path"]
            assert path[0] == path[-1]
            assert len(set(path)) == len(path) - 1
            assert view(graph) == before
            continue
        assert view(graph) == before
        touched = {*delta.added, *delta.changed, *delta.removed}
        assert set(delta.added) == set(after) - set(graph)
        assert set(delta.removed) == set(graph) - set(after)
        reached = {
            d for n in touched if n in after or n in after.inputs for d in after.downstream(n)
        }
        assert set(delta.affected) == reached - touched
        for name in set(after) & set(graph) - touched:
            assert after.parents(name) == graph.parents(name)
        graph = after
        scratch, _ = FeatureGraph().with_features(*graph.features.values())
        assert view(scratch) == view(graph)
        order = graph.order()
        assert sorted(order) == sorted(graph)
        assert_topological(graph, order)
        assert_topological(graph, [n for n in graph.upstream(*graph) if n in graph])
        for name in graph:
            assert_topological(graph, [n for n in graph.upstream(name) if n in graph])
            assert set(graph.order([name])) == {n for n in graph.upstream(name) if n in graph} | {
                name
            }


@given(st.lists(st.tuples(st.sampled_from(CELLS), st.lists(definition, max_size=3)), max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_cell_owns_exactly_what_it_defined_last(runs):
    from jupyter_lifecycle.errors import DuplicateFeatureError

    graph = FeatureGraph()
    owned: dict[str, set[str]] = {}
    for cell, definitions in runs:
        features = [made(*each, cell) for each in definitions]
        try:
            graph, _ = graph.with_features(*features, owner=cell)
        except (CycleError, DuplicateFeatureError):
            pass
        else:
            owned[cell] = {each.name for each in features}
        for each in CELLS:
            assert set(graph.owned_by(each)) == owned.get(each, set())
        assert set(graph) == set().union(*owned.values()) if owned else not len(graph)


def built(*features):
    return FeatureGraph().with_features(*features)[0]


def test_other_parameters_change_exactly_the_edges_that_differ():
    graph = built(made("total", ["price", "rate"], 1))
    graph, _ = graph.with_features(made("total", ["price", "cost"], 1))
    assert graph.children("price") == ("total",)
    assert graph.children("cost") == ("total",)
    assert set(graph.inputs) == {"price", "cost"}


def test_a_cell_that_runs_again_keeps_the_order_of_its_features():
    graph = built(made("one", [], 1), made("two", [], 2))
    graph, _ = graph.with_features(made("one", [], 3))
    assert graph.owned_by("cell 1") == ("one", "two")


RENAMES = {
    "in its cell": (made("new", ["x"], 1), (("old", "new"),)),
    "with other code": (made("new", ["x"], 2), ()),
    "in another cell": (made("new", ["x"], 1, "cell 2"), ()),
}


@pytest.mark.parametrize(("new", "renamed"), RENAMES.values(), ids=RENAMES)
def test_a_rename_is_the_same_code_in_the_same_cell(new, renamed):
    graph = built(made("old", ["x"], 1), made("other", ["x"], 5))
    _, delta = edited(graph._structure, [new], ["old"])
    assert delta.renamed == renamed


def test_one_feature_is_renamed_once():
    graph = built(made("old", ["x"], 1))
    same = [made(name, ["x"], 1) for name in ("first", "second", "third")]
    _, delta = edited(graph._structure, same, ["old"])
    assert delta.renamed == (("old", "first"),)


def annotated(text, name):
    space = {"__name__": "__main__"}
    exec(text, space)
    return make_feature(space[name], origin=Origin("cell 1", "cell 1"))


def test_each_mismatch_is_told_once_and_no_other():
    reader = annotated("def reader(a: int, b: str): return a", "reader")
    graph = built(reader, annotated("def a() -> int: return 1", "a"))
    graph, _ = graph.with_features(annotated("def a() -> float: return 1.0", "a"))
    wrong = annotated("def a() -> str: return 1", "a")
    with pytest.raises(AnnotationError) as caught:
        graph.with_features(wrong, annotated("def reader(a: int, b: str): return b", "reader"))
    assert len(caught.value.detail["problems"]) == 1


def test_duplicates_are_told_without_what_is_defined_once():
    once, twice, again = made("once", [], 1), made("twice", [], 1), made("twice", [], 2)
    with pytest.raises(DuplicateFeatureError) as caught:
        FeatureGraph().with_features(once, twice, again)
    assert len(caught.value.detail["problems"]) == 1


@pytest.mark.parametrize(("number", "more"), [(12, ""), (13, "  … and 1 more")])
def test_many_problems_are_one_a_line(number, more):
    features = [made(f"f{n}", [], k) for n in range(number) for k in (1, 2)]
    with pytest.raises(DuplicateFeatureError) as caught:
        FeatureGraph().with_features(*features)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{number} problems:"
    assert all(line.startswith("  - f") for line in lines[1:13])
    assert lines[13:] == ([more] if more else [])


LEADS = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), unique=True), max_size=len(NAMES)
)


def test_a_short_way_round_is_told_where_there_is_one():
    with pytest.raises(CycleFoundError) as caught:
        post_order(["s"], {"s": ["a", "b"], "a": ["b", "out"], "b": ["s"], "out": ["b"]})
    assert caught.value.path == ("s", "b", "s")


@given(LEADS)
def test_a_cycle_that_is_told_is_one(after):
    try:
        ordered = post_order(NAMES, after)
    except CycleFoundError as found:
        path = found.path
        assert path[0] == path[-1]
        assert len(set(path)) == len(path) - 1
        assert all(b in after[a] for a, b in pairwise(path))
    else:
        assert sorted(ordered) == sorted(NAMES)
        place = {name: number for number, name in enumerate(ordered)}
        assert all(place[b] < place[a] for a, leads in after.items() for b in leads)
