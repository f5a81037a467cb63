from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from jupyter_lifecycle.errors import ResultError, UnboundError
from jupyter_lifecycle.materialise import Run, assemble
from jupyter_lifecycle.materialise.frame import assembled

A = pd.Series([1.0, 2.0, 3.0])
B = pd.Series(["x", "y", "z"])


def test_a_dict_where_nothing_has_rows():
    values = {"mean": 1.5, "model": object(), "table": {"a": 1}, "block": np.zeros((2, 2))}
    assert assembled(values, list(values)) == values


def test_what_a_run_has_not_cannot_be_put_together():
    run = Run({"price": A}, {}, (), (), 0.0)
    with pytest.raises(UnboundError, match=r"prize is not among the values\. Did you mean price\?"):
        assemble(run, ["prize"])


def test_assemble_takes_a_run():
    run = Run({"a": A}, {}, (), (), 0.0)
    assert list(assemble(run, ["a"])) == ["a"]
    assert assemble(run, ["a"], result="dict")["a"] is A


def test_scalars_of_all_kinds_are_repeated():
    values = {
        "a": A,
        "text": "x",
        "number": np.float32(2),
        "none": None,
        "nat": pd.NaT,
        "na": pd.NA,
        "day": dt.date(2024, 1, 1),
        "money": Decimal("1.5"),
        "flag": True,
        "zoned": pd.Timestamp("2024-01-01", tz="UTC"),
    }
    frame = assembled(values, list(values))
    assert frame.shape == (3, 10)
    assert frame.text.tolist() == ["x"] * 3
    assert frame.number.dtype == np.float32
    assert frame.flag.dtype == bool
    assert frame.none.isna().all()
    assert str(frame.zoned.dtype) == "datetime64[us, UTC]"
    assert list(frame) == list(values)


def test_arrays_indexes_and_categories_are_columns():
    values = {
        "array": np.arange(3),
        "index": pd.Index([7, 8, 9]),
        "kind": pd.Categorical(list("aba")),
    }
    frame = assembled(values, list(values))
    assert frame["array"].tolist() == [0, 1, 2]
    assert frame["index"].tolist() == [7, 8, 9]
    assert frame["kind"].dtype == "category"


def test_frames_are_spliced_by_their_columns():
    values = {"a": A, "pair": pd.DataFrame({"p": [1, 2, 3], "q": [4, 5, 6]}), "one": 1}
    frame = assembled(values, ["one", "pair", "a"])
    assert list(frame) == ["one", "p", "q", "a"]


def test_what_has_an_index_is_aligned_by_it():
    shuffled = A.sample(frac=1, random_state=1)
    part = pd.Series([9.0], index=[2])
    frame = assembled({"a": A, "s": shuffled, "part": part}, ["part", "a", "s"])
    assert frame.index.equals(A.index)
    assert frame.s.tolist() == A.tolist()
    assert frame.part.isna().tolist() == [True, True, False]


def test_overlapping_rows_make_the_union():
    one, other = pd.Series([1, 2], index=[0, 1]), pd.Series([3, 4], index=[1, 2])
    frame = assembled({"one": one, "other": other}, ["one", "other"])
    assert frame.index.tolist() == [0, 1, 2]


def test_the_same_repeated_index_needs_no_matching():
    index = ["a", "a", "b"]
    frame = assembled(
        {"one": pd.Series([1, 2, 3], index=index), "two": pd.Series([4, 5, 6], index=index)},
        ["one", "two"],
    )
    assert frame.two.tolist() == [4, 5, 6]


def test_empty_columns_make_an_empty_frame():
    empty = pd.Series([], dtype=float)
    frame = assembled({"a": empty, "b": empty, "c": 1}, ["a", "b", "c"])
    assert frame.shape == (0, 3)


REFUSED = {
    "object beside rows": ({"a": A, "model": object()}, None, "model is a object"),
    "block beside rows": ({"a": A, "block": np.zeros((3, 2))}, None, r"ndarray of shape \(3, 2\)"),
    "list beside rows": ({"a": A, "rows": [1, 2, 3]}, None, "rows is a list"),
    "no rows at all": ({"mean": 1.5}, "frame", "None of the targets .mean. has rows"),
    "nothing": ({}, "frame", "None of the targets .nothing. has rows"),
    "column twice": (
        {"a": A, "pair": pd.DataFrame({"a": [1, 2, 3]})},
        None,
        "Column a comes from a and from pair",
    ),
    "no row in common": (
        {"a": A, "routes": pd.Series([1], index=["JFK"])},
        None,
        "routes .1 rows, index from 'JFK'. has no row in common with a",
    ),
    "label twice": (
        {"a": A, "b": pd.Series([1, 2], index=[0, 0])},
        None,
        "the one of b has a label twice",
    ),
    "array of another length": (
        {"a": A, "short": np.arange(2)},
        None,
        "short has 2 values without",
    ),
}


