"""What a model brings along, as the save panel says it: pure functions of a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.travel_plan import counted
from jupyter_lifecycle.widgets.markup import element, join
from jupyter_lifecycle.widgets.save_views import Finding, fields_table, packages_table
from jupyter_lifecycle.widgets.views import listed, mono, table
from jupyter_lifecycle.widgets.words import count, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.envelope.environment import Environment
    from jupyter_lifecycle.envelope.expectations import Expectation
    from jupyter_lifecycle.envelope.manifest import Manifest
    from jupyter_lifecycle.envelope.schema import Schema


def findings_of(manifest: Manifest) -> tuple[Finding, ...]:
    """Say what a manifest holds.

    Parameters
    ----------
    manifest : Manifest
        Of the envelope that would be stored.
    """
    schema, environment = manifest.schema, manifest.environment
    return (
        Finding("example", "Example", "fresh", _example_words(manifest)),
        Finding("schema", "Schema", "fresh", _schema_words(schema), _schema_detail(schema)),
        _environment(environment),
        _features(manifest.lineage),
        _expectations(manifest.expectations),
    )


def _example_words(manifest: Manifest) -> str:
    rows, columns = manifest.example.count, len(manifest.schema.inputs)
    table_ = manifest.schema.form == "frame"
    what = f"{count(rows, 'row')} × {count(columns, 'column')}" if table_ else count(rows, "call")
    again = "" if manifest.example.repeatable else "; it answers otherwise each time"
    return f"{what}, answered by the stored model{again}"


def _schema_words(schema: Schema) -> Any:
    outputs = schema.outputs
    kinds = sorted({field.dtype or field.type for field in outputs})
    ends = count(len(outputs), "output")
    return join((f"{count(len(schema.inputs), 'input')}, {ends} ", listed(kinds)))


def _schema_detail(schema: Schema) -> Any:
    def words(fields: Sequence[Any]) -> list[tuple[str, str]]:
        return [
            (field.name, f"{field.dtype or field.type}{', may be null' if field.nullable else ''}")
            for field in fields
        ]

    answers = [(f"{name} (output)", word) for name, word in words(schema.outputs)]
    return fields_table([*words(schema.inputs), *answers])


def _environment(environment: Environment) -> Finding:
    words = f"Python {environment.python}, {count(len(environment.packages), 'package')} locked"
    if environment.local:
        names = [code.name for code in environment.local]
        words = join((words, ", ", listed(names), " by value"))
    packages = [(package.name, package.version) for package in environment.packages]
    return Finding("environment", "Environment", "fresh", words, packages_table(packages))


def _features(lineage: Any) -> Finding:
    features = lineage.get("features")
    if not features or not features["count"]:
        return Finding("features", "Features", "fresh", "No features of this notebook behind it")
    columns = features["columns"]
    travel = features.get("travel", {})
    if "columns" in travel:
        return Finding("features", "Features", "fresh", _travel_words(travel), _travel(travel))
    words = (
        f"{count(features['count'], 'feature')} behind {count(len(columns), 'column')}, "
        f"from {count(len(features['inputs']), 'raw input')}; recorded with the model"
    )
    if "why_not" in travel:
        words += f". None travels: {travel['why_not']}"
    names = table(("column",), ((mono(name),) for name in columns))
    return Finding("features", "Features", "fresh", words, names)


def _travel_words(travel: Any) -> str:
    held = [one for one in travel["asked"] if "why" in one]
    return counted(len(travel["computed"]), len(travel["frozen"]), len(held))


def _travel(travel: Any) -> Any:
    """List what requests are asked for by name with the reason, then the rest."""
    held = [(one["name"], one["why"]) for one in travel["asked"] if "why" in one]
    rows = [
        *((mono(name), "asked for by name", why) for name, why in held),
        *((mono(name), "frozen", "its value at save") for name in travel["frozen"]),
        *((mono(name), "travels", "computed from each row") for name in travel["computed"]),
    ]
    return table(("feature", "", ""), rows)


def _expectations(expectations: Sequence[Expectation]) -> Finding:
    if not expectations:
        return Finding("expectations", "Expectations", "fresh", "No rows to make a profile of")
    rows = max(one.rows for one in expectations)
    words = f"Profile of {count(rows, 'row')}, no rows kept"
    detail = table(
        ("input", "range", "null"),
        ((mono(one.name), _range(one), f"{one.null_share:.1%}") for one in expectations),
        right=2,
    )
    return Finding("expectations", "Expectations", "fresh", words, detail)


def _range(one: Expectation) -> Any:
    if one.categories:
        return listed([str(value) for value, _ in one.categories])
    ends = [
        number(end) if isinstance(end, float) else str(end or "")
        for end in (one.minimum, one.maximum)
    ]
    return element("span", " to ".join(ends)) if one.minimum is not None else ""
