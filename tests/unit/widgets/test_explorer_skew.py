"""The explorer's graph, coloured by what a report says of its features."""

import random

import pytest

from jupyter_lifecycle import monitoring
from jupyter_lifecycle.errors import GraphError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.monitoring import ColumnPlan, Counter, Plan
from jupyter_lifecycle.widgets.explorer import explore
from jupyter_lifecycle.widgets.explorer_skew import SkewSource


def severity(gust: float, visibility: float) -> float:
    return gust - visibility


def pressure(severity: float, carrier: str) -> float:
    return severity


def calm(visibility: float) -> float:
    return visibility


GRAPH = FeatureGraph.from_functions(severity, pressure, calm)
NAMES = ("gust", "visibility", "severity", "pressure", "calm")


def counted(seed, moved=(), rows=3_000):
    rng = random.Random(seed)
    plan = Plan(tuple(ColumnPlan(n, "number", edges=tuple(range(0, 100, 6))) for n in NAMES))
    counter = Counter(plan)
    shift = dict.fromkeys(moved, 30)
    counter.add_rows([[rng.gauss(40 + shift.get(n, 0), 9) for n in NAMES] for _ in range(rows)])
    return counter.profile()


@pytest.fixture(scope="module")
def report():
    upstream = {
        "severity": ["gust", "visibility"],
        "pressure": ["severity"],
        "calm": ["visibility"],
    }
    moved = counted(2, ("gust", "severity", "pressure"))
    return monitoring.skew(counted(1, rows=20_000), moved, upstream=upstream)


@pytest.fixture(scope="module")
def source(report):
    return SkewSource(GRAPH, report, "departure-delay, last day")


def nodes(source):
    names = source.graph_view().names
    return {names[one.index]: one for one in source.states_view().nodes}


def test_verdicts_are_states_and_effects_second_lines(source):
    states = {name: one.state for name, one in nodes(source).items()}
    assert states == {
        "gust": "stale",
        "severity": "stale",
        "pressure": "stale",
        "visibility": "cached",
        "calm": "cached",
        "carrier": "input",
    }
    notes = {name: one.note for name, one in nodes(source).items()}
    assert notes["gust"].endswith(" bit, began here")
    assert notes["severity"].endswith(" bit, moved")
    assert notes["calm"].endswith(" bit")
    assert notes["carrier"] == "not counted"


def test_where_it_began_is_known(source):
    view = source.graph_view()
    assert [view.names[place] for place in view.began] == ["gust"]
    assert view.skew == "departure-delay, last day"
    assert "It began at gust" in source.states_view().message


def test_the_inspector_says_effect_and_chain(source):
    found = source.inspect("pressure")
    facts = dict(found.facts)
    assert float(facts["effect, bit"]) > 0.1
    assert facts["limit"] == "0.1"
    assert max(found.histogram) == 1.0
    assert "gust → severity → pressure" in found.why[0]
    states = {one.name: one.state for one in found.parents}
    assert states == {"carrier": "input", "severity": "stale"}
    quiet = source.inspect("carrier")
    assert (quiet.facts, quiet.histogram, quiet.why) == ([], [], [])
    with pytest.raises(GraphError, match="No feature or input gst"):
        source.inspect("gst")


def test_too_few_rows_and_nothing_that_moved():
    few = SkewSource(GRAPH, monitoring.skew(counted(1), counted(2, rows=50)))
    assert nodes(few)["gust"].state == "queued"
    assert nodes(few)["gust"].note == "not enough data"
    assert few.inspect("gust").facts == []
    quiet = SkewSource(GRAPH, monitoring.skew(counted(1), counted(2)))
    assert "None of 5 columns moved" in quiet.states_view().message
    assert quiet.graph_view().began == []
    assert quiet.graph_view().skew == "skew"


def test_the_explorer_is_opened_with_a_report(report, monkeypatch):
    monkeypatch.setattr("jupyter_lifecycle.widgets.explorer.built", lambda name: name)
    explorer = explore(GRAPH, skew=report)
    assert explorer.find("status:stale") == ("gust", "severity", "pressure")
    explorer.close()
