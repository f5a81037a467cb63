"""Who is in which experiments, and in which arm: from attributes alone, in microseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from jupyter_lifecycle.errors import ExperimentError, did_you_mean
from jupyter_lifecycle.experiments.assignment import (
    BUCKETS,
    FNV_OFFSET,
    fnv1a,
    unit_text,
    utf16_units,
)

if TYPE_CHECKING:
    from jupyter_lifecycle.experiments.layers import Arm, Experiment, Holdout, Layer

Condition = Callable[[Mapping[str, Any]], bool]
"""Tells of a request's attributes whether they are meant."""


class Decision(NamedTuple):
    """A unit is in an experiment, in this arm."""

    layer: str
    experiment: str
    arm: str
    envelope: str | None
    values: Mapping[str, Any]
    unit: str
    forced: bool = False


class Reason(NamedTuple):
    """What a layer has to say of a unit: the arm, or why there is none."""

    layer: str
    unit: str | None
    slot: int | None
    experiment: str | None
    arm: str | None
    why: str


class _Hash:
    """One seed and version, its half of the work done beforehand."""

    __slots__ = ("_after", "_before", "_second")

    def __init__(self, seed: str, version: int) -> None:
        self._second = version == 2
        self._before = fnv1a(utf16_units(seed)) if self._second else FNV_OFFSET
        self._after = utf16_units("" if self._second else seed)

    def bucket(self, units: Sequence[int]) -> int:
        """From 0 to 9,999; version 1 knows every tenth of them."""
        state = self._before
        if self._second:
            # fnv1a and second_hash in place: two calls a layer fewer
            for unit in units:
                state = (state ^ unit) * 0x01000193 & 0xFFFFFFFF
            again = FNV_OFFSET
            for digit in b"%d" % state:
                again = (again ^ digit) * 0x01000193 & 0xFFFFFFFF
            return again % BUCKETS
        return fnv1a(self._after, fnv1a(units, state)) % 1000 * 10


class _Running:
    """One experiment as it is asked: its arms' ranges and its condition."""

    __slots__ = ("condition", "experiment", "hash", "name", "ranges")

    def __init__(self, experiment: Experiment, version: int, condition: Condition | None) -> None:
        self.experiment = experiment
        self.name = experiment.name
        self.condition = condition
        self.hash = _Hash(experiment.seed, version)
        self.ranges = [
            (*ends, arm) for ends, arm in zip(experiment.ranges, experiment.arms, strict=True)
        ]

    def arm_of(self, units: Sequence[int]) -> Arm | None:
        place = self.hash.bucket(units) / BUCKETS
        for start, end, arm in self.ranges:
            if start <= place < end:
                return arm
        return None


class _Lane:
    """One layer as it is asked: where its experiments' slots begin and end."""

    __slots__ = ("begins", "ends", "hash", "layer", "name", "owners", "unit")

    def __init__(self, layer: Layer, running: Sequence[_Running]) -> None:
        self.layer = layer
        self.name = layer.name
        self.unit = layer.unit
        self.hash = _Hash(layer.seed, layer.version)
        held = sorted(
            (begin, end, index)
            for index, one in enumerate(running)
            for begin, end in one.experiment.slots
        )
        self.begins = [begin for begin, _, _ in held]
        self.ends = [end for _, end, _ in held]
        self.owners = [running[index] for _, _, index in held]

    def owner(self, slot: int) -> _Running | None:
        index = bisect_right(self.begins, slot) - 1
        return self.owners[index] if index >= 0 and slot < self.ends[index] else None


