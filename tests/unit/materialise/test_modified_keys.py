"""Keys of features that modifiers made: every argument of a modifier is part of the code."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import Materialiser

HEAD = "from jupyter_lifecycle.graph import *\n"


def graph_of(text: str, **settings: Any) -> FeatureGraph:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(HEAD + text, space)
    names = space["FEATURES"].split()
    return FeatureGraph.from_functions(*[space[name] for name in names], config=settings)


TWO = """
FEATURES = "scaled"
@parameterize(a={{"x": source("s"), "by": value({a})}}, b={{"x": source("s"), "by": value({b})}})
def scaled(x, by):
    return x * by
"""


def test_a_changed_value_computes_its_own_feature_only() -> None:
    work = Materialiser(ColumnCache())
    first = work.run(graph_of(TWO.format(a=2, b=3)), ["a", "b"], {"s": 5})
    assert first.values == {"a": 10, "b": 15}
    assert first.recomputed == ("a", "b")
    again = work.run(graph_of(TWO.format(a=2, b=3)), ["a", "b"], {"s": 5})
    assert again.recomputed == ()
    changed = work.run(graph_of(TWO.format(a=2, b=4)), ["a", "b"], {"s": 5})
    assert changed.recomputed == ("b",)
    assert changed.values == {"a": 10, "b": 20}
    assert "3" in work.why("b").text or "changed" in work.why("b").text


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "True"), ("1", "1.0"), ("[1]", "(1,)"), ("'1'", "1"), ("{'a': 1}", "{'a': 2}")],
)
def test_values_that_look_alike_are_told_apart(one: str, other: str) -> None:
    text = """
FEATURES = "kept"
@parameterize(a={{"x": value({one})}}, b={{"x": value({other})}})
def kept(x):
    return x
"""
    run = Materialiser(ColumnCache()).run(graph_of(text.format(one=one, other=other)), ["a", "b"])
    assert repr(run.values["a"]) == repr(eval(one))
    assert repr(run.values["b"]) == repr(eval(other))


def test_the_same_value_for_another_parameter_is_no_hit() -> None:
    text = """
FEATURES = "minus"
@parameterize(a={"x": value(1), "y": value(2)}, b={"x": value(2), "y": value(1)})
def minus(x, y):
    return x - y
@inject(p=source("v"), q=source("u"))
def swapped(p, q):
    return p - q
"""
    run = Materialiser(ColumnCache()).run(graph_of(text), ["a", "b"])
    assert run.values == {"a": -1, "b": 1}


@pytest.mark.parametrize(
    ("text", "old", "new", "target", "values"),
    [
        pytest.param(
            'FEATURES = "f"\n@inject(x=group(value({0}), source("s")))\ndef f(x): return x',
            "1", "2", "f", ([1, 5], [2, 5]), id="group",
        ),
        pytest.param(
            'FEATURES = "f"\n@extract_fields({{"a": int}}, fill_with={0})\ndef f(s): return {{}}',
            "1", "2", "a", (1, 2), id="fill",
        ),
        pytest.param(
            'FEATURES = "f"\n@extract_fields({{"a": int}})\ndef f(s): return {{"a": {0}}}',
            "1", "2", "a", (1, 2), id="field",
        ),
        pytest.param(
            'FEATURES = "f"\n@unpack_fields(*{0})\ndef f(s): return (1, 2)',
            "('p', 'a')", "('a', 'p')", "a", (2, 1), id="element",
        ),
        pytest.param(
            'FEATURES = "f"\ndef _h(**k): return {0}\n@does(_h)\ndef f(s): ...',
            "1", "2", "f", (1, 2), id="does",
        ),
        pytest.param(
            'FEATURES = "f"\ndef _p(x, n): return x + n\n@pipe_output(step(_p, n={0}))\n'
            "def f(s): return s",
            "1", "2", "f", (6, 7), id="step argument",
        ),
        pytest.param(
            'FEATURES = "f"\ndef _p(x): return x + {0}\n@pipe_input(step(_p))\ndef f(s): return s',
            "1", "2", "f", (6, 7), id="step code",
        ),
        pytest.param(
            'FEATURES = "f"\nK = {0}\ndef _p(x): return x + K\n@pipe_input(step(_p))\n'
            "def f(s): return s",
            "1", "2", "f", (6, 7), id="constant of a step",
        ),
        pytest.param(
            'FEATURES = "f"\ndef g(n, s): return n + s\n@subdag(g, inputs={{"n": value({0})}})\n'
            "def f(g): return g",
            "1", "2", "f", (6, 7), id="subdag input",
        ),
        pytest.param(
            'FEATURES = "f"\ndef g(n, s): return n + s\n@subdag(g, config={{"n": {0}}})\n'
            "def f(g): return g",
            "1", "2", "f", (6, 7), id="subdag config",
        ),
    ],
)  # fmt: skip
def test_what_changes_computes_again(
    text: str, old: str, new: str, target: str, values: tuple[Any, Any]
) -> None:
    work = Materialiser(ColumnCache())
    assert work.run(graph_of(text.format(old)), [target], {"s": 5}).values[target] == values[0]
    assert work.run(graph_of(text.format(old)), [target], {"s": 5}).recomputed == ()
    assert work.run(graph_of(text.format(new)), [target], {"s": 5}).values[target] == values[1]


def test_tags_and_documentation_are_no_code() -> None:
    text = (
        'FEATURES = "f"\n@tag(a="{0}")\n@inject(s=source("r"))\ndef f(s):\n    "{0}"\n    return s'
    )
    work = Materialiser(ColumnCache())
    work.run(graph_of(text.format("one")), ["f"], {"r": 5})
    assert work.run(graph_of(text.format("two")), ["f"], {"r": 5}).recomputed == ()


def test_an_impure_function_stays_impure() -> None:
    text = """
FEATURES = "f"
import time
@parameterize(a={"x": value(1)})
def f(x):
    return time.time()
"""
    run = Materialiser(ColumnCache()).run(graph_of(text), ["a"])
    assert "not cached: it reads the clock" in run.reports["a"].note
