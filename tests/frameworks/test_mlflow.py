"""What ``to_mlflow`` writes, real MLflow loads and scores; what MLflow wrote becomes an envelope."""

import json
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.envelope import build
from jupyter_lifecycle.envelope.serving import load_service
from jupyter_lifecycle.errors import InputError, IntegrityError
from jupyter_lifecycle.interop import from_mlflow, to_mlflow
from jupyter_lifecycle.registry import Registry

pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = pd.DataFrame({"price": [1.5, 2.5, 4.0], "count": [1, 2, 3], "city": ["a", "b", "a"]})


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def load():
    return pytest.importorskip("mlflow.pyfunc", reason="make test-frameworks").load_model


def revenue(rows):
    return rows["price"] * rows["count"] + (rows["city"] == "b")


def test_mlflow_loads_and_scores(tmp_path, load):
    bundle = build(revenue, name="revenue", example=ROWS)
    loaded = load(str(to_mlflow(bundle, tmp_path / "models" / "revenue")))
    np.testing.assert_array_equal(loaded.predict(ROWS), revenue(ROWS))
    assert {one.name: one.type.name for one in loaded.metadata.signature.inputs} == {
        "price": "double",
        "count": "long",
        "city": "string",
    }
    assert loaded.metadata.metadata["envelope"] == bundle.id
    with pytest.raises(Exception, match=r"(?i)price"):
        loaded.predict(ROWS.drop(columns="price"))
    other = build(lambda rows: rows["price"] * 2, name="double", example=ROWS)
    again = load(str(to_mlflow(other, tmp_path / "models" / "double")))
    np.testing.assert_array_equal(again.predict(ROWS), ROWS.price * 2)
    np.testing.assert_array_equal(loaded.predict(ROWS), revenue(ROWS))


def test_what_mlflow_has_no_types_for_has_no_signature(tmp_path, load):
    rows = ROWS.assign(city=ROWS.city.astype("category"))
    bundle = build(lambda rows: rows["price"] * 2, name="m", example=rows)
    loaded = load(str(to_mlflow(bundle, tmp_path / "m")))
    assert loaded.metadata.signature is None
    np.testing.assert_array_equal(loaded.predict(rows), rows.price * 2)


def test_a_changed_file_is_refused_there(tmp_path, load):
    path = to_mlflow(build(revenue, name="m", example=ROWS), tmp_path / "m")
    file = path / "envelope" / "model.pkl"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(IntegrityError):
        load(str(path))


def test_the_requirements_are_the_envelopes(tmp_path):
    bundle = build(revenue, name="m", example=ROWS)
    path = to_mlflow(bundle, tmp_path / "m")
    lines = (path / "requirements.txt").read_text().splitlines()
    assert set(bundle.manifest.environment.requirements().splitlines()) <= set(lines)
    assert json.loads((path / "MLmodel").read_text())["model_uuid"] == bundle.id[:32]


# -- from MLflow

NUMBERS = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1, 2, 3]})


@pytest.fixture
def pipeline():
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LinearRegression()).fit(NUMBERS, [1.0, 2.0, 3.5])


def pins(*names):
    return [f"{name}=={version(name)}" for name in names]


def test_what_mlflow_wrote_answers_as_it_does_there(tmp_path, load, pipeline):
    import mlflow

    signature = mlflow.models.infer_signature(NUMBERS, pipeline.predict(NUMBERS))
    mlflow.sklearn.save_model(
        pipeline, tmp_path / "m", signature=signature, input_example=NUMBERS,
        pip_requirements=pins("mlflow-skinny", "scikit-learn", "pandas", "skops"),
    )  # fmt: skip
    bundle = from_mlflow(tmp_path / "m", name="line", trust=True)
    assert not bundle.schema_verified
    expected = load(str(tmp_path / "m")).predict(NUMBERS)
    np.testing.assert_array_equal(bundle.predict(NUMBERS), expected)
    with pytest.raises(InputError, match="b"):
        bundle.predict(NUMBERS[["a"]])
    service = load_service(bundle.path)
    np.testing.assert_allclose(service.predict_json(service.example), expected)
    assert service.predict_json({"a": 1.0, "b": 1}) == pytest.approx(expected[0])


def test_it_is_verified_in_an_environment_of_its_own(tmp_path, load, pipeline):
    import mlflow

    mlflow.sklearn.save_model(
        pipeline, tmp_path / "m", input_example=NUMBERS,
        pip_requirements=pins("mlflow-skinny", "scikit-learn", "pandas", "skops"),
    )  # fmt: skip
    with Registry(tmp_path / "registry") as registry:
        envelope = registry.add(from_mlflow(tmp_path / "m", name="line"))
        assert envelope.tags["schema"] == "unverified"
        proof = envelope.verify()
        assert proof.passed, proof.reason
        assert envelope.schema_verified
        assert "schema" not in envelope.tags
        kept = next(one for one in envelope.artifacts if one.kind == "proof")
        assert [one["type"] for one in envelope.artifact(kept.name)["schema"]["outputs"]] == [
            "number"
        ]


def test_a_python_model_and_an_array(tmp_path, load):
    import mlflow
    from sklearn.linear_model import LinearRegression

    class Double(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input["a"] * 2

    needs = pins("mlflow-skinny", "pandas")
    mlflow.pyfunc.save_model(
        tmp_path / "p", python_model=Double(), input_example=NUMBERS, pip_requirements=needs
    )
    np.testing.assert_array_equal(
        from_mlflow(tmp_path / "p", trust=True).predict(NUMBERS), NUMBERS.a * 2
    )
    rows = NUMBERS.to_numpy()
    model = LinearRegression().fit(rows, [1.0, 2.0, 3.5])
    mlflow.sklearn.save_model(
        model, tmp_path / "array", signature=mlflow.models.infer_signature(rows, model.predict(rows)),
        pip_requirements=needs,
    )  # fmt: skip
    bundle = from_mlflow(tmp_path / "array", example=rows, trust=True)
    np.testing.assert_array_equal(bundle.predict(rows), model.predict(rows))


def test_there_and_back(tmp_path, load):
    """An envelope as MLflow's model, and that as an envelope again."""
    bundle = build(revenue, name="revenue", example=ROWS)
    path = to_mlflow(bundle, tmp_path / "out")
    again = from_mlflow(path, example=ROWS, trust=True)
    np.testing.assert_array_equal(again.predict(ROWS), revenue(ROWS))