class Decider:
    """Layers and running experiments, ready to be asked.

    Parameters
    ----------
    layers : iterable of Layer
        All of them.
    experiments : iterable of Experiment
        Those that do not run are passed over.
    holdouts : iterable of Holdout
        Units of these are in no experiment.
    compile_condition : callable, optional
        Turns an experiment's targeting into a function of attributes. Called once an experiment.

    Raises
    ------
    ExperimentError
        An experiment has targeting and nothing can read it, or its layer is not there.
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        experiments: Iterable[Experiment],
        *,
        holdouts: Iterable[Holdout] = (),
        compile_condition: Callable[[str], Condition] | None = None,
    ) -> None:
        known = {layer.name: layer for layer in layers}
        mine: dict[str, list[_Running]] = {name: [] for name in known}
        for one in experiments:
            if one.status == "running":
                if one.layer not in known:
                    raise ExperimentError(
                        f"Experiment {one.name!r} needs layer {one.layer!r}, which is not there."
                        + did_you_mean(one.layer, known),
                        experiment=one.name,
                        layer=one.layer,
                    )
                condition = _condition(one, compile_condition)
                mine[one.layer].append(_Running(one, known[one.layer].version, condition))
        self._lanes = [_Lane(layer, mine[name]) for name, layer in known.items()]
        self._holdouts = [
            (one.unit, _Hash(one.seed, 2), one.share * BUCKETS, one.name) for one in holdouts
        ]

    def decide(
        self, attributes: Mapping[str, Any], *, forced: Mapping[str, str] | None = None
    ) -> list[Decision]:
        """Give the experiments that a unit is in, at most one a layer.

        Parameters
        ----------
        attributes : mapping
            Of the request; layers find their units in it. Where a unit is missing, its layers
            decide nothing.
        forced : mapping, optional
            Arm by experiment, for testing; whoever calls has checked that it may be.

        Returns
        -------
        list of Decision
            In the layers' order.

        Raises
        ------
        AssignmentError
            A unit of a type that languages write differently.
        ExperimentError
            ``forced`` names an experiment or arm that does not run.
        """
        texts: dict[str, tuple[str, Sequence[int]] | None] = {}
        chosen = self._forced(forced) if forced else {}
        found: list[Decision] = []
        if self._holdouts and self._held_back(attributes, texts) is not None:
            return list(chosen.values())
        for lane in self._lanes:
            layer = lane.name
            if chosen and layer in chosen:
                found.append(chosen[layer])
                continue
            unit = _unit(attributes, lane.unit, texts)
            if unit is None or not lane.begins:
                continue
            text, units = unit
            owner = lane.owner(lane.hash.bucket(units))
            if owner is None or (owner.condition is not None and not owner.condition(attributes)):
                continue
            arm = owner.arm_of(units)
            if arm is not None:
                found.append(Decision(layer, owner.name, arm.name, arm.envelope, arm.values, text))
        return found

    def explain(self, attributes: Mapping[str, Any]) -> list[Reason]:
        """Say of every layer which arm a unit is in, or why in none."""
        texts: dict[str, tuple[str, Sequence[int]] | None] = {}
        held_back = self._held_back(attributes, texts)
        return [self._reason(lane, attributes, texts, held_back) for lane in self._lanes]

    def _reason(
        self,
        lane: _Lane,
        attributes: Mapping[str, Any],
        texts: dict[str, tuple[str, Sequence[int]] | None],
        held_back: str | None,
    ) -> Reason:
        name = lane.layer.name
        unit = _unit(attributes, lane.unit, texts)
        if unit is None:
            return Reason(name, None, None, None, None, f"no unit: {lane.unit} is missing")
        text, units = unit
        slot = lane.hash.bucket(units)
        owner = lane.owner(slot)
        experiment = None if owner is None else owner.experiment.name
        arm = None if owner is None else owner.arm_of(units)
        why = ""
        if held_back is not None:
            why = f"held back by {held_back}"
        elif owner is None:
            held = slot >= BUCKETS - lane.layer.holdout
            why = "held back from every experiment of the layer" if held else "slot is free"
        elif owner.condition is not None and not owner.condition(attributes):
            why = f"not meant: {owner.experiment.targeting}"
        elif arm is None:
            why = f"not yet in: {owner.experiment.coverage:.2%} of its slots' units are exposed"
        if why or arm is None:
            return Reason(name, text, slot, experiment, None, why)
        return Reason(name, text, slot, experiment, arm.name, f"in {experiment}, {arm.name}")

    def _held_back(
        self,
        attributes: Mapping[str, Any],
        texts: dict[str, tuple[str, Sequence[int]] | None],
    ) -> str | None:
        for attribute, hashed, end, name in self._holdouts:
            unit = _unit(attributes, attribute, texts)
            if unit is not None and hashed.bucket(unit[1]) < end:
                return name
        return None

    def _forced(self, forced: Mapping[str, str]) -> dict[str, Decision]:
        running = {
            one.experiment.name: (lane.layer.name, one.experiment)
            for lane in self._lanes
            for one in lane.owners
        }
        found = {}
        for name, arm_name in forced.items():
            if name not in running:
                raise ExperimentError(
                    f"No experiment {name!r} runs, so nobody can be put into its arm {arm_name!r}."
                    + did_you_mean(name, running),
                    experiment=name,
                )
            layer, experiment = running[name]
            arm = experiment.arm(arm_name)
            found[layer] = Decision(
                layer, name, arm.name, arm.envelope, arm.values, "", forced=True
            )
        return found


def decide(
    layers: Iterable[Layer],
    experiments: Iterable[Experiment],
    attributes: Mapping[str, Any],
    *,
    holdouts: Iterable[Holdout] = (),
    compile_condition: Callable[[str], Condition] | None = None,
) -> list[Decision]:
    """Give the experiments that a unit is in; for many units make a :class:`Decider` once."""
    decider = Decider(layers, experiments, holdouts=holdouts, compile_condition=compile_condition)
    return decider.decide(attributes)


def _unit(
    attributes: Mapping[str, Any],
    name: str,
    texts: dict[str, tuple[str, Sequence[int]] | None],
) -> tuple[str, Sequence[int]] | None:
    """Give the unit of that name as text and code units, once for all layers that have it."""
    if name in texts:
        return texts[name]
    text = unit_text(attributes.get(name))
    found = None if text is None else (text, utf16_units(text))
    texts[name] = found
    return found


def _condition(
    experiment: Experiment, compile_condition: Callable[[str], Condition] | None
) -> Condition | None:
    if experiment.targeting is None:
        return None
    if compile_condition is None:
        raise ExperimentError(
            f"Experiment {experiment.name!r} is for {experiment.targeting!r} alone, and nothing"
            " here can"
            " read such a condition: pass compile_condition.",
            experiment=experiment.name,
        )
    return compile_condition(experiment.targeting)
