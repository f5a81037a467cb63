"""Laws of a run without cache: plans are topological, and letting go never drops what is needed."""

from __future__ import annotations

import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import compute, inspect


@st.composite
def graphs(draw: st.DrawFn) -> tuple[FeatureGraph, list[str]]:
    count = draw(st.integers(1, 12))
    lines = []
    for n in range(count):
        known = ["x", *[f"f{each}" for each in range(n)]]
        parents = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
        lines.append(f"def f{n}({', '.join(parents)}): return ({n}, {', '.join(parents)})")
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("\n".join(lines), space)
    made = draw(st.permutations([space[f"f{n}"] for n in range(count)]))
    names = st.sampled_from(["x", *[f"f{n}" for n in range(count)]])
    targets = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    return FeatureGraph.from_functions(*made), targets


def expected(graph: FeatureGraph, name: str) -> Any:
    values: dict[str, Any] = {"x": "x"}
    for each in graph.order():
        feature = graph.features[each]
        values[each] = feature.function(**{p.name: values[p.name] for p in feature.parameters})
    return values[name]


@given(graphs(), st.sampled_from(["sequential", "threads"]))
def test_every_target_has_its_value(made: tuple[FeatureGraph, list[str]], executor: str) -> None:
    graph, targets = made
    found = compute(graph, targets, inputs={"x": "x"}, executor=executor, result="dict")
    assert found == {name: expected(graph, name) for name in targets}


@given(graphs(), st.data())
def test_overrides_stand_for_what_they_replace(
    made: tuple[FeatureGraph, list[str]], data: st.DataObject
) -> None:
    graph, targets = made
    replaced = data.draw(st.lists(st.sampled_from(list(graph)), max_size=3, unique=True))
    overrides = {name: f"given {name}" for name in replaced}
    found = compute(graph, targets, inputs={"x": "x"}, overrides=overrides, result="dict")
    without = graph.without(*replaced)[0] if replaced else graph
    inputs = {name: value for name, value in {"x": "x", **overrides}.items() if name not in without}
    assert found == compute(without, targets, inputs=inputs, result="dict")


@given(graphs())
def test_a_plan_is_topological(made: tuple[FeatureGraph, list[str]]) -> None:
    graph, targets = made
    steps = [step.name for step in inspect(graph).plan(targets, inputs={"x": "x"})]
    assert set(steps) == {name for name in (*targets, *graph.upstream(*targets)) if name in graph}
    for place, name in enumerate(steps):
        assert {each for each in graph.parents(name) if each in graph} <= set(steps[:place])


class Held:
    """Something whose end can be seen."""


@pytest.mark.parametrize("executor", ["sequential", "threads"])
def test_what_nobody_needs_is_let_go(executor: str) -> None:
    seen: list[weakref.ref[Held]] = []
    alive: list[bool] = []

    def first() -> Held:
        held = Held()
        seen.append(weakref.ref(held))
        return held

    def second(first: Held) -> int:
        return 2

    def third(second: int) -> int:
        alive.append(seen[0]() is not None)
        return 3

    graph = FeatureGraph.from_functions(first, second, third)
    assert compute(graph, ["third"], executor=executor) == {"third": 3}
    assert alive == [False]
