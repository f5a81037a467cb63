"""Tests of what was gathered: arms, segments, days, and arms of other experiments."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_lifecycle.experiments.decisions import holm, holm_levels, non_inferior
from jupyter_lifecycle.experiments.effects import Effect, at_level, cuped, theta, welch
from jupyter_lifecycle.experiments.gathering import Cells, Sums, Values
from jupyter_lifecycle.experiments.quantiles import compare_quantiles, quantile_and_error
from jupyter_lifecycle.experiments.results import Comparison, Interaction, Point, Verdict
from jupyter_lifecycle.experiments.sequences import always_valid
from jupyter_lifecycle.experiments.validity import day_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.experiments.analysis import Options
    from jupyter_lifecycle.experiments.joining import Exposed
    from jupyter_lifecycle.experiments.metrics import Metric
    from jupyter_lifecycle.experiments.samples import Moments


def compare(
    cells: Cells, metrics: Sequence[Metric], arms: Sequence[str], control: str, asked: Options
) -> tuple[Comparison, ...]:
    """Compare each arm with control by each metric, corrected over metrics and arms of a role."""
    groups = [range(arm, cells.count, len(arms)) for arm in range(len(arms))]
    found = [
        _bare(metric, arm, control, None, _effect(cells, metric, pair, asked))
        for metric in metrics
        for arm, pair in _pairs(arms, control, groups)
    ]
    return _corrected(found, asked)


def segments(
    cells: Cells,
    metrics: Sequence[Metric],
    segment: tuple[str, Sequence[str]],
    arms: Sequence[str],
    control: str,
    asked: Options,
) -> tuple[Comparison, ...]:
    """Compare the arms within each value of a column, corrected over all its values too."""
    name, values = segment
    found = []
    for number, value in enumerate(values):
        groups = [[number * len(arms) + arm] for arm in range(len(arms))]
        found += [
            _bare(metric, arm, control, (name, value), _effect(cells, metric, pair, asked))
            for metric in metrics
            for arm, pair in _pairs(arms, control, groups)
        ]
    return _corrected(found, asked)


def series(
    cells: Cells, metrics: Sequence[Metric], exposed: Exposed, control: str, asked: Options
) -> tuple[Point, ...]:
    """Give the effects of the units that were exposed up to each day."""
    arms = exposed.arms
    found = []
    for day in range(cells.count // len(arms)):
        groups = [range(arm, (day + 1) * len(arms), len(arms)) for arm in range(len(arms))]
        units = {arm: int(cells.units[list(groups[i])].sum()) for i, arm in enumerate(arms)}
        for metric in metrics:
            for arm, pair in _pairs(arms, control, groups):
                effect = None if metric.kind == "quantile" else _effect(cells, metric, pair, asked)
                if effect is not None:
                    found.append(
                        Point(
                            day_text(exposed, day),
                            metric.name,
                            arm,
                            units,
                            effect.estimate,
                            effect.interval,
                            effect.relative_estimate,
                            effect.relative_interval,
                        )
                    )
    return tuple(found)


def _pairs(
    arms: Sequence[str], control: str, groups: Sequence[Sequence[int]]
) -> list[tuple[str, tuple[Sequence[int], Sequence[int]]]]:
    first = groups[list(arms).index(control)]
    return [
        (arm, (first, group)) for arm, group in zip(arms, groups, strict=True) if arm != control
    ]


def _effect(
    cells: Cells, metric: Metric, pair: tuple[Sequence[int], Sequence[int]], asked: Options
) -> Effect | None:
    """Give the effect at the level of one test alone; None where too few are known."""
    gathered = cells.gathered[metric.name]
    known = gathered.known()
    if min(int(known[list(group)].sum()) for group in pair) < max(asked.least, 2):
        return None
    if isinstance(gathered, Values):
        effect = _quantile_effect(gathered, metric, pair, asked.alpha)
    else:
        effect = _mean_effect(gathered, metric, pair, asked.alpha)
    if effect is None or not asked.sequential:
        return effect
    return always_valid(effect, asked.expected_n, asked.alpha)


def _mean_effect(
    gathered: Sums, metric: Metric, pair: tuple[Sequence[int], Sequence[int]], alpha: float
) -> Effect | None:
    one, two = gathered.moments(pair)
    if one is None or two is None:
        return None
    effect = (welch if metric.covariate is None else cuped)(one, two, alpha=alpha)
    if metric.kind == "ratio":
        method = "delta method" if metric.covariate is None else "CUPED, delta method"
        effect = replace(effect, method=method)
    return effect


def _quantile_effect(
    gathered: Values, metric: Metric, pair: tuple[Sequence[int], Sequence[int]], alpha: float
) -> Effect | None:
    assert metric.quantile is not None
    parts = []
    for group in pair:
        values = gathered.values(group)
        if len(values) * min(metric.quantile, 1 - metric.quantile) < 10:
            return None  # the quantile's own interval would reach beyond the units
        parts.append(quantile_and_error(values, metric.quantile))
    return compare_quantiles(parts[0], parts[1], metric.quantile, alpha)


def _bare(
    metric: Metric,
    arm: str,
    control: str,
    segment: tuple[str, str] | None,
    effect: Effect | None,
) -> Comparison:
    return Comparison(metric, arm, control, effect, None, "not enough data", segment)


def _corrected(found: Sequence[Comparison], asked: Options) -> tuple[Comparison, ...]:
    """Correct over all comparisons of a role; guardrails must each hold by themselves."""
    done = list(found)
    for role in ("primary", "secondary"):
        places = [
            place
            for place, one in enumerate(found)
            if one.metric.role == role and one.effect is not None
        ]
        p_values = [effect.p_value for place in places if (effect := found[place].effect)]
        levels, adjusted = holm_levels(p_values, asked.alpha), holm(p_values)
        for place, level, p_value in zip(places, levels, adjusted, strict=True):
            done[place] = _judged(found[place], level, p_value, asked)
    for place, one in enumerate(found):
        if one.metric.role == "guardrail" and one.effect is not None:
            assert one.metric.margin is not None
            verdict: Verdict = non_inferior(one.effect, one.metric.margin, one.metric.better)
            done[place] = replace(one, adjusted_p=one.effect.p_value, verdict=verdict)
    return tuple(done)


def _judged(one: Comparison, level: float, adjusted: float, asked: Options) -> Comparison:
    assert one.effect is not None
    effect = _at(one.effect, level, asked)
    verdict: Verdict = "within noise"
    if adjusted <= asked.alpha:
        verdict = "better" if (effect.estimate > 0) == (one.metric.better == "higher") else "worse"
    return replace(one, effect=effect, adjusted_p=adjusted, verdict=verdict)


def _at(effect: Effect, level: float, asked: Options) -> Effect:
    """Give the interval of another level, of the same kind; the p-value stays the test's own."""
    if not asked.sequential:
        return at_level(effect, level)
    # the mixture stays the one that alpha tuned: the p-value was made with it
    return replace(
        always_valid(effect, asked.expected_n, level, tuned_to=asked.alpha), method=effect.method
    )


