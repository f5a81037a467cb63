"""Whether a column moved: an effect, what chance would show, and how often we are wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from jupyter_lifecycle.errors import MonitoringError
from jupyter_lifecycle.monitoring.distances import hellinger_of, homogeneity, psi_of
from jupyter_lifecycle.monitoring.facing import RESOLUTION, faced, histogram_of
from jupyter_lifecycle.monitoring.noise import benjamini_hochberg, estimate, noise_floor
from jupyter_lifecycle.monitoring.ordered import on_the_line
from jupyter_lifecycle.monitoring.pooling import pooled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.monitoring.facing import Faced
    from jupyter_lifecycle.monitoring.profiles import ColumnProfile

Verdict = Literal["moved", "small", "noise", "few", "none"]
VERDICT_WORDS: dict[Verdict, str] = {
    "moved": "moved",
    "small": "small",
    "noise": "within noise",
    "few": "not enough data",
    "none": "not compared",
}
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}($|[T ]\d)")
_EXPECTED = 5.0
"""Rows that a cell of the test expects at least (Cochran, 1954)."""
_SEEN = 1.0
"""Rows that a cell of the effect expects at least: pooled at five, a shift among a thousand
categories in 5,000 rows would lose half of its bits; at one the bias's correction still holds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a column is called moved.

    Parameters
    ----------
    bits : float
        Jensen–Shannon divergence.
    l_infinity : float
        Difference of the shares of one bin or category; either of the two is enough.
    false_discovery : float
        Share of false alarms among what is called, over all columns of a report.
    rows : int
        Rows of either side under which nothing is said.
    by_feature : Mapping
        Name to bits, where a column has a limit of its own.

    Raises
    ------
    MonitoringError
        Where one is not in its range.
    """

    bits: float = 0.1
    l_infinity: float = 0.1
    false_discovery: float = 0.05
    rows: int = 200
    by_feature: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shares = {"bits": self.bits, "l_infinity": self.l_infinity, **self.by_feature}
        shares["false_discovery"] = self.false_discovery
        for name, value in shares.items():
            if not 0 <= value <= 1:
                raise MonitoringError(f"The limit {name} lies between 0 and 1, got {value!r}.")
        if self.rows < 1:
            raise MonitoringError(f"The least number of rows is 1 or more, got {self.rows!r}.")

    def bits_of(self, name: str) -> float:
        """Give the limit of one column, in bits."""
        return self.by_feature.get(name, self.bits)


@dataclass(frozen=True, slots=True)
class FeatureSkew:
    """How far one column lies from its reference.

    Parameters
    ----------
    name : str
        The column.
    reference, observed : ColumnProfile
        What was counted on both sides.
    verdict : str
        ``moved`` (over the floor and over a limit), ``small`` (over the floor), ``noise``,
        ``few`` (not enough data) or ``none`` (not compared).
    reason : str
        Why it was not compared, or why there is not enough data; else empty.
    bits : float
        Jensen–Shannon divergence, corrected for its bias.
    low, high : float
        Interval of 95 % of it.
    floor : float
        Bits that chance, or a quiet window, shows.
    limit : float
        Bits from which on it is called moved.
    l_infinity : float
        Largest difference of the shares of one cell.
    l_infinity_limit : float
        From which on it is called moved.
    distances : Mapping
        ``psi`` (nats), ``hellinger``; of numbers also ``kolmogorov_smirnov`` and ``wasserstein``
        (in the column's unit).
    statistic, dof, p, q : float, int, float, float
        Pearson's test that both sides are of one distribution, and the q-value among all columns.
    """

    name: str
    reference: ColumnProfile
    observed: ColumnProfile
    verdict: Verdict
    reason: str = ""
    bits: float = 0.0
    low: float = 0.0
    high: float = 0.0
    floor: float = 0.0
    limit: float = 0.1
    l_infinity: float = 0.0
    l_infinity_limit: float = 0.1
    distances: Mapping[str, float] = field(default_factory=dict)
    statistic: float = 0.0
    dof: int = 0
    p: float = 1.0
    q: float = 1.0

    @property
    def kind(self) -> str:
        """``number``, ``category``, ``time`` or ``presence``."""
        return self.reference.plan.kind

    @property
    def words(self) -> str:
        """The verdict in words: ``within noise``."""
        return VERDICT_WORDS[self.verdict]


def judged(
    pairs: Sequence[tuple[ColumnProfile, ColumnProfile]],
    limits: Limits,
    quiet: Mapping[str, float] | None = None,
) -> tuple[FeatureSkew, ...]:
    """Compare columns and say which moved, with few false alarms over all of them.

    Parameters
    ----------
    pairs : sequence of (reference, observed)
        Profiles of the same column.
    limits : Limits
        From where on a column is called moved.
    quiet : Mapping, optional
        Name to bits that windows showed in which nothing was wrong: floors that hold beside those
        of the formula.
    """
    quiet = quiet or {}
    compared = [_compared(one, other, limits, quiet) for one, other in pairs]
    tested = [place for place, one in enumerate(compared) if one.verdict == "noise"]
    q_values = benjamini_hochberg([compared[place].p for place in tested])
    for place, q in zip(tested, q_values, strict=True):
        compared[place] = _decided(replace(compared[place], q=q), limits)
    return tuple(compared)


def _decided(one: FeatureSkew, limits: Limits) -> FeatureSkew:
    if one.q > limits.false_discovery or one.bits <= one.floor:
        return one
    far = one.bits >= one.limit or one.l_infinity >= one.l_infinity_limit
    return replace(one, verdict="moved" if far else "small")


def not_compared(one: ColumnProfile, other: ColumnProfile) -> str:
    """Say why two profiles are not compared; empty where they are."""
    if one.plan.kind != other.plan.kind:
        return f"one side has {one.plan.type} values, the other {other.plan.type} values"
    if one.plan.kind == "time" or _is_time(one):
        return "times move with the clock"
    if one.plan.identifier or other.plan.identifier:
        return "its values rise from row to row, as row numbers and times do"
    if _is_identifier(one):
        return "nearly every value is different, as ids are"
    return ""


def _is_time(one: ColumnProfile) -> bool:
    """Whether the categories are times as text, in the form of ISO 8601."""
    listed = one.plan.categories
    return len(listed) > 1 and all(
        isinstance(name, str) and _TIME.match(name) is not None for name in listed
    )


def _is_identifier(one: ColumnProfile) -> bool:
    """Whether most rows have a category that came hardly ever."""
    listed = sum(one.counts)
    return (
        one.plan.kind == "category"
        and one.others > listed
        and listed < _EXPECTED * max(len(one.plan.categories), 1)
    )


def _compared(
    one: ColumnProfile, other: ColumnProfile, limits: Limits, quiet: Mapping[str, float]
) -> FeatureSkew:
    name = one.plan.name
    base = FeatureSkew(
        name,
        one,
        other,
        "none",
        not_compared(one, other),
        limit=limits.bits_of(name),
        l_infinity_limit=limits.l_infinity,
    )
    if base.reason:
        return base
    if min(one.rows, other.rows) < limits.rows:
        return replace(base, verdict="few")
    cells = faced(one, other)
    return _measured(base, cells, quiet.get(name, 0.0))


def _measured(base: FeatureSkew, cells: Faced, quiet: float) -> FeatureSkew:
    test = homogeneity(*pooled(cells.reference, cells.observed, _EXPECTED))
    reference, observed = pooled(cells.reference, cells.observed, _SEEN)
    if test.dof == 0 and 2 * max(cells.reference) < sum(cells.reference):
        return replace(base, verdict="few", reason="its values are too many for the rows")
    n, m = sum(reference), sum(observed)
    found = estimate(reference, observed)
    floor = max(noise_floor(len(reference) - 1, n, m), quiet, 0.0 if cells.exact else RESOLUTION)
    shares = [count / n for count in reference], [count / m for count in observed]
    high = max(found.high, min(floor, 1.0)) if found.bits <= floor else found.high
    return replace(
        base,
        verdict="noise",
        bits=found.bits,
        low=found.low,
        high=high,
        floor=floor,
        l_infinity=max([abs(a - b) for a, b in zip(*shares, strict=True)]),
        distances=_distances(base, shares[0], shares[1]),
        statistic=test.statistic,
        dof=test.dof,
        p=test.p_value,
    )


def _distances(base: FeatureSkew, one: Sequence[float], other: Sequence[float]) -> dict[str, float]:
    answer = {"psi": psi_of(one, other), "hellinger": hellinger_of(one, other)}
    if base.kind == "number":
        sides = histogram_of(base.reference), histogram_of(base.observed)
        if all(sum(side.counts) for side in sides):
            line = on_the_line(*sides)
            answer |= {"kolmogorov_smirnov": line[0], "wasserstein": line[1]}
    return answer
