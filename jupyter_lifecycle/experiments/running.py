"""What may happen to layers and experiments: a new value, or a refusal with both names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import (
    AssignmentError,
    ExperimentError,
    OverlapError,
    RunningError,
)
from jupyter_lifecycle.experiments.assignment import BUCKETS
from jupyter_lifecycle.experiments.slots import allocate, held, slots_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jupyter_lifecycle.experiments.layers import Experiment, Layer


def start(
    experiment: Experiment,
    layer: Layer,
    experiments: Sequence[Experiment],
    share: float | None = None,
    *,
    first_slot: int | None = None,
    when: datetime | None = None,
) -> Experiment:
    """Start an experiment: it takes its slots, and from now on nobody changes arm.

    Parameters
    ----------
    experiment : Experiment
        A draft, its arms pinned.
    layer : Layer
        Its layer.
    experiments : sequence of Experiment
        All others, of every layer.
    share : float, optional
        The part of all units; needed where the draft holds no slots yet.
    first_slot : int, optional
        Where the slots begin; the lowest free ones otherwise.
    when : datetime, optional
        Now.

    Returns
    -------
    Experiment
        Running.

    Raises
    ------
    OverlapError
        Slots, or what it decides, belong to another experiment.
    ExperimentError
        It is not a draft, its arms are not pinned, or seeds are not different.
    """
    if experiment.status != "draft":
        raise ExperimentError(
            f"Experiment {experiment.name!r} is {experiment.status} already. An experiment starts"
            " once:"
            " make another one, with a new name and seed.",
            experiment=experiment.name,
        )
    others = [other for other in experiments if other.name != experiment.name]
    check_draft(experiment, layer, others)
    for arm in experiment.arms:
        if experiment.endpoint is not None and arm.envelope is None:
            raise ExperimentError(
                f"Arm {arm.name!r} of experiment {experiment.name!r} has no envelope yet: its"
                " query is"
                " resolved and pinned before the start.",
                experiment=experiment.name,
                arm=arm.name,
            )
    slots = experiment.slots
    if share is not None:
        slots = allocate(layer, others, share, name=experiment.name, start=first_slot)
    if not slots:
        raise ExperimentError(
            f"Experiment {experiment.name!r} holds no slots of layer {layer.name!r}: give a share.",
            experiment=experiment.name,
            layer=layer.name,
        )
    started = replace(experiment, slots=slots, status="running", started=_time(when))
    check_layers([layer], [*(other for other in others if other.layer == layer.name), started])
    return started


def check_draft(experiment: Experiment, layer: Layer, others: Iterable[Experiment]) -> None:
    """Check all but the slots, before a start.

    Raises
    ------
    ExperimentError, AssignmentError
        Another layer, or the layer's own seed.
    OverlapError
        A running or planned experiment of another layer decides the same.
    """
    if experiment.layer != layer.name:
        raise ExperimentError(
            f"Experiment {experiment.name!r} is of layer {experiment.layer!r}, not of"
            f" {layer.name!r}.",
            experiment=experiment.name,
            layer=layer.name,
        )
    if experiment.seed == layer.seed:
        raise AssignmentError(
            f"Experiment {experiment.name!r} has the seed of its layer {layer.name!r}: its slots'"
            " units"
            " would all get the same few arms. Give it a seed of its own.",
            experiment=experiment.name,
            layer=layer.name,
        )
    for other in others:
        _check_decides(experiment, other)


def ramp(
    experiment: Experiment, layer: Layer, experiments: Sequence[Experiment], share: float
) -> Experiment:
    """Change the share of a running experiment; who stays in stays in the same arm.

    Up to the slots that it holds, coverage changes; beyond them free slots are taken. A smaller
    share keeps its slots, so that nobody else's experiment gets units who saw its arms.

    Parameters
    ----------
    experiment : Experiment
        Running.
    layer : Layer
        Its layer.
    experiments : sequence of Experiment
        All others, of every layer.
    share : float
        The part of all units.

    Returns
    -------
    Experiment
        With that share.

    Raises
    ------
    ExperimentError
        It does not run.
    OverlapError
        There are not as many free slots.
    """
    if experiment.status != "running":
        raise ExperimentError(
            f"Experiment {experiment.name!r} is {experiment.status}: only a running one has a"
            " share to"
            " change.",
            experiment=experiment.name,
        )
    wanted = slots_of(share)
    holds = sum(end - begin for begin, end in experiment.slots)
    if wanted <= holds:
        return replace(experiment, coverage=min(share * BUCKETS / holds, 1.0))
    others = [other for other in experiments if other.name != experiment.name]
    more = allocate(layer, [*others, experiment], (wanted - holds) / BUCKETS, name=experiment.name)
    return replace(experiment, slots=(*experiment.slots, *more), coverage=1.0)


def stop(experiment: Experiment, *, when: datetime | None = None) -> Experiment:
    """End a running experiment: its slots become free.

    Raises
    ------
    ExperimentError
        It does not run.
    """
    if experiment.status != "running":
        raise ExperimentError(
            f"Experiment {experiment.name!r} is {experiment.status}: there is nothing to stop.",
            experiment=experiment.name,
        )
    return replace(experiment, status="stopped", ended=_time(when))


def check_change(before: Experiment, after: Experiment) -> None:
    """Check that nobody of a running experiment changes arm by a change.

    A draft may become anything. A running experiment may get another share, metrics and
    description, and stop; one that ended stays as it is.

    Raises
    ------
    RunningError
        Seed, layer, endpoint, targeting, arms, weights or envelopes of a running experiment
        would change, or slots be given back.
    """
    if before.status == "draft":
        return
    if before.status == "stopped":
        if before != after:
            raise RunningError(
                f"Experiment {before.name!r} of layer {before.layer!r} ended and stays as it was."
                " Make"
                " another one, with a new name and seed.",
                experiment=before.name,
                layer=before.layer,
            )
        return
    was, will = _fixed(before), _fixed(after)
    for what, value in was.items():
        if will[what] != value:
            raise RunningError(
                f"Experiment {before.name!r} of layer {before.layer!r} runs: its {what} cannot"
                " change"
                f" from {value} to {will[what]}, as units would change arm and the split could no"
                " longer"
                " be checked. Stop it and start another one, with a new name and seed.",
                experiment=before.name,
                layer=before.layer,
                field=what,
            )
    if after.status == "draft" or not _contains(after, before):
        raise RunningError(
            f"Experiment {before.name!r} of layer {before.layer!r} runs and keeps its slots until"
            " it is"
            " stopped: lower its share instead.",
            experiment=before.name,
            layer=before.layer,
            field="slots",
        )


def check_layer(before: Layer, after: Layer, experiments: Iterable[Experiment]) -> None:
    """Check that a change of a layer moves no unit of its running experiments.

    Raises
    ------
    RunningError
        Unit, seed or version would change while an experiment runs or ended ones could come back.
    OverlapError
        More would be held back than is free.
    """
    mine = [one for one in experiments if one.layer == before.name and one.status == "running"]
    for what in ("name", "unit", "seed", "version"):
        was, will = getattr(before, what), getattr(after, what)
        if was != will and mine:
            raise RunningError(
                f"Layer {before.name!r}: its {what} cannot change from {was!r} to {will!r} while"
                f" experiment {mine[0].name!r} runs, as its units would be dealt anew.",
                layer=before.name,
                experiment=mine[0].name,
                field=what,
            )
    check_layers([after], mine)


def check_layers(layers: Iterable[Layer], experiments: Iterable[Experiment]) -> None:
    """Check all that must hold of layers and experiments together: the last gate of a store.

    Raises
    ------
    ExperimentError
        A name twice, or an experiment whose layer is not there.
    OverlapError
        A slot that two hold, or that is held back; a parameter or an endpoint that two layers
        decide. With both names.
    """
    known = {layer.name: layer for layer in layers}
    live = [one for one in experiments if one.status != "stopped"]
    names: set[str] = set()
    for one in live:
        if one.layer not in known or one.name in names:
            what = (
                "is there twice"
                if one.name in names
                else f"needs layer {one.layer!r}, which is not there"
            )
            raise ExperimentError(
                f"Experiment {one.name!r} {what}.", experiment=one.name, layer=one.layer
            )
        names.add(one.name)
    for layer in known.values():
        parts = held(layer, live)
        for first, second in pairwise(parts):
            if second.start < first.end:
                raise _both(layer, first.experiment, second.experiment, second.start)
    for index, one in enumerate(live):
        for other in live[:index]:
            _check_decides(one, other)


def _check_decides(one: Experiment, other: Experiment) -> None:
    if other.layer == one.layer or other.status == "stopped":
        return
    for what in sorted(one.decides & other.decides):
        raise OverlapError(
            f"Experiment {one.name!r} of layer {one.layer!r} decides {what}, as experiment"
            f" {other.name!r} of layer {other.layer!r} does. One layer alone may decide it: move"
            " one of"
            " the two.",
            experiment=one.name,
            layer=one.layer,
            other=other.name,
            other_layer=other.layer,
            decides=what,
        )


def _both(layer: Layer, first: str | None, second: str | None, slot: int) -> OverlapError:
    one, other = second or first, first if second else None
    whom = f"experiment {other!r} holds" if other else "is held back from every experiment"
    return OverlapError(
        f"Experiment {one!r} takes slot {slot} of layer {layer.name!r}, which {whom}.",
        experiment=one,
        other=other,
        layer=layer.name,
    )


def _fixed(experiment: Experiment) -> dict[str, Any]:
    return {
        "name": experiment.name,
        "layer": experiment.layer,
        "seed": experiment.seed,
        "endpoint": experiment.endpoint,
        "targeting": experiment.targeting,
        "arms": [arm.name for arm in experiment.arms],
        "weights": [arm.weight for arm in experiment.arms],
        "envelopes": [arm.envelope for arm in experiment.arms],
        "values": [dict(arm.values) for arm in experiment.arms],
        "start": experiment.started,
    }


def _contains(after: Experiment, before: Experiment) -> bool:
    return all(
        any(low <= start and end <= high for low, high in after.slots)
        for start, end in before.slots
    )


def _time(when: datetime | None) -> str:
    return (when or datetime.now(UTC)).astimezone(UTC).isoformat()
