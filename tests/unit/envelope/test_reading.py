"""Strict reading: what is an integer, what is not, and where each problem stands."""

import math
from datetime import UTC, date, datetime

import pytest

from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.envelope.problems import LIMIT, Problems, pointer, show
from jupyter_lifecycle.envelope.reading import read_column, read_members, read_value
from jupyter_lifecycle.errors import InputError

INTEGER = Field("a", "integer", dtype="int64")
NUMBER = Field("a", "number", dtype="float64")
STRING = Field("a", "string")
BOOLEAN = Field("a", "boolean")
NAIVE = Field("a", "datetime")
ZONED = Field("a", "datetime", zone="UTC")
DAY = Field("a", "date")
CATEGORY = Field("a", "categorical", categories=("red", "green"))
CODES = Field("a", "categorical", categories=(1, 2.5, True))
LISTED = Field("a", "array", items=INTEGER)
FREE = Field("a", "object", entries=NUMBER)
ANYTHING = Field("a", "array")
OPEN = Field("a", "object")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (INTEGER, 22, 22),
        (INTEGER, 22.0, 22),
        (INTEGER, -0.0, 0),
        (NUMBER, 3, 3),
        (NUMBER, 3.7, 3.7),
        (STRING, "", ""),
        (BOOLEAN, False, False),
        (NAIVE, "2024-03-01T14:05:00", datetime(2024, 3, 1, 14, 5)),
        (NAIVE, "2024-03-01", datetime(2024, 3, 1)),
        (NAIVE, datetime(2024, 3, 1), datetime(2024, 3, 1)),
        (ZONED, "2024-03-01T14:05:00Z", datetime(2024, 3, 1, 14, 5, tzinfo=UTC)),
        (DAY, "2024-03-01", date(2024, 3, 1)),
        (DAY, date(2024, 3, 1), date(2024, 3, 1)),
        (CATEGORY, "green", "green"),
        (CODES, 1.0, 1),
        (CODES, True, True),
        (LISTED, [1, 2.0], [1, 2]),
        (ANYTHING, [1, "x", None], [1, "x", None]),
        (FREE, {"x": 1.5}, {"x": 1.5}),
        (OPEN, {"x": [1]}, {"x": [1]}),
        (INTEGER.or_null(), None, None),
    ],
)
def test_what_fits(field, value, expected):
    problems = Problems()
    found = read_value(field, value, (), problems)
    assert problems.count == 0
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (INTEGER, "1.5", 'expected an integer, got "1.5"'),
        (INTEGER, 3.7, "expected an integer, got 3.7"),
        (INTEGER, True, "expected an integer, got true"),
        (INTEGER, None, "expected an integer, got null"),
        (INTEGER, math.inf, "expected an integer, got infinity"),
        (INTEGER, 2.0**60, "expected an integer, got 1.152921504606847e+18"),
        (INTEGER, 2**63, "9223372036854775808 does not fit int64"),
        (Field("a", "integer", dtype="uint8"), 256, "256 does not fit uint8 (0 to 255)"),
        (Field("a", "integer", dtype="Int8"), -129, "-129 does not fit Int8 (-128 to 127)"),
        (NUMBER, "1.5", 'expected a number, got "1.5"'),
        (NUMBER, True, "expected a number, got true"),
        (NUMBER, math.nan, "expected a finite number, got NaN"),
        (NUMBER, -math.inf, "expected a finite number, got infinity"),
        (NUMBER, 10**400, "expected a finite number, got 10000000000000000000…"),
        (STRING, 1, "expected a string, got 1"),
        (BOOLEAN, 1, "expected true or false, got 1"),
        (BOOLEAN, "true", 'expected true or false, got "true"'),
        (
            NAIVE,
            "yesterday",
            "expected a date and time in ISO 8601 such as 2024-03-01T14:05:00, got",
        ),
        (NAIVE, 17, "expected a date and time, got 17"),
        (NAIVE, "2024-03-01T14:05:00Z", "has a time zone, the model expects a time without one"),
        (ZONED, "2024-03-01T14:05:00", "has no time zone: write its offset, such as Z or +01:00"),
        (DAY, "2024-13-01", 'expected a date such as 2024-03-01, got "2024-13-01"'),
        (DAY, datetime(2024, 3, 1), "expected a date, got a datetime"),
        (DAY, 5, "expected a date, got 5"),
        (CATEGORY, "gren", '"gren" is none of the categories "red", "green". Did you mean green?'),
        (CATEGORY, ["red"], "expected one of the categories, got a list"),
        (CODES, 2, "2 is none of the categories 1, 2.5, true"),
        (LISTED, "12", 'expected a list, got "12"'),
        (FREE, [1], "expected an object, got a list"),
        (OPEN, "x" * 50, f'expected an object, got "{"x" * 37}…"'),
    ],
)
def test_what_does_not_fit(field, value, reason):
    problems = Problems()
    read_value(field, value, ("rows", 0), problems)
    assert problems.kept[0]["path"] == "/rows/0"
    assert problems.kept[0]["reason"].startswith(reason)


