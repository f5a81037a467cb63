"""Each framework's models, saved, verified, exported and read again: the real frameworks.

They are installed by ``make test-frameworks``; a test says which one it misses.
"""

import json
import os

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.envelope import build, open_bundle
from jupyter_lifecycle.envelope.serving import load_service

RNG = np.random.default_rng(5)
FRAME = pd.DataFrame(RNG.normal(size=(120, 3)), columns=["a", "b", "c"])
TARGET = (FRAME.a * 2 - FRAME.b > 0).astype(int)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def framework(name):
    return pytest.importorskip(name, reason=f"{name} is not installed: make test-frameworks")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def round_trip(tmp_path, model, example, expected, *, file, name, needs=(), **options):
    """Save twice, export, open, load and serve; the answers are those of the model here."""
    steps = []
    bundle = build(model, name="m", example=example, progress=lambda *s: steps.append(s), **options)
    assert bundle.manifest.model.format == name, steps
    assert bundle.manifest.model.file == file
    packages = {one.name for one in bundle.manifest.environment.packages}
    assert set(needs) <= packages
    assert build(model, name="m", example=example, **options).id == bundle.id
    again = open_bundle(bundle.export(tmp_path / "model"), trust=bundle.id)
    np.testing.assert_allclose(np.asarray(again.predict(example)), expected, rtol=1e-6)
    service = load_service(again.path)
    answers = service.predict_json(json.loads(json.dumps(service.example)))
    np.testing.assert_allclose(np.asarray(answers, dtype=float), expected, rtol=1e-6)
    return again


def test_scikit_learn_through_skops(tmp_path):
    framework("skops")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(FRAME, TARGET)
    expected = model.predict(FRAME)
    again = round_trip(
        tmp_path, model, FRAME, expected, file="model.skops", name="skops", format="skops",
        needs=["skops", "scikit-learn"],
    )  # fmt: skip
    assert not any(file.endswith(".pkl") for file in again.files)


def test_skops_says_what_it_does_not_know(tmp_path):
    framework("skops")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    steps = []
    model = make_pipeline(FunctionTransformer(lambda rows: rows * 2), StandardScaler()).fit(FRAME)
    model.predict = model.transform
    bundle = build(
        model, name="m", example=FRAME.head(9), format="skops", progress=lambda *s: steps.append(s)
    )
    assert bundle.manifest.model.format == "cloudpickle"
    assert any(step[0] == "Stored by cloudpickle" and "skops" in step[2] for step in steps)


def test_scikit_learn_by_default(tmp_path):
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(5).fit(FRAME, TARGET)
    round_trip(
        tmp_path, model, FRAME, model.predict(FRAME), file="model.pkl", name="cloudpickle",
        needs=["scikit-learn"],
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["XGBClassifier", "XGBRegressor", "XGBRFRegressor"])
def test_xgboost_estimators(tmp_path, kind):
    xgboost = framework("xgboost")
    model = getattr(xgboost, kind)(n_estimators=5, max_depth=2).fit(FRAME, TARGET)
    round_trip(
        tmp_path, model, FRAME.head(30), model.predict(FRAME.head(30)),
        file="model.ubj", name="xgboost", needs=["scikit-learn"],
    )  # fmt: skip


def test_xgboost_boosters_take_plain_rows(tmp_path):
    xgboost = framework("xgboost")
    data = xgboost.DMatrix(FRAME, TARGET)
    model = xgboost.train({"max_depth": 2}, data, 5)
    round_trip(tmp_path, model, FRAME, model.predict(data), file="model.ubj", name="xgboost")


def test_xgboost_with_a_function_of_its_own(tmp_path):
    xgboost = framework("xgboost")

    def squared(label, predicted):
        return predicted - label, np.ones_like(label)

    model = xgboost.XGBRegressor(n_estimators=3, objective=squared).fit(FRAME, TARGET)
    steps = []
    bundle = build(model, name="m", example=FRAME.head(9), progress=lambda *s: steps.append(s))
    assert bundle.manifest.model.format == "cloudpickle"
    assert any("the function given as objective" in step[2] for step in steps)


def test_lightgbm_boosters(tmp_path):
    lightgbm = framework("lightgbm")
    data = lightgbm.Dataset(FRAME, TARGET)
    model = lightgbm.train({"verbose": -1, "num_leaves": 4, "num_threads": 1}, data, 5)
    round_trip(
        tmp_path, model, FRAME, model.predict(FRAME), file="model.txt", name="lightgbm",
        needs=["lightgbm"],
    )  # fmt: skip


def test_lightgbm_estimators(tmp_path):
    lightgbm = framework("lightgbm")
    model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1).fit(FRAME, TARGET)
    round_trip(
        tmp_path, model, FRAME, model.predict(FRAME), file="model.pkl", name="cloudpickle",
        needs=["lightgbm", "scikit-learn"],
    )  # fmt: skip


