"""Where the fields of a query live: the table, which of its rows, and how it joins an envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, literal, select

from jupyter_lifecycle.registry.store.schema import (
    TEXT,
    deployments,
    envelopes,
    environment_packages,
    lineage_features,
    metric_points,
    metrics,
    schema_fields,
    schemas,
    skews,
    tags,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, FromClause, Table

    from jupyter_lifecycle.registry.query.tree import Field

    Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field lives; an envelope has at most one of its rows."""

    table: Table
    key: str
    """The column of the table that says whose a row is."""
    of: str
    """The column of ``envelopes`` that ``key`` refers to."""
    value: str
    rows: Callable[[FromClause], list[Condition]]
    """Which rows of the table are the field's."""
    ordered: str = ""
    indexed: bool = True
    """Whether an index leads from a value to its envelopes."""

    @property
    def order(self) -> str:
        """The column by which values compare."""
        return self.ordered or self.value

    def joined(self, table: FromClause) -> Condition:
        """Join the table, perhaps under another name, to ``envelopes``."""
        return and_(table.c[self.key] == envelopes.c[self.of], *self.rows(table))


def place_of(field: Field) -> Place:
    """Say where a field that is no column of an envelope lives."""
    return _PLACES[field.family](field, literal(field.key, TEXT))


def _metric(field: Field, name: Any) -> Place:
    if field.part == "at":
        return _points(name, field.step)
    return Place(metrics, "envelope", "seq", field.part, _keyed("key", name))


def _package(_: Field, name: Any) -> Place:
    return Place(
        environment_packages,
        "environment",
        "environment",
        "version",
        _keyed("name", name),
        ordered="version_order",
    )


def _output(field: Field, name: Any) -> Place:
    if not field.key:
        return Place(schemas, "key", "schema", "output_type", lambda _: [], indexed=False)
    return _schema_side("output", name)


def _skew(field: Field, _: Any) -> Place:
    """Of several endpoints, the row that has the worst of all counts."""
    everywhere = _keyed("endpoint", literal("", TEXT))
    return Place(skews, "envelope", "seq", field.key, everywhere, indexed=False)


def _keyed(column: str, name: Any) -> Callable[[FromClause], list[Condition]]:
    return lambda table: [table.c[column] == name]


def _schema_side(side: str, name: Any) -> Place:
    def rows(table: FromClause) -> list[Condition]:
        return [table.c.side == literal(side, TEXT), table.c.name == name]

    return Place(schema_fields, "schema", "schema", "type", rows)


def _points(name: Any, step: int | None) -> Place:
    """Of several values logged at one step, the last counts."""

    def rows(table: FromClause) -> list[Condition]:
        here = [table.c.key == name, table.c.step == step]
        later = metric_points.alias()
        newest = (
            select(func.max(later.c.seq))
            .where(later.c.envelope == table.c.envelope, later.c.key == name, later.c.step == step)
            .scalar_subquery()
        )
        return [*here, table.c.seq == newest]

    return Place(metric_points, "envelope", "seq", "value", rows)


def _attempts(endpoint: Any) -> Place:
    """Of several attempts to serve an envelope at an endpoint, the last counts."""

    def rows(table: FromClause) -> list[Condition]:
        later = deployments.alias()
        newest = (
            select(func.max(later.c.seq))
            .where(later.c.envelope == table.c.envelope, later.c.endpoint == endpoint)
            .scalar_subquery()
        )
        return [table.c.endpoint == endpoint, table.c.seq == newest]

    return Place(deployments, "envelope", "id", "state", rows)


_PLACES: dict[str, Callable[[Field, Any], Place]] = {
    "tags": lambda _, name: Place(tags, "envelope", "seq", "value", _keyed("key", name)),
    "metrics": _metric,
    "input": lambda _, name: _schema_side("input", name),
    "output": _output,
    "package": _package,
    "feature": lambda _, name: Place(
        lineage_features, "lineage", "lineage", "code", _keyed("name", name)
    ),
    "deployment": lambda _, name: _attempts(name),
    "skew": _skew,
}
