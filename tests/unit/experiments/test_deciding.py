"""Who is in which experiments: at most one a layer, the same every time, and why."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from jupyter_lifecycle.errors import AssignmentError, ExperimentError
from jupyter_lifecycle.experiments import (
    Arm,
    Decider,
    Experiment,
    Holdout,
    Layer,
    decide,
    hash_unit,
    ramp,
    start,
)

LAYERS = [Layer("model", "id", "9c41", holdout=500), Layer("alerts", "id", "51e0"), Layer("gates", "device", "e2b8")]  # fmt: skip
ARMS = (Arm("A", 0.5, envelope="e1"), Arm("B", 0.5, envelope="e2", values={"t": 1}))


def running(name: str, layer: str, share: tuple[int, int], **changes: Any) -> Experiment:
    return Experiment(name, layer, ARMS, f"of {name}", slots=(share,), status="running", **changes)


ALL = [
    running("embed", "model", (0, 4000)),
    running("route", "model", (4000, 9500), coverage=0.5),
    running("wording", "alerts", (0, 10_000)),
    running("hints", "gates", (0, 10_000)),
]


def test_a_service_that_decides_needs_no_numpy() -> None:
    program = (
        "import sys; from jupyter_lifecycle.experiments import Decider, Experiment, Layer, start;"
        " assert not {'numpy', 'pyarrow', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_unit_is_in_one_experiment_a_layer_by_slot_and_arm() -> None:
    decider = Decider(LAYERS, ALL)
    seen = set()
    for number in range(2_000):
        unit = f"u{number}"
        found = {one.layer: one for one in decider.decide({"id": unit})}
        slot = round((hash_unit("9c41", unit) or 0) * 10_000)
        embed_place, route_place = hash_unit("of embed", unit), hash_unit("of route", unit)
        assert embed_place is not None and route_place is not None  # noqa: PT018
        if slot < 4000:
            assert found["model"][1:3] == ("embed", "A" if embed_place < 0.5 else "B")
        elif slot < 9500 and route_place % 0.5 < 0.25:
            assert found["model"][1:3] == ("route", "A" if route_place < 0.5 else "B")
        else:
            assert "model" not in found
        assert found["alerts"].experiment == "wording"
        assert found["alerts"].unit == unit
        assert "gates" not in found
        seen.add(found["model"].arm if "model" in found else None)
    assert seen == {"A", "B", None}


def test_a_decision_has_what_the_arm_gives() -> None:
    arms = {one.arm: one for n in range(50) for one in decide(LAYERS, ALL[2:3], {"id": n})}
    assert (arms["A"].envelope, arms["B"].envelope) == ("e1", "e2")
    assert (arms["A"].values, arms["B"].values) == ({}, {"t": 1})
    assert not arms["A"].forced


def test_each_layer_finds_its_own_unit() -> None:
    found = decide(LAYERS, ALL, {"device": 7})
    assert [one.layer for one in found] == ["gates"]
    assert found[0].unit == "7"
    assert decide(LAYERS, ALL, {"id": None, "device": ""}) == []


def test_a_unit_that_languages_write_differently_is_refused() -> None:
    with pytest.raises(AssignmentError, match="whole number"):
        decide(LAYERS, ALL, {"id": 1.5})


def test_what_does_not_run_decides_nothing() -> None:
    ended = [replace(one, status="stopped") for one in ALL]
    assert decide(LAYERS, ended, {"id": "a"}) == []


def test_an_experiment_without_its_layer_is_refused() -> None:
    with pytest.raises(ExperimentError, match=r"'embed' needs layer 'modl'.*Did you mean model"):
        Decider(LAYERS, [replace(ALL[0], layer="modl")])


def test_targeting_is_read_once_and_asked_of_those_in_the_slot() -> None:
    read: list[str] = []

    def compiled(text: str) -> Any:
        read.append(text)
        return lambda attributes: attributes.get("country") == "us"

    targeted = [replace(ALL[2], targeting="country = 'us'")]
    decider = Decider(LAYERS, targeted, compile_condition=compiled)
    assert decider.decide({"id": "a", "country": "fr"}) == []
    assert len(decider.decide({"id": "a", "country": "us"})) == 1
    assert read == ["country = 'us'"]
    with pytest.raises(ExperimentError, match="'wording' is for \"country = 'us'\" alone"):
        Decider(LAYERS, targeted)


def test_holdouts_are_in_no_experiment_of_any_layer() -> None:
    holdout = Holdout("year", "id", "h", 0.2)
    decider = Decider(LAYERS, ALL, holdouts=[holdout])
    held = [n for n in range(1_000) if not decider.decide({"id": n, "device": n})]
    assert held == [n for n in range(1_000) if (hash_unit("h", n) or 0) < 0.2]
    assert decider.decide({"device": held[0]})  # another unit: nobody knows that it is held back


def test_forced_arms_are_told_from_real_ones() -> None:
    decider = Decider(LAYERS, ALL)
    found = decider.decide({"id": "a"}, forced={"route": "B"})
    assert [(one.experiment, one.forced) for one in found] == [("route", True), ("wording", False)]
    assert found[0].arm == "B"
    assert found[0].envelope == "e2"


def test_forced_arms_reach_those_who_are_held_back() -> None:
    decider = Decider(LAYERS, ALL, holdouts=[Holdout("year", "id", "h", 0.999)])
    assert [one.arm for one in decider.decide({"id": "a"}, forced={"embed": "A"})] == ["A"]


@pytest.mark.parametrize(
    ("forced", "said"),
    [
        ({"rout": "B"}, "No experiment 'rout' runs.*Did you mean route"),
        ({"route": "C"}, "'route' has no arm 'C'"),
    ],
)
def test_forcing_what_is_not_there_is_refused(forced: dict[str, str], said: str) -> None:
    with pytest.raises(ExperimentError, match=said):
        Decider(LAYERS, ALL).decide({"id": "a"}, forced=forced)


def test_every_layer_says_why() -> None:
    experiments = [*ALL[:2], replace(ALL[2], targeting="country = 'us'", slots=((0, 9000),))]
    decider = Decider(
        LAYERS,
        experiments,
        holdouts=[Holdout("year", "id", "h", 0.05)],
        compile_condition=lambda _: lambda attributes: attributes.get("country") == "us",
    )
    said = {
        (reason.layer, reason.why)
        for number in range(3_000)
        for reason in decider.explain({"id": number, "country": "us" if number % 2 else "fr"})
    }
    assert said == {
        ("model", "held back by year"),
        ("model", "in embed, A"),
        ("model", "in embed, B"),
        ("model", "in route, A"),
        ("model", "in route, B"),
        ("model", "not yet in: 50.00% of its slots' units are exposed"),
        ("model", "held back from every experiment of the layer"),
        ("alerts", "held back by year"),
        ("alerts", "in wording, A"),
        ("alerts", "in wording, B"),
        ("alerts", "not meant: country = 'us'"),
        ("alerts", "slot is free"),
        ("gates", "no unit: device is missing"),
    }


def test_reasons_agree_with_decisions() -> None:
    decider = Decider(LAYERS, ALL)
    for number in range(300):
        attributes = {"id": number, "device": number}
        reasons = [(r.layer, r.experiment, r.arm) for r in decider.explain(attributes) if r.arm]
        assert reasons == [(d.layer, d.experiment, d.arm) for d in decider.decide(attributes)]


def test_nobody_changes_arm_while_a_share_grows() -> None:
    layer = LAYERS[1]
    draft = Experiment("x", "alerts", ARMS, "of x")
    now = start(draft, layer, [], 0.2)
    before: dict[int, str] = {}
    for share in (0.02, 0.1, 0.2, 0.35, 0.8, 1.0):
        now = ramp(now, layer, [now], share)
        decider = Decider([layer], [now])
        arms = {n: one.arm for n in range(3_000) for one in decider.decide({"id": n})}
        assert before.items() <= arms.items()
        assert abs(len(arms) / 3_000 - share) < 0.03
        before = arms
    assert len(before) == 3_000
