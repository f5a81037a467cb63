"""The part of a store about what services see; each method is a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.registry.store import observed
from jupyter_lifecycle.registry.store.events import Change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry.observations import Outcome, Reaction, SkewState, Window
    from jupyter_lifecycle.registry.store.database import Database


class Observing:
    """Windows, skew, outcomes and what was done about them."""

    _database: Database
    _author: str

    def add_windows(self, windows: Sequence[Window]) -> int:
        """Write windows; of one key the later flush counts. Gives how many were new or larger."""
        with self._database.writing() as (connection, now):
            return observed.add_windows(Change(connection, now, self._author), windows)

    def windows(
        self,
        endpoint: str,
        since: datetime,
        until: datetime,
        envelope: str | None = None,
        side: str | None = None,
    ) -> tuple[Window, ...]:
        """Give an endpoint's windows that start in a stretch of time, oldest first."""
        with self._database.reading() as connection:
            return observed.read_windows(connection, endpoint, since, until, envelope, side)

    def set_skew(self, state: SkewState) -> SkewState:
        """Write how far an envelope is from its reference; rules follow in the same step."""
        with self._database.writing() as (connection, now):
            return observed.set_skew(Change(connection, now, self._author), state)

    def skews(self, endpoint: str | None = None) -> tuple[SkewState, ...]:
        """Give the skew states, of one endpoint or of all, the newest first."""
        with self._database.reading() as connection:
            return observed.read_skews(connection, endpoint)

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Write outcomes; one of the same request and row replaces the one before."""
        with self._database.writing() as (connection, now):
            return observed.add_outcomes(Change(connection, now, self._author), outcomes)

    def outcomes(self, endpoint: str, since: datetime, until: datetime) -> tuple[Outcome, ...]:
        """Give the outcomes of what was answered in a stretch of time, oldest first."""
        with self._database.reading() as connection:
            return observed.read_outcomes(connection, endpoint, since, until)

    def react(self, reaction: Reaction) -> bool:
        """Write how a reaction goes; False where it was to begin and was begun before."""
        with self._database.writing() as (connection, now):
            return observed.react(Change(connection, now, self._author), reaction)

    def reactions(self, endpoint: str) -> tuple[Reaction, ...]:
        """Give what was done for an endpoint, the newest first."""
        with self._database.reading() as connection:
            return observed.read_reactions(connection, endpoint)
