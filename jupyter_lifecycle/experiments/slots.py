"""Who holds which of a layer's 10,000 slots, and which are free."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jupyter_lifecycle.errors import AssignmentError, OverlapError
from jupyter_lifecycle.experiments.assignment import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jupyter_lifecycle.experiments.layers import Experiment, Layer, Slots


class Held(NamedTuple):
    """A range of slots and the experiment that holds it; None for the holdout."""

    start: int
    end: int
    experiment: str | None


def held(layer: Layer, experiments: Iterable[Experiment]) -> list[Held]:
    """Give the ranges of a layer that somebody holds, in order.

    Parameters
    ----------
    layer : Layer
        Whose slots.
    experiments : iterable of Experiment
        Of any layer; those that ended hold nothing, drafts hold the slots that they planned.
    """
    found = [
        Held(start, end, experiment.name)
        for experiment in experiments
        if experiment.layer == layer.name and experiment.status != "stopped"
        for start, end in experiment.slots
    ]
    if layer.holdout:
        found.append(Held(BUCKETS - layer.holdout, BUCKETS, None))
    return sorted(found, key=lambda part: (part.start, part.end))


def free(layer: Layer, experiments: Iterable[Experiment]) -> list[tuple[int, int]]:
    """Give the ranges of a layer that nobody holds, in order."""
    found = []
    start = 0
    for part in held(layer, experiments):
        if part.start > start:
            found.append((start, part.start))
        start = max(start, part.end)
    if start < BUCKETS:
        found.append((start, BUCKETS))
    return found


def slots_of(share: float) -> int:
    """Give how many slots a share of all units is.

    Raises
    ------
    AssignmentError
        A share that is not between one slot and all of them.
    """
    count = round(share * BUCKETS) if 0 < share <= 1 else 0
    if count == 0:
        raise AssignmentError(
            f"A share of {share!r} is not between one slot (0.0001) and all (1).", share=share
        )
    return count


def allocate(
    layer: Layer,
    experiments: Sequence[Experiment],
    share: float,
    *,
    name: str,
    start: int | None = None,
) -> Slots:
    """Find free slots for an experiment.

    Parameters
    ----------
    layer : Layer
        Where.
    experiments : sequence of Experiment
        All there are.
    share : float
        The part of all units, in steps of 0.0001.
    name : str
        The experiment that asks; what it holds already counts as taken.
    start : int, optional
        The first slot, where these very ones are wanted. Without it the lowest free range that is
        long enough is taken, or else the lowest free slots, from several ranges.

    Returns
    -------
    ranges
        ``((start, end), …)``.

    Raises
    ------
    OverlapError
        They are taken, held back, or fewer than that are free; with the names of those who hold
        them.
    """
    count = slots_of(share)
    gaps = free(layer, experiments)
    if start is not None:
        end = start + count
        if any(low <= start and end <= high for low, high in gaps):
            return ((start, end),)
        raise _refused(layer, experiments, name, (start, end))
    for low, high in gaps:
        if high - low >= count:
            return ((low, low + count),)
    if sum(high - low for low, high in gaps) < count:
        raise _refused(layer, experiments, name, None, count)
    found = []
    for low, high in gaps:
        took = min(count, high - low)
        found.append((low, low + took))
        count -= took
        if count == 0:
            break
    return tuple(found)


def _refused(
    layer: Layer,
    experiments: Sequence[Experiment],
    name: str,
    wanted: tuple[int, int] | None,
    count: int = 0,
) -> OverlapError:
    gaps = free(layer, experiments)
    low, high = wanted or (0, BUCKETS)
    holders = [part for part in held(layer, experiments) if part.start < high and low < part.end]
    who = ", ".join(
        f"{part.start}–{part.end} "
        + ("held back from every experiment" if part.experiment is None else repr(part.experiment))
        for part in holders
    )
    if wanted is None:
        what = f"needs {count:,} slots"
    elif high > BUCKETS or low < 0:
        what = f"asks for slots {low}–{high} of 0–{BUCKETS}"
    else:
        what = f"asks for slots {low}–{high}"
    rest = ", ".join(f"{start}–{end}" for start, end in gaps) or "none"
    return OverlapError(
        f"Experiment {name!r} {what} of layer {layer.name!r}, where others hold"
        f" {who or 'none'}. Free: {rest}.",
        experiment=name,
        layer=layer.name,
        holders=sorted({part.experiment for part in holders if part.experiment}),
        free=[list(gap) for gap in gaps],
    )
