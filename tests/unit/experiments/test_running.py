"""What may happen to experiments and layers, and every refusal with both names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from jupyter_lifecycle.errors import (
    AssignmentError,
    ExperimentError,
    OverlapError,
    RunningError,
)
from jupyter_lifecycle.experiments import (
    Arm,
    Experiment,
    Layer,
    Metric,
    allocate,
    check_change,
    check_layer,
    check_layers,
    free,
    held,
    ramp,
    start,
    stop,
)

MODEL = Layer("model", "traveller_id", "9c41", holdout=500)
ALERTS = Layer("alerts", "traveller_id", "51e0")
ARMS = (Arm("A", 0.5, envelope="e1"), Arm("B", 0.5, envelope="e2"))
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def draft(name: str, **changes: Any) -> Experiment:
    return Experiment(
        **{"name": name, "layer": "model", "arms": ARMS, "seed": f"of {name}", **changes}
    )


EMBED = draft("carrier-embed", slots=((0, 2000),), status="running")
SHORT = draft("short-haul", slots=((2000, 3500),), status="running")
ROUTE = draft("route-tables", endpoint="chi")


def test_it_takes_the_lowest_free_slots_and_starts() -> None:
    started = start(ROUTE, MODEL, [EMBED, SHORT], 0.4, when=NOW)
    assert started.slots == ((3500, 7500),)
    assert (started.status, started.started) == ("running", "2026-11-24T00:00:00+00:00")


def test_it_takes_the_slots_that_are_asked_for() -> None:
    assert start(ROUTE, MODEL, [EMBED, SHORT], 0.1, first_slot=8_500).slots == ((8500, 9500),)


def test_a_draft_that_planned_its_slots_keeps_them() -> None:
    planned = replace(ROUTE, slots=((5000, 6000),))
    assert start(planned, MODEL, [EMBED]).slots == ((5000, 6000),)


def test_what_is_held_and_free() -> None:
    assert [tuple(part) for part in held(MODEL, [EMBED, SHORT])] == [
        (0, 2000, "carrier-embed"),
        (2000, 3500, "short-haul"),
        (9500, 10_000, None),
    ]
    assert free(MODEL, [EMBED, SHORT]) == [(3500, 9500)]
    assert free(MODEL, []) == [(0, 9500)]
    assert free(ALERTS, [EMBED]) == [(0, 10_000)]
    assert free(ALERTS, [replace(EMBED, layer="alerts", slots=((0, 10_000),))]) == []


def test_gaps_together_are_taken_where_no_one_is_long_enough() -> None:
    others = [
        draft("a", slots=((1000, 5000),), status="running"),
        draft("b", slots=((6000, 9000),)),
    ]
    assert allocate(MODEL, others, 0.2, name="x") == ((0, 1000), (5000, 6000))
    assert allocate(MODEL, others, 0.1, name="x") == ((0, 1000),)
    assert allocate(MODEL, others, 0.21, name="x") == ((0, 1000), (5000, 6000), (9000, 9100))


@pytest.mark.parametrize("share", [0, -0.1, 1.1, 0.00001])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(AssignmentError, match=f"share of {share!r}"):
        allocate(MODEL, [], share, name="x")


def test_slots_that_are_taken_are_refused_with_both_names_and_what_is_free() -> None:
    route = start(ROUTE, MODEL, [EMBED, SHORT], 0.4)
    with pytest.raises(OverlapError, match="'night-fares' asks for slots 6200–9200") as refusal:
        start(draft("night-fares"), MODEL, [EMBED, SHORT, route], 0.3, first_slot=6200)
    assert "3500–7500 'route-tables'" in str(refusal.value)
    assert "Free: 7500–9500." in str(refusal.value)
    assert refusal.value.detail["holders"] == ["route-tables"]
    assert refusal.value.detail["free"] == [[7500, 9500]]


def test_what_is_held_back_is_refused() -> None:
    with pytest.raises(OverlapError, match="9500–10000 held back from every experiment"):
        allocate(MODEL, [], 0.1, name="x", start=9_000)
    with pytest.raises(OverlapError, match="needs 9,600 slots"):
        allocate(MODEL, [], 0.96, name="x")
    with pytest.raises(OverlapError, match=r"asks for slots 9900–10900 of 0–10000.*hold none"):
        allocate(ALERTS, [], 0.1, name="x", start=9_900)
    with pytest.raises(OverlapError, match="Free: none"):
        allocate(ALERTS, [replace(EMBED, layer="alerts", slots=((0, 10_000),))], 0.1, name="x")


def test_planned_slots_that_others_took_meanwhile_are_refused_at_the_start() -> None:
    planned = replace(ROUTE, slots=((1000, 2500),))
    with pytest.raises(OverlapError, match="slot 1000 of layer 'model', which experiment"):
        start(planned, MODEL, [EMBED])


@pytest.mark.parametrize(
    ("experiment", "share", "said"),
    [
        (EMBED, 0.1, "'carrier-embed' is running already"),
        (replace(EMBED, status="stopped"), 0.1, "is stopped already"),
        (draft("x", layer="alerts"), 0.1, "of layer 'alerts', not of 'model'"),
        (draft("x", seed="9c41"), 0.1, "'x' has the seed of its layer 'model'"),
        (
            draft("x", endpoint="e", arms=(Arm("A", 0.5, "q"), ARMS[1])),
            0.1,
            "Arm 'A' of experiment 'x'",
        ),
        (draft("x"), None, "'x' holds no slots of layer 'model'"),
    ],
)
def test_a_start_that_cannot_be_is_refused(experiment: Experiment, share: Any, said: str) -> None:
    with pytest.raises(ExperimentError, match=said):
        start(experiment, MODEL, [], share)


def test_one_layer_alone_decides_a_parameter_or_an_endpoint() -> None:
    limits = (Arm("A", 0.5, values={"threshold": 1}), Arm("B", 0.5, values={"threshold": 2}))
    first = start(draft("gust", arms=limits), MODEL, [], 0.1)
    second = draft("gust-limit", layer="alerts", arms=limits)
    with pytest.raises(
        OverlapError, match="'gust-limit' of layer 'alerts' decides threshold, as"
    ) as no:
        start(second, ALERTS, [first], 0.2)
    assert "'gust' of layer 'model'" in str(no.value)
    start(second, ALERTS, [stop(first)], 0.2)
    start(draft("again", arms=limits), MODEL, [first], 0.2)
    with pytest.raises(OverlapError, match="decides endpoint chi"):
        start(
            replace(ROUTE, name="r2", layer="alerts", seed="r"), ALERTS, [replace(ROUTE, slots=((0, 9),))], 0.1
        )  # fmt: skip


def test_up_to_its_slots_a_ramp_is_coverage_and_beyond_them_free_slots() -> None:
    first = start(ROUTE, MODEL, [EMBED, SHORT], 0.4)
    low = ramp(first, MODEL, [EMBED, SHORT, first], 0.04)
    assert (low.slots, low.coverage) == (((3500, 7500),), 0.1)
    high = ramp(low, MODEL, [EMBED, SHORT, low], 0.5)
    assert (high.slots, high.coverage, high.share) == (((3500, 8500),), 1, 0.5)
    assert ramp(high, MODEL, [EMBED, SHORT, high], 0.5) == high


def test_a_ramp_beyond_what_is_free_is_refused() -> None:
    first = start(ROUTE, MODEL, [EMBED, SHORT], 0.4)
    with pytest.raises(OverlapError, match="'route-tables' needs 2,500 slots"):
        ramp(first, MODEL, [EMBED, SHORT, first], 0.65)
    with pytest.raises(ExperimentError, match="'route-tables' is draft: only a running one"):
        ramp(ROUTE, MODEL, [], 0.1)


def test_what_stopped_holds_nothing_and_stops_once() -> None:
    ended = stop(EMBED, when=NOW)
    assert ended.ended == "2026-11-24T00:00:00+00:00"
    assert free(MODEL, [ended]) == [(0, 9500)]
    with pytest.raises(ExperimentError, match="nothing to stop"):
        stop(ended)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"arms": (Arm("A", 0.8, envelope="e1"), Arm("B", 0.2, envelope="e2"))}, "weights"),
        ({"arms": (Arm("A", 0.5, envelope="e1"), Arm("C", 0.5, envelope="e2"))}, "arms"),
        ({"arms": (Arm("A", 0.5, envelope="e1"), Arm("B", 0.5, envelope="e3"))}, "envelopes"),
        ({"arms": (ARMS[0], replace(ARMS[1], values={"t": 1}))}, "values"),
        ({"seed": "another"}, "seed"),
        ({"layer": "alerts"}, "layer"),
        ({"endpoint": "e"}, "endpoint"),
        ({"targeting": "a = 1"}, "targeting"),
        ({"name": "b"}, "name"),
        ({"started": "2026"}, "start"),
    ],
)
def test_what_would_move_units_of_a_running_experiment_is_refused(change: Any, field: str) -> None:
    with pytest.raises(RunningError, match="'carrier-embed' of layer 'model' runs: its") as refusal:
        check_change(EMBED, replace(EMBED, **change))
    assert refusal.value.detail["field"] == field
    check_change(replace(EMBED, status="draft"), replace(EMBED, **change))


def test_a_running_experiment_keeps_its_slots() -> None:
    for change in ({"slots": ((0, 1500),)}, {"slots": ((500, 2500),)}, {"status": "draft"}):
        with pytest.raises(RunningError, match="keeps its slots until it is stopped"):
            check_change(EMBED, replace(EMBED, **change))  # type: ignore[arg-type]


def test_share_metrics_and_the_end_may_change() -> None:
    for change in (
        {"coverage": 0.5},
        {"slots": ((0, 2500),)},
        {"metrics": (Metric("m"),)},
        {"status": "stopped", "ended": "2026"},
    ):
        check_change(EMBED, replace(EMBED, **change))  # type: ignore[arg-type]


def test_what_ended_stays_as_it_was() -> None:
    ended = stop(EMBED)
    check_change(ended, ended)
    with pytest.raises(RunningError, match="ended and stays as it was"):
        check_change(ended, replace(ended, status="running"))


@pytest.mark.parametrize(
    "change", [{"unit": "device_id"}, {"seed": "s"}, {"version": 1}, {"name": "m"}]
)
def test_a_layer_whose_experiment_runs_deals_as_it_did(change: Any) -> None:
    with pytest.raises(RunningError, match=r"Layer 'model'.*'carrier-embed' runs"):
        check_layer(MODEL, replace(MODEL, **change), [EMBED])
    check_layer(MODEL, replace(MODEL, **change), [stop(EMBED)])


def test_a_holdout_grows_over_free_slots_alone() -> None:
    check_layer(MODEL, replace(MODEL, holdout=8_000), [EMBED])
    with pytest.raises(
        OverlapError, match=r"'carrier-embed' takes slot 1999 .* held back"
    ) as refusal:
        check_layer(MODEL, replace(MODEL, holdout=8_001), [EMBED])
    assert refusal.value.detail["experiment"] == "carrier-embed"


def test_a_store_checks_all_together() -> None:
    check_layers([MODEL, ALERTS], [EMBED, SHORT, stop(EMBED)])
    with pytest.raises(OverlapError, match="takes slot 1999 of layer 'model', which experiment"):
        check_layers([MODEL], [EMBED, replace(SHORT, slots=((1999, 3000),))])
    with pytest.raises(
        ExperimentError, match="'short-haul' needs layer 'model', which is not there"
    ):
        check_layers([ALERTS], [SHORT])
    with pytest.raises(ExperimentError, match="'short-haul' is there twice"):
        check_layers([MODEL], [SHORT, replace(SHORT, slots=((9000, 9001),))])
    with pytest.raises(OverlapError, match="decides endpoint chi"):
        check_layers([MODEL, ALERTS], [ROUTE, replace(ROUTE, name="other", layer="alerts")])
