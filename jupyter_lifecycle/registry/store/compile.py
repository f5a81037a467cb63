"""From a tree to bound SQL, with the same answer on SQLite and PostgreSQL.

Every test becomes an expression that is true or false, never NULL: so ``not`` is exactly the
complement, which SQL's three values would not give.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_ as both
from typing import TYPE_CHECKING, Any, assert_never

from sqlalchemy import BigInteger, and_, exists, false, func, literal, not_, or_, select, true
from sqlalchemy.types import Double

from jupyter_lifecycle.registry.query.tree import (
    And,
    Atom,
    Compare,
    Exists,
    Field,
    In,
    Like,
    Node,
    Not,
    Or,
    OrderKey,
    Value,
)
from jupyter_lifecycle.registry.store.schema import (
    TEXT,
    envelopes,
    environment_packages,
    metrics,
    schema_fields,
    schemas,
    tags,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, FromClause, Select, Table

    Expression = ColumnElement[Any]
    Condition = ColumnElement[bool]

NULLABLE_COLUMNS = frozenset({"author", "python"})
FOLDED_COLUMNS = frozenset({"name", "author"})


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key of the order in SQL; ``nullable`` where an envelope may lack it."""

    value: Expression
    descending: bool
    nullable: bool


def condition(node: Node | None, driver: Atom | None = None) -> Condition:
    """Write the condition over ``envelopes``.

    Parameters
    ----------
    node : Node or None
        None holds for every envelope.
    driver : Atom, optional
        A test that few envelopes pass: it's written as a set that the database starts from.
        The others are looked up for each envelope.
    """
    match node:
        case None:
            return true()
        case And(items):
            return and_(*[condition(item, driver) for item in items])
        case Or(items):
            return or_(*[condition(item, driver) for item in items])
        case Not(item):
            return not_(condition(item))
        case _:
            return atom(node, as_set=node is driver)


def atom(node: Atom, *, as_set: bool = False) -> Condition:
    """One test: true or false for each envelope, never NULL."""
    match node:
        case Compare(field, operator, value):
            return _where(
                field, lambda value_of: _compare(value_of, operator, value), as_set=as_set
            )
        case In(field, values):
            bound = [_bind(field, value) for value in values]
            return _where(field, lambda value_of: value_of.in_(bound), as_set=as_set)
        case Like(field, pattern, folded):
            text = canonical_pattern(pattern.casefold() if folded else pattern)
            return _where(
                field,
                lambda value_of: value_of.like(text, escape="\\"),
                as_set=as_set,
                folded=folded,
            )
        case Exists(field):
            return _where(field, None, as_set=as_set)
        case _:
            assert_never(node)


def canonical_pattern(pattern: str) -> str:
    r"""Quote with ``\`` only ``\``, ``%`` and ``_``: on these both databases agree."""
    parts: list[str] = []
    quoted = False
    for character in pattern:
        if quoted:
            parts.append(f"\\{character}" if character in "\\%_" else f"\\\\{character}")
            quoted = False
        elif character == "\\":
            quoted = True
        else:
            parts.append(character)
    return "".join(parts) + ("\\\\" if quoted else "")


def set_of(node: Atom) -> Select[Any] | None:
    """Select the keys of the envelopes that pass a test; None for plain columns."""
    match node:
        case Compare(field, operator, value):
            return _set(field, lambda value_of: _compare(value_of, operator, value))
        case In(field, values):
            bound = [_bind(field, value) for value in values]
            return _set(field, lambda value_of: value_of.in_(bound))
        case _:
            return None


def ordering(keys: Sequence[OrderKey]) -> tuple[FromClause, tuple[Ordering, ...]]:
    """Say what to select from, and by what to order: a field of another table is joined."""
    source: FromClause = envelopes
    ordered: list[Ordering] = []
    for key in keys:
        field = key.field
        if field.family == "column":
            nullable = field.key in NULLABLE_COLUMNS
            ordered.append(Ordering(envelopes.c[field.key], key.descending, nullable))
            continue
        table, on, value = _joined(field)
        source = source.outerjoin(table, on)
        ordered.append(Ordering(value, key.descending, nullable=True))
    return source, tuple(ordered)


def sort(orderings: Sequence[Ordering]) -> list[Expression]:
    """``order by`` in SQL: missing last both ways, then newest first."""
    columns: list[Expression] = []
    for key in orderings:
        if key.nullable:
            columns.append(key.value.is_(None).asc())
        columns.append(key.value.desc() if key.descending else key.value.asc())
    columns.append(envelopes.c.seq.desc())
    return columns


