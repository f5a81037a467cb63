"""The way to an answer: from the few that pass, or along an index until the page is full."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from jupyter_lifecycle.registry.query.tree import And, Exists, Field, Or, OrderKey, Query
from jupyter_lifecycle.registry.store.compile import (
    after,
    atom,
    condition,
    members,
    ordering,
    sort,
)
from jupyter_lifecycle.registry.store.envelopes import COLUMNS
from jupyter_lifecycle.registry.store.schema import envelopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

    from jupyter_lifecycle.registry.query.tree import Node, Value

NEWEST_FIRST = (OrderKey(Field("column", "created_at", "", "time"), descending=True),)
FEW = 1_000
MAX_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Start:
    """Where the page before ended: the values of its last row's keys, and that row."""

    values: tuple[Value | None, ...]
    seq: int


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a page: the envelope's columns and the values of the order's keys."""

    row: Any
    keys: tuple[Value | None, ...]


def page(
    connection: Connection, query: Query, limit: int, start: Start | None = None, skip: int = 0
) -> tuple[Found, ...]:
    """Read the next envelopes in the order of a query, after those that are skipped.

    What is skipped is walked in the index and never read, so a jump costs no page on its way.
    """
    order = query.order or NEWEST_FIRST
    driver = _driver(connection, query.where)
    where = condition(query.where, driver)
    if driver is not None or not _walks(order[0].field):
        return _read(connection, order, where, (limit, skip), start)
    # No index has the envelopes that lack the field: they come after, by the other keys.
    found: tuple[Found, ...] = ()
    if start is None or start.values[0] is not None:
        found = _read(connection, order, where, (limit, skip), start, first_is_there=True)
        if skip and len(found) < limit:
            there = _how_many(connection, order, where, start)
            skip = max(skip - there, 0)
        else:
            skip = 0
        start = None
    if len(found) == limit:
        return found
    lacking = where & ~atom(Exists(order[0].field, ""))
    rest = None if start is None else Start(start.values[1:], start.seq)
    others = _read(connection, order[1:], lacking, (limit - len(found), skip), rest)
    return (*found, *(Found(other.row, (None, *other.keys)) for other in others))


def first(connection: Connection, query: Query) -> str | None:
    """Give the id of the first match."""
    found = page(connection, query, 1)
    return str(found[0].row.id) if found else None


def count(connection: Connection, where: Node | None) -> int:
    """Count the envelopes that match."""
    chosen = members(where) if where is not None else None
    if chosen is None:
        found = select(func.count()).select_from(envelopes)
        found = found.where(condition(where, _driver(connection, where)))
    else:
        found = select(func.count()).select_from(chosen.subquery())
    number = connection.scalar(found)
    assert isinstance(number, int)
    return number


def _read(
    connection: Connection,
    order: Sequence[OrderKey],
    where: ColumnElement[bool],
    part: tuple[int, int],
    start: Start | None,
    *,
    first_is_there: bool = False,
) -> tuple[Found, ...]:
    """Read ``part`` of the rows after a start: so many, after so many that are skipped."""
    limit, skip = part
    source, orderings = ordering(order, first_is_there=first_is_there)
    found = select(*COLUMNS, *[key.value.label(f"key_{i}") for i, key in enumerate(orderings)])
    found = found.select_from(source).where(where)
    if start is not None:
        found = found.where(after(orderings, start.values, start.seq))
    rows = connection.execute(found.order_by(*sort(orderings)).limit(limit).offset(skip)).all()
    return tuple(Found(row, tuple(row[len(COLUMNS) :])) for row in rows)


def _how_many(
    connection: Connection,
    order: Sequence[OrderKey],
    where: ColumnElement[bool],
    start: Start | None,
) -> int:
    """Count the rows after a start that have the order's first field."""
    source, orderings = ordering(order, first_is_there=True)
    found = select(func.count()).select_from(source).where(where)
    if start is not None:
        found = found.where(after(orderings, start.values, start.seq))
    return connection.scalar(found) or 0


def _walks(field: Field) -> bool:
    """Whether there is an index in the order of this field of another table."""
    return field.family == "tags" or (field.family == "metrics" and field.part == "latest")


def _driver(connection: Connection, where: Node | None) -> Node | None:
    """Find the part of a condition that leaves the fewest, if that is few.

    It's found by counting, in an index, to :data:`FEW` at most.
    """
    conjuncts = where.items if isinstance(where, And) else () if where is None else (where,)
    candidates = [item for item in conjuncts if members(item) is not None][:MAX_CANDIDATES]
    if not candidates:
        return None
    sizes = connection.execute(select(*map(_few, candidates))).one()
    fewest, index = min((size, index) for index, size in enumerate(sizes))
    return candidates[index] if fewest < FEW else None


def _few(node: Node) -> ColumnElement[int]:
    """Write how many envelopes pass, counted to :data:`FEW` at most for each alternative."""
    counts = []
    for item in node.items if isinstance(node, Or) else (node,):
        chosen = members(item)
        assert chosen is not None
        limited = chosen.limit(FEW).subquery()
        counts.append(select(func.count()).select_from(limited).scalar_subquery())
    return reduce(add, counts)