def interactions(
    others: Mapping[str, tuple[Cells, Sequence[str]]],
    metrics: Sequence[Metric],
    arms: Sequence[str],
    control: str,
    asked: Options,
) -> tuple[Interaction, ...]:
    """Test whether an arm's effect is another one in each arm of other experiments.

    The difference of two differences of means: ``(T1 - C1) - (T0 - C0)``, whose variance is the sum
    of the four's; with a covariate, of adjusted values with one slope for all four cells. D. C.
    Montgomery, Design and Analysis of Experiments, 8th edition (2012), section 5.3. Corrected over
    all of them by Holm.
    """
    found = []
    for name, (cells, values) in others.items():
        base = values.index("control") if "control" in values else values.index(min(values))
        for metric in metrics:
            gathered = cells.gathered[metric.name]
            if isinstance(gathered, Values):
                continue
            for arm in (one for one in arms if one != control):
                for number, value in enumerate(values):
                    if number == base:
                        continue
                    corners = [
                        [part * len(arms) + arms.index(which)]
                        for part in (base, number)
                        for which in (control, arm)
                    ]
                    effect = _interaction(gathered, corners, asked)
                    if effect is not None:
                        found.append(
                            Interaction(metric.name, name, arm, value, *effect, 1.0, False)
                        )
    adjusted = holm([one.p_value for one in found])
    return tuple(
        replace(one, adjusted_p=p_value, flagged=p_value <= asked.alpha)
        for one, p_value in zip(found, adjusted, strict=True)
    )


def _interaction(
    gathered: Sums, corners: Sequence[Sequence[int]], asked: Options
) -> tuple[float, tuple[float, float], tuple[float, float], float] | None:
    known = gathered.known()
    if min(int(known[corner].sum()) for corner in corners) < max(asked.least, 2):
        return None
    cells = [part for part in gathered.moments(corners) if part is not None]
    slope = 0.0
    if gathered.metric.covariate is not None:
        halves = gathered.moments([[*corners[0], *corners[2]], [*corners[1], *corners[3]]])
        if halves[0] is not None and halves[1] is not None:
            slope = theta(halves[0], halves[1])
    values = [_adjusted(part, slope) for part in cells]
    (c0, e0), (t0, e1), (c1, e2), (t1, e3) = values
    estimate = (t1 - c1) - (t0 - c0)
    error = math.sqrt(e0 + e1 + e2 + e3)
    n = sum(part.n for part in cells)
    bare = Effect(
        estimate, estimate / c0 if c0 else math.nan, (0, 0), (0, 0), 1.0, n - n // 2, n // 2, "",
        c0, t1, error, error / abs(c0) if c0 else math.nan, math.inf, asked.alpha,
    )  # fmt: skip
    if asked.sequential:
        tested = always_valid(bare, asked.expected_n, asked.alpha)
    else:
        tested = at_level(bare, asked.alpha)
    return estimate, tested.interval, tested.relative_interval, tested.p_value


def _adjusted(part: Moments, slope: float) -> tuple[float, float]:
    """Give a cell's mean and its squared error, less what the covariate explains."""
    if slope == 0.0:
        return part.mean, part.variance / part.n
    mean, variance, covariance = part.paired
    spread = part.variance + slope * slope * variance - 2 * slope * covariance
    return part.mean - slope * mean, max(spread, 0.0) / part.n
