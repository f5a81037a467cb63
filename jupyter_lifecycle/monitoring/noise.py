"""What chance alone would show: the bias, the spread and the noise floor of a distance in bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from jupyter_lifecycle.monitoring.chi_squared import quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

_TAIL = 0.05
_TWO_SIDED = 1.959963984540054
_LN2 = math.log(2)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A distance in bits, estimated from two samples.

    Parameters
    ----------
    bits : float
        Corrected for its bias, 0 to 1.
    low, high : float
        Interval of 95 %, where the distance is not near 0; near 0 the floor says more.
    """

    bits: float
    low: float
    high: float


def estimate(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """Estimate the Jensen–Shannon divergence of the distributions behind two samples.

    What is counted from samples lies too far apart, the more cells the further. The divergence is
    ``H(m) − (H(p) + H(q)) / 2``; each entropy's bias is known to the first order (Miller, 1955,
    "Note on the bias of information estimates"; for the mixture by the delta method), and is taken
    off. Where both are the same it amounts to ``(cells − 1) (1/n + 1/m) / (8 ln 2)``, where they
    have nothing in common to 0. The interval is that of the delta method.

    Parameters
    ----------
    one, other : sequence of float, (n_cells,)
        Counts in the same cells, both with some.
    """
    n, m = math.fsum(one), math.fsum(other)
    bias, used_p, used_q = 0.0, 0, 0
    mean_p = mean_q = square_p = square_q = 0.0
    for count, other_count in zip(one, other, strict=True):
        p, q = count / n, other_count / m
        middle = (p + q) / 2
        if middle == 0:
            continue
        bias -= (p * (1 - p) / n + q * (1 - q) / m) / (4 * middle)
        # the divergence's slope along a share is half of the logarithm in its own sum
        if p > 0:
            used_p += 1
            slope = math.log2(p / middle) / 2
            mean_p += p * slope
            square_p += p * slope * slope
        if q > 0:
            used_q += 1
            slope = math.log2(q / middle) / 2
            mean_q += q * slope
            square_q += q * slope * slope
    bias += ((used_p - 1) / n + (used_q - 1) / m) / 2
    bits = min(max(mean_p + mean_q - bias / (2 * _LN2), 0.0), 1.0)
    variance = max(square_p - mean_p**2, 0.0) / n + max(square_q - mean_q**2, 0.0) / m
    reach = _TWO_SIDED * math.sqrt(variance)
    return Estimate(bits, max(bits - reach, 0.0), min(bits + reach, 1.0))


def noise_floor(dof: int, n: float, m: float) -> float:
    """Give the bits that two samples of one distribution exceed once in twenty.

    ``χ²₀.₉₅(dof) (1/n + 1/m) / (8 ln 2)``: near 0 the divergence of two samples is a multiple of
    Pearson's statistic.

    Parameters
    ----------
    dof : int
        Cells, less one.
    n, m : float
        Rows in each sample.
    """
    return _quantile(dof) * (1 / n + 1 / m) / (8 * _LN2) if dof > 0 else 0.0


@lru_cache(maxsize=2048)
def _quantile(dof: int) -> float:
    return quantile(dof, _TAIL)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Give the q-value of each p-value: the share of false alarms if it and all below are called.

    ``q₍ᵢ₎ = min over j ≥ i of p₍ⱼ₎ k / j`` of k p-values in rising order (Benjamini and Hochberg,
    1995, "Controlling the false discovery rate").

    Parameters
    ----------
    p_values : sequence of float
        Any order.

    Returns
    -------
    list of float
        In the same order.

    Examples
    --------
    >>> benjamini_hochberg([0.04, 0.01, 0.5])
    [0.06, 0.03, 0.5]
    """
    number = len(p_values)
    answer = [1.0] * number
    least = 1.0
    rising = sorted(range(number), key=lambda place: p_values[place])
    for rank in range(number, 0, -1):
        place = rising[rank - 1]
        least = min(least, p_values[place] * number / rank)
        answer[place] = least
    return answer
