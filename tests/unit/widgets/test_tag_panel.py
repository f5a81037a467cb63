import re

import pytest

from jupyter_lifecycle.errors import RegistryUnavailableError
from jupyter_lifecycle.registry import Rule, Step
from jupyter_lifecycle.widgets.panel_tag import TagPanel
from jupyter_lifecycle.widgets.tag_views import tag_code

pytestmark = pytest.mark.usefixtures("front_end")


@pytest.fixture
def envelope(registry, shelf):
    registry.set_rule(Rule("live", "name = 'departure-delay' and tags.approved = 'yes'"))
    return shelf(tags={"team": "a"}, metrics={"mae": 13.28})


@pytest.fixture
def woken():
    return []


@pytest.fixture
def panel(envelope, worker, now, woken):
    return TagPanel(envelope, "envelope", woken.append, worker, now)


def plain(markup):
    return re.sub(r"<[^>]*>", " ", markup)


def test_it_shows_tags_history_and_what_was_used_before(panel, shelf):
    assert panel._chips.tags == {"team": "a"}
    assert panel._chips.known == {"team": ["a"]}
    assert "at save" in panel._past.value
    assert "departure-delay" in panel._head.value
    assert panel._apply.disabled
    assert panel._apply.description == "Apply tag"


def test_a_pending_tag_previews_its_deployment_before_it_is_applied(panel, envelope, registry):
    panel._chips.pending = {"approved": "yes"}
    said = plain(panel._preview.value)
    assert "Applying this tag deploys one service" in said
    assert "checked against 1 rule" in said
    assert "newest first" in said
    assert panel._apply.description == "Apply tag and deploy"
    assert not panel._apply.disabled
    assert panel.code == 'envelope.tag(approved="yes")'
    assert registry.get(envelope.id).tags == {"team": "a"}, "nothing is written"
    panel._discard.click()
    assert (panel._preview.value, panel._chips.pending) == ("", {})
    assert panel._apply.disabled


def test_a_tag_that_no_rule_reads_says_so(panel):
    panel._chips.pending = {"colour": "red"}
    assert "This tag deploys nothing: no rule asks for it" in plain(panel._preview.value)
    assert panel._apply.description == "Apply tag"


def test_apply_writes_and_follows_the_deployment(panel, envelope, registry, worker, woken):
    panel._chips.pending = {"approved": "yes"}
    panel._apply.click()
    assert registry.get(envelope.id).tags == {"team": "a", "approved": "yes"}
    assert woken == [registry]
    assert "waits for a deployer" in plain(panel._preview.value)
    assert panel._chips.serving == ["approved"]
    started = registry.start_deployment("live", envelope.id, 1)
    registry.update_deployment(
        started.id, steps=[Step("decide", "done", 0.01), Step("build", "running")]
    )
    (look,) = worker.rounds
    assert look() is True
    assert "Building" in panel._preview.value
    registry.update_deployment(started.id, state="serving")
    registry.set_endpoint("live", serving=envelope.id, state="serving")
    assert look() is False
    assert "Serving" in panel._preview.value


def test_a_tag_that_deploys_nothing_wakes_nobody(panel, woken, worker):
    panel._chips.pending = {"colour": "red"}
    panel._apply.click()
    assert (woken, worker.rounds) == ([], [])
    assert panel._preview.value == ""


def test_a_removed_tag(panel, envelope, registry):
    panel._chips.removed = ["team"]
    assert panel._apply.description == "Remove tag"
    assert panel.code == 'envelope.untag("team")'
    panel._apply.click()
    assert registry.get(envelope.id).tags == {}
    assert "jl-chip-removed" in panel._past.value


def test_somebody_else_was_faster_and_nothing_is_overwritten(panel, envelope, registry):
    panel._chips.pending = {"team": "mine"}
    registry.tag(envelope.id, {"team": "theirs"})
    panel._apply.click()
    assert registry.get(envelope.id).tags == {"team": "theirs"}
    said = plain(panel._problem.value)
    assert "Nothing was overwritten" in said
    assert "theirs" in said
    assert "mine" in said
    assert panel._chips.pending == {"team": "mine"}, "what was typed stays"
    panel.clicked("conflict:mine")
    assert registry.get(envelope.id).tags == {"team": "mine"}
    assert panel._problem.value == ""


def test_their_version_can_be_taken(panel, envelope, registry):
    panel._chips.pending = {"team": "mine"}
    registry.tag(envelope.id, {}, ["team"])
    panel._apply.click()
    assert "removed" in plain(panel._problem.value)
    panel.clicked("conflict:theirs")
    assert (panel._chips.pending, panel._problem.value) == ({}, "")


def test_a_tag_that_cannot_be_is_said_in_place(panel):
    panel._chips.pending = {"x": "a\0b"}
    assert "NUL" in panel._problem.value
    assert panel._apply.disabled
    assert panel._chips.pending == {"x": "a\0b"}


def test_a_registry_that_is_away_keeps_what_was_typed(panel, monkeypatch):
    panel._chips.pending = {"approved": "yes"}

    def away(*args, **keywords):
        raise RegistryUnavailableError("It does not answer.")

    monkeypatch.setattr(type(panel._registry), "tag", away)
    panel._apply.click()
    assert "It does not answer." in panel._problem.value
    assert panel._chips.pending == {"approved": "yes"}
    assert not panel._apply.disabled


def test_what_nobody_expected_is_shown(panel):
    panel.show_error(ZeroDivisionError("by zero"))
    assert "ZeroDivisionError: by zero" in panel._problem.value


def test_an_old_preview_never_covers_a_newer_one(panel, worker):
    worker.hold()
    panel._chips.pending = {"approved": "yes"}
    panel._chips.pending = {"colour": "red"}
    old, new = worker.held
    new()
    old()
    assert "deploys nothing" in plain(panel._preview.value)


def test_code_and_the_whole_history_open_in_place(panel, envelope):
    for number in range(7):
        envelope.tag(step=str(number))
    panel._read()
    assert panel._past.value.count("<tr>") == 5
    panel.clicked("show:history")
    assert panel._past.value.count("<tr>") == 8
    assert "jl-hidden" in panel._code._dom_classes
    panel._show_code.click()
    assert "jl-hidden" not in panel._code._dom_classes


def test_a_file_without_a_kernel_has_tags_and_history(panel):
    bundle = panel._repr_mimebundle_()
    assert "forecasting" not in bundle["text/html"]
    assert "History" in bundle["text/html"]
    assert bundle["text/plain"].endswith("team = a")


@pytest.mark.parametrize(
    ("pending", "removed", "code"),
    [
        ({"on hold": "yes"}, [], 'e.tag({"on hold": "yes"})'),
        ({}, ["a", "b"], 'e.untag("a", "b")'),
        ({"a": "1"}, ["b"], 'e.tag(a="1")\ne.untag("b")'),
        ({}, [], ""),
    ],
)
def test_the_line_of_code(pending, removed, code):
    assert tag_code(pending, removed, "e") == code
