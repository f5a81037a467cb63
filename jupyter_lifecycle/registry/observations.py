"""What services saw and what came of it, as values: the same from the store and from the server.

The registry keeps profiles and reports as JSON that it does not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Side: TypeAlias = Literal["inputs", "raw", "outputs"]
SIDES: tuple[str, ...] = get_args(Side)
"""The model's columns, the raw ones that they are computed from, and the answers."""

ReactionState: TypeAlias = Literal["running", "done", "failed"]
REACTION_STATES: tuple[str, ...] = get_args(ReactionState)


@dataclass(frozen=True, slots=True)
class Window:
    """What one process counted in one stretch of time; of one key the later flush counts.

    The key is endpoint, envelope, side, start and run, so a window that is sent again, or again
    with more in it, counts once.
    """

    endpoint: str
    envelope: str
    side: str
    """One of :data:`SIDES`."""
    start: datetime
    seconds: int
    """How long the window is."""
    run: str
    """The process that counted: another one after each start."""
    flush: int
    """Rises with each writing of the same window."""
    rows: int
    profile: Mapping[str, Any]
    """``Profile.to_json()`` of :mod:`jupyter_lifecycle.monitoring`."""


@dataclass(frozen=True, slots=True)
class SkewState:
    """How far what an endpoint sees is from a reference: queries see it as ``skew.max``."""

    endpoint: str
    envelope: str
    max: float | None
    """Largest distance of a column; None while there is not enough data."""
    moved: tuple[str, ...] = ()
    """Columns that moved, the one where it began first."""
    rows: int = 0
    against: str = "training"
    since: datetime | None = None
    """Begin of what was looked at."""
    at: datetime | None = None
    """When it was written; filled in by the registry."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """``SkewReport.to_json()``."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one answered row; one that is logged again replaces the one before."""

    endpoint: str
    request: str
    row: int
    envelope: str
    at: datetime
    """When it was answered."""
    prediction: Any
    outcome: Any
    logged_at: datetime | None = None
    """Filled in by the registry."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a rule had done because an envelope's skew moved; once for each envelope."""

    endpoint: str
    envelope: str
    action: str
    """Digest of what was to be done."""
    state: str
    fact: str = ""
    at: datetime | None = None


def window(found: Mapping[str, Any]) -> Window:
    """Read a window from JSON."""
    return Window(**{**found, "start": datetime.fromisoformat(found["start"])})


def skew_state(found: Mapping[str, Any]) -> SkewState:
    """Read a skew state from JSON."""
    times = {name: _time(found[name]) for name in ("since", "at")}
    return SkewState(**{**found, **times, "moved": tuple(found["moved"])})


def outcome(found: Mapping[str, Any]) -> Outcome:
    """Read an outcome from JSON."""
    times = {name: _time(found[name]) for name in ("at", "logged_at")}
    return Outcome(**{**found, **times})


def reaction(found: Mapping[str, Any]) -> Reaction:
    """Read a reaction from JSON."""
    return Reaction(**{**found, "at": _time(found["at"])})


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
