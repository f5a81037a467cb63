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
from jupyter_lifecycle.registry.store.places import place_of
from jupyter_lifecycle.registry.store.schema import TEXT, envelopes
from jupyter_lifecycle.registry.versions import version_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Select

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
        return _column(node, test, folded=folded)
    place = place_of(node.field)
    value = place.table.c[place.order if _compares(node) else place.value]
    found = exists().select_from(place.table).where(place.joined(place.table)).correlate(envelopes)
    return found.where(_passes(test, _folded(place.table, value) if folded else value))


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
    place = place_of(field)
    if not place.indexed:
        return None
    source = place.table.alias()
    value = source.c[place.order if _compares(node) else place.value]
    found = select(source.c[place.key]).where(*place.rows(source), _passes(test, value))
    if place.of == "seq":
        return found
    other = envelopes.alias()
    return select(other.c.seq).where(other.c[place.of].in_(found))


def _test(node: Atom) -> tuple[Callable[[Expression], Condition] | None, bool]:
    """Say what the field's value must pass (None: any does), and whether it's folded first."""
    match node:
        case Compare(field, operator, value):
            bound = _bind(field, value)
            return (lambda found: found.op(operator, is_comparison=True)(bound)), False
        case In(field, values):
            several = [_bind(field, value) for value in values]
            return (lambda found: found.in_(several)), False
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
            column = envelopes.c[_compared_column(field)]
            ordered.append(Ordering(column, key.descending, nullable=_is_nullable(field)))
            continue
        place = place_of(field)
        table = place.table.alias()
        is_there = first_is_there and index == 0
        source = source.join(table, place.joined(table), isouter=not is_there)
        ordered.append(Ordering(table.c[place.order], key.descending, nullable=not is_there))
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
        # A number is always bound as a double: a column of integers would round it.
        return literal(float(value), Double())
    return _raw(version_order(str(value)) if field.kind == "version" else value)


def _compares(node: Node) -> bool:
    """Whether a test asks how values are ordered; what is like a text asks for the text."""
    return isinstance(node, (Compare, In))


def _column(
    node: Atom, test: Callable[[Expression], Condition] | None, *, folded: bool
) -> Condition:
    field = node.field
    column: Expression = envelopes.c[_compared_column(field) if _compares(node) else field.key]
    if not folded:
        return _passes(test, column) if test is None or _is_nullable(field) else test(column)
    if field.key in FOLDED_COLUMNS:
        return _passes(test, func.coalesce(envelopes.c[f"{field.key}_folded"], column))
    return _passes(test, func.lower(column))


def _compared_column(field: Field) -> str:
    return f"{field.key}_order" if field.kind == "version" else field.key


def _is_nullable(field: Field) -> bool:
    return field.key in NULLABLE_COLUMNS


def _folded(table: FromClause, value: Expression) -> Expression:
    stored = table.c.get("value_folded")
    # Types, versions, digests and states are ASCII, where lower() is the same everywhere.
    return func.lower(value) if stored is None else func.coalesce(stored, value)
