from __future__ import annotations

import pytest

from jupyter_lifecycle.graph import feature, make_feature
from jupyter_lifecycle.graph.sameness import same_code

SPACE: dict = {"__name__": "__main__", "feature": feature}


def define(text):
    exec(text, SPACE)
    return make_feature(SPACE["f"])


SAME = {
    "a docstring comes": ("def f(a):\n    return a + 1", 'def f(a):\n    "one"\n    return a + 1'),
    "closure": (
        "def make(n):\n    def f(a): return a + n\n    return f\nf = make(1)",
        "def make(n):\n    def f(a): return a + n\n    return f\nf = make(1)",
    ),
    "comment": ("def f(a):\n    return a", "def f(a):\n    # why\n    return a"),
    "docstring": ('def f(a):\n    "one"\n    return a', 'def f(a):\n    "two"\n    return a'),
    "formatting": ("def f(a): return a+1", "def f(a):\n    return (a +\n  1)"),
    "annotation": ("def f(a): return a", "def f(a: int) -> int: return a"),
    "default": ("def f(a, b=(1, 'x')): return a", "def f(a, b=(1, 'x')): return a"),
    "set": ("def f(a): return a in {1, 2}", "def f(a): return a in {1, 2}"),
    "docstring set afterwards": ("def f(a): return a", "def f(a): return a\nf.__doc__ = 'doc'"),
    "nested": ("def f(a): return [x for x in a]", "def f(a): return [x for x in a]"),
}
DIFFERENT = {
    "attribute": ("def f(a): return a.x", "def f(a): return a.y"),
    "keyword only": ("def f(a, b): return a", "def f(a, *, b): return a"),
    "async": ("def f(a): return a", "async def f(a): return a"),
    "closure": (
        "def make(n):\n    def f(a): return a + n\n    return f\nf = make(1)",
        "def make(n):\n    def f(a): return a + n\n    return f\nf = make(2)",
    ),
    "name in the closure": (
        "def make(n, m):\n    def f(a): return a + n\n    return f\nf = make(1, 1)",
        "def make(n, m):\n    def f(a): return a + m\n    return f\nf = make(1, 1)",
    ),
    "operator": ("def f(a): return a+1", "def f(a): return a-1"),
    "int and float": ("def f(a): return a*1", "def f(a): return a*1.0"),
    "int and bool": ("def f(a): return a == 1", "def f(a): return a == True"),
    "signed zero": ("def f(a): return a*0.0", "def f(a): return a*-0.0"),
    "set members": ("def f(a): return a in {1, 2}", "def f(a): return a in {1, 2.0}"),
    "default": ("def f(a, b=1): return a", "def f(a, b=2): return a"),
    "keyword default": ("def f(a, *, b=1): return a", "def f(a, *, b=2): return a"),
    "default that is a list": ("def f(a, b=[1]): return a", "def f(a, b=[1]): return a"),
    "parameter": ("def f(a): return a", "def f(b): return b"),
    "name called": ("def f(a): return min(a)", "def f(a): return max(a)"),
    "inner constant": ("def f(a): return ['x' for _ in a]", "def f(a): return ['y' for _ in a]"),
    "inner operator": ("def f(a): return [x+1 for x in a]", "def f(a): return [x-1 for x in a]"),
    "tuple length": ("def f(a): return a == (1, 2)", "def f(a): return a == (1, 2, 3)"),
    "docstring that is read": (
        'def f():\n    "one"\n    return "one"',
        'def f():\n    "two"\n    return "two"',
    ),
    "cache mode": ("def f(a): return a", "@feature(cache='never')\ndef f(a): return a"),
    "wrapped": (
        "import functools\n@functools.lru_cache\ndef f(a): return a",
        "import functools\n@functools.lru_cache\ndef f(a): return a",
    ),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_same(one, other):
    assert same_code(define(one), define(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different(one, other):
    assert not same_code(define(one), define(other))


def closure(value):
    def f(a):
        return a + value

    return f


def test_closures_count_by_what_they_hold():
    assert same_code(make_feature(closure(1)), make_feature(closure(1)))
    assert not same_code(make_feature(closure(1)), make_feature(closure(2)))
    plain = closure(1)
    assert same_code(make_feature(plain), make_feature(plain))


def test_an_empty_cell_of_a_closure_cannot_be_compared():
    def make():
        made = []

        def f(a):
            return later

        made.append(make_feature(f))
        if not made:
            later = 1
        return made[0]

    assert not same_code(make(), make())


def test_functions_of_two_namespaces_are_not_the_same():
    other: dict = {"__name__": "__main__"}
    exec("def f(a): return a", other)
    assert not same_code(define("def f(a): return a"), make_feature(other["f"]))


def test_a_closure_and_none_are_not_the_same():
    def f(a):
        return a + 1

    assert not same_code(make_feature(closure(1)), make_feature(f))


MAKES_ITSELF = """
def make(n):
    def f(a): return f(a - n) if a else 0
    return f
f = make({n})
"""


def test_functions_that_hold_themselves_are_compared_to_the_end():
    assert same_code(define(MAKES_ITSELF.format(n=1)), define(MAKES_ITSELF.format(n=1)))
    assert not same_code(define(MAKES_ITSELF.format(n=1)), define(MAKES_ITSELF.format(n=2)))


OWN_CLASS = """
import dataclasses
@dataclasses.dataclass(frozen=True)
class Limit:
    low: int
def f(a, limit=Limit({low})): return a
"""


def test_values_of_the_users_classes_are_never_called_the_same():
    assert not same_code(define(OWN_CLASS.format(low=1)), define(OWN_CLASS.format(low=1)))


def test_a_tuple_is_not_the_list_of_the_same_items():
    one, other = define("def f(a, b=(1, 2)): return a"), define("def f(a, b=[1, 2]): return a")
    assert not same_code(one, other)
    assert not same_code(other, one)
