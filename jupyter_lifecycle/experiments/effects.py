"""How much one arm differs from another: estimate, interval and p-value, each with its source."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments.distributions import t_quantile, t_two_sided
from jupyter_lifecycle.experiments.samples import Moments, Sample, moments


@dataclass(frozen=True)
class Effect:
    """What a test found.

    Parameters
    ----------
    estimate : float
        Treatment less control, in the metric's unit.
    relative_estimate : float
        The estimate as a part of control's value; NaN where that is zero.
    interval, relative_interval : (float, float)
        Of level ``1 - alpha``.
    p_value : float
        Two-sided, of no difference.
    n_control, n_treatment : int
        Units.
    method : str
        Like ``Welch``.
    control, treatment : float
        The arms' values; with CUPED those after the adjustment.
    standard_error : float
        Of the estimate.
    relative_standard_error : float
        Of the relative estimate (delta method).
    df : float
        Degrees of freedom of the t distribution; infinite where it is the normal one.
    alpha : float
        The level is ``1 - alpha``.
    """

    estimate: float
    relative_estimate: float
    interval: tuple[float, float]
    relative_interval: tuple[float, float]
    p_value: float
    n_control: int
    n_treatment: int
    method: str
    control: float
    treatment: float
    standard_error: float
    relative_standard_error: float
    df: float
    alpha: float

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form; what is not finite becomes null."""
        plain = asdict(self)
        for name, value in plain.items():
            if isinstance(value, tuple):
                plain[name] = [_finite(part) for part in value]
            elif isinstance(value, float):
                plain[name] = _finite(value)
        return plain


class _Value(NamedTuple):
    """An arm's value, and the variance of one unit's part in it."""

    n: int
    value: float
    variance: float


def welch(control: Sample, treatment: Sample, alpha: float = 0.05) -> Effect:
    """Compare two means whose variances may differ.

    ``t = (m_T - m_C) / sqrt(v_T / n_T + v_C / n_C)``, t-distributed with the degrees of freedom of
    Welch and Satterthwaite. B. L. Welch, "The generalization of 'Student's' problem when several
    different population variances are involved", Biometrika 34 (1947), 28-35. The relative
    interval is the delta method's: A. Deng, U. Knoblich and J. Lu, "Applying the Delta Method in
    Metric Analytics", KDD 2018, section 3.1.

    Parameters
    ----------
    control, treatment : array or Moments
        (n,) numbers, one a unit, or their moments.
    alpha : float
        The interval's level is ``1 - alpha``.

    Returns
    -------
    Effect
        Of the means.

    Raises
    ------
    AnalysisError
        An arm with fewer than two units, values that are not finite, or an ``alpha`` that is none.

    Examples
    --------
    >>> found = welch([1, 2, 3, 4], [3, 4, 5, 7])
    >>> found.estimate, round(found.p_value, 4), [round(end, 3) for end in found.interval]
    (2.25, 0.0837, [-0.417, 4.917])
    """
    one, two = moments(control), moments(treatment)
    return _compared(
        _Value(one.n, one.mean, one.variance),
        _Value(two.n, two.mean, two.variance),
        alpha,
        "Welch",
    )


def ratio(
    control: Sample,
    treatment: Sample,
    control_denominator: Any = None,
    treatment_denominator: Any = None,
    *,
    alpha: float = 0.05,
) -> Effect:
    """Compare two ratios of sums, like clicks per view, where units are what was assigned.

    With ``r = m_y / m_x``, a unit's part of the variance is
    ``(v_y - 2 r c_yx + r² v_x) / m_x²`` (delta method). A. Deng, U. Knoblich and J. Lu, "Applying
    the Delta Method in Metric Analytics", KDD 2018, section 3.2. Degrees of freedom as
    :func:`welch`'s.

    Parameters
    ----------
    control, treatment : array or Moments
        (n,) numerators, one a unit; or moments whose second number is the denominator.
    control_denominator, treatment_denominator : array, optional
        (n,) denominators of the same units.
    alpha : float
        The interval's level is ``1 - alpha``.

    Raises
    ------
    AnalysisError
        Also where an arm's denominator has mean zero.
    """
    one, two = moments(control, control_denominator), moments(treatment, treatment_denominator)
    return _compared(_ratio_value(one), _ratio_value(two), alpha, "delta method")


def _ratio_value(arm: Moments) -> _Value:
    mean, variance, covariance = arm.paired
    if mean == 0:
        raise AnalysisError("A ratio's denominator has mean 0 in an arm: there is no ratio.")
    value = arm.mean / mean
    spread = arm.variance - 2 * value * covariance + value * value * variance
    return _Value(arm.n, value, max(spread, 0.0) / mean**2)


