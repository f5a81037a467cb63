"""Feature cells as people and generators write them: each works, or says what to do instead."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import CycleError, DuplicateFeatureError, FeatureDefinitionError
from jupyter_lifecycle.materialise import assemble
from jupyter_lifecycle.notebook import Session

MANY = 10_000
LONG = "a" * 5_000


@pytest.fixture
def session(tmp_path):
    session = Session(cache=ColumnCache(tmp_path))
    session.inputs(pd.DataFrame({"x": [1.0, 2.0, 3.0]}))
    session.inputs(y=2.0)
    return session


OVERLOADS = """
import typing
from typing import overload
@overload
def f(x: float) -> float: ...
@typing.overload
def f(x: int) -> int: ...
def f(x): return x * 2
"""
WORKS = {
    "keyword-only": ("def f(*, x, y): return x * y", "f", 2.0),
    "keyword-only with a default": ("def f(x, *, n=3): return x * n", "f", 3.0),
    "a default that an earlier line gives": ("K = 4\ndef f(x, n=K): return x * n", "f", 4.0),
    "a default that assigns": ("def f(x, n=(m := 3)): return x * n", "f", 3.0),
    "a dict as default": ("def f(x, given={'n': 2}): return x * given['n']", "f", 2.0),
    "a column as default": (
        "import pandas as pd\ndef f(x, w=pd.Series([1.0, 2.0, 3.0])): return x * w",
        "f",
        1.0,
    ),
    "a default where a feature provides": ("def g(x): return x\ndef f(g=3): return g", "f", 1.0),
    "300 parameters": (
        f"def f({', '.join(f'p{n}=1' for n in range(300))}, x=0): return x",
        "f",
        1.0,
    ),
    "async": ("async def f(x): return x * 2", "f", 2.0),
    "names of builtins": (
        "def sum(x): return x * 2\ndef print(sum): return sum\ndef f(print): return print",
        "f",
        2.0,
    ),
    "soft keywords": (
        "def match(x): return x\ndef type(match): return match\ndef case(type): return type",
        "case",
        1.0,
    ),
    "letters of all the world": (
        "def größe(x): return x * 2\ndef π(größe): return größe\ndef 面積(π): return π",
        "面積",
        2.0,
    ),
    "letters that Python takes for others": (
        "def ﬁeld(x): return x * 2\ndef f(field): return field",
        "f",
        2.0,
    ),
    "a very long name": (f"def {LONG}(x): return x", LONG, 1.0),
    "a helper whose name begins with _": (
        "def _g(v): return v * 2\ndef f(x): return _g(x)",
        "f",
        2.0,
    ),
    "a definition under a condition": (
        "if True:\n    def f(x): return x\nelse:\n    def f(x): return x * 2",
        "f",
        1.0,
    ),
    "a definition that is tried": (
        "try:\n    def f(x): return x\nexcept Exception:\n    pass",
        "f",
        1.0,
    ),
    "a definition that is taken back": ("def g(x): return x\ndel g\ndef f(x): return x", "f", 1.0),
    "a type variable": (
        "from typing import TypeVar\nT = TypeVar('T')\ndef f(x: T) -> T: return x",
        "f",
        1.0,
    ),
    "overloads for the type checker": (OVERLOADS, "f", 2.0),
}
if sys.version_info >= (3, 12):
    WORKS["brackets for types"] = ("def f[T](x: T) -> T: return x", "f", 1.0)


@pytest.mark.parametrize(("cell", "target", "first"), WORKS.values(), ids=WORKS)
def test_it_is_a_feature(session, cell, target, first):
    session.feature(cell)
    found = session.compute(target)
    assert found[target].iloc[0] == first


def test_a_frame_that_the_target_made_stays_a_frame(session):
    session.feature("def f(x, *, n=3): return x * n")
    assert list(session.compute("f").columns) == ["f"]


REFUSED = {
    "by position only": ("def f(x, /): return x", "takes x by position only.*Remove the '/'"),
    "by position only, with a default": ("def f(x, n=1, /): return x", "takes x by position only"),
    "*args": ("def f(x, *rest): return x", r"takes \*rest, but each parameter is a column"),
    "*args before another": ("def f(x, *rest, y): return x", r"takes \*rest,"),
    "**kwargs": ("def f(x, **more): return x", r"takes \*\*more,"),
    "**kwargs behind others": ("def f(x, *, y, **more): return x", r"takes \*\*more,"),
    "yields": ("def f(x):\n    yield x", "it yields, and only its first reader.*FanOut"),
    "yields later": ("async def f(x):\n    yield x", "it is async and yields"),
    "a lambda": ("f = lambda x: x", "defines no feature.*Write def column"),
    "a partial": (
        "import functools\ndef _g(x, n): return x\nf = functools.partial(_g, n=2)",
        "defines no feature",
    ),
    "a callable": (
        "class _C:\n    def __call__(self, x): return x\nf = _C()",
        "defines no feature",
    ),
    "a bound method": ("class _C:\n    def m(self, x): return x\nf = _C().m", "defines no feature"),
    "a class": ("class f:\n    def __init__(self, x): ...", "defines no feature"),
    "a builtin": ("f = len", "defines no feature"),
    "made by another function": (
        "def _make():\n    def f(x): return x\n    return f\nf = _make()",
        "defines no feature",
    ),
    "made by exec": ("exec('def f(x): return x')", "defines no feature"),
    "a static method": ("@staticmethod\ndef f(x): return x", "f has another decorator"),
    "a property": ("@property\ndef f(x): return x", "f has another decorator"),
    "remembered": ("import functools\n@functools.lru_cache\ndef f(y): return y", "@feature"),
    "single dispatch": ("import functools\n@functools.singledispatch\ndef f(x): ...", "@feature"),
    "nothing": ("", "defines no feature"),
    "a remark": ("# to do", "defines no feature"),
}


@pytest.mark.parametrize(("cell", "words"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_what_to_do(session, cell, words):
    with pytest.raises(FeatureDefinitionError, match=words):
        session.feature(cell)
    assert list(session.graph) == []


@pytest.mark.parametrize("cell", ["def f(f): return f", "def x(x): return x"])
def test_a_feature_that_reads_itself(session, cell):
    with pytest.raises(CycleError, match="needs itself"):
        session.feature(cell)


def test_two_of_one_name(session):
    with pytest.raises(DuplicateFeatureError, match="in lines 2 and 3"):
        session.feature("def f(x): return x\ndef f(y): return y")


@pytest.mark.parametrize("cell", ["def class(x): ...", "def f(class): ...", "def f(x) return x"])
def test_what_is_no_python_is_said_by_python(session, cell):
    with pytest.raises(SyntaxError):
        session.feature(cell)


def test_a_default_that_the_function_changes_keeps_it_out_of_the_cache(session):
    session.feature("def f(x, seen=[]):\n    seen.append(1)\n    return x * len(seen)")
    first = session.compute("f")["f"].iloc[0]
    assert session.materialiser.states(session.graph, session.given)["f"].state == "stale"
    run = session.materialiser.run(session.graph, ["f"], session.given)
    assert assemble(run, ["f"])["f"].iloc[0] == first + 1
    assert "changes what it names" in run.reports["f"].note


def test_ten_thousand_in_one_cell(session):
    cell = "\n".join(f"def f{n}(x): return x * {n}" for n in range(MANY))
    session.feature(cell)
    assert len(session.graph) == MANY
    assert session.compute(f"f{MANY - 1}")[f"f{MANY - 1}"].iloc[0] == MANY - 1
