"""Webhooks: who is told what.

What happened becomes a delivery for each webhook that asks for it, in one transaction with the
webhook's cursor: nothing is lost, and nothing is told before it's written down.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sqlalchemy import delete, func, insert, select, update

from jupyter_lifecycle.errors import InvalidValueError, NotFoundError, did_you_mean
from jupyter_lifecycle.registry.query import parse_condition
from jupyter_lifecycle.registry.records import EVENT_KINDS
from jupyter_lifecycle.registry.store import rows
from jupyter_lifecycle.registry.store.compile import condition
from jupyter_lifecycle.registry.store.events import newest
from jupyter_lifecycle.registry.store.schema import deliveries, envelopes, events, webhooks
from jupyter_lifecycle.registry.words import check_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.records import Event, Webhook
    from jupyter_lifecycle.registry.store.events import Change

BATCH: Final = 500


def create(change: Change, url: str, kinds: Sequence[str], query: str) -> tuple[Webhook, str]:
    """Make a webhook, which hears what happens from now on; its secret is given once.

    Raises
    ------
    InvalidValueError
        The address or a kind cannot be.
    QueryError
        The query does not parse.
    """
    check_address(url)
    for kind in kinds:
        if kind not in EVENT_KINDS:
            raise InvalidValueError(
                f"There is no event {kind!r}.{did_you_mean(kind, EVENT_KINDS)}", kind=kind
            )
    parse_condition(query)
    id_ = secrets.token_hex(4)
    secret = f"jlwh_{secrets.token_hex(32)}"
    change.connection.execute(
        insert(webhooks).values(
            id=id_,
            url=url,
            kinds=" ".join(dict.fromkeys(kinds)),
            query=query,
            secret=secret,
            created_at=change.now,
            created_by=change.author,
            cursor=newest(change.connection),
        )
    )
    change.tell("webhook.created", id_, {"url": url, "kinds": list(kinds), "query": query})
    return get(change.connection, id_), secret


def check_address(url: str) -> str:
    """Check an address that is to be told: ``https://`` or ``http://``, with no secret in it.

    Raises
    ------
    InvalidValueError
        It cannot be one.
    """
    check_text("A webhook's address", url, 2_000)
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidValueError(f"{url[:80]!r} is no http(s) address.")
    if parts.username or parts.password:
        raise InvalidValueError(
            "A webhook's address has no name and password in it: what is sent is signed instead."
        )
    return url


def get(connection: Connection, id_: str) -> Webhook:
    """One webhook.

    Raises
    ------
    NotFoundError
        There is none with this id.
    """
    row = connection.execute(select(webhooks).where(webhooks.c.id == id_)).first()
    if row is None:
        raise NotFoundError(f"There is no webhook {id_[:80]}.", webhook=id_[:80])
    return rows.webhook(row)


def listed(connection: Connection) -> tuple[Webhook, ...]:
    """All webhooks, oldest first."""
    found = connection.execute(select(webhooks).order_by(webhooks.c.created_at, webhooks.c.id))
    return tuple(rows.webhook(row) for row in found)


def remove(change: Change, id_: str) -> None:
    """Remove a webhook and what is on its way to it."""
    found = get(change.connection, id_)
    change.connection.execute(delete(deliveries).where(deliveries.c.webhook == id_))
    change.connection.execute(delete(webhooks).where(webhooks.c.id == id_))
    change.tell("webhook.removed", id_, {"url": found.url})


def behind(connection: Connection) -> bool:
    """Whether something happened that no delivery was made of yet."""
    slowest = connection.scalar(select(func.min(webhooks.c.cursor)))
    return slowest is not None and slowest < newest(connection)


def enqueue(change: Change) -> int:
    """Make deliveries of what happened since the last time, at most a batch for each webhook."""
    made = 0
    for hook in change.connection.execute(select(webhooks)).all():
        found = change.connection.execute(
            select(events).where(events.c.seq > hook.cursor).order_by(events.c.seq).limit(BATCH)
        ).all()
        if not found:
            continue
        wanted = [row.seq for row in found if _concerns(change.connection, hook, rows.event(row))]
        if wanted:
            blank = {"webhook": hook.id, "state": "pending", "attempts": 0, "reason": ""}
            times = {"updated_at": change.now, "next_at": change.now}
            values = [{**blank, **times, "event": seq} for seq in wanted]
            change.connection.execute(insert(deliveries), values)
        mine = webhooks.c.id == hook.id
        change.connection.execute(update(webhooks).where(mine).values(cursor=found[-1].seq))
        made += len(wanted)
    return made


def _concerns(connection: Connection, hook: Any, event: Event) -> bool:
    if hook.kinds and event.kind not in hook.kinds.split():
        return False
    if not hook.query.strip():
        return True
    id_ = event.payload.get("envelope") or event.subject
    where = condition(parse_condition(hook.query).where)
    found = select(envelopes.c.seq).where(envelopes.c.id == str(id_), where)
    return connection.execute(found).first() is not None
