"""What of a request and its answer is counted: rows of plain values in a plan's order."""

from __future__ import annotations

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


def add_inputs(counter: Counter, schema: Schema, payload: Any) -> None:
    """Count the rows of a request that the schema let through.

    Parameters
    ----------
    counter : Counter
        Its plan has some of the schema's inputs.
    schema : Schema
        Says how a payload holds rows.
    payload
        Decoded JSON.
    """
    names = counter.plan.names
    if schema.form == "frame" and schema.container not in ("frame", "array"):
        counter.add_columns({names[0]: _values(schema.inputs[0].name, payload)})
    elif isinstance(payload, dict):
        if schema.form == "frame" and _is_columns(payload, names):
            counter.add_columns(payload)
        else:
            counter.add_rows([[payload.get(name) for name in names]])
    elif isinstance(payload, list) and payload and isinstance(payload[0], list):
        places = [n for n, field in enumerate(schema.inputs) if field.name in set(names)]
        counter.add_rows([[row[place] for place in places] for row in payload])
    elif isinstance(payload, list):
        counter.add_rows([[row.get(name) for name in names] for row in payload])


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
