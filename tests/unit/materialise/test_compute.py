from __future__ import annotations

import types

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import ComputeError, UnboundError
from jupyter_lifecycle.executors import ThreadExecutor
from jupyter_lifecycle.graph import FeatureGraph, feature, inject, source
from jupyter_lifecycle.materialise import compute
from jupyter_lifecycle.materialise.binding import _named, bind
from jupyter_lifecycle.materialise.guard import Guard


def total(price: pd.Series, quantity: pd.Series) -> pd.Series:
    return price * quantity


def taxed(total: pd.Series, rate: float = 0.25) -> pd.Series:
    return total * (1 + rate)


def mean_total(total: pd.Series) -> float:
    return float(total.mean())


def centred(total: pd.Series, mean_total: float) -> pd.Series:
    return total - mean_total


GRAPH = FeatureGraph.from_functions(total, taxed, mean_total, centred)
INPUTS = pd.DataFrame({"price": [1.0, 2.0, 4.0], "quantity": [2, 2, 1], "other": list("abc")})


@pytest.fixture(params=["no cache", "memory", "disk"])
def cache(request, tmp_path):
    if request.param == "no cache":
        return None
    return ColumnCache() if request.param == "memory" else ColumnCache(tmp_path / "cache")


@pytest.fixture(params=["sequential", "threads", ThreadExecutor(3)], ids=["seq", "threads", "own"])
def executor(request):
    return request.param


def test_columns_scalars_and_inputs_make_a_frame(cache, executor):
    targets = ["taxed", "mean_total", "price", "centred"]
    frame = compute(GRAPH, targets, inputs=INPUTS, cache=cache, executor=executor)
    expected = pd.DataFrame(
        {
            "taxed": [2.5, 5.0, 5.0],
            "mean_total": [10 / 3] * 3,
            "price": [1.0, 2.0, 4.0],
            "centred": [2 - 10 / 3, 4 - 10 / 3, 4 - 10 / 3],
        }
    )
    assert_frame_equal(frame, expected)
    again = compute(GRAPH, targets, inputs=INPUTS, cache=cache, executor=executor)
    assert_frame_equal(again, expected)


def test_inputs_as_a_mapping_and_a_default_that_is_given(cache):
    frame = compute(
        GRAPH,
        ["taxed"],
        inputs={"price": INPUTS.price, "quantity": INPUTS.quantity, "rate": 1.0},
        cache=cache,
    )
    assert frame.taxed.tolist() == [4.0, 8.0, 8.0]


def test_values_that_are_no_rows_come_as_a_dict(cache):
    graph = FeatureGraph.from_functions(mean_total)
    answer = compute(graph, ["mean_total"], inputs={"total": INPUTS.price}, cache=cache)
    assert answer == {"mean_total": pytest.approx(7 / 3)}


def test_overrides_take_the_place_of_features(cache):
    frame = compute(
        GRAPH, ["taxed", "total"], overrides={"total": INPUTS.price, "rate": 0.0}, cache=cache
    )
    assert frame.taxed.tolist() == [1.0, 2.0, 4.0]
    assert frame.total.tolist() == [1.0, 2.0, 4.0]


def test_config_gives_what_inputs_do_not(cache):
    module = types.ModuleType("features_with_config")
    exec("def scaled(price, factor): return price * factor", module.__dict__)
    graph = FeatureGraph.from_modules(module, config={"factor": 3})
    assert compute(graph, ["scaled"], inputs=INPUTS, cache=cache).scaled.tolist() == [
        3.0,
        6.0,
        12.0,
    ]
    given = {"price": 2, "factor": 5}
    answer = compute(graph, ["scaled", "factor"], inputs=given, cache=cache)
    assert answer == {"scaled": 10, "factor": 5}


def test_a_target_twice_counts_once():
    assert list(compute(GRAPH, ["total", "total"], inputs=INPUTS).columns) == ["total"]


def test_no_targets_give_nothing():
    assert compute(GRAPH, [], inputs=INPUTS) == {}


def test_all_that_is_missing_is_told_before_anything_runs():
    def ran(price):
        raise AssertionError

    def needs(hub_lod, wether, ran):
        return hub_lod

    graph = FeatureGraph.from_functions(ran, needs)
    with pytest.raises(UnboundError) as caught:
        compute(graph, ["needs", "nedes", "nothing"], inputs={"price": 1, "hub_load": 2})
    message = caught.value.message
    assert "4 names are bound to nothing" in message
    assert "hub_lod, which needs (test_compute.py) reads (did you mean hub_load?)" in message
    assert "no feature or input wether, which needs" in message
    assert "no feature or input nedes (did you mean needs?)" in message
    assert caught.value.detail["names"] == ["nedes", "nothing", "hub_lod", "wether"]