def test_times_are_read_in_the_zone_of_the_example():
    there = Field("a", "datetime", zone="America/New_York")
    problems = Problems()
    assert read_value(there, "2024-07-01T12:00:00Z", (), problems).hour == 8
    fixed = Field("a", "datetime", zone="UTC+01:00")
    assert read_value(fixed, "2024-07-01T12:00:00+01:00", (), problems).hour == 12
    assert problems.count == 0


def test_nested_problems_have_their_own_path():
    person = Field("p", "object", fields=(INTEGER, Field("tags", "array", items=STRING)))
    problems = Problems()
    read_value(person, {"tags": ["a", 1], "zzz": 3}, ("p",), problems)
    assert problems.kept == [
        {"path": "/p/a", "reason": "is missing"},
        {"path": "/p/tags/1", "reason": "expected a string, got 1"},
        {"path": "/p/zzz", "reason": "is not expected"},
    ]


def test_a_near_name_is_offered():
    problems = Problems()
    read_members((Field("wind_gust", "number"),), {"wind_gst": 1.0}, (), problems)
    assert problems.kept[-1] == {
        "path": "/wind_gst",
        "reason": "is not expected. Did you mean wind_gust?",
    }


def test_all_problems_at_once_up_to_a_bound():
    problems = Problems()
    read_column(INTEGER, ["x"] * (LIMIT + 5), lambda index: (index, "a"), problems)
    with pytest.raises(InputError) as caught:
        problems.check()
    assert len(caught.value.detail["problems"]) == LIMIT
    assert caught.value.detail["problem_count"] == LIMIT + 5
    assert caught.value.detail["problems"][-1]["path"] == f"/{LIMIT - 1}/a"
    assert caught.value.message == f'/0/a: expected an integer, got "x" ({LIMIT + 4} more)'


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (INTEGER, [1, 2.0, 3]),
        (INTEGER, [1, 2**63]),
        (NUMBER, [1, math.nan]),
        (NUMBER, [1, 10**400]),
        (NUMBER.or_null(), [1, None, 2.5]),
        (INTEGER.or_null(), [1, None]),
        (STRING, ["a", None]),
        (BOOLEAN, [True, 1]),
    ],
)
def test_the_quick_way_says_the_same_as_one_by_one(field, values):
    quick, slow = Problems(), Problems()
    found = read_column(field, values, lambda index: (index,), quick)
    one_by_one = [read_value(field, value, (index,), slow) for index, value in enumerate(values)]
    assert quick.kept == slow.kept
    assert found == one_by_one


def test_pointers_are_escaped():
    assert pointer("a/b", "~", 3) == "/a~1b/~0/3"


def test_values_in_words():
    words = [show(value) for value in (None, True, 1.5, "x", [1], {}, object())]
    assert words == ["null", "true", "1.5", '"x"', "a list", "an object", "a object"]
