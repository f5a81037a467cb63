"""The keyring: who may use a server; every method is one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.registry.store import tokens
from jupyter_lifecycle.registry.store.events import Change

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lifecycle.registry.store.database import Database
    from jupyter_lifecycle.registry.store.tokens import TokenRecord


class Keyring:
    """The tokens of a registry's server.

    Parameters
    ----------
    database : Database
        The registry's.
    author : str
        In whose name tokens are made and revoked.
    """

    def __init__(self, database: Database, author: str) -> None:
        self._database = database
        self._author = author

    def create(
        self,
        name: str,
        scopes: Iterable[str],
        seconds: float | None = None,
        *,
        only: Iterable[str] = (),
        rate: float | None = None,
    ) -> tuple[TokenRecord, str]:
        """Make a token; its text is given this once.

        Parameters
        ----------
        name, scopes : str, iterable of str
            The author of what is done with it, and what it may.
        seconds : float, optional
            How long it lasts.
        only : iterable of str
            Patterns: it changes only envelopes and endpoints whose names match one.
        rate : float, optional
            Requests a second.
        """
        limits = tokens.Limits(seconds, tuple(only), rate)
        with self._database.writing() as (connection, now):
            return tokens.create(Change(connection, now, self._author), name, scopes, limits)

    def first(self) -> str | None:
        """Make a token that may do all, where there is none at all yet; else None."""
        with self._database.writing() as (connection, now):
            if tokens.listed(connection):
                return None
            change = Change(connection, now, self._author)
            return tokens.create(change, self._author, ["admin"], tokens.Limits())[1]

    def tokens(self) -> tuple[TokenRecord, ...]:
        """All tokens, oldest first."""
        with self._database.reading() as connection:
            return tokens.listed(connection)

    def revoke(self, id_: str) -> TokenRecord:
        """End a token now."""
        with self._database.writing() as (connection, now):
            return tokens.revoke(Change(connection, now, self._author), id_)

    def find(self, secret: str) -> TokenRecord | None:
        """Give the record of a token that may be used now."""
        with self._database.reading() as connection:
            return tokens.find(connection, secret, self._database.now(connection))
