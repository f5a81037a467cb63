import re
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from jupyter_lifecycle.errors import EndpointError, InputError, QueryError, RegistryUnavailableError
from jupyter_lifecycle.registry import Rule, Step
from jupyter_lifecycle.widgets.panel_deploy import DeployPanel

pytestmark = pytest.mark.usefixtures("front_end")

WHEN = "name = 'departure-delay' and tags.approved = 'yes'"


class Calls:
    """The public functions, with an endpoint that answers in this process."""

    def __init__(self):
        self.rules, self.asked = [], []
        self.answer = 6.4

    def rule(self, endpoint, *, when, order_by, target, on_none, registry, **options):
        self.rules.append(endpoint)
        return registry.set_rule(Rule(endpoint, when, order_by, target, on_none, options))

    def endpoint(self, name, *, registry):
        def predict(rows):
            self.asked.append((name, rows))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return SimpleNamespace(
            predict=predict,
            pin=lambda id_: registry.pin(name, id_),
            unpin=lambda: registry.unpin(name),
        )


@pytest.fixture
def calls():
    return Calls()


@pytest.fixture
def open_panel(registry, calls, worker):
    def opened(name="live"):
        def now():
            return datetime.now(UTC)

        panel = DeployPanel(name, registry, calls, "jl", worker, now)
        panel.announcer._view_count = 1
        return panel

    return opened


@pytest.fixture
def serving(registry, shelf):
    """An endpoint that serves, with its deployment."""
    registry.set_rule(Rule("live", WHEN))
    envelope = shelf(tags={"approved": "yes"}, inputs={"age": "integer", "who": "string"})
    deploy(registry, envelope, "serving")
    registry.set_endpoint(
        "live", address="http://127.0.0.1:4000", serving=envelope.id, state="serving"
    )
    return envelope


def deploy(registry, envelope, state, *, reason="", failed=False):
    steps = [Step("decide", "done", 0.018, "rule matched"), Step("build", "done", 1.9)]
    if failed:
        steps.append(Step("start", "failed", 0.3, "it ended with 1"))
    if state == "running":
        steps.append(Step("start", "running"))
    started = registry.start_deployment("live", envelope.id, 1)
    return registry.update_deployment(
        started.id, state=state, steps=steps, reason=reason, log=["line <1>"]
    )


def plain(*widgets):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", " ".join(w.value for w in widgets)))


def hidden(widget):
    return "jl-hidden" in widget._dom_classes


def test_what_serves_and_why(open_panel, serving):
    panel = open_panel()
    head = plain(panel._title)
    for words in ("live", "Serving", serving.short_id, "on local"):
        assert words in head
    rule = plain(panel._rule)
    for words in (
        "name = &#x27;departure-delay&#x27;",
        "newest first",
        "the last one keeps serving",
    ):
        assert words in rule
    runs = plain(panel._runs)
    for words in ("Decide", "18 ms", "rule matched", "Build", "1.9 s"):
        assert words in runs
    assert "jl.endpoint(" in plain(panel._call)
    assert "line &lt;1&gt;" in plain(panel._log)
    assert panel._band.value == ""
    assert hidden(panel._form)


def test_a_failure_names_what_keeps_serving_and_why(open_panel, serving, registry, shelf):
    panel = open_panel()
    newer = shelf(tags={"approved": "yes"})
    deploy(registry, newer, "failed", reason="The example replay differed in 3 rows.", failed=True)
    panel._look()
    band = plain(panel._band)
    assert f"{newer.short_id} was not deployed. {serving.short_id} keeps serving." in band
    assert "differed in 3 rows" in band
    assert "Failed at start" in plain(panel._runs)
    assert "Serving" in plain(panel._title)
    assert "serving" in panel.announcer.message or "failed" in panel.announcer.message


def test_a_failed_attempt_is_tried_again_by_writing_its_rule(
    open_panel, serving, registry, shelf, calls
):
    newer = shelf(tags={"approved": "yes"})
    deploy(registry, newer, "failed", reason="The network was away.", failed=True)
    panel = open_panel()
    assert 'data-jl="rule:again"' in panel._band.value
    version = panel._record.rule.version
    panel.clicked("rule:again")
    assert calls.rules == ["live"]
    assert panel._record.rule.version > version
    assert panel.announcer.message == "It is tried again."
    registry.pin("live", serving)
    panel._look()
    assert "rule:again" not in panel._band.value


def test_a_running_step_counts_its_seconds_in_the_page(open_panel, serving, registry, shelf):
    newer = shelf(tags={"approved": "yes"})
    deploy(registry, newer, "running")
    panel = open_panel()
    assert "Deploying" in plain(panel._title)
    assert "Starting" in plain(panel._runs)
    assert "data-jl-since" in panel._runs.value


def test_an_endpoint_that_is_down_says_why(open_panel, serving, registry):
    registry.set_endpoint("live", state="down", failure="It ended with 9.")
    panel = open_panel()
    assert "Down" in plain(panel._title)
    assert "live does not answer. It ended with 9." in plain(panel._band)


