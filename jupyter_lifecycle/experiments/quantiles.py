"""How much a quantile differs: the tail of a latency, the median of an amount."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments.distributions import normal_quantile
from jupyter_lifecycle.experiments.effects import Effect, at_level, check_alpha
from jupyter_lifecycle.experiments.samples import numbers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def quantile(control: Any, treatment: Any, q: float, alpha: float = 0.05) -> Effect:
    """Compare a quantile of the units' values.

    The standard error of an arm's quantile is read from its own order statistics: the distance
    between those at ``q ± z sqrt(q (1 - q) / n)``, by ``2 z``. A. Deng, U. Knoblich and J. Lu,
    "Applying the Delta Method in Metric Analytics", KDD 2018, section 4; the ranks as in
    W. J. Conover, Practical Nonparametric Statistics, 3rd edition (1999), section 3.2.

    Parameters
    ----------
    control, treatment : array
        (n,) numbers, one a unit: what was assigned must be what is counted.
    q : float
        Between 0 and 1: 0.95 for the 95th percentile.
    alpha : float
        The interval's level is ``1 - alpha``.

    Raises
    ------
    AnalysisError
        Too few units for the quantile, or values that are not finite.
    """
    arms = [quantile_and_error(numbers(arm).copy(), q) for arm in (control, treatment)]
    return compare_quantiles(arms[0], arms[1], q, alpha)


Part = tuple[int, float, float]
"""Units, quantile, standard error."""


def quantile_and_error(values: npt.NDArray[np.float64], q: float) -> Part:
    """Give an arm's quantile and its standard error; ``values`` are put into another order.

    Raises
    ------
    AnalysisError
        Too few units for the quantile.
    """
    if not 0 < q < 1:
        raise AnalysisError(f"q is {q!r}: a quantile is between 0 and 1.", q=q)
    n = len(values)
    z = -normal_quantile(0.025)
    half = z * math.sqrt(n * q * (1 - q))
    low, high = math.floor(n * q - half), math.ceil(n * q + half)
    if low < 0 or high > n - 1:
        raise AnalysisError(
            f"An arm has {n:,} units: too few for the {q:g} quantile and its interval.", n=n, q=q
        )
    at = (n - 1) * q
    below = math.floor(at)
    above = min(below + 1, n - 1)
    values.partition(sorted({low, below, above, high}))
    found = values[below] + (at - below) * (values[above] - values[below])
    return n, float(found), float(values[high] - values[low]) / (2 * z)


def compare_quantiles(control: Part, treatment: Part, q: float, alpha: float) -> Effect:
    """Compare quantiles that were found already."""
    check_alpha(alpha)
    (n_one, one, error_one), (n_two, two, error_two) = control, treatment
    relative, relative_error = math.nan, math.nan
    if one != 0:
        relative = two / one - 1
        relative_error = math.hypot(error_two, two / one * error_one) / abs(one)
    none = (math.nan, math.nan)
    error = math.hypot(error_one, error_two)
    bare = Effect(
        two - one, relative, none, none, math.nan, n_one, n_two, f"{q:g} quantile", one, two, error,
        relative_error, math.inf, alpha,
    )  # fmt: skip
    return at_level(bare, alpha)