def after(orderings: Sequence[Ordering], values: Sequence[Value | None], seq: int) -> Condition:
    """Hold for what comes after the row with these values in that order (keyset pagination)."""
    alternatives: list[Condition] = []
    equal: list[Condition] = []
    for key, value in zip(orderings, values, strict=True):
        alternatives.append(and_(*equal, _beyond(key, value)))
        equal.append(key.value.is_(None) if value is None else key.value == _raw(value))
    alternatives.append(and_(*equal, envelopes.c.seq < seq))
    found: Condition = or_(*alternatives)
    first, start = orderings[0], values[0]
    if start is not None and not first.nullable:
        # Redundant, and what lets the database start in the middle of an index.
        found = and_(_reached(first, start), found)
    return found


def _beyond(key: Ordering, value: Value | None) -> Condition:
    if value is None:
        return false()
    beyond = key.value < _raw(value) if key.descending else key.value > _raw(value)
    return or_(beyond, key.value.is_(None)) if key.nullable else beyond


def _reached(key: Ordering, value: Value) -> Condition:
    return key.value <= _raw(value) if key.descending else key.value >= _raw(value)


def _raw(value: Value) -> Expression:
    kind: Any = TEXT
    if isinstance(value, float):
        kind = Double()
    elif isinstance(value, int):
        kind = BigInteger()
    return literal(value, kind)


def _bind(field: Field, value: Value) -> Expression:
    if field.kind == "number":
        return literal(float(value), Double())
    return _raw(value)


def _compare(value_of: Expression, operator: str, value: Value) -> Condition:
    # A number is always bound as a double: a column of integers would round it.
    other = literal(value, Double()) if isinstance(value, float) else _raw(value)
    compared: Condition = value_of.op(operator, is_comparison=True)(other)
    return compared


def _where(
    field: Field,
    test: Callable[[Expression], Condition] | None,
    *,
    as_set: bool,
    folded: bool = False,
) -> Condition:
    """Hold where the field is there and its value passes the test (None: any value does)."""
    if field.family == "column":
        return _column(field, test, folded=folded)
    if field.family in {"tags", "metrics"} and not as_set:
        table, on, value = _joined(field)
        inner = exists().select_from(table).where(on).correlate(envelopes)
        if test is not None:
            inner = inner.where(test(_folded(table, value) if folded else value))
        return inner
    found = _set(field, test, folded=folded)
    assert found is not None
    return _key(field).in_(found)


def _column(
    field: Field, test: Callable[[Expression], Condition] | None, *, folded: bool
) -> Condition:
    column: Expression = envelopes.c[field.key]
    value: Expression = column
    if folded:
        value = (
            func.coalesce(envelopes.c[f"{field.key}_folded"], column)
            if field.key in FOLDED_COLUMNS
            else func.lower(column)
        )
    present = [column.is_not(None)] if field.key in NULLABLE_COLUMNS or test is None else []
    passed = [test(value)] if test is not None else []
    return reduce(both, [*present, *passed])


def _key(field: Field) -> Expression:
    if field.family in {"input", "output"}:
        return envelopes.c.schema
    if field.family == "package":
        return envelopes.c.environment
    return envelopes.c.seq


def _set(
    field: Field, test: Callable[[Expression], Condition] | None, *, folded: bool = False
) -> Select[Any] | None:
    if field.family == "column":
        return None
    if field.family == "output" and not field.key:
        found = select(schemas.c.key).where(schemas.c.output_type.is_not(None))
        value: Expression = schemas.c.output_type
        return found if test is None else found.where(test(func.lower(value) if folded else value))
    table, key, having, part = _table(field)
    found = select(table.c[key]).where(*having(table))
    if test is None:
        return found
    column: Expression = table.c[part]
    return found.where(test(_folded(table, column) if folded else column))


def _folded(table: FromClause, value: Expression) -> Expression:
    stored = table.c.get("value_folded")
    # Types and versions are ASCII by construction, where lower() is the same everywhere.
    return func.lower(value) if stored is None else func.coalesce(stored, value)


def _table(
    field: Field,
) -> tuple[Table, str, Callable[[FromClause], list[Condition]], str]:
    """Where a field lives: the table, its key to the envelope, the rows of the field, its value."""
    name = literal(field.key, TEXT)
    if field.family == "tags":
        return tags, "envelope", lambda table: [table.c.key == name], "value"
    if field.family == "metrics":
        return metrics, "envelope", lambda table: [table.c.key == name], field.part
    if field.family == "package":
        return environment_packages, "environment", lambda table: [table.c.name == name], "version"
    side = literal(field.family, TEXT)
    return (
        schema_fields,
        "schema",
        lambda table: [table.c.side == side, table.c.name == name],
        "type",
    )


def _joined(field: Field) -> tuple[FromClause, Condition, Expression]:
    if field.family == "output" and not field.key:
        shared = schemas.alias()
        return shared, shared.c.key == envelopes.c.schema, shared.c.output_type
    table, key, having, value = _table(field)
    alias = table.alias()
    return alias, and_(alias.c[key] == _key(field), *having(alias)), alias.c[value]
