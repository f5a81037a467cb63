"""Layers, experiments, ramps and restarts in any order: nobody is assigned twice or moved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jupyter_lifecycle.errors import ExperimentError, OverlapError, RunningError
from jupyter_lifecycle.experiments import (
    Arm,
    Decider,
    Experiment,
    Layer,
    assign,
    check_change,
    check_layer,
    check_layers,
    free,
    ramp,
    start,
    stop,
)

if TYPE_CHECKING:
    from collections.abc import Callable

UNITS = [f"unit-{number}" for number in range(400)]
SHARES = st.sampled_from([0.0001, 0.05, 0.1, 0.25, 0.4, 0.7, 1.0])
WEIGHTS = st.sampled_from([(0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.5)])
LAYERS = st.sampled_from(["model", "alerts"])


def refusal(action: Callable[[], Any]) -> OverlapError | None:
    try:
        action()
    except OverlapError as error:
        return error
    return None


class Experimenting(RuleBasedStateMachine):
    """A store of JSON documents, as a registry keeps them, and people who change them."""

    @initialize(holdout=st.sampled_from([0, 500, 5_000]))
    def begin(self, holdout: int) -> None:
        self.layers = {
            "model": Layer("model", "id", "9c41", holdout=holdout),
            "alerts": Layer("alerts", "id", "51e0"),
        }
        self.documents: dict[str, Any] = {}
        self.seen: dict[tuple[str, str], str] = {}
        self.count = 0

    def experiments(self) -> list[Experiment]:
        return [Experiment.from_json(document) for document in self.documents.values()]

    def running(self) -> list[Experiment]:
        return [one for one in self.experiments() if one.status == "running"]

    def keep(self, one: Experiment) -> None:
        before = self.documents.get(one.name)
        if before is not None:
            check_change(Experiment.from_json(before), one)
        others = [other for other in self.experiments() if other.name != one.name]
        check_layers(self.layers.values(), [*others, one])
        self.documents[one.name] = json.loads(json.dumps(one.to_json()))

    @rule(layer=LAYERS, share=SHARES, weights=WEIGHTS, first=st.none() | st.integers(0, 9_999))
    def start(
        self, layer: str, share: float, weights: tuple[float, ...], first: int | None
    ) -> None:
        self.count += 1
        name = f"experiment-{self.count}"
        arms = tuple(Arm(f"arm-{place}", weight) for place, weight in enumerate(weights))
        draft = Experiment(name, layer, arms, f"of {name}")
        gaps = free(self.layers[layer], self.experiments())
        refused = refusal(
            lambda: self.keep(
                start(draft, self.layers[layer], self.experiments(), share, first_slot=first)
            )
        )
        wanted = round(share * 10_000)
        fits = any(low <= (first or 0) and (first or 0) + wanted <= high for low, high in gaps)
        if first is None:
            fits = sum(high - low for low, high in gaps) >= wanted
        assert fits == (refused is None)
        if refused is not None:
            assert name in str(refused)
            assert layer in str(refused)
            holders = {one.name for one in self.running() if one.layer == layer}
            assert set(refused.detail["holders"]) <= holders

    @precondition(lambda self: self.running())
    @rule(data=st.data(), share=SHARES)
    def ramp(self, data: st.DataObject, share: float) -> None:
        one = data.draw(st.sampled_from(self.running()))
        changed: list[Experiment] = []
        refused = refusal(
            lambda: changed.append(ramp(one, self.layers[one.layer], self.experiments(), share))
        )
        if refused is not None:
            assert one.name in str(refused)
            return
        assert changed[0].share == pytest.approx(share, abs=1e-9)
        self.keep(changed[0])

    @precondition(lambda self: self.running())
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.running()))
        self.keep(stop(one))
        self.seen = {key: arm for key, arm in self.seen.items() if key[0] != one.name}

    @precondition(lambda self: self.running())
    @rule(data=st.data(), change=st.sampled_from(["weights", "seed", "slots", "name"]))
    def meddle(self, data: st.DataObject, change: str) -> None:
        one = data.draw(st.sampled_from(self.running()))
        changed = one.to_json()
        if change == "weights":
            changed["arms"][0]["weight"] -= 0.05
            changed["arms"][1]["weight"] += 0.05
        elif change == "seed":
            changed["seed"] += "x"
        elif change == "slots":
            changed["slots"][0][0] += 1
            if changed["slots"][0][0] == changed["slots"][0][1]:
                changed["slots"] = changed["slots"][1:]
        else:
            changed["name"] = "another"
        with pytest.raises(RunningError, match=one.name):
            check_change(one, Experiment.from_json(changed))

    @rule(layer=LAYERS, change=st.sampled_from(["unit", "seed"]))
    def deal_anew(self, layer: str, change: str) -> None:
        before = self.layers[layer]
        after = Layer.from_json({**before.to_json(), change: "another"})
        if any(one.layer == layer for one in self.running()):
            with pytest.raises(RunningError, match=layer):
                check_layer(before, after, self.experiments())
        else:
            check_layer(before, after, self.experiments())

    @rule(holdout=st.integers(0, 9_999))
    def hold_back(self, holdout: int) -> None:
        after = Layer.from_json({**self.layers["model"].to_json(), "holdout": holdout})
        taken = max(
            (end for one in self.running() if one.layer == "model" for _, end in one.slots),
            default=0,
        )
        refused = refusal(lambda: check_layer(self.layers["model"], after, self.experiments()))
        assert (refused is None) == (taken <= 10_000 - holdout)
        if refused is None:
            self.layers["model"] = after

    @invariant()
    def nobody_is_assigned_twice_or_moved(self) -> None:
        if not hasattr(self, "layers"):
            return
        # from the documents alone, as any replica after any restart would
        experiments = self.experiments()
        decider = Decider(self.layers.values(), experiments)
        columns = {
            name: [part.to_pylist() for part in assign(layer, experiments, UNITS).names()]
            for name, layer in self.layers.items()
        }
        for place, unit in enumerate(UNITS):
            decisions = decider.decide({"id": unit})
            assert len({one.layer for one in decisions}) == len(decisions)
            for one in decisions:
                assert self.seen.setdefault((one.experiment, unit), one.arm) == one.arm
            by_layer = {one.layer: (one.experiment, one.arm) for one in decisions}
            for name, (owners, arms) in columns.items():
                assert by_layer.get(name, (None, None)) == (owners[place], arms[place])


def test_an_experiment_is_not_started_again() -> None:
    layer = Layer("model", "id", "9c41")
    ended = stop(
        start(Experiment("one", "model", (Arm("A", 0.5), Arm("B", 0.5)), "s"), layer, [], 0.1)
    )
    with pytest.raises(ExperimentError, match="'one' is stopped already"):
        start(ended, layer, [], 0.1)


TestExperimenting = Experimenting.TestCase
TestExperimenting.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
