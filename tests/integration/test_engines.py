"""The same graph here, on Dask and on Ray: real clusters of two workers on this machine."""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import socket
import sys
import threading
import traceback
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import ComputeError, EngineError, MissingExtraError
from jupyter_lifecycle.executors import DaskExecutor, RayExecutor, executor_of
from jupyter_lifecycle.graph import Collect, FanOut, FeatureGraph
from jupyter_lifecycle.materialise import Hooks, Materialiser, compute, failure_of, to_parquet

pytestmark = [
    # Ray opens files and sockets that it leaves to the collector, and warns of its next version.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(240),
]


@pytest.fixture(scope="module")
def dask_engine():
    with DaskExecutor(workers=2) as engine:
        yield engine


@pytest.fixture(scope="module")
def ray_engine():
    with RayExecutor(workers=2) as engine:
        yield engine


@pytest.fixture(params=["dask", "ray"])
def engine(request):
    return request.getfixturevalue(f"{request.param}_engine")


RATE = 1.5


def doubled(price):
    return price * 2


def margin(doubled, cost):
    return doubled * RATE - cost


def mean_margin(margin):
    return float(margin.mean())


def relative(margin, mean_margin):
    return margin / mean_margin


async def awaited(relative):
    return relative + 1


def labels(margin):
    return margin.gt(0).map({True: "gain", False: "loss"}).astype("category")


def table(margin, labels):
    return pd.DataFrame({"m": margin, "l": labels})


def parts(mean_margin) -> FanOut[int]:
    return [1, 2, 3]


def part_sum(parts, margin):
    return float((margin * parts).sum())


def part_sums(part_sum: Collect[float]) -> list[float]:
    return list(part_sum)


class Model:
    def __init__(self, mean):
        self.mean = mean

    def predict(self, column):
        return column - self.mean


def model(mean_margin):
    return Model(mean_margin)


def predicted(model, margin):
    return model.predict(margin)


def raw(price):
    return price.to_numpy()[::2]


EVERYTHING = FeatureGraph.from_functions(
    doubled,
    margin,
    mean_margin,
    relative,
    awaited,
    labels,
    table,
    parts,
    part_sum,
    part_sums,
    model,
    predicted,
    raw,
)


def extended(*functions):
    return EVERYTHING.with_features(*FeatureGraph.from_functions(*functions).features.values())[0]


def value(run, name):
    return run.values[name]  # noqa: PD011 - a run, no frame


@pytest.fixture
def orders():
    rng = np.random.default_rng(7)
    return pd.DataFrame({"price": rng.random(2000), "cost": rng.random(2000)})


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


# ---- failures


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
    monkeypatch.delitem(sys.modules, "my_travelling_features")


# ---- states and the cache


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
    with pytest.raises(OddError):
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
        return __import__("random").random() + x

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


# ---- hostile


def kill_once(x, marker):
    """Kill the worker's process the first time."""
    import os
    import signal
    from pathlib import Path

    if not Path(marker).exists():
        Path(marker).write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return x + 1


def before(x):
    return x * 2


def after(kill_once, before):
    return kill_once + before


def test_a_lost_workers_columns_are_computed_again(engine, tmp_path):
    graph = FeatureGraph.from_functions(kill_once, before, after)
    column = pd.Series(np.arange(1000.0))
    inputs = {"x": column, "marker": str(tmp_path / "killed")}
    found = compute(graph, ["after"], inputs=inputs, executor=engine)
    pd.testing.assert_series_equal(found["after"], column * 3 + 1, check_names=False)
    assert (tmp_path / "killed").exists()


