"""The part of a store about layers, experiments and exposures; each method is a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.registry.store import trials
from jupyter_lifecycle.registry.store.events import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.registry.store.database import Database
    from jupyter_lifecycle.registry.trials import Board, Document, Exposures


class Trialing:
    """Documents with one revision, and who saw which arm."""

    _database: Database
    _author: str

    def board(self, reports: bool = False) -> Board:
        """Give all documents at the revision of now; reports where asked for."""
        with self._database.reading() as connection:
            return trials.read(connection, reports=reports)

    def write_board(self, expect: int, documents: Sequence[Document]) -> Board:
        """Write documents, all or none, upon the revision that was read."""
        with self._database.writing() as (connection, now):
            return trials.write(Change(connection, now, self._author), expect, documents)

    def experiment_key(self, name: str) -> str:
        """Give the key that signs forced arms of an experiment."""
        with self._database.reading() as connection:
            return trials.key(connection, name)

    def add_exposures(self, items: Sequence[Exposures]) -> int:
        """Write stretches of exposures; of one key the longer counts."""
        with self._database.writing() as (connection, now):
            return trials.add_exposures(Change(connection, now, self._author), items)

    def exposures(self, experiment: str, after: int, limit: int) -> tuple[Exposures, ...]:
        """Give stretches of exposures after a number, in the order in which they came."""
        with self._database.reading() as connection:
            return trials.read_exposures(connection, experiment, after, limit)
