"""The law of edits: whatever was edited, the graph is the one that would be built from nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.errors import CycleError
from jupyter_lifecycle.graph import FeatureGraph, Origin, make_feature

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
        "children": {n: set(graph.children(n)) for n in names},
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
