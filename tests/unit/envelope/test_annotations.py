"""Annotations become fields, and JSON becomes what they name."""

import collections.abc
import dataclasses
import enum
import typing
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict

import numpy as np
import pandas as pd
import pydantic
import pytest

from jupyter_lifecycle.envelope.annotations import Seen, bind, field_of_annotation, resolved
from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.errors import InputError, SchemaError


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Shape(enum.Enum):
    ROUND = (1, 2)


@dataclasses.dataclass
class Applicant:
    age: int
    score: float = 0.5
    level: Level = Level.LOW
    history: list[float] = dataclasses.field(default_factory=list)
    derived: int = dataclasses.field(init=False, default=0)

    def __post_init__(self):
        if self.age < 0:
            raise ValueError("age is negative")


class Trip(TypedDict):
    origin: str
    stops: NotRequired[list[str]]


class Loan(pydantic.BaseModel):
    amount: float = pydantic.Field(gt=0)
    months: int = 12


class Pair(NamedTuple):
    left: int
    right: float = 0.0


@dataclasses.dataclass
class Node:
    child: Optional["Node"] = None


Metres = NewType("Metres", float)
INT = Field("v", "integer")
NUM = Field("v", "number")


def field(hint, *values) -> Field:
    return field_of_annotation("v", hint, Seen(values, "The example"))


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (int, INT),
        (float, NUM),
        (bool, Field("v", "boolean")),
        (str, Field("v", "string")),
        (date, Field("v", "date")),
        (datetime, Field("v", "datetime")),
        (np.int32, INT),
        (np.float64, NUM),
        (np.bool_, Field("v", "boolean")),
        (Metres, NUM),
        (Annotated[int, "rows"], INT),
        (int | None, INT.or_null()),
        (Optional[str], Field("v", "string", nullable=True)),  # noqa: UP045 - what users write
        (int | float, NUM),
        (
            Literal["a", "b", None],  # noqa: PYI061 - what users write
            Field("v", "categorical", nullable=True, categories=("a", "b")),
        ),
        (Literal[Level.HIGH], Field("v", "categorical", categories=(2,))),
        (Level, Field("v", "categorical", categories=(1, 2))),
        (list[int], Field("v", "array", items=Field("item", "integer"))),
        (tuple[int, ...], Field("v", "array", items=Field("item", "integer"))),
        (tuple[int, int], Field("v", "array", items=Field("item", "integer"))),
        (collections.abc.Sequence[str], Field("v", "array", items=Field("item", "string"))),
        (list, Field("v", "array")),
        (dict[str, float], Field("v", "object", entries=Field("value", "number"))),
        (
            Trip,
            Field(
                "v",
                "object",
                fields=(
                    Field("origin", "string"),
                    Field("stops", "array", required=False, items=Field("item", "string")),
                ),
            ),
        ),
        (
            Loan,
            Field(
                "v",
                "object",
                fields=(Field("amount", "number"), Field("months", "integer", required=False)),
            ),
        ),
        (
            Pair,
            Field(
                "v",
                "object",
                fields=(Field("left", "integer"), Field("right", "number", required=False)),
            ),
        ),
    ],
)
def test_fields(hint, expected):
    assert field(hint) == expected


def test_dataclasses_leave_out_what_is_not_given():
    members = {member.name: member.required for member in field(Applicant).fields}
    assert members == {"age": True, "score": False, "level": False, "history": False}


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (Any, 3, INT),
        (dict, {"a": 1}, Field("v", "object", fields=(Field("a", "integer"),))),
        (list, [1.5], Field("v", "array", items=Field("item", "number"))),
        (datetime, datetime(2024, 1, 1, tzinfo=UTC), Field("v", "datetime", zone="UTC")),
        (
            np.ndarray,
            np.array([1]),
            Field("v", "array", items=Field("item", "integer", dtype="int64")),
        ),
        (typing.TypeVar("T"), "x", Field("v", "string")),
    ],
)
def test_what_the_annotation_leaves_open_comes_from_the_example(hint, value, expected):
    assert field(hint, value) == expected


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (complex, "annotated as complex, for which JSON has no type"),
        (int | str, "annotated as"),
        (tuple[int, str], "annotated as"),
        (Literal[b"x"], "annotated as"),
        (Shape, "the values of Shape"),
        (dict[int, str], "the keys of v are no strings"),
        (Node, "Node holds itself"),
        (np.ndarray, "annotated as ndarray"),
        ("not resolved", "annotated as not resolved"),
    ],
)
def test_what_has_no_type(hint, words):
    with pytest.raises(SchemaError, match=words):
        field(hint)


def test_an_unknown_name_in_an_annotation():
    def broken(a: "Nowhere") -> int:  # noqa: F821
        return a

    with pytest.raises(SchemaError, match=r"an annotation of .*broken cannot be read.*Nowhere"):
        resolved(broken, "The model")


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (float, 3, 3.0),
        (int | float, 2.5, 2.5),
        (Level | None, 2, Level.HIGH),
        (Level | None, None, None),
        (Literal[Level.HIGH], 2, Level.HIGH),
        (Literal["a"], "a", "a"),
        (tuple[int, ...], [1, 2], (1, 2)),
        (set[int], [1, 2], {1, 2}),
        (collections.abc.Set[int], [1], {1}),
        (list[Level], [1], [Level.LOW]),
        (dict[str, Level], {"a": 1}, {"a": Level.LOW}),
        (Trip, {"origin": "JFK"}, {"origin": "JFK"}),
        (Loan, {"amount": 5}, Loan(amount=5)),
        (Pair, {"left": 1}, Pair(1)),
        (Applicant, {"age": 3, "level": 2}, Applicant(3, level=Level.HIGH)),
        (np.float32, 1.5, np.float32(1.5)),
        (Any, [1], [1]),
        (complex, {"a": 1}, {"a": 1}),
    ],
)
def test_bind(hint, value, expected):
    found = bind(hint, value, ())
    assert found == expected
    assert type(found) is type(expected)


def test_bind_arrays():
    assert bind(np.ndarray, [1, 2], ()).tolist() == [1, 2]
    assert bind(pd.DataFrame, [{"a": 1}], ()).a.tolist() == [1]


def test_what_a_class_refuses_has_its_place():
    with pytest.raises(InputError, match=r"/loan/amount: Loan refuses it: Input should be greater"):
        bind(Loan, {"amount": -1}, ("loan",))
    with pytest.raises(InputError, match=r"/a: Applicant refuses it: age is negative"):
        bind(Applicant, {"age": -1}, ("a",))


def test_errors_that_are_not_pydantics_own_stay():
    class Odd:
        model_fields: typing.ClassVar = {}

        @classmethod
        def model_validate(cls, value):
            raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        bind(Odd, {}, ())
