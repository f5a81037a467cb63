"""Columns of units: the same as one by one, whatever holds them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_lifecycle.errors import AssignmentError
from jupyter_lifecycle.experiments import (
    Arm,
    Decider,
    Experiment,
    Layer,
    Units,
    assign,
    choose_variation,
    choose_variations,
    hash_unit,
    hash_units,
)


def one_by_one(seed: str, values: Any, version: int) -> list[float]:
    places = [hash_unit(seed, value, version) for value in values]
    return [float("nan") if place is None else place for place in places]


@given(st.lists(st.one_of(st.none(), st.text(max_size=12))), st.text(max_size=4))
def test_a_column_of_text_is_hashed_as_its_units(values: list[str | None], seed: str) -> None:
    for version in (1, 2):
        np.testing.assert_array_equal(
            hash_units(seed, values, version), one_by_one(seed, values, version)
        )


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_a_column_of_whole_numbers_is_hashed_as_its_units(values: list[int]) -> None:
    np.testing.assert_array_equal(hash_units("s", values), one_by_one("s", values, 2))


NAMES = ["u1", "日本", None, "", "u1", "x" * 100]


@pytest.mark.parametrize(
    ("column", "plain"),
    [
        (pd.Series(NAMES), NAMES),
        (pd.Series(NAMES, dtype="category"), NAMES),
        (pd.Series(NAMES, dtype=object)[1:], NAMES[1:]),
        (pa.array(NAMES), NAMES),
        (pa.array(NAMES).slice(1, 3), NAMES[1:4]),
        (pa.chunked_array([NAMES, NAMES]), NAMES * 2),
        (pa.array(NAMES).dictionary_encode(), NAMES),
        (pa.array(NAMES, pa.string_view()), NAMES),
        (pl.Series(NAMES), NAMES),
        (np.array([3, 1]), ["3", "1"]),
        (np.array([3.0, np.nan]), ["3", None]),
        (np.array([True, False]), ["true", "false"]),
        (pd.Series([1, None], dtype="Int64"), ["1", None]),
        (pa.array([5, 5, None]).dictionary_encode(), ["5", "5", None]),
        (["a", 1, None], ["a", "1", None]),
        ([None, None], [None, None]),
        ([], []),
    ],
    ids=lambda part: type(part).__name__,
)
def test_every_holder_of_a_column_is_taken(column: Any, plain: list[str | None]) -> None:
    assert len(Units(column)) == len(plain)
    np.testing.assert_array_equal(hash_units("s", column), one_by_one("s", plain, 2))


def test_blocks_join_where_they_meet() -> None:
    values = [f"unit-{number}" for number in range(70_000)]
    found = hash_units("s", values)
    for row in (0, 32_767, 32_768, 65_535, 65_536, 69_999):
        assert found[row] == hash_unit("s", values[row])


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([1.5, 2.0], "whole number"),
        ([2.0**60], "whole number"),
        ([dt.date(2026, 1, 1)], "is a date"),
        ([b"a"], "is a bytes"),
        (["a", (1,)], "is a tuple"),
    ],
)
def test_what_languages_write_differently_is_refused(column: Any, said: str) -> None:
    with pytest.raises(AssignmentError, match=said):
        hash_units("s", column)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(AssignmentError, match="version 3 is not known"):
        hash_units("s", ["a"], version=3)


def test_variations_of_a_column_are_those_of_its_places() -> None:
    ranges = [(0, 0.25), (0.5, 0.75), (0.6, 0.9)]
    places = np.array([0, 0.24, 0.25, 0.5, 0.65, 0.8, np.nan])
    one = [choose_variation(None if np.isnan(u) else u, ranges) for u in places]
    assert choose_variations(places, ranges).tolist() == one == [0, 0, -1, 1, 1, 2, -1]


@pytest.mark.parametrize("version", [1, 2])
def test_a_column_is_assigned_as_its_units_are(version: int) -> None:
    layer = Layer("model", "id", "9c41", version=version)
    arms = (Arm("A", 0.5), Arm("B", 0.25), Arm("C", 0.25))
    running = [
        Experiment("one", "model", arms, "s1", slots=((0, 2000), (4000, 5000)), status="running"),
        Experiment("two", "model", arms[:1] * 0 + (Arm("X", 0.5), Arm("Y", 0.5)), "s2",
                   slots=((2000, 4000),), coverage=0.3, status="running"),
        Experiment("old", "model", arms, "s3", slots=((0, 9000),), status="stopped"),
        Experiment("other", "another", arms, "s4", slots=((0, 9000),), status="running"),
    ]  # fmt: skip
    units = [*(f"u{number}" for number in range(3_000)), None]
    assigned = assign(layer, running, units)
    experiments, chosen = assigned.names()
    decider = Decider([layer, Layer("another", "no", "x")], running)
    expected = [
        next(((d.experiment, d.arm) for d in decider.decide({"id": unit})), (None, None))
        for unit in units
    ]
    assert list(zip(experiments.to_pylist(), chosen.to_pylist(), strict=True)) == expected
    assert set(chosen.to_pylist()) == {"A", "B", "C", "X", "Y", None}


def test_nothing_runs_nobody_is_assigned() -> None:
    experiments, arms = assign(Layer("model", "id", "9c41"), [], ["a", None]).names()
    assert experiments.to_pylist() == arms.to_pylist() == [None, None]
