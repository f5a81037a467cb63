from __future__ import annotations

import traceback

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.graph import FeatureGraph, Origin, make_feature
from jupyter_lifecycle.materialise import Materialiser, assemble, compute, failure_of
from jupyter_lifecycle.materialise.failures import own_lines

TABLE = pd.DataFrame({"carrier": ["UA", "AA"], "seats": [100, None]})


def seats_by_carrier(table: pd.DataFrame, limit: int = 3):
    return table["carier"]


def graph_of(function):
    return FeatureGraph().with_features(
        make_feature(function, origin=Origin("cell 4", "four", 2)), owner="four"
    )[0]


@pytest.fixture(params=["no cache", "cache", "threads"])
def run(request):
    def run(graph, targets, inputs):
        cache = None if request.param == "no cache" else ColumnCache()
        executor = "threads" if request.param == "threads" else None
        return compute(graph, targets, inputs=inputs, cache=cache, executor=executor)

    return run


def test_the_users_own_exception_is_raised_with_notes(run):
    with pytest.raises(KeyError) as caught:
        run(graph_of(seats_by_carrier), ["seats_by_carrier"], {"table": TABLE})
    notes = caught.value.__notes__
    assert notes[0] == "Feature seats_by_carrier (cell 4, line 2)"
    assert notes[1] == "  table: DataFrame, 2 rows, 2 columns, 1 null: carrier str, seats float64"
    assert notes[2].startswith(
        "table has no 'carier'. Did you mean carrier? It has: carrier, seats"
    )
    failure = failure_of(caught.value)
    assert failure.feature.name == "seats_by_carrier"
    assert failure.arguments[0].name == "table"
    assert failure.arguments[0].rows == 2
    assert failure.seconds >= 0
    assert failure_of(ValueError()) is None


def test_the_traceback_has_the_users_line_and_one_frame_of_ours(run):
    with pytest.raises(KeyError) as caught:
        run(graph_of(seats_by_carrier), ["seats_by_carrier"], {"table": TABLE})
    frames = traceback.extract_tb(caught.value.__traceback__)
    ours = [f for f in frames if "jupyter_lifecycle/materialise" in f.filename]
    assert len(ours) <= 2
    assert any(f.line == 'return table["carier"]' for f in frames)


def test_a_traceback_that_is_ours_alone_is_left():
    assert own_lines(None) is None


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (pd.Series([1.5, None]), "x: float64, 2 rows, 1 null, first 1.5"),
        (pd.Series([], dtype=float), "x: float64, 0 rows"),
        (pd.Index([3, 4]), "x: int64, 2 rows, first 3"),
        (np.array([[1, 2]]), "x: int64 of shape (1, 2), 1 row, first [1 2]"),
        (np.array([]), "x: float64, 0 rows"),
        (np.float32(2.5), "x: float32, np.float32(2.5)"),
        (7, "x: int, 7"),
        ("y" * 100, f"x: str, '{'y' * 58}…"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_parameters_are_described(value, line):
    def broken(x):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no") as caught:
        compute(graph_of(broken), ["broken"], inputs={"x": value})
    assert caught.value.__notes__[1].strip() == line


def test_a_broken_repr_does_not_hide_the_error():
    class Broken:
        def __repr__(self):
            raise ValueError("repr")

    def broken(x):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no") as caught:
        compute(graph_of(broken), ["broken"], inputs={"x": Broken()})
    assert "its repr raised ValueError" in caught.value.__notes__[1]


def test_a_missing_key_of_a_dict_lists_near_keys():
    def look(table):
        return table["JKF"]

    with pytest.raises(KeyError) as caught:
        compute(
            graph_of(look), ["look"], inputs={"table": dict.fromkeys(["JFK", "LGA", *range(20)])}
        )
    assert "Did you mean JFK?" in caught.value.__notes__[-1]
    assert caught.value.__notes__[-1].endswith(", …")


def test_only_what_lacks_the_key_is_listed():
    def look(table, other, number=1):
        return other["b"]

    with pytest.raises(KeyError) as caught:
        compute(
            graph_of(look), ["look"], inputs={"table": {"b": 1}, "other": {"a": 1}, "number": 2}
        )
    assert caught.value.__notes__[-1] == "other has no 'b'. It has: a"
    assert not any(note.startswith("table has no") for note in caught.value.__notes__)


ERROR = ValueError("one for all")


def test_an_exception_that_is_raised_again_has_only_its_new_notes():
    def again(x):
        raise ERROR

    for value in (1, 2):
        with pytest.raises(ValueError, match="one for all") as caught:
            compute(graph_of(again), ["again"], inputs={"x": value})
    assert len(caught.value.__notes__) == 2
    assert caught.value.__notes__[1] == "  x: int, 2"


class SlottedError(Exception):
    def __setattr__(self, name, value):
        raise AttributeError(name)


def test_an_exception_that_takes_no_notes_is_raised_all_the_same():
    def odd(x):
        raise SlottedError

    with pytest.raises(SlottedError) as caught:
        compute(graph_of(odd), ["odd"], inputs={"x": 1})
    assert failure_of(caught.value) is None


def test_the_failed_feature_is_red_until_its_code_or_inputs_change():
    space: dict = {"__name__": "__main__"}
    exec(
        "def one(x): return x + 1\ndef two(one): return 1 / (one - 3)\ndef three(two): return two",
        space,
    )
    graph = FeatureGraph.from_functions(space["one"], space["two"], space["three"])
    materialiser = Materialiser()
    events = []
    with pytest.raises(ZeroDivisionError):
        materialiser.run(graph, ["three"], {"x": 2}, listener=events.append)
    assert [(e.name, e.state) for e in events] == [
        ("one", "queued"),
        ("two", "queued"),
        ("three", "queued"),
        ("one", "running"),
        ("one", "fresh"),
        ("two", "running"),
        ("two", "error"),
    ]
    assert isinstance(events[-1].error, ZeroDivisionError)
    states = materialiser.states(graph, {"x": 2})
    assert [states[n].state for n in states] == ["fresh", "error", "new"]
    assert states["two"].error == "ZeroDivisionError: division by zero"
    assert states["two"].note == "ZeroDivisionError: division by zero"
    assert materialiser.states(graph, {"x": 5})["two"].state == "new"
    run = materialiser.run(graph, ["three"], {"x": 4})
    assert assemble(run, ["three"]) == {"three": 0.5}
    assert materialiser.states(graph, {"x": 4})["two"].state == "fresh"


def test_an_interrupt_is_no_failure():
    def stopped(x):
        raise KeyboardInterrupt

    events = []
    materialiser = Materialiser()
    with pytest.raises(KeyboardInterrupt):
        materialiser.run(graph_of(stopped), ["stopped"], {"x": 1}, listener=events.append)
    assert [e.state for e in events] == ["queued", "running", "new"]
    assert materialiser.states(graph_of(stopped), {"x": 1})["stopped"].state == "new"
