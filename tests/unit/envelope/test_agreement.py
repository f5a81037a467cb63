"""When two answers count as the same."""

import pytest

from jupyter_lifecycle.envelope.agreement import first_difference


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (1, 1),
        (1.0, 1),
        (1.0, 1.0 + 1e-12),
        ([None], [None]),
        ({"a": [1.5]}, {"a": [1.5]}),
        ("x", "x"),
    ],
)
def test_the_same(here, there):
    assert first_difference(here, there) == ""


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        ([1.0, 2.0], [1.0, 2.1], "the answer[1] is 2.0 here and 2.1 there"),
        ([1], [1, 2], "the answer has 1 values here and 2 there"),
        ({"a": 1}, {"b": 1}, "the answer has the keys ['a'] here and ['b'] there"),
        ({"a": None}, {"a": 0.0}, "the answer['a'] is None here and 0.0 there"),
        (True, 1, "the answer is True here and 1 there"),
        ("x", 1.0, "the answer is 'x' here and 1.0 there"),
    ],
)
def test_not_the_same(here, there, words):
    assert first_difference(here, there) == words
