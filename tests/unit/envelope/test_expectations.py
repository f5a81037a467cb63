"""Profiles: shares, ranges and bins that count every row once."""

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lifecycle.envelope import Expectation, Field
from jupyter_lifecycle.envelope.expectations import BINS, MAX_CATEGORIES, expect, expectations_of

NUMBER = Field("x", "number", nullable=True, dtype="float64")


@given(
    st.lists(
        st.one_of(st.floats(allow_infinity=False, width=32), st.sampled_from([0.0, 1.0])),
        min_size=1,
    )
)
def test_bins_hold_every_number(values):
    found = expect(NUMBER, pd.Series(values, dtype="float64"))
    present = sum(not math.isnan(value) for value in values)
    assert sum(found.counts) == present
    assert found.null_share == pytest.approx(1 - present / len(values))
    assert list(found.edges) == sorted(set(found.edges))
    if present:
        assert len(found.counts) == len(found.edges) + 1
        assert found.minimum <= found.edges[0] <= found.edges[-1] <= found.maximum
        assert Expectation.from_json(found.to_json()) == found


def test_edges_are_quantiles():
    found = expect(NUMBER, np.arange(1001.0))
    assert len(found.edges) == BINS - 1
    assert found.edges[9] == 500.0
    assert (found.minimum, found.maximum) == (0.0, 1000.0)


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        (
            Field("w", "string", nullable=True),
            ["b", "a", "b", None],
            Expectation("w", 4, 0.25, categories=(("b", 0.5), ("a", 0.25))),
        ),
        (
            Field("f", "boolean"),
            np.array([True, False]),
            Expectation("f", 2, 0.0, categories=((False, 0.5), (True, 0.5))),
        ),
        (
            Field("k", "categorical", categories=("x", "y")),
            pd.Categorical(["x", "x"], categories=["x", "y"]),
            Expectation("k", 2, 0.0, categories=(("x", 1.0),)),
        ),
        (
            Field("t", "datetime", nullable=True),
            pd.to_datetime(["2024-01-02", None, "2024-01-01"]),
            Expectation("t", 3, 1 / 3, "2024-01-01T00:00:00", "2024-01-02T00:00:00"),
        ),
        (
            Field("d", "date"),
            [date(2024, 1, 1)],
            Expectation("d", 1, 0.0, "2024-01-01", "2024-01-01"),
        ),
        (Field("d", "date", nullable=True), [None], Expectation("d", 1, 1.0)),
        (NUMBER, [None], Expectation("x", 1, 1.0)),
        (Field("l", "array"), [[1]], None),
    ],
)
def test_other_types(field, values, expected):
    assert expect(field, values) == expected


def test_rare_categories_are_counted_together():
    values = [str(index) for index in range(MAX_CATEGORIES + 50)]
    found = expect(Field("w", "string"), values)
    assert len(found.categories) == MAX_CATEGORIES
    assert found.others == pytest.approx(50 / (MAX_CATEGORIES + 50))


def test_every_form_of_rows():
    one, two = Field("a", "integer"), Field("b", "number")
    frame = pd.DataFrame({"b": [0.5], "a": [1]})
    assert [found.name for found in expectations_of((one, two), frame)] == ["a", "b"]
    assert [found.maximum for found in expectations_of((one, two), np.array([[1, 2]]))] == [
        1.0,
        2.0,
    ]
    assert expectations_of((one,), [{"a": 1}, {}])[0].null_share == 0.5
    assert expectations_of((one,), {"a": 1})[0].rows == 1
    assert expectations_of((one,), pd.Series([1, 2]))[0].rows == 2
    assert expectations_of((one,), frame[["b"]]) == ()
