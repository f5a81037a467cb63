"""Assignment: GrowthBook's public cases, the same in every language, and what is refused.

``growthbook_cases.json`` holds the cases of GrowthBook's SDKs that concern assignment; its source
stands in it. Texts beyond ASCII were hashed by the JavaScript of their description, under Node.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jupyter_lifecycle as jl
from jupyter_lifecycle.errors import AssignmentError
from jupyter_lifecycle.experiments import (
    bucket_ranges,
    choose_variation,
    equal_weights,
    hash_unit,
    in_namespace,
)

CASES = json.loads((Path(__file__).parent / "growthbook_cases.json").read_text(encoding="utf-8"))


def test_it_is_reached_from_the_package() -> None:
    assert jl.experiments.hash_unit is hash_unit


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        jl.experiments.nonsense  # noqa: B018


def test_every_name_is_there() -> None:
    for name in jl.experiments.__all__:
        assert not isinstance(getattr(jl.experiments, name), ModuleType)  # a module would hide it
    assert set(jl.experiments.__all__) <= set(dir(jl.experiments))


@pytest.mark.parametrize(("seed", "value", "version", "expected"), CASES["hash"])
def test_growthbooks_hashes(seed: str, value: str, version: int, expected: float | None) -> None:
    assert hash_unit(seed, value, version) == expected


@pytest.mark.parametrize(("name", "arguments", "expected"), CASES["getBucketRange"])
def test_growthbooks_bucket_ranges(name: str, arguments: list[Any], expected: list[Any]) -> None:
    assert bucket_ranges(*arguments) == [pytest.approx(pair) for pair in expected]


@pytest.mark.parametrize(("name", "u", "ranges", "expected"), CASES["chooseVariation"])
def test_growthbooks_variations(name: str, u: float, ranges: list[Any], expected: int) -> None:
    assert choose_variation(u, ranges) == expected


@pytest.mark.parametrize(("n", "expected"), CASES["getEqualWeights"])
def test_growthbooks_equal_weights(n: int, expected: list[float]) -> None:
    assert equal_weights(n) == pytest.approx(expected)


@pytest.mark.parametrize(("name", "unit", "namespace", "expected"), CASES["inNamespace"])
def test_growthbooks_namespaces(name: str, unit: str, namespace: Any, expected: bool) -> None:
    assert in_namespace(unit, tuple(namespace)) is expected


@pytest.mark.parametrize(
    ("value", "one", "two"),
    [
        ("é", 0.137, 0.8663),
        ("日本", 0.545, 0.9652),
        ("😀", 0.429, 0.4346),
        ("a😀b", 0.36, 0.7396),
    ],
)
def test_text_is_hashed_by_its_utf16_units(value: str, one: float, two: float) -> None:
    assert (hash_unit("seed", value, 1), hash_unit("seed", value)) == (one, two)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12, "12"),
        (-3, "-3"),
        (12.0, "12"),
        (np.int64(12), "12"),
        (np.float32(12), "12"),
        (True, "true"),
        (np.bool_(False), "false"),
        (2**60, "1152921504606846976"),
    ],
)
def test_numbers_are_written_as_every_language_writes_them(value: object, text: str) -> None:
    assert hash_unit("seed", value) == hash_unit("seed", text)


@pytest.mark.parametrize("value", [None, "", float("nan"), pd.NA, pd.NaT, np.float64("nan")])
def test_where_there_is_no_unit_there_is_no_place(value: object) -> None:
    assert hash_unit("seed", value) is None
    assert choose_variation(hash_unit("seed", value), [(0, 1)]) == -1
    assert not in_namespace(value, ("n", 0, 1))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.5, "text or a whole number"),
        (float("inf"), "text or a whole number"),
        (2.0**60, "text or a whole number up to 2"),
        (b"a", "is a bytes"),
        ((1, 2), "is a tuple"),
        (pd.Timestamp("2026-01-01"), "is a Timestamp"),
    ],
)
def test_what_languages_write_differently_is_refused(value: object, said: str) -> None:
    with pytest.raises(AssignmentError, match=said):
        hash_unit("seed", value)


@given(st.text(), st.text(min_size=1), st.sampled_from([1, 2]))
def test_a_place_is_between_0_and_1_and_has_so_many_decimals(
    seed: str, value: str, version: int
) -> None:
    place = hash_unit(seed, value, version)
    assert place is not None
    assert 0 <= place < 1
    assert place == round(place, 3 if version == 1 else 4)


@given(
    st.lists(st.integers(1, 100), min_size=1, max_size=6),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 9_999),
)
def test_nobody_changes_arm_while_coverage_grows(
    parts: list[int], one: float, other: float, bucket: int
) -> None:
    weights = [part / sum(parts) for part in parts]
    place = bucket / 10_000
    low, high = sorted([one, other])
    before = choose_variation(place, bucket_ranges(len(parts), low, weights))
    after = choose_variation(place, bucket_ranges(len(parts), high, weights))
    assert before in (-1, after)
