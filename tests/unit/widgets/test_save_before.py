from datetime import UTC, datetime

import pytest

from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.widgets.saved_before import (
    Before,
    ask_before,
    metric_words,
    named,
    outlook_of,
    saved_words,
)

NOW = datetime(2025, 11, 24, 14, 6, tzinfo=UTC)


def test_a_name_with_a_quote_stays_one_text(registry, shelf):
    shelf("bob")
    assert registry.count(named("bob")) == 1
    assert registry.count(named("bob' or name = 'bob")) == 0


def test_what_was_saved_before(registry, shelf):
    registry.set_rule(Rule("e", "tags.approved = 'yes' and not tags.`on hold`"))
    shelf("ltv", tags={"team": "old"})
    shelf("ltv", tags={"team": "a", "approved": "yes"}, metrics={"mae": 2.0})
    before = ask_before(registry, "ltv")
    assert (before.saves, dict(before.tags), dict(before.metrics)) == (2, {"team": "a"}, {"mae": 2})
    assert before.kept_back == ("approved", "on hold")
    assert ask_before(registry, "none") == Before(kept_back=("approved", "on hold"))


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (Before(1, NOW, "ann"), "Saved once, today 14:06 by ann"),
        (Before(7, NOW.replace(day=19), "ann"), "Saved 7 times, last 19 November 14:06 by ann"),
        (Before(7, NOW.replace(year=2024), "ann"), "Saved 7 times, last 24 November 2024 by ann"),
    ],
)
def test_its_words(before, words):
    assert saved_words(before, NOW) == words


@pytest.mark.parametrize(
    ("name", "value", "last", "expected"),
    [
        ("mae", 13.28, 13.28, ("as in the last save", "")),
        ("bias", -0.1, 0.3, ("0.2 better than the last save", "fresh")),
        ("bias", -0.5, 0.3, ("0.2 worse", "")),
        ("valid_auc", 0.9, 0.8, ("0.1 better than the last save", "fresh")),
        ("loss", 1000.1, 1000.0, ("0.1 worse", "")),
        ("rows", 3.0, 5.0, ("2 less than the last save", "")),
    ],
)
def test_a_difference_in_words(name, value, last, expected):
    assert metric_words(name, value, {name: last}) == expected


def test_the_outlook_of_a_save(registry, shelf):
    alone = shelf()
    assert outlook_of(registry, alone) is None
    registry.set_rule(Rule("live", "name = 'departure-delay' and tags.approved = 'yes'"))
    would = outlook_of(registry, alone)
    assert (would.endpoint, would.tags, would.serving, would.wanted) == (
        "live",
        {"approved": "yes"},
        None,
        False,
    )
    does = shelf(tags={"approved": "yes"})
    assert outlook_of(registry, does).wanted
    assert outlook_of(registry, alone) is None, "a newer one is served"
    assert outlook_of(registry, shelf("other")) is None
