"""What MLflow wrote, as an envelope: its directory unchanged, its signature as the schema.

Nothing of the model runs for it and MLflow is not needed; so the schema is what somebody wrote
down, not what was seen, and is marked so until ``verify`` has seen it.
"""

from __future__ import annotations

import json
import re
import shutil
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.envelope.bundle import Bundle
from jupyter_lifecycle.envelope.describing import fields_of_frame
from jupyter_lifecycle.envelope.environment import Environment, Package, canonical
from jupyter_lifecycle.envelope.expectations import expectations_of
from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.envelope.formats.mlflow_format import FILE, FOLDER
from jupyter_lifecycle.envelope.manifest import (
    FILE_NAME,
    ExampleInfo,
    Manifest,
    ModelInfo,
    canonical_json,
    file_entries,
)
from jupyter_lifecycle.envelope.query import inputs_of_example, rows_form
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.envelope.staging import discard, stage
from jupyter_lifecycle.envelope.writing import is_frame, to_json
from jupyter_lifecycle.errors import EnvelopeError, InputError, SchemaError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.envelope.fields import FieldType

_TYPES: Final[dict[str, tuple[FieldType, str]]] = {
    "boolean": ("boolean", "bool"),
    "integer": ("integer", "int32"),
    "long": ("integer", "int64"),
    "float": ("number", "float32"),
    "double": ("number", "float64"),
    "string": ("string", "str"),
    "datetime": ("datetime", "datetime64[ns]"),
}
"""MLflow's words: its ``mlflow.types.DataType``."""
_NULLABLE: Final = frozenset({"number", "string", "datetime"})
"""Types whose columns hold a missing value; MLflow's signature does not say whether they do."""
_TENSORS: Final[dict[str, FieldType]] = {"f": "number", "i": "integer", "u": "integer"}
_MAX_DESCRIPTION: Final = 16 * 1024 * 1024


def from_mlflow(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    example: Any = None,
    trust: bool = False,
) -> Bundle:
    """Make an envelope of a model that MLflow wrote; none of its code is run.

    The schema is MLflow's signature, or that of the example, and is marked as not verified until
    :meth:`Bundle.verify` has built the environment and seen the model answer its example.

    Parameters
    ----------
    path : path-like
        The model's directory; or an address such as ``models:/name/1``, fetched by MLflow itself.
    name : str, optional
        What versions of the model share; the directory's name by default.
    example : DataFrame, array, optional
        Some rows; needed where the model was logged without ``input_example``.
    trust : bool
        Whether the model's code may run.

    Returns
    -------
    Bundle
        Give it to :meth:`Registry.add`.

    Raises
    ------
    EnvelopeError
        The directory is no model of MLflow's, or its requirements cannot be pinned.
    SchemaError
        It has neither signature nor example, or they don't fit.
    MissingExtraError
        An address was given and MLflow is not installed.
    """
    source = _fetched(path)
    described = _described(source)
    schema, rows, frame = _schema(source, described, example)
    folder = stage()
    try:
        _copy(source, folder / FOLDER)
        (folder / "example.json").write_bytes(canonical_json(rows))
        (folder / "answers.json").write_bytes(canonical_json(None))
        environment = _environment(source, described)
        (folder / "requirements.txt").write_text(environment.requirements(), "utf-8")
        flavour = described["flavors"]["python_function"]
        manifest = Manifest(
            name=name or source.name,
            model=ModelInfo(str(flavour["loader_module"]), "predict", FILE, "mlflow"),
            schema=schema,
            example=ExampleInfo(len(rows), repeatable=False),
            environment=environment,
            files=file_entries(folder),
            expectations=tuple(expectations_of(schema.inputs, frame)) if is_frame(frame) else (),
            lineage=_lineage(described),
            verified=False,
        )
        (folder / FILE_NAME).write_bytes(manifest.to_bytes())
        return Bundle(folder, trust=trust, temporary=True)
    except BaseException:
        discard(folder)
        raise


def _fetched(path: str | os.PathLike[str]) -> Path:
    text = str(path)
    if ":/" not in text:
        return Path(path)
    from jupyter_lifecycle.envelope.formats import framework

    return Path(framework("mlflow.artifacts", "mlflow").download_artifacts(text))


