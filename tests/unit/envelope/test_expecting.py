"""Expectations by hand: seen, changed, added up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.envelope import expect
from jupyter_lifecycle.errors import EnvelopeError

FRAME = pd.DataFrame({"age": [20.0, 64.0, None, 41.0], "city": ["bern", "graz", "bern", None]})


def test_what_was_seen():
    found = expect(FRAME)
    assert list(found) == ["age", "city"]
    assert found["age"].range == (20.0, 64.0)
    assert found["age"].null_share == 0.25
    assert found["age"].frozen.mean == pytest.approx(125 / 3)
    assert found["city"].categories == ("bern", "graz")
    assert repr(found).splitlines() == [
        "<age: 4 rows; 25.0% null; 20.0 to 64.0>",
        "<city: 4 rows; 25.0% null; one of bern, graz>",
    ]


def test_what_is_allowed_is_set_by_hand_and_what_was_seen_stays():
    found = expect(FRAME)
    found["age"].range = (0, 120)
    found["age"].null_share = 0.5
    found["city"].categories = ["bern", "graz", "köln"]
    assert found["age"].range == (0, 120)
    assert found["age"].null_share == 0.5
    assert found["city"].categories == ("bern", "graz", "köln")
    age, city = found.frozen
    assert (age.minimum, age.maximum, age.null_share) == (20.0, 64.0, 0.25)
    assert age.allowed == {"range": [0, 120], "null_share": 0.5}
    assert type(age).from_json(age.to_json()) == age
    assert city.to_json()["allowed"] == {"categories": ["bern", "graz", "köln"]}
    found["age"].range = (None, 120)
    assert found["age"].range == (None, 120)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("range", (5, 1), "ends before it begins"),
        ("range", (float("nan"), 1), "two numbers"),
        ("range", (True, 1), "two numbers"),
        ("categories", [], "some strings"),
        ("categories", [[1]], "some strings"),
        ("null_share", 1.5, "0 to 1, got 1.5"),
    ],
)
def test_what_cannot_be_set(name, value, words):
    with pytest.raises(EnvelopeError, match=words):
        setattr(expect(FRAME)["age"], name, value)


def test_names_that_are_not_there():
    with pytest.raises(EnvelopeError, match=r"no expectation of agee. Did you mean age\?"):
        expect(FRAME)["agee"]
    with pytest.raises(EnvelopeError, match=r"The rows lack city"):
        expect(FRAME[["age"]], like=expect(FRAME))
    with pytest.raises(EnvelopeError, match="made of a frame, got a list"):
        expect([1, 2])


NUMBERS = st.lists(st.one_of(st.none(), st.integers(-50, 50).map(float)), min_size=1, max_size=60)


@settings(deadline=None)  # the first frame is slow on a busy machine
@given(NUMBERS, NUMBERS)
def test_parts_add_up_to_the_whole(one, other):
    first = expect(pd.DataFrame({"x": np.array(one, dtype=float)}))
    second = expect(pd.DataFrame({"x": np.array(other, dtype=float)}), like=first)
    whole = expect(pd.DataFrame({"x": np.array(one + other, dtype=float)}), like=first)
    found, expected = first.merged(second)["x"].frozen, whole["x"].frozen
    assert found.rows == expected.rows
    assert found.null_share == pytest.approx(expected.null_share)
    assert (found.minimum, found.maximum) == (expected.minimum, expected.maximum)
    if first["x"].frozen.counts:
        assert (found.edges, found.counts) == (expected.edges, expected.counts)
    if expected.mean is not None:
        assert found.mean == pytest.approx(expected.mean, abs=1e-9)
        assert found.deviation == pytest.approx(expected.deviation, abs=1e-6)


@settings(deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=1), st.lists(st.sampled_from("bcd"), min_size=1))
def test_categories_add_up(one, other):
    first, second = (expect(pd.DataFrame({"x": part})) for part in (one, other))
    found = dict(first.merged(second)["x"].frozen.categories)
    for value in set(one + other):
        assert found[value] == pytest.approx((one + other).count(value) / len(one + other))


def test_what_does_not_add_up():
    one = expect(pd.DataFrame({"x": [1.0, 2.0]}))
    with pytest.raises(EnvelopeError, match=r"bins of x differ.*like=first"):
        one.merged(expect(pd.DataFrame({"x": [5.0, 6.0]})))
    with pytest.raises(EnvelopeError, match="Only one of the two has y"):
        one.merged(expect(pd.DataFrame({"x": [1.0], "y": [1]})))


def test_many_rows_have_the_same_shares_in_each_bin():
    numbers = np.random.default_rng(0).normal(size=300_000)
    found = expect(pd.DataFrame({"x": numbers}))["x"].frozen
    assert sum(found.counts) == 300_000
    assert max(found.counts) < 1.1 * min(found.counts)
    assert found.mean == pytest.approx(numbers.mean())
    assert found.deviation == pytest.approx(numbers.std())


def test_objects_are_counted_one_by_one_and_unused_categories_not():
    mixed = pd.DataFrame({"x": pd.Series([True, False, True], dtype=object)})
    assert dict(expect(mixed)["x"].frozen.categories) == {True: 2 / 3, False: 1 / 3}
    frame = pd.DataFrame({"x": pd.Categorical(["a"], categories=["a", "b"])})
    assert expect(frame)["x"].categories == ("a",)


def test_row_numbers_are_seen_and_stay_so_where_both_parts_are():
    rows = pd.DataFrame({"row": range(400), "back": range(400, 0, -1), "few": [1] * 400})
    first = expect(rows.head(200))
    assert [one.identifier for one in first.frozen] == [True, False, False]
    assert first.frozen[0].to_json()["identifier"] is True
    assert "identifier" not in first.frozen[1].to_json()
    assert first.merged(expect(rows.tail(200), like=first))["row"].frozen.identifier
    assert not first.merged(expect(rows.head(3), like=first))["row"].frozen.identifier
