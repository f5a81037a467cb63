"""Counts, means and variances of a sample: all that tests of means need of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import AnalysisError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Moments:
    """Of one number of each unit of an arm, or of two.

    Parameters
    ----------
    n : int
        How many units.
    mean, variance : float
        Of the number itself; the variance divides by ``n - 1``.
    other_mean, other_variance, covariance : float, optional
        Of the second one: a covariate from before, or a ratio's denominator.

    Raises
    ------
    AnalysisError
        Fewer than two units, numbers that are not finite, or variances under zero.
    """

    n: int
    mean: float
    variance: float
    other_mean: float | None = None
    other_variance: float | None = None
    covariance: float | None = None

    def __post_init__(self) -> None:
        if self.n < 2:
            raise AnalysisError(
                f"An arm has {self.n} unit{'' if self.n == 1 else 's'}: a variance needs two.",
                n=self.n,
            )
        seconds = (self.other_mean, self.other_variance, self.covariance)
        if any(part is None for part in seconds) and any(part is not None for part in seconds):
            raise AnalysisError(
                "Moments of a second number are its mean, its variance and the covariance with the"
                " first: give all three."
            )
        numbers = [self.mean, self.variance, *(part for part in seconds if part is not None)]
        if not all(math.isfinite(part) for part in numbers):
            raise AnalysisError(f"Moments must be finite numbers, but these are {numbers}.")
        if self.variance < 0 or (self.other_variance or 0) < 0:
            raise AnalysisError(f"A variance cannot be under zero: {numbers}.")

    @property
    def paired(self) -> tuple[float, float, float]:
        """The second number's mean and variance, and the covariance.

        Raises
        ------
        AnalysisError
            There is no second number.
        """
        if self.other_mean is None or self.other_variance is None or self.covariance is None:
            raise AnalysisError(
                "A covariate or a denominator is needed here: give its values beside the arm's, or"
                " moments with other_mean, other_variance and covariance."
            )
        return self.other_mean, self.other_variance, self.covariance


Sample = Any
"""Numbers, one a unit (array, Series, list), or :class:`Moments`, or a mapping of its parts.

Where each unit has two numbers, a tuple of two arrays is both.
"""


def moments(sample: Sample, other: Any = None) -> Moments:
    """Give the moments of a sample, or of two numbers of each of its units.

    Parameters
    ----------
    sample : array, Moments or mapping
        (n,) numbers, one a unit; or their moments, then ``other`` must not be given.
    other : array, optional
        (n,) the second number of the same units.

    Raises
    ------
    AnalysisError
        Values that are missing or not finite, lengths that differ, or fewer than two units.
    """
    if isinstance(sample, Mapping):
        try:
            sample = Moments(**sample)
        except TypeError as error:
            raise AnalysisError(
                "Moments have n, mean, variance and, of a second number, other_mean,"
                " other_variance"
                f" and covariance; given were {', '.join(map(str, sample))}."
            ) from error
    if isinstance(sample, Moments):
        if other is not None:
            raise AnalysisError("Moments hold their second number themselves: give no array of it.")
        return sample
    if other is None and _is_pair(sample):
        sample, other = sample
    values = numbers(sample)
    if other is None:
        return Moments(len(values), float(values.mean()) if len(values) else 0.0, _variance(values))
    seconds = numbers(other)
    if len(seconds) != len(values):
        raise AnalysisError(
            f"An arm has {len(values):,} values and {len(seconds):,} second ones: there must be"
            " one of"
            " each a unit."
        )
    if len(values) < 2:
        return Moments(len(values), 0.0, 0.0)
    first, second = values - values.mean(), seconds - seconds.mean()
    return Moments(
        len(values),
        float(values.mean()),
        _variance(values),
        float(seconds.mean()),
        _variance(seconds),
        float(first @ second) / (len(values) - 1),
    )


def numbers(sample: Any) -> npt.NDArray[np.float64]:
    """Give a sample's values as (n,) finite floats.

    Raises
    ------
    AnalysisError
        Something is missing, not finite or no number.
    """
    import numpy as np

    try:
        values = np.asarray(sample, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise AnalysisError(f"An arm's values must be numbers: {error}.") from error
    if values.ndim != 1:
        raise AnalysisError(f"An arm's values are one number a unit, not of shape {values.shape}.")
    odd = np.flatnonzero(~np.isfinite(values))
    if len(odd):
        raise AnalysisError(
            f"Value {odd[0]} of an arm is {values[odd[0]]}; {len(odd):,} of {len(values):,} are not"
            " finite. Leave them out, or say what they stand for, before the test."
        )
    return values


def _is_pair(sample: Any) -> bool:
    return (
        isinstance(sample, tuple)
        and len(sample) == 2
        and all(hasattr(part, "__len__") and not isinstance(part, str) for part in sample)
    )


def _variance(values: npt.NDArray[np.float64]) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0
