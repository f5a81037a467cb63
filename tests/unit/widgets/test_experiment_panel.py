"""The experiment panel over real analyses: decided, hidden, not enough, planned."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.errors import ExperimentError, NotFoundError
from jupyter_lifecycle.experiments import Arm, Experiment, Layer, Metric, analyse
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.registry.trials import Document
from jupyter_lifecycle.widgets import trial_charts, trial_plan, trial_tables, trial_views
from jupyter_lifecycle.widgets.panel_experiment import ExperimentPanel
from jupyter_lifecycle.widgets.trials import Trials

pytestmark = pytest.mark.usefixtures("front_end")
NOW = datetime(2025, 11, 24, 14, 6, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>\"'☃" + "x" * 150
METRICS = (
    Metric("rebooked", "proportion", "primary", effect=0.015),
    Metric("p95", "mean", "guardrail", "lower", margin=1.0, unit="ms"),
    Metric("calls", "mean", "secondary", "lower"),
)
LAYER = Layer("model", "traveller_id", "9c41", holdout=500)


def plain(markup):
    text = re.sub(r"<[^>]*>", " ", getattr(markup, "value", markup))
    return re.sub(r"\s+", " ", text)


def tables(units=6_000, effect=0.08, treated=0.5, p95=0.1, seed=3):
    rng = np.random.default_rng(seed)
    arm = np.where(rng.random(units) < treated, "treatment", "control")
    other = arm == "treatment"
    start = pd.Timestamp("2025-11-18", tz="UTC")
    exposures = pd.DataFrame(
        {
            "unit": np.arange(units),
            "arm": arm,
            "at": start + pd.to_timedelta(np.sort(rng.random(units)) * 6, unit="D"),
            "client": rng.choice(["<b>web</b>", "app"], units),
        }
    )
    outcomes = pd.DataFrame(
        {
            "unit": np.arange(units),
            "rebooked": (rng.random(units) < 0.24 + effect * other).astype(float),
            "p95": rng.normal(4.4, 0.5, units) + p95 * other,
            "calls": rng.poisson(0.3, units).astype(float),
        }
    )
    return exposures, outcomes


class Hand:
    """An experiment in the hand that notes what is asked of it."""

    def __init__(self, value, registry, exposures=None):
        self.name, self.value_, self.registry = value.name, value, registry
        self.exposures, self.done, self.refuses = exposures, [], None

    @property
    def value(self):
        if isinstance(self.value_, Exception):
            raise self.value_
        return self.value_

    def preview(self):
        from jupyter_lifecycle.deployment.planned import preview_of

        return preview_of(self.value, self.registry)

    def results(self, outcomes, **options):
        weights = {one.name: one.weight for one in self.value.arms}
        return analyse(
            self.exposures, outcomes, list(self.value.metrics), weights=weights, **options
        )

    def _do(self, *what):
        if self.refuses:
            raise self.refuses
        self.done.append(what)

    def start(self):
        self._do("start")

    def ramp(self, share):
        self._do("ramp", share)

    def stop(self):
        self._do("stop")
        self.value_ = replace(self.value_, status="stopped", ended=NOW.isoformat())

    def ship(self, arm, tags, outcomes=None):
        self._do("ship", arm, tags, outcomes is not None)


@pytest.fixture
def trial(registry, shelf):
    control, other = shelf(salt="a", tags={"approved": "yes"}), shelf(salt="b")
    registry.set_rule(Rule("departure-delay", "tags.approved = 'yes'"))
    return Experiment(
        "route-tables",
        "model",
        (Arm("control", 0.5, envelope=control.id), Arm("treatment", 0.5, envelope=other.id)),
        "seed",
        endpoint="departure-delay",
        slots=((3500, 7500),),
        status="running",
        metrics=METRICS,
        started=(NOW - timedelta(days=6)).isoformat(),
    )


@pytest.fixture
def opened(registry, worker, trial):
    def open_panel(value=trial, outcomes="made", **made):
        board = registry.board()
        documents = [Document("layer", "model", LAYER.to_json())]
        documents.append(Document("experiment", value.name, value.to_json()))
        registry.write_board(board.revision, documents)
        exposures, table = tables(**made)
        hand = Hand(value, registry, exposures)
        given = table if isinstance(outcomes, str) else outcomes
        return ExperimentPanel(hand, given, worker=worker, now=lambda: NOW), hand

    return open_panel


def test_a_decided_experiment_says_so_and_how_it_got_there(opened):
    panel, _ = opened()
    assert "Day 7" in plain(panel._title)
    assert "slots 35 to 75" in plain(panel._title)
    said = plain(panel._effect)
    assert re.search(r"treatment raises rebooked by \d+", said)
    assert "whole interval is above no effect" in said
    assert "How it got there" in said
    assert panel._effect.value.count("<svg") == 4  # wide and narrow
    guards = plain(panel._guards)
    assert "p95" in guards
    assert "Holds" in guards
    assert "calls" in plain(panel._more)
    assert "as planned" in plain(panel._figures)
    assert "1 of 1 hold, all hold" in plain(panel._figures)
    assert "Results hide themselves if it breaks" in plain(panel._split)
    assert "0 units" in plain(panel._trust)
    assert "raises rebooked" in panel.plain()
    assert "raises rebooked" in panel.snapshot()


def test_a_broken_split_hides_every_effect(opened):
    panel, _ = opened(treated=0.42)
    drawn = "".join(
        one.value
        for one in (panel._effect, panel._guards, panel._more, panel._figures, panel._trust)
    )
    assert "Results hidden" in plain(panel._title)
    assert "Hidden, not lost. Counting goes on." in drawn
    assert "raises" not in drawn + panel._band.value + panel.snapshot() + panel.plain()
    assert "Effect on" not in plain(panel._figures)
    assert panel._guards.value == panel._more.value == ""
    assert "not as planned" in plain(panel._figures)
    assert "Where to look" in plain(panel._gaps)
    assert "of treatment" in plain(panel._gaps)
    assert "jl-hidden" in panel._actions._ship._dom_classes


def test_the_sentence_of_a_broken_split(trial):
    exposures, outcomes = tables(treated=0.42)
    found = analyse(exposures, outcomes, list(METRICS))
    drawn = plain(trial_views.bands(trial, found))
    assert "The split is not what was planned, so no effect is shown." in drawn
    assert "where 50 : 50 was planned" in drawn
    invalid = replace(found, status="invalid", reason="The weights changed halfway.")
    assert "changed halfway" in plain(trial_views.bands(trial, invalid))
    assert trial_views.bands(trial, None) == ""


def test_a_broken_guardrail_is_a_band_and_blocks_shipping(opened):
    panel, _ = opened(p95=2.0)
    assert "A guardrail is broken." in plain(panel._band)
    assert "jl-hidden" in panel._actions._ship._dom_classes
    assert "p95: broken." in plain(panel._actions._say)


def test_too_few_units_say_what_is_missing(opened):
    panel, _ = opened(units=120)
    said = plain(panel._effect)
    assert "Not enough data yet" in said
    assert "known" in said
    assert "<svg" in panel._effect.value
    assert "Not enough data yet" in plain(panel._title)


def test_not_decided_is_said(opened):
    panel, _ = opened(effect=0.0)
    assert "not decided" in plain(panel._effect)
    assert "The primary metric is not decided." in plain(panel._actions._say)


def test_without_outcomes_the_line_that_brings_them(opened):
    panel, _ = opened(outcomes=None)
    said = plain(panel._effect)
    assert "traveller_id" in said
    assert "outcomes=frame" in said
    assert "jl-hidden" in panel._right._dom_classes
    assert panel.plain() == "route-tables: running, 2 arms"


def test_outcomes_may_be_asked_each_time(opened):
    asked = []
    table = tables()[1]
    panel, _ = opened(outcomes=lambda: (asked.append(1), table)[1])
    panel._look()
    assert len(asked) == 1
    panel.announcer._view_count = 1
    panel._look()
    assert len(asked) == 2


def test_a_draft_shows_slots_arms_and_what_it_detects(opened, trial):
    draft = replace(trial, status="draft", started=None)
    panel, hand = opened(draft)
    plan = panel._plan
    assert "Planned" in plain(panel._title)
    assert "layer model: route-tables" not in plan._slots.value
    assert "route-tables 35 to 75" in plan._slots.value
    assert "It can start." in plain(plan._arms)
    assert "an effect of 1.5" in plain(plan._metrics)
    assert "not worse than 1 ms" in plain(plan._metrics)
    assert "Say how many new units" in plain(plan._power)
    plan._units.value = 60_000
    plan._mean.value = 0.24
    assert re.search(r"Detects [\d.]+ % of rebooked in \d+ days", plain(plan._power))
    assert "jl-hidden" not in panel._actions._start._dom_classes
    panel._actions._start.click()
    assert "the arms are pinned" in plain(panel._actions._effect)
    panel._actions._do.click()
    assert hand.done == [("start",)]


def test_a_draft_that_cannot_start_says_why(opened, trial):
    draft = replace(trial, status="draft", started=None, seed="9c41")
    panel, _ = opened(draft)
    assert "has the seed of its layer" in plain(panel._plan._arms)
    nowhere = replace(trial, status="draft", started=None, endpoint="nowhere")
    other, _ = opened(nowhere)
    assert "nowhere" in plain(other._plan._arms)
    assert "There is no layer gone" in plain(
        trial_plan.slots_view(replace(trial, layer="gone"), Trials())
    )


def test_power_by_hand():
    metric = Metric("delay", effect=0.02)
    assert "What it can detect" in trial_plan.power_view(None, 1, 1, 1)
    assert "Say how many" in trial_plan.power_view(metric, 0, 1.0, 1.0)
    drawn = trial_plan.power_view(metric, 10_000, 10.0, 4.0)
    assert "<svg" in drawn
    assert "of delay in" in plain(drawn)
    assert trial_plan.deciding(()) is None
    assert "None yet" in trial_plan.metrics_view(())


def test_stop_and_grow_are_previewed_first(opened):
    panel, hand = opened()
    actions = panel._actions
    actions._grow.click()
    assert actions._share.value == 80
    assert "Who is in stays in the same arm" in plain(actions._effect)
    actions._share.value = 50
    assert ".ramp( 0.5 )" in plain(actions._effect)
    actions._do.click()
    assert hand.done == [("ramp", 0.5)]
    actions._stop.click()
    assert "become free" in plain(actions._effect)
    actions._leave()
    assert "jl-hidden" in actions._form._dom_classes
    actions._stop.click()
    actions._do.click()
    assert hand.done[-1] == ("stop",)
    assert "Ended on day" in plain(panel._title)
    assert "jl-hidden" in actions._stop._dom_classes


def test_shipping_is_a_tag_with_its_preview(opened):
    panel, hand = opened()
    actions = panel._actions
    assert actions._ship.description == "Ship treatment: tag approved = yes"
    actions._ship.click()
    said = plain(actions._effect)
    assert "deploys one service" in said
    assert "its report is kept" in said
    actions._do.click()
    assert hand.done == [("ship", "treatment", {"approved": "yes"}, True)]


def test_what_is_refused_is_said_in_place(opened):
    panel, hand = opened()
    hand.refuses = ExperimentError("Slots 62 to 75 are taken by night-fares.")
    panel._actions._stop.click()
    panel._actions._do.click()
    assert "taken by night-fares" in plain(panel._actions._effect)
    assert "Nothing was changed" in panel.announcer.alert
    assert not panel._actions._do.disabled


def test_what_cannot_be_read_is_said(opened):
    panel, hand = opened()
    hand.value_ = NotFoundError("There is no experiment route-tables.")
    panel._ask()
    assert "There is no experiment" in plain(panel._band)
    assert "raises rebooked" in plain(panel._effect)


def test_outcomes_that_do_not_fit_are_said(opened):
    panel, _ = opened(outcomes=pd.DataFrame({"unit": [1], "other": [2]}))
    assert "was not read" in plain(panel._band)
    assert panel._results is None


def test_a_registry_that_is_only_read_has_no_buttons(opened, registry):
    from jupyter_lifecycle.registry import Registry

    panel, hand = opened()
    hand.registry = Registry(registry.location, read_only=True)
    panel._ask()
    actions = panel._actions
    for one in (actions._ship, actions._stop, actions._grow, actions._start):
        assert "jl-hidden" in one._dom_classes


def test_segments_and_interactions(trial):
    exposures, outcomes = tables()
    found = analyse(exposures, outcomes, list(METRICS), segments=["client"], time="at")
    drawn = trial_tables.segments_view(found)
    assert "&lt;b&gt;web" in drawn
    assert "<b>web" not in drawn


def test_names_of_any_text_are_shown_safely(opened, trial):
    arms = (Arm("control", 0.5), Arm(HOSTILE, 0.5))
    odd = replace(trial, name=HOSTILE, arms=arms, endpoint=None)
    panel, _ = opened(odd, outcomes=None)
    draft, _ = opened(replace(odd, status="draft", started=None), outcomes=None)
    drawn = panel._title.value + panel._effect.value + panel.snapshot() + panel._code.value
    drawn += draft._plan._slots.value + draft._plan._arms.value + draft._title.value
    assert "<img" not in drawn


def test_charts_of_nothing_are_empty():
    assert trial_charts.effect_by_day([], place=1, decide=None, label="") == ""
    assert trial_charts.split_by_day([], 0.5, broken=False) == ""
    assert trial_charts.exposures_by_day([], []) == ""
    assert trial_charts.detectable_by_day([(1, 2.0)], 1) == ""
    drawn = trial_charts.margin_strip(None, 0.5, better="higher", known=False)
    assert "margin −0.5" in drawn
    broken = trial_charts.split_by_day([(10, 10), (500, 400)], 0.5, broken=True)
    assert "44.44" in broken


def test_the_newest_that_runs_is_opened(trial):
    older = replace(trial, name="older", started=(NOW - timedelta(days=9)).isoformat())
    assert Trials(experiments=(older, trial)).newest() == "route-tables"
    with pytest.raises(NotFoundError, match="no experiment yet"):
        Trials().newest()
