"""Questions about graphs."""

from __future__ import annotations

import time
from typing import Any

import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import UnboundError
from jupyter_lifecycle.graph import FeatureGraph, check_output, feature, tag
from jupyter_lifecycle.materialise import Materialiser, PlanStep, compute, inspect


def graph_of(text: str, **settings: Any) -> FeatureGraph:
    space: dict[str, Any] = {
        "__name__": "__main__", "tag": tag, "feature": feature, "check_output": check_output, "time": time,
    }  # fmt: skip
    known = set(space)
    exec(text, space)
    made = [each for name, each in space.items() if name not in known and callable(each)]
    public = [each for each in made if not each.__name__.startswith("_")]
    return FeatureGraph.from_functions(*public, config=settings)


SHAPES = """
@tag(source="personal", owner=["a", "b"])
def left(x): return x
def right(y, shift=0, rate=1): return y + shift
@tag(owner="b")
def both(left, right): return left + right
def end(both): return both
def aside(right): return right
"""
GRAPH = graph_of(SHAPES, rate=2)


def test_up_and_down_and_on_the_way() -> None:
    seen = inspect(GRAPH)
    assert seen.upstream("both") == ("x", "left", "y", "shift", "rate", "right")
    assert seen.downstream("left") == ("both", "end")
    assert seen.path("x", "end") == ("x", "left", "both", "end")
    assert seen.path("end", "x") == ()
    assert repr(seen) == "Inspection(FeatureGraph(5 features, 3 inputs))"


def test_inputs() -> None:
    seen = inspect(GRAPH)
    assert seen.required_inputs("both") == ("x", "y")
    assert seen.required_inputs() == ("x", "y")
    assert seen.optional_inputs("both") == ("shift",)
    assert seen.optional_inputs() == ("shift",)


def test_lineage_by_tags() -> None:
    seen = inspect(GRAPH)
    assert seen.lineage("tag:source=personal") == ("left", "both", "end")
    assert seen.lineage("y") == ("y", "right", "both", "end", "aside")
    assert seen.by_tag("owner") == {"a": ("left",), "b": ("left", "both")}
    assert seen.by_tag("nothing") == {}
    with pytest.raises(UnboundError):
        seen.lineage("tag:sauce")


def test_plan() -> None:
    inputs, cache = {"x": 1, "y": 2}, ColumnCache()
    seen = inspect(GRAPH)
    steps = [PlanStep(name, "compute") for name in ("left", "right", "both")]
    assert list(seen.plan(["both"], inputs=inputs)) == steps
    compute(GRAPH, ["both"], inputs=inputs, cache=cache)
    planned = seen.plan(["end"], inputs=inputs, cache=cache)
    assert planned == (PlanStep("both", "read"), PlanStep("end", "compute"))
    with pytest.raises(UnboundError):
        seen.plan(["both"])


def test_plan_names_what_is_computed_each_time() -> None:
    graph = graph_of("def now(): return time.time()")
    (step,) = Materialiser().plan(graph, ["now"])
    assert step.action == "compute"
    assert "not cached: it reads the clock" in step.note


def test_diff() -> None:
    changed = (
        SHAPES.replace('source="personal"', 'source="public"')
        .replace("shift=0", "shift=1")
        .replace("return both", "return both * 2")
        .replace("def aside(right): return right", "def new(right): return right")
    )
    diff = inspect(GRAPH).diff(graph_of(changed))
    assert diff.added == ("new",)
    assert diff.removed == ("aside",)
    assert list(diff.code) == ["right", "end"]
    assert diff.signature == {"right": "(y, shift=0, rate=1) → (y, shift=1, rate=1)"}
    assert diff.tags == {"left": "source=personal, owner=a,b → source=public, owner=a,b"}
    assert diff.text.splitlines()[:3] == [
        "+ new", "- aside", "~ right(y, shift=0, rate=1) → (y, shift=1, rate=1)",
    ]  # fmt: skip


def test_the_same_code_elsewhere_is_no_difference() -> None:
    again = graph_of(SHAPES.replace("return both", "return both  # as before"))
    diff = inspect(GRAPH).diff(again)
    assert not diff
    assert diff.text == ""


def test_a_helper_makes_a_difference() -> None:
    text = "def _h(x): return x + {0}\ndef f(x) -> int: return _h(x)"
    diff = inspect(graph_of(text.format(1))).diff(graph_of(text.format(2)))
    assert diff.code == {"f": "what it names, or its modifiers' arguments"}
    assert diff.text == "~ f: its code\n    what it names, or its modifiers' arguments"


def test_checks_and_tags_make_a_difference() -> None:
    plain = graph_of("def f(x): return x")
    checked = graph_of("@check_output(range=(0, 1))\ndef f(x): return x")
    wider = graph_of("@check_output(range=(0, 2))\n@tag(a='b')\ndef f(x): return x")
    assert list(inspect(plain).diff(checked).code) == ["f"]
    assert list(inspect(checked).diff(wider).code) == ["f"]
    assert inspect(checked).diff(wider).tags == {"f": "no tags → a=b"}


def test_code_that_cannot_be_seen_through_is_compared_as_written() -> None:
    lines = iter("ab")

    def made() -> Any:
        def f(x: int) -> Any:
            return lines

        return f

    one, other = FeatureGraph.from_functions(made()), FeatureGraph.from_functions(made())
    assert not inspect(one).diff(other)


@pytest.mark.parametrize(("start", "end"), [("right", "bothh"), ("rigth", "both")])
def test_a_path_between_what_is_not_there(start: str, end: str) -> None:
    with pytest.raises(UnboundError, match=r"Did you mean (both|right)"):
        inspect(GRAPH).path(start, end)
