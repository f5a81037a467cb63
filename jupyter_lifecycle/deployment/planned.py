"""What an experiment would do and could find, before it starts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jupyter_lifecycle.deployment.arms import ResolvedArm, resolve
from jupyter_lifecycle.deployment.whiteboard import Whiteboard
from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.experiments.running import check_draft

if TYPE_CHECKING:
    from jupyter_lifecycle.experiments.layers import Experiment, Slots
    from jupyter_lifecycle.registry import Registry

_DAYS = 7


@dataclass(frozen=True, slots=True)
class ExperimentPreview:
    """What a start would do; nothing was written."""

    name: str
    layer: str
    slots: Slots
    share: float
    arms: tuple[ResolvedArm, ...]
    problems: tuple[str, ...]
    """Why it could not start; empty where it could."""
    requests_a_day: float | None
    """What the endpoint answered in the last days, in rows; None where nobody counted."""

    def days(self, effect: float, sd: float, *, power: float = 0.8, alpha: float = 0.05) -> float:
        """Give the days until an effect is found, if each request is another unit.

        Parameters
        ----------
        effect : float
            The difference of means that matters, in the metric's unit.
        sd : float
            Standard deviation of a unit's value.
        power, alpha : float
            The chance to find it, and the error level.

        Returns
        -------
        float
            NaN where the endpoint's traffic is not known. Units that come again make it longer.
        """
        from jupyter_lifecycle.experiments.planning import sample_size

        if not self.requests_a_day:
            return math.nan
        control, other = self.arms[0].weight, min(arm.weight for arm in self.arms[1:])
        both = control + other
        units = sample_size(
            effect, sd, power=power, alpha=alpha, share=other / both, sequential=True
        )
        return units / (self.requests_a_day * self.share * both)

    def __str__(self) -> str:
        """Say it in lines."""
        slots = ", ".join(f"{start}–{end}" for start, end in self.slots)
        lines = [f"{self.name} takes {self.share:.2%} of layer {self.layer}, slots {slots}:"]
        lines += [
            f"  {arm.name} {arm.weight:.2%}: {arm.envelope[:10]}, schema {arm.verdict}"
            for arm in self.arms
        ]
        if self.requests_a_day is not None:
            lines.append(f"  about {self.requests_a_day * self.share:,.0f} requests a day")
        lines += [f"  cannot start: {problem}" for problem in self.problems]
        return "\n".join(lines)


def preview_of(experiment: Experiment, registry: Registry) -> ExperimentPreview:
    """Find arms, hold them to the endpoint's clients, and look at the traffic."""
    board = Whiteboard.read(registry)
    problems = []
    try:
        check_draft(experiment, board.layer(experiment.layer), board.others(experiment.name))
    except LifecycleError as problem:
        problems.append(problem.message)
    arms = resolve(experiment, registry)
    problems += [f"arm {arm.name}: {arm.why}" for arm in arms if arm.verdict == "breaking"]
    if experiment.status != "draft":
        problems.append(f"it is {experiment.status} already")
    return ExperimentPreview(
        experiment.name,
        experiment.layer,
        experiment.slots,
        experiment.share,
        arms,
        tuple(problems),
        _traffic(experiment, registry),
    )


def _traffic(experiment: Experiment, registry: Registry) -> float | None:
    if experiment.endpoint is None:
        return None
    since = datetime.now(UTC) - timedelta(days=_DAYS)
    windows = [
        one
        for one in registry.windows(experiment.endpoint, since)
        if one.side in {"inputs", "raw"} and one.rows
    ]
    if not windows:
        return None
    first = min(one.start for one in windows)
    days = max((datetime.now(UTC) - first).total_seconds() / 86_400, 1 / 24)
    return sum(one.rows for one in windows) / days
