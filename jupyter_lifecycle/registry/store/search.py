"""Search: the plan, the page and its cursor."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from jupyter_lifecycle.errors import NotFoundError, QueryError, did_you_mean
from jupyter_lifecycle.registry.query import parse
from jupyter_lifecycle.registry.query.fields import COLUMNS as FIELD_COLUMNS
from jupyter_lifecycle.registry.query.fields import path_of
from jupyter_lifecycle.registry.query.tree import And, Atom, Field, OrderKey, Query, atoms
from jupyter_lifecycle.registry.store.compile import after, condition, ordering, set_of, sort
from jupyter_lifecycle.registry.store.envelopes import COLUMNS
from jupyter_lifecycle.registry.store.schema import envelopes, metrics, tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Select

    from jupyter_lifecycle.registry.query.tree import Node, Value

NEWEST_FIRST = (OrderKey(Field("column", "created_at", "", "time"), descending=True),)
FEW = 1_000
MAX_LIMIT = 1_000


def read_query(connection: Connection, text: str) -> Query:
    """Parse a query; where it names no field, look for a tag or metric of that name.

    Raises
    ------
    QueryError
        It does not parse; the message has the suggestion.
    """
    try:
        return parse(text)
    except QueryError as error:
        field = error.detail.get("field")
        if not field or "Did you mean" in error.message:
            raise
        near = _near(connection, str(field).rpartition(".")[2])
        raise QueryError(error.message + near, **error.detail) from None


def _near(connection: Connection, name: str) -> str:
    known = {path_of("tags", key): key for key in keys(connection, "tags")}
    known |= {path_of("metrics", key): key for key in keys(connection, "metrics")}
    for path, key in known.items():
        if key == name:
            return f" Did you mean {path}?"
    hint = did_you_mean(name, [*known.values(), *FIELD_COLUMNS])
    near = hint.removeprefix(" Did you mean ").removesuffix("?")
    return next((f" Did you mean {path}?" for path, key in known.items() if key == near), hint)


def keys(connection: Connection, family: str, limit: int = 300) -> tuple[str, ...]:
    """Keys of tags or metrics in use, in order; by leaps through the index."""
    column = (tags if family == "tags" else metrics).c.key
    found: list[str] = []
    last: str | None = connection.scalar(select(func.min(column)))
    while last is not None and len(found) < limit:
        found.append(last)
        last = connection.scalar(select(func.min(column)).where(column > last))
    return tuple(found)


def page_select(
    connection: Connection, query: Query, limit: int, start: tuple[list[Value | None], int] | None
) -> tuple[Select[Any], int]:
    """Select a page of envelopes; also how many keys of the order it carries."""
    order = query.order or NEWEST_FIRST
    source, orderings = ordering(order)
    found = select(*COLUMNS, *[key.value.label(f"key_{i}") for i, key in enumerate(orderings)])
    found = found.select_from(source).where(
        condition(query.where, _driver(connection, query.where))
    )
    if start is not None:
        found = found.where(after(orderings, *start))
    return found.order_by(*sort(orderings)).limit(limit), len(orderings)


def best(connection: Connection, query: Query) -> str | None:
    """Give the id of the first match."""
    found, _ = page_select(connection, query, 1, None)
    row = connection.execute(found).first()
    return None if row is None else str(row.id)


def count(connection: Connection, query: Query) -> int:
    """How many envelopes match."""
    where = condition(query.where, _driver(connection, query.where))
    found = connection.scalar(select(func.count()).select_from(envelopes).where(where))
    assert isinstance(found, int)
    return found


def _driver(connection: Connection, where: Node | None) -> Atom | None:
    """Find the condition that few envelopes pass, if one that all must pass is such.

    It's found by counting to :data:`FEW` at most, in an index.
    """
    conjuncts = where.items if isinstance(where, And) else () if where is None else (where,)
    best_atom: Atom | None = None
    fewest = FEW
    for item in conjuncts:
        chosen = set_of(item) if isinstance(item, Atom) else None
        if chosen is None or item.field.family not in {"tags", "metrics"}:  # type: ignore[union-attr]
            continue
        few = chosen.limit(fewest).subquery()
        size = connection.scalar(select(func.count()).select_from(few))
        if size is not None and size < fewest:
            best_atom, fewest = item, size  # type: ignore[assignment]
    return best_atom


def latest(connection: Connection, query: Query, text: str) -> str:
    """Give the id of the first match.

    Raises
    ------
    NotFoundError
        Nothing matches; the message says which condition alone removes everything, if one does.
    """
    found = best(connection, query)
    if found is not None:
        return found
    raise NotFoundError(
        f"No envelope matches {text.strip() or 'anything'}.{_culprit(connection, query)}"
    )


def _culprit(connection: Connection, query: Query) -> str:
    if best(connection, Query(None, ())) is None:
        return " The registry is empty."
    for item in atoms(query.where)[:20]:
        if best(connection, Query(item, ())) is not None:
            continue
        family, key = item.field.family, item.field.key
        near = ""
        if family in {"tags", "metrics"}:
            known = keys(connection, family)
            near = (
                "" if key in known else did_you_mean(key, known).replace("mean ", f"mean {family}.")
            )
        return f" None has {item.text}.{near}"
    return " Each condition matches some, but none matches all."


def encode_cursor(text: str, values: Sequence[Value | None], seq: int) -> str:
    """Where a page ended, for the query with this text."""
    content = json.dumps([_mark(text), list(values), seq], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode_cursor(text: str, cursor: str, order: Sequence[OrderKey]) -> tuple[list[Any], int]:
    """Read the values where the last page ended.

    Raises
    ------
    QueryError
        The cursor is not one of this query's.
    """
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        mark, values, seq = json.loads(base64.urlsafe_b64decode(padded))
        fits = mark == _mark(text) and len(values) == len(order or NEWEST_FIRST)
        fits = fits and type(seq) is int and 0 <= seq < 2**63
    except (ValueError, TypeError, binascii.Error):
        fits = False
    kinds = [key.field.kind for key in order or NEWEST_FIRST]
    if not fits or not all(map(_fits, values, kinds)):
        raise QueryError(
            "The cursor does not belong to this query. Start again without one.", position=0
        )
    return [
        float(v) if k == "number" and v is not None else v
        for v, k in zip(values, kinds, strict=True)
    ], seq


def _fits(value: object, kind: str) -> bool:
    if value is None:
        return True
    if kind == "number":
        return type(value) in {int, float}
    if kind == "time":
        return type(value) is int and abs(value) < 2**63
    return isinstance(value, str) and "\0" not in value


def _mark(text: str) -> str:
    return hashlib.sha256(text.strip().encode(errors="replace")).hexdigest()[:12]
