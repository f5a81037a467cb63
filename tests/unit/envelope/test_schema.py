"""The schema of an example: what it reads, refuses, says as JSON Schema, and gives back."""

import json
from datetime import date

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lifecycle.envelope import Field, Schema
from jupyter_lifecycle.envelope.describing import fields_of_frame
from jupyter_lifecycle.errors import InputError, SchemaError


def whole_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "count": np.array([1, 2, 3], dtype="int32"),
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "share": [0.5, np.nan, 0.25],
            "single": np.array([0.1, 0.2, 0.3], dtype="float32"),
            "flag": [True, False, True],
            "word": ["a", "b", "c"],
            "gap": ["a", None, "c"],
            "kind": pd.Categorical(["x", "y", "x"], categories=["x", "y", "z"], ordered=True),
            "level": pd.Categorical([1, 2, 1]),
            "when": pd.to_datetime(["2024-01-01 00:00", "2024-01-01 06:30", None]),
            "there": pd.to_datetime(
                ["2024-07-01 00:00", "2024-11-03 05:30", "2024-11-03 06:30"], utc=True
            ).tz_convert("America/New_York"),
            "exact": np.array(["2024-01-01T00:00:00.123456789"] * 3, dtype="datetime64[ns]"),
            "day": [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)],
            "path": [[1, 2], [], [3]],
            "place": [{"x": 1, "y": 2.0}, {"x": 2, "y": 1.5}, {"x": 3, "y": 0.0}],
        }
    )


def schema_of(frame: pd.DataFrame) -> Schema:
    return Schema("frame", "frame", fields_of_frame(frame))


def rows_of(schema: Schema, frame: pd.DataFrame) -> list[dict]:
    rows = schema.encode(frame)
    return json.loads(json.dumps(rows, allow_nan=False))


def test_types_come_from_the_whole_example():
    words = {field.name: field.type for field in schema_of(whole_frame()).inputs}
    assert words == {
        "count": "integer",
        "maybe": "integer",
        "share": "number",
        "single": "number",
        "flag": "boolean",
        "word": "string",
        "gap": "string",
        "kind": "categorical",
        "level": "categorical",
        "when": "datetime",
        "there": "datetime",
        "exact": "datetime",
        "day": "date",
        "path": "array",
        "place": "object",
    }
    nullable = {field.name for field in schema_of(whole_frame()).inputs if field.nullable}
    assert nullable == {"maybe", "share", "gap", "when"}


def test_rows_come_back_as_they_were():
    frame = whole_frame()
    schema = schema_of(frame)
    pd.testing.assert_frame_equal(schema.decode(rows_of(schema, frame)), frame)


def test_columns_and_a_single_row_read_alike():
    frame = whole_frame().drop(columns=["path", "place"])
    schema = schema_of(frame)
    rows = rows_of(schema, frame)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    pd.testing.assert_frame_equal(schema.decode(columns), frame)
    parsed = schema.parse(rows[0])
    assert parsed.single
    pd.testing.assert_frame_equal(parsed.rows, frame.head(1))


def test_a_list_field_tells_columns_from_a_row():
    schema = Schema("frame", "frame", (Field("path", "array", items=Field("item", "integer")),))
    assert schema.parse({"path": [1, 2]}).single
    assert not schema.parse({"path": [[1, 2], [3]]}).single


def test_the_schema_survives_json():
    schema = schema_of(whole_frame()).with_answer(
        (Field("value", "number"),), "array", aligned=True
    )
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"form": "x", "container": "frame"},
        {
            "form": "frame",
            "container": "frame",
            "inputs": 3,
            "outputs": [],
            "answer": "",
            "aligned": 0,
        },
        {
            "form": "frame",
            "container": "frame",
            "inputs": [3],
            "outputs": [],
            "answer": "",
            "aligned": 0,
        },
        {
            "form": "frame",
            "container": "frame",
            "inputs": [{"name": "a", "type": "float"}],
            "outputs": [],
            "answer": "",
            "aligned": False,
        },
    ],
)
def test_a_broken_schema_is_refused(broken):
    with pytest.raises(SchemaError):
        Schema.from_json(broken)


