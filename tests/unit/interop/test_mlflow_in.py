"""What MLflow wrote, as an envelope; the directories here are as MLflow 3.17 writes them."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from jupyter_lifecycle.envelope import build, open_bundle
from jupyter_lifecycle.errors import (
    EnvelopeError,
    MissingExtraError,
    SchemaError,
    TrustError,
)
from jupyter_lifecycle.interop import from_mlflow
from jupyter_lifecycle.registry import Registry

COLUMNS = [
    {"type": "double", "name": "a", "required": True},
    {"type": "long", "name": "b", "required": False},
    {"type": "datetime", "name": "t", "required": True},
]
EXAMPLE = {"columns": ["a", "b", "t"], "data": [[1.5, 2, "2024-01-01T00:00:00"], [None, 3, None]]}
TENSOR = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]
ANSWER = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]


@pytest.fixture
def write(tmp_path):
    def written(
        *, inputs=COLUMNS, outputs=ANSWER, example=EXAMPLE, needs="mlflow==3.17.2\n", **more
    ):
        folder = tmp_path / "model"
        (folder / "code").mkdir(parents=True, exist_ok=True)
        (folder / "code" / "own.py").write_text("raise SystemExit")
        described = {
            "flavors": {
                "python_function": {"loader_module": "mlflow.sklearn", "python_version": "3.11.7"}
            },
            "mlflow_version": "3.17.2",
            "model_uuid": "f" * 32,
        }
        if inputs:
            described["signature"] = {
                "inputs": json.dumps(inputs),
                "outputs": outputs and json.dumps(outputs),
                "params": None,
            }
        if example is not None:
            kind = "dataframe" if isinstance(example, dict) and "data" in example else "ndarray"
            info = {"artifact_path": "input_example.json", "type": kind}
            described["saved_input_example_info"] = info
            (folder / "input_example.json").write_text(json.dumps(example))
        (folder / "MLmodel").write_text(yaml.safe_dump(described | more))
        (folder / "requirements.txt").write_text(needs)
        return folder

    return written


def test_the_signature_is_the_schema_and_it_is_not_verified(write, tmp_path):
    needs = (
        "# made by mlflow\n--extra-index-url https://x\nmlflow==3.17.2\nScikit_Learn==1.9.1 # x\n"
    )
    bundle = from_mlflow(write(needs=needs), name="price")
    assert not bundle.schema_verified
    assert bundle.manifest.to_json()["verified"] is False
    assert bundle.manifest.name == "price"
    assert [(f.name, f.type, f.dtype, f.nullable, f.required) for f in bundle.schema.inputs] == [
        ("a", "number", "float64", True, True),
        ("b", "integer", "int64", False, False),
        ("t", "datetime", "datetime64[ns]", True, True),
    ]
    assert [one.type for one in bundle.schema.outputs] == ["number"]
    assert bundle.example()["a"].isna().tolist() == [False, True]
    packages = {one.name: one.version for one in bundle.manifest.environment.packages}
    assert packages == {"mlflow": "3.17.2", "scikit-learn": "1.9.1"}
    assert bundle.manifest.model.format == "mlflow"
    assert bundle.manifest.lineage["mlflow"]["model_uuid"] == "f" * 32
    assert [one.name for one in bundle.manifest.expectations] == ["a", "b", "t"]
    assert "mlflow/code/own.py" in bundle.files
    again = open_bundle(bundle.export(tmp_path / "x"))
    assert again.id == bundle.id == from_mlflow(write(needs=needs), name="price").id
    assert not again.schema_verified


def test_its_code_asks_for_trust_and_for_mlflow(write, monkeypatch):
    folder = write()
    with pytest.raises(TrustError):
        from_mlflow(folder).load()
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    monkeypatch.setitem(__import__("sys").modules, "mlflow.pyfunc", None)
    with pytest.raises(MissingExtraError, match="pip install mlflow"):
        from_mlflow(folder, trust=True).load()
    with pytest.raises(MissingExtraError, match="pip install mlflow"):
        from_mlflow("models:/price/1")


def test_in_a_registry_it_is_marked_until_it_is_verified(write, tmp_path):
    with Registry(tmp_path / "registry") as registry:
        envelope = registry.add(from_mlflow(write()))
        assert not envelope.schema_verified
        assert registry.latest("tags.schema = 'unverified'").id == envelope.id
        envelope.tag(verified="python 3.11")
        assert envelope.schema_verified


def test_rows_of_an_array(write):
    bundle = from_mlflow(write(inputs=TENSOR, example={"inputs": [[1.0, 2.0]]}))
    assert bundle.schema.container == "array"
    np.testing.assert_array_equal(bundle.example(), [[1.0, 2.0]])
    assert from_mlflow(write(inputs=TENSOR, example=[[1.0, 2.0]])).schema == bundle.schema


def test_rows_that_are_given_come_before_the_signature(write):
    rows = pd.DataFrame({"city": pd.Categorical(["a", "b"])})
    bundle = from_mlflow(write(inputs=None, example=None), example=rows)
    assert bundle.schema.inputs[0].type == "categorical"
    assert (bundle.schema.outputs, bundle.schema.aligned) == ((), False)
    again = from_mlflow(
        write(inputs=TENSOR, outputs=COLUMNS, example=None), example=np.ones((2, 2))
    )
    assert [one.name for one in again.schema.inputs] == ["x0", "x1"]
    assert again.schema.answer == "frame"


def test_what_has_no_version_is_pinned_by_what_is_here(write):
    found = from_mlflow(write(needs="numpy>=1\nx @ https://example.org/x.whl\n"))
    packages = {one.name: one for one in found.manifest.environment.packages}
    assert packages["numpy"].version == np.__version__
    assert packages["x"].url == "https://example.org/x.whl"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"example": None}, SchemaError, "without input_example"),
        ({"example": {"a": 1}}, SchemaError, "does not fit its signature"),
        ({"inputs": [{"type": "binary", "name": "x"}]}, SchemaError, "Column x .* is binary"),
        ({"inputs": [{"name": "x"}]}, EnvelopeError, "signature's inputs cannot be read"),
        ({"signature": {"inputs": "["}}, EnvelopeError, "signature's inputs cannot be read"),
        ({"inputs": [*TENSOR, *TENSOR]}, SchemaError, "tensors that are no table"),
        (
            {"inputs": [{"type": "tensor", "tensor-spec": {"dtype": "str", "shape": [-1, 1]}}]},
            SchemaError,
            "a tensor of <U0",
        ),
        ({"needs": "numpy>=900\n"}, EnvelopeError, "asks for numpy>=900 without a version"),
        ({"needs": "no-such-package\n"}, EnvelopeError, "Pin it in"),
        ({"needs": "???\n"}, EnvelopeError, "cannot be read"),
        ({"flavors": {}}, EnvelopeError, "no flavour python_function"),
        (
            {"flavors": {"python_function": {"loader_module": "x", "python_version": "no"}}},
            EnvelopeError,
            "which Python it needs: 'no'",
        ),
        (
            {"saved_input_example_info": {"type": "x", "artifact_path": "../x"}},
            SchemaError,
            "without input_example",
        ),
    ],
)
def test_what_is_refused(write, options, error, words):
    folder = write(**options)
    with pytest.raises(error, match=words):
        from_mlflow(folder)


def test_an_example_that_is_no_table(write):
    folder = write(saved_input_example_info={"type": "json_object", "artifact_path": "x.json"})
    (folder / "x.json").write_text("{}")
    with pytest.raises(SchemaError, match="example is a json_object"):
        from_mlflow(folder)
    with pytest.raises(SchemaError, match="take frames and arrays"):
        from_mlflow(write(), example=[1, 2])


def test_directories_that_are_no_models(write, tmp_path):
    with pytest.raises(EnvelopeError, match="no MLmodel that can be read"):
        from_mlflow(tmp_path / "nowhere")
    folder = write()
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(EnvelopeError, match="is a link or a device"):
        from_mlflow(folder)
    (folder / "link").unlink()
    (folder / "a:b").write_text("x")
    with pytest.raises(EnvelopeError, match="not portable"):
        from_mlflow(folder)
    (folder / "MLmodel").write_text("a: [")
    with pytest.raises(EnvelopeError, match="MLmodel cannot be read"):
        from_mlflow(folder)
    with (folder / "MLmodel").open("r+b") as stream:
        stream.truncate(17 * 1024 * 1024)
    with pytest.raises(EnvelopeError, match="larger than"):
        from_mlflow(folder)


def test_the_format_is_for_reading_only():
    with pytest.raises(EnvelopeError, match="The format mlflow does not store"):
        build(lambda a: a, name="x", example={"a": 1}, format="mlflow")
