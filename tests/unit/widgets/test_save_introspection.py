import types

import numpy as np
import pandas as pd
import pytest

import jupyter_lifecycle
from jupyter_lifecycle.widgets import introspection as look
from jupyter_lifecycle.widgets.proposal import Given, adopt, propose


class Fitted:
    def __init__(self, columns=None, width=None):
        if columns is not None:
            self.feature_names_in_ = np.array(columns, dtype=object)
        if width is not None:
            self.n_features_in_ = width

    def get_params(self):
        return {}

    def predict(self, rows):
        return rows


class Plain:
    def predict(self, rows):
        return rows


class Says(Plain):
    def __init__(self, fitted):
        self.fitted = fitted

    def get_params(self):
        return {}

    def __sklearn_is_fitted__(self):
        return self.fitted


FRAME = pd.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0]})


def test_the_newest_fitted_model_comes_first_and_functions_last():
    def shout(frame):
        return frame

    namespace = {
        "In": ["", "old = F()", "new = F(); raw = F()", "old.fit(X)"],
        "__name__": shout.__module__,
        "new": Fitted(["a"]),
        "old": Fitted(["a"]),
        "raw": Fitted(),
        "other": Plain(),
        "shout": shout,
        "quiet": lambda frame: frame,
        "Fitted": Fitted,
        "np": np,
        "_hidden": Plain(),
    }
    found = look.find_models(namespace)
    assert [item.expression for item in found] == ["old", "new", "other", "shout"]
    assert (found[0].kind, found[0].cell) == ("Fitted", 3)
    assert (found[-1].kind, found[-1].cell) == ("function", None)


@pytest.mark.parametrize("fitted", [True, False])
def test_a_model_may_say_itself_whether_it_is_fitted(fitted):
    assert len(look.find_models({"m": Says(fitted)})) == int(fitted)


def test_what_this_package_made_is_no_model():
    envelope = type("Envelope", (Plain,), {"__module__": "jupyter_lifecycle.registry.handle"})()
    assert look.find_models({"envelope": envelope}) == ()


def test_a_feature_is_no_model():
    def marked():
        return 1

    marked.__jl_feature__ = object()
    assert look.find_models({"marked": marked, "__name__": __name__}) == ()


@pytest.mark.parametrize(
    ("names", "model", "expected"),
    [
        ({"frame": FRAME}, Fitted(["a", "b", "c"]), "frame.head(200)"),
        ({"frame": FRAME, "X": ["a", "b"]}, Fitted(["a", "b"]), "frame[X].head(200)"),
        ({"frame": FRAME}, Fitted(["a", "b"]), 'frame[["a", "b"]].head(200)'),
        ({"frame": FRAME}, Fitted(["a", "z"]), ""),
        ({"X": np.zeros((3, 2)), "y": np.zeros(3)}, Fitted(width=2), "X[:200]"),
        ({"frame": FRAME}, Fitted(width=3), "frame.head(200)"),
        ({}, Fitted(["a"]), ""),
    ],
    ids=["same columns", "by a list", "spelled out", "missing", "array", "by width", "nothing"],
)
def test_the_example_is_found_by_columns(names, model, expected):
    assert look.find_example({**names, "model": model}, "model") == expected


def test_many_columns_are_named_by_the_model():
    wide = pd.DataFrame({f"c{i}": [0] for i in range(9)})
    model = Fitted([f"c{i}" for i in range(6)])
    found = look.find_example({"wide": wide, "model": model}, "model")
    assert found == "wide[list(model.feature_names_in_)].head(200)"


def test_the_newest_frame_is_taken():
    namespace = {"In": ["", "new = 1", "old = 1", "new = 2"], "old": FRAME, "new": FRAME}
    assert look.find_example(namespace | {"m": Fitted(["a", "b", "c"])}, "m") == "new.head(200)"


def test_a_function_of_one_frame_is_shown_the_newest_frame():
    def score(rows: pd.DataFrame) -> pd.Series:
        return rows["a"]

    def add(a: float, b: float) -> float:
        return a + b

    namespace = {"frame": FRAME, "score": score, "add": add}
    assert look.find_example(namespace, "score") == "frame.head(200)"
    assert look.find_example(namespace, "add") == ""
    assert look.find_example({"score": score}, "score") == ""


def test_metrics_are_numbers_named_like_metrics_made_after_the_fit():
    namespace = {
        "In": ["", "old_mae = 3", "model.fit(X)\nmae = 1", "auc = .9\nrows = 5\nscores = {}"],
        "model": Plain(),
        "old_mae": 3.0,
        "mae": np.float64(1.25),
        "auc": 0.9,
        "rows": 5,
        "r2": True,
        "rmse": float("nan"),
        "scores": {"f1": 0.5, "label": "x", 3: 4},
    }
    found = look.find_metrics(namespace, "model")
    assert [(item.name, item.value, item.code) for item in found] == [
        ("mae", 1.25, "mae"),
        ("auc", 0.9, "auc"),
        ("f1", 0.5, 'scores["f1"]'),
    ]


def test_a_typed_metric_is_its_own_code():
    assert look.Metric("mae", 1.5).code == "1.5"


def test_the_name_comes_from_the_last_envelope_then_from_the_last_save_then_from_the_file():
    envelope = type("Envelope", (), {"name": "ltv"})()
    cells = ["", "jl.save(m, name='one', example=x)", "jl.save(m, name=f'two')", "broken ("]
    assert look.find_name({"envelope": envelope, "In": cells}) == "ltv"
    assert look.find_name({"In": cells}) == "one"
    assert look.find_name({}, "work/01_Departure Delay.ipynb") == "departure-delay"
    assert look.find_name({}) == ""


def test_the_package_is_called_as_the_namespace_calls_it():
    assert look.module_alias({"lifecycle": jupyter_lifecycle}) == "lifecycle"
    assert look.module_alias({}) == "jl"


def test_a_cell_that_does_not_parse_touches_nothing():
    assert look.last_touched(["", "a = 1", "b = (", "def f(): pass\nclass G: pass"]) == {
        "a": 1,
        "f": 3,
        "G": 3,
    }
    assert look.cells_of({"In": "no list"}) == ()


def test_the_proposal_puts_what_was_given_before_what_was_found():
    mine = Plain()
    namespace = {"In": ["", "mine = 1"], "mine": mine, "frame": FRAME}
    found = propose(namespace, Given(model=mine, example="frame.head(3)", name="n"))
    assert (found.model, found.example, found.name) == ("mine", "frame.head(3)", "n")


def test_an_object_without_a_name_gets_one_in_a_copy():
    namespace = {"frame": FRAME}
    given = Given(model=Plain(), example=FRAME)
    adopted = adopt(namespace, given)
    assert adopted is not namespace
    assert adopted["model"] is given.model
    assert "example" not in adopted
    assert propose(adopted, given).model == "model"
    assert adopt(namespace, Given(model="frame", example=FRAME)) is namespace


def test_an_empty_namespace_gives_an_empty_proposal():
    assert propose({}, Given()) == propose({"np": types.ModuleType("np")}, Given())
    assert propose({}, Given()).model == ""


def test_the_newest_feature_graph_is_found():
    from jupyter_lifecycle.graph import FeatureGraph

    def one(a):
        return a

    graph = FeatureGraph.from_functions(one)
    namespace = {"In": ["", "new = 1", "old = 1", "new = 2"], "old": graph, "new": graph}
    assert look.find_graph(namespace) == "new"
    assert look.find_graph({"x": 1}) == ""