@pytest.mark.parametrize(("values", "result", "words"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_frame_names_the_other_result(values, result, words):
    with pytest.raises(ResultError, match=words) as caught:
        assembled(values, list(values), result)
    assert 'result="dict"' in caught.value.message


@given(
    count=st.integers(30, 40),
    dtype=st.sampled_from(["float64", "float32", "int64", "bool", "Int64", "str", "mixed"]),
    arrays=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_a_wide_frame_is_what_pandas_would_make(count, dtype, arrays):
    kinds = ["float64", "int64", "str"] if dtype == "mixed" else [dtype]
    values = {
        f"c{n}": pd.Series([n, n + 1, n * 2]).astype(kinds[n % len(kinds)]) for n in range(count)
    }
    if arrays and dtype not in {"str", "mixed", "Int64"}:
        values = {name: each.to_numpy() for name, each in values.items()}
    assert_frame_equal(assembled(values, list(values)), pd.DataFrame(values))


def test_the_frame_is_the_callers_own():
    source = pd.Series(np.arange(3.0))
    frame = assembled({f"c{n}": source for n in range(40)}, [f"c{n}" for n in range(40)])
    frame.iloc[0, 0] = -1
    assert source[0] == 0.0
    assert frame.iloc[0, 1] == 0.0


def test_equal_indexes_that_are_not_the_same_object():
    zoned = pd.Series(pd.date_range("2020", periods=2, tz="UTC"), index=pd.Index([1, 2]))
    kinds = pd.Series(["a", "b"], dtype="category", index=pd.Index([1, 2]))
    numbers = pd.Series([1.5, 2.5], index=pd.Index([1, 2]))
    found = assembled({"n": numbers, "z": zoned, "k": kinds}, ["n", "z", "k"])
    expected = pd.DataFrame({"n": numbers, "z": zoned, "k": kinds})
    assert_frame_equal(found, expected)
    found.iloc[0, 0] = -1.0
    assert numbers.iloc[0] == 1.5


COLUMNS = {
    "float64": [1.5, 2.5],
    "float32": [1.5, 2.5],
    "int64": [1, 2],
    "int8": [1, 2],
    "uint16": [1, 2],
    "bool": [True, False],
    "complex128": [1j, 2.0],
    "Int64": [1, None],
    "Float64": [1.0, None],
    "boolean": [True, None],
    "str": ["a", None],
    "object": ["a", 1],
    "category": ["a", "b"],
    "datetime64[ns]": ["2026-01-01", None],
    "datetime64[us, UTC]": ["2026-01-01", None],
    "timedelta64[s]": [1, 2],
    "float64[pyarrow]": [1.0, None],
}


@pytest.mark.parametrize("same_index", [True, False], ids=["one index", "equal indexes"])
@pytest.mark.parametrize("dtype", COLUMNS)
def test_columns_of_one_dtype_keep_it(dtype: str, same_index: bool):
    index = pd.Index(["p", "q"])
    other = index if same_index else pd.Index(["p", "q"])
    one = pd.Series(COLUMNS[dtype], index=index, dtype=dtype)
    two = pd.Series(COLUMNS[dtype][::-1], index=other, dtype=dtype)
    found = assembled({"a": one, "b": two}, ["a", "b"])
    assert_frame_equal(found, pd.DataFrame({"a": one, "b": two}))


@given(
    st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4),
    st.booleans(),
)
def test_columns_of_any_dtypes_make_the_frame_that_pandas_makes(dtypes: list[str], arrays: bool):
    columns = {f"c{n}": pd.Series(COLUMNS[each], dtype=each) for n, each in enumerate(dtypes)}
    values = {name: each.array if arrays else each for name, each in columns.items()}
    found = assembled(values, list(values))
    assert_frame_equal(found, pd.DataFrame(columns))


def test_numbers_are_copied_into_one_block_of_their_own():
    columns = {name: pd.Series(np.arange(4.0)) for name in "abc"}
    frame = assembled(columns, list(columns))
    assert isinstance(frame, pd.DataFrame)
    whole = frame.to_numpy()
    assert all(np.shares_memory(whole, frame[name].to_numpy()) for name in "abc")
    assert not any(np.shares_memory(whole, each.to_numpy()) for each in columns.values())
