"""What ``to_mlflow`` writes, real MLflow loads and scores."""

import json

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.envelope import build
from jupyter_lifecycle.errors import IntegrityError
from jupyter_lifecycle.interop import to_mlflow

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
