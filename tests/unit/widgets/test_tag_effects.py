import pytest

from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.widgets.effects import button_words, checks_of, lead_words, moves_of


@pytest.fixture
def live(registry):
    def made(**options):
        return registry.set_rule(Rule("live", "tags.approved = 'yes'", **options))

    return made


def text(check):
    import re

    return re.sub(r"<[^>]*>", "", str(check.text))


def test_a_first_deployment(registry, shelf, live):
    live()
    envelope = shelf()
    (move,) = moves_of(registry, registry.preview(envelope.id, {"approved": "yes"}))
    assert (move.before, move.after.id) == (None, envelope.id)
    checks = {check.title: text(check) for check in checks_of(move)}
    assert checks["Inputs"] == "1 input: age"
    assert checks["Environment"] == "Python 3.11.9, 1 package"
    assert "nothing is served" in checks["Then"]
    assert button_words([move], 1, 0) == "Apply tag and deploy"
    assert lead_words([move], 1) == "Applying this tag deploys one service"


@pytest.mark.parametrize(
    ("before", "after", "state", "words"),
    [
        ({"age": "integer"}, {"age": "integer"}, "fresh", "1 input, as now"),
        ({"age": "integer"}, {"age": "number"}, "stale", "age is number, was integer"),
        ({"age": "integer"}, {"age": "integer", "b": "string"}, "stale", "b is new"),
        ({"age": "integer", "b": "string"}, {"age": "integer"}, "stale", "b is no longer taken"),
    ],
    ids=["same", "type", "new", "gone"],
)
def test_inputs_are_compared(registry, shelf, live, before, after, state, words):
    live()
    shelf(tags={"approved": "yes"}, inputs=before)
    envelope = shelf(inputs=after)
    (move,) = moves_of(registry, registry.preview(envelope.id, {"approved": "yes"}))
    inputs, environment, then = checks_of(move)
    assert inputs.state == state
    assert words in text(inputs)
    assert text(environment) == "1 package, as now"
    assert "keeps serving" in text(then)


@pytest.mark.parametrize(
    ("before", "after", "state", "words"),
    [
        ({"nullable": True}, {}, "stale", "may no longer be null"),
        ({}, {"nullable": True}, "fresh", "may now be null"),
        (
            {"type": "categorical", "categories": ["a", "b"]},
            {"type": "categorical", "categories": ["a"]},
            "stale",
            "has lost categories",
        ),
        (None, {"required": False}, "fresh", "may be left out"),
    ],
)
def test_what_makes_an_input_stricter(before, after, state, words):
    from types import SimpleNamespace

    from jupyter_lifecycle.registry.records import EndpointChange
    from jupyter_lifecycle.widgets.effects import Move

    def saved(field):
        fields = [] if field is None else [{"name": "x", "type": "integer", **field}]
        environment = {"python": "3.11.9", "packages": []}
        manifest = {
            "schema": {"inputs": fields},
            "environment": environment,
            "example": {"count": 2},
        }
        return SimpleNamespace(id="a" * 40, manifest=manifest)

    change = EndpointChange("live", "local", "a", "b", Rule("live", "x"), "because")
    inputs = checks_of(Move(change, saved(before), saved(after)))[0]
    assert inputs.state == state
    assert words in text(inputs)


def test_the_environment_is_compared(registry, shelf, live):
    live()
    shelf(tags={"approved": "yes"}, packages={"numpy": "2.3", "pandas": "3", "z": "1"})
    envelope = shelf(packages={"numpy": "2.4", "pandas": "3", "y": "1"}, python="3.12.1")
    (move,) = moves_of(registry, registry.preview(envelope.id, {"approved": "yes"}))
    words = text(checks_of(move)[1])
    assert (
        words
        == "Python 3.11.9 → 3.12.1, numpy 2.3 → 2.4, y none → 1 and 1 more; 1 package unchanged"
    )


@pytest.mark.parametrize(
    ("on_none", "then", "button", "lead"),
    [
        ("keep", "keeps serving", "Remove tag", "leaves one service without a match"),
        ("retire", "answers 503", "Remove tag and retire live", "retires one service"),
    ],
)
def test_taking_the_last_match_away(registry, shelf, live, on_none, then, button, lead):
    live(on_none=on_none)
    envelope = shelf(tags={"approved": "yes"})
    (move,) = moves_of(registry, registry.preview(envelope.id, {}, ["approved"]))
    assert move.after is None
    assert then in text(checks_of(move)[0])
    assert button_words([move], 0, 1) == button
    assert lead in lead_words([move], 1, removing=True)


def test_nothing_moves():
    assert lead_words([], 2) == "These tags deploy nothing: no rule asks for them"
    assert lead_words([], 1, removing=True) == "Nothing moves: no rule reads this tag"
    assert lead_words([], 2, removing=True) == "Nothing moves"