def test_a_retired_endpoint(open_panel, serving, registry):
    registry.set_rule(Rule("live", WHEN, on_none="retire"))
    registry.tag(serving.id, {}, ["approved"])
    registry.set_endpoint("live", state="retired", serving=None)
    panel = open_panel()
    assert "Retired" in plain(panel._title)
    assert panel._band.value == ""
    assert "the endpoint answers 503" in plain(panel._rule)


def test_no_match_left_is_visibly_amber(open_panel, serving, registry):
    registry.tag(serving.id, {}, ["approved"])
    panel = open_panel()
    assert "No match, still serving" in plain(panel._title)
    assert "No envelope matches the rule any more." in plain(panel._band)
    assert "jl-stale" in panel._band.value


def test_nothing_is_painted_while_nothing_changes_and_nothing_asked_while_nobody_looks(
    open_panel, serving, registry, monkeypatch
):
    panel = open_panel()
    drawn, asked = [], []
    monkeypatch.setattr(panel, "_draw", lambda: drawn.append(1))
    read = panel._read
    monkeypatch.setattr(panel, "_read", lambda: asked.append(1) or read())
    assert panel._look() is True
    assert (len(asked), len(drawn)) == (1, 0)
    panel.announcer._view_count = 0
    panel._look()
    assert len(asked) == 1
    panel.announcer._view_count = 1
    registry.set_endpoint("live", state="down")
    panel._look()
    assert (len(asked), len(drawn)) == (2, 1)


def test_a_registry_that_is_away_leaves_what_was_shown(open_panel, serving, monkeypatch):
    panel = open_panel()

    def away():
        raise RegistryUnavailableError("https://models.example does not answer.")

    monkeypatch.setattr(panel, "_read", away)
    assert panel._look() is True
    assert "does not answer" in plain(panel._band)
    assert serving.short_id in plain(panel._title)
    monkeypatch.undo()
    panel._look()
    assert panel._band.value == ""


def test_without_a_rule_the_form_is_filled_from_the_last_save(open_panel, shelf, registry, calls):
    shelf()
    panel = open_panel("")
    form = panel._form
    assert not hidden(form)
    assert hidden(panel._right)
    assert (form.rule.endpoint, form.rule.when) == ("departure-delay", WHEN)
    assert "matches 0 of 1" in plain(form._hint)
    form._when.value = "name = 'departure-delay'"
    assert "matches 1 of 1, first" in plain(form._hint)
    assert "Saving this rule deploys one service." in plain(form._effect)
    form._save.click()
    assert calls.rules == ["departure-delay"]
    assert registry.rules()[0].when == "name = 'departure-delay'"
    assert hidden(form)
    assert "Waiting" in plain(panel._title)


def test_a_name_that_cannot_be_an_endpoint_is_made_one(open_panel, shelf):
    shelf("LTV_v2.1")
    assert open_panel("")._form.rule.endpoint == "ltv-v2-1"


def test_an_empty_registry_opens_an_empty_form(open_panel):
    panel = open_panel("")
    assert panel._form.rule.when == ""
    assert panel._form._save.disabled
    assert panel.plain() == "New endpoint: no rule yet"
    assert "No rule yet" in panel.snapshot()


def test_edit_turns_the_rule_into_fields_and_cancel_leaves_it(open_panel, serving, registry):
    panel = open_panel()
    panel.clicked("rule:edit")
    form = panel._form
    assert not hidden(form)
    assert form._endpoint.disabled
    form._none.value = "Retire the endpoint"
    form._order.value = "metrics.mae"
    code = plain(form._code).replace("&quot;", '"')
    for words in ("jl.rule(", "order_by=", "on_none="):
        assert words in code.replace(" ", "")
    form._leave.click()
    assert hidden(form)
    assert registry.rules()[0].on_none == "keep"


def test_editing_keeps_the_options_that_have_no_field(open_panel, serving, registry):
    written = registry.rules()[0]
    registry.set_rule(replace(written, options={"environment": "build"}))
    panel = open_panel()
    panel.clicked("rule:edit")
    panel._form._order.value = "metrics.mae"
    panel._form._save.click()
    assert registry.rules()[0].order_by == "metrics.mae"
    assert registry.rules()[0].options == {"environment": "build"}


def test_a_query_that_does_not_parse_is_said_under_its_field(open_panel, serving):
    panel = open_panel()
    panel.clicked("rule:edit")
    panel._form._when.value = "metric.mae <"
    assert "jl-bad" in panel._form._hint.value
    assert panel._form._save.disabled


def test_a_rule_that_is_refused_keeps_what_was_typed(open_panel, serving, calls, monkeypatch):
    panel = open_panel()
    panel.clicked("rule:edit")

    def refuse(*args, **keywords):
        raise QueryError("metric at character 1 is not a field.")

    monkeypatch.setattr(calls, "rule", refuse)
    panel._form.save()
    assert "is not a field" in panel._form._hint.value
    assert not hidden(panel._form)
    assert not panel._form._save.disabled


