"""The chi-squared distribution without scipy: its tail, and where the tail has some area."""

from __future__ import annotations

import math

_TINY = 1e-300
_ENOUGH = 1e-15
_ROUNDS = 10_000


def survival(statistic: float, dof: int) -> float:
    """Probability that a chi-squared variable exceeds a value.

    The regularised upper incomplete gamma function ``Q(dof/2, statistic/2)``: by its series below
    ``a + 1``, by its continued fraction above (Abramowitz and Stegun, 1964, 6.5.29 and 6.5.31).

    Parameters
    ----------
    statistic : float
        Not negative.
    dof : int
        Degrees of freedom; with 0 the answer is 1.
    """
    if dof <= 0 or statistic <= 0:
        return 1.0
    if math.isinf(statistic):
        return 0.0
    a, x = dof / 2, statistic / 2
    front = a * math.log(x) - x - math.lgamma(a)
    if x < a + 1:
        return max(0.0, 1.0 - _series(a, x) * math.exp(front))
    return min(1.0, math.exp(front) * _fraction(a, x))


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    for step in range(1, _ROUNDS):
        term *= x / (a + step)
        total += term
        if term < total * _ENOUGH:
            break
    return total


def _fraction(a: float, x: float) -> float:
    """Lentz's evaluation (1976) of the continued fraction."""
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    value = d
    for step in range(1, _ROUNDS):
        factor = -step * (step - a)
        b += 2
        d = 1 / ((factor * d + b) or _TINY)
        c = (b + factor / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < _ENOUGH:
            break
    return value


def quantile(dof: int, tail: float) -> float:
    """Value that a chi-squared variable exceeds with a probability.

    From Wilson and Hilferty's approximation (1931) by bisection.

    Parameters
    ----------
    dof : int
        Degrees of freedom, at least 1.
    tail : float
        Probability above the value, between 0 and 1.
    """
    low, high = 0.0, max(1.0, float(dof))
    while survival(high, dof) > tail:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        if survival(middle, dof) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2
