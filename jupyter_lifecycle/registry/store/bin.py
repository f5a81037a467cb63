"""Deleting, restoring and collecting garbage; every method is a transaction or several."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from jupyter_lifecycle.errors import InvalidValueError
from jupyter_lifecycle.registry.records import Collected
from jupyter_lifecycle.registry.store import trash
from jupyter_lifecycle.registry.store.events import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_lifecycle.registry.artifacts import Artifacts
    from jupyter_lifecycle.registry.records import DeletedEnvelope
    from jupyter_lifecycle.registry.store.database import Database

GRACE_SECONDS: Final = 86_400.0
"""A file that is younger stays: the envelope that it was sent for may be on its way."""
_BATCH: Final = 500
_LONGEST: Final = 100 * 366 * 86_400.0
_MICROS: Final = 1_000_000


class Bin:
    """What was deleted in a registry, and the files that nothing refers to.

    Parameters
    ----------
    database : Database
        The registry's.
    artifacts : Artifacts
        Where its files are.
    author : str
        In whose name envelopes are deleted.
    """

    def __init__(self, database: Database, artifacts: Artifacts, author: str) -> None:
        self._database = database
        self._artifacts = artifacts
        self._author = author

    def delete(self, id_: str) -> DeletedEnvelope:
        """Move an envelope into the trash.

        Raises
        ------
        ConflictError
            An endpoint serves it, or should.
        """
        with self._database.writing() as (connection, now):
            return trash.move_in(Change(connection, now, self._author), id_)

    def restore(self, id_: str) -> str:
        """Take an envelope out of the trash, with all that it had; gives its id."""
        with self._database.writing() as (connection, now):
            return trash.move_out(Change(connection, now, self._author), id_)

    def deleted(self) -> tuple[DeletedEnvelope, ...]:
        """All that is in the trash, the newest first."""
        with self._database.reading() as connection:
            return trash.listed(connection)

    def collect(self, seconds: float, grace: float = GRACE_SECONDS) -> Collected:
        """Remove for good what has been in the trash for so long, and files without an envelope.

        Parameters
        ----------
        seconds : float
            How long an envelope stays in the trash.
        grace : float
            How long a file stays that no envelope refers to yet, in seconds.
        """
        if not (0 <= seconds <= _LONGEST and 0 <= grace <= _LONGEST):
            raise InvalidValueError("A time in the trash is not negative, and a century at most.")
        with self._database.writing() as (connection, now):
            change = Change(connection, now, self._author)
            ids = trash.purge(change, now - int(seconds * _MICROS))
        old = now / _MICROS - grace
        files = size = 0
        for batch in _batches(d for d, written in self._artifacts.listed() if written <= old):
            # Writers take turns: nobody adds an envelope between the look and the removal.
            with self._database.writing() as (connection, _):
                for digest in sorted(trash.unreferenced(connection, batch)):
                    size += self._artifacts.remove(digest)
                    files += 1
        self._artifacts.sweep(old)
        return Collected(ids, files, size)


def _batches(digests: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(itertools.islice(digests, _BATCH)):
        yield batch
