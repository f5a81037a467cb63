from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.materialise import ColumnProfile, profile
from jupyter_lifecycle.materialise.profile import number


def test_numbers():
    column = pd.Series([*range(100), None], dtype=float)
    made = profile(column)
    assert made.dtype == "float64"
    assert (made.rows, made.nulls, made.distinct) == (101, 1, 100)
    assert (made.min, made.max, made.median, made.p95) == ("0", "99", "49", "94")
    assert len(made.histogram) == 24
    assert max(made.histogram) == 1.0
    assert made.head == ["0", "1", "2", "3", "4"]
    assert made.categories == []


def test_a_limit_looks_at_the_first_rows():
    made = profile(pd.Series(range(1000)), limit=10)
    assert (made.rows, made.max) == (10, "9")
    assert profile(np.zeros((50, 2)), limit=10).rows == 10
    assert profile(list(range(50)), limit=10).rows == 10
    assert profile(pd.DataFrame({"a": range(50)}), limit=10).rows == 10


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([1, 2, 2], dtype="Int64"), ("1", "2", "2", 2)),
        (pd.Series([1, 2, 3], dtype="int64[pyarrow]"), ("1", "3", "2", 3)),
        (pd.Series([2**60, 2**60 + 1]), ("1,152,921,504,606,846,976", None, None, 2)),
        (pd.Series([np.inf, 1.0, -np.inf]), ("−inf", "inf", "1", 3)),
        (np.array([1.0, 2.0], dtype="float32"), ("1", "2", "1", 2)),
        (pd.Index([5, 6]), ("5", "6", "5", 2)),
        (pd.array([1, None], dtype="Int64"), ("1", "1", "1", 1)),
    ],
    ids=["Int64", "arrow", "huge", "infinite", "array", "index", "extension"],
)
def test_numbers_of_all_kinds(column, expected):
    made = profile(column)
    low, high, middle, distinct = expected
    assert made.min == low
    assert high is None or made.max == high
    assert middle is None or made.median == middle
    assert made.distinct == distinct


def test_one_value_is_one_bar():
    assert profile(pd.Series([3.0, 3.0])).histogram == [1.0]
    assert profile(pd.Series([np.inf, np.inf])).histogram == []
    assert profile(pd.Series([-1e308, 1e308])).histogram == [1.0]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([], dtype=float),
        pd.Series([None, None], dtype=float),
        pd.Series([None, None], dtype="str"),
        pd.Series([pd.NaT]),
        pd.Series([None], dtype="boolean"),
        pd.Series([], dtype="category"),
    ],
    ids=lambda c: f"{c.dtype} {len(c)}",
)
def test_nothing_but_nulls(column):
    made = profile(column)
    assert made.nulls == made.rows == len(column)
    assert made.distinct == 0
    assert made.min == made.max == ""
    assert made.histogram == made.categories == []
    assert made.head == ["null"] * len(column)


def test_booleans_are_two_bars():
    made = profile(pd.Series([True, True, False, None], dtype="boolean"))
    assert made.histogram == [0.5, 1.0]
    assert made.categories == [("True", 0.5), ("False", 0.25)]
    assert made.distinct == 2
    assert profile(pd.Series([True])).distinct == 1
    assert profile(np.array([True, False])).head == ["True", "False"]


def test_text_and_categories():
    made = profile(pd.Series(["a", "b", "b", None, "c", "d", "e", "f"]))
    assert made.categories[0] == ("b", 0.25)
    assert len(made.categories) == 5
    assert made.distinct == 6
    made = profile(pd.Series(["a", "b"], dtype=pd.CategoricalDtype(["a", "b", "unused"])))
    assert made.distinct == 2
    mixed = profile(pd.Series([1, "x", Decimal("1.5"), dt.date(2024, 1, 2)], dtype=object))
    assert mixed.head == ["1", "x", "1.5", "2024-01-02"]


def test_values_that_cannot_be_compared():
    lists = pd.ArrowDtype(pa.list_(pa.int64()))
    made = profile(pd.Series([[1, 2], [3]], dtype=lists))
    assert made.distinct is None
    assert made.head == ["[1, 2]", "[3]"]


def test_complex_numbers_have_no_order():
    assert profile(pd.Series([1j, 1j])).categories == [("1j", 1.0)]


def test_times():
    start = pd.Timestamp("2013-01-01")
    made = profile(pd.Series([start + pd.Timedelta(hours=n) for n in range(48)]))
    assert made.min == "2013-01-01"
    assert made.max == "2013-01-02 23:00"
    assert made.median == "2013-01-02"
    assert made.distinct == 48
    assert len(made.histogram) == 24
    assert made.head[1] == "2013-01-01 01:00"
    zoned = profile(pd.Series([pd.Timestamp("2013-01-01 10:00:05", tz="UTC")]))
    assert zoned.min == "2013-01-01 10:00:05 UTC"
    arrow = pd.Series([start]).astype("timestamp[ns][pyarrow]")
    assert profile(arrow).min == "2013-01-01"
    assert profile(pd.Series([pd.Timedelta(days=1)])).min == "1 days 00:00:00"
    assert profile(pd.Series(pd.period_range("2013-01", periods=3, freq="M"))).max == "2013-03-01"


def test_frames():
    frame = pd.DataFrame({f"c{n}": [n, None] for n in range(12)})
    made = profile(frame)
    assert made.dtype == "DataFrame, 12 columns"
    assert (made.rows, made.nulls) == (2, 12)
    assert made.head[-1] == "and 2 more"
    assert profile(frame, "c3").max == "3"


def test_blocks():
    made = profile(np.arange(6.0).reshape(2, 3))
    assert made.dtype == "float64 2 × 3"
    assert (made.rows, made.max) == (2, "5")
    assert profile(np.array([["a", "b"]])).head == ["['a' 'b']"]


class Broken:
    def __str__(self):
        raise ValueError


def test_other_objects():
    assert profile(3.14159) == ColumnProfile("float", 1, 0, head=["3.14"])
    assert profile(None) == ColumnProfile("NoneType", 1, 1, head=["null"])
    assert profile({"a": 1}) == ColumnProfile("dict", 1, 0, head=["('a', 1)"])
    assert profile([1, None]).nulls == 1
    assert profile(Broken()).head == ["(Broken whose text raised ValueError)"]
    assert profile(pd.Series([1, "two\nlines " * 20], dtype=object)).head[1].endswith("…")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-5, "−5"),
        (1234567, "1,234,567"),
        (12.0, "12"),
        (12.5912, "12.6"),
        (1234.56, "1,235"),
        (-0.5, "−0.5"),
        (0.00012345, "0.000123"),
        (1.5e-9, "1.5e-09"),
        (1.23e18, "1.23e+18"),
        (float("nan"), "nan"),
    ],
)
def test_figures_are_short(value, text):
    assert number(value) == text


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_numbers_make_a_profile(values):
    made = profile(pd.Series(values, dtype=float))
    assert made.rows == len(values)
    assert all(0 <= bar <= 1 for bar in made.histogram)
    assert len(made.histogram) in {0, 1, 24}
