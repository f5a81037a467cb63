"""Scales, ticks and the four marks of measuring charts."""

import math

import pytest

from jupyter_lifecycle.widgets.plots import Scale, bits, drawing, hatched, signed, ticks, words


@pytest.mark.parametrize(
    ("scale", "value", "pixel"),
    [
        (Scale(0, 10, 0, 100), 5, 50),
        (Scale(0, 10, 100, 0), 2.5, 75),
        (Scale(0, 10, 0, 100), -3, 0),
        (Scale(0, 10, 0, 100), 30, 100),
        (Scale(5, 5, 10, 20), 5, 10),
        (bits(0, 300), 0.01, 100),
        (bits(0, 300), 0.0, 0),
        (bits(0, 300), 7.0, 300),
    ],
)
def test_a_value_stands_on_its_axis(scale, value, pixel):
    assert scale(value) == pytest.approx(pixel)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-4, 6), (0.0001, 0.0009), (1e6, 9e9), (3, 3), (-1e-9, 1e-9)]
)
def test_ticks_are_round_few_and_within(low, high):
    found = ticks(low, high)
    assert 1 <= len(found) <= 6
    span = max(high - low, abs(high), 1e-12)
    assert all(low - span * 1e-6 <= one <= high + span * 1e-6 for one in found)
    assert all(math.isfinite(one) for one in found)


def test_a_hatch_is_defined_where_it_is_used():
    plain = drawing(10, 10, "nothing")
    assert "<defs" not in plain
    drawn = drawing(10, 10, "a floor", hatched(0, 0, 5, 5))
    assert drawn.count("<pattern") == 1
    both = drawing(10, 10, "two", hatched(0, 0, 5, 5), hatched(0, 0, 5, 5, stale=True))
    assert both.count("<pattern") == 2
    assert 'width="0.0"' in hatched(0, 0, -5, 5)


def test_words_are_cut_and_safe():
    assert "&lt;b&gt;" in words(0, 0, "<b>")
    assert "…" in words(0, 0, "x" * 90)


def test_a_difference_has_its_sign():
    assert [signed(one) for one in (1.25, -0.05, 0.0, -1234.5)] == [
        "+1.25",
        "−0.05",
        "0",
        "−1.23e+03",
    ]
