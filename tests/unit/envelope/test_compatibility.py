"""Whether a client of one schema may ask another."""

from dataclasses import replace

import pytest

from jupyter_lifecycle.envelope import Field, Schema
from jupyter_lifecycle.envelope.compatibility import compare_schemas, describe_field

OUT = (Field("value", "number"),)
AGE = Field("age", "integer", dtype="int64")
CITY = Field("city", "categorical", dtype="str", categories=("bern", "graz"))


def schema(*inputs, outputs=OUT, answer="array", **more):
    base = Schema("frame", "frame", tuple(inputs), tuple(outputs), answer, aligned=True)
    return replace(base, **more)


def nested(*fields):
    return Field("who", "object", fields=fields)


@pytest.mark.parametrize(
    ("before", "after", "verdict", "as_output"),
    [
        (AGE, AGE, "same", "same"),
        (AGE, AGE.or_null(), "widening", "breaking"),
        (AGE.or_null(), AGE, "breaking", "compatible"),
        (AGE, Field("age", "number", dtype="float64"), "widening", "breaking"),
        (Field("age", "number", dtype="float64"), AGE, "breaking", "compatible"),
        (AGE, Field("age", "string"), "breaking", "breaking"),
        (AGE, replace(AGE, dtype="int8"), "breaking", "compatible"),
        (replace(AGE, dtype="uint8"), AGE, "widening", "compatible"),
        (replace(AGE, dtype="Int64"), AGE, "compatible", "compatible"),
        (AGE, replace(AGE, required=False), "widening", "breaking"),
        (replace(AGE, required=False), AGE, "breaking", "compatible"),
        (CITY, replace(CITY, categories=("bern", "graz", "köln")), "widening", "breaking"),
        (CITY, replace(CITY, categories=("bern",)), "breaking", "compatible"),
        (CITY, replace(CITY, categories=("graz", "bern")), "same", "same"),
        (CITY, Field("city", "string", dtype="str"), "widening", "breaking"),
        (Field("city", "string", dtype="str"), CITY, "breaking", "compatible"),
        (replace(CITY, categories=(1, 2)), Field("city", "string"), "breaking", "breaking"),
        (replace(CITY, categories=(1,)), replace(CITY, categories=(True,)), "breaking", "breaking"),
        (Field("at", "datetime"), Field("at", "datetime", zone="UTC"), "breaking", "breaking"),
        (
            Field("at", "datetime", zone="Europe/Bern"),
            Field("at", "datetime", zone="UTC"),
            "compatible",
            "compatible",
        ),
        (
            Field("tags", "array", items=Field("item", "integer")),
            Field("tags", "array", items=Field("item", "number")),
            "widening",
            "breaking",
        ),
        (
            Field("tags", "array", items=Field("item", "integer")),
            Field("tags", "array"),
            "widening",
            "breaking",
        ),
        (
            Field("tags", "array"),
            Field("tags", "array", items=Field("item", "integer")),
            "breaking",
            "compatible",
        ),
        (nested(AGE), nested(AGE, CITY), "breaking", "widening"),
        (nested(AGE), nested(AGE, replace(CITY, required=False)), "widening", "widening"),
        (nested(AGE, CITY), nested(AGE), "breaking", "breaking"),
        (
            Field("who", "object", entries=AGE),
            Field("who", "object", entries=AGE.or_null()),
            "widening",
            "breaking",
        ),
    ],
)
def test_one_field(before, after, verdict, as_output):
    assert compare_schemas(schema(before), schema(after)).verdict == verdict
    found = compare_schemas(
        schema(AGE, outputs=[before], answer="frame"), schema(AGE, outputs=[after], answer="frame")
    )
    assert found.verdict == as_output
    assert all(change.why.endswith(".") for change in found.changes)


def test_columns_come_and_go():
    found = compare_schemas(schema(AGE, CITY), schema(CITY, Field("height", "number")))
    assert [(one.path, one.change, one.verdict) for one in found.changes] == [
        ("/age", "removed", "breaking"),
        ("/height", "added", "breaking"),
    ]
    assert found.changes[1].after == "number"
    assert "requests that lack it are refused" in found.text


def test_order_alone_is_nothing():
    assert compare_schemas(schema(AGE, CITY), schema(CITY, AGE)).verdict == "same"
    assert compare_schemas(schema(AGE), schema(AGE)).text == "The schemas are the same."


def test_the_gravest_comes_first_and_paths_are_pointers():
    before = schema(nested(AGE, Field("a/b", "integer")))
    after = schema(nested(AGE.or_null(), Field("a/b", "string")))
    found = compare_schemas(before, after)
    assert [one.path for one in found.changes] == ["/who/a~1b", "/who/age"]
    assert found.verdict == "breaking"
    assert found.to_json()["changes"][0]["before"] == "integer"


def test_the_name_of_a_lone_answer_is_not_on_the_wire():
    named = schema(AGE, outputs=[Field("price", "number")], answer="series")
    assert compare_schemas(schema(AGE), named).verdict == "same"
    framed = schema(AGE, outputs=[Field("price", "number")], answer="frame")
    assert compare_schemas(schema(AGE), framed).verdict == "breaking"


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"container": "array"}, "compatible"),
        ({"form": "arguments", "container": "keywords"}, "breaking"),
        ({"container": "vector"}, "breaking"),
        ({"aligned": False}, "breaking"),
        ({"answer": "list"}, "same"),
    ],
)
def test_the_form_of_question_and_answer(change, verdict):
    assert compare_schemas(schema(AGE), schema(AGE, **change)).verdict == verdict


def test_an_array_takes_lists_that_a_frame_does_not():
    assert compare_schemas(schema(AGE, container="array"), schema(AGE)).verdict == "breaking"


def test_fields_in_words():
    assert describe_field(replace(AGE, nullable=True, required=False)) == (
        "integer or null, int64, optional"
    )
    many = replace(CITY, categories=tuple("abcdefgh"))
    assert describe_field(many).endswith('"e", "f", …')
    assert describe_field(Field("t", "array", items=AGE)) == "array, of integer"
    assert describe_field(Field("t", "datetime", zone="UTC")) == "datetime, UTC"
