"""How models are asked, and what their examples and answers say."""

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.envelope.query import (
    call_of,
    describe_answer,
    inputs_of_example,
    query_of,
    rows_form,
)
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.errors import SchemaError


class Estimator:
    def predict(self, rows):
        return rows

    def __call__(self, rows):
        raise AssertionError("predict is asked")


class Adder:
    def __init__(self, base):
        self.base = base

    def __call__(self, a: int, *, b: float = 0.5) -> float:
        return self.base + a + b

    def add(self, a: int) -> int:
        return self.base + a


@dataclass
class Point:
    x: int


def area(width: float, height: float = 1.0) -> float:
    return width * height


def positional(a: int, /, b: int) -> int:
    return a - b


def free(a: int, **more) -> int:
    return a + sum(more.values())


async def later(a: int) -> int:
    return a


def test_predict_wins_over_call():
    assert call_of(Estimator()) == "predict"
    assert call_of(Adder(1)) == "call"
    assert call_of(functools.partial(area, 2.0)) == "call"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Estimator, "Estimator is a class. Save an instance or a function"),
        (3, "A int has no predict and cannot be called"),
    ],
)
def test_what_cannot_be_asked(model, words):
    with pytest.raises(SchemaError, match=words):
        query_of(model)


@pytest.mark.parametrize(
    ("model", "example", "answer"),
    [
        (area, {"width": 3}, 3.0),
        (area, [{"width": 3}, {"width": 3, "height": 2}], [3.0, 6.0]),
        (Adder(1), {"a": 1, "b": 1}, 3.0),
        (Adder(1).add, {"a": 1}, 2),
        (functools.partial(area, 2.0), {"height": 4}, 8.0),
        (functools.partial(area, height=2.0), {"width": 4}, 8.0),
        (positional, {"a": 5, "b": 3}, 2),
        (free, {"a": 1, "z": 2}, 3),
        (lambda: 7, {}, 7),
        (lambda p: p["x"], {"p": {"x": 4}}, 4),
        (max, {"a": 1}, None),
    ],
)
def test_calls_with_arguments(model, example, answer):
    query = query_of(model)
    schema = Schema("arguments", "keywords", inputs_of_example(query, example))
    if answer is None:
        with pytest.raises(TypeError):
            query.ask(schema, schema.check(example))
        return
    assert query.ask(schema, schema.check(example)) == answer


def test_fields_follow_the_signature():
    fields = inputs_of_example(query_of(area), {"width": 3})
    assert fields == (Field("width", "number"), Field("height", "number", required=False))

    def unannotated(a, b=2, c=None):
        return a

    fields = inputs_of_example(query_of(unannotated), [{"a": 1, "b": "x"}, {"a": None, "b": "y"}])
    assert fields == (Field("a", "integer", nullable=True), Field("b", "string", required=False))
    assert inputs_of_example(query_of(free), [{"a": 1, "z": 2}, {"a": 1}])[1] == Field(
        "z", "integer", required=False
    )


@pytest.mark.parametrize(
    ("example", "words"),
    [
        ({"wdith": 1}, "area takes no argument wdith. Did you mean width?"),
        ({"height": 1}, "area takes width, height; the example has no width"),
        ([{"width": 1}, {"height": 1}], "the example has no width"),
        (None, "the example has no width"),
        (pd.DataFrame({"a": []}), "The example has no rows"),
        ([], "The example has no rows"),
        (np.ones((1, 1, 1)), "has 3 dimensions"),
        (np.float64(3), "The example is a float64"),
    ],
)
def test_examples_that_do_not_fit(example, words):
    with pytest.raises(SchemaError, match=words):
        inputs_of_example(query_of(area), example)


@pytest.mark.parametrize(
    ("example", "form"),
    [
        (None, "keywords"),
        ({}, "keywords"),
        ([{}], "keywords"),
        (pd.DataFrame({"a": [1]}), "frame"),
        (pd.Series([1]), "series"),
        (np.ones((2, 2)), "array"),
        (np.ones(2), "vector"),
        (["a"], "list"),
    ],
)
def test_forms(example, form):
    assert rows_form(example) == form


def test_fields_of_tables():
    query = query_of(Estimator())
    assert [field.name for field in inputs_of_example(query, np.ones((1, 2)))] == ["x0", "x1"]
    assert inputs_of_example(query, ["a"]) == (Field("value", "string"),)
    assert inputs_of_example(query, pd.Series([1], name="age"))[0].name == "age"
    assert inputs_of_example(query, np.ones(1))[0].name == "value"


ROWS = pd.DataFrame({"a": [1, 2]})
NUMBER = Field("value", "number", dtype="float64")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (np.array([0.5, 1.5]), ((NUMBER,), "array", True)),
        (np.array([0.5]), ((NUMBER,), "array", False)),
        (np.ones((2, 1)), ((NUMBER.named("y0"),), "matrix", True)),
        (pd.Series([0.5, 1.5], name="p"), ((NUMBER.named("p"),), "series", True)),
        (pd.DataFrame({"low": [0.5, 1.5]}), ((NUMBER.named("low"),), "frame", True)),
        ([1.0, 2.0], ((Field("value", "number"),), "list", True)),
        (3.0, ((Field("value", "number"),), "value", False)),
        (
            {"mean": 1.0},
            ((Field("value", "object", fields=(Field("mean", "number"),)),), "value", False),
        ),
    ],
)
def test_answers_to_tables(answer, expected):
    schema = Schema("frame", "frame", (Field("a", "integer", dtype="int64"),))
    assert describe_answer(query_of(Estimator()), schema, ROWS, answer) == expected


def test_answers_to_calls():
    schema = Schema("arguments", "keywords", ())
    query = query_of(area)
    assert describe_answer(query, schema, {}, 3.0)[0] == (Field("value", "number"),)
    assert describe_answer(query_of(lambda: 1), schema, [{}], [1])[0] == (
        Field("value", "integer"),
    )

    def odd() -> complex:
        return 1  # type: ignore[return-value]

    assert describe_answer(query_of(odd), schema, {}, 1)[0] == (Field("value", "integer"),)
    with pytest.raises(SchemaError, match="The answer: value is null everywhere"):
        describe_answer(query_of(lambda: None), schema, {}, None)