def test_it_is_asked_by_hand(open_panel, serving, calls):
    panel = open_panel()
    form = panel._try
    assert set(form._fields) == {"age", "who"}
    form._fields["who"][1].value = "ann"
    form._fields["age"][1].value = "41"
    form._predict.click()
    assert calls.asked == [("live", {"age": 41, "who": "ann"})]
    assert "6.4" in plain(form._answer)


def test_a_file_without_a_kernel_has_state_rule_and_attempts(open_panel, serving):
    panel = open_panel()
    bundle = panel._repr_mimebundle_()
    assert (
        f"live: serving, serves {serving.short_id} at http://127.0.0.1:4000" == bundle["text/plain"]
    )
    assert "tags.approved" in bundle["text/html"]
    assert "<button" not in bundle["text/html"]


def test_what_nobody_expected_is_shown(open_panel, serving):
    panel = open_panel()
    panel.show_error(ZeroDivisionError("by zero"))
    assert "Something went wrong." in plain(panel._band)
    panel.show_error(EndpointError("It has no address."))
    assert "Not shown." in plain(panel._band)


def test_errors_of_the_service_stand_at_their_field(open_panel, serving, calls):
    panel = open_panel()
    form = panel._try
    form._fields["age"][1].value, form._fields["who"][1].value = "41", "ann"
    problem = {"path": "/0/who", "reason": "is unknown here"}
    calls.answer = InputError("/0/who: is unknown here", problems=[problem])
    form._predict.click()
    assert "is unknown here" in form._fields["who"][2].value
    calls.answer = EndpointError("live does not serve.")
    form._predict.click()
    assert "live does not serve." in plain(form._answer)
    assert not form._predict.disabled


def test_an_error_in_a_round_is_shown_and_the_next_round_comes(
    open_panel, serving, worker, monkeypatch
):
    panel = open_panel()

    def broken():
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(panel, "_read", broken)
    (turn,) = worker.rounds
    assert turn() is True
    assert "ZeroDivisionError: by zero" in panel._band.value
    panel.close()
    assert turn() is False


def test_a_roll_back_is_previewed_and_is_one_more_click(open_panel, serving, registry, shelf):
    before = shelf(salt="before")
    attempt = registry.start_deployment("live", before.id, 1)
    registry.update_deployment(attempt.id, state="replaced", steps=[Step("switch", "done")])
    panel = open_panel()
    assert hidden(panel._hold_place)
    panel._back.click()
    form = panel._hold_form
    assert not hidden(panel._hold_place)
    preview = plain(form._preview)
    for words in ("Serving now", serving.short_id, "Would serve", before.short_id, "replayed"):
        assert words in preview
    assert ").rollback()" in plain(form._code)
    assert form._do.description == f"Roll back to {before.short_id}"
    form._do.click()
    assert registry.endpoint("live").pin.envelope == before.id
    assert hidden(panel._hold_place)
    assert f"Pinned to {before.short_id}." in plain(panel._pin_band)
    assert "newer" not in plain(panel._pin_band)
    shelf(tags={"approved": "yes"}, salt="newer")
    panel._disturbed = True
    panel._look()
    assert "1 newer matches its rule" in plain(panel._pin_band)
    assert "Pinned by" in panel.snapshot()

    panel._pin.click()
    assert form._do.description == "Unpin"
    assert "Would serve" in plain(form._preview)
    form._do.click()
    assert registry.endpoint("live").pin is None
    assert panel._pin_band.value == ""
    assert panel._pin.description == "Pin"


def test_a_pin_to_what_is_typed(open_panel, serving, registry, shelf):
    other = shelf(salt="other")
    panel = open_panel()
    panel._pin.click()
    form = panel._hold_form
    assert form._which.value == serving.short_id
    assert "goes on serving" in plain(form._preview)
    form._which.value = "abcdef"
    assert "jl-bad" in form._preview.value
    assert form._do.disabled
    form._which.value = other.short_id
    assert not form._do.disabled
    assert "pin(" in plain(form._code)
    form._leave.click()
    assert registry.endpoint("live").pin is None


def test_what_stops_a_pin_is_said_in_its_place(open_panel, serving, registry, monkeypatch):
    panel = open_panel()
    panel._pin.click()

    def refused(name, id_):
        raise RegistryUnavailableError("The token may read but not deploy.")

    monkeypatch.setattr(registry, "pin", refused)
    panel._hold_form._do.click()
    assert "may read but not deploy" in plain(panel._hold_form._preview)
    assert not hidden(panel._hold_place)


def test_nothing_to_roll_back_to_is_said(open_panel, serving):
    panel = open_panel()
    panel._back.click()
    assert "served nothing else before" in plain(panel._hold_form._preview)
    assert panel._hold_form._do.disabled
