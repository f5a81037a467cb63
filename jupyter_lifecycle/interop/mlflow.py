"""An envelope as an MLflow model: a directory that stock MLflow loads and scores.

Nothing of MLflow is needed to write it. Its ``MLmodel`` file is JSON, which is YAML too; the
format is that of https://mlflow.org/docs/latest/ml/model/#storage-format, flavour
``python_function``. Loading it there needs this package, which its requirements name.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.manifest import FILE_NAME, SIGNATURES
from jupyter_lifecycle.errors import EnvelopeError

if TYPE_CHECKING:
    import os

    from jupyter_lifecycle.envelope import Bundle, Schema
    from jupyter_lifecycle.registry import Envelope

_TYPES = {
    "int64": "long",
    "int32": "integer",
    "float64": "double",
    "float32": "float",
    "bool": "boolean",
    "str": "string",
}
"""MLflow's words for dtypes; it takes no other integers, and no categories or zones."""

_LOADER = '''"""Opens the envelope beside it; made by jupyter_lifecycle."""

from jupyter_lifecycle.envelope import open_bundle

ENVELOPE = "{id}"


class Model:
    """Answers as the envelope does."""

    def __init__(self, bundle):
        self.bundle = bundle

    def predict(self, rows, params=None):
        return self.bundle.predict(rows)


def _load_pyfunc(path):
    bundle = open_bundle(path, trust=ENVELOPE)  # refuses files that were changed
    bundle.verify_files()
    bundle.load()
    return Model(bundle)
'''


def to_mlflow(envelope: Bundle | Envelope, path: str | os.PathLike[str]) -> Path:
    """Write an envelope as an MLflow model.

    ``mlflow.pyfunc.load_model(path)`` loads it and answers as the envelope does, features that
    travel included. MLflow gets a signature where its types can say the envelope's schema: a
    frame of plain numbers, booleans and strings; else the envelope alone checks what it is asked.

    Parameters
    ----------
    envelope : Envelope or Bundle
        What is written, unchanged, in the directory's folder ``envelope``.
    path : path-like
        The directory; it must not exist.

    Returns
    -------
    Path
        The directory, written whole or not at all.

    Raises
    ------
    EnvelopeError
        Where the path exists.
    IntegrityError
        Where a file of the envelope is not what its manifest says.
    """
    import jupyter_lifecycle

    target = Path(path)
    if target.exists():
        raise EnvelopeError(f"{target} exists; an MLflow model is written to a new folder.")
    given: Any = envelope
    bundle: Bundle = getattr(given, "bundle", given)
    bundle.verify_files()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".mlflow-") as temporary:
        folder = Path(temporary) / "model"
        signed = (SIGNATURES,) if bundle.signatures else ()
        for name in (FILE_NAME, *signed, *bundle.files):
            file = folder / "envelope" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(bundle.path / name, file)
        module = f"envelope_{bundle.id}"  # one name a model: Python loads a module once
        (folder / "code").mkdir()
        (folder / "code" / f"{module}.py").write_text(_LOADER.format(id=bundle.id), "utf-8")
        lines = bundle.manifest.environment.requirements().splitlines()
        lines = [line for line in lines if not line.startswith("jupyter-lifecycle")]
        lines.append(f"jupyter_lifecycle=={jupyter_lifecycle.__version__}")
        (folder / "requirements.txt").write_text("\n".join(lines) + "\n", "utf-8")
        python = bundle.manifest.environment.python
        _write(
            folder / "python_env.yaml",
            {"python": python, "dependencies": ["-r requirements.txt"]},
        )
        _write(folder / "MLmodel", _described(bundle, module, python))
        folder.rename(target)
    return target


def _described(bundle: Bundle, module: str, python: str) -> dict[str, Any]:
    flavour = {
        "loader_module": module,
        "code": "code",
        "data": "envelope",
        "env": {"virtualenv": "python_env.yaml"},
        "python_version": python,
    }
    described: dict[str, Any] = {
        "flavors": {"python_function": flavour},
        "model_uuid": bundle.id[:32],
        "metadata": {"envelope": bundle.id, "name": bundle.manifest.name},
    }
    inputs = _inputs(bundle.schema)
    if inputs is not None:
        described["signature"] = {"inputs": json.dumps(inputs), "outputs": None, "params": None}
    return described


def _inputs(schema: Schema) -> list[dict[str, Any]] | None:
    """Give the columns in MLflow's words; None where it has none for one of them."""
    if schema.container != "frame":
        return None
    words = [
        _TYPES.get(field.dtype or "") if field.type != "categorical" else None
        for field in schema.inputs
    ]
    if None in words:
        return None
    return [
        {"type": word, "name": field.name, "required": field.required}
        for field, word in zip(schema.inputs, words, strict=True)
    ]


def _write(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