SMALL = Schema(
    "frame",
    "frame",
    (Field("a", "integer", dtype="int64"), Field("b", "number", nullable=True, dtype="float64")),
)


@pytest.mark.parametrize(
    ("payload", "problems"),
    [
        ([], [("", "has no rows")]),
        ({}, [("/a", "is missing"), ("/b", "is missing")]),
        ("x", [("", 'expected a list of objects or an object, got "x"')]),
        (None, [("", "expected a list of objects or an object, got null")]),
        ([3], [("/0", "expected an object, got 3")]),
        ([{"a": 1}], [("/0/b", "is missing")]),
        (
            [{"a": 1, "b": 2.0}, {"a": "x", "b": 2.0, "c": 1}],
            [("/1/a", 'expected an integer, got "x"'), ("/1/c", "is not expected")],
        ),
        ({"a": 1.5, "b": None}, [("/a", "expected an integer, got 1.5")]),
        ({"a": [1, "y"], "b": [None, 1]}, [("/a/1", 'expected an integer, got "y"')]),
        ({"a": [1, 2], "b": [None]}, [("/b", "has 1 values, others have 2")]),
        ({"a": [1], "c": [2]}, [("/b", "is missing"), ("/c", "is not expected")]),
        ({"a": [], "b": []}, [("", "has no rows")]),
        ({"a": [1], "b": 2.0}, [("/a", "expected an integer, got a list")]),
    ],
)
def test_problems_with_their_place(payload, problems):
    with pytest.raises(InputError) as caught:
        SMALL.decode(payload)
    found = [(one["path"], one["reason"]) for one in caught.value.detail["problems"]]
    assert found == problems
    assert caught.value.status == 400


ARRAY = Schema(
    "frame",
    "array",
    (Field("x0", "number", dtype="float64"), Field("x1", "number", dtype="float64")),
)


def test_an_array_reads_lists_and_objects():
    expected = np.array([[1.0, 2.0], [3.0, 4.0]])
    for payload in (
        [[1, 2], [3, 4]],
        [{"x0": 1, "x1": 2}, {"x0": 3, "x1": 4}],
        {"x0": [1, 3], "x1": [2, 4]},
    ):
        found = ARRAY.decode(payload)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ([[1, 2], 3], {"path": "/1", "reason": "expected a list, got 3"}),
        ([[1]], {"path": "/0", "reason": "has 1 values, the model expects 2"}),
        ([[1, "x"]], {"path": "/0/1", "reason": 'expected a number, got "x"'}),
    ],
)
def test_an_array_refuses_other_shapes(payload, problem):
    with pytest.raises(InputError) as caught:
        ARRAY.decode(payload)
    assert caught.value.detail["problems"] == [problem]


def test_values_without_columns():
    texts = Schema("frame", "list", (Field("value", "string"),))
    assert texts.decode(["a", "b"]) == ["a", "b"]
    assert texts.parse("a").single
    assert texts.decode({"value": ["a"]}) == ["a"]
    with pytest.raises(InputError, match="has no rows"):
        texts.decode([])
    series = Schema("frame", "series", (Field("age", "integer", dtype="int64"),))
    pd.testing.assert_series_equal(series.decode([1, 2]), pd.Series([1, 2], name="age"))
    vector = Schema("frame", "vector", (Field("value", "number", dtype="float32"),))
    assert vector.decode([1, 2]).dtype == np.float32
    pd.testing.assert_series_equal(
        series.check(pd.Series([1, 2], name="age", index=[5, 6])),
        pd.Series([1, 2], name="age", index=[5, 6]),
    )


CALL = Schema(
    "arguments", "keywords", (Field("a", "integer"), Field("b", "number", required=False))
)


def test_arguments_read_one_or_many():
    assert CALL.parse({"a": 1}).rows == {"a": 1}
    assert CALL.parse([{"a": 1, "b": 2.5}, {"a": 2}]).rows == [{"a": 1, "b": 2.5}, {"a": 2}]
    nothing = Schema("arguments", "keywords", ())
    assert nothing.decode(None) == {}
    assert nothing.decode({}) == {}
    assert nothing.check(None) == {}


