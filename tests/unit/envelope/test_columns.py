"""A frame given in Python: reordered, converted where values stay the same, else refused."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.envelope import Field, Schema
from jupyter_lifecycle.envelope.columns import column_mismatch, conform_column, conform_frame
from jupyter_lifecycle.envelope.describing import fields_of_frame
from jupyter_lifecycle.errors import InputError

FRAME = pd.DataFrame(
    {
        "n": [1, 2],
        "x": [0.5, 1.5],
        "gap": [np.nan, 1.0],
        "word": ["a", "b"],
        "kind": pd.Categorical(["u", "v"]),
        "when": pd.to_datetime(["2024-01-01", "2024-01-02"]),
    }
)
FIELDS = fields_of_frame(FRAME)


def test_the_same_frame_comes_back_untouched():
    assert conform_frame(FIELDS, FRAME) is FRAME


def test_columns_are_put_in_order():
    found = conform_frame(FIELDS, FRAME[["when", "x", "n", "gap", "word", "kind"]])
    pd.testing.assert_frame_equal(found, FRAME)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("n", np.array([1.0, 2.0])),
        ("n", np.array([1, 2], dtype="int8")),
        ("x", np.array([1, 2])),
        ("x", np.array([0.5, 0.25], dtype="float32")),
        ("gap", pd.array([1, None], dtype="Int64")),
        ("word", np.array(["a", "b"], dtype=object)),
        ("word", pd.Categorical(["a", "b"])),
        ("kind", np.array(["u", "v"])),
        ("kind", pd.Categorical(["u", "v"], categories=["v", "u", "w"])),
        ("when", pd.to_datetime(["2024-01-01", "2024-01-02"]).as_unit("s")),
    ],
)
def test_equal_values_are_converted(name, given):
    found = conform_frame(FIELDS, FRAME.assign(**{name: given}))
    assert found.dtypes.equals(FRAME.dtypes)


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        (
            "n",
            [1.5, 2.0],
            "is float64, the model expects int64: row 0 expected an integer, got 1.5",
        ),
        ("n", ["a", "b"], 'row 0 expected an integer, got "a" (2 rows)'),
        ("x", [np.inf, 1.0], "row 0 expected a finite number, got infinity"),
        ("x", [np.nan, 1.0], "is null in 1 of 2 rows (first in row 0); the example had no null"),
        ("word", [1, 2], "row 0 expected a string, got 1"),
        ("kind", ["u", "w"], 'row 1 "w" is none of the categories "u", "v"'),
        ("when", pd.to_datetime(["2024-01-01"] * 2, utc=True), "has a time zone"),
        ("x", [timedelta(1)] * 2, "has no JSON form"),
    ],
)
def test_other_values_are_refused(name, given, reason):
    with pytest.raises(InputError) as caught:
        conform_frame(FIELDS, FRAME.assign(**{name: given}))
    (problem,) = caught.value.detail["problems"]
    assert problem["path"] == f"/{name}"
    assert reason in problem["reason"]


def test_missing_and_unexpected_columns():
    with pytest.raises(InputError) as caught:
        conform_frame(FIELDS, FRAME.drop(columns=["gap"]).rename(columns={"word": "wrod"}))
    assert caught.value.message == (
        "The model expects 6 columns, the rows have 5. Missing: gap, word. Not expected: wrod. Did you mean word?"
    )
    assert {problem["path"] for problem in caught.value.detail["problems"]} == {
        "/gap",
        "/word",
        "/wrod",
    }
    with pytest.raises(InputError, match="more than one column named x"):
        conform_frame(FIELDS, pd.concat([FRAME, FRAME[["x"]]], axis=1))
    with pytest.raises(InputError, match="has no rows"):
        conform_frame(FIELDS, FRAME.head(0))
    with pytest.raises(InputError, match="There are no rows"):
        conform_column(FIELDS[0], FRAME.n.head(0))


def test_words_of_a_mismatch():
    assert column_mismatch(["a", "b"], ["b", "a"], "the rows") == ""
    assert column_mismatch(["a"], ["a", "b"], "the example") == (
        "The model expects 1 column, the example has 2. Not expected: b."
    )
    assert column_mismatch([f"c{i}" for i in range(12)], [], "the example").endswith(
        "c7 and 4 more."
    )


def test_arrays_keep_shape_and_type():
    schema = Schema(
        "frame", "array", tuple(Field(f"x{i}", "number", dtype="float64") for i in range(2))
    )
    assert schema.check(np.array([[1, 2], [3, 4]])).dtype == np.float64
    assert schema.check(pd.DataFrame({"a": [1.0], "b": [2.0]})).shape == (1, 2)
    whole = np.array([[1, 2]])
    assert (
        Schema("frame", "array", fields_of_frame(pd.DataFrame(whole, columns=["x0", "x1"]))).check(
            whole
        )
        is whole
    )
    with pytest.raises(InputError, match=r"rows of 2 values, the array's shape is \(1, 3\)"):
        schema.check(np.ones((1, 3)))
    with pytest.raises(InputError, match="is null in 1 of 1 rows"):
        schema.check(np.array([[1.0, np.nan]]))
