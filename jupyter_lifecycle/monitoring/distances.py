"""How far two distributions lie apart, each distance with its definition and its source.

Both sides are a :class:`~jupyter_lifecycle.monitoring.histogram.Histogram`, a mapping of category
to count, or counts of the same cells in a fixed order; counts or shares. What holds for all: an
empty side is an error, two empty mappings are at distance 0, and atoms (missing, NaN, ±∞, single
values) are cells of their own that stand on both sides.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from jupyter_lifecycle.monitoring.alignment import aligned
from jupyter_lifecycle.monitoring.chi_squared import survival
from jupyter_lifecycle.monitoring.pooling import pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.monitoring.alignment import Distribution

_NO_SHARE = 1e-4
_EXPECTED = 5.0


def jensen_shannon(p: Distribution, q: Distribution) -> float:
    """Jensen and Shannon's divergence in bits.

    ``(Σ pᵢ log₂(pᵢ/mᵢ) + Σ qᵢ log₂(qᵢ/mᵢ)) / 2`` with ``m = (p + q) / 2``: 0 where the shares are
    equal, 1 where they have nothing in common. Histograms are cut at the union of their edges, with
    the mass uniform within a bin.

    Parameters
    ----------
    p, q : Histogram, Mapping or sequence of counts
        Both of one form.

    Returns
    -------
    float
        Bits, 0 to 1; the divergence, not its square root.

    Raises
    ------
    DistanceError
        Where a side is empty or the forms differ.

    Notes
    -----
    As defined by Lin (1991), "Divergence measures based on the Shannon entropy", and as TensorFlow
    Data Validation counts it, but for one thing: there NaN, and bins that are open, differ from
    themselves, so that two equal histograms of NaN are at distance 1. Here a steady share of NaN is
    no move.

    Examples
    --------
    >>> jensen_shannon({"a": 1, "b": 1}, {"b": 1, "c": 1})
    0.5
    """
    cells = aligned(p, q)
    return 0.0 if cells is None else bits_between(*cells.shares())


def bits_between(one: Sequence[float], other: Sequence[float]) -> float:
    """Give the Jensen–Shannon divergence of shares of the same cells, in bits."""
    total = 0.0
    for left, right in zip(one, other, strict=True):
        middle = (left + right) / 2
        if left > 0:
            total += left * math.log2(left / middle)
        if right > 0:
            total += right * math.log2(right / middle)
    return min(max(total / 2, 0.0), 1.0)


def l_infinity(p: Distribution, q: Distribution) -> float:
    """Largest difference of the shares of one cell (Chebyshev's distance).

    ``max |pᵢ − qᵢ|`` of shares, 0 to 1; what TensorFlow Data Validation calls the L∞ norm.

    Parameters
    ----------
    p, q : Histogram, Mapping or sequence of counts
        Both of one form.

    Raises
    ------
    DistanceError
        Where a side is empty or the forms differ.
    """
    cells = aligned(p, q)
    return 0.0 if cells is None else _largest(*cells.shares())


def _largest(one: Sequence[float], other: Sequence[float]) -> float:
    return max(abs(left - right) for left, right in zip(one, other, strict=True))


def normalized_abs_difference(p: Distribution, q: Distribution) -> float:
    """Largest difference of the counts of one cell, as a share of both sides' counts together.

    ``max |aᵢ − bᵢ| / (Σ a + Σ b)`` of counts, so that volumes count: twice as many rows with the
    same shares are at a distance. As TensorFlow Data Validation defines it.

    Parameters
    ----------
    p, q : Histogram, Mapping or sequence of counts
        Both of one form.

    Raises
    ------
    DistanceError
        Where a side is empty or the forms differ.
    """
    cells = aligned(p, q)
    if cells is None:
        return 0.0
    return _largest(cells.one, cells.other) / math.fsum(cells.totals)


def psi(p: Distribution, q: Distribution, *, no_share: float = _NO_SHARE) -> float:
    """Give the population stability index, in nats.

    ``Σ (qᵢ − pᵢ) ln(qᵢ / pᵢ)``, the symmetric divergence of Kullback and Leibler (1951, Jeffreys'
    divergence). It has no upper bound. Credit scoring reads under 0.1 as stable and over 0.25 as
    moved (Siddiqi, 2006, "Credit risk scorecards").

    Parameters
    ----------
    p, q : Histogram, Mapping or sequence of counts
        Both of one form.
    no_share : float
        Share that stands for 0 where one side has nothing in a cell, which would make the index
        infinite; 0 leaves it infinite.

    Raises
    ------
    DistanceError
        Where a side is empty or the forms differ.
    """
    cells = aligned(p, q)
    return 0.0 if cells is None else psi_of(*cells.shares(), no_share)


def psi_of(one: Sequence[float], other: Sequence[float], no_share: float = _NO_SHARE) -> float:
    """Give the population stability index of shares of the same cells."""
    total = 0.0
    for left, right in zip(one, other, strict=True):
        if left == right:
            continue
        low, high = max(left, no_share), max(right, no_share)
        if low == 0 or high == 0:
            return math.inf
        total += (high - low) * math.log(high / low)
    return total


def hellinger(p: Distribution, q: Distribution) -> float:
    """Hellinger's distance.

    ``√(Σ (√pᵢ − √qᵢ)² / 2)``, 0 to 1 (Hellinger, 1909; Le Cam and Yang, 2000).

    Parameters
    ----------
    p, q : Histogram, Mapping or sequence of counts
        Both of one form.

    Raises
    ------
    DistanceError
        Where a side is empty or the forms differ.
    """
    cells = aligned(p, q)
    return 0.0 if cells is None else hellinger_of(*cells.shares())


def hellinger_of(one: Sequence[float], other: Sequence[float]) -> float:
    """Give Hellinger's distance of shares of the same cells."""
    total = 0.0
    for left, right in zip(one, other, strict=True):
        step = math.sqrt(left) - math.sqrt(right)
        total += step * step
    return min(math.sqrt(total / 2), 1.0)


class ChiSquare(NamedTuple):
    """Pearson's test that two samples are of one distribution."""

    statistic: float
    dof: int
    """Degrees of freedom: cells after pooling, less one."""
    p_value: float


def chi_square(p: Distribution, q: Distribution, *, expected: float = _EXPECTED) -> ChiSquare:
    """Pearson's chi-squared test that two samples come from one distribution.

    ``Σ (observed − expected)² / expected`` over both rows of the table of counts, where a cell's
    expected count is its column's sum by the share of the row; no continuity correction. Cells that
    expect fewer than five in either sample are pooled first (Cochran, 1954, "Some methods for
    strengthening the common χ² tests").

    Parameters
    ----------
    p, q : Histogram, Mapping or sequence of counts
        Both of one form; counts, since shares know no sample sizes.
    expected : float
        Least expected count of a cell that stands by itself; 0 pools nothing.

    Returns
    -------
    ChiSquare
        ``statistic``, ``dof`` and ``p_value``; one cell alone gives ``(0, 0, 1)``.

    Raises
    ------
    DistanceError
        Where a side is empty or the forms differ.
    """
    cells = aligned(p, q)
    if cells is None:
        return ChiSquare(0.0, 0, 1.0)
    return homogeneity(*pooled(cells.one, cells.other, expected))


def homogeneity(one: Sequence[float], other: Sequence[float]) -> ChiSquare:
    """Give Pearson's test of two rows of counts in the same cells, as they are."""
    n, m = math.fsum(one), math.fsum(other)
    statistic, used = 0.0, 0
    for left, right in zip(one, other, strict=True):
        both = left + right
        if both > 0:
            used += 1
            # both rows' (observed − expected)² / expected, added up
            statistic += (left * m - right * n) ** 2 / (n * m * both)
    freedom = max(used - 1, 0)
    return ChiSquare(statistic, freedom, survival(statistic, freedom))