@pytest.mark.parametrize(
    ("payload", "path"),
    [("x", ""), ([], ""), ([3], "/0"), ({"b": 1}, "/a"), ([{"a": 1, "c": 2}], "/0/c")],
)
def test_arguments_refuse_the_rest(payload, path):
    with pytest.raises(InputError) as caught:
        CALL.decode(payload)
    assert caught.value.detail["problems"][0]["path"] == path


def test_python_values_go_the_same_way():
    assert CALL.check({"a": np.int64(3)}) == {"a": 3}
    pd.testing.assert_frame_equal(
        SMALL.check([{"a": 1, "b": np.nan}]), pd.DataFrame({"a": [1], "b": [np.nan]})
    )


def test_an_answer_that_holds_itself():
    circle: list = []
    circle.append(circle)
    with pytest.raises(SchemaError, match="holds itself"):
        SMALL.encode(circle)


def test_what_is_one_question():
    assert SMALL.is_single({"a": 1, "b": 2})
    assert not SMALL.is_single({"a": [1], "b": [2]})
    assert not SMALL.is_single(pd.DataFrame())
    assert not SMALL.is_single([{"a": 1}])
    assert CALL.is_single(None)


def test_json_schema_takes_what_is_read_and_refuses_the_rest():
    frame = whole_frame()
    schema = schema_of(frame)
    validator = _validator(schema.to_json_schema())
    rows = rows_of(schema, frame)
    assert validator.is_valid(rows)
    assert validator.is_valid(rows[0])
    for name in ("count", "share", "flag", "word", "kind", "when", "path", "place"):
        assert not validator.is_valid([{**rows[0], name: {"no": 1}}]), name
    assert not validator.is_valid([{**rows[0], "more": 1}])
    assert not validator.is_valid([])


def _validator(schema: dict) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3),
)


@given(st.lists(st.fixed_dictionaries({"a": CELLS, "b": CELLS}), min_size=1, max_size=4))
def test_reading_agrees_with_json_schema(rows):
    try:
        SMALL.decode(rows)
        taken = True
    except InputError:
        taken = False
    inexact = any(isinstance(row["a"], float) and abs(row["a"]) > 2**53 for row in rows)
    huge = any(isinstance(row["b"], int) and abs(row["b"]) > 10**300 for row in rows)
    if not inexact and not huge:
        assert _validator(SMALL.to_json_schema()).is_valid(rows) == taken


@pytest.mark.parametrize(
    ("outputs", "kind", "aligned", "good", "bad"),
    [
        ((Field("value", "number"),), "array", True, 1.5, "x"),
        ((Field("y0", "number"), Field("y1", "number")), "matrix", True, [1, 2], [1]),
        ((Field("low", "number"),), "frame", True, {"low": 1}, {"high": 1}),
        ((Field("value", "number"),), "array", False, [1, 2, 3], 1),
        ((Field("value", "object", fields=(Field("p", "number"),)),), "value", True, {"p": 1}, 1),
        ((), "", False, 1, None),
    ],
)
def test_json_schema_of_answers(outputs, kind, aligned, good, bad):
    schema = SMALL.with_answer(outputs, kind, aligned=aligned).answer_json_schema()
    assert _validator(schema).is_valid(good)
    assert bad is None or not _validator(schema).is_valid(bad)


def test_json_schema_of_arrays_and_calls():
    assert _validator(ARRAY.to_json_schema()).is_valid([[1, 2]])
    assert not _validator(ARRAY.to_json_schema()).is_valid([[1]])
    assert _validator(CALL.to_json_schema()).is_valid({"a": 1})
    assert not _validator(CALL.to_json_schema()).is_valid({"b": 1})
    texts = Schema("frame", "list", (Field("value", "string", nullable=True),))
    assert _validator(texts.to_json_schema()).is_valid(["a", None])
    codes = Schema(
        "frame", "list", (Field("value", "categorical", nullable=True, categories=(1, "x")),)
    )
    assert _validator(codes.to_json_schema()).is_valid([1, "x", None])
    free = Field("m", "object", entries=Field("value", "integer"))
    assert _validator(free.to_json_schema()).is_valid({"k": 1})
    assert not _validator(free.to_json_schema()).is_valid({"k": "x"})