def test_one_missing_name_is_one_sentence():
    with pytest.raises(UnboundError, match=r"^There is no feature or input quantity, which total"):
        compute(GRAPH, ["total"], inputs={"price": 1})


def test_more_than_twenty_missing_names_are_counted():
    with pytest.raises(UnboundError, match="… and 5 more"):
        compute(GRAPH, [f"unknown_{chr(97 + n)}" for n in range(25)])


def test_several_readers_of_a_missing_name_are_counted():
    def one(missing):
        return missing

    def two(missing):
        return missing

    with pytest.raises(UnboundError, match=r"which one .* and 1 more reads"):
        compute(FeatureGraph.from_functions(one, two), ["one", "two"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"targets": "total"}, r"write a list: \['total'\]"),
        ({"inputs": 3}, "inputs is a int"),
        ({"inputs": {"price": 1, "quantity": 1, "total": 2}}, "inputs give a value for total"),
        ({"result": "table"}, "result='table' is not known"),
        ({"executor": "dusk"}, "There is no executor 'dusk'"),
        (
            {"inputs": pd.DataFrame([[1, 2]], columns=["price", "price"])},
            "several columns named price",
        ),
    ],
)
def test_what_cannot_be_is_refused(arguments, words):
    full = {"targets": ["total"], "inputs": INPUTS, **arguments}
    with pytest.raises(ComputeError, match=words):
        compute(GRAPH, full.pop("targets"), **full)


def test_an_unknown_override_is_refused_with_a_near_miss():
    with pytest.raises(UnboundError, match=r"tota_l .did you mean total"):
        compute(GRAPH, ["total"], inputs=INPUTS, overrides={"tota_l": 1})


def test_columns_of_a_frame_whose_names_are_no_text_are_left_out():
    frame = pd.DataFrame({"price": [1], "quantity": [2], 7: [3]})
    assert compute(GRAPH, ["total"], inputs=frame).total.tolist() == [2]


def test_a_column_of_inputs_that_nobody_needs_may_bear_a_features_name():
    frame = INPUTS.assign(taxed=0)
    assert list(compute(GRAPH, ["total"], inputs=frame)) == ["total"]


def test_a_hundred_thousand_features_in_a_chain_and_side_by_side():
    space: dict = {"__name__": "__main__"}
    lines = [f"def f{n}({'x' if not n else f'f{n - 1}'}): return {n}" for n in range(50_000)]
    lines += [f"def g{n}(x): return {n}" for n in range(50_000)]
    exec("\n".join(lines), space)
    functions = [v for k, v in space.items() if callable(v)]
    graph = FeatureGraph.from_functions(*functions)
    answer = compute(graph, list(graph), inputs={"x": 1})
    assert answer["f49999"] == 49_999
    assert answer["g7"] == 7


def test_columns_of_a_frame_are_a_mapping():
    columns = _named(INPUTS)
    assert list(columns) == ["price", "quantity", "other"]
    assert len(columns) == 3
    with pytest.raises(KeyError):
        columns["nothing"]


def test_before_pandas_3_features_get_deep_copies(monkeypatch):
    monkeypatch.setattr(pd, "__version__", "2.3.1")
    source = pd.Series([1.0])
    assert not np.shares_memory(Guard()(source).to_numpy(), source.to_numpy())
    monkeypatch.undo()
    assert np.shares_memory(Guard()(source).to_numpy(), source.to_numpy())


MUTATORS = {
    "series iloc": (lambda price: price.iloc.__setitem__(0, -1.0), None),
    "series in place": (lambda price: price.__iadd__(1), None),
    "series values": (lambda price: price.to_numpy().__setitem__(0, -1.0), ValueError),
    "frame column": (lambda frame: frame.__setitem__("price", 0), None),
    "frame loc": (lambda frame: frame.loc.__setitem__((0, "price"), 0), None),
    "array": (lambda array: array.__setitem__(0, -1.0), ValueError),
    "array sort": (lambda array: array.sort(), ValueError),
}


@pytest.mark.parametrize(("change", "error"), MUTATORS.values(), ids=MUTATORS)
def test_a_feature_cannot_change_what_others_read(change, error, cache):
    name = change.__code__.co_varnames[0]
    values = {"price": INPUTS.price.copy(), "frame": INPUTS.copy(), "array": np.array([3.0, 1.0])}
    before = values[name].copy()

    def first(source):
        return source

    space: dict = {"__name__": "__main__", "change": change}
    exec("def bad(first):\n    change(first)\n    return 1", space)
    exec("def last(first, bad): return first", space)
    graph = FeatureGraph.from_functions(first, space["bad"], space["last"])
    given = {"source": values[name]}
    if error is not None:
        with pytest.raises(error) as caught:
            compute(graph, ["last"], inputs=given, cache=cache)
        assert any("cannot be changed in place: copy first" in n for n in caught.value.__notes__)
    else:
        after = compute(graph, ["last"], inputs=given, cache=cache, result="dict")["last"]
        assert before.equals(after)
    assert np.array_equal(np.asarray(before), np.asarray(values[name]))


