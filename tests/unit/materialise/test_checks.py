"""Checks on what features give: what holds, what is said, and that the cache remembers it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.graph import (
    Check,
    FeatureGraph,
    Verdict,
    check_output,
    check_output_custom,
    extract_fields,
)
from jupyter_lifecycle.materialise import CheckWarning, Materialiser, compute
from jupyter_lifecycle.materialise.checking import problem_of

FLOATS = pd.Series([0.0, 0.5, np.nan, 3.0])


@pytest.mark.parametrize(
    ("kind", "limit", "value"),
    [
        ("range", (0, 3), FLOATS),
        ("range", (None, 3), FLOATS),
        ("range", (0, None), 4),
        ("range", (0, 4), np.array([1, 2])),
        ("range", (0, 4), [1, 2]),
        ("range", (0, 4), {"a": 1}),
        ("range", (0, 4), pa.array([1, 4])),
        ("range", (0, 4), pa.chunked_array([[1, 4]])),
        ("range", (0, 4), pa.table({"a": [1]})),
        ("range", (0, 4), np.ones((2, 2))),
        ("range", (0, 4), pd.Series([], dtype=float)),
        ("values_in", ("a", "b"), pd.Series(["a", None, "b"])),
        ("categories", ("a", "b"), pd.Categorical(["a", "b"])),
        ("data_type", int, 3),
        ("data_type", int, pd.Series([1])),
        ("data_type", float, FLOATS),
        ("data_type", str, pd.Series(["a"])),
        ("data_type", bool, np.array([True])),
        ("data_type", "float64", FLOATS),
        ("data_type", np.float64, FLOATS),
        ("data_type", pd.Series, FLOATS),
        ("data_type", "int64", pa.array([1])),
        ("data_type", "list", [1]),
        ("allow_nans", True, FLOATS),
        ("allow_nans", False, pd.Series([1])),
        ("allow_nones", False, pd.Series([1.0, np.nan])),
        ("allow_nones", True, None),
        ("max_fraction_nans", 0.25, FLOATS),
        ("max_fraction_nans", 0.0, pd.Series([], dtype=float)),
        ("mean", (1, 2), FLOATS),
        ("standard_dev", (1, 2), FLOATS),
        ("length", (1, 4), FLOATS),
        ("unique", True, pd.Series([1, 2])),
        ("unique", False, pd.Series([1, 1])),
        ("own", lambda value: value > 2, 3),
        ("own", lambda value: Verdict(passes=True), 3),
        ("own", lambda value: np.bool_(True), 3),
    ],
)
def test_holds(kind: str, limit: Any, value: Any) -> None:
    assert problem_of(Check(kind, limit), value) == ""


class Schema:
    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    def validate(self, value: Any) -> None:
        raise self.problem


@pytest.mark.parametrize(
    ("kind", "limit", "value", "said"),
    [
        ("range", (1, None), FLOATS, "2 of 4 values below 1 (0.0, 0.5)"),
        ("range", (None, 1), FLOATS, "1 of 4 values above 1 (3.0)"),
        ("range", (0, 1), 4, "1 of 1 values above 1 (4)"),
        ("range", (0, 1), pd.DataFrame({"a": [1], "b": [2]}), "b: 1 of 1 values above 1 (2)"),
        ("range", (0, 1), np.full((1, 2), 2), "0: 1 of 1 values above 1 (2)"),
        ("values_in", ("a",), pd.Series(list("abcdb")), "4 of 5 values are not allowed ('b', 'c', 'd', …)"),
        ("data_type", int, 3.0, "it is a float, not int"),
        ("data_type", "str", 3.0, "it is a float, not str"),
        ("data_type", int, FLOATS, "its dtype is float64, not int"),
        ("data_type", "nonsense", FLOATS, "its dtype is float64, not nonsense"),
        ("allow_nans", False, FLOATS, "1 of 4 values are null"),
        ("allow_nones", False, None, "1 of 1 values are None"),
        ("max_fraction_nans", 0.1, FLOATS, "25.0% null, at most 10.0% allowed"),
        ("mean", (2, None), FLOATS, "mean 1.16667 is below 2"),
        ("mean", (None, 1), FLOATS, "mean 1.16667 is above 1"),
        ("standard_dev", (0, 1), FLOATS, "standard deviation 1.60728 is above 1"),
        ("length", (5, None), FLOATS, "length 4 is below 5"),
        ("unique", True, pd.Series([1, 1, 2]), "1 of 3 values are there before (1)"),
        ("own", lambda value: value > 3, 3, "it does not hold"),
        ("own", lambda value: Verdict(False, "odd"), 3, "odd"),
        ("own", lambda value: Verdict(False), 3, "it does not hold"),
        ("schema", Schema(ValueError("column a is missing")), 3, "column a is missing"),
        ("schema", Schema(ValueError()), 3, "ValueError"),
    ],
)  # fmt: skip
def test_does_not_hold(kind: str, limit: Any, value: Any, said: str) -> None:
    assert problem_of(Check(kind, limit), value) == said


@check_output(range=(0, 1), allow_nans=False)
def share(part: Any, whole: Any) -> Any:
    return part / whole


@check_output(range=(0, 1), importance="fail")
@check_output(allow_nans=False, importance="fail")
@check_output(length=(1, 2))
def strict(part: Any) -> Any:
    return part


def test_what_warns_is_a_warning() -> None:
    graph = FeatureGraph.from_functions(share)
    with pytest.warns(CheckWarning, match=r"share: check range: 1 of 1 values above 1 \(2.0\)"):
        assert compute(graph, ["share"], inputs={"part": 4, "whole": 2}) == {"share": 2.0}


@pytest.mark.parametrize("cache", [None, ColumnCache()])
def test_what_fails_raises_with_all_that_is_wrong(cache: ColumnCache | None) -> None:
    graph = FeatureGraph.from_functions(strict)
    column = pd.Series([2.0, None, 1.0])
    with pytest.raises(ComputeError) as caught:
        compute(graph, ["strict"], inputs={"part": column}, cache=cache)
    assert caught.value.message == (
        "strict does not pass its checks: check allow_nans: 1 of 3 values are null; check range: "
        "1 of 3 values above 1 (2.0); check length: length 3 is above 2."
    )
    assert "Feature strict" in caught.value.__notes__[0]


def test_the_cache_remembers_what_checks_said() -> None:
    graph, cache = FeatureGraph.from_functions(share), ColumnCache()
    inputs = {"part": 4, "whole": 2}
    said = "check range: 1 of 1 values above 1 (2.0)"
    work = Materialiser(cache)
    for each in (work, work, Materialiser(cache)):
        run = each.run(graph, ["share"], inputs)
        assert run.remarks == {"share": said}
        assert run.reports["share"].note == said
        assert each.states(graph, inputs)["share"].note == said
    assert Materialiser(cache).states(graph, inputs)["share"].note == said
    with pytest.warns(CheckWarning, match="check range"):
        compute(graph, ["share"], inputs=inputs, cache=cache)


def test_another_condition_looks_again() -> None:
    work = Materialiser(ColumnCache())

    def graph_of(high: float) -> FeatureGraph:
        @check_output(range=(0, high))
        def ratio(part: Any) -> Any:
            return part

        return FeatureGraph.from_functions(ratio)

    assert work.run(graph_of(1), ["ratio"], {"part": 2}).remarks
    second = work.run(graph_of(3), ["ratio"], {"part": 2})
    assert not second.remarks
    assert "check range" in work.why("ratio").text
    assert work.run(graph_of(3), ["ratio"], {"part": 2}).recomputed == ()


def test_an_own_check_is_part_of_the_code() -> None:
    work = Materialiser(ColumnCache())

    def graph_of(text: str) -> FeatureGraph:
        space: dict[str, Any] = {"__name__": "__main__", "wrapped": check_output_custom}
        exec(f"def _even(n): return {text}\n@wrapped(_even)\ndef n(part): return part", space)
        return FeatureGraph.from_functions(space["n"])

    first = work.run(graph_of("n % 2 == 0"), ["n"], {"part": 3})
    assert first.remarks == {"n": "check _even: it does not hold"}
    assert not work.run(graph_of("n % 2 == 1"), ["n"], {"part": 3}).remarks


def test_a_check_without_fingerprint_is_not_cached() -> None:
    lines = (each for each in "ab")

    @check_output_custom(lambda value: lines is not None)
    def kept(part: Any) -> Any:
        return part

    run = Materialiser(ColumnCache()).run(FeatureGraph.from_functions(kept), ["kept"], {"part": 1})
    assert "not cached" in run.reports["kept"].note


def test_checks_of_parts_and_equal_parents() -> None:
    @check_output(range=(0, 1), target_="high")
    @extract_fields({"low": int, "high": int})
    def both(x: int) -> dict[str, int]:
        return {"low": 5, "high": 5 + 0 * x}

    graph, work = FeatureGraph.from_functions(both), Materialiser(ColumnCache())
    said = {"high": "check range: 1 of 1 values above 1 (5)"}
    assert work.run(graph, ["low", "high"], {"x": 1}).remarks == said
    second = work.run(graph, ["low", "high"], {"x": 2})
    assert second.recomputed == ("both",)
    assert second.remarks == said


def test_nothing_is_said_where_all_is_well() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = FeatureGraph.from_functions(share)
        assert compute(graph, ["share"], inputs={"part": 1, "whole": 2}) == {"share": 0.5}


def test_a_check_is_called_by_its_label_or_else_its_kind() -> None:
    assert Check("range", (0, 1)).name == "range"
    assert Check("own", len, label="not empty").name == "not empty"


def test_a_schema_of_panderas():
    pandera = pytest.importorskip("pandera.pandas")
    schema = pandera.DataFrameSchema({"a": pandera.Column(float, pandera.Check.lt(3))})

    @check_output(schema=schema, importance="fail")
    def table(x):
        return pd.DataFrame({"a": x})

    graph = FeatureGraph.from_functions(table)
    good = compute(graph, ["table"], inputs={"x": pd.Series([1.0, 2.0])})
    assert good["a"].tolist() == [1.0, 2.0]
    with pytest.raises(
        ComputeError, match=r"table does not pass its check: .*less_than\(3\).* 5\.0"
    ):
        compute(graph, ["table"], inputs={"x": pd.Series([1.0, 5.0])})
