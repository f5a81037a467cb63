"""What a query means, as frozen values.

``!=``, ``not in``, ``not like`` and ``is null`` are no nodes of their own: they are :class:`Not`
around the positive test, which is what gives the language its two values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind = Literal["text", "number", "time", "version", "presence"]
Family = Literal[
    "column",
    "tags",
    "metrics",
    "input",
    "output",
    "package",
    "feature",
    "deployment",
    "skew",
    "attribute",
]
Operator = Literal["=", "<", "<=", ">", ">="]
Value: TypeAlias = str | float | int
"""Text, a number, or microseconds since 1970 (UTC) for a time."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that an envelope has at most once."""

    family: Family
    key: str
    """The column, the key of a tag or metric, the name of an input, package, feature, endpoint."""
    part: str
    """``latest``, ``first``, ``min``, ``max``, ``at`` of a metric; ``type`` of an input."""
    kind: Kind
    """``version``: it compares as PEP 440 has it; ``presence``: it can only be there or not."""
    step: int | None = None
    """The step that ``at`` asks for."""

    @property
    def source(self) -> str:
        """What must change for this field to change: ``tags.approved``, ``metrics.mae``."""
        return f"{self.family}.{self.key}"


@dataclass(frozen=True, slots=True)
class Compare:
    """The field is there and stands in this relation to the value."""

    field: Field
    operator: Operator
    value: Value
    text: str


@dataclass(frozen=True, slots=True)
class In:
    """The field is there and equals one of the values."""

    field: Field
    values: tuple[Value, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Like:
    r"""The field is there and fits: ``%`` any run, ``_`` one character, ``\`` quotes."""

    field: Field
    pattern: str
    folded: bool
    """``ilike``: both sides casefolded."""
    text: str


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is there."""

    field: Field
    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """The item does not hold."""

    item: Node


@dataclass(frozen=True, slots=True)
class And:
    """All items hold."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one item holds."""

    items: tuple[Node, ...]


Atom: TypeAlias = Compare | In | Like | Exists
Node: TypeAlias = Atom | Not | And | Or


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One key of the order; what lacks the field comes last, both ways."""

    field: Field
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: a condition (None: everything) and an order (empty: newest first)."""

    where: Node | None
    order: tuple[OrderKey, ...]


def atoms(node: Node | None) -> tuple[Atom, ...]:
    """List the tests in a condition, from left to right."""
    found: list[Atom] = []
    pending: list[Node] = [] if node is None else [node]
    while pending:
        item = pending.pop()
        match item:
            case Not(inner):
                pending.append(inner)
            case And(items) | Or(items):
                pending.extend(reversed(items))
            case _:
                found.append(item)
    return tuple(found)


def depth(node: Node | None) -> int:
    """How deeply a condition is nested."""
    deepest = 0
    pending: list[tuple[Node, int]] = [] if node is None else [(node, 1)]
    while pending:
        item, level = pending.pop()
        deepest = max(deepest, level)
        match item:
            case Not(inner):
                pending.append((inner, level + 1))
            case And(items) | Or(items):
                pending.extend((child, level + 1) for child in items)
            case _:
                pass
    return deepest


def sources(query: Query) -> frozenset[str]:
    """Everything whose change may change a query's answer: ``{"tags.approved", "column.name"}``."""
    fields = [atom.field for atom in atoms(query.where)] + [key.field for key in query.order]
    return frozenset(field.source for field in fields)
