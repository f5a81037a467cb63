"""Zero wrong answers, whatever was edited, in a new kernel and in the one that ran before."""

import pytest
from all_cases import CASES
from verdicts import outcomes, verdict

REFUSED = {"a feature that changes its parameter"}
"""Raises, and says what to do: other readers must not see the change."""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["ours", "same kernel"])
def test_the_cached_answer_is_the_one_without_cache(engine, tmp_path):
    found = outcomes(engine, tmp_path)
    assert len(found) == len(CASES) > 200
    odd = {name: told for name, told in found.items() if told != "right"}
    assert odd.keys() == REFUSED, odd
    assert all("changed its parameter x" in told for told in odd.values())


def _found(cached, plain, *, computed=True, refused=""):
    return {"cached": cached, "plain": plain, "computed": computed, "refused": refused}


VERDICTS = {
    "right": (_found("1", "1"), _found("2", "2"), False, "right"),
    "stale": (_found("1", "1"), _found("1", "2"), False, "wrong: 1 where 2 is right"),
    "another answer at once": (
        _found("3", "1"),
        _found("2", "2"),
        False,
        "refused: it gives 3 before any edit, not 1",
    ),
    "a case without effect": (
        *(_found("1", "1"), _found("1", "1"), False, "wrong: the case changes nothing"),
    ),
    "hit": (_found("1", "1"), _found("1", "1", computed=False), True, "right"),
    "missed": (_found("1", "1"), _found("1", "1"), True, "missed"),
    "refused": (_found("1", "1"), _found(None, "1", refused="no"), True, "refused: no"),
}


@pytest.mark.parametrize(("before", "after", "same", "expected"), VERDICTS.values(), ids=VERDICTS)
def test_verdicts(before, after, same, expected):
    assert verdict(before, after, same) == expected
