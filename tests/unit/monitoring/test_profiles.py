"""Profiles add up exactly, in any order, and survive JSON."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.errors import ProfileError
from jupyter_lifecycle.monitoring.counter import Counter
from jupyter_lifecycle.monitoring.plan import ColumnPlan, Plan
from jupyter_lifecycle.monitoring.profiles import ColumnProfile, Profile

PLAN = Plan(
    (
        ColumnPlan("number", "number", edges=(-1.0, 0.0, 2.5)),
        ColumnPlan("word", "string", categories=("a", "b")),
        ColumnPlan("time", "datetime"),
    )
)

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["a", "b", "c"]),
    st.lists(st.integers(), max_size=2),
)
rows = st.lists(st.tuples(anything, anything, anything), max_size=60)


def profile_of(values) -> Profile:
    counter = Counter(PLAN)
    counter.add_rows([list(row) for row in values])
    return counter.profile()


@settings(deadline=None, max_examples=60)
@given(rows, rows)
def test_parts_add_up_to_the_whole_in_either_order(one, other):
    assert profile_of(one) + profile_of(other) == profile_of([*one, *other])
    assert profile_of(one) + profile_of(other) == profile_of(other) + profile_of(one)


@settings(deadline=None, max_examples=60)
@given(rows, rows, rows)
def test_adding_is_associative_and_nothing_adds_nothing(one, two, three):
    a, b, c = profile_of(one), profile_of(two), profile_of(three)
    assert (a + b) + c == a + (b + c) == sum([a, b, c])
    assert a + Profile.empty(PLAN) == a


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(0, 200).map(str), max_size=80), max_size=6), st.randoms())
def test_many_new_categories_add_up_exactly_too(parts, random):
    profiles = [profile_of([(0, word, None) for word in part]) for part in parts]
    whole = profile_of([(0, word, None) for part in parts for word in part])
    random.shuffle(profiles)
    assert sum(profiles, Profile.empty(PLAN)) == whole
    for name, count in whole["word"].new:
        assert count == sum(part.count(name) for part in parts)


@settings(deadline=None, max_examples=60)
@given(rows)
def test_json_gives_the_same_profile(values):
    profile = profile_of(values)
    text = json.dumps(profile.to_json(), allow_nan=False)
    assert Profile.from_json(json.loads(text)) == profile
    assert Plan.from_json(json.loads(json.dumps(profile.plan.to_json()))) == PLAN


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (ColumnPlan("x", "number", edges=(0.0, 2.0)), "other bin edges"),
        (ColumnPlan("x", "integer", edges=(0.0, 1.0)), r"other types \(number and integer\)"),
        (ColumnPlan("y", "number", edges=(0.0, 1.0)), "they are other columns"),
    ],
    ids=["edges", "type", "name"],
)
def test_what_was_counted_otherwise_is_refused(other, words):
    one = ColumnProfile.empty(ColumnPlan("x", "number", edges=(0.0, 1.0)))
    with pytest.raises(ProfileError, match=words):
        one + ColumnProfile.empty(other)


def test_other_categories_are_refused():
    one, other = (
        ColumnProfile.empty(ColumnPlan("x", "string", categories=c)) for c in ("ab", "ac")
    )
    with pytest.raises(ProfileError, match="other known categories"):
        one + other


def test_profiles_of_other_columns_are_refused():
    one = Profile.empty(Plan((ColumnPlan("x", "number"),)))
    with pytest.raises(ProfileError, match="only one of the two has number, time, word, x"):
        one + Profile.empty(PLAN)


def test_an_unknown_column_is_named_with_what_was_meant():
    with pytest.raises(ProfileError, match=r"no column wrod\. Did you mean word"):
        profile_of([])["wrod"]


def test_other_things_do_not_add():
    with pytest.raises(TypeError):
        profile_of([]) + 1
    with pytest.raises(TypeError):
        profile_of([])["word"] + 1
    assert profile_of([]) != 1


def test_renamed_columns_keep_their_counts():
    profile = profile_of([(1, "a", None)]).renamed({"word": "text"})
    assert profile["text"].counts == (1, 0)
    assert list(profile) == ["number", "text", "time"]
    assert "3 columns" in repr(profile)


def broken(**change):
    return profile_of([(1, "a", None)]).to_json() | change


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (broken(version=2), "version 2, this package reads 1"),
        (broken(rows=-1), "A count is -1"),
        (broken(rows=True), "A count is True"),
        (
            broken(columns=[{"name": "x", "type": "number", "counts": [1, 2]}]),
            "2 counts for 1 cells",
        ),
        (broken(columns=[{"type": "number"}]), "'name'"),
        (broken(columns=3), "not readable"),
        ({}, "'version'"),
        ([], "not readable"),
    ],
    ids=["version", "rows", "boolean", "cells", "name", "columns", "empty", "list"],
)
def test_what_is_no_profile_is_refused(value, words):
    with pytest.raises(ProfileError, match=words):
        Profile.from_json(value)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (("x", "number", (1.0, 1.0)), "not finite numbers that rise"),
        (("x", "number", (1.0, math.inf)), "not finite numbers that rise"),
        (("x", "text"), "'text', which is none of ours"),
        (("x", "string", (), ("a", "a")), "a category twice"),
    ],
    ids=["equal", "infinite", "type", "twice"],
)
def test_what_is_no_plan_is_refused(plan, words):
    with pytest.raises(ProfileError, match=words):
        ColumnPlan(*plan)


def test_a_plan_with_a_column_twice_is_refused():
    with pytest.raises(ProfileError, match="a column twice"):
        Plan((ColumnPlan("x", "number"), ColumnPlan("x", "string")))
    with pytest.raises(ProfileError, match="plan of what to count is not readable"):
        Plan.from_json({"version": 1})
