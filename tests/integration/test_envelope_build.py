"""Saving: real models, verified by a real verifier process."""

import asyncio
import enum
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from jupyter_lifecycle.envelope import Field, build, open_bundle
from jupyter_lifecycle.envelope.serving import load_service
from jupyter_lifecycle.errors import (
    EnvelopeError,
    ExampleError,
    InputError,
    SchemaError,
    StorageFormatError,
)
from jupyter_lifecycle.graph import FeatureGraph


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Away from any repository, so that equal saves are equal whatever is edited meanwhile."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where temporary folders go, to see that none is left."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@dataclass
class Applicant:
    age: int
    income: float | None = None


@dataclass
class Decision:
    grant: bool
    score: float


def decide(who: Applicant, at: datetime, notes: list[str] | None = None) -> Decision:
    return Decision(who.age > 18, (who.income or 0.0) / 1000 + at.hour)


RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "distance": RNG.normal(size=60),
        "carrier": RNG.choice(["AA", "UA"], 60),
        "month": RNG.integers(1, 13, 60),
    }
)


def pipeline():
    columns = ColumnTransformer(
        [
            ("number", StandardScaler(), ["distance", "month"]),
            ("word", OneHotEncoder(), ["carrier"]),
        ]
    )
    return make_pipeline(columns, LinearRegression()).fit(FRAME, FRAME.distance * 2 + FRAME.month)


def test_a_pipeline_with_strings_and_numbers():
    steps = []
    model = pipeline()
    bundle = build(
        model, name="delay", example=FRAME.head(20), progress=lambda *step: steps.append(step)
    )
    steps = [step for step in steps if step[0] != "Verifier started"]
    assert [step[0] for step in steps] == ["Schema verified", "Environment locked"]
    assert steps[0][2] == "20 example rows answered by the reloaded model"
    assert [field.type for field in bundle.schema.inputs] == ["number", "string", "integer"]
    assert bundle.schema.outputs == (Field("value", "number", dtype="float64"),)
    assert bundle.schema.aligned
    names = {package.name for package in bundle.manifest.environment.packages}
    assert {"scikit-learn", "numpy", "scipy", "pandas", "pyarrow"} <= names
    assert not names & {"jupyter-lifecycle", "jupyterlab", "pytest", "fastapi"}
    np.testing.assert_allclose(bundle.predict(FRAME.tail(3)), model.predict(FRAME.tail(3)))
    served = load_service(bundle.path)
    assert served.predict_json(served.example) == pytest.approx(served.answers)
    one = served.example[0]
    assert served.predict_json(one) == pytest.approx(served.answers[0])
    assert bundle.predict(one) == pytest.approx(served.answers[0])


def test_the_same_save_is_the_same_envelope():
    model = pipeline()
    first = build(model, name="delay", example=FRAME.head(20), author="ann")
    second = build(model, name="delay", example=FRAME.head(20), author="bob")
    assert first.id == second.id
    assert (first.author, second.author) == ("ann", "bob")
    assert build(model, name="other", example=FRAME.head(20)).id != first.id
    assert build(model, name="delay", example=FRAME.head(21)).id != first.id


def test_labels_series_frames_and_arrays():
    labels = HistGradientBoostingClassifier(max_iter=3).fit(FRAME[["distance"]], FRAME.carrier)
    bundle = build(labels, name="carrier", example=FRAME[["distance"]].head(5))
    assert bundle.schema.outputs[0].type == "string"

    def interval(rows):
        return pd.DataFrame({"low": rows.distance - 1, "high": rows.distance + 1})

    bundle = build(interval, name="interval", example=FRAME[["distance"]].head(5))
    assert [field.name for field in bundle.schema.outputs] == ["low", "high"]
    assert load_service(bundle.path).predict_json({"distance": 1.0}) == {"low": 0.0, "high": 2.0}
    assert bundle.predict({"distance": 1.0}).low == 0.0

    linear = LinearRegression().fit(FRAME[["distance", "month"]].to_numpy(), FRAME.month)
    bundle = build(linear, name="linear", example=FRAME[["distance", "month"]].to_numpy()[:4])
    assert bundle.schema.container == "array"
    assert len(bundle.predict(np.ones((2, 2)))) == 2

    def total(rows):
        return float(rows.distance.sum())

    bundle = build(total, name="total", example=FRAME.head(4))
    assert not bundle.schema.aligned
    assert bundle.predict(FRAME.head(2)) == pytest.approx(FRAME.distance.head(2).sum())


