"""Deliveries: one event on its way to one webhook, until it arrived or its tries are used up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select, update

from jupyter_lifecycle.errors import InvalidValueError, NotFoundError
from jupyter_lifecycle.registry.store import rows
from jupyter_lifecycle.registry.store.schema import deliveries, events, webhooks
from jupyter_lifecycle.registry.store.webhooks import get

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.records import Delivery, Event, Webhook
    from jupyter_lifecycle.registry.store.events import Change

STATES: Final = ("pending", "delivered", "dead")
KEPT_MICROS: Final = 7 * 86_400_000_000
"""How long what was delivered can be looked at; what was not stays until it's resent."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose time has come, and all that it needs."""

    delivery: Delivery
    webhook: Webhook
    secret: str
    event: Event


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went."""

    status: int | None
    """What was answered, as an HTTP status."""
    reason: str = ""
    """Why it failed; empty where it was delivered."""
    again_in: float | None = None
    """Seconds until the next try; None where there is none."""

    @property
    def state(self) -> str:
        """What the delivery is now."""
        if not self.reason:
            return "delivered"
        return "dead" if self.again_in is None else "pending"


def of_webhook(
    connection: Connection, id_: str, state: str | None, limit: int
) -> tuple[Delivery, ...]:
    """Give what was and is on its way to a webhook, newest first."""
    get(connection, id_)
    found = select(deliveries).where(deliveries.c.webhook == id_)
    if state is not None:
        if state not in STATES:
            raise InvalidValueError(f"A delivery is {', '.join(STATES)}, not {state!r}.")
        found = found.where(deliveries.c.state == state)
    found = found.order_by(deliveries.c.seq.desc()).limit(max(1, min(limit, 1_000)))
    return tuple(rows.delivery(row) for row in connection.execute(found))


def resend(change: Change, id_: int) -> Delivery:
    """Send again, now and with all tries: what is dead, waits or was delivered.

    Raises
    ------
    NotFoundError
        There is no such delivery.
    """
    mine = deliveries.c.seq == id_
    values = {"state": "pending", "attempts": 0, "next_at": change.now, "updated_at": change.now}
    if not change.connection.execute(update(deliveries).where(mine).values(values)).rowcount:
        raise NotFoundError(f"There is no delivery {id_}.", delivery=id_)
    return rows.delivery(change.connection.execute(select(deliveries).where(mine)).one())


def due(connection: Connection, now: int, limit: int) -> tuple[Due, ...]:
    """Give the deliveries whose time has come, oldest first."""
    waiting = (
        select(deliveries)
        .where(deliveries.c.next_at <= now)
        .order_by(deliveries.c.next_at, deliveries.c.seq)
        .limit(limit)
    )
    found = [rows.delivery(row) for row in connection.execute(waiting)]
    told = select(events).where(events.c.seq.in_({one.event for one in found}))
    event_of = {row.seq: rows.event(row) for row in connection.execute(told)}
    asking = select(webhooks).where(webhooks.c.id.in_({one.webhook for one in found}))
    hook_of = {row.id: row for row in connection.execute(asking)}
    return tuple(
        Due(one, rows.webhook(hook_of[one.webhook]), hook_of[one.webhook].secret, event)
        for one in found
        if (event := event_of.get(one.event)) is not None
    )


def record(change: Change, id_: int, outcome: Outcome) -> None:
    """Write how an attempt went."""
    again = outcome.again_in if outcome.state == "pending" else None
    change.connection.execute(
        update(deliveries)
        .where(deliveries.c.seq == id_)
        .values(
            state=outcome.state,
            attempts=deliveries.c.attempts + 1,
            updated_at=change.now,
            next_at=None if again is None else change.now + int(again * 1_000_000),
            status=outcome.status,
            reason=outcome.reason[:1_000],
        )
    )


def prune(change: Change) -> None:
    """Forget what was delivered long ago."""
    old = deliveries.c.updated_at < change.now - KEPT_MICROS
    change.connection.execute(delete(deliveries).where(deliveries.c.state == "delivered", old))


def waiting(connection: Connection) -> dict[str, int]:
    """Count what waits and what is dead, as ``pending`` and ``dead``."""
    counted = select(deliveries.c.state, func.count()).where(deliveries.c.state != "delivered")
    found = dict.fromkeys(("pending", "dead"), 0)
    found.update((state, n) for state, n in connection.execute(counted.group_by("state")))
    return found
