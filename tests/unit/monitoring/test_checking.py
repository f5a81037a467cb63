"""Checking rows: every violation with its column, position and label; hard and soft kept apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.envelope import expect
from jupyter_lifecycle.errors import InputError, ProfileError
from jupyter_lifecycle.monitoring import check


def training() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": pd.array([20, 64, 31, 40], dtype="int64"),
            "gust": [1.5, np.nan, 30.0, 2.0],
            "carrier": ["AA", "UA", "AA", "DL"],
            "cabin": pd.Categorical(["eco", "first", "eco", "eco"]),
            "late": [True, False, True, False],
            "at": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]),
        }
    )


def rows(**change) -> pd.DataFrame:
    return training().assign(**change).set_axis(["p", "q", "r", "s"])


def found(check) -> list[tuple]:
    return [(one.column, one.position, one.label, one.rule, one.hard) for one in check]


CASES = {
    "as it was": ({}, []),
    "a null where none may be": (
        {"carrier": ["AA", None, "AA", None]},
        [("carrier", 1, "q", "null", True), ("carrier", 3, "s", "null", True)],
    ),
    "a null where one may be": ({"gust": [np.nan, 2.0, 3.0, 4.0]}, []),
    "whole floats are integers": ({"age": [22.0, 30.0, 40.0, 21.0]}, []),
    "an integer column upcast by a missing value": (
        {"age": [22.0, np.nan, 30.0, 40.0]},
        [("age", 1, "q", "null", True)],
    ),
    "a broken integer": ({"age": [22.5, 30.0, 40.0, 21.0]}, [("age", 0, "p", "type", True)]),
    "mixed types": (
        {"age": pd.Series([22, "31", True, 40.5], dtype=object).to_numpy()},
        [("age", place, "pqrs"[place], "type", True) for place in (1, 2, 3)],
    ),
    "infinite": (
        {"gust": [1.5, np.inf, -np.inf, 2]},
        [("gust", 1, "q", "infinite", True), ("gust", 2, "r", "infinite", True)],
    ),
    "text as number": (
        {"gust": ["1.5", "2", "3", "4"]},
        [("gust", n, "pqrs"[n], "type", True) for n in range(4)],
    ),
    "a closed domain": (
        {"cabin": pd.Categorical(["eco", "first", "box", "eco"])},
        [("cabin", 2, "r", "category", True)],
    ),
    "an open domain": (
        {"carrier": ["AA", "ZZ", "AA", "DL"]},
        [("carrier", 1, "q", "new category", False)],
    ),
    "a new range": (
        {"age": [19, 20, 64, 65]},
        [("age", 0, "p", "new range", False), ("age", 3, "s", "new range", False)],
    ),
    "a new time": (
        {"at": pd.to_datetime(["2024-01-01", "2025-01-02", "2024-01-03", "2024-01-04"])},
        [("at", 1, "q", "new range", False)],
    ),
    "a time with a zone": (
        {"at": pd.to_datetime(["2024-01-02"] * 4, utc=True)},
        [("at", n, "pqrs"[n], "type", True) for n in range(4)],
    ),
    "numbers as booleans": (
        {"late": [1, 0, 1, 0]},
        [("late", n, "pqrs"[n], "type", True) for n in range(4)],
    ),
    "an extra column": ({"extra": 1}, [("extra", None, None, "extra", False)]),
    "what does not fit the width": (
        {"age": np.array([20, 30, 40, 2**63], dtype="uint64")},
        [("age", 3, "s", "type", True)],
    ),
}


@pytest.mark.parametrize(("change", "expected"), CASES.values(), ids=CASES)
def test_each_rule_with_column_position_and_label(manifest_like, change, expected):
    assert found(jl.check(rows(**change), manifest_like(training()))) == expected


def test_a_missing_column_is_named_with_what_was_meant(manifest_like):
    result = check(rows().rename(columns={"gust": "gusts"}), manifest_like(training()))
    assert found(result) == [
        ("gust", None, None, "missing", True),
        ("gusts", None, None, "extra", False),
    ]
    assert result[0].reason == "is missing. Did you mean gusts?"
    assert "gust is missing. Did you mean gusts?\n" in result.text
    assert result.text.startswith("1 hard and 1 soft violations in 4 rows.")


def test_what_was_declared_by_hand_is_hard(manifest_like):
    expectations = expect(training())
    expectations["age"].range = (0, 70)
    expectations["gust"].range = (None, 50.0)
    expectations["gust"].null_share = 0.3
    expectations["carrier"].categories = ("AA", "UA", "DL", "WN")
    manifest = manifest_like(training(), expectations)
    window = rows(
        age=[71, 20, 66, 30], gust=[np.nan, np.nan, 51.0, 49.0], carrier=["WN", "AA", "ZZ", "AA"]
    )
    assert found(check(window, manifest)) == [
        ("age", 0, "p", "range", True),
        ("gust", None, None, "null share", True),
        ("gust", 2, "r", "range", True),
        ("carrier", 2, "r", "category", True),
        ("age", 0, "p", "new range", False),
        ("age", 2, "r", "new range", False),
        ("gust", 2, "r", "new range", False),
        ("gust", 3, "s", "new range", False),
    ]
    assert "50.0% of the rows, at most 30.0% may be" in check(window, manifest).text


def test_expectations_alone_know_types_and_what_was_set():
    expectations = expect(training())
    expectations["age"].range = (18, 70)
    result = check(
        rows(
            age=[17, 20, 30, 40], carrier=["AA", None, "ZZ", "AA"], late=["yes", True, False, True]
        ),
        expectations,
    )
    assert found(result) == [
        ("age", 0, "p", "range", True),
        ("late", 0, "p", "type", True),
        ("age", 0, "p", "new range", False),
        ("carrier", 1, "q", "new null", False),
        ("carrier", 2, "r", "new category", False),
    ]


def test_many_violations_are_counted_and_listed_one_by_one(manifest_like):
    window = pd.concat([rows(age=[-1, -2, -3, 20])] * 500)
    result = check(window, manifest_like(training()))
    assert len(result) == 1_500
    assert result.ok
    assert len(result.soft) == 1_500
    assert result[-1].position == 1_998
    assert result[-1].label == "r"
    assert [one.position for one in result[:3]] == [0, 1, 2]
    assert (
        "age, row 0: -1 is outside of what training showed, 20.0 to 64.0 (1,500 rows)."
        in result.text
    )
    with pytest.raises(IndexError, match="There are 1500 violations, none at 1500"):
        result[1_500]


def test_a_frame_of_violations(manifest_like):
    table = check(
        rows(carrier=["AA", None, "AA", "ZZ"], extra=1), manifest_like(training())
    ).to_frame()
    assert table["rule"].tolist() == ["null", "new category", "extra"]
    assert table["position"].tolist()[:2] == [1, 3]
    assert table["position"].isna().tolist() == [False, False, True]
    assert check(rows(), manifest_like(training())).to_frame().empty


def test_require_stops_with_the_path_of_each(manifest_like):
    manifest = manifest_like(training())
    check(rows(), manifest).require()
    check(rows(extra=1), manifest).require()
    with pytest.raises(
        InputError, match="carrier, row 1: is null, and no null was there in training"
    ) as caught:
        check(rows(carrier=["AA", None, "AA", "ZZ"]), manifest).require()
    assert caught.value.detail["problems"] == [
        {"path": "/1/carrier", "reason": "is null, and no null was there in training"}
    ]
    assert check(rows(), manifest).text == "No violation in 4 rows."


def test_other_tables_and_empty_ones(manifest_like):
    manifest = manifest_like(training()[["age", "gust"]])
    assert found(check([{"age": 21, "gust": 2.0}, {"gust": None}], manifest)) == [
        ("age", 1, 1, "null", True)
    ]
    assert check(training()[["age", "gust"]].iloc[:0], manifest).ok
    assert len(check([], manifest)) == 2


def test_what_is_no_envelope_is_refused():
    with pytest.raises(ProfileError, match=r"check takes an envelope or jl\.expect"):
        check(training(), 3)
    with pytest.raises(ProfileError, match="made of a frame, got a int"):
        check(3, expect(training()))


def test_nested_values_are_checked_too(manifest_like):
    frame = pd.DataFrame({"route": [["JFK", "LAX"], ["EWR"]]})
    manifest = manifest_like(frame, expect(pd.DataFrame({"x": [1.0]})))
    result = check(pd.DataFrame({"route": [["JFK", 3], "LAX"]}), manifest)
    assert [(one.position, one.rule) for one in result] == [(0, "type"), (1, "type")]


def test_profiles_of_an_envelope(manifest_like):
    frame = pd.concat([training()] * 100, ignore_index=True)
    manifest = manifest_like(frame)
    plan = jl.profile(frame, like=manifest).plan
    assert [one.type for one in plan.columns] == [
        "integer",
        "number",
        "string",
        "categorical",
        "boolean",
        "datetime",
    ]
    assert jl.skew(manifest, frame).moved == ()
    assert jl.skew(manifest, frame.assign(age=99)).moved == ("age",)
