"""Whether the effects of an experiment may be read at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jupyter_lifecycle.experiments.distributions import chi2_sf
from jupyter_lifecycle.experiments.results import Gap
from jupyter_lifecycle.experiments.sample_ratios import LIMIT, SampleRatio, sample_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from jupyter_lifecycle.experiments.joining import Exposed

CROSSED = 0.001
"""The part of the units that may have been seen in two arms (a lost cookie) and be left out."""
MOST_GAPS = 20


def splits(
    exposed: Exposed, weights: Mapping[str, float], alpha: float = LIMIT
) -> tuple[SampleRatio, SampleRatio]:
    """Give the sample-ratio check over all looks, and of this one."""
    counts = counts_by_arm(exposed)
    parts = [weights[arm] for arm in exposed.arms]
    return (
        sample_ratio(counts, parts, alpha, all_looks=True),
        sample_ratio(counts, parts, alpha),
    )


def counts_by_arm(exposed: Exposed) -> list[int]:
    """Units of each arm, each once; those seen in several are nobody's."""
    found = np.bincount(exposed.arm[exposed.arm >= 0], minlength=len(exposed.arms))
    return [int(count) for count in found]


def changed_halfway(exposed: Exposed, weights: Mapping[str, float]) -> str:
    """Say whether the assignment changed while the experiment ran; empty where it did not.

    Units that were seen in two arms say so, and so does a day whose own split is not the planned
    one. Day ``d`` is held against ``0.001 · 6 / (π d)²``, so that all days of all looks together
    raise a false alarm in one of a thousand experiments; the last day still grows and waits.
    """
    total = len(exposed.keys)
    if exposed.crossed > CROSSED * total:
        return (
            f"{exposed.crossed:,} of {total:,} units were seen in more than one arm: the assignment"
            " changed while the experiment ran, or the unit is not what was assigned."
        )
    if exposed.day is None:
        return ""
    table = cell_counts(exposed.day, int(exposed.day.max()) + 1, exposed)
    parts = [weights[arm] for arm in exposed.arms]
    for number, counts in enumerate(table[:-1], start=1):
        found = sample_ratio([int(count) for count in counts], parts)
        if found.p_value < LIMIT * 6 / (math.pi * number) ** 2:
            said = ", ".join(
                f"{count:,} of {arm}" for arm, count in zip(exposed.arms, counts, strict=True)
            )
            return (
                f"The units that were first exposed on {day_text(exposed, number - 1)} were split"
                " as"
                f" {said}: so uneven a day is not what was planned."
            )
    return ""


def day_text(exposed: Exposed, number: int) -> str:
    """Give a day of the experiment, counted from 0, as a date."""
    return str(np.datetime64(exposed.first_day + number, "D"))


def cell_counts(
    codes: npt.NDArray[np.int16], values: int, exposed: Exposed
) -> npt.NDArray[np.int64]:
    """Give (values, arms) units."""
    arms = len(exposed.arms)
    known = (codes >= 0) & (exposed.arm >= 0)
    flat = codes[known].astype(np.int64) * arms + exposed.arm[known]
    return np.bincount(flat, minlength=values * arms).reshape(values, arms)


def gaps(exposed: Exposed, weights: Mapping[str, float]) -> tuple[Gap, ...]:
    """Say where the split is least as planned: by day and by every column that is known."""
    sources = {name: (codes, values) for name, (codes, values) in exposed.columns.items()}
    if exposed.day is not None:
        days = [day_text(exposed, number) for number in range(int(exposed.day.max()) + 1)]
        sources["day"] = (exposed.day, days)
    found = [
        gap
        for name, (codes, values) in sources.items()
        for value, counts in zip(values, cell_counts(codes, len(values), exposed), strict=True)
        if (gap := _gap(name, value, [int(count) for count in counts], exposed.arms, weights))
    ]
    return tuple(sorted(found, key=lambda gap: (gap.p_value, -abs(gap.gap)))[:MOST_GAPS])


def _gap(
    name: str, value: str, counts: Sequence[int], arms: Sequence[str], weights: Mapping[str, float]
) -> Gap | None:
    if not sum(counts):
        return None
    check = sample_ratio(counts, [weights[arm] for arm in arms])
    parts = [seen / due - 1 for seen, due in zip(counts, check.expected, strict=True)]
    # the arm that is least as planned for its size, not a small one that chance moves most
    scores = [
        (seen - due) / math.sqrt(due) for seen, due in zip(counts, check.expected, strict=True)
    ]
    worst = min(range(len(arms)), key=scores.__getitem__)
    return Gap(
        name, value, dict(zip(arms, counts, strict=True)), arms[worst], parts[worst], check.p_value
    )


def uneven_knowledge(known: Mapping[str, int], exposed: Mapping[str, int]) -> float:
    """Give the p-value of outcomes that are known of equal parts of all arms (chi-square)."""
    arms = [arm for arm, count in exposed.items() if count]
    total, seen = sum(exposed[arm] for arm in arms), sum(known[arm] for arm in arms)
    if len(arms) < 2 or seen in {0, total}:
        return 1.0
    part = seen / total
    square = sum(
        (known[arm] - exposed[arm] * part) ** 2 / (exposed[arm] * part * (1 - part)) for arm in arms
    )
    return chi2_sf(square, len(arms) - 1)
