"""Answers as JSON: always valid, or refused with the place of what has no JSON form."""

import dataclasses
import enum
import json
from collections import namedtuple
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
import pandas as pd
import pydantic
import pytest

from jupyter_lifecycle.envelope.writing import to_json
from jupyter_lifecycle.errors import SchemaError


class Size(enum.Enum):
    BIG = "big"


class Count(enum.IntEnum):
    ONE = 1


@dataclasses.dataclass
class Answer:
    mean: float
    size: Size


class Reply(pydantic.BaseModel):
    when: date


Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - without annotations on purpose


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (np.float32(0.5), 0.5),
        (np.float64("nan"), None),
        (np.int8(3), 3),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.datetime64("2024-01-01"), "2024-01-01"),
        (np.datetime64("NaT", "ns"), None),
        (pd.NA, None),
        (pd.NaT, None),
        (pd.Timestamp("2024-01-01", tz="UTC"), "2024-01-01T00:00:00+00:00"),
        (datetime(2024, 1, 1), "2024-01-01T00:00:00"),
        (date(2024, 1, 1), "2024-01-01"),
        (time(8, 30), "08:30:00"),
        (Size.BIG, "big"),
        (Count.ONE, 1),
        (Text("x"), "x"),
        (Answer(1.5, Size.BIG), {"mean": 1.5, "size": "big"}),
        (Reply(when=date(2024, 1, 1)), {"when": "2024-01-01"}),
        (Pair(1, 2), {"a": 1, "b": 2}),
        ({Size.BIG: [1, (2,)]}, {"big": [1, [2]]}),
        ({3, 1, 2}, [1, 2, 3]),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        (np.array([True]), [True]),
        (np.array(["a"]), ["a"]),
        (np.array(["2024-01-01"], dtype="datetime64[D]"), ["2024-01-01"]),
        (np.array([["NaT"]], dtype="datetime64[s]"), [[None]]),
        (np.array([1, None], dtype=object), [1, None]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Series(["a", None]), ["a", None]),
        (pd.Index([1, 2]), [1, 2]),
        (pd.Series([0.1], dtype="float32"), [float(np.float32(0.1))]),
        (pd.DataFrame({"a": [1], "b": [np.nan]}), [{"a": 1, "b": None}]),
        (pd.DataFrame(index=[0, 1]), [{}, {}]),
    ],
)
def test_values(value, expected):
    found = to_json(value)
    assert found == expected
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({1: 2}, "the value has the key 1 of type int"),
        ([{"a": object()}], r"the value\[0\]\['a'\] is a object, which has no JSON form"),
        (Decimal("1.5"), "the value is a decimal.Decimal"),
        (1j, "complex"),
        (np.complex64(1), "complex64, which has no JSON form"),
        (np.array([1j]), r"the value\[0\] is a complex"),
        ((item for item in ()), "generator"),
    ],
)
def test_what_has_no_form(value, words):
    with pytest.raises(SchemaError, match=words):
        to_json(value)