def test_a_list_that_a_feature_changes_is_noticed_with_a_cache():
    def rows(price):
        return [price]

    def longer(rows):
        rows.append(1)
        return len(rows)

    graph = FeatureGraph.from_functions(rows, longer)
    with pytest.raises(
        ComputeError, match=r"longer changed its parameter rows \(a list\) in place"
    ):
        compute(graph, ["longer"], inputs={"price": 1}, cache=ColumnCache())


def test_changing_the_answer_does_not_change_the_cache():
    cache = ColumnCache()
    first = compute(GRAPH, ["total"], inputs=INPUTS, cache=cache, result="dict")["total"]
    first.iloc[0] = -1
    again = compute(GRAPH, ["total"], inputs=INPUTS, cache=cache, result="dict")["total"]
    assert_series_equal(again, INPUTS.price * INPUTS.quantity, check_names=False)


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ("total", r"targets is the text 'total'; write a list: \['total'\]"),
        (total, "targets is a function; write a list of names"),
        ([total], r"targets holds <function total.*a target is a name: \['total'\]"),
        ([["total"]], r"targets holds \['total'\], and a target is a name"),
    ],
)
def test_targets_are_names(targets, words):
    with pytest.raises(ComputeError, match=words):
        compute(GRAPH, targets, inputs=INPUTS)


def test_targets_may_come_in_any_collection_and_twice(cache):
    names = ["mean_total", "taxed", "mean_total"]
    for targets in (iter(names), dict.fromkeys(names), tuple(names)):
        found = compute(GRAPH, targets, inputs=INPUTS, cache=cache, result="dict")
        assert list(found) == ["mean_total", "taxed"]


def test_targets_by_pattern_and_tag(cache):
    @feature(tags={"owner": "pricing"})
    def discount(price):
        return price / 10

    graph = FeatureGraph.from_functions(total, taxed, mean_total, discount)
    found = compute(graph, ["price", "t*", "tag:owner=pric*", "taxed"], inputs=INPUTS, cache=cache)
    assert list(found.columns) == ["price", "total", "taxed", "discount"]
    with pytest.raises(UnboundError, match=r"No feature is called like x\*"):
        compute(graph, ["x*"], inputs=INPUTS, cache=cache)
    with pytest.raises(UnboundError, match="no feature or input rat"):
        compute(graph, ["t*", "rat"], inputs=INPUTS, cache=cache)


def test_a_column_that_is_called_like_a_pattern_is_that_column():
    frame = pd.DataFrame({"t*": [1, 2]})
    assert list(compute(GRAPH, ["t*"], inputs=frame).columns) == ["t*"]


def test_what_is_no_graph():
    with pytest.raises(ComputeError, match="is a FeatureGraph, not a function"):
        compute(total, ["total"], inputs=INPUTS)


def test_the_plan_of_a_graph_is_found_once_for_each_question():
    graph = FeatureGraph.from_functions(total, taxed)
    first = bind(graph, ["taxed"], INPUTS).plan
    assert bind(graph, ["taxed"], INPUTS).plan is first
    assert bind(graph, ["taxed"], {**dict(INPUTS), "rate": 0.5}).plan is not first
    assert bind(graph, ["taxed"], INPUTS, {"total": 1}).plan is not first
    answers = [compute(graph, ["taxed"], inputs=INPUTS, overrides={"total": n}) for n in (1, 2)]
    assert answers == [{"taxed": 1.25}, {"taxed": 2.5}]
    rates = [
        compute(graph, ["taxed"], inputs={"price": 4, "quantity": 1, "rate": r}) for r in (0, 1)
    ]
    assert rates == [{"taxed": 4}, {"taxed": 8}]
    assert compute(graph, ["taxed"], inputs={"price": 4, "quantity": 1}) == {"taxed": 5.0}


def test_arguments_reach_parameters_of_every_kind():
    def plain(x, y, z=3):
        return (x, y, z)

    def keyword(x, *, y, z=4):
        return (x, y, z)

    def skipped(a=1, x=2):
        return (a, x)

    @inject(y=source("x"), x=source("y"))
    def crossed(x, y):
        return (x, y)

    def nothing():
        return "n"

    class Called:
        def __call__(self, y, x):
            return (y, x)

    called = Called()
    called.__name__ = "called"
    graph = FeatureGraph.from_functions(plain, keyword, skipped, crossed, nothing, called)
    assert compute(graph, list(graph), inputs={"x": "x", "y": "y"}) == {
        "plain": ("x", "y", 3),
        "keyword": ("x", "y", 4),
        "skipped": (1, "x"),
        "crossed": ("y", "x"),
        "nothing": "n",
        "called": ("y", "x"),
    }
