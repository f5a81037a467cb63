"""Contracts as pandera's schemas: pandera refuses what they refuse, and they come back."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from jupyter_lifecycle.envelope import Field, expect
from jupyter_lifecycle.envelope.describing import fields_of_frame
from jupyter_lifecycle.errors import MissingExtraError, ProfileError
from jupyter_lifecycle.interop import from_pandera, to_pandera
from jupyter_lifecycle.monitoring import Contract, check

pandera = pytest.importorskip("pandera.pandas")


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": [20, 64],
            "gust": [1.5, None],
            "carrier": ["A", "B"],
            "cabin": pd.Categorical(["eco", "first"]),
            "late": [True, False],
            "at": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        }
    )


def contract() -> Contract:
    expectations = expect(rows())
    expectations["age"].range = (0, 120)
    expectations["gust"].range = (None, 99.0)
    expectations["gust"].null_share = 0.5
    expectations["carrier"].categories = ("A", "B", "C")
    return Contract(fields_of_frame(rows()), expectations.frozen)


def test_pandera_takes_what_it_should():
    assert to_pandera(contract()).validate(rows()).equals(rows())


@pytest.mark.parametrize(
    "change",
    [
        {"age": [20, 121]},
        {"age": [20.5, 22.0]},
        {"gust": [None, None]},
        {"gust": [1.0, 100.0]},
        {"carrier": ["A", "Z"]},
        {"carrier": ["A", None]},
        {"late": [1, 0]},
    ],
    ids=str,
)
def test_pandera_refuses_what_check_refuses(change):
    window = rows().assign(**change)
    if change.get("gust") == [None, None]:
        window["gust"] = window["gust"].astype("float64")
    assert not check(window, contract()).ok
    with pytest.raises(pandera.errors.SchemaError):
        to_pandera(contract()).validate(window)


def test_a_contract_comes_back():
    again = from_pandera(to_pandera(contract()))
    assert [
        (one.name, one.type, one.nullable, one.required, one.categories) for one in again.fields
    ] == [
        (one.name, one.type, one.nullable, one.required, one.categories)
        for one in contract().fields
    ]
    assert {one.name: dict(one.allowed) for one in again.expectations} == {
        one.name: dict(one.allowed) for one in contract().expectations
    }
    assert again.left_out == ()
    for change in ({}, {"age": [20, 121]}, {"carrier": ["A", None]}):
        window = rows().assign(**change)
        assert check(window, again).ok == check(window, contract()).ok


def test_anothers_schema_is_read_and_what_cannot_be_held_is_named():
    schema = pandera.DataFrameSchema(
        {
            "age": pandera.Column(int, pandera.Check.ge(0)),
            "share": pandera.Column(
                float, [pandera.Check.gt(0), pandera.Check.le(1)], nullable=True
            ),
            "name": pandera.Column(str, pandera.Check.str_length(1, 9), required=False),
            "when": pandera.Column("datetime64[ns, UTC]"),
            "any": pandera.Column(None),
        },
        checks=pandera.Check(lambda frame: len(frame) > 0, name="some rows"),
    )
    found = from_pandera(schema)
    assert found.fields == (
        Field("age", "integer", dtype="int64"),
        Field("share", "number", nullable=True),
        Field("name", "string", required=False),
        Field("when", "datetime", zone="UTC"),
        Field("any", "object"),
    )
    assert dict(found.expectation("age").allowed) == {"range": [0, None]}
    assert dict(found.expectation("share").allowed) == {"range": [None, 1]}
    assert found.left_out == (
        "the check greater_than of share",
        "the check str_length of name",
        "a check of the whole frame, some rows",
    )


def test_what_is_no_schema_is_refused():
    with pytest.raises(ProfileError, match=r"takes a pandera\.DataFrameSchema, got a dict"):
        from_pandera({})


def test_without_pandera_the_line_that_brings_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandera.pandas", None)
    with pytest.raises(MissingExtraError, match=r"jupyter_lifecycle\[pandera\]"):
        to_pandera(contract())