@pytest.fixture
def interruptible():
    """Interrupts as in a terminal: a shell's background jobs ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def forever(x):
    while True:
        x += 1


def spinning(x):
    while True:
        x += 2


def test_an_interrupt_stops_the_work_on_the_engine(engine, interruptible):
    graph = FeatureGraph.from_functions(forever, spinning)

    def interrupt(event):
        if event.state == "running":
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Materialiser(ColumnCache(), engine).run(
            graph, ["forever", "spinning"], {"x": 1}, listener=interrupt
        )
    # Both workers are free again: else this would wait for ever.
    found = compute(
        FeatureGraph.from_functions(before, kill_free),
        ["before", "kill_free"],
        inputs={"x": 1},
        executor=engine,
    )
    assert found == {"before": 2, "kill_free": 3}


def kill_free(x):
    return x + 2


def test_what_kills_every_worker_is_given_up(engine):
    def deadly(x):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(EngineError, match=r"gave up on .*died"):
        compute(FeatureGraph.from_functions(deadly), ["deadly"], inputs={"x": 1}, executor=engine)


@pytest.fixture
def nobody():
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def test_dask_that_does_not_answer(nobody):
    with pytest.raises(EngineError, match=f"No Dask scheduler answers at tcp://{nobody}"):
        compute(
            EVERYTHING, ["doubled"], inputs={"price": 1}, executor=DaskExecutor(f"tcp://{nobody}")
        )


@pytest.mark.parametrize("form", ["{}", "ray://{}", "nonsense"])
def test_ray_that_does_not_answer(nobody, form):
    import ray

    if ray.is_initialized():
        ray.shutdown()
    address = form.format(nobody)
    with pytest.raises(EngineError, match=f"No Ray cluster answers at {address}"):
        compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=RayExecutor(address))


@pytest.mark.parametrize("kind", [DaskExecutor, RayExecutor])
def test_an_executor_is_asked_for_something_sensible(kind):
    with pytest.raises(EngineError, match="at least one worker"):
        kind(workers=0)
    with pytest.raises(EngineError, match="not both"):
        kind("tcp://somewhere:1", workers=2)


@pytest.mark.parametrize("kind", [DaskExecutor, RayExecutor])
def test_closing_what_never_started_and_twice(kind):
    engine = kind()
    engine.close()
    engine.close()


@pytest.mark.parametrize(("kind", "package"), [(DaskExecutor, "distributed"), (RayExecutor, "ray")])
def test_a_missing_extra_is_one_line(kind, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r'pip install "jupyter_lifecycle\[(dask|ray)\]"$'):
        compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=kind())


def test_a_forked_process_is_told_to_make_its_own(dask_engine):
    assert dask_engine.client is not None
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, type(_error(lambda: dask_engine.client)).__name__.encode())
            dask_engine.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as said:
        assert said.read() == "EngineError"
    assert compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=dask_engine) == {
        "doubled": 2
    }


def _error(call):
    try:
        call()
    except EngineError as error:
        return error
    return None


def test_engines_by_name_are_the_processs_one():
    assert executor_of("dask") is executor_of("dask")
    assert executor_of("ray") is executor_of("ray")


def test_a_closed_cluster_starts_again(dask_engine):
    engine = DaskExecutor(dask_engine.client)
    assert compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=engine) == {"doubled": 2}
    engine.close()
    assert dask_engine.client.status == "running"
    assert compute(EVERYTHING, ["doubled"], inputs={"price": 1}, executor=engine) == {"doubled": 2}


def test_nothing_is_left_on_the_cluster(dask_engine, orders):
    compute(EVERYTHING, ["relative", "labels"], inputs=orders, executor=dask_engine)
    tick = threading.Event()
    for _ in range(100):
        if not any(dask_engine.client.has_what().values()):
            break
        tick.wait(0.05)
    assert Counter(map(len, dask_engine.client.has_what().values())) == {0: 2}


def test_the_carried_error_survives_a_class_that_cannot_be_carried():
    from jupyter_lifecycle.materialise.carrying import arrived, carry

    error = ValueError(threading.Lock())
    error.add_note("Feature x (cell 1, line 1)")
    found = arrived(pickle.loads(pickle.dumps(carry(error))))
    assert isinstance(found, ComputeError)
    assert "ValueError" in str(found)
    assert found.__notes__ == error.__notes__
