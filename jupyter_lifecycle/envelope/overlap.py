"""How far two profiles of one input lie apart: in bits, beside what chance alone would show.

The distance is Jensen and Shannon's divergence to base 2 (Lin, 1991, "Divergence measures based on
the Shannon entropy"): 0 where the shares are equal, 1 where they have nothing in common. Its noise
floor is what two samples of one distribution exceed once in twenty, from the chi-squared
approximation of the same divergence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.envelope.expectations import Expectation

Verdict = Literal["moved", "small", "noise", "few", "none"]

LIMIT = 0.1
"""Bits from which on a difference is called moved."""
ENOUGH = 200
"""Values below which nothing is said."""
RESOLUTION = 0.005
"""Bits that reading one profile at the other's edges may cost: shares between edges are linear."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far apart two profiles are.

    ``verdict`` is ``moved`` (over the floor and the limit), ``small`` (over the floor), ``noise``,
    ``few`` (under 200 values) or ``none`` (times, or of two kinds: not compared).
    """

    bits: float
    floor: float
    verdict: Verdict


def overlap(before: Expectation, after: Expectation) -> Overlap:
    """Compare two profiles of one input; nulls are apart, in their share.

    Parameters
    ----------
    before, after : Expectation
        Profiles of numbers, or of categories.
    """
    sizes = [one.rows * (1 - one.null_share) for one in (before, after)]
    shares = _shares(before, after)
    if shares is None:
        return Overlap(0.0, 0.0, "none")
    if min(sizes) < ENOUGH:
        return Overlap(0.0, 0.0, "few")
    bits = _divergence(*shares)
    floor = noise_floor(len(shares[0]), *sizes)
    if before.edges != after.edges and before.edges:
        floor = max(floor, RESOLUTION)
    if bits <= floor:
        return Overlap(bits, floor, "noise")
    return Overlap(bits, floor, "moved" if bits >= LIMIT else "small")


def noise_floor(bins: int, one: float, other: float) -> float:
    """Give the bits that two samples of one distribution exceed once in twenty.

    Parameters
    ----------
    bins : int
        Shares that are compared.
    one, other : float
        Values in each sample.
    """
    freedom = max(bins - 1, 1)
    # Wilson and Hilferty's approximation of the 95 % quantile of chi-squared
    part = 2 / (9 * freedom)
    quantile = freedom * (1 - part + 1.6448536 * math.sqrt(part)) ** 3
    return quantile * (1 / one + 1 / other) / (8 * math.log(2))


def _shares(before: Expectation, after: Expectation) -> tuple[list[float], list[float]] | None:
    if before.edges and after.edges:
        # the outermost bins stay open: between the last edge and the largest value, which is
        # chance, shares are not even, so a bin beyond it would find differences in the tails
        whole = sum(before.counts)
        return [count / whole for count in before.counts], binned(after, before.edges)
    if before.categories and after.categories:
        return _category_shares(before, after)
    return None


def _category_shares(before: Expectation, after: Expectation) -> tuple[list[float], list[float]]:
    names = list(
        dict.fromkeys(str(value) for one in (before, after) for value, _ in one.categories)
    )
    sides = []
    for one in (before, after):
        known: dict[str, float] = {str(value): share for value, share in one.categories}
        present = sum(known.values()) + one.others
        sides.append([*(known.get(name, 0.0) / present for name in names), one.others / present])
    return sides[0], sides[1]


def binned(profile: Expectation, edges: Sequence[float]) -> list[float]:
    """Give the shares of a profile in bins of other edges.

    Parameters
    ----------
    profile : Expectation
        Of numbers.
    edges : sequence of float
        Rising; the bins are ``(−∞, e0]``, ``(e0, e1]``, …, ``(en, ∞)``.
    """
    at = [cumulative(profile, edge) for edge in edges]
    return [high - low for low, high in zip([0.0, *at], [*at, 1.0], strict=True)]


def cumulative(profile: Expectation, value: float) -> float:
    """Give the share of values up to one; between two edges it grows evenly."""
    places, shares = _ends(profile)
    if value < places[0]:
        return 0.0
    for index in range(1, len(places)):
        low, high = places[index - 1], places[index]
        if value < high:
            part = (value - low) / (high - low) if high > low else 1.0
            return shares[index - 1] + part * (shares[index] - shares[index - 1])
    return 1.0


def _ends(profile: Expectation) -> tuple[list[float], list[float]]:
    low, high = (_number(end) for end in (profile.minimum, profile.maximum))
    edges = list(profile.edges)
    whole = sum(profile.counts)
    shares, total = [0.0], 0
    for count in profile.counts:
        total += count
        shares.append(total / whole)
    return [min(low, edges[0]), *edges, max(high, edges[-1])], shares


def _number(end: Any) -> float:
    return float(end) if isinstance(end, int | float) else 0.0


def _divergence(one: Sequence[float], other: Sequence[float]) -> float:
    total = 0.0
    for left, right in zip(one, other, strict=True):
        middle = (left + right) / 2
        for share in (left, right):
            if share > 0:
                total += share / 2 * math.log2(share / middle)
    return max(total, 0.0)


def density(profile: Expectation, places: Sequence[float]) -> list[float]:
    """Give the share of values per unit around each of rising places.

    Parameters
    ----------
    profile : Expectation
        Of numbers.
    places : sequence of float
        Rising, at least two.
    """
    at = [cumulative(profile, place) for place in places]
    slopes = [
        (at[index + 1] - at[index]) / (places[index + 1] - places[index])
        for index in range(len(places) - 1)
    ]
    return [*slopes, slopes[-1]]
