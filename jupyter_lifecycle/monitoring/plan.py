"""What is counted of each column: frozen bin edges, known categories.

Importing this loads neither numpy nor pandas: the generated service counts with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from jupyter_lifecycle.errors import ProfileError
from jupyter_lifecycle.monitoring.categories import Category, key_of, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jupyter_lifecycle.envelope.expectations import Expectation
    from jupyter_lifecycle.envelope.fields import Field

VERSION = 1
MOST_CATEGORIES = 100

Kind = Literal["number", "category", "time", "presence"]
ColumnType = Literal[
    "integer", "number", "string", "boolean", "categorical", "datetime", "date", "unknown"
]
_KINDS: dict[str, Kind] = {
    "integer": "number",
    "number": "number",
    "string": "category",
    "boolean": "category",
    "categorical": "category",
    "datetime": "time",
    "date": "time",
    "unknown": "presence",
}


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What is counted of one column.

    Parameters
    ----------
    name : str
        The column.
    type : str
        The schema's type word; ``unknown`` where training had no value.
    edges : tuple of float
        Of numbers: rising and finite; the bins are ``(−∞, e0]``, ``(e0, e1]``, …, ``(en, ∞)``.
    categories : tuple
        Of categories: those that are known, each counted by itself.
    identifier : bool
        Whether its values rose from row to row, as row numbers and times do: not compared.

    Raises
    ------
    ProfileError
        Where edges do not rise, or a category repeats.
    """

    name: str
    type: ColumnType
    edges: tuple[float, ...] = ()
    categories: tuple[Category, ...] = ()
    identifier: bool = False

    def __post_init__(self) -> None:
        if self.type not in get_args(ColumnType):
            raise ProfileError(f"{self.name} has the type {self.type!r}, which is none of ours.")
        rising = all(low < high for low, high in zip(self.edges, self.edges[1:], strict=False))
        if not rising or not all(math.isfinite(edge) for edge in self.edges):
            raise ProfileError(f"The edges of {self.name} are not finite numbers that rise.")
        if len({key_of(one) for one in self.categories}) < len(self.categories):
            raise ProfileError(f"{self.name} has a category twice.")

    @property
    def kind(self) -> Kind:
        """How it is counted: ``number``, ``category``, ``time`` or ``presence``."""
        return _KINDS[self.type]

    @property
    def cells(self) -> int:
        """How many counts there are: bins, known categories, or one for what is there."""
        if self.kind == "number":
            return len(self.edges) + 1
        return len(self.categories) if self.kind == "category" else 1

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        answer: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.edges:
            answer["edges"] = list(self.edges)
        if self.categories:
            answer["categories"] = list(self.categories)
        if self.identifier:
            answer["identifier"] = True
        return answer

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ColumnPlan:
        """Give what :meth:`to_json` wrote."""
        return cls(
            name=str(value["name"]),
            type=value["type"],
            edges=tuple(float(edge) for edge in value.get("edges", ())),
            categories=tuple(value.get("categories", ())),
            identifier=bool(value.get("identifier", False)),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is counted of each column, in the columns' order.

    Parameters
    ----------
    columns : tuple of ColumnPlan
        One a column.

    Raises
    ------
    ProfileError
        Where a name repeats.
    """

    columns: tuple[ColumnPlan, ...]

    def __post_init__(self) -> None:
        names = self.names
        if len(set(names)) < len(names):
            raise ProfileError("A plan has a column twice.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in the order of a row's values."""
        return tuple(one.name for one in self.columns)

    @classmethod
    def of(cls, expectations: Iterable[Expectation], fields: Sequence[Field] = ()) -> Plan:
        """Give the plan that counts into the bins and categories of an envelope's expectations.

        Parameters
        ----------
        expectations : iterable of Expectation
            Such as ``manifest.expectations`` or ``jl.expect(frame).frozen``.
        fields : sequence of Field
            The schema's inputs: they decide types and the order of the columns, and what has no
            expectation (lists, objects) is left out. Without them types are seen from the
            expectations.
        """
        known = {one.name: one for one in expectations}
        if not fields:
            return cls(tuple(_column(one, None) for one in known.values()))
        return cls(tuple(_column(known[one.name], one) for one in fields if one.name in known))

    def to_json(self) -> dict[str, Any]:
        """As JSON values, for a service that has no envelope at hand."""
        return {"version": VERSION, "columns": [one.to_json() for one in self.columns]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """Give the plan that :meth:`to_json` wrote.

        Raises
        ------
        ProfileError
            Where it is not one, or of a later version.
        """
        try:
            check_version(value, "plan")
            return cls(tuple(ColumnPlan.from_json(one) for one in value["columns"]))
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise ProfileError(f"A plan of what to count is not readable: {problem}.") from problem


def check_version(value: Mapping[str, Any], what: str) -> None:
    """Refuse what a later version wrote.

    Raises
    ------
    ProfileError
        Naming both versions.
    """
    version = value["version"]
    if version != VERSION:
        raise ProfileError(
            f"This {what} has the version {version!r}, this package reads {VERSION}. "
            "Update jupyter_lifecycle."
        )


def _column(one: Expectation, field: Field | None) -> ColumnPlan:
    word = _type_of(one) if field is None else field.type
    if word in ("array", "object"):
        word = "unknown"
    kind = _KINDS[word]
    categories: dict[Any, Category] = {}
    if kind == "category":
        values = [value for value, _ in one.categories]
        values += list(field.categories) if field is not None else []
        for value in values:
            name = named(value)
            categories.setdefault(key_of(name), name)
    return ColumnPlan(
        name=one.name,
        type=word,  # type: ignore[arg-type]
        edges=one.edges if kind == "number" else (),
        categories=tuple(categories.values())[:MOST_CATEGORIES],
        identifier=one.identifier,
    )


def _type_of(one: Expectation) -> str:
    if one.edges:
        return "number"
    if one.categories:
        kinds = {type(value) for value, _ in one.categories}
        return "string" if kinds == {str} else "boolean" if kinds == {bool} else "categorical"
    return "datetime" if isinstance(one.minimum, str) else "unknown"
