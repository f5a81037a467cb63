"""What an engine gives is what one core gives, and so is what it says of a failure."""

from __future__ import annotations

import importlib
import sys
import threading
import traceback

import numpy as np
import pandas as pd
import pytest
from every_kind import EVERYTHING, Model, extended

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import compute, failure_of


def test_frames_are_those_of_one_core_to_the_bit(engine, orders):
    targets = ["price", "margin", "relative", "awaited", "labels", "mean_margin", "predicted"]
    here = compute(EVERYTHING, targets, inputs=orders)
    there = compute(EVERYTHING, targets, inputs=orders, executor=engine)
    pd.testing.assert_frame_equal(there, here, check_exact=True)


def test_values_of_every_kind_come_back(engine, orders):
    targets = ["table", "part_sums", "model", "raw", "mean_margin"]
    here = compute(EVERYTHING, targets, inputs=orders, result="dict")
    there = compute(EVERYTHING, targets, inputs=orders, result="dict", executor=engine)
    assert list(there) == targets
    pd.testing.assert_frame_equal(there["table"], here["table"], check_exact=True)
    assert there["part_sums"] == here["part_sums"]
    assert type(there["model"]) is Model
    assert there["model"].mean == here["model"].mean == there["mean_margin"]
    np.testing.assert_array_equal(there["raw"], here["raw"])


def test_what_comes_back_is_the_callers_own(engine, orders):
    there = compute(EVERYTHING, ["raw", "margin"], inputs=orders, result="dict", executor=engine)
    there["raw"][0] = -1.0
    there["margin"].iloc[0] = -1.0
    assert there["raw"][0] == there["margin"].iloc[0] == -1.0


def test_overrides_and_targets_without_any_work(engine, orders):
    found = compute(
        EVERYTHING,
        ["cost", "margin"],
        inputs=orders,
        overrides={"margin": orders.cost},
        executor=engine,
    )
    assert found["margin"].equals(found["cost"])


class Kept:
    def __init__(self, factor):
        self.factor = factor


def kept_total(kept, price):
    assert isinstance(kept, Kept)
    return Kept(kept.factor * float(price.sum()))


def kept_list(kept_total, kept):
    assert isinstance(kept_total, Kept)
    return [kept_total, kept]


def kept_column(kept_list, price):
    return pd.Series([kept_list[0]] * len(price), dtype=object)


def kept_again(kept_column):
    return bool(kept_column.map(lambda each: isinstance(each, Kept)).all())


@pytest.mark.parametrize("cached", [False, True])
def test_objects_stay_instances_of_the_users_classes(engine, tmp_path, cached):
    graph = FeatureGraph.from_functions(kept_total, kept_list, kept_column, kept_again)
    inputs = {"kept": Kept(2), "price": pd.Series([1.0, 2.0])}
    cache = ColumnCache(tmp_path) if cached else None
    targets = ["kept_total", "kept_list", "kept_column", "kept_again"]
    found = compute(graph, targets, inputs=inputs, executor=engine, result="dict", cache=cache)
    assert type(found["kept_total"]) is Kept
    assert found["kept_total"].factor == 6.0
    assert [type(each) for each in found["kept_list"]] == [Kept, Kept]
    assert type(found["kept_column"].iloc[1]) is Kept
    assert found["kept_again"] is True


def test_an_input_that_cannot_be_sent_is_named(engine):
    def held(lock):
        return lock

    with pytest.raises(ComputeError, match=r"^lock \(a lock\) cannot be sent to (Dask|Ray): it"):
        compute(
            FeatureGraph.from_functions(held),
            ["held"], inputs={"lock": threading.Lock()}, executor=engine,
        )  # fmt: skip


def test_a_large_input_arrives_without_a_word(engine):
    """With warnings as errors: Dask warns of a large graph, and would keep it in its scheduler."""

    def total(x, weights):
        return float(x.sum()) + sum(weights)

    def spread(x):
        return float(x.max() - x.min())

    graph = FeatureGraph.from_functions(total, spread)
    inputs = {"x": pd.Series(np.arange(2_000_000.0)), "weights": list(range(1_000_000))}
    here = compute(graph, ["total", "spread"], inputs=inputs)
    assert compute(graph, ["total", "spread"], inputs=inputs, executor=engine) == here


class OddError(Exception):
    def __init__(self, code, *, hint):
        super().__init__(f"{code}: {hint}")
        self.code = code


def raising(margin):
    try:
        {}["absent"]
    except KeyError as error:
        raise OddError(7, hint="told") from error


def test_a_features_exception_is_the_users_own(engine, orders):
    graph = extended(raising)
    with pytest.raises(OddError, match="7: told") as here:
        compute(graph, ["raising"], inputs=orders)
    with pytest.raises(OddError, match="7: told") as there:
        compute(graph, ["raising"], inputs=orders, executor=engine)
    error = there.value
    assert error.code == 7
    assert isinstance(error.__cause__, KeyError)
    assert error.__notes__ == here.value.__notes__
    assert failure_of(error).feature is graph.features["raising"]
    lines = [(f.name, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    wanted = [(f.name, f.lineno) for f in traceback.extract_tb(here.value.__traceback__)]
    assert lines[-1] == wanted[-1]
    assert 'raise OddError(7, hint="told")' in "".join(traceback.format_exception(error))


def test_a_missing_key_is_told_with_what_is_there(engine, orders):
    def wrong(table):
        return table["q"]

    graph = extended(wrong)
    with pytest.raises(KeyError) as there:
        compute(graph, ["wrong"], inputs=orders, executor=engine)
    assert any("It has: m, l" in note for note in there.value.__notes__)


def test_a_container_changed_in_place_is_refused(engine):
    def listed():
        return [3, 1, 2]

    def sorted_list(listed):
        listed.sort()
        return listed[0]

    def first(listed):
        return listed[0]

    graph = FeatureGraph.from_functions(listed, sorted_list, first)
    with pytest.raises(ComputeError, match="sorted_list changed its parameter listed"):
        compute(graph, ["sorted_list", "first"], executor=engine)


def test_what_cannot_be_sent_is_named(engine):
    lock = threading.Lock()

    def locked(x):
        with lock:
            return x

    graph = FeatureGraph.from_functions(locked)
    with pytest.raises(ComputeError, match=r"^locked \(.*cannot be sent to (Dask|Ray): .*lock"):
        compute(graph, ["locked"], inputs={"x": 1}, executor=engine)


def test_modules_beside_the_notebook_travel_with_what_they_say_now(engine, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "my_travelling_features.py"
    path.write_text("def helper(x):\n    return x + 1\n\ndef up(x):\n    return helper(x)\n")
    module = importlib.import_module("my_travelling_features")
    assert compute(FeatureGraph.from_modules(module), ["up"], inputs={"x": 1}, executor=engine) == {
        "up": 2
    }
    path.write_text("def helper(x):\n    return x + 10\n\ndef up(x):\n    return helper(x)\n")
    importlib.invalidate_caches()
    module = importlib.reload(module)
    assert compute(FeatureGraph.from_modules(module), ["up"], inputs={"x": 1}, executor=engine) == {
        "up": 11
    }
    del sys.modules["my_travelling_features"]


def test_a_column_for_which_there_is_no_memory(engine, orders):
    def huge(price):
        return np.ones(1 << 50)

    def reader(huge):
        return huge.sum()

    graph = FeatureGraph.from_functions(huge, reader)
    with pytest.raises(MemoryError, match="Unable to allocate") as there:
        compute(graph, ["reader"], inputs=orders, executor=engine)
    assert failure_of(there.value).feature is graph.features["huge"]
