"""Columns and tables of Arrow and polars: in frames, under checks, and in the hands of features."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import ComputeError, ResultError
from jupyter_lifecycle.graph import Check, FeatureGraph
from jupyter_lifecycle.materialise import Materialiser, assemble, compute
from jupyter_lifecycle.materialise.checking import problem_of
from jupyter_lifecycle.materialise.columnar import as_series, is_column, is_table
from jupyter_lifecycle.materialise.frame import assembled

LARGE = 2**53 + 1
PANDAS = pd.Series([1.0, 2.0], index=[7, 8])


@pytest.mark.parametrize(
    "column", [pa.array([1, 2]), pa.chunked_array([[1], [2]]), pl.Series([1, 2])]
)
def test_a_column_goes_into_the_frame_of_others(column):
    frame = assembled({"a": PANDAS, "b": column}, ["a", "b"])
    assert frame.index.tolist() == [7, 8]
    assert frame["b"].tolist() == [1, 2]
    assert frame["b"].dtype == np.int64


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"b": [1, 2], "c": ["x", "y"]}),
        pa.record_batch({"b": [1, 2], "c": ["x", "y"]}),
        pl.DataFrame({"b": [1, 2], "c": ["x", "y"]}),
    ],
)
def test_a_table_is_spliced_by_its_columns(table):
    frame = assembled({"a": PANDAS, "t": table, "k": 5}, ["a", "t", "k"])
    assert list(frame) == ["a", "b", "c", "k"]
    assert frame["c"].tolist() == ["x", "y"]


def test_by_themselves_they_stay_what_they_are_until_a_frame_is_asked_for():
    values = {"a": pl.Series([1, 2]), "b": pa.array([3, 4])}
    assert assembled(values, ["a", "b"]) == values
    frame = assembled(values, ["a", "b"], "frame")
    assert frame.to_dict("list") == {"a": [1, 2], "b": [3, 4]}


@pytest.mark.parametrize("column", [pa.array([LARGE, None]), pl.Series([LARGE, None])])
def test_large_numbers_beside_a_null_stay_exact(column):
    found = as_series(column)
    assert found[0] == LARGE
    assert found.isna().tolist() == [False, True]
    assert assembled({"a": PANDAS, "b": column}, ["a", "b"])["b"].iloc[0] == LARGE


def test_booleans_with_a_null_stay_booleans():
    assert as_series(pa.array([True, None])).dtype == pd.ArrowDtype(pa.bool_())
    assert as_series(pa.array([1.5, None])).dtype == np.float64


def test_what_does_not_fit_is_refused():
    with pytest.raises(ResultError, match="b has 3 values without an index and the frame has 2"):
        assembled({"a": PANDAS, "b": pl.Series([1, 2, 3])}, ["a", "b"])
    with pytest.raises(ResultError, match="Column a comes from a and from t"):
        assembled({"a": PANDAS, "t": pl.DataFrame({"a": [1, 2]})}, ["a", "t"])
    with pytest.raises(ResultError, match="b is a LazyFrame, which is no column"):
        assembled({"a": PANDAS, "b": pl.LazyFrame({"c": [1, 2]})}, ["a", "b"])


def test_what_counts_as_column_and_as_table():
    assert is_column(pl.Series([1]))
    assert is_column(pa.array([1]))
    assert is_table(pl.DataFrame())
    assert is_table(pa.table({}))
    for other in (PANDAS, [1], pl.LazyFrame(), pa.scalar(1), "a"):
        assert not is_column(other)
        assert not is_table(other)


@pytest.mark.parametrize("value", [pl.Series([1, 4]), pl.DataFrame({"a": [1, 4]})])
def test_checks_look_into_polars(value):
    assert problem_of(Check("range", (0, 4)), value) == ""
    assert "1 of 2 values above 3 (4)" in problem_of(Check("range", (0, 3)), value)
    assert "1 of 2 values are not allowed (4)" in problem_of(Check("values_in", (1,)), value)


@pytest.mark.parametrize("kind", [pl.Series, pa.array])
def test_nulls_of_arrow_and_polars_are_nulls(kind):
    assert problem_of(Check("allow_nans", limit=False), kind([1, None])) == (
        "1 of 2 values are null"
    )
    assert problem_of(Check("max_fraction_nans", 0.5), kind([1, None])) == ""


@pytest.mark.parametrize("kind", [pl.Series, pa.array])
@pytest.mark.parametrize(
    ("wanted", "values", "other"),
    [(int, [1], ["a"]), (float, [1.5], [1]), (bool, [True], [1]), (str, ["a"], [1])],
)
def test_dtypes_of_arrow_and_polars(kind, wanted, values, other):
    assert problem_of(Check("data_type", wanted), kind(values)) == ""
    problem = problem_of(Check("data_type", wanted), kind(other))
    assert problem.endswith(f"not {wanted.__name__}")


def test_a_polars_dtype_by_its_own_name():
    assert problem_of(Check("data_type", pl.Int64), pl.Series([1])) == ""
    assert problem_of(Check("data_type", "Int64"), pl.Series([1])) == ""


def test_a_feature_that_writes_into_a_polars_column_changes_its_own_only(tmp_path):
    def price():
        return pl.Series("price", [1, 2])

    def table():
        return pl.DataFrame({"a": [1, 2]})

    def spoilt(price):
        price[0] = 99
        return price

    def wider(table):
        table.insert_column(0, pl.Series("b", [0, 0]))
        return table

    def total(price, spoilt, table, wider):
        return price.sum() + len(table.columns)

    graph = FeatureGraph.from_functions(price, table, spoilt, wider, total)
    materialiser = Materialiser(ColumnCache(tmp_path))
    for _ in range(2):
        run = materialiser.run(graph, ["total", "price", "spoilt"])
        found = assemble(run, ["total", "price", "spoilt"], result="dict")
        assert found["total"] == 4
        assert found["price"].to_list() == [1, 2]
        assert found["spoilt"].to_list() == [99, 2]


def test_type_checks_know_polars_and_arrow():
    def swift() -> pl.Series:
        return pl.Series([1])

    def wrong() -> pl.Series:
        return pa.array([1])

    graph = FeatureGraph.from_functions(swift, wrong).with_type_checks("fail")
    assert compute(graph, ["swift"], result="dict")["swift"].to_list() == [1]
    with pytest.raises(ComputeError, match="wrong"):
        compute(graph, ["wrong"], result="dict")
