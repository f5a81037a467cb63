"""The few distributions that tests and intervals need, to ten digits, in plain Python.

SciPy has them too, but it is 100 MB that a registry or a service has no other use for; the tests
hold these against it. Continued fractions and series: W. H. Press et al., Numerical Recipes,
3rd edition (2007), sections 6.2 and 6.4.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_STANDARD = NormalDist()
_TINY = 1e-300
_CLOSE = 1e-16
_STEPS = 100_000


def normal_cdf(x: float) -> float:
    """Give the probability that a standard normal value is at most ``x``."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def normal_quantile(p: float) -> float:
    """Give the value that a standard normal one is below with probability ``p``."""
    return _STANDARD.inv_cdf(p)


def t_cdf(x: float, df: float) -> float:
    """Give the probability that a value of Student's t is at most ``x``."""
    tail = 0.5 * t_two_sided(x, df)
    return tail if x < 0 else 1 - tail


def t_two_sided(x: float, df: float) -> float:
    """Give the probability that Student's t is at least as far from 0 as ``x``.

    From a million degrees of freedom on by R. A. Fisher's expansion about the normal distribution
    (Metron 5 (1925), 109-112): the fraction would take thousands of steps.
    """
    x = abs(x)
    square = x * x
    if math.isinf(square):
        return 0.0
    if df > 1e6:
        first = x * (square + 1) / (4 * df)
        second = x * (((3 * square - 7) * square - 5) * square - 3) / (96 * df * df)
        density = math.exp(-square / 2) / math.sqrt(2 * math.pi)
        return math.erfc(x / math.sqrt(2)) + 2 * density * (first + second)
    return beta_part(df / 2, 0.5, df / (df + square), square / (df + square))


def t_quantile(p: float, df: float) -> float:
    """Give the value that Student's t is below with probability ``p``, 0 < p < 1.

    From the normal quantile by the first terms of their difference (Abramowitz and Stegun,
    Handbook of Mathematical Functions, 26.7.5), then by Newton's steps; where these do not settle,
    as with a few degrees of freedom, by halving.
    """
    if p == 0.5:
        return 0.0
    if p > 0.5:
        return -t_quantile(1 - p, df)
    if math.isinf(df):
        return normal_quantile(p)
    z = normal_quantile(p)
    square = z * z
    x = z + z * (square + 1) / (4 * df) + z * ((5 * square + 16) * square + 3) / (96 * df * df)
    front = -log_beta(df / 2, 0.5) - 0.5 * math.log(df)
    for _ in range(8):
        density = math.exp(front - 0.5 * (df + 1) * math.log1p(x * x / df))
        step = (t_cdf(x, df) - p) / density if density > 0 else math.inf
        if not x - step < 0:
            break
        x -= step
        if abs(step) <= 1e-8 * abs(x):  # the next one would be its square
            return x
    low = -1.0
    while t_cdf(low, df) > p:
        low *= 2
    return _root(lambda x: t_cdf(x, df) - p, low, 0.0)


def chi2_sf(x: float, df: float) -> float:
    """Give the probability that a chi-square value is over ``x``."""
    return 1.0 if x <= 0 else gamma_rest(df / 2, x / 2)


def beta_part(a: float, b: float, x: float, rest: float) -> float:
    """Give the regularised incomplete beta function at ``x``; ``rest`` is ``1 - x`` unrounded."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    log_x = math.log1p(-rest) if rest < 0.5 else math.log(x)
    log_rest = math.log1p(-x) if x < 0.5 else math.log(rest)
    front = math.exp(a * log_x + b * log_rest - log_beta(a, b))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, rest) / b


def log_beta(a: float, b: float) -> float:
    """Give the logarithm of the beta function; exact to ten digits where one argument is large."""
    small, large = sorted((a, b))
    if large < 100:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return math.lgamma(small) - _log_gamma_rise(large, small)


def _log_gamma_rise(x: float, step: float) -> float:
    """Give ``lgamma(x + step) - lgamma(x)`` for large ``x``, without their cancellation.

    Stirling's series: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.1.41.
    """

    def correction(y: float) -> float:
        return 1 / (12 * y) - 1 / (360 * y**3) + 1 / (1260 * y**5)

    far = x + step
    leading = (x - 0.5) * math.log1p(step / x) + step * math.log(far) - step
    return leading + correction(far) - correction(x)


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Lentz's evaluation of the continued fraction of the incomplete beta function."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    found = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + term * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + term / c
            c = c if abs(c) > _TINY else _TINY
            found *= c * d
        if abs(c * d - 1) < 4 * _CLOSE:
            break
    return found


def gamma_rest(a: float, x: float) -> float:
    """Give the regularised upper incomplete gamma function."""
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        step = a
        while abs(term) > abs(total) * _CLOSE:
            step += 1
            term *= x / step
            total += term
        return 1 - front * total
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    found = d
    for i in range(1, _STEPS):
        term = -i * (i - a)
        b += 2
        d = term * d + b
        d = 1 / (d if abs(d) > _TINY else _TINY)
        c = b + term / c
        c = c if abs(c) > _TINY else _TINY
        found *= c * d
        if abs(c * d - 1) < 4 * _CLOSE:
            break
    return front * found


def t_power(shift: float, df: float, critical: float) -> float:
    """Give the probability that a noncentral t is at least ``critical`` away from 0.

    ``t = (z + shift) / s`` with ``s² = χ²(df) / df``: the normal tails are averaged over ``s`` by
    Simpson's rule (D. B. Owen, "A survey of properties and applications of the noncentral
    t-distribution", Technometrics 10 (1968), equation 4.1, before the integration by parts).
    """
    if df > 1e9:
        return normal_cdf(shift - critical) + normal_cdf(-shift - critical)
    spread = 10 / math.sqrt(2 * df)
    low, high = max(1e-12, 1 - spread), 1 + spread
    points = 2_000
    width = (high - low) / points
    total = weights = 0.0
    for i in range(points + 1):
        s = low + i * width
        weight = (1 if i in {0, points} else 4 if i % 2 else 2) * math.exp(
            (df - 1) * math.log(s) - 0.5 * df * (s * s - 1)
        )
        bound = critical * s
        total += weight * (normal_cdf(shift - bound) + normal_cdf(-shift - bound))
        weights += weight
    return total / weights


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Find where a rising function crosses zero: secant steps, halving where they do not help."""
    at_low, at_high = function(low), function(high)
    for _ in range(200):
        middle = low - at_low * (high - low) / (at_high - at_low) if at_high != at_low else low
        inside = low + 0.01 * (high - low) < middle < high - 0.01 * (high - low)
        middle = middle if inside else 0.5 * (low + high)
        value = function(middle)
        if value == 0 or abs(high - low) <= 4 * _CLOSE * max(abs(low), abs(high)):
            return middle
        if value < 0:
            low, at_low, at_high = middle, value, at_high / 2
        else:
            high, at_high, at_low = middle, value, at_low / 2
    return 0.5 * (low + high)