def cuped(
    control: Sample,
    treatment: Sample,
    control_covariate: Any = None,
    treatment_covariate: Any = None,
    *,
    alpha: float = 0.05,
) -> Effect:
    """Compare two means after taking out what a covariate from before the experiment explains.

    ``y - θ (x - mean of x)`` with ``θ = cov(y, x) / var(x)`` over the units of both arms together.
    A. Deng, Y. Xu, R. Kohavi and T. Walker, "Improving the Sensitivity of Online Controlled
    Experiments by Utilizing Pre-Experiment Data", WSDM 2013, sections 3.2 and 4. Then as
    :func:`welch`.

    Parameters
    ----------
    control, treatment : array or Moments
        (n,) numbers, one a unit; or moments whose second number is the covariate.
    control_covariate, treatment_covariate : array, optional
        (n,) covariates of the same units; nothing that the experiment can change.
    alpha : float
        The interval's level is ``1 - alpha``.
    """
    one, two = moments(control, control_covariate), moments(treatment, treatment_covariate)
    slope = theta(one, two)
    centre = _pooled_mean(one, two)
    return _compared(
        _adjusted(one, slope, centre), _adjusted(two, slope, centre), alpha, "CUPED, Welch"
    )


def theta(control: Moments, treatment: Moments) -> float:
    """Give CUPED's slope over both arms' units together; 0 where the covariate is constant."""
    (x_one, vx_one, c_one), (x_two, vx_two, c_two) = control.paired, treatment.paired
    weight = control.n * treatment.n / (control.n + treatment.n)
    between = x_two - x_one
    spread = (control.n - 1) * vx_one + (treatment.n - 1) * vx_two + weight * between**2
    common = (
        (control.n - 1) * c_one
        + (treatment.n - 1) * c_two
        + weight * between * (treatment.mean - control.mean)
    )
    return common / spread if spread > 0 else 0.0


def _pooled_mean(one: Moments, two: Moments) -> float:
    return (one.n * one.paired[0] + two.n * two.paired[0]) / (one.n + two.n)


def _adjusted(arm: Moments, slope: float, centre: float) -> _Value:
    mean, variance, covariance = arm.paired
    spread = arm.variance + slope * slope * variance - 2 * slope * covariance
    return _Value(arm.n, arm.mean - slope * (mean - centre), max(spread, 0.0))


def _compared(control: _Value, treatment: _Value, alpha: float, method: str) -> Effect:
    check_alpha(alpha)
    parts = (control.variance / control.n, treatment.variance / treatment.n)
    error = math.sqrt(sum(parts))
    df = math.inf
    if error > 0:
        shares = [part / sum(parts) for part in parts]
        df = 1 / (shares[0] ** 2 / (control.n - 1) + shares[1] ** 2 / (treatment.n - 1))
    estimate = treatment.value - control.value
    relative, relative_error = _relative(control.value, treatment.value, *parts)
    bare = Effect(
        estimate,
        relative,
        (math.nan, math.nan),
        (math.nan, math.nan),
        math.nan,
        control.n,
        treatment.n,
        method,
        control.value,
        treatment.value,
        error,
        relative_error,
        df,
        alpha,
    )
    return at_level(bare, alpha)


def _relative(
    control: float, treatment: float, control_part: float, treatment_part: float
) -> tuple[float, float]:
    """``treatment / control - 1`` and its standard error, of independent arms."""
    if control == 0:
        return math.nan, math.nan
    ratio_ = treatment / control
    spread = (treatment_part + ratio_ * ratio_ * control_part) / control**2
    return ratio_ - 1, math.sqrt(spread)


def at_level(effect: Effect, alpha: float) -> Effect:
    """Give the fixed-horizon interval of another level, from the same estimate and error."""
    check_alpha(alpha)
    error = effect.standard_error
    width = -t_quantile(alpha / 2, effect.df)
    p_value = t_two_sided(effect.estimate / error, effect.df) if error > 0 else _certain(effect)
    return with_width(effect, width, p_value, alpha)


def with_width(effect: Effect, width: float, p_value: float, alpha: float) -> Effect:
    """Give the effect with intervals ``width`` standard errors to both sides."""
    half, relative_half = width * effect.standard_error, width * effect.relative_standard_error
    middle, relative = effect.estimate, effect.relative_estimate
    return replace(
        effect,
        interval=(middle - half, middle + half),
        relative_interval=(relative - relative_half, relative + relative_half),
        p_value=p_value,
        alpha=alpha,
    )


def _certain(effect: Effect) -> float:
    """Give the p-value where nothing varies: the arms are the same, or they are not."""
    return 1.0 if effect.estimate == 0 else 0.0


def check_alpha(alpha: float) -> None:
    """Refuse an error rate that is none.

    Raises
    ------
    AnalysisError
        It is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise AnalysisError(f"alpha is {alpha!r}: an error rate is between 0 and 1.", alpha=alpha)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
