"""Lanes of layers, slots and experiments, from a registry's board."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jupyter_lifecycle.errors import RegistryUnavailableError
from jupyter_lifecycle.experiments import Arm, Experiment, Holdout, Layer
from jupyter_lifecycle.registry.trials import Document
from jupyter_lifecycle.widgets import layers_views
from jupyter_lifecycle.widgets.panel_layers import LayersPanel
from jupyter_lifecycle.widgets.trials import Trials

pytestmark = pytest.mark.usefixtures("front_end")
NOW = datetime(2025, 11, 24, 14, 6, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>\"'☃" + "x" * 150
ARMS = (Arm("control", 0.5), Arm("treatment", 0.5))
MODEL = Layer("model", "traveller_id", "9c41", holdout=500)
ALERTS = Layer("alerts", "device_id", "51e0")


def plain(markup):
    text = re.sub(r"<[^>]*>", " ", getattr(markup, "value", markup))
    return re.sub(r"\s+", " ", text)


def trial(name, slots, status="running", days=6, layer="model", **more):
    started = None if status == "draft" else (NOW - timedelta(days=days)).isoformat()
    ended = (NOW - timedelta(days=1)).isoformat() if status == "stopped" else None
    return Experiment(
        name, layer, ARMS, "seed", slots=slots, status=status, started=started, ended=ended, **more
    )


RUNNING = trial("route-tables", ((3500, 7500),), endpoint="departure-delay")
PLANNED = trial("night", ((7500, 9000),), "draft")
ENDED = trial("speed-up", ((0, 3000),), "stopped", 30)


@pytest.fixture
def write(registry):
    def written(*values):
        kinds = {Layer: "layer", Experiment: "experiment", Holdout: "holdout"}
        documents = [Document(kinds[type(one)], one.name, one.to_json()) for one in values]
        registry.write_board(registry.board().revision, documents)

    return written


def test_a_lane_says_who_holds_what(worker, now):
    drawn = layers_views.lanes_view([MODEL, ALERTS], [RUNNING, PLANNED, ENDED], 6, NOW)
    said = plain(drawn)
    for words in (
        "unit traveller_id",
        "40 %, day 7, slots 35 to 75",
        "15 %, planned, slots 75 to 90",
        "30 %, ended",
        "40 % free now",
        "100 % free now",
    ):
        assert words in said.replace("\u2009", " ")
    assert "layer model: route-tables, running, slots 35 to 75" in drawn
    assert drawn.count('data-jl="open:route-tables"') == 1
    assert "url(#jl-hatch)" in drawn


def test_results_that_hide_themselves_are_red():
    drawn = layers_views.lanes_view([MODEL], [RUNNING], 6, NOW, frozenset({"route-tables"}))
    assert "results hidden" in drawn
    assert "jl-error" in drawn


def test_what_ended_long_ago_is_not_drawn_and_no_layer_says_so():
    old = replace(
        ENDED,
        started=(NOW - timedelta(days=300)).isoformat(),
        ended=(NOW - timedelta(days=200)).isoformat(),
    )
    assert "open:speed-up" not in layers_views.lanes_view([MODEL], [old], 2, NOW)
    assert "jl.layer(" in layers_views.lanes_view([], [], 6, NOW)


@pytest.mark.parametrize(
    ("mine", "words"),
    [((500, 2500), "jl-accent"), (None, "free")],
)
def test_slots_as_one_bar(mine, words):
    drawn = layers_views.slots_bar(MODEL, [RUNNING, ENDED], mine, "new")
    assert "layer model: route-tables 35 to 75" in drawn
    assert words in drawn
    assert "speed-up" not in drawn


def test_the_panel_draws_the_board_and_opens(registry, write, worker, now):
    from ipywidgets import HTML

    opened = []
    openers = {
        "experiment": lambda name: (opened.append(name), HTML(name))[1],
        "new": lambda: HTML("new"),
    }
    write(MODEL, ALERTS, RUNNING, PLANNED, Holdout("nobody", "traveller_id", "zz", 0.05))
    panel = LayersPanel(registry, "jl", openers, worker, now)
    assert "2 layers, 1 experiment running, 1 planned" in plain(panel._title)
    assert "route-tables" in plain(panel._list)
    assert "nobody" in plain(panel._held)
    panel.clicked("open:route-tables")
    panel.clicked("other")
    assert opened == ["route-tables"]
    panel._new.click()
    assert panel._below.children[0].value == "new"
    panel._weeks.value = "2 weeks"
    assert "route-tables" in panel._lanes.value
    assert panel.plain().splitlines()[1] == (
        "model by traveller_id: 40% free, night draft, route-tables running"
    )
    assert "route-tables" in panel.snapshot()


def test_it_reads_on_while_somebody_looks(registry, write, worker, now):
    panel = LayersPanel(registry, worker=worker, now=now)
    assert panel.plain() == "Layers: none yet"
    assert "No layer yet" in plain(panel._lanes)
    assert "None yet" in plain(panel._list)
    write(MODEL, RUNNING)
    panel._look()
    assert "No layer yet" in plain(panel._lanes)
    panel.announcer._view_count = 1
    panel._look()
    assert "route-tables" in plain(panel._lanes)


def test_a_registry_that_is_away(registry, write, worker, now, monkeypatch):
    write(MODEL)
    panel = LayersPanel(registry, worker=worker, now=now)
    panel.announcer._view_count = 1
    away = RegistryUnavailableError("https://models.example does not answer.")
    monkeypatch.setattr(registry, "board", lambda: (_ for _ in ()).throw(away))
    panel._look()
    assert "does not answer" in plain(panel._band)
    assert "model" in plain(panel._lanes)
    fresh = LayersPanel(registry, worker=worker, now=now)
    assert "Not asked yet" in fresh.snapshot()


def test_names_of_any_text_are_shown_safely(registry, write, worker, now):
    hostile = Layer(HOSTILE, HOSTILE, "s")
    write(hostile, trial(HOSTILE, ((0, 9000),), layer=HOSTILE))
    panel = LayersPanel(registry, worker=worker, now=now)
    drawn = panel._lanes.value + panel._list.value + panel.snapshot()
    assert "<img" not in drawn
    assert "&lt;img" in drawn


def test_a_board_is_read_as_values(registry, write):
    write(MODEL, ALERTS, RUNNING)
    found = Trials.of(registry.board())
    assert found.layer("model") == MODEL
    assert found.layer("none") is None
    assert found.experiment("route-tables") == RUNNING
    assert found.experiment("none") is None
    assert found.in_layer("alerts") == ()
    assert found.free_share(ALERTS) == 1.0
