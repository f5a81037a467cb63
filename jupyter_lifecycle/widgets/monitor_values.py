"""What the monitor shows of one endpoint, as plain values: the panel asks, the views draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jupyter_lifecycle.monitoring import ColumnProfile, SkewReport
    from jupyter_lifecycle.widgets.views import Tone

Verdict = Literal["moved", "small", "within noise", "not enough data", "not compared"]

TONES: Mapping[Verdict, Tone] = {
    "moved": "stale",
    "small": "fresh",
    "within noise": "fresh",
    "not enough data": "queued",
    "not compared": "away",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One input or output, compared."""

    name: str
    verdict: Verdict
    effect: float | None = None
    """Bits."""
    interval: tuple[float, float] | None = None
    floor: float = 0.0
    limit: float = 0.1
    sentence: str = ""
    output: bool = False
    reference: ColumnProfile | None = None
    observed: ColumnProfile | None = None
    days: tuple[tuple[datetime, float | None], ...] = ()
    """Effect by day, oldest first."""

    @property
    def tone(self) -> Tone:
        """The tone of its verdict."""
        return TONES[self.verdict]


@dataclass(frozen=True, slots=True)
class Began:
    """What moved though nothing upstream of it did, and the way from there to the model."""

    chain: tuple[str, ...]
    cause: str
    """``data``, ``code`` or ``unknown``."""
    followed: tuple[str, ...] = ()
    """What moved downstream of it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A deployment on the axis of time."""

    at: datetime
    envelope: str
    words: str


@dataclass(frozen=True, slots=True)
class Live:
    """A metric of what was served, by day, beside what it was at save."""

    metric: str
    days: tuple[tuple[datetime, float, float, float], ...] = ()
    """Day, value, low and high of its interval."""
    now: tuple[float, float, float] | None = None
    """Value, low, high in the window."""
    at_save: tuple[float, float, float] | None = None
    known: int = 0
    asked: int = 0
    """Answers, and how many of them have an outcome."""
    direction: str = ""
    """``lower`` or ``higher`` where one is better."""


@dataclass(frozen=True, slots=True)
class Monitored:
    """All that is shown of an endpoint in one window."""

    endpoint: str
    envelope: str
    window: str
    """``hour``, ``day`` or ``week``."""
    state: str = ""
    since: datetime | None = None
    reference_rows: int = 0
    rows: int = 0
    refused: int | None = None
    columns: tuple[Column, ...] = ()
    origins: tuple[Began, ...] = ()
    """Where it began, the one with the most after it first."""
    marks: tuple[Mark, ...] = ()
    recent: tuple[Mark, ...] = ()
    """Those of the marks that fell into the window."""
    live: Live | None = None
    others: int = 0
    """Other envelopes that served within the window."""
    report: SkewReport | None = None
    """What all of it was read from."""
    note: str = ""
    """Why there is nothing to compare, where there is nothing."""

    @property
    def followed(self) -> int:
        """How many moved because of another one."""
        return len({name for one in self.origins for name in one.followed})

    @property
    def moved(self) -> tuple[Column, ...]:
        """The columns that moved, largest effect first."""
        return tuple(one for one in in_order(self.columns) if one.verdict == "moved")


def in_order(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Put what moved first, by effect; then the rest by effect, then those without one."""

    def rank(one: Column) -> tuple[bool, bool, float, str]:
        return one.verdict != "moved", one.effect is None, -(one.effect or 0.0), one.name

    return tuple(sorted(columns, key=rank))


def missing_share(profile: ColumnProfile | None) -> float | None:
    """Give the share of values that are missing or no numbers, 0 to 1."""
    if profile is None or not profile.rows:
        return None
    return (profile.missing + profile.nan) / profile.rows


def unseen(profile: ColumnProfile | None) -> int | None:
    """Count values of categories that training did not show; None for what has no categories."""
    if profile is None or profile.plan.kind != "category":
        return None
    return profile.others


def outside(reference: ColumnProfile | None, observed: ColumnProfile | None) -> float | None:
    """Give the share of numbers beyond the smallest and largest edge that training froze.

    Training itself may have a share in the outer bins, so each end counts what is there beyond it.
    """
    if observed is None or observed.plan.kind != "number" or not any(observed.counts):
        return None
    now = _ends(observed)
    then = _ends(reference) if reference is not None else (0.0, 0.0)
    return sum(max(here - before, 0.0) for here, before in zip(now, then, strict=True))


def _ends(profile: ColumnProfile) -> tuple[float, float]:
    total = sum(profile.counts)
    if not total or len(profile.counts) < 2:
        return 0.0, 0.0
    return profile.counts[0] / total, profile.counts[-1] / total
