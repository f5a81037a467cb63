"""From Parallelizable to Collect: what is one feature, what is none, what is refused."""

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.errors import FeatureDefinitionError, UnboundError
from jupyter_lifecycle.hashing import code_key
from jupyter_lifecycle.interop import from_hamilton

pytest.importorskip("hamilton")

HEAD = "from hamilton.htypes import Collect, Parallelizable\n\n\n"
SQUARES = (
    HEAD
    + """
def number(numbers: int) -> Parallelizable[int]:
    yield from range(numbers)


def square(number: int, shift: int = 0) -> int:
    return number**2 + shift


def both(square: int, number: int, weight: int) -> int:
    return square * weight + number


def unused(square: int) -> int:
    return square


def total(both: Collect[int], start: int) -> int:
    return sum(both, start)


def after(total: int) -> int:
    return total + 1
"""
)
GIVEN = {"numbers": 4, "weight": 10, "start": 100}


def test_a_block_is_one_feature(module):
    graph = from_hamilton(module(SQUARES))
    assert set(graph) == {"number", "total", "after"}
    assert set(graph.inputs) == {"numbers", "shift", "weight", "start"}
    assert set(graph.required_inputs(["after"])) == {"numbers", "weight", "start"}
    assert jl.compute(graph, ["number", "total", "after"], inputs=GIVEN) == {
        "number": [0, 1, 2, 3],
        "total": 100 + 140 + 6,
        "after": 247,
    }


def test_an_optional_input_of_an_inner_node_is_one_of_the_block(module):
    graph = from_hamilton(module(SQUARES))
    assert jl.compute(graph, ["total"], inputs={**GIVEN, "shift": 1}) == {"total": 286}


def test_what_has_a_value_for_each_item_cannot_be_asked_for(module):
    with pytest.raises(UnboundError, match="square"):
        jl.compute(from_hamilton(module(SQUARES)), ["square"], inputs=GIVEN)


def test_what_expands_may_itself_be_collected(module):
    text = HEAD + (
        "def n() -> Parallelizable[int]:\n    yield from (3, 4)\n\n\n"
        "def all_of(n: Collect[int]) -> list:\n    return list(n)\n"
    )
    assert jl.compute(from_hamilton(module(text)), ["all_of"]) == {"all_of": [3, 4]}


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("number**2", "number**3", {"total"}),
        ("square * weight", "square + weight", {"total"}),
        ("range(numbers)", "range(1, numbers)", {"number"}),
        ("return square\n", "return square + 1\n", set()),
    ],
)
def test_the_key_of_a_block_sees_its_inner_nodes(module, old, new, changes):
    before = {
        name: code_key(f.function).digest
        for name, f in from_hamilton(module(SQUARES)).features.items()
    }
    edited = from_hamilton(module(SQUARES.replace(old, new)))
    after = {name: code_key(f.function).digest for name, f in edited.features.items()}
    assert {name for name in after if after[name] != before[name]} == changes


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "def a(b: Collect[int]) -> int:\n    return 1\n",
            "a collects b, which comes from no Parallelizable",
        ),
        (
            (
                "def n() -> Parallelizable[int]:\n    yield 1\n\n\n"
                "def m() -> Parallelizable[int]:\n    yield 1\n\n\n"
                "def s(n: int, m: int) -> int:\n    return n\n\n\n"
                "def a(s: Collect[int]) -> int:\n    return 1\n"
            ),
            "a collects s, which comes from (m and n|n and m)",
        ),
        (
            (
                "def n() -> Parallelizable[int]:\n    yield 1\n\n\n"
                "def s(n: int) -> int:\n    return n\n\n\n"
                "def a(s: Collect[int], n: int) -> int:\n    return 1\n"
            ),
            "a collects s and also reads n, which is computed for each item",
        ),
        (
            (
                "def n() -> Parallelizable[int]:\n    yield 1\n\n\n"
                "def s(n: Collect[int], k: int) -> int:\n    return k\n\n\n"
                "def t(s: int, n: int) -> int:\n    return n\n\n\n"
                "def a(t: Collect[int]) -> int:\n    return 1\n"
            ),
            "a collects what s collected for each item, and blocks do not nest",
        ),
    ],
    ids=["nothing expands", "two expand", "an item outside", "nested"],
)
def test_blocks_that_cannot_be_are_refused(module, text, why):
    with pytest.raises(FeatureDefinitionError, match=why):
        from_hamilton(module(HEAD + text))
