"""What the fleet shows of what was seen: rows by hour, and each endpoint's newest verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry.observations import SkewState, Window
    from jupyter_lifecycle.registry.records import EndpointRecord

HOURS = 24


@dataclass(frozen=True, slots=True)
class Seen:
    """What an endpoint saw lately."""

    skew: SkewState | None = None
    hours: tuple[int, ...] = ()
    """Rows in each of the last hours, oldest first."""

    @property
    def rows(self) -> int:
        """Rows in all of them."""
        return sum(self.hours)


def rows_by_hour(windows: Iterable[Window], now: datetime) -> tuple[int, ...]:
    """Count the rows of each of the last 24 hours, oldest first; empty where nothing was counted.

    Parameters
    ----------
    windows : iterable of Window
        Of one endpoint; its inputs, or its raw inputs, are counted once.
    now : datetime
        Aware.
    """
    counts = [0] * HOURS
    found = False
    for one in windows:
        back = int((now - one.start).total_seconds() // 3600)
        if one.side != "outputs" and 0 <= back < HOURS:
            counts[HOURS - 1 - back] += one.rows
            found = True
    return tuple(counts) if found else ()


def skew_by_endpoint(
    records: Sequence[EndpointRecord], skews: Iterable[SkewState]
) -> dict[str, SkewState]:
    """Give the newest skew of what each endpoint serves."""
    serving = {one.name: one.serving for one in records}
    found: dict[str, SkewState] = {}
    for state in skews:
        if serving.get(state.endpoint) == state.envelope:
            found.setdefault(state.endpoint, state)
    return found
