"""What an analysis says: JSON-ready, and silent about effects that cannot be trusted."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.errors import AnalysisError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jupyter_lifecycle.experiments.effects import Effect
    from jupyter_lifecycle.experiments.metrics import Metric
    from jupyter_lifecycle.experiments.sample_ratios import SampleRatio

Status = Literal["valid", "hidden", "invalid", "not enough data"]
Verdict = Literal["better", "worse", "within noise", "holds", "broken", "not enough data"]


@dataclass(frozen=True)
class Comparison:
    """One metric of one arm against control.

    Parameters
    ----------
    metric : Metric
        What was compared.
    arm, control : str
        Names.
    effect : Effect or None
        Its interval has the level that the correction asks for; None where too few units are
        known.
    adjusted_p : float or None
        The p-value after Holm's correction over all comparisons of the metric's role.
    verdict : str
        ``better``, ``worse`` or ``within noise``; of a guardrail ``holds``, ``broken`` or ``not
        enough data``.
    segment : (str, str), optional
        Column and value, where it is about a part of the units.
    """

    metric: Metric
    arm: str
    control: str
    effect: Effect | None
    adjusted_p: float | None
    verdict: Verdict
    segment: tuple[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "metric": self.metric.to_json(),
            "arm": self.arm,
            "control": self.control,
            "effect": None if self.effect is None else self.effect.to_json(),
            "adjusted_p": self.adjusted_p,
            "verdict": self.verdict,
            "segment": None if self.segment is None else list(self.segment),
            "sentence": self.sentence,
        }

    @property
    def sentence(self) -> str:
        """What it says, in words."""
        effect = self.effect
        where = f" where {self.segment[0]} is {self.segment[1]}" if self.segment else ""
        if effect is None:
            return f"Not enough units to compare {self.metric.name} of {self.arm}{where} yet."
        low, high = effect.interval
        unit, scale = self.metric.unit, 1.0
        value = effect.estimate
        relative = effect.relative_estimate == effect.relative_estimate
        if relative and self.metric.role != "guardrail":
            (low, high), value = effect.relative_interval, effect.relative_estimate
            unit, scale = "%", 100.0
        span = f"between {_signed(low * scale)} and {_signed(high * scale)}{_after(unit)}"
        if self.metric.role == "guardrail":
            said = {
                "holds": "is not worse than its margin of",
                "broken": "is worse than its margin of",
                "not enough data": "may be worse than its margin of",
            }[self.verdict]
            margin = f"{self.metric.margin:g}{_after(self.metric.unit)}"
            return f"{self.metric.name} of {self.arm}{where} {said} {margin}: {span}."
        if self.verdict == "within noise":
            return f"No effect of {self.arm} on {self.metric.name}{where} was found: {span}."
        verb = "raises" if value > 0 else "lowers"
        return (
            f"{self.arm} {verb} {self.metric.name}{where} by"
            f" {abs(value * scale):.3g}{_after(unit)},"
            f" {span}."
        )


@dataclass(frozen=True)
class Gap:
    """Where units of an arm are missing, or too many."""

    column: str
    value: str
    counts: Mapping[str, int]
    arm: str
    gap: float
    """The arm's units there, against what its weight says, as a part of that."""
    p_value: float

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {**asdict(self), "counts": dict(self.counts)}


@dataclass(frozen=True)
class Interaction:
    """Whether an arm's effect depends on another experiment's arm."""

    metric: str
    experiment: str
    arm: str
    other_arm: str
    estimate: float
    interval: tuple[float, float]
    relative_interval: tuple[float, float]
    p_value: float
    adjusted_p: float
    flagged: bool

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return asdict(self)


@dataclass(frozen=True)
class Point:
    """An effect of the units that were exposed up to a day."""

    day: str
    metric: str
    arm: str
    units: Mapping[str, int]
    estimate: float
    interval: tuple[float, float]
    relative_estimate: float
    relative_interval: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {**asdict(self), "units": dict(self.units)}