def _described(source: Path) -> dict[str, Any]:
    """Read ``MLmodel``.

    Raises
    ------
    EnvelopeError
        There is none, or none that a model in Python could be loaded by.
    """
    import yaml

    file = source / "MLmodel"
    try:
        if file.stat().st_size > _MAX_DESCRIPTION:
            raise EnvelopeError(f"{file} is larger than {_MAX_DESCRIPTION} bytes.")
        found = yaml.safe_load(file.read_text("utf-8"))
    except OSError as problem:
        raise EnvelopeError(f"{source} has no MLmodel that can be read: {problem.strerror}.") from (
            problem
        )
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise EnvelopeError(f"{file} cannot be read: {problem}") from problem
    flavours = found.get("flavors") if isinstance(found, dict) else None
    flavour = flavours.get("python_function") if isinstance(flavours, dict) else None
    if not isinstance(flavour, dict) or "loader_module" not in flavour:
        raise EnvelopeError(f"{file} has no flavour python_function, by which Python loads it.")
    return dict(found)


def _schema(
    source: Path, described: Mapping[str, Any], example: Any
) -> tuple[Schema, list[Any], Any]:
    """Give the schema, the example's JSON and its rows."""
    declared = _declared(described, "inputs")
    inputs, container = _inputs(declared) if declared and example is None else ((), "frame")
    given = _example(source, described) if example is None else example
    if not inputs:
        container = rows_form(given)
        if container not in ("frame", "array"):
            raise SchemaError("MLflow's models take frames and arrays: give one as example=.")
        inputs = fields_of_frame(given) if is_frame(given) else inputs_of_example(_NO_QUERY, given)
    schema = Schema("frame", container, inputs)  # type: ignore[arg-type]
    rows = to_json(given, "The example")
    try:
        frame = schema.decode(rows)
    except InputError as problem:
        raise SchemaError(
            f"The model's example does not fit its signature: {problem.message}"
        ) from problem
    fields, answer = _outputs(_declared(described, "outputs"))
    return schema.with_answer(fields, answer, aligned=bool(fields)), rows, frame  # type: ignore[arg-type]


def _declared(described: Mapping[str, Any], side: str) -> list[dict[str, Any]]:
    """Give one side of the signature; empty where it says nothing.

    Raises
    ------
    EnvelopeError
        It's none that MLflow writes.
    """
    signature = described.get("signature") or {}
    try:
        found = json.loads(signature.get(side) or "[]")
        for one in found:
            if one["type"] == "tensor":
                one["tensor-spec"]["dtype"], one["tensor-spec"]["shape"]
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise EnvelopeError(f"The signature's {side} cannot be read: {problem!r}.") from problem
    return list(found)


_NO_QUERY: Any = None
"""Rows of an array say all of their fields themselves."""


def _inputs(declared: Sequence[Mapping[str, Any]]) -> tuple[tuple[Field, ...], str]:
    if declared[0].get("type") == "tensor":
        dtype, shape = _tensor(declared[0])
        if len(declared) > 1 or len(shape) != 2 or shape[1] < 1:
            raise SchemaError("The signature has tensors that are no table; give rows as example=.")
        kind = _TENSORS[dtype.kind]
        null = kind == "number"
        return tuple(
            Field(f"x{place}", kind, nullable=null, dtype=str(dtype)) for place in range(shape[1])
        ), "array"
    return tuple(_field(one, place) for place, one in enumerate(declared)), "frame"


def _field(declared: Mapping[str, Any], place: int) -> Field:
    name, word = str(declared.get("name", place)), str(declared.get("type"))
    if word not in _TYPES:
        raise SchemaError(
            f"Column {name} of the signature is {word}, which has no column here;"
            " give rows as example=."
        )
    kind, dtype = _TYPES[word]
    required = bool(declared.get("required", True))
    return Field(name, kind, nullable=kind in _NULLABLE, required=required, dtype=dtype)


