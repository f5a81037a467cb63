from __future__ import annotations

import linecache
from datetime import UTC, datetime, timedelta

import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import Materialiser, Why, WhyStep
from jupyter_lifecycle.materialise.memory import Origins, Part
from jupyter_lifecycle.materialise.why import EQUAL_PARENTS, change_note, explain, why_it_hit


def origins(name, token, code="c", parts=(), parents=None, inputs=()):
    return Origins(name, token, code, tuple(parts), parents or {}, tuple(inputs))


def part(kind, name, text, digest=None):
    return Part(kind, name if kind == "code" else f"{kind} {name}", digest or text, text)


def explained(old, new, *known):
    by_token = {(each.feature, each.token): each for each in known}
    return explain(old, new, lambda name, token: by_token.get((name, token)), {})


PARTS = {
    "constant": (
        [part("constant", "K", "1")],
        [part("constant", "K", "2")],
        "constant K changed (1 → 2)",
        "-1\n+2",
    ),
    "package": (
        [part("package", "pandas", "pandas 3.0")],
        [part("package", "pandas", "pandas 3.1")],
        "package pandas changed (pandas 3.0 → pandas 3.1)",
        "-pandas 3.0\n+pandas 3.1",
    ),
    "helper": (
        [part("helper", "h", "def h():\n    return 1")],
        [part("helper", "h", "def h():\n    return 2")],
        "helper h changed",
        " def h():\n-    return 1\n+    return 2",
    ),
    "long value": (
        [part("constant", "K", "x" * 61)],
        [part("constant", "K", "y")],
        "constant K changed",
        f"-{'x' * 61}\n+y",
    ),
    "same text": (
        [part("constant", "K", "<table>", "1")],
        [part("constant", "K", "<table>", "2")],
        "constant K changed",
        "",
    ),
    "code": ([part("code", "f", "a\n--b")], [part("code", "f", "a\nc")], "its code changed",
             " a\n---b\n+c"),
    "new part": ([], [part("helper", "h", "def h(): ...")], "helper h is new in its code",
                 "+def h(): ..."),
    "lost part": ([part("helper", "h", "def h(): ...")], [], "helper h is gone from its code", ""),
    "nothing to point at": ([], [], "its code changed", ""),
    "kind of a later version": ([part("wish", "w", "1")], [part("wish", "w", "2")],
                                "wish w changed (1 → 2)", "-1\n+2"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "cause", "diff"), PARTS.values(), ids=PARTS)
def test_causes_in_code(before, after, cause, diff):
    why = explained(origins("f", "1", "a", before), origins("f", "2", "b", after))
    assert why.steps == (WhyStep("f", cause, diff),)


def test_a_parent_that_cannot_be_followed_is_the_cause():
    old, new = (origins("f", t, parents={"p": f"{t}{t}"}) for t in "12")
    assert change_note(old, new) == "parent changed"
    assert explained(old, new).text == "f: p gives something else than before"


def test_a_parent_is_followed_to_its_input():
    old, new = (origins("f", t, parents={"p": f"p{t}"}) for t in "12")
    before, after = (origins("p", f"p{t}", parents={"x": t}, inputs=["x"]) for t in "12")
    why = explained(old, new, before, after)
    assert why.text == "f ← p: input x changed"
    assert [step.cause for step in why.steps] == ["input x changed", "reads p"]


def test_a_diamond_is_told_once():
    both = [origins("f", t, parents={"a": f"a{t}", "b": f"b{t}"}) for t in "12"]
    known = [origins(n, f"{n}{t}", parents={"r": f"r{t}"}) for t in "12" for n in "ab"]
    roots = [origins("r", f"r{t}", code=t) for t in "12"]
    why = explained(*both, *known, *roots)
    assert why.text == "f ← a ← r: its code changed"


def test_nothing_changed():
    same = origins("f", "1")
    assert change_note(same, same) == ""
    assert explained(same, same).text == "f: nothing that it reads changed"


def test_at_most_three_chains():
    old, new = (
        origins("f", t, parents=dict.fromkeys("abcde", t), inputs=list("abcde")) for t in "12"
    )
    why = explained(old, new)
    assert len(why.chains) == 3
    assert why.text.splitlines()[0] == "f: input a changed"


def test_an_empty_why_has_no_steps():
    assert Why("f", summary="it was never computed").steps == ()


NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
HITS = {
    "today": (NOW - timedelta(hours=4, minutes=18), "", "same as the run of 10:42; nothing it depends on has changed"),
    "this year": (datetime(2026, 3, 2, 8, 5, tzinfo=UTC), "", "same as the run of 2 March 08:05; nothing it depends on has changed"),
    "before": (datetime(2025, 12, 31, tzinfo=UTC), "", "same as the run of 31 December 2025; nothing it depends on has changed"),
    "equal parents": (
        NOW, EQUAL_PARENTS, "same as the run of 15:00; what it reads was computed again and gave equal values"),
    "gone": (None, "", "read from the cache: nothing it depends on has changed"),
}  # fmt: skip


@pytest.mark.parametrize(("made", "note", "expected"), HITS.values(), ids=HITS)
def test_why_it_was_read_from_the_cache(made, note, expected):
    assert why_it_hit(None if made is None else made.timestamp(), note, NOW) == expected


def test_by_the_clock_of_this_machine_where_none_is_given():
    now = datetime.now().astimezone()
    assert why_it_hit(now.timestamp(), "").startswith("same as the run of ")


RESTARTS = {
    "a constant": ("N = 2\n", "N = 3\n", "last ← mid: constant N changed (2 → 3)"),
    "a helper": ("return v * 2", "return v * 4", "last ← mid: helper _h changed"),
    "the code": ("mid + 1", "mid + 2", "last: its code changed"),
    "a default": ("n=1", "n=2", "last ← mid: default n changed (1 → 2)"),
}


@pytest.mark.parametrize(("old", "new", "expected"), RESTARTS.values(), ids=RESTARTS)
def test_a_new_kernel_knows_the_cause_with_its_diff(old, new, expected, tmp_path):
    text = (
        "N = 2\n\ndef _h(v):\n    return v * 2\n\n"
        "def mid(x, n=1):\n    return _h(x) * N + n\n\ndef last(mid):\n    return mid + 1\n"
    )

    def kernel(source):
        path = tmp_path / "cells.py"
        path.write_text(source)
        linecache.checkcache()
        space = {"__name__": "__main__"}
        exec(compile(source, str(path), "exec"), space)
        graph = FeatureGraph.from_functions(space["mid"], space["last"])
        return graph, Materialiser(ColumnCache(tmp_path / "cache"))

    graph, first = kernel(text)
    first.run(graph, ["last"], {"x": 1})
    graph, second = kernel(text.replace(old, new))
    second.states(graph, {"x": 1})
    assert second.why("last").text == expected
    second.run(graph, ["last"], {"x": 1})
    why = second.why("last")
    assert why.text == expected
    assert f"+{new.strip()}" in why.steps[0].diff or new.strip()[-1] in why.steps[0].diff
    graph, third = kernel(text.replace(old, new))
    third.run(graph, ["last"], {"x": 1})
    assert third.why("last").summary.startswith("same as the run of ")