@pytest.mark.parametrize("how", ["formula", "arrays"])
def test_statsmodels(tmp_path, how):
    api = framework("statsmodels.api")
    formulas = framework("statsmodels.formula.api")
    rows = FRAME.assign(y=FRAME.a + FRAME.b**2)
    if how == "formula":
        model = formulas.ols("y ~ a + np.square(b)", rows).fit()
    else:
        model = api.OLS(rows.y, FRAME).fit()
    expected = np.asarray(model.predict(FRAME))
    round_trip(
        tmp_path, model, FRAME, expected, file="model.pkl", name="cloudpickle",
        needs=["statsmodels"],
    )  # fmt: skip


def test_torch_modules(tmp_path):
    torch = framework("torch")

    class Net(torch.nn.Module):
        """Of the notebook: its code goes along, its weights in a file of their own."""

        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(3, 8)
            self.drop = torch.nn.Dropout(0.5)
            self.last = torch.nn.Linear(8, 1)
            self.register_buffer("scale", torch.tensor(2.0))

        def forward(self, rows):
            return self.last(self.drop(torch.relu(self.first(rows)))).squeeze(-1) * self.scale

    model = Net()
    model.tied = model.last
    with torch.inference_mode():
        expected = model.eval()(torch.tensor(FRAME.to_numpy(), dtype=torch.float32)).numpy()
    model.train()
    again = round_trip(
        tmp_path, model, FRAME, expected, file="module.pkl", name="torch", needs=["torch"]
    )
    assert model.training
    loaded = again.load()
    assert not loaded.training
    assert loaded.tied.weight is loaded.last.weight
    assert again.files["tensors.pt"].size > 100
    assert len(again.read("module.pkl")) < 20_000


def test_torch_with_an_array_and_two_answers(tmp_path):
    torch = framework("torch")

    class Two(torch.nn.Module):
        def forward(self, rows):
            return {"sum": rows.sum(1), "most": rows.amax(1)}

    bundle = build(Two(), name="two", example=FRAME.to_numpy(), format="torch")
    answer = bundle.predict(FRAME.to_numpy())
    np.testing.assert_allclose(answer["sum"], FRAME.sum(axis=1), rtol=1e-4, atol=1e-6)


@pytest.fixture
def keras(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "torch"))
    return framework("keras")


def test_keras_models(tmp_path, keras):
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)]
    )
    expected = model.predict(FRAME.to_numpy().astype("float32"), verbose=0)
    round_trip(
        tmp_path, model, FRAME, expected, file="model.keras", name="keras",
        needs=["keras", keras.backend.backend()],
    )  # fmt: skip


def test_keras_with_a_layer_of_the_notebook(tmp_path, keras):
    class Doubled(keras.layers.Layer):
        def call(self, rows):
            return rows * 2

    model = keras.Sequential([keras.Input((3,)), Doubled(), keras.layers.Dense(1)])
    expected = model.predict(FRAME.to_numpy().astype("float32"), verbose=0)
    round_trip(tmp_path, model, FRAME, expected, file="model.keras", name="keras")


def test_onnx(tmp_path):
    framework("onnx")
    framework("onnxruntime")
    convert = framework("skl2onnx")
    from sklearn.linear_model import LinearRegression

    fitted = LinearRegression().fit(FRAME.to_numpy(), FRAME.a * 2)
    model = convert.to_onnx(fitted, FRAME.to_numpy()[:1].astype("float32"))
    bundle = build(model, name="m", example=FRAME)
    expected = np.asarray(bundle.answers_json())
    np.testing.assert_allclose(expected, fitted.predict(FRAME.to_numpy()), rtol=1e-4, atol=1e-5)
    round_trip(
        tmp_path, model, FRAME, expected, file="model.onnx", name="onnx",
        needs=["onnx", "onnxruntime"],
    )  # fmt: skip


def test_onnx_with_an_input_a_column(tmp_path):
    framework("onnxruntime")
    onnx = framework("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    inputs = [helper.make_tensor_value_info(n, kinds.FLOAT, [None, 1]) for n in ("a", "b")]
    output = helper.make_tensor_value_info("y", kinds.FLOAT, [None, 1])
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["y"])], "g", inputs, [output])
    opset = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    expected = FRAME.a.astype("float32") + FRAME.b.astype("float32")
    round_trip(tmp_path, model, FRAME[["a", "b"]], expected, file="model.onnx", name="onnx")
    from jupyter_lifecycle.errors import ExampleError

    with pytest.raises(ExampleError, match="no column b"):
        build(model, name="m", example=FRAME[["a"]])
