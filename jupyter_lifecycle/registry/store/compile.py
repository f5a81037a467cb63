"""From a tree to bound SQL, with the same answer on SQLite and PostgreSQL.

Every test becomes an expression that is true or false, never NULL: so ``not`` is exactly the
complement, which SQL's three values would not give.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, assert_never

from sqlalchemy import (
    BigInteger,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union,
)
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

    from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Select, Table

    Expression = ColumnElement[Any]
    Condition = ColumnElement[bool]

NULLABLE_COLUMNS = frozenset({"author", "python"})
FOLDED_COLUMNS = frozenset({"name", "author"})
INDEXED_COLUMNS = frozenset({"name", "author", "id"})


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key of the order in SQL; ``nullable`` where an envelope may lack it."""

    value: Expression
    descending: bool
    nullable: bool


def condition(node: Node | None, driver: Node | None = None) -> Condition:
    """Write the condition over ``envelopes``.

    Parameters
    ----------
    node : Node or None
        None holds for every envelope.
    driver : Node, optional
        A part that few envelopes pass, for which :func:`members` has a set: the database starts
        from there. The other parts are looked up for each envelope.
    """
    if node is not None and node is driver:
        found = members(node)
        assert found is not None
        return envelopes.c.seq.in_(found)
    match node:
        case None:
            return true()
        case And(items):
            return and_(*[condition(item, driver) for item in items])
        case Or(items):
            return or_(*[condition(item) for item in items])
        case Not(item):
            return not_(condition(item))
        case _:
            return atom(node)


@lru_cache(maxsize=4096)  # expressions never change, and rules ask the same again and again
def atom(node: Atom) -> Condition:
    """One test: true or false for each envelope, never NULL."""
    test, folded = _test(node)
    if node.field.family == "column":
        return _column(node.field, test, folded=folded)
    table, on, value = _beside(node.field)
    found = exists().select_from(table).where(on).correlate(envelopes)
    return found.where(_passes(test, _folded(table, value) if folded else value))


def members(node: Node) -> Select[Any] | CompoundSelect[Any] | None:
    """Select the keys of the envelopes that pass; None where no index leads to them."""
    match node:
        case Or(items):
            parts = [members(item) for item in items]
            known = [part for part in parts if part is not None]
            return union(*known) if len(known) == len(parts) else None
        case Compare(field) | In(field) | Exists(field):
            return _members(field, node)
        case _:
            return None


def _members(field: Field, node: Atom) -> Select[Any] | None:
    test, _ = _test(node)
    if field.family == "column":
        if field.key not in INDEXED_COLUMNS or not isinstance(node, (Compare, In)):
            return None
        other = envelopes.alias()
        return select(other.c.seq).where(_passes(test, other.c[field.key]))
    if field.family == "output" and not field.key:
        return None
    table, key, having, part = _table(field)
    source = table.alias()
    found = select(source.c[key]).where(*having(source), _passes(test, source.c[part]))
    if key == "envelope":
        return found
    other = envelopes.alias()
    return select(other.c.seq).where(other.c[key].in_(found))


def _test(node: Atom) -> tuple[Callable[[Expression], Condition] | None, bool]:
    """Say what the field's value must pass (None: any does), and whether it's folded first."""
    match node:
        case Compare(_, operator, value):
            return (lambda found: _compare(found, operator, value)), False
        case In(field, values):
            bound = [_bind(field, value) for value in values]
            return (lambda found: found.in_(bound)), False
        case Like(_, pattern, folded):
            text = canonical_pattern(pattern.casefold() if folded else pattern)
            return (lambda found: found.like(text, escape="\\")), folded
        case Exists():
            return None, False
        case _:
            assert_never(node)


def _passes(test: Callable[[Expression], Condition] | None, value: Expression) -> Condition:
    # What is joined by an outer join or a nullable column may be NULL; a test of NULL is not false.
    return value.is_not(None) if test is None else and_(value.is_not(None), test(value))


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


def ordering(
    keys: Sequence[OrderKey], *, first_is_there: bool = False
) -> tuple[FromClause, tuple[Ordering, ...]]:
    """Say what to select from, and by what to order: a field of another table is joined.

    ``first_is_there`` leaves out what lacks the first key, which lets its index be walked.
    """
    source: FromClause = envelopes
    ordered: list[Ordering] = []
    for index, key in enumerate(keys):
        field = key.field
        if field.family == "column":
            ordered.append(
                Ordering(envelopes.c[field.key], key.descending, nullable=_is_nullable(field))
            )
            continue
        table, on, value = _joined(field)
        is_there = first_is_there and index == 0
        source = source.join(table, on, isouter=not is_there)
        ordered.append(Ordering(value, key.descending, nullable=not is_there))
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
    if not orderings:
        return found
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


def _column(
    field: Field, test: Callable[[Expression], Condition] | None, *, folded: bool
) -> Condition:
    column: Expression = envelopes.c[field.key]
    if not folded:
        return _passes(test, column) if test is None or _is_nullable(field) else test(column)
    if field.key in FOLDED_COLUMNS:
        return _passes(test, func.coalesce(envelopes.c[f"{field.key}_folded"], column))
    return _passes(test, func.lower(column))


def _is_nullable(field: Field) -> bool:
    return field.key in NULLABLE_COLUMNS


def _key(field: Field) -> Expression:
    if field.family in {"input", "output"}:
        return envelopes.c.schema
    return envelopes.c.environment if field.family == "package" else envelopes.c.seq


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
    """Name the field's table anew, and say how it's joined to an envelope, the value."""
    return _beside(field, lambda table: table.alias())


def _beside(
    field: Field, name: Callable[[Table], FromClause] = lambda table: table
) -> tuple[FromClause, Condition, Expression]:
    if field.family == "output" and not field.key:
        shared = name(schemas)
        return shared, shared.c.key == envelopes.c.schema, shared.c.output_type
    table, key, having, value = _table(field)
    named = name(table)
    return named, and_(named.c[key] == _key(field), *having(named)), named.c[value]
