"""What of a request and its answer is counted: rows of plain values in a plan's order."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.monitoring import ColumnPlan, Counter, Plan, Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.envelope.fields import Field
    from jupyter_lifecycle.envelope.manifest import Manifest
    from jupyter_lifecycle.envelope.schema import Schema

BINS = 20
_SCALARS = frozenset(
    {"integer", "number", "string", "boolean", "categorical", "datetime", "date"},
)


def plans_of(manifest: Manifest, answers: Any) -> dict[str, Plan]:
    """Say what is counted of an envelope's requests and answers.

    Parameters
    ----------
    manifest : Manifest
        Has the inputs' expectations, whose edges are frozen. Where features travel they are of
        the raw columns, and those of the model's own columns stand beside them.
    answers
        What the example was answered with: its quantiles are the edges of the answers.
    """
    schema = manifest.schema
    taken = Plan.of(manifest.expectations, schema.inputs)
    travels = bool(manifest.model.features)
    found = {"raw" if travels else "inputs": taken, "outputs": output_plan(schema, answers)}
    return {side: plan for side, plan in found.items() if plan.columns}


def output_plan(schema: Schema, answers: Any) -> Plan:
    """Give what is counted of answers; nothing where there is not one a row."""
    fields = counted_outputs(schema)
    if not fields:
        return Plan(())
    columns = list(zip(*output_rows(schema, fields, answers), strict=True)) or [()] * len(fields)
    return Plan(
        tuple(_output_column(field, values) for field, values in zip(fields, columns, strict=True))
    )


def counted_outputs(schema: Schema) -> tuple[Field, ...]:
    """List the answer's members that can be counted."""
    if schema.form == "frame" and not schema.aligned:
        return ()
    return tuple(field for field in schema.outputs if field.type in _SCALARS)


def _output_column(field: Field, values: Sequence[Any]) -> ColumnPlan:
    name = "prediction" if field.name == "value" else field.name
    if field.type in ("integer", "number"):
        numbers = sorted(
            float(one) for one in values if isinstance(one, int | float) and one is not True
        )
        last = len(numbers) - 1
        places = (round(n / BINS * last) for n in range(1, BINS)) if numbers else ()
        return ColumnPlan(name, field.type, edges=tuple(sorted({numbers[one] for one in places})))
    if field.type in ("datetime", "date"):
        return ColumnPlan(name, field.type)
    seen = [*field.categories, *(one for one in values if isinstance(one, str | bool | int))]
    return ColumnPlan(name, field.type, categories=tuple(dict.fromkeys(seen))[:100])  # type: ignore[arg-type]


def output_rows(schema: Schema, fields: Sequence[Field], answers: Any) -> list[list[Any]]:
    """Give the answers of one request, a row each, members in the order of `fields`."""
    many = isinstance(answers, list) and not (schema.answer == "matrix" and _is_row(answers))
    rows = answers if many else [answers]
    if schema.answer == "frame":
        return [[row.get(field.name) for field in fields] for row in rows]
    if schema.answer == "matrix":
        places = [n for n, field in enumerate(schema.outputs) if field in fields]
        return [[row[place] for place in places] for row in rows]
    return [[row] for row in rows]


def _is_row(answers: list[Any]) -> bool:
    return bool(answers) and not isinstance(answers[0], list)


class InputRows:
    """Reads rows of plain values, in a plan's order, from requests that the schema let through.

    Parameters
    ----------
    plan : Plan
        Has some of the schema's inputs.
    schema : Schema
        Says how a payload holds rows.
    """

    def __init__(self, plan: Plan, schema: Schema) -> None:
        self._names = plan.names
        self._schema = schema
        self._valued = schema.form == "frame" and schema.container not in ("frame", "array")
        self._places = [n for n, one in enumerate(schema.inputs) if one.name in set(plan.names)]
        getter = itemgetter(*self._names)
        self._whole = getter if len(self._names) > 1 else lambda row: (getter(row),)

    def of(self, payload: Any) -> Sequence[Sequence[Any]] | Mapping[str, list[Any]]:
        """Give the rows of a decoded payload, or its columns where it has columns."""
        if self._valued:
            return {self._names[0]: _values(self._schema.inputs[0].name, payload)}
        if isinstance(payload, dict):
            if self._schema.form == "frame" and _is_columns(payload, self._names):
                return payload
            return [self._row(payload)]
        if payload and isinstance(payload[0], list):
            return [[row[place] for place in self._places] for row in payload]
        try:
            return list(map(self._whole, payload))
        except KeyError:
            return list(map(self._row, payload))

    def rows(self, payload: Any) -> Sequence[Sequence[Any]]:
        """Give the rows of a decoded payload, of columns too."""
        found = self.of(payload)
        if not isinstance(found, dict):
            return found  # type: ignore[return-value]
        return list(zip(*[found[name] for name in self._names], strict=True))

    def _row(self, row: Mapping[str, Any]) -> Sequence[Any]:
        try:
            return self._whole(row)
        except KeyError:  # an argument that has a default
            return [row.get(name) for name in self._names]


def units_of(schema: Schema, name: str, payload: Any) -> list[Any]:
    """Give the value of one input for each row of a decoded payload; None where it has none."""
    if schema.form == "frame" and schema.container not in ("frame", "array"):
        return _values(schema.inputs[0].name, payload)
    if isinstance(payload, dict):
        value = payload.get(name)
        columns = schema.form == "frame" and _is_columns(payload, list(payload))
        return value if columns and isinstance(value, list) else [value]
    if payload and isinstance(payload[0], list):
        place = next((n for n, one in enumerate(schema.inputs) if one.name == name), None)
        return [None if place is None else row[place] for row in payload]
    return [row.get(name) for row in payload]


def _is_columns(payload: Mapping[str, Any], names: Sequence[str]) -> bool:
    return all(isinstance(payload.get(name), list) for name in names)


def _values(name: str, payload: Any) -> list[Any]:
    if isinstance(payload, dict):
        payload = payload[name]
    return payload if isinstance(payload, list) else [payload]


def output_profile(schema: Schema, answers: Any) -> Profile:
    """Give the profile of the example's answers, for a look at where they lie."""
    counter = Counter(output_plan(schema, answers))
    counter.add_rows(output_rows(schema, counted_outputs(schema), answers))
    return counter.profile()
