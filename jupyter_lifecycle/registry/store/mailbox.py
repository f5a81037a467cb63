"""The mailbox: webhooks, and what is on its way to them; every method is one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.registry.store import deliveries, webhooks
from jupyter_lifecycle.registry.store.events import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.registry.records import Delivery, Webhook
    from jupyter_lifecycle.registry.store.database import Database
    from jupyter_lifecycle.registry.store.deliveries import Due, Outcome


class Mailbox:
    """Who is told what happens in a registry.

    Parameters
    ----------
    database : Database
        The registry's.
    author : str
        In whose name webhooks are made and removed.
    """

    def __init__(self, database: Database, author: str) -> None:
        self._database = database
        self._author = author

    def create(self, url: str, kinds: Sequence[str] = (), query: str = "") -> tuple[Webhook, str]:
        """Make a webhook, which hears what happens from now on; its secret is given this once."""
        with self._database.writing() as (connection, now):
            return webhooks.create(Change(connection, now, self._author), url, kinds, query)

    def webhooks(self) -> tuple[Webhook, ...]:
        """All webhooks, oldest first."""
        with self._database.reading() as connection:
            return webhooks.listed(connection)

    def remove(self, id_: str) -> None:
        """Remove a webhook and what is on its way to it."""
        with self._database.writing() as (connection, now):
            webhooks.remove(Change(connection, now, self._author), id_)

    def deliveries(
        self, webhook: str, state: str | None = None, limit: int = 100
    ) -> tuple[Delivery, ...]:
        """Give what was and is on its way to a webhook, newest first."""
        with self._database.reading() as connection:
            return deliveries.of_webhook(connection, webhook, state, limit)

    def resend(self, delivery: int) -> Delivery:
        """Send again, now and with all tries."""
        with self._database.writing() as (connection, now):
            return deliveries.resend(Change(connection, now, self._author), delivery)

    def waiting(self) -> dict[str, int]:
        """Count what waits and what is dead, as ``pending`` and ``dead``."""
        with self._database.reading() as connection:
            return deliveries.waiting(connection)

    def is_due(self) -> bool:
        """Whether something is to be told to a webhook now."""
        with self._database.reading() as connection:
            now = self._database.now(connection)
            return webhooks.behind(connection) or bool(deliveries.due(connection, now, 1))

    def enqueue(self) -> int:
        """Make deliveries of what happened since the last time; how many."""
        with self._database.writing() as (connection, now):
            change = Change(connection, now, self._author)
            deliveries.prune(change)
            return webhooks.enqueue(change)

    def due(self, limit: int) -> tuple[Due, ...]:
        """Give the deliveries whose time has come, oldest first."""
        with self._database.reading() as connection:
            return deliveries.due(connection, self._database.now(connection), limit)

    def record(self, delivery: int, outcome: Outcome) -> None:
        """Write how an attempt went."""
        with self._database.writing() as (connection, now):
            deliveries.record(Change(connection, now, self._author), delivery, outcome)