def _tensor(declared: Mapping[str, Any]) -> tuple[Any, list[int]]:
    import numpy as np

    spec = declared["tensor-spec"]
    dtype = np.dtype(str(spec["dtype"]))
    if dtype.kind not in _TENSORS:
        raise SchemaError(f"The signature has a tensor of {dtype}; give rows as example=.")
    return dtype, [int(size) for size in spec["shape"]]


def _outputs(declared: Sequence[Mapping[str, Any]] | None) -> tuple[tuple[Field, ...], str]:
    """Give what the signature says of answers; nothing where we have no words for it."""
    if not declared:
        return (), ""
    try:
        if declared[0].get("type") != "tensor":
            return tuple(_field(one, place) for place, one in enumerate(declared)), "frame"
        dtype, shape = _tensor(declared[0])
    except SchemaError:
        return (), ""
    kind = _TENSORS[dtype.kind]
    one = Field("value", kind, nullable=kind == "number", dtype=str(dtype))
    return ((one,), "array") if shape == [-1] else ((), "")


def _example(source: Path, described: Mapping[str, Any]) -> Any:
    """Read the example that was logged with the model.

    Raises
    ------
    SchemaError
        There is none, or it is no table.
    """
    info = described.get("saved_input_example_info") or {}
    file = source / str(info.get("artifact_path", ""))
    if not info or not file.is_file() or file.parent != source:
        raise SchemaError(
            "The model was logged without input_example, and an envelope has one that it was seen"
            " to answer: give some rows as example=."
        )
    found = json.loads(file.read_text("utf-8"))
    if info.get("type") == "ndarray":
        return found.get("inputs", found) if isinstance(found, dict) else found
    if info.get("type") == "dataframe" and isinstance(found, dict) and "data" in found:
        names = [str(name) for name in found["columns"]]
        return [dict(zip(names, row, strict=True)) for row in found["data"]]
    raise SchemaError(f"The model's example is a {info.get('type')}; give rows as example=.")


def _copy(source: Path, target: Path) -> None:
    """Copy the directory; what is no plain file is refused."""
    for file in sorted(source.rglob("*")):
        place = target / file.relative_to(source)
        if file.is_symlink() or not (file.is_dir() or file.is_file()):
            raise EnvelopeError(f"{file} is a link or a device; copy the model without it.")
        if file.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)


def _environment(source: Path, described: Mapping[str, Any]) -> Environment:
    python = str(described["flavors"]["python_function"].get("python_version", ""))
    if not re.fullmatch(r"3\.\d+(\.\d+)?", python):
        raise EnvelopeError(f"The model does not say which Python it needs: {python!r}.")
    file = source / "requirements.txt"
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    found = (_package(line) for line in lines)
    packages = sorted({one for one in found if one is not None})
    return Environment(python, "cpython", sysconfig.get_platform(), tuple(packages))


def _package(line: str) -> Package | None:
    """Pin one line of the requirements; None for comments and options.

    Raises
    ------
    EnvelopeError
        It names no version, and the package is not here either.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    text = line.partition(" #")[0].strip()
    if not text or text.startswith(("#", "-")):
        return None
    try:
        wanted = Requirement(text)
    except InvalidRequirement as problem:
        raise EnvelopeError(f"The requirement {text!r} of the model cannot be read.") from problem
    name = canonical(wanted.name)
    if wanted.url:
        return Package(name, "", wanted.url)
    pinned = [one.version for one in wanted.specifier if one.operator in ("==", "===")]
    if pinned and not pinned[0].endswith("*"):
        return Package(name, pinned[0])
    try:
        here = metadata.version(name)
    except metadata.PackageNotFoundError:
        here = ""
    if not here or not wanted.specifier.contains(here, prereleases=True):
        raise EnvelopeError(
            f"The model asks for {text} without a version, and no such version is installed here"
            " to pin it by. Pin it in the model's requirements.txt."
        )
    return Package(name, here)


def _lineage(described: Mapping[str, Any]) -> dict[str, Any]:
    facts = ("mlflow_version", "model_uuid", "run_id", "utc_time_created")
    return {"mlflow": {fact: str(described[fact]) for fact in facts if described.get(fact)}}
