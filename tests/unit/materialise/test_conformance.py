"""Values against annotations: what matches, and what each mode does about the rest."""

from __future__ import annotations

import typing
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from typing_extensions import TypeAliasType

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import ComputeError, FeatureDefinitionError
from jupyter_lifecycle.graph import Collect, FanOut, FeatureGraph
from jupyter_lifecycle.materialise import CheckWarning, Materialiser, compute
from jupyter_lifecycle.materialise.conformance import matches

Money = typing.NewType("Money", float)
T = typing.TypeVar("T")
Number = typing.TypeVar("Number", int, float)
Bound = typing.TypeVar("Bound", bound=str)
Alias = TypeAliasType("Alias", list[int])


class HasLength(typing.Protocol):
    size: int


@typing.runtime_checkable
class Closeable(typing.Protocol):
    def close(self) -> None: ...


class Options(typing.TypedDict, total=False):
    a: typing.Required[int]
    b: str


class Plain(typing.TypedDict):
    a: int


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        ("a", typing.LiteralString), ((), tuple[()]), ((), tuple[int, ...]),
        (1, int), (1, float), (True, int), (np.int64(1), int), (np.float32(1), float),
        (np.bool_(True), bool), (1, complex), (None, None), (None, int | None),
        (None, typing.Optional[int]), ("a", Any), (object(), T), (1, Number), ("a", Bound),  # noqa: UP045
        (1.5, Money), ([1], Alias), ("a", typing.Literal["a", "b"]),
        (1, typing.Annotated[int, "metres"]), ([], list[int]), ([1], list[int]), ([1], list),
        ([1], Sequence[int]), ((1, "a"), tuple[int, str]), ((1, 2), tuple[int, ...]),
        ({"a": 1}, dict[str, int]), ({"a": 1}, Mapping[str, float]), ({"a": 1}, Iterable[str]),
        ({1}, set[int]), (len, Callable), (len, Callable[[Any], int]), (int, type[int]),
        ({"a": 1}, Plain), ({"a": 1}, Options), (pd.Series(), HasLength), (open, Any),
        (pd.Series([1]), pd.Series), (pa.array([1]), pa.Array), (np.zeros(2), np.ndarray),
        ([1], typing.List[int]),  # noqa: UP006
    ],
)  # fmt: skip
def test_matches(value: Any, annotation: Any) -> None:
    assert matches(value, annotation)


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (3, HasLength), (3, Closeable), (3, typing.Never), (None, typing.NoReturn),
        (3, typing.LiteralString), ((1,), tuple[()]), ([], tuple[()]),
        (1.5, int), ("1", float), (None, int), (1, None), (1, str | None), ("a", Number), (1, Bound),
        ("a", Money), (["a"], Alias), ("c", typing.Literal["a", "b"]), (True, typing.Literal[1]),
        ("1", typing.Annotated[int, "metres"]), (["a"], list[int]), ((1,), list[int]),
        ((1, 2), tuple[int, str]), ((1,), tuple[int, str]), ((1, "a"), tuple[int, ...]),
        ({1: 1}, dict[str, int]), ({"a": "b"}, dict[str, int]), ({"a": 1}, Iterable[int]),
        ({"a": "b"}, Plain), ({}, Plain), ([], Plain), (pa.array([1]), pd.Series),
        (pd.Series([1]), float), (np.bool_(True), str),
    ],
)  # fmt: skip
def test_does_not_match(value: Any, annotation: Any) -> None:
    assert not matches(value, annotation)


def total(price: float, parts: list[int]) -> int:
    return price * len(parts)


def label(total: int, name: str | None = None) -> str:
    return f"{name} {total}"


def number(count: int) -> FanOut[int]:
    return range(count)


def numbers(number: Collect[int]) -> list[int]:
    return number


GRAPH = FeatureGraph.from_functions(total, label, number, numbers)
WRONG = {"price": "3", "parts": [1, "2"]}


@pytest.mark.parametrize("cache", [None, ColumnCache()])
def test_inputs_fail_before_anything_runs_all_at_once(cache: ColumnCache | None) -> None:
    with pytest.raises(ComputeError) as caught:
        compute(GRAPH.with_type_checks("fail"), ["label"], inputs=WRONG, cache=cache)
    assert caught.value.message == (
        "2 inputs are of another type than is taken:\n"
        "  - input price is a str ('3'), but total (test_conformance.py) takes it as float\n"
        "  - input parts is a list ([1, '2']), but total (test_conformance.py) takes it as list[int]"
    )
    with pytest.raises(ComputeError, match=r"input parts is a list .* takes it as list"):
        compute(GRAPH.with_type_checks("fail"), ["label"], inputs={**WRONG, "price": 3})


def test_many_wrong_inputs_are_counted() -> None:
    names = [f"x{n}" for n in range(30)]
    space: dict[str, Any] = {}
    exec(f"def f({', '.join(f'{n}: int' for n in names)}): return 1", space)
    graph = FeatureGraph.from_functions(space["f"]).with_type_checks("fail")
    with pytest.raises(ComputeError, match=r"30 inputs .*(?s:.*)… and 10 more"):
        compute(graph, ["f"], inputs=dict.fromkeys(names, "a"))


@pytest.mark.parametrize("cache", [None, ColumnCache()])
def test_what_a_feature_gives(cache: ColumnCache | None) -> None:
    inputs = {"price": 1.5, "parts": [1], "count": 2}
    with pytest.raises(
        ComputeError, match=r"total gives a float \(1\.5\), but is annotated with int"
    ):
        compute(GRAPH.with_type_checks("fail"), ["label"], inputs=inputs, cache=cache)
    with pytest.warns(CheckWarning, match="total: types: it gives a float"):
        found = compute(GRAPH.with_type_checks("warn"), ["label"], inputs=inputs, cache=cache)
    assert found == {"label": "None 1.5"}


def test_nothing_is_said_where_all_is_well() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = GRAPH.with_type_checks("warn")
        found = compute(graph, ["label", "numbers"], inputs={"price": 2, "parts": [1], "count": 2})
        assert found == {"label": "None 2", "numbers": [0, 1]}
        compute(GRAPH, ["label"], inputs={"price": 1.5, "parts": ["a"]})


def test_notes_on_the_node() -> None:
    graph = GRAPH.with_type_checks("warn")
    run = Materialiser(ColumnCache()).run(graph, ["total"], {"price": 1.5, "parts": ["a"]})
    assert run.reports["total"].note.startswith("types: it gives a float")
    assert list(run.remarks) == ["parts", "total"]


def test_the_mode_stays_with_the_graph() -> None:
    graph = GRAPH.with_type_checks("warn")
    assert graph.with_functions(label)[0].type_checks == "warn"
    assert GRAPH.type_checks == "off"
    with pytest.raises(FeatureDefinitionError, match="use one of off, warn, fail"):
        GRAPH.with_type_checks("strict")  # type: ignore[arg-type]