def test_functions_with_annotated_arguments():
    example = {"who": Applicant(30, 2000.0), "at": datetime(2024, 1, 1, 5, tzinfo=UTC)}
    bundle = build(decide, name="loan", example=example)
    assert bundle.schema.form == "arguments"
    assert bundle.schema.inputs[1].zone == "UTC"
    answer = bundle.predict(example)
    assert (answer.grant, answer.score) == (True, 7.0)
    served = load_service(bundle.path)
    payload = {"who": {"age": 17}, "at": "2024-01-01T05:00:00Z", "notes": ["x"]}
    assert served.predict_json(payload) == {"grant": False, "score": 5.0}
    assert served.predict_json([payload, payload]) == [{"grant": False, "score": 5.0}] * 2
    with pytest.raises(InputError, match="/who/age: expected an integer, got text"):
        served.predict_json({**payload, "who": {"age": "17"}})
    (own,) = bundle.manifest.environment.local
    assert own.name == __name__.partition(".")[0]


def test_nothing_at_all_is_an_example_too():
    bundle = build(lambda: {"dice": 4}, name="dice")
    assert bundle.predict() == {"dice": 4}
    assert load_service(bundle.path).predict_json(None) == {"dice": 4}


def test_closures_and_bound_methods():
    offset = 5

    class Model:
        def score(self, a: int) -> int:
            return a + offset

    assert build(Model().score, name="bound", example={"a": 1}).predict({"a": 2}) == 7


def test_a_model_that_draws_is_stored_as_not_repeatable():
    def draw(a: int) -> float:
        import random

        return a + random.random()

    bundle = build(draw, name="draw", example={"a": 1})
    assert bundle.manifest.example.repeatable is False


def test_imports_inside_functions_are_locked():
    def late(a: int) -> float:
        import scipy.special

        if a > 100:
            import requests  # noqa: F401 - never reached by the example

        return float(scipy.special.expit(a))

    names = {
        package.name
        for package in build(late, name="late", example={"a": 1}).manifest.environment.packages
    }
    assert {"scipy", "requests", "urllib3", "cloudpickle"} <= names
    assert "pandas" not in names


def test_training_rows_widen_the_schema_and_are_profiled():
    training = FRAME.assign(distance=FRAME.distance.where(FRAME.index > 30))
    model = HistGradientBoostingClassifier(max_iter=2).fit(training[["distance"]], FRAME.carrier)
    bundle = build(model, name="m", example=FRAME[["distance"]].head(4), training=training)
    assert bundle.schema.inputs[0].nullable
    assert bundle.manifest.expectations[0].rows == 60
    assert bundle.manifest.expectations[0].null_share == pytest.approx(31 / 60)
    with pytest.raises(SchemaError, match=r"the training rows have 1. Missing: distance"):
        build(model, name="m", example=FRAME[["distance"]].head(4), training=FRAME[["month"]])


def raised(month):
    return month + 1


def test_features_are_recorded():
    graph = FeatureGraph.from_functions(raised)
    steps = []
    bundle = build(
        lambda rows: rows.raised * 2,
        name="f",
        example=pd.DataFrame({"raised": [1, 2]}),
        features=graph,
        progress=lambda *step: steps.append(step),
    )
    recorded = dict(bundle.manifest.lineage["features"])
    assert list(recorded.pop("keys")) == ["raised"]
    assert recorded == {
        "file": "features.json",
        "count": 1,
        "columns": ["raised"],
        "inputs": ["month"],
    }
    assert json.loads(bundle.read("features.json"))["features"][0]["name"] == "raised"
    assert steps[-1][2] == "1 features behind 1 columns"


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 201])
def test_names_that_cannot_be(name):
    with pytest.raises(EnvelopeError):
        build(lambda: 1, name=name)


def test_a_missing_column_is_said_in_one_line(scratch):
    model = pipeline()
    with pytest.raises(ExampleError) as caught:
        build(model, name="delay", example=FRAME[["distance", "month"]].head())
    assert caught.value.message == (
        "The model expects 3 columns, the example has 2. Missing: carrier. Nothing was saved."
    )
    assert list(scratch.iterdir()) == []


