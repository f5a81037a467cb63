"""What engines cost and bring, beside a graph for Dask written by hand, in one run.

Run ``python benchmarks/engines.py [--ray]``. The cluster has two workers on this machine; both graphs
run on it, in turn, and the minimum of several counts. The data set that goes through partitions is
larger than the memory that its process may have. The last line is JSON; ``ratio`` is ours to the
floor: the goal for a task is 1.3.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jupyter_lifecycle.executors import DaskExecutor, RayExecutor
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import compute

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.executors import Engine

LEAVES = 400
ROWS = 10_000
BIG_ROWS = 24_000_000
PARTS = 24
LIMIT = 1 << 30

Figures = dict[str, Any]


def best(work: Callable[[], Any], runs: int = 4) -> float:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def functions() -> dict[str, Callable[..., Any]]:
    """Leaves that read two inputs, and sums of neighbours: nothing that could be one task."""
    lines = []
    for n in range(LEAVES):
        lines += [f"def leaf{n}(x, y):", f"    return x * {n} + y", ""]
    for n in range(LEAVES - 1):
        lines += [f"def sum{n}(leaf{n}, leaf{n + 1}):", f"    return leaf{n} + leaf{n + 1}", ""]
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("\n".join(lines), space)
    return {name: each for name, each in space.items() if name.startswith(("leaf", "sum"))}


def overhead(engine: DaskExecutor) -> Figures:
    """The same graph by hand and by us: 799 tasks that do next to nothing."""
    known = functions()
    graph = FeatureGraph.from_functions(*known.values())
    names = [f"sum{n}" for n in range(LEAVES - 1)]
    inputs = {"x": 2, "y": 3}
    runs = iter(range(1000))

    def by_hand() -> list[Any]:
        salt = f"-{next(runs)}"
        plan: dict[str, Any] = {f"leaf{n}{salt}": (known[f"leaf{n}"], 2, 3) for n in range(LEAVES)}
        for n in range(LEAVES - 1):
            plan[f"sum{n}{salt}"] = (known[f"sum{n}"], f"leaf{n}{salt}", f"leaf{n + 1}{salt}")
        return list(engine.client.get(plan, [f"{name}{salt}" for name in names]))

    def ours() -> dict[str, Any]:
        return compute(graph, names, inputs=inputs, executor=engine, result="dict")  # type: ignore[return-value]

    assert list(ours().values()) == by_hand()
    hand, own = best(by_hand), best(ours)
    tasks = 2 * LEAVES - 1
    return {
        "tasks": tasks,
        "by_hand_us_a_task": hand / tasks * 1e6,
        "ours_us_a_task": own / tasks * 1e6,
        "ratio": own / hand,
        "goal": 1.3,
    }


def chains(engine: DaskExecutor) -> Figures:
    """Chains of ten, which are one task with us and ten by hand."""
    length, many = 10, 60
    lines = []
    for c in range(many):
        for n in range(length):
            parent = "x" if n == 0 else f"c{c}_{n - 1}"
            lines += [f"def c{c}_{n}({parent}):", f"    return {parent} + {n}", ""]
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("\n".join(lines), space)
    known = {name: each for name, each in space.items() if name.startswith("c")}
    graph = FeatureGraph.from_functions(*known.values())
    names = [f"c{c}_{length - 1}" for c in range(many)]
    column = pd.Series(np.random.default_rng(0).random(ROWS))
    runs = iter(range(1000))

    def by_hand() -> list[Any]:
        salt = f"-{next(runs)}"
        plan: dict[str, Any] = {f"x{salt}": (pd.Series.copy, column)}
        for c in range(many):
            for n in range(length):
                parent = "x" if n == 0 else f"c{c}_{n - 1}"
                plan[f"c{c}_{n}{salt}"] = (known[f"c{c}_{n}"], f"{parent}{salt}")
        return list(engine.client.get(plan, [f"{name}{salt}" for name in names]))

    def ours() -> Any:
        return compute(graph, names, inputs={"x": column}, executor=engine, result="dict")

    hand, own = best(by_hand, 3), best(ours, 3)
    return {"by_hand_ms": hand * 1e3, "ours_ms": own * 1e3, "ratio": own / hand}


def identical(engine: Engine) -> bool:
    """Whether a frame of floats, texts and times is the same to the bit."""

    def logged(a: pd.Series) -> pd.Series:
        return np.log1p(a).rolling(7).mean()

    def normed(logged: pd.Series, b: pd.Series) -> pd.Series:
        return (logged - logged.mean()) / b.std()

    def named(normed: pd.Series) -> pd.Series:
        return normed.round(2).astype("string")

    def dated(b: pd.Series) -> pd.Series:
        return pd.Timestamp("2026-01-01") + pd.to_timedelta((b * 1e6).astype("int64"), unit="s")

    rng = np.random.default_rng(1)
    inputs = pd.DataFrame({"a": rng.random(100_000), "b": rng.random(100_000)})
    graph = FeatureGraph.from_functions(logged, normed, named, dated)
    targets = ["logged", "normed", "named", "dated"]
    here = compute(graph, targets, inputs=inputs)
    there = compute(graph, targets, inputs=inputs, executor=engine)
    pd.testing.assert_frame_equal(there, here, check_exact=True)  # type: ignore[arg-type]
    return True


def threads() -> Figures:
    """Sixteen sorts of half a million floats side by side: numpy lets go of the lock."""
    lines = []
    for n in range(16):
        lines += [f"def s{n}(x):", f"    return np.sort(np.sin(x * {n + 1}))", ""]
    space: dict[str, Any] = {"__name__": "__main__", "np": np}
    exec("\n".join(lines), space)
    names = [f"s{n}" for n in range(16)]
    graph = FeatureGraph.from_functions(*[space[name] for name in names])
    inputs = {"x": np.random.default_rng(0).random(500_000)}
    one = best(lambda: compute(graph, names, inputs=inputs, result="dict"), 3)
    many = best(lambda: compute(graph, names, inputs=inputs, result="dict", executor="threads"), 3)
    return {"one_core_s": one, "threads_s": many, "speed_up": one / many, "cores": os.cpu_count()}


PROGRAM = """
import resource, sys, json, time
limit = {limit}
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
import jupyter_lifecycle as jl
def total(a, b): return a + b
def ratio(a, total): return a / total
def scaled(ratio, c, d): return ratio * c - d
graph = jl.FeatureGraph.from_functions(total, ratio, scaled)
started = time.perf_counter()
done = jl.to_parquet(graph, ["ratio", "scaled"], "out", inputs="in", partitioned=True)
print(json.dumps([done.rows, time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def partitioned() -> Figures:
    """A data set of more than a gibibyte in a process that may have one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        folder.mkdir()
        rows = BIG_ROWS // PARTS
        for part in range(PARTS):
            rng = np.random.default_rng(part)
            frame = pd.DataFrame({each: rng.random(rows) for each in "abcdefg"})
            frame.to_parquet(folder / f"{part:03d}.parquet", compression=None)
        size = sum(each.stat().st_size for each in folder.iterdir())
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(limit=LIMIT)],
            cwd=name, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        written, seconds, peak = json.loads(done.stdout)
        assert written == BIG_ROWS
    return {
        "data_mib": size / 2**20,
        "memory_limit_mib": LIMIT / 2**20,
        "peak_mib": peak,
        "seconds": seconds,
        "million_rows_a_second": written / seconds / 1e6,
    }


def main() -> None:
    figures: Figures = {"threads": threads(), "partitioned": partitioned()}
    with DaskExecutor(workers=2) as engine:
        started = time.perf_counter()
        figures["identical_on_dask"] = identical(engine)
        figures["dask_start_s"] = time.perf_counter() - started
        figures["overhead"] = overhead(engine)
        figures["chains_of_ten"] = chains(engine)
    if "--ray" in sys.argv:
        with RayExecutor(workers=2) as ray:
            figures["identical_on_ray"] = identical(ray)
    for name, each in figures.items():
        print(f"{name}: {each}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
