"""Pins: an endpoint held at one envelope until somebody lets go, written down and seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from jupyter_lifecycle.errors import NotFoundError, did_you_mean
from jupyter_lifecycle.registry.store import evaluation, rows
from jupyter_lifecycle.registry.store.schema import pins, rules

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.records import EndpointChange
    from jupyter_lifecycle.registry.store.events import Change


def set_pin(change: Change, endpoint: str, envelope: str | None) -> EndpointChange:
    """Hold an endpoint at an envelope, or with None let its rule decide again.

    Parameters
    ----------
    change : Change
        The transaction.
    endpoint : str
        One that has a rule.
    envelope : str or None
        The whole id of an envelope that is there.

    Raises
    ------
    NotFoundError
        No rule makes this endpoint.
    """
    connection = change.connection
    row = connection.execute(select(rules).where(rules.c.endpoint == endpoint)).first()
    if row is None:
        known = [rule.endpoint for rule in evaluation.all_rules(connection)]
        near = did_you_mean(endpoint, known)
        raise NotFoundError(
            f"No rule makes an endpoint {endpoint[:80]}, so there is nothing to pin.{near}"
        )
    rule, held = rows.rule(row), evaluation.pinned(connection).get(endpoint)
    before = held.envelope if held else None
    if before == envelope:
        wanted = evaluation.wanted(connection, endpoint)
        because = f"pinned by {held.author}" if held else "its rule decides"
        return evaluation.unmoved(rule, wanted, because)
    connection.execute(delete(pins).where(pins.c.endpoint == endpoint))
    if envelope is not None:
        made = {"endpoint": endpoint, "envelope": envelope}
        connection.execute(insert(pins).values(**made, author=change.author, at=change.now))
    change.tell("pin.changed", endpoint, {"before": before, "after": envelope})
    words = "unpinned by" if envelope is None else "pinned by"
    return evaluation.decide(change, rule, f"{words} {change.author}")
