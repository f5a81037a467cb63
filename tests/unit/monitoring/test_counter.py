"""Counting: what comes is counted once, in its place, whatever it is."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.envelope import expect
from jupyter_lifecycle.monitoring.counter import Counter
from jupyter_lifecycle.monitoring.plan import ColumnPlan, Plan
from jupyter_lifecycle.monitoring.profiles import Profile

NUMBER = ColumnPlan("x", "number", edges=(0.0, 10.0))
INTEGER = ColumnPlan("x", "integer", edges=(0.0, 10.0))
WORD = ColumnPlan("x", "string", categories=("a", "b"))


def counted(plan: ColumnPlan, values):
    counter = Counter(Plan((plan,)))
    counter.add_rows([[value] for value in values])
    return counter.profile()["x"]


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ([0, 0.0, -5, -1e300], (4, 0, 0)),
        ([10, 10.0, 1e-9], (0, 3, 0)),
        ([10.000001, 1e300, 10**400], (0, 0, 3)),
        ([], (0, 0, 0)),
    ],
    ids=["up to the first edge", "between", "overflow", "nothing"],
)
def test_bins_are_open_on_the_left_and_closed_on_the_right(values, counts):
    assert counted(NUMBER, values).counts == counts


def test_what_is_no_finite_number_is_counted_apart():
    odd = [None, math.nan, math.inf, -math.inf, "7", True, [1], {}, object(), 5]
    profile = counted(NUMBER, odd)
    assert (profile.missing, profile.nan, profile.inf, profile.minus_inf) == (1, 1, 1, 1)
    assert profile.wrong == 5
    assert profile.counts == (0, 1, 0)
    assert profile.rows == len(odd)
    assert profile.present == 3


def test_an_integer_column_takes_whole_floats_and_refuses_others():
    profile = counted(INTEGER, [1, 2.0, 2.5, np.int32(4), np.float64(5.0)])
    assert (profile.counts, profile.wrong) == ((0, 4, 0), 1)


def test_the_ends_are_those_of_finite_numbers():
    profile = counted(NUMBER, [3, math.inf, -2.5, None])
    assert (profile.minimum, profile.maximum) == (-2.5, 3.0)
    assert counted(NUMBER, [None]).minimum is None


def test_categories_known_unknown_and_wrong():
    profile = counted(WORD, ["a", "a", "b", "c", None, 1, math.nan, ["a"]])
    assert profile.counts == (2, 1)
    assert (profile.others, profile.missing, profile.nan, profile.wrong) == (1, 1, 1, 2)
    assert profile.new == (("c", 1),)


def test_true_is_no_one():
    plan = ColumnPlan("x", "categorical", categories=(1, True, "1"))
    assert counted(plan, [True, 1, 1.0, "1", True]).counts == (2, 2, 1)


def test_a_boolean_column_takes_no_numbers():
    plan = ColumnPlan("x", "boolean", categories=(True, False))
    profile = counted(plan, [True, False, np.True_, 1, 0])
    assert (profile.counts, profile.wrong) == ((2, 1), 2)


def test_times_are_counted_by_presence():
    plan = ColumnPlan("x", "datetime")
    profile = counted(plan, ["2024-01-01T00:00:00", pd.Timestamp(0), pd.NaT, None, 7])
    assert (profile.counts, profile.missing, profile.wrong) == ((2,), 2, 1)


def test_short_rows_lack_values_and_long_ones_are_cut():
    counter = Counter(Plan((NUMBER, ColumnPlan("y", "number"))))
    counter.add_rows([[1.0], [1.0, 2.0, 3.0], []])
    profile = counter.profile()
    assert profile.rows == 3
    assert (profile["x"].missing, profile["y"].missing) == (1, 2)


def test_counting_goes_on_after_a_profile_and_clear_starts_again():
    counter = Counter(Plan((NUMBER,)))
    counter.add_rows([[1.0]] * 100)
    first = counter.profile()
    counter.add_rows([[1.0]])
    assert (first.rows, counter.rows, counter.profile().rows) == (100, 101, 101)
    counter.clear()
    assert counter.profile() == Profile.empty(counter.plan)


def frame(rows: int = 3000, seed: int = 7) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    numbers = random.normal(size=rows)
    numbers[::11] = np.nan
    return pd.DataFrame(
        {
            "number": numbers,
            "single": random.gamma(2, size=rows).astype("float32"),
            "integer": random.integers(0, 9, rows),
            "masked": pd.array(random.integers(0, 9, rows), dtype="Int64"),
            "word": random.choice(["a", "b", None], rows),
            "kind": pd.Categorical(random.choice(["u", "v"], rows), categories=["u", "v", "w"]),
            "flag": random.random(rows) < 0.2,
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="h"),
        }
    )


def test_an_envelopes_expectations_are_counted_back_to_the_row():
    rows = frame()
    expectations = expect(rows).frozen
    counter = Counter(Plan.of(expectations))
    counter.add_columns(dict(rows.items()))
    profile = counter.profile()
    assert profile.rows == len(rows)
    for one in expectations:
        seen = profile[one.name]
        assert seen.rows == len(rows)
        assert seen.missing == round(one.null_share * one.rows)
        if one.edges:
            assert seen.counts == one.counts
            assert (seen.minimum, seen.maximum) == (one.minimum, one.maximum)
        else:
            assert [count for count in seen.counts if count] == [
                round(share * one.rows) for _, share in one.categories
            ] or one.name == "time"
            assert (seen.others, seen.new) == (0, ())


def test_columns_and_rows_are_counted_alike():
    rows = frame(500)
    plan = Plan.of(expect(frame()).frozen)
    whole, single = Counter(plan), Counter(plan)
    whole.add_columns(dict(rows.items()))
    plain = rows.astype(object).where(rows.notna(), None)
    single.add_rows(plain.to_numpy().tolist())
    assert whole.profile() == single.profile()


def test_infinite_and_broken_columns_of_a_frame():
    counter = Counter(Plan((INTEGER,)))
    counter.add_columns({"x": np.array([1.0, np.inf, -np.inf, np.nan, 2.5])})
    profile = counter.profile()["x"]
    assert (profile.counts, profile.missing, profile.inf, profile.minus_inf, profile.wrong) == (
        (0, 1, 0),
        1,
        1,
        1,
        1,
    )


def test_a_column_that_is_not_there_is_missing_and_others_are_passed_over():
    counter = Counter(Plan((NUMBER,)))
    counter.add_columns({"z": [1, 2]})
    counter.add_columns({})
    assert counter.profile()["x"].missing == 2


def test_a_million_new_categories_stay_bounded_and_the_frequent_one_is_named():
    counter = Counter(Plan((WORD,)))
    for start in range(0, 60_000, 1000):
        counter.add_rows([[f"junk {place}"] for place in range(start, start + 1000)])
        counter.add_rows([["ZZ"]] * 300)
    profile = counter.profile()["x"]
    assert profile.others == 78_000
    assert len(profile.new) == 24
    assert profile.frequent[0][0] == "ZZ"
    assert 15_000 < profile.frequent[0][1] <= 18_000
    assert 30_000 < profile.distinct_new < 120_000
    assert len(json.dumps(profile.to_json(), separators=(",", ":"))) < 2048


def test_huge_strings_are_kept_by_a_short_name():
    long = "x" * 5_000_000
    plan = Plan.of(expect(pd.DataFrame({"x": [long, "y"]})).frozen)
    counter = Counter(plan)
    counter.add_rows([[long], [long], ["y"], ["z" * 1_000_000], ["\0\ud800"]])
    profile = counter.profile()["x"]
    assert sorted(profile.counts) == [1, 2]
    assert profile.others == 2
    assert len(json.dumps(profile.to_json())) < 500
    assert (
        Profile.from_json(json.loads(json.dumps(counter.profile().to_json()))) == counter.profile()
    )


def test_counting_needs_neither_numpy_nor_pandas():
    program = """