def test_a_model_that_fails_here_says_its_line(scratch):
    def broken(rows):
        return rows["no such column"]

    with pytest.raises(ExampleError, match=r"KeyError: 'no such column'.*in broken: return rows\["):
        build(broken, name="b", example=FRAME.head())
    assert list(scratch.iterdir()) == []


def test_a_model_that_cannot_be_stored(scratch):
    model = pipeline()
    with (scratch / "log").open("w") as log:
        model.callbacks = [log]
        with pytest.raises(StorageFormatError, match=r"model\.callbacks\[0\] holds an open file"):
            build(model, name="delay", example=FRAME.head())
    assert [file.name for file in scratch.iterdir()] == ["log"]


HERE = os.getpid()


def only_there(words: str):
    """A model that behaves in the process that made it, and not in another one."""
    here = HERE
    source = f"""
    def model(a: int) -> int:
        import os
        if os.getpid() != {here}:
            {words}
        return a
    """
    space: dict = {"__name__": "__main__"}
    exec(textwrap.dedent(source), space)
    return space["model"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "raise RuntimeError('no luck')",
            r"fails on the example, though it answered here\. RuntimeError: no luck",
        ),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import os; os._exit(3)", "left its process with status 3 on the example"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "was ended by SIGSEGV on the example",
        ),
        ("a = 7", r"answers otherwise than here: the answer is 1 here and 7 there"),
        ("a = object()", r"The answer is a object, which has no JSON form"),
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
    ],
)
def test_what_goes_wrong_in_the_other_process(words, message, scratch):
    with pytest.raises(ExampleError, match=message):
        build(only_there(words), name="w", example={"a": 1})
    assert list(scratch.iterdir()) == []


def test_another_type_there():
    model = only_there("return 'x'")
    del model.__annotations__["return"]
    with pytest.raises(ExampleError, match="answers value of value string, here it answers value"):
        build(model, name="w", example={"a": 1})


def test_examples_that_do_not_fit_their_own_annotations():
    def choose(mode: Literal["slow", "fast"]) -> str:
        return mode

    with pytest.raises(
        ExampleError, match=r"does not fit what the model takes: /mode: \"fats\" is"
    ):
        build(choose, name="c", example={"mode": "fats"})
    circle: list = []
    circle.append(circle)
    with pytest.raises(SchemaError, match="The example holds itself"):
        build(lambda a: 1, name="c", example={"a": circle})


