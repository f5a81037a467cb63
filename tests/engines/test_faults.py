"""Workers that die, features that kill, interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import EngineError
from jupyter_lifecycle.executors import DaskExecutor
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import Materialiser, compute


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


@pytest.mark.parametrize("engine", ["dask"], indirect=True)
def test_what_was_scattered_is_sent_again_when_its_holder_dies(engine, tmp_path):
    graph = FeatureGraph.from_functions(kill_once, before, after)
    column = pd.Series(np.arange(1e6))
    inputs = {"x": column, "marker": str(tmp_path / "killed")}
    with DaskExecutor(engine.client.scheduler.address) as remote:
        found = compute(graph, ["after"], inputs=inputs, executor=remote)
    pd.testing.assert_series_equal(found["after"], column * 3 + 1, check_names=False)
    assert (tmp_path / "killed").exists()


@pytest.mark.parametrize("engine", ["dask"], indirect=True)
def test_what_kills_its_workers_again_and_again_is_given_up(engine, tmp_path):
    def kill_always(x, marker):
        import os
        import signal
        from pathlib import Path

        with Path(marker).open("a") as file:
            file.write("killed\n")
        os.kill(os.getpid(), signal.SIGKILL)

    marker = tmp_path / "killed"
    inputs = {"x": pd.Series(np.arange(1e6)), "marker": str(marker)}
    graph = FeatureGraph.from_functions(kill_always)
    with (
        DaskExecutor(engine.client.scheduler.address) as remote,
        pytest.raises(EngineError, match=r"its workers died again and again|every worker that ran"),
    ):
        compute(graph, ["kill_always"], inputs=inputs, executor=remote)
    assert len(marker.read_text().split()) >= 3
    # The cluster is whole again.
    found = compute(
        FeatureGraph.from_functions(before), ["before"], inputs={"x": 1}, executor=engine
    )
    assert found == {"before": 2}


def test_a_column_that_is_too_large_for_every_worker():
    """The cluster of somebody whose workers may have 400 MiB each; the column would have 1.2 GB."""
    from distributed import LocalCluster

    def growing(x):
        import numpy as np

        kept = [np.full(1_250_000, float(n)) for n in range(120)]
        return np.concatenate(kept)

    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        memory_limit="400MiB",
        dashboard_address=None,
    ) as cluster:
        graph = FeatureGraph.from_functions(growing, before)
        with DaskExecutor(cluster.scheduler_address) as remote:
            with pytest.raises(
                EngineError, match=r"gave up on growing.*too little memory"
            ) as caught:
                compute(graph, ["growing"], inputs={"x": 1}, executor=remote)
            assert caught.value.detail["name"] == "growing"
            found = compute(graph, ["before"], inputs={"x": 1}, executor=remote)
    assert found == {"before": 2}


MANY_FAILURES = """
import sys
from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.executors import RayExecutor
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import compute


def quick(x):
    return x + 1


def also(x):
    return x + 2


def fails(also):
    raise ValueError("no")


class Kept:
    def __reduce__(self):
        raise TypeError("not to be sent")


kept = Kept()


def unsendable(quick):
    return kept


graph = FeatureGraph.from_functions(quick, also, fails, unsendable)
failed = 0
with RayExecutor(sys.argv[1]) as engine:
    for x in range(200):
        for wanted in (["quick", "fails"], ["also", "unsendable"]):
            try:
                compute(graph, wanted, inputs={"x": x}, executor=engine)
            except (LifecycleError, ValueError):
                failed += 1
print(failed)
"""


@pytest.mark.parametrize("engine", ["ray"], indirect=True)
def test_a_process_outlives_what_is_given_up_just_as_it_ends(engine):
    """Ray ends a process that cancels a task in the instant in which the task completes."""
    import ray

    assert compute(
        FeatureGraph.from_functions(before), ["before"], inputs={"x": 1}, executor=engine
    )
    done = subprocess.run(
        [sys.executable, "-c", MANY_FAILURES, ray.get_runtime_context().gcs_address],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["400"]), done.stderr[-3000:]