import sys
from jupyter_lifecycle.monitoring.counter import Counter
from jupyter_lifecycle.monitoring.plan import ColumnPlan, Plan
counter = Counter(Plan((ColumnPlan("x", "number", edges=(0.0,)), ColumnPlan("y", "string"))))
counter.add_rows([[1.0, "a"]] * 100)
counter.profile().to_json()
assert not {"numpy", "pandas", "scipy"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_each_unit_is_counted_once_until_the_next_window():
    counter = Counter(Plan((NUMBER,)))
    counter.add_rows([[1.0], [2.0], [3.0]], units=["a", "b", "a"])
    counter.add_rows([[4.0], [5.0], [6.0], [7.0]], units=["b", None, None, 1])
    assert counter.rows == 5
    counter.clear()
    counter.add_rows([[1.0]], units=["a"])
    assert counter.rows == 1


def test_units_are_told_apart_by_type_and_nearly_all_of_them_are_counted():
    counter = Counter(Plan((NUMBER,)))
    counter.add_rows([[1.0]] * 2, units=[1, "1"])
    assert counter.rows == 2
    counter.add_rows([[1.0]] * 50_000, units=range(10, 50_010))
    assert 49_000 < counter.rows <= 50_002


class Colour(Enum):
    RED = "a"


HOSTILE = [
    None,
    pd.NA,
    pd.NaT,
    np.datetime64("NaT"),
    Decimal("2.5"),
    Decimal("NaN"),
    Decimal("Infinity"),
    Fraction(1, 2),
    1 + 2j,
    b"a",
    Colour.RED,
    np.array([1, 2]),
    np.array(3.0),
    np.str_("a"),
    np.float32("nan"),
    pd.Series([1]),
    pd.Timestamp(0),
    {"a": float("nan")},
    [float("nan")],
    -(10**5000),
    "\udcff",
    float("-inf"),
    type,
]


@pytest.mark.parametrize(
    "word", ["integer", "number", "string", "boolean", "categorical", "datetime", "unknown"]
)
def test_nothing_that_comes_raises_and_each_value_is_counted_once(word):
    plan = ColumnPlan("x", word, edges=(0.0,) if word in ("integer", "number") else ())
    single, together = Counter(Plan((plan,))), Counter(Plan((plan,)))
    for value in HOSTILE:
        single.add_rows([[value]])
        single.profile()
    together.add_columns({"x": HOSTILE})
    assert single.profile() == together.profile()
    assert single.profile()["x"].rows == len(HOSTILE)
    json.dumps(single.profile().to_json(), allow_nan=False)


def test_what_is_missing_in_any_form_is_missing():
    for plan in (NUMBER, WORD, ColumnPlan("x", "datetime"), ColumnPlan("x", "unknown")):
        assert counted(plan, [None, pd.NA, pd.NaT]).missing == 3


def test_decimals_are_numbers_and_enumerations_their_values():
    assert counted(NUMBER, [Decimal("2.5"), Decimal(-1)]).counts == (1, 1, 0)
    assert counted(WORD, [Colour.RED]).counts == (1, 0)