def test_the_commit_is_recorded(tmp_path):
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([git, "init", "-q"], check=True)
    subprocess.run([git, *who, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    state = build(lambda: 1, name="one").manifest.lineage["git"]
    assert len(state["commit"]) == 40
    assert state["dirty"] is False


def test_what_it_said_before_it_died_is_told():
    words = "print('out of spoons', flush=True); import os; os._exit(1)"
    with pytest.raises(ExampleError, match="It said: out of spoons"):
        build(only_there(words), name="w", example={"a": 1})


def test_code_beside_the_notebook_travels(tmp_path, monkeypatch):
    (tmp_path / "my_helpers.py").write_text("OFFSET = 3\ndef shift(a):\n    return a + OFFSET\n")
    (tmp_path / "my_model.py").write_text(
        "import my_helpers\nfrom my_helpers import shift\n"
        "class Model:\n    def predict(self, a: int) -> int:\n        return shift(a) + my_helpers.OFFSET\n"
        "def lazy(a: int) -> int:\n    import my_helpers as h\n    return h.shift(a)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_model

    try:
        bundle = build(my_model.Model(), name="m", example={"a": 1})
        assert {code.name for code in bundle.manifest.environment.local} >= {
            "my_model",
            "my_helpers",
        }
        with pytest.raises(
            ExampleError, match=r"No module named 'my_helpers'.*lies beside the notebook"
        ):
            build(my_model.lazy, name="m", example={"a": 1})
    finally:
        for name in ("my_model", "my_helpers"):
            sys.modules.pop(name, None)


def test_the_users_classes_are_not_touched():
    from dataclasses import MISSING, fields

    @dataclass
    class Row:
        a: int = 1
        b: int = 2

        def total(self):
            return self.a + self.b

    class Kind(enum.Enum):
        ONE = 1

    def model(row: Row, kind: Kind) -> int:
        return row.total() + kind.value

    before = (Row.total, Row.__init__, fields(Row), Kind.ONE)
    bundle = build(model, name="d", example={"row": {"a": 1}, "kind": 1})
    for _ in range(2):
        assert bundle.predict({"row": {"a": 2}, "kind": 1}) == 5
        assert open_bundle(bundle.path, trust=True).predict({"row": {"a": 2}, "kind": 1}) == 5
    assert (Row.total, Row.__init__, fields(Row), Kind.ONE) == before
    assert fields(Row)[0].default_factory is MISSING


def test_a_dataclass_that_travels_keeps_its_marks():
    from dataclasses import MISSING, fields

    def required(who: Applicant) -> list[str]:
        return [part.name for part in fields(type(who)) if part.default is MISSING]

    assert build(required, name="r", example={"who": {"age": 1}}).predict({"who": {"age": 1}}) == [
        "age"
    ]


def test_saves_from_many_threads():
    found, errors = [], []

    def one(index):
        try:
            found.append(build(lambda a: a + index, name="t", example={"a": 1}).predict({"a": 1}))
        except Exception as problem:  # noqa: BLE001 - the test shows what it was
            errors.append(problem)

    threads = [threading.Thread(target=one, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(found) == [1, 2, 3, 4]


def test_a_bundle_leaves_when_it_is_dropped(scratch):
    bundle = build(lambda: 1, name="one")
    exported = bundle.export(scratch / "one.envelope")
    del bundle
    assert [file.name for file in scratch.iterdir()] == ["one.envelope"]
    assert open_bundle(exported).manifest.name == "one"


def test_expectations_by_hand():
    from jupyter_lifecycle.envelope import expect

    example = FRAME.drop(columns="carrier")
    expectations = expect(example[["distance"]])
    expectations["distance"].range = (0, 5000)
    model = LinearRegression().fit(example, example.month)
    bundle = build(model, name="m", example=example, expectations=expectations)
    one, other = bundle.manifest.expectations
    assert (one.name, one.allowed) == ("distance", {"range": [0, 5000]})
    assert (other.name, other.allowed, other.rows) == ("month", {}, 60)
    with pytest.raises(EnvelopeError, match="carrier, which is no input"):
        build(model, name="m", example=example, expectations=expect(FRAME))
    with pytest.raises(EnvelopeError, match=r"what jl\.expect.* gives, got a DataFrame"):
        build(model, name="m", example=example, expectations=example)
    with pytest.raises(EnvelopeError, match=r"takes a FeatureGraph or jl\.session.*got a str"):
        build(model, name="m", example=example, features="graph")


def test_formats_by_name():
    example = FRAME.drop(columns="carrier")
    model = LinearRegression().fit(example, example.month)
    assert build(model, name="m", example=example, format="cloudpickle").manifest.model.format
    with pytest.raises(EnvelopeError, match=r"no format 'tourch'.*Did you mean torch"):
        build(model, name="m", example=example, format="tourch")
    with pytest.raises(EnvelopeError, match="does not store a sklearn"):
        build(model, name="m", example=example, format="lightgbm")


async def twice_later(a: int) -> int:
    import asyncio

    await asyncio.sleep(0)
    return a * 2


def steps_of(start: float, count: int) -> Iterator[float]:
    for step in range(count):
        yield start + step


async def steps_later(count: int) -> AsyncIterator[int]:
    for step in range(count):
        yield step


@pytest.mark.parametrize(
    ("function", "arguments", "answer", "word"),
    [
        (twice_later, {"a": 4}, 8, "integer"),
        (steps_of, {"start": 0.5, "count": 3}, [0.5, 1.5, 2.5], "array"),
        (steps_later, {"count": 2}, [0, 1], "array"),
    ],
)
def test_async_functions_and_generators(function, arguments, answer, word):
    bundle = build(function, name="f", example=arguments)
    assert bundle.predict(arguments) == answer
    assert [field.type for field in bundle.schema.outputs] == [word]
    assert load_service(bundle.path).predict_json([arguments, arguments]) == [answer, answer]

    async def inside_a_loop():
        return bundle.predict(arguments)

    assert asyncio.run(inside_a_loop()) == answer
