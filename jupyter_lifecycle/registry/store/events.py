"""Events, written in the transaction of what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from jupyter_lifecycle.registry.store import rows
from jupyter_lifecycle.registry.store.schema import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.records import Event


@dataclass(frozen=True, slots=True)
class Change:
    """The transaction of one change: where it's written, when and by whom."""

    connection: Connection
    now: int
    """Microseconds since 1970, UTC."""
    author: str

    def tell(self, kind: str, subject: str, payload: Mapping[str, Any]) -> None:
        """Write an event."""
        self.connection.execute(
            insert(events).values(
                at=self.now,
                kind=kind,
                subject=subject,
                author=self.author,
                payload=rows.dumps(payload),
            )
        )


def read(connection: Connection, after: int, limit: int) -> tuple[Event, ...]:
    """Give the events after a number, oldest first."""
    found = select(events).where(events.c.seq > after).order_by(events.c.seq).limit(limit)
    return tuple(rows.event(row) for row in connection.execute(found))


def newest(connection: Connection) -> int:
    """Give the number of the newest event; 0 where nothing happened."""
    return int(connection.scalar(select(func.max(events.c.seq))) or 0)
