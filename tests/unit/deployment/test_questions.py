"""Rows to requests and answers back to values, through JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.deployment.questions import from_answer, to_payload
from jupyter_lifecycle.envelope import Field, Schema

A = Field("a", "number", dtype="float64")
T = Field("t", "datetime", dtype="datetime64[ns]", nullable=True)


def schema(answer="array", outputs=None, *, aligned=True, container="frame"):
    outputs = outputs or (Field("value", "number", dtype="float64"),)
    form = "arguments" if container == "keywords" else "frame"
    return Schema(form, container, (A, T), tuple(outputs), answer, aligned)


FRAME = pd.DataFrame(
    {"a": [1.0, np.nan], "t": pd.to_datetime(["2024-03-01 10:00", None]).as_unit("us")},
    index=[7, 9],
)


@pytest.mark.parametrize(
    ("rows", "payload"),
    [
        (FRAME, {"a": [1.0, None], "t": ["2024-03-01T10:00:00.000000", None]}),
        (FRAME.iloc[:0], []),
        ({"a": np.float64(2)}, {"a": 2.0}),
        ([{"a": 1}], [{"a": 1}]),
        (None, {}),
    ],
    ids=["frame by columns", "empty frame", "dict", "list", "nothing"],
)
def test_rows_become_json(rows, payload):
    found = to_payload(rows, schema())
    assert json.loads(json.dumps(found, allow_nan=False)) == payload


def test_a_frame_with_a_name_twice_goes_by_rows():
    frame = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    assert to_payload(frame, schema()) == [{"a": 2.0}]


def test_an_answer_has_the_form_of_the_question():
    array = from_answer([1.0, None], FRAME, schema())
    assert array.dtype == "float64"
    np.testing.assert_array_equal(array, [1.0, np.nan])
    assert from_answer(1.5, {"a": 1}, schema()) == 1.5
    assert from_answer([1.5], [{"a": 1}], schema()) == [1.5]
    assert from_answer([1.5, None], np.zeros((2, 2)), schema(container="array")).tolist()[0] == 1.5


def test_a_series_has_the_index_of_the_rows():
    name = Field("minutes", "number", dtype="float64")
    series = from_answer([1.0, 2.0], FRAME, schema("series", (name,)))
    pd.testing.assert_series_equal(series, pd.Series([1.0, 2.0], index=[7, 9], name="minutes"))
    short = from_answer([1.0], FRAME, schema("series", aligned=False))
    pd.testing.assert_series_equal(short, pd.Series([1.0]))


def test_frames_matrices_lists_and_values():
    outputs = (Field("low", "number", dtype="float64"), Field("at", "date", dtype="object"))
    rows = [{"low": 1.0, "at": "2024-03-01"}, {"low": None, "at": None}]
    frame = from_answer(rows, FRAME, schema("frame", outputs))
    assert list(frame.columns) == ["low", "at"]
    assert frame.index.tolist() == [7, 9]
    assert str(frame["at"].iloc[0]) == "2024-03-01"
    one = from_answer(rows[0], {"a": 1}, schema("frame", outputs))
    assert (one["low"], str(one["at"])) == (1.0, "2024-03-01")
    cells = (Field("y0", "number", dtype="float64"), Field("y1", "number", dtype="float64"))
    assert from_answer([[1.0, 2.0]], FRAME.head(1), schema("matrix", cells)).shape == (1, 2)
    assert from_answer([[1.0, 2.0]], [{"a": 1}], schema("matrix", cells)) == [[1.0, 2.0]]
    word = (Field("value", "string"),)
    assert from_answer(["x", "y"], FRAME, schema("list", word)) == ["x", "y"]
    assert from_answer("x", FRAME, schema("value", word, aligned=False)) == "x"


def test_arguments_are_answered_one_by_one():
    when = Field("value", "datetime")
    found = from_answer(
        "2024-03-01T10:00:00", {"a": 1}, schema("value", (when,), container="keywords")
    )
    assert found.year == 2024
    many = from_answer([None], [{"a": 1}], schema("value", (when,), container="keywords"))
    assert many == [None]
    bare = Schema("arguments", "keywords", (A,))
    assert from_answer({"k": 1}, {"a": 1}, bare) == {"k": 1}
