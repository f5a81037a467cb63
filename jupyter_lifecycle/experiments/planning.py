"""How many units an experiment needs, and what it can see with those that come."""

from __future__ import annotations

import math

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments.distributions import (
    normal_cdf,
    normal_quantile,
    t_power,
    t_quantile,
)
from jupyter_lifecycle.experiments.effects import check_alpha
from jupyter_lifecycle.experiments.sequences import mixture


def power(
    effect: float,
    sd: float,
    n_control: float,
    n_treatment: float | None = None,
    *,
    alpha: float = 0.05,
    sequential: bool = False,
) -> float:
    """Give the chance to see an effect.

    Of the t test by the noncentral t distribution (J. Cohen, Statistical Power Analysis for the
    Behavioral Sciences, 2nd edition (1988), chapter 2). Of the sequential interval the chance
    that it leaves out zero at the planned end itself, which is a lower bound of the chance that it
    does so at any look.

    Parameters
    ----------
    effect : float
        The difference of the means, in the metric's unit.
    sd : float
        Standard deviation of a unit's value, after the adjustment where there is one.
    n_control, n_treatment : float
        Units of the arms; the second is as the first by default.
    alpha : float
        The interval's level is ``1 - alpha``.
    sequential : bool
        Whether the interval is the sequential one, tuned to these units.

    Examples
    --------
    >>> round(power(1, 1, 20), 4)
    0.869
    """
    n_two = n_control if n_treatment is None else n_treatment
    _check(sd=sd, n=min(n_control, n_two) - 1)
    check_alpha(alpha)
    shift = abs(effect) / (sd * math.sqrt(1 / n_control + 1 / n_two))
    if sequential:
        width = _sequential_width(alpha)
        return normal_cdf(shift - width) + normal_cdf(-shift - width)
    df = n_control + n_two - 2
    return t_power(shift, df, -t_quantile(alpha / 2, df))


def sample_size(
    effect: float,
    sd: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    share: float = 0.5,
    sequential: bool = False,
) -> int:
    """Give how many units both arms together need.

    Parameters
    ----------
    effect : float
        The smallest difference of the means that matters, in the metric's unit.
    sd : float
        Standard deviation of a unit's value, after the adjustment where there is one.
    power : float
        The chance to see it.
    alpha : float
        The interval's level is ``1 - alpha``.
    share : float
        Treatment's part of the units.
    sequential : bool
        Whether the interval is the sequential one, tuned to these units.

    Returns
    -------
    int
        The fewest units, of both arms together, with that power.

    Examples
    --------
    >>> sample_size(1, 1, power=0.9)  # 22.02 of each arm, as R's power.t.test says
    45
    """
    _check(effect=abs(effect), sd=sd, power=power, rest=1 - power, share=share, other=1 - share)
    check_alpha(alpha)
    width = _sequential_width(alpha) if sequential else -normal_quantile(alpha / 2)
    bare = (width + normal_quantile(power)) ** 2 * sd**2 / effect**2 / (share * (1 - share))
    n = max(math.ceil(bare), math.ceil(2 / min(share, 1 - share)))
    while _power(effect, sd, n, share, alpha, sequential) < power:
        n += max(1, n // 100_000)
    while _power(effect, sd, n - 1, share, alpha, sequential) >= power:
        n -= 1
    return n


def detectable(
    n: float,
    sd: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    share: float = 0.5,
    sequential: bool = False,
) -> float:
    """Give the smallest effect that ``n`` units of both arms together see with that power.

    Parameters
    ----------
    n : float
        Units of both arms together.
    sd, power, alpha, share, sequential
        As in :func:`sample_size`.

    Returns
    -------
    float
        In the metric's unit.
    """
    _check(sd=sd, power=power, rest=1 - power, share=share, other=1 - share)
    _check(n=min(n * share, n * (1 - share)) - 1)
    low, high = 0.0, sd
    while _power(high, sd, n, share, alpha, sequential) < power:
        low, high = high, 2 * high
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _power(middle, sd, n, share, alpha, sequential) < power:
            low = middle
        else:
            high = middle
    return high


def _power(
    effect: float, sd: float, n: float, share: float, alpha: float, sequential: bool
) -> float:
    arms = n * (1 - share), n * share
    if min(arms) <= 1:
        return 0.0
    return power(effect, sd, *arms, alpha=alpha, sequential=sequential)


def _sequential_width(alpha: float) -> float:
    """Give the sequential interval's half-width at the planned end, in standard errors."""
    growth = mixture(alpha, 1)
    return math.sqrt(2 * (growth + 1) / growth * math.log(math.sqrt(growth + 1) / alpha))


def _check(**parts: float) -> None:
    for name, value in parts.items():
        if not value > 0:
            raise AnalysisError(
                "A plan needs an effect and a deviation that are not 0, power and share between"
                " 0 and"
                f" 1, and two units an arm: {name} is {value!r}.",
                field=name,
            )
