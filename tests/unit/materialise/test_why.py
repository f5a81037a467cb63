from __future__ import annotations

import pytest

from jupyter_lifecycle.materialise import Why, WhyStep
from jupyter_lifecycle.materialise.memory import Origins, Part
from jupyter_lifecycle.materialise.why import change_note, explain


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
