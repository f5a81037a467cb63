"""Requests that may come twice and count once: their keys, kept for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select

from jupyter_lifecycle.registry.store.schema import requests
from jupyter_lifecycle.registry.words import check_text

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.store.events import Change

KEPT_MICROS: Final = 86_400_000_000


def seen(change: Change, key: str | None) -> bool:
    """Say whether a request with this key was carried out; if not, it is now.

    It's written in the transaction of what the request changes: both are there or neither is.
    """
    if key is None:
        return False
    # Of two who happen to choose the same key each has their own.
    mine = f"{change.author}:{check_text('A key', key, 200)}"
    connection = change.connection
    if connection.scalar(select(requests.c.key).where(requests.c.key == mine)) is not None:
        return True
    connection.execute(delete(requests).where(requests.c.at < change.now - KEPT_MICROS))
    connection.execute(insert(requests).values(key=mine, at=change.now))
    return False
