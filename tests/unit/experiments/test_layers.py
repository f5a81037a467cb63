"""Layers, experiments and arms: what cannot be is refused, JSON goes and comes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_lifecycle.errors import AssignmentError, ExperimentError
from jupyter_lifecycle.experiments import Arm, Experiment, Holdout, Layer, Metric, new_seed

ARMS = (Arm("control", 0.5, query="tags.a = '1'"), Arm("treatment", 0.5, envelope="e2"))


def experiment(**changes: Any) -> Experiment:
    return Experiment(**{"name": "x", "layer": "model", "arms": ARMS, "seed": "s1", **changes})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Layer("", "id", "s"), "'' is no name for a layer"),
        (lambda: Layer("a\nb", "id", "s"), "is no name for a layer"),
        (lambda: Layer("m" * 201, "id", "s"), "is no name for a layer"),
        (lambda: Layer("m", "", "s"), "'m' needs the attribute"),
        (lambda: Layer("m", "id", ""), "and a seed"),
        (lambda: Layer("m", "id", "s", version=3), "version 3 is not known"),
        (lambda: Layer("m", "id", "s", holdout=10_000), "holds back 10000 slots"),
        (lambda: Layer("m", "id", "s", holdout=-1), "holds back -1 slots"),
        (lambda: Holdout("h", "id", "s", 0), "share between 0 and 1"),
        (lambda: Holdout("h", "id", "s", 1), "share between 0 and 1"),
        (lambda: Holdout("h", "", "s", 0.1), "needs a unit"),
        (lambda: Arm("", 0.5), "no name for an arm"),
        (lambda: Arm("a", 0), "weight 0: it must be over 0"),
        (lambda: Arm("a", 1.1), "weight 1.1"),
        (lambda: Arm("a", float("nan")), "weight nan"),
        (lambda: experiment(name=" "), "no name for an experiment"),
        (lambda: experiment(name=3), "3 is no name"),
        (lambda: experiment(status="done"), "cannot be 'done'"),
        (lambda: experiment(seed=""), "a seed of its own"),
        (lambda: experiment(layer=""), "needs a layer"),
        (lambda: experiment(arms=ARMS[:1]), "two or more arms"),
        (lambda: experiment(arms=()), "it has none"),
        (lambda: experiment(arms=(ARMS[0], ARMS[0])), "names of their own"),
        (lambda: experiment(arms=(Arm("a", 0.5), Arm("b", 0.4))), "a 0.5, b 0.4.* add up to 0.9"),
        (lambda: experiment(coverage=0), "coverage 0"),
        (lambda: experiment(coverage=1.2), "coverage 1.2"),
        (lambda: experiment(slots=((5, 5),)), "slots 5 to 5 are not a range"),
        (lambda: experiment(slots=((0, 10_001),)), "slots 0 to 10001"),
        (lambda: experiment(slots=((0, 10), (5, 20))), "apart from its other ones"),
        (lambda: experiment().arm("contrl"), "no arm 'contrl'.*Did you mean control"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ExperimentError, match=said):
        make()


def test_weights_that_do_not_add_up_are_an_assignment_error() -> None:
    with pytest.raises(AssignmentError):
        experiment(arms=(Arm("a", 0.5), Arm("b", 0.6)))


def test_thirds_add_up() -> None:
    assert len(experiment(arms=tuple(Arm(name, 1 / 3) for name in "abc")).ranges) == 3


def test_ranges_of_slots_are_in_order_and_joined() -> None:
    assert experiment(slots=((20, 30), (0, 10), (10, 20), (40, 50))).slots == ((0, 30), (40, 50))


def test_share_is_what_is_reserved_and_covered() -> None:
    found = experiment(slots=((0, 4000),), coverage=0.25)
    assert (found.reserved, found.share) == (0.4, 0.1)
    assert found.ranges == [(0, 0.125), (0.5, 0.625)]


def test_it_decides_its_endpoint_and_its_parameters() -> None:
    arms = (Arm("a", 0.5, values={"threshold": 1}), Arm("b", 0.5, values={"limit": 2}))
    assert experiment(arms=arms).decides == {"threshold", "limit"}
    assert experiment(endpoint="chi").decides == {"endpoint chi"}


def test_arms_are_pinned_by_name() -> None:
    found = experiment().pinned({"control": "e1"})
    assert [arm.envelope for arm in found.arms] == ["e1", "e2"]
    assert found.arm("control").query == "tags.a = '1'"


def test_seeds_differ() -> None:
    seeds = {new_seed() for _ in range(100)}
    assert len(seeds) == 100
    assert {len(seed) for seed in seeds} == {16}


FULL = experiment(
    endpoint="chi",
    slots=((3500, 7500),),
    coverage=0.1,
    targeting="country = 'us'",
    status="running",
    metrics=(
        Metric("rebooked", "proportion", "primary", effect=0.015, covariate="before"),
        Metric("p95", role="guardrail", better="lower", margin=1.0, unit="ms"),
        Metric("tail", "quantile", quantile=0.95, column="latency"),
        Metric("ctr", "ratio", denominator="views"),
    ),
    started="2026-11-24T00:00:00+00:00",
    description="Route tables.",
)


@pytest.mark.parametrize(
    "value",
    [
        Layer("model", "traveller_id", "9c41", holdout=500),
        Holdout("year", "traveller_id", "h", 0.01),
        FULL,
        experiment(arms=(Arm("a", 0.5, values={"t": [1, None]}), Arm("b", 0.5))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_json_goes_and_comes(value: Any) -> None:
    sent = json.loads(json.dumps(value.to_json()))
    assert sent["form"] == 1
    assert type(value).from_json(sent) == value


@pytest.mark.parametrize(
    ("value", "change", "said"),
    [
        (FULL, {"form": 2}, "form 2 of experiment 'x' is not known"),
        (FULL, {"coverge": 1}, "field 'coverge' of experiment 'x'.*Did you mean coverage"),
        (Layer("m", "id", "s"), {"sed": "x"}, "field 'sed' of layer 'm'.*Did you mean seed"),
        (Holdout("h", "id", "s", 0.1), {"form": 0}, "form 0 of holdout"),
        (Arm("a", 0.5), {"wait": 1}, "field 'wait' of arm 'a'"),
        (Metric("m"), {"colum": "c"}, "Metric 'm' has 'colum'.*Did you mean column"),
    ],
)
def test_json_that_is_newer_is_refused(value: Any, change: Any, said: str) -> None:
    with pytest.raises(ExperimentError, match=said):
        type(value).from_json({**value.to_json(), **change})


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"name": ""}, "needs a name"),
        ({"kind": "median"}, "has 'median' where one of mean, proportion, ratio, quantile"),
        ({"role": "main"}, "has 'main'"),
        ({"better": "up"}, "has 'up'"),
        ({"kind": "ratio"}, "needs a denominator"),
        ({"denominator": "n"}, "only if, it is a ratio"),
        ({"kind": "quantile"}, "needs a quantile"),
        ({"quantile": 0.5}, "only if, its kind is quantile"),
        ({"kind": "quantile", "quantile": 1.0}, "not between 0 and 1"),
        ({"kind": "quantile", "quantile": 0.5, "covariate": "c"}, "a covariate cannot adjust"),
        ({"role": "guardrail"}, "needs a margin"),
        ({"role": "guardrail", "margin": -1}, "needs a margin of 0 or more"),
        ({"margin": 1}, "only if, it is a guardrail"),
        ({"effect": 0}, "has effect 0"),
    ],
)
def test_a_metric_that_cannot_be_is_refused(parts: Any, said: str) -> None:
    with pytest.raises(ExperimentError, match=said):
        Metric(**{"name": "m", **parts})


def test_a_metrics_column_is_its_name_unless_it_says_another() -> None:
    assert (Metric("m").source, Metric("m", column="c").source) == ("m", "c")
