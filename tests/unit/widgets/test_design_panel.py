"""A new experiment, from fields to the call that plans it."""

import re

import pytest
from ipywidgets import HTML

import jupyter_lifecycle as jl
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.widgets.panel_design import DesignPanel
from jupyter_lifecycle.widgets.trials import Trials

pytestmark = pytest.mark.usefixtures("front_end")


def plain(markup):
    text = re.sub(r"<[^>]*>", " ", getattr(markup, "value", markup))
    return re.sub(r"\s+", " ", text)


@pytest.fixture
def panel(registry, shelf, worker):
    shelf(salt="a", tags={"approved": "yes"})
    shelf(salt="b", tags={"candidate": "yes"})
    registry.set_rule(Rule("live", "tags.approved = 'yes'", target="elsewhere"))
    jl.layer("model", unit="customer", registry=registry)
    return DesignPanel(registry, jl.experiment, HTML, worker=worker)


def fill(panel, name="new-tables", share=30):
    panel._name.value = name
    panel._share.value = share
    panel._arms["treatment"].value = "tags.candidate = 'yes'"
    panel._metrics.value = "bought, calls"


def test_it_opens_with_what_serves(panel):
    assert panel._layer.value == "model"
    assert panel._endpoint.value == "live"
    assert panel._arms["control"].value == "tags.approved = 'yes'"
    assert "control is" in plain(panel._found)
    assert "treatment needs a query" in plain(panel._found)


def test_the_click_runs_the_call_that_it_shows(panel, registry):
    fill(panel)
    assert "new-tables 0 to 30" in panel._slots.value
    assert "treatment is" in plain(panel._found)
    assert panel.plain() == (
        "jl.experiment(\"new-tables\", layer='model', endpoint='live', "
        "arms={'control': \"tags.approved = 'yes'\", 'treatment': \"tags.candidate = 'yes'\"}, "
        "share=0.3, metrics=['bought', 'calls'])"
    )
    panel._save.click()
    planned = Trials.of(registry.board()).experiment("new-tables")
    assert (planned.status, planned.slots) == ("draft", ((0, 3000),))
    assert [one.role for one in planned.metrics] == ["primary", "secondary"]
    assert panel._below.children[0].value == "new-tables"
    assert "is planned" in panel.announcer.message
    assert "jl.experiment" in panel.snapshot()


def test_what_is_refused_is_said_and_what_was_typed_stays(panel, registry):
    fill(panel, share=80)
    panel._save.click()
    fill(panel, name="second", share=40)
    assert "new-tables" in plain(panel._slots)
    panel._save.click()
    assert "Nothing was planned." in plain(panel._band)
    assert panel._name.value == "second"
    assert not panel._save.disabled


def test_a_query_that_finds_nothing_says_so(panel):
    panel._arms["treatment"].value = "tags.nothing = 'here'"
    assert "treatment: " in plain(panel._found)
    panel._arms["treatment"].value = "nonsense ="
    assert "treatment: " in plain(panel._found)


def test_without_a_layer_the_line_that_makes_one(registry, worker):
    panel = DesignPanel(registry, jl.experiment, HTML, worker=worker)
    assert "jl.layer(name, unit=…)" in plain(panel._slots)
    panel._name.value = "<img src=x>"
    assert "<img" not in panel._code.value + panel.snapshot()
