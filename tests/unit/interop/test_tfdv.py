"""Contracts as TFDV's schemas: written, read back, and what TFDV itself wrote is read."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from jupyter_lifecycle.envelope import Field, expect
from jupyter_lifecycle.errors import ProfileError
from jupyter_lifecycle.interop import from_tfdv, to_tfdv
from jupyter_lifecycle.monitoring import Contract, Limits, check

# what TFDV 1.16.1 infers of four columns, as protobuf writes it
INFERRED = """
{"feature": [
  {"name": "age", "type": "INT", "presence": {"minFraction": 1.0, "minCount": "1"},
   "shape": {"dim": [{"size": "1"}]}},
  {"name": "gust", "valueCount": {"min": "1", "max": "1"}, "type": "FLOAT", "presence": {"minCount": "1"}},
  {"name": "carrier", "valueCount": {"min": "1", "max": "1"}, "type": "BYTES", "domain": "carrier",
   "presence": {"minCount": "1"}},
  {"name": "late", "type": "BYTES", "boolDomain": {"trueValue": "true", "falseValue": "false"},
   "presence": {"minFraction": 1.0, "minCount": "1"}, "shape": {"dim": [{"size": "1"}]}}],
 "stringDomain": [{"name": "carrier", "value": ["A", "B"]}]}
"""


def test_what_tfdv_inferred_is_read():
    contract = from_tfdv(INFERRED)
    assert contract.fields == (
        Field("age", "integer"),
        Field("gust", "number", nullable=True),
        Field("carrier", "string", nullable=True),
        Field("late", "string"),
    )
    assert [dict(one.allowed) for one in contract.expectations] == [
        {},
        {},
        {"categories": ["A", "B"]},
        {"categories": ["true", "false"]},
    ]
    rows = pd.DataFrame(
        {"age": [1, 2], "gust": [1.5, None], "carrier": ["A", "Z"], "late": ["true", None]}
    )
    assert [(one.column, one.rule, one.position) for one in check(rows, contract)] == [
        ("carrier", "category", 1),
        ("late", "null", 1),
    ]


FIELDS = (
    Field("age", "integer"),
    Field("gust", "number", nullable=True),
    Field("note", "string", nullable=True, required=False),
    Field("cabin", "categorical", categories=("eco", "first")),
    Field("late", "boolean"),
    Field("at", "datetime"),
    Field("day", "date", nullable=True),
    Field("stops", "array", items=Field("item", "string")),
    Field("seat", "object"),
)


def test_types_and_nulls_come_back():
    written = json.loads(json.dumps(to_tfdv(Contract(FIELDS))))
    assert from_tfdv(written).fields == FIELDS


def test_what_is_allowed_and_the_thresholds_come_back():
    expectations = expect(
        pd.DataFrame(
            {"age": [20, 64], "gust": [1.5, None], "carrier": ["A", "B"], "open": ["x", "y"]}
        )
    )
    expectations["age"].range = (0, 120)
    expectations["gust"].range = (None, 99.5)
    expectations["gust"].null_share = 0.25
    expectations["carrier"].categories = ("A", "B", "C")
    contract = from_tfdv(to_tfdv(expectations, Limits(bits=0.2, by_feature={"age": 0.05})))
    assert dict(contract.expectation("age").allowed) == {"range": [0, 120]}
    assert dict(contract.expectation("gust").allowed) == {"range": [None, 99.5], "null_share": 0.25}
    assert dict(contract.expectation("carrier").allowed) == {"categories": ["A", "B", "C"]}
    assert contract.expectation("open").categories == (("x", 0.0), ("y", 0.0))
    assert contract.limits.by_feature == {"age": 0.05, "gust": 0.2}
    rows = pd.DataFrame({"age": [130], "gust": [1.0], "carrier": ["Z"], "open": ["z"]})
    assert [(one.column, one.rule, one.hard) for one in check(rows, contract)] == [
        ("age", "range", True),
        ("carrier", "category", True),
        ("open", "new category", False),
    ]


def test_names_in_either_case_and_what_cannot_be_held():
    contract = from_tfdv(
        {
            "feature": [
                {
                    "name": "x",
                    "type": "FLOAT",
                    "presence": {"min_fraction": 0.9, "min_count": 1},
                    "value_count": {"min": 1, "max": 1},
                    "drift_comparator": {"jensen_shannon_divergence": {"threshold": 0.3}},
                }
            ],
            "sparse_feature": [{"name": "s"}],
        }
    )
    assert contract.expectation("x").allowed["null_share"] == pytest.approx(0.1)
    assert contract.limits.bits_of("x") == 0.3
    assert contract.left_out == ("1 sparseFeature",)
    assert contract.expectation("y") is None


def test_categories_of_numbers_keep_their_type():
    written = to_tfdv(
        Contract(
            (
                Field("n", "categorical", categories=(1, 2)),
                Field("f", "categorical", categories=(0.5,)),
            )
        )
    )
    assert [one["type"] for one in written["feature"]] == ["INT", "FLOAT"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("{", "no schema of TFDV as JSON"),
        ("[]", "is a mapping, got a list"),
        ({}, "that can be read: KeyError"),
        ({"feature": [{"name": "x", "type": "WHAT"}]}, "that can be read: KeyError"),
        (
            {"feature": [{"name": "x", "type": "BYTES", "domain": "gone"}]},
            "that can be read: KeyError",
        ),
    ],
)
def test_what_is_no_schema_is_refused(schema, words):
    with pytest.raises(ProfileError, match=words):
        from_tfdv(schema)
    with pytest.raises(ProfileError, match="A contract is made of an envelope"):
        to_tfdv(3)
