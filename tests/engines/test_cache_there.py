"""States, the cache and data sets, where workers compute."""

from __future__ import annotations

import pandas as pd
import pytest
from every_kind import EVERYTHING, extended, value

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import Hooks, Materialiser, compute, to_parquet


class UnluckyError(Exception):
    """Not every exception is of a library."""


def raising(margin):
    raise UnluckyError(float(margin.iloc[0]))


class Heard(Hooks):
    def __init__(self):
        self.events = []
        self.failed = []

    def on_event(self, event):
        self.events.append((event.name, event.state))

    def on_error(self, feature, error):
        self.failed.append(feature.name)


def states_of(heard, name):
    return [state for each, state in heard.events if each == name]


@pytest.mark.parametrize("folder", [True, False], ids=["folder", "memory"])
def test_states_are_told_as_here(engine, orders, tmp_path, folder):
    cache = ColumnCache(tmp_path / "cache") if folder else ColumnCache()
    heard = Heard()
    run = Materialiser(cache, engine, hooks=[heard]).run(EVERYTHING, ["relative", "labels"], orders)
    for name in ("doubled", "margin", "mean_margin", "relative", "labels"):
        assert [s for s in states_of(heard, name) if s != "running"] == ["queued", "fresh"]
    assert "running" in [state for _, state in heard.events]
    assert run.reports["margin"].rows == 2000
    assert run.recomputed == ("doubled", "margin", "mean_margin", "relative", "labels")


def test_a_failure_is_told_and_stays_in_the_picture(engine, orders, tmp_path):
    graph = extended(raising)
    heard = Heard()
    materialiser = Materialiser(ColumnCache(tmp_path), engine, hooks=[heard])
    with pytest.raises(UnluckyError):
        materialiser.run(graph, ["raising"], orders)
    assert states_of(heard, "raising")[-1] == "error"
    assert heard.failed == ["raising"]
    assert materialiser.states(graph, orders)["raising"].state == "error"


def test_workers_share_the_cache_under_the_same_keys(engine, orders, tmp_path):
    there = Materialiser(ColumnCache(tmp_path), engine).run(
        EVERYTHING, ["relative", "labels"], orders
    )
    assert there.cached == ()
    here = Materialiser(ColumnCache(tmp_path)).run(
        EVERYTHING, ["relative", "labels", "margin"], orders
    )
    assert here.recomputed == ()
    pd.testing.assert_series_equal(value(here, "relative"), value(there, "relative"))
    again = Materialiser(ColumnCache(tmp_path), engine).run(
        EVERYTHING, ["predicted", "raw"], orders
    )
    assert again.recomputed == ("model", "predicted", "raw")
    pd.testing.assert_series_equal(
        value(again, "predicted"),
        compute(EVERYTHING, ["predicted"], inputs=orders)["predicted"],
        check_names=False,
    )


def test_keys_and_reasons_are_those_of_a_run_here(engine, orders, tmp_path):
    one = Materialiser(ColumnCache(tmp_path / "here"))
    one.run(EVERYTHING, ["relative"], orders)
    other = Materialiser(ColumnCache(tmp_path / "there"), engine)
    other.run(EVERYTHING, ["relative"], orders)
    assert {n: k.key for n, k in one._nodes.items()} == {n: k.key for n, k in other._nodes.items()}
    for name in ("margin", "mean_margin"):
        key = one._nodes[name].key
        assert one.cache.lookup(key).output == other.cache.lookup(key).output

    def doubled(price):
        return price * 2.5

    edited = extended(doubled)
    for each in (one, other):
        each.run(edited, ["relative"], orders)
    assert one.why("relative").text == other.why("relative").text


def test_what_draws_at_random_is_not_kept(engine, tmp_path):
    def drawn(x):
        import random

        return random.random() + x

    graph = FeatureGraph.from_functions(drawn)
    for _ in range(2):
        run = Materialiser(ColumnCache(tmp_path), engine).run(graph, ["drawn"], {"x": 1})
        assert run.recomputed == ("drawn",)
        assert "random" in run.reports["drawn"].note


def test_the_workers_write_what_is_larger_than_memory(engine, orders, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(3):
        orders.to_parquet(tmp_path / "in" / f"{number}.parquet")
    written = to_parquet(
        EVERYTHING, ["doubled", "margin"], tmp_path / "out",
        inputs=tmp_path / "in", partitioned=True, executor=engine,
    )  # fmt: skip
    here = compute(EVERYTHING, ["doubled", "margin"], inputs=orders)
    for name in written.files:
        part = pd.read_parquet(written.path / name)
        pd.testing.assert_frame_equal(part.reset_index(drop=True), here, check_exact=True)
    with pytest.raises(ComputeError, match=r"mean_margin .*gives one value for all rows"):
        to_parquet(
            EVERYTHING, ["relative"], tmp_path / "o",
            inputs=tmp_path / "in", partitioned=True, executor=engine,
        )  # fmt: skip


def test_a_worker_writes_the_frame(engine, orders, tmp_path):
    written = to_parquet(EVERYTHING, ["relative"], tmp_path / "out", inputs=orders, executor=engine)
    found = pd.read_parquet(written.path)
    pd.testing.assert_frame_equal(found, compute(EVERYTHING, ["relative"], inputs=orders))


def test_a_cache_in_memory_keeps_what_comes_back(engine, orders):
    materialiser = Materialiser(ColumnCache(), engine)
    materialiser.run(EVERYTHING, ["margin"], orders)
    again = materialiser.run(EVERYTHING, ["margin", "relative"], orders)
    assert again.recomputed == ("mean_margin", "relative")
    assert again.cached == ("margin",)


def test_what_reads_an_impure_feature_is_found_by_content(engine, tmp_path):
    def now() -> int:
        import time

        return int(time.time() * 0) + 5

    def reader(now):
        return now + 1

    graph = FeatureGraph.from_functions(now, reader)
    first = Materialiser(ColumnCache(tmp_path), engine).run(graph, ["reader"])
    assert first.recomputed == ("now", "reader")
    second = Materialiser(ColumnCache(tmp_path), engine).run(graph, ["reader"])
    assert second.recomputed == ("now",)
    assert value(second, "reader") == 6
    assert Materialiser(ColumnCache(tmp_path)).run(graph, ["reader"]).recomputed == ("now",)
