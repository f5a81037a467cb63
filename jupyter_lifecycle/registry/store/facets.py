"""What a field holds: its commonest values with their counts, or the range of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from jupyter_lifecycle.errors import InvalidValueError
from jupyter_lifecycle.registry.query import field_of
from jupyter_lifecycle.registry.records import Facet
from jupyter_lifecycle.registry.store.schema import envelopes, environment_packages, metrics, tags

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

MAX_VALUES = 100
_TEXTS = {"name": envelopes.c.name, "author": envelopes.c.author, "python": envelopes.c.python}


def facet(connection: Connection, path: str, prefix: str, limit: int) -> Facet:
    """Describe a field by what is there; each answer is one walk along an index.

    Parameters
    ----------
    connection : Connection
        A transaction.
    path : str
        ``name``, ``author``, ``python``, ``tags.team``, ``metrics.mae``, ``package.numpy``.
    prefix : str
        Only values that start so are listed.
    limit : int
        Values at most.

    Raises
    ------
    QueryError
        There is no such field.
    InvalidValueError
        It has no values that could be listed.
    """
    field = field_of(path, 0)
    most = max(1, min(limit, MAX_VALUES))
    if field.family == "metrics":
        return _numbers(connection, path, field.key)
    if field.family == "tags":
        return _values(connection, path, tags.c.value, prefix, most, tags.c.key == field.key)
    if field.family == "package":
        of_it = environment_packages.c.name == field.key
        return _values(connection, path, environment_packages.c.version, prefix, most, of_it)
    if field.family == "column" and field.key in _TEXTS:
        column = _TEXTS[field.key]
        return _values(connection, path, column, prefix, most, column.is_not(None))
    raise InvalidValueError(f"{path} has no values to list: ask for a tag, a metric or a name.")


def _numbers(connection: Connection, path: str, key: str) -> Facet:
    mine = metrics.c.key == key
    value = metrics.c.latest
    number = connection.scalar(select(func.count()).where(mine)) or 0
    # one statement each: only then does SQLite read both ends from the index
    low = connection.scalar(select(func.min(value)).where(mine))
    high = connection.scalar(select(func.max(value)).where(mine))
    return Facet(path, number, low=low, high=high)


def _values(
    connection: Connection,
    path: str,
    column: Any,
    prefix: str,
    limit: int,
    of_it: ColumnElement[bool],
) -> Facet:
    number = func.count().label("number")
    found = select(column.label("value"), number).where(of_it).group_by(column)
    if prefix:
        found = found.where(column.startswith(prefix, autoescape=True))
    ordered = found.order_by(number.desc(), column).limit(limit)
    total = connection.scalar(select(func.count()).where(of_it)) or 0
    values = tuple((str(row.value), int(row.number)) for row in connection.execute(ordered))
    return Facet(path, total, values)
