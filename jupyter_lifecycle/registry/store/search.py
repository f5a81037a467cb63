"""Search: the plan, the page and its cursor."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from jupyter_lifecycle.errors import NotFoundError, QueryError, did_you_mean
from jupyter_lifecycle.registry.query import parse
from jupyter_lifecycle.registry.query.fields import COLUMNS as FIELD_COLUMNS
from jupyter_lifecycle.registry.query.fields import path_of
from jupyter_lifecycle.registry.query.tree import OrderKey, Query, atoms
from jupyter_lifecycle.registry.store import planning
from jupyter_lifecycle.registry.store.planning import NEWEST_FIRST, Found, Start
from jupyter_lifecycle.registry.store.schema import metrics, tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


MAX_LIMIT = 1_000
MAX_SKIP = 100_000_000


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


def latest(connection: Connection, query: Query, text: str) -> str:
    """Give the id of the first match.

    Raises
    ------
    NotFoundError
        Nothing matches; the message says which condition alone removes everything, if one does.
    """
    found = planning.first(connection, query)
    if found is not None:
        return found
    raise NotFoundError(
        f"No envelope matches {text.strip() or 'anything'}.{_culprit(connection, query)}"
    )


def _culprit(connection: Connection, query: Query) -> str:
    if planning.first(connection, Query(None, ())) is None:
        return " The registry is empty."
    for item in atoms(query.where)[:20]:
        if planning.first(connection, Query(item, ())) is not None:
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


def encode_cursor(text: str, last: Found) -> str:
    """Write where a page ended, for the query with this text."""
    content = json.dumps([_mark(text), list(last.keys), last.row.seq], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode_cursor(text: str, cursor: str, order: Sequence[OrderKey]) -> Start:
    """Read where the last page ended.

    Raises
    ------
    QueryError
        The cursor is not one of this query's.
    """
    kinds = [key.field.kind for key in order or NEWEST_FIRST]
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        mark, values, seq = json.loads(base64.urlsafe_b64decode(padded))
        fits = mark == _mark(text) and type(seq) is int and 0 <= seq < 2**63
        fits = fits and len(values) == len(kinds) and all(map(_fits, values, kinds))
    except (ValueError, TypeError, RecursionError):
        fits = False
    if not fits:
        raise QueryError(
            "The cursor does not belong to this query. Start again without one.", position=0
        )
    numbers = [
        float(value) if kind == "number" and value is not None else value
        for value, kind in zip(values, kinds, strict=True)
    ]
    return Start(tuple(numbers), seq)


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
