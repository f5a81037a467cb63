import json

import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.envelope import build
from jupyter_lifecycle.errors import EnvelopeError
from jupyter_lifecycle.interop import to_mlflow


def double(a: int) -> int:
    return a * 2


def test_a_model_is_written_to_a_new_folder_only(tmp_path):
    bundle = build(double, name="double", example={"a": 3})
    path = to_mlflow(bundle, tmp_path / "model")
    assert sorted(file.name for file in path.iterdir()) == [
        "MLmodel", "code", "envelope", "python_env.yaml", "requirements.txt",
    ]  # fmt: skip
    assert (path / "envelope" / "manifest.json").read_bytes() == bundle.manifest.to_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["model"]
    with pytest.raises(EnvelopeError, match="exists; an MLflow model is written to a new folder"):
        to_mlflow(bundle, path)


def test_a_saved_envelope_is_written_too(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        envelope = jl.save(double, name="double", example={"a": 3}, registry=registry)
        path = to_mlflow(envelope, tmp_path / "model")
    assert json.loads((path / "MLmodel").read_text())["metadata"]["envelope"] == envelope.id