@dataclass(frozen=True)
class Results:
    """What is known of an experiment.

    Parameters
    ----------
    status : str
        ``valid``; ``hidden`` (the split is not the planned one) or ``invalid`` (the assignment
        changed halfway), where there are no effects at all; ``not enough data``.
    reason : str
        Why, in words.
    units : mapping
        Units exposed in each arm, each once.
    control : str
        The arm that the others are compared with.
    split : SampleRatio
        The check over all looks.
    split_now : SampleRatio
        The same units at one look.
    crossed : int
        Units that were seen in more than one arm; they are left out.
    gaps : tuple of Gap
        Where to look when the split is broken, largest first.
    known : mapping
        Of each metric and arm, units whose number is known.
    comparisons, segments, interactions, series : tuples
        Effects; empty where they are hidden.
    notes : tuple of str
        What else one should know.
    settings : mapping
        How it was analysed.
    """

    status: Status
    reason: str
    units: Mapping[str, int]
    control: str
    split: SampleRatio
    split_now: SampleRatio
    crossed: int
    gaps: tuple[Gap, ...] = ()
    known: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    comparisons: tuple[Comparison, ...] = ()
    segments: tuple[Comparison, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    series: tuple[Point, ...] = ()
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Comparison]:
        return iter(self.comparisons)

    def __getitem__(self, metric: str) -> Comparison:
        """Give a metric's comparison; where there are several arms, use :meth:`of`."""
        return self.of(metric)

    def of(self, metric: str, arm: str | None = None) -> Comparison:
        """Give the comparison of a metric and an arm.

        Raises
        ------
        AnalysisError
            Effects are hidden, or there is no such metric or arm.
        """
        if self.status in {"hidden", "invalid"}:
            raise AnalysisError(f"No effect is shown: {self.reason}", status=self.status)
        found = [one for one in self.comparisons if one.metric.name == metric]
        if not found:
            names = sorted({one.metric.name for one in self.comparisons})
            raise AnalysisError(
                f"No metric {metric!r} was analysed: there are {', '.join(names)}."
                + did_you_mean(metric, names),
                metric=metric,
            )
        arms = [one.arm for one in found]
        if arm is None and len(found) == 1:
            return found[0]
        if arm not in arms:
            raise AnalysisError(
                f"Say which arm is to be compared with {self.control!r}: {', '.join(arms)}, not"
                f" {arm!r}.",
                arm=arm,
            )
        return found[arms.index(arm)]

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        parts = ("gaps", "comparisons", "segments", "interactions", "series")
        return {
            "form": 1,
            "status": self.status,
            "reason": self.reason,
            "units": dict(self.units),
            "control": self.control,
            "split": self.split.to_json(),
            "split_now": self.split_now.to_json(),
            "crossed": self.crossed,
            "known": {name: dict(counts) for name, counts in self.known.items()},
            "notes": list(self.notes),
            "settings": dict(self.settings),
            **{name: [part.to_json() for part in getattr(self, name)] for name in parts},
        }

    def to_frame(self) -> Any:
        """Give the comparisons, those of segments after them, as a pandas frame."""
        import pandas as pd

        rows = []
        for one in (*self.comparisons, *self.segments):
            effect = one.effect
            rows.append(
                {
                    "metric": one.metric.name,
                    "role": one.metric.role,
                    "segment": None if one.segment is None else "=".join(one.segment),
                    "arm": one.arm,
                    "control": None if effect is None else effect.control,
                    "treatment": None if effect is None else effect.treatment,
                    "estimate": None if effect is None else effect.estimate,
                    "low": None if effect is None else effect.interval[0],
                    "high": None if effect is None else effect.interval[1],
                    "relative_estimate": None if effect is None else effect.relative_estimate,
                    "p_value": None if effect is None else effect.p_value,
                    "adjusted_p": one.adjusted_p,
                    "verdict": one.verdict,
                }
            )
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        units = ", ".join(f"{arm} {count:,}" for arm, count in self.units.items())
        lines = [f"{self.status}: {self.reason}" if self.reason else self.status, f"units: {units}"]
        lines += [one.sentence for one in self.comparisons]
        lines += [f"{gap.column} {gap.value}: {gap.gap:+.1%} of {gap.arm}" for gap in self.gaps[:5]]
        return "\n".join([*lines, *self.notes])


def _signed(value: float) -> str:
    return f"{value:+.3g}"


def _after(unit: str) -> str:
    return f" {unit}" if unit else ""
