"""Intervals that hold at every look together, so that looking every day costs nothing more."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments.effects import (
    Effect,
    check_alpha,
    cuped,
    welch,
    with_width,
)
from jupyter_lifecycle.experiments.samples import Sample, moments


def sequential(
    control: Sample,
    treatment: Sample,
    control_covariate: Any = None,
    treatment_covariate: Any = None,
    *,
    alpha: float = 0.05,
    expected_n: float | None = None,
) -> Effect:
    """Compare two means by an interval that may be read at any time, and as often as one likes.

    The asymptotic confidence sequence with Robbins' normal mixture: with ``n`` units and the fixed
    test's standard error ``e``, the half-width is
    ``e sqrt(2 (n ρ² + 1) / (n ρ²) · log(sqrt(n ρ² + 1) / α))``.
    I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas, "Time-uniform central limit
    theory and asymptotic confidence sequences", Annals of Statistics 52 (2024), theorem 2.2
    (https://arxiv.org/abs/2103.06476). ``ρ² = (-2 log α + log(-2 log α + 1)) / expected_n`` makes
    it narrowest about ``expected_n`` (its appendix on the choice of ρ). The p-value is the
    smallest ``α`` whose interval at this ``ρ`` leaves out zero; it holds at every look together
    as well.

    Parameters
    ----------
    control, treatment : array or Moments
        (n,) numbers, one a unit, or their moments. With covariates, here or in the moments,
        CUPED adjusts first.
    control_covariate, treatment_covariate : array, optional
        (n,) covariates of the same units.
    alpha : float
        How often, at most, the interval misses the true effect at any look.
    expected_n : float, optional
        Units of both arms together at the planned end. It must be fixed beforehand: the default,
        all units that are there, is for a single look.

    Returns
    -------
    Effect
        Its method ends in ``sequential``.

    Raises
    ------
    AnalysisError
        As :func:`~.effects.welch`, or ``expected_n`` is not over zero.
    """
    one, two = moments(control, control_covariate), moments(treatment, treatment_covariate)
    paired = one.covariance is not None and two.covariance is not None
    return always_valid((cuped if paired else welch)(one, two, alpha=alpha), expected_n, alpha)


def always_valid(
    effect: Effect, expected_n: float | None, alpha: float, *, tuned_to: float | None = None
) -> Effect:
    """Give any effect whose estimate is a mean of units' parts the interval of :func:`sequential`.

    Parameters
    ----------
    effect : Effect
        Of :func:`~.effects.welch`, :func:`~.effects.ratio`, :func:`~.effects.cuped` or
        :func:`~.quantiles.quantile`.
    expected_n : float or None
        Units of both arms together at the planned end.
    alpha : float
        As in :func:`sequential`.
    tuned_to : float, optional
        The ``alpha`` that ``ρ`` is chosen for, where intervals of several levels are wanted of one
        sequence.
    """
    check_alpha(alpha)
    n = effect.n_control + effect.n_treatment
    growth = n * mixture(tuned_to or alpha, n if expected_n is None else expected_n)
    width = math.sqrt(2 * (growth + 1) / growth * math.log(math.sqrt(growth + 1) / alpha))
    named = replace(effect, method=f"{effect.method}, sequential")
    return with_width(named, width, _p_value(effect, growth), alpha)


def mixture(alpha: float, expected_n: float) -> float:
    """Give ``ρ²`` for which the sequence is narrowest about ``expected_n``.

    Raises
    ------
    AnalysisError
        ``expected_n`` is not over zero.
    """
    if not expected_n > 0:
        raise AnalysisError(
            f"expected_n is {expected_n!r}: it is the number of units at the planned end.",
            expected_n=expected_n,
        )
    doubled = -2 * math.log(alpha)
    return (doubled + math.log(doubled + 1)) / expected_n


def _p_value(effect: Effect, growth: float) -> float:
    if effect.standard_error == 0:
        return effect.p_value
    square = (effect.estimate / effect.standard_error) ** 2
    evidence = 0.5 * square * growth / (growth + 1) - 0.5 * math.log(growth + 1)
    return min(1.0, math.exp(-min(evidence, 700.0)))
