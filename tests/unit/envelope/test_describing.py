"""Types from examples: what cannot have one is refused with its reason."""

import enum
from collections import namedtuple
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.envelope.describing import (
    field_of_column,
    field_of_values,
    fields_of_frame,
    is_null,
    members_of,
)
from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.errors import SchemaError


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


Point = namedtuple("Point", "x y")  # noqa: PYI024 - without annotations on purpose


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ([1, 2], Field("v", "integer")),
        ([1, 2.5], Field("v", "number")),
        ([np.float32(1), 2], Field("v", "number")),
        ([True, None], Field("v", "boolean", nullable=True)),
        (["a", float("nan")], Field("v", "string", nullable=True)),
        (["a", pd.NA, pd.NaT], Field("v", "string", nullable=True)),
        ([datetime(2024, 1, 1)], Field("v", "datetime")),
        ([datetime(2024, 1, 1, tzinfo=UTC)], Field("v", "datetime", zone="UTC")),
        ([date(2024, 1, 1)], Field("v", "date")),
        ([Colour.RED], Field("v", "categorical", categories=("red", "green"))),
        ([[1], [2, 3]], Field("v", "array", items=Field("item", "integer"))),
        ([[], []], Field("v", "array")),
        ([(1, 2)], Field("v", "array", items=Field("item", "integer"))),
        ([np.array([1.0])], Field("v", "array", items=Field("item", "number", dtype="float64"))),
        (
            [pd.DataFrame({"a": [1]})],
            Field(
                "v",
                "array",
                items=Field("item", "object", fields=(Field("a", "integer", dtype="int64"),)),
            ),
        ),
        (
            [{"a": 1, "b": 2}, {"a": 3}],
            Field(
                "v", "object", fields=(Field("a", "integer"), Field("b", "integer", required=False))
            ),
        ),
        (
            [Point(1, 2.5)],
            Field("v", "object", fields=(Field("x", "integer"), Field("y", "number"))),
        ),
    ],
)
def test_what_values_share(values, field):
    assert field_of_values("v", values) == field


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([None], "v is null everywhere"),
        ([1, "a"], "v mixes int and str"),
        ([1, True], "v mixes bool and int"),
        ([object()], "v is a builtins.object, which has no JSON type"),
        ([int], "v is a builtins.type"),
        ([{1: 2}], "v has the key 1"),
        ([datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)], "with and without a zone"),
    ],
)
def test_what_values_cannot_share(values, words):
    with pytest.raises(SchemaError, match=words):
        field_of_values("v", values)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pd.Series([timedelta(1)]), "Give a duration as a number of seconds"),
        (pd.Series([1j]), "Give real and imaginary part as two columns"),
        (pd.Series([1.0, np.inf]), "c is infinite in row 1"),
        (pd.Series(pd.period_range("2024", periods=2, freq="D")), "for which JSON has no type"),
        (pd.Series(pd.Categorical([timedelta(1)])), "categories"),
        (pd.Series(pd.Categorical([str(i) for i in range(10_001)])), "10001 categories"),
        (pd.Series([1, "a"], dtype=object), "c mixes int and str"),
        (pd.Series(pd.Categorical([(1, 2)])), "the categories of c are object, not scalars"),
    ],
)
def test_columns_without_a_type(column, words):
    with pytest.raises(SchemaError, match=words):
        field_of_column("c", column)


def test_plain_arrays_and_extension_types():
    assert field_of_column("c", np.array(["a", "b"])) == Field("c", "string", dtype="str")
    assert field_of_column("c", pd.array([True, None], dtype="boolean")).type == "boolean"
    assert field_of_column("c", pd.array([0.5, None], dtype="Float64")).nullable
    assert field_of_column("c", pd.Series([None, "a"], dtype="string")).dtype.startswith("str")


def test_frames_need_one_column_a_name():
    with pytest.raises(SchemaError, match="column 0, a int; columns need str names"):
        fields_of_frame(pd.DataFrame([[1]]))
    with pytest.raises(SchemaError, match="more than one column named a"):
        fields_of_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_nulls_and_members():
    assert all(is_null(value) for value in (None, float("nan"), pd.NA, pd.NaT))
    assert not is_null(0)
    assert members_of(3) is None
    assert members_of(Point) is None
