"""What services see and what came of it: the part of a registry that monitoring uses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.registry.backend import Backend
    from jupyter_lifecycle.registry.observations import Outcome, Reaction, SkewState, Window

_MANY_WINDOWS = 20
_MANY_OUTCOMES = 5_000
_AHEAD = timedelta(days=1)
"""How far into the future a window may start and still be found: clocks differ."""


class Observing:
    """Windows of what services counted, skew states, outcomes, reactions."""

    _backend: Backend

    def add_windows(self, windows: Sequence[Window]) -> int:
        """Write windows; of one key the later flush counts, so a replay counts once.

        Returns
        -------
        int
            How many were new, or larger than what was here.

        Raises
        ------
        InvalidValueError
            A part of a window cannot be.
        """
        written = 0
        for start in range(0, len(windows), _MANY_WINDOWS):
            written += self._backend.add_windows(windows[start : start + _MANY_WINDOWS])
        return written

    def windows(
        self,
        endpoint: str,
        since: datetime,
        until: datetime | None = None,
        *,
        envelope: str | None = None,
        side: str | None = None,
    ) -> tuple[Window, ...]:
        """Give an endpoint's windows that start in a stretch of time, oldest first.

        Parameters
        ----------
        endpoint : str
            Its name.
        since, until : datetime
            Aware; until now where the second is not given.
        envelope, side : str, optional
            Only of one envelope, only inputs, raw or outputs.
        """
        end = datetime.now(UTC) + _AHEAD if until is None else until
        return self._backend.windows(endpoint, since, end, envelope, side)

    def set_skew(self, state: SkewState) -> SkewState:
        """Write how far an envelope is from its reference; rules follow in the same step."""
        return self._backend.set_skew(state)

    def skews(self, endpoint: str | None = None) -> tuple[SkewState, ...]:
        """Give the skew states, of one endpoint or of all, the newest first."""
        return self._backend.skews(endpoint)

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Write outcomes; one of the same request and row replaces the one before."""
        written = 0
        for start in range(0, len(outcomes), _MANY_OUTCOMES):
            written += self._backend.add_outcomes(outcomes[start : start + _MANY_OUTCOMES])
        return written

    def outcomes(
        self, endpoint: str, since: datetime, until: datetime | None = None
    ) -> tuple[Outcome, ...]:
        """Give the outcomes of what was answered in a stretch of time, oldest first."""
        end = datetime.now(UTC) + _AHEAD if until is None else until
        return self._backend.outcomes(endpoint, since, end)

    def react(self, reaction: Reaction) -> bool:
        """Write how a reaction goes; False where it was to begin and was begun before."""
        return self._backend.react(reaction)

    def reactions(self, endpoint: str) -> tuple[Reaction, ...]:
        """Give what was done for an endpoint, the newest first."""
        return self._backend.reactions(endpoint)
