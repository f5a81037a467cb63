"""Metrics of answers whose outcome is known, with intervals of 95 %."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Pair = tuple[Any, Any]

_Z = NormalDist().inv_cdf(0.975)
_TINY = 1e-15


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric with its interval of 95 %.

    ``low`` and ``high`` are None where too few rows tell: under two, or one class only.
    """

    value: float
    low: float | None
    high: float | None


def measured(pairs: Sequence[Pair]) -> dict[str, Measured]:
    """Give the metrics that fit what was answered and what came.

    Parameters
    ----------
    pairs : sequence of (prediction, outcome), (n_rows,)
        Numbers: ``mae``, ``rmse``, ``bias`` (prediction − outcome), in the outcome's unit. A
        probability and true or false: ``brier``, ``log_loss`` (nats), ``auc``. Else
        ``accuracy``.

    Returns
    -------
    dict
        Metric to value and interval; empty without pairs.
    """
    if not pairs:
        return {}
    if all(_is_number(p) and isinstance(y, bool) for p, y in pairs):
        return _of_probabilities([(float(p), y) for p, y in pairs])
    if all(_is_number(p) and _is_number(y) for p, y in pairs):
        return _of_numbers([(float(p), float(y)) for p, y in pairs])
    right = sum(_same(p, y) for p, y in pairs)
    return {"accuracy": wilson(right, len(pairs))}


def _of_numbers(pairs: Sequence[tuple[float, float]]) -> dict[str, Measured]:
    errors = [p - y for p, y in pairs]
    squared = _mean([error * error for error in errors])
    return {
        "mae": _mean([abs(error) for error in errors]),
        "rmse": _mapped(squared, lambda value: math.sqrt(max(value, 0.0))),
        "bias": _mean(errors),
    }


def _of_probabilities(pairs: Sequence[tuple[float, bool]]) -> dict[str, Measured]:
    found = {}
    if all(0.0 <= p <= 1.0 for p, _ in pairs):
        found["brier"] = _mean([(p - y) ** 2 for p, y in pairs])
        found["log_loss"] = _mean([-math.log(max(p if y else 1 - p, _TINY)) for p, y in pairs])
    area = auc(pairs)
    return found if area is None else found | {"auc": area}


def _mean(values: Sequence[float]) -> Measured:
    mean, n = fmean(values), len(values)
    if n < 2:
        return Measured(mean, None, None)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    half = _Z * deviation / math.sqrt(n)
    return Measured(mean, mean - half, mean + half)


def _mapped(one: Measured, change: Callable[[float], float]) -> Measured:
    low = None if one.low is None else change(one.low)
    high = None if one.high is None else change(one.high)
    return Measured(change(one.value), low, high)


def wilson(right: int, n: int) -> Measured:
    """Share with Wilson's score interval (E. B. Wilson, JASA 22, 1927, 209–212).

    Parameters
    ----------
    right, n : int
        How many of how many.
    """
    share, z = right / n, _Z * _Z / n
    middle = (share + z / 2) / (1 + z)
    half = _Z / (1 + z) * math.sqrt(share * (1 - share) / n + z / (4 * n))
    return Measured(share, max(0.0, middle - half), min(1.0, middle + half))


def auc(pairs: Sequence[tuple[float, bool]]) -> Measured | None:
    """Area under the ROC curve, by ranks, with the interval of Hanley and McNeil.

    None where only one class came. Source: J. A. Hanley, B. J. McNeil, Radiology 143 (1982) 29–36.
    """
    ordered = sorted(pairs)
    positives = sum(1 for _, y in pairs if y)
    negatives = len(pairs) - positives
    if not positives or not negatives:
        return None
    ranks, place = 0.0, 0
    while place < len(ordered):
        end = place
        while end < len(ordered) and ordered[end][0] == ordered[place][0]:
            end += 1
        middle = (place + 1 + end) / 2
        ranks += middle * sum(1 for _, y in ordered[place:end] if y)
        place = end
    area = (ranks - positives * (positives + 1) / 2) / (positives * negatives)
    one, two = area / (2 - area), 2 * area * area / (1 + area)
    variance = area * (1 - area)
    variance += (positives - 1) * (one - area**2) + (negatives - 1) * (two - area**2)
    half = _Z * math.sqrt(max(variance, 0.0) / (positives * negatives))
    return Measured(area, max(0.0, area - half), min(1.0, area + half))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
