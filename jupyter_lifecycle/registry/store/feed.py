"""The feed: what happened, and waiting for it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from jupyter_lifecycle.registry.store import events

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.records import Event
    from jupyter_lifecycle.registry.store.database import Database

TICK_SECONDS: Final = 0.2
"""How often a database is asked that cannot tell by itself: other processes write to it too."""


class Feed:
    """The part of a store that tells what happened; each look is a transaction."""

    _database: Database

    def newest_event(self) -> int:
        """Give the number of the newest event; 0 where nothing happened."""
        with self._database.reading() as connection:
            return events.newest(connection)

    def events(self, after: int, limit: int, wait: float = 0.0) -> tuple[Event, ...]:
        """Say what happened after a number, oldest first; wait so many seconds for the first."""
        until, tick = time.monotonic() + wait, threading.Event()
        while True:
            with self._database.reading() as connection:
                found = events.read(connection, after, max(1, min(limit, 1_000)))
            if found or time.monotonic() >= until:
                return found
            tick.wait(TICK_SECONDS)
