"""Make an envelope: schema, model, verification, environment, expectations, manifest.

Everything is staged in a folder of its own; what fails leaves nothing behind.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope import payload
from jupyter_lifecycle.envelope.agreement import first_difference
from jupyter_lifecycle.envelope.bundle import Bundle
from jupyter_lifecycle.envelope.columns import column_mismatch
from jupyter_lifecycle.envelope.describing import fields_of_frame
from jupyter_lifecycle.envelope.expectations import Expectation, expectations_of
from jupyter_lifecycle.envelope.formats import AUTOMATIC, Format, Stored, format_for
from jupyter_lifecycle.envelope.journey import embark
from jupyter_lifecycle.envelope.lineage import GitState, features_upstream, parameters_of
from jupyter_lifecycle.envelope.local_code import local_modules
from jupyter_lifecycle.envelope.manifest import (
    FILE_NAME,
    ExampleInfo,
    Manifest,
    ModelInfo,
    canonical_json,
    file_entries,
)
from jupyter_lifecycle.envelope.query import (
    Query,
    describe_answer,
    inputs_of_example,
    query_of,
    rows_form,
)
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.envelope.staging import discard, stage
from jupyter_lifecycle.envelope.travel import FILE as FEATURES
from jupyter_lifecycle.envelope.verification import Request, Verdict, shared_verifier, where
from jupyter_lifecycle.envelope.verifier import describe_error
from jupyter_lifecycle.envelope.writing import is_frame, to_json
from jupyter_lifecycle.errors import (
    EnvelopeError,
    ExampleError,
    InputError,
    SchemaError,
    did_you_mean,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from jupyter_lifecycle.envelope.expecting import Expectations
    from jupyter_lifecycle.envelope.journey import Journey
    from jupyter_lifecycle.envelope.travel_plan import FeatureSource, Plan
    from jupyter_lifecycle.graph import FeatureGraph

_MIN_LIMIT = 60.0
_SLOW_START = 0.5
_MAX_NAME = 200


def build(  # noqa: PLR0913 - fixed by the public surface of save
    model: Any,
    *,
    name: str,
    example: Any = None,
    training: Any = None,
    author: str | None = None,
    features: FeatureGraph | FeatureSource | None = None,
    expectations: Expectations | None = None,
    format: str = AUTOMATIC,  # noqa: A002 - the word of the manifest
    progress: Callable[[str, float, str], None] | None = None,
) -> Bundle:
    """Make an envelope of a model, and see it answer its example in another process.

    Parameters
    ----------
    model
        An object with ``predict``, or any callable.
    name : str
        What its versions have in common, such as ``departure-delay``.
    example : DataFrame, array, Series, list, dict or None
        Rows that it is asked with: a table, one dict of arguments, a list of such dicts, or
        nothing for what takes no arguments.
    training : DataFrame, optional
        The rows it was fitted on: only their profile is kept, and nulls seen there are allowed.
    author : str, optional
        Who saves; no part of the envelope's identity.
    features : FeatureGraph or Session, optional
        Sources and code keys of the features behind the example's columns are recorded. With a
        session, which has the raw inputs too, those that can travel do: the envelope then takes
        raw rows and computes the model's columns, to the bit as the session does.
    expectations : Expectations, optional
        From :func:`jupyter_lifecycle.expect`, perhaps changed; inputs that it lacks are profiled.
    format : str
        ``auto``: the framework's own where it has one that fits, else cloudpickle; or the name of
        a format, such as ``skops``, which holds no code.
    progress : callable, optional
        Told each finished step: its words, seconds, and one fact.

    Returns
    -------
    Bundle
        In a temporary folder that is removed with it; it may load, since it was made here.

    Raises
    ------
    SchemaError
        Where no schema can be made of the example or the answer.
    ExampleError
        Where the model fails on its example, here or reloaded.
    StorageFormatError
        Where the model cannot be stored; names the object and its path.
    """
    _check_name(name)
    report = progress or (lambda step, seconds, fact: None)  # noqa: ARG005
    folder = stage()
    try:
        journey = embark(features, example, folder, report)
        chosen = _Stage(folder, report, format_for(model, format))
        staged = chosen.verified(model, example, training, journey)
        lineage = _lineage(staged, features, report)
        manifest = replace(
            _manifest(name, staged, lineage), expectations=_expectations(staged, expectations)
        )
        (folder / FILE_NAME).write_bytes(manifest.to_bytes())
        bundle = Bundle(folder, trust=True, temporary=True, source="made")
        bundle.author, bundle.verdict = author, staged.verdict
        return bundle
    except BaseException:
        discard(folder)
        raise


def _check_name(name: str) -> None:
    if not str(name).strip() or len(name) > _MAX_NAME:
        raise EnvelopeError(f"An envelope's name has 1 to {_MAX_NAME} characters, got {name!r}.")
    if not name.isprintable():
        raise EnvelopeError(f"The name {name!r} has characters that cannot be printed.")


@dataclass(frozen=True, slots=True)
class _Staged:
    """What is known after verification."""

    folder: Path
    schema: Schema
    verdict: Verdict
    count: int
    repeatable: bool
    git: dict[str, Any]
    profile: Any
    """The rows that expectations are made of."""
    model: ModelInfo
    """How it is stored."""
    columns: tuple[str, ...]
    """What the model itself takes: the schema's inputs, where no features travel."""
    plan: Plan | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What the estimator was trained with."""


class _Stage:
    """Writes the files of one envelope into a folder."""

    def __init__(
        self, folder: Path, report: Callable[[str, float, str], None], chosen: Format | None
    ) -> None:
        self._folder = folder
        self._chosen = chosen
        self._report = report

    def verified(self, model: Any, example: Any, training: Any, way: Journey | None) -> _Staged:
        """Give schema from the example, answered here and by the reloaded model."""
        started = time.perf_counter()
        query, plan = query_of(model), None if way is None else way.plan
        try:
            schema = _input_schema(model, query, example, training)
            columns = tuple(field.name for field in schema.inputs)
            rows_json = _example_json(schema, example)
        except RecursionError as problem:
            raise SchemaError("The example holds itself, or is nested too deep.") from problem
        asked = time.perf_counter()
        answer, schema = _answered(query, schema, example, rows_json)
        if plan is not None and plan.features is not None:
            schema, rows_json = replace(schema, inputs=plan.inputs), plan.rows
            query = replace(query, features=plan.features)
        spent = time.perf_counter() - asked
        payload_hints = (
            {**query.hints, "return": query.returns} if schema.form == "arguments" else {}
        )
        local = local_modules()
        dumped = payload.dump(model, payload_hints, self._folder, local, self._chosen)
        if dumped.reason:
            self._report("Stored by cloudpickle", 0.0, dumped.reason)
        info = _model_info(model, query, dumped.stored)
        packages = dumped.packages | (frozenset() if way is None else way.packages)
        self._write("example.json", rows_json)
        request = Request(
            self._folder,
            schema,
            also=(*_needed_to_ask(schema), *dumped.stored.modules),
            model=info,
            packages=packages,
            local=local,
            limit=max(_MIN_LIMIT, 20 * spent),
        )
        git = GitState([sys.modules[module].__file__ or "" for module in local])
        try:
            verdict = shared_verifier().verify(request)
        finally:
            state = git.result()
        repeatable = _agree(query, schema, rows_json, answer, verdict)
        self._write("answers.json", verdict.answers)
        count = len(rows_json) if isinstance(rows_json, list) else 1
        what = "example rows" if schema.form == "frame" else "example calls"
        if count == 1:
            what = what.removesuffix("s")
        if verdict.waited_seconds > _SLOW_START:
            fact = "the libraries are imported once; the next save does not wait"
            self._report("Verifier started", verdict.waited_seconds, fact)
        others = verdict.waited_seconds + verdict.environment_seconds
        self._report(
            "Schema verified",
            time.perf_counter() - started - others,
            f"{count} {what} answered by the reloaded model",
        )
        environment = verdict.environment
        self._report(
            "Environment locked",
            verdict.environment_seconds,
            f"{len(environment.packages)} packages on Python {environment.python}",
        )
        return _Staged(
            self._folder,
            schema,
            verdict,
            count,
            repeatable,
            state,
            _profiled(example, training, plan),
            info,
            columns,
            plan,
            parameters_of(model),
        )

    def _write(self, name: str, value: Any) -> None:
        (self._folder / name).write_bytes(canonical_json(value))


def _profiled(example: Any, training: Any, plan: Plan | None) -> Any:
    """Give the rows that expectations are made of: raw ones where features travel."""
    if plan is None or plan.features is None:
        return example if training is None else training
    if is_frame(training) and training.index.isin(plan.whole.index).all():
        return plan.whole.loc[training.index]
    return plan.whole


def _input_schema(model: Any, query: Query, example: Any, training: Any) -> Schema:
    container = rows_form(example)
    if container == "frame":
        _check_fitted(model, example)
    inputs = inputs_of_example(query, example)
    form = "arguments" if container == "keywords" else "frame"
    if training is not None and is_frame(training) and container == "frame":
        message = column_mismatch(
            [field.name for field in inputs], training.columns, "the training rows"
        )
        missing = [field.name for field in inputs if field.name not in training.columns]
        if missing:
            raise SchemaError(message)
        inputs = _with_training(inputs, training)
    return Schema(form, container, inputs)  # type: ignore[arg-type]


def _with_training(inputs: Any, training: Any) -> Any:
    """Nulls and categories that only the training rows have belong to the schema too."""
    seen = fields_of_frame(training[[field.name for field in inputs]], what="The training rows")
    return tuple(
        field.or_null() if other.nullable else field
        for field, other in zip(inputs, seen, strict=True)
    )


def _check_fitted(model: Any, example: Any) -> None:
    """Say what a scikit-learn model says of its columns, before it is asked: its words are long."""
    names = getattr(model, "feature_names_in_", None)
    if names is None or not hasattr(names, "tolist"):
        return
    message = column_mismatch(names.tolist(), example.columns, "the example")
    if message:
        raise ExampleError(f"{message} Nothing was saved.")


def _example_json(schema: Schema, example: Any) -> Any:
    if schema.form == "arguments" and example is None:
        return {}
    if schema.container == "array":
        return [to_json(row, "The example") for row in example]
    return to_json(example, "The example")


def _answered(query: Query, schema: Schema, example: Any, rows_json: Any) -> tuple[Any, Schema]:
    """Give the model's answer here, on the user's own rows, and the schema with outputs."""
    try:
        rows = schema.decode(rows_json) if schema.form == "arguments" else example
        answer = query.ask(schema, rows)
    except InputError as problem:
        raise ExampleError(
            f"The example does not fit what the model takes: {problem.message}. Nothing was saved.",
            **problem.detail,
        ) from problem
    except Exception as problem:
        said = describe_error(problem)
        raise ExampleError(
            f"The model fails on its example. {said['kind']}: {said['message']}"
            f"{where(said['frames'])} Nothing was saved.",
            kind=said["kind"],
            frames=said["frames"],
        ) from problem
    encoded = schema.encode(answer)
    outputs, kind, aligned = describe_answer(query, schema, rows, answer)
    return encoded, schema.with_answer(outputs, kind, aligned=aligned)


def _needed_to_ask(schema: Schema) -> tuple[str, ...]:
    if schema.form == "arguments":
        return ()
    needed = {
        "frame": ("pandas",),
        "series": ("pandas",),
        "array": ("numpy",),
        "vector": ("numpy",),
    }
    found = needed.get(schema.container, ())
    strings = any(field.type == "string" and field.dtype == "str" for field in schema.inputs)
    return (*found, "pyarrow") if strings and found == ("pandas",) else found


def _agree(query: Query, schema: Schema, rows_json: Any, answer: Any, verdict: Verdict) -> bool:
    """Whether the reloaded model answers as the one here does, or neither does so twice.

    Raises
    ------
    ExampleError
        Where the two differ although the model here repeats itself.
    """
    seen = schema.with_answer(verdict.outputs, verdict.answer, aligned=verdict.aligned)
    if seen != schema:
        raise ExampleError(
            f"The stored model answers {_words(seen)}, here it answers {_words(schema)}. "
            "Nothing was saved."
        )
    difference = first_difference(answer, verdict.answers)
    if not difference:
        return True
    again = schema.encode(query.ask(schema, schema.decode(rows_json)))
    if first_difference(answer, again):
        return False
    raise ExampleError(
        f"The stored model answers otherwise than here: {difference}. Nothing was saved."
    )


def _words(schema: Schema) -> str:
    fields = ", ".join(f"{field.name} {field.dtype or field.type}" for field in schema.outputs[:4])
    return f"{schema.answer} of {fields}"


def _lineage(
    staged: _Staged,
    features: FeatureGraph | FeatureSource | None,
    report: Callable[[str, float, str], None],
) -> dict[str, Any]:
    lineage: dict[str, Any] = {}
    if features is not None:
        started = time.perf_counter()
        graph: FeatureGraph = getattr(features, "graph", features)  # type: ignore[arg-type]
        found = features_upstream(graph, staged.columns)
        (staged.folder / "features.json").write_bytes(canonical_json(found))
        lineage["features"] = {
            "file": "features.json",
            "count": len(found["features"]),
            "columns": found["columns"],
            "inputs": found["inputs"],
            "keys": {one["name"]: one.get("key", "") for one in found["features"]},
        }
        if staged.plan is not None:
            lineage["features"]["travel"] = staged.plan.to_json()
        fact = f"{len(found['features'])} features behind {len(found['columns'])} columns"
        report("Features recorded", time.perf_counter() - started, fact)
    if staged.parameters:
        lineage["parameters"] = dict(staged.parameters)
    if staged.git:
        lineage["git"] = staged.git
    return lineage


def _manifest(name: str, staged: _Staged, lineage: dict[str, Any]) -> Manifest:
    (staged.folder / "requirements.txt").write_text(
        staged.verdict.environment.requirements(), "utf-8"
    )
    return Manifest(
        name=name,
        model=staged.model,
        schema=staged.schema,
        example=ExampleInfo(staged.count, staged.repeatable),
        environment=staged.verdict.environment,
        files=file_entries(staged.folder),
        lineage=lineage,
    )


def _expectations(staged: _Staged, given: Expectations | None) -> tuple[Expectation, ...]:
    """Give those that somebody made, and the profile of the inputs that they leave out.

    Raises
    ------
    EnvelopeError
        Where one is of no input.
    """
    inputs = staged.schema.inputs
    if given is None:
        return expectations_of(inputs, staged.profile)
    if not hasattr(given, "frozen"):
        raise EnvelopeError(
            f"expectations= takes what jl.expect(frame) gives, got a {type(given).__qualname__}."
        )
    names = [field.name for field in inputs]
    for name in given:
        if name not in names:
            raise EnvelopeError(
                f"The expectations have {name}, which is no input.{did_you_mean(name, names)}"
            )
    others = expectations_of([one for one in inputs if one.name not in given], staged.profile)
    found = {one.name: one for one in (*others, *given.frozen)}
    return tuple(found[name] for name in names if name in found)


def _model_info(model: Any, query: Query, stored: Stored) -> ModelInfo:
    features = None if query.features is None else FEATURES
    return ModelInfo(_kind(model), query.call, stored.file, stored.format, features)


def _kind(model: Any) -> str:
    named = model if hasattr(model, "__qualname__") else type(model)
    home = getattr(named, "__module__", None)
    return f"{home}.{named.__qualname__}" if home else str(named.__qualname__)
