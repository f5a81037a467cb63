from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from jupyter_lifecycle.errors import UnboundError
from jupyter_lifecycle.notebook.targets import expand, query_of, resolve

NAMES = {"X": ["a", "b"], "one": "c", "number": 3, "mixed": ["a", 1]}
KNOWN = ("origin_delay", "origin_trend", "route", "dep_delay")


def evaluate(expression):
    return eval(expression, {}, NAMES)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["a", "b,"], ["a", "b"]),
        (["{X}", "z"], ["a", "b", "z"]),
        (["{*X}"], ["a", "b"]),
        (["{one}"], ["c"]),
        (["{[name for name in X]}"], ["a", "b"]),
        (["'a'", ","], ["a"]),
    ],
)
def test_words_become_names(words, names):
    assert expand(words, evaluate, command="%compute") == names


@pytest.mark.parametrize(("word", "wrong"), [("{number}", "3, a int"), ("{mixed}", "1, a int")])
def test_an_expression_gives_names_only(word, wrong):
    with pytest.raises(UsageError) as error:
        expand([word], evaluate, command="%compute")
    assert wrong in str(error.value)


def test_patterns_match_in_order_of_definition_and_once():
    assert resolve(["dep_delay", "origin_*", "origin_trend"], KNOWN) == (
        "dep_delay",
        "origin_delay",
        "origin_trend",
    )
    assert resolve(["[dr]*"], KNOWN) == ("route", "dep_delay")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("origin_dela", "No feature or input origin_dela. Did you mean origin_delay?"),
        ("zzz", "No feature or input zzz."),
        ("zzz_*", "No feature or input matches zzz_*."),
    ],
)
def test_what_is_not_there_is_refused_with_what_is_near(asked, words):
    with pytest.raises(UnboundError) as error:
        resolve([asked], KNOWN)
    assert str(error.value) == words


def test_words_that_say_more_are_one_query():
    assert resolve(["+route"], KNOWN) is None
    assert resolve(["route", "and", "dep_delay"], KNOWN) is None
    assert query_of(["+route", "and", "a b"], ["a b"]) == '+route and "a b"'
