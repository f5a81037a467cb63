"""Cost of a save: CPU seconds of the kernel and of the verifier together, beside the floors.

The model is a gradient-boosting pipeline, the example 200 rows; everything is warm, as in a notebook
whose extension loaded some seconds ago. The first save is reported apart. Peers are measured in the
same run, each in an interpreter of its own: ``--peer mlflow=PYTHON``, also ``bentoml`` and ``vetiver``. On a busy machine the model's own OpenMP threads spin while they
wait for a core, which counts as CPU: the best round is near what an idle machine shows. The last line
is JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import statistics
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import numpy as np
import pandas as pd
from envelope_peers import data, fitted

from jupyter_lifecycle.envelope import (
    Bundle,
    build,
    expect,
    open_bundle,
    parse_manifest,
    start_verifier,
)
from jupyter_lifecycle.envelope.bundle import _checked as found
from jupyter_lifecycle.envelope.verification import shared_verifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from sklearn.pipeline import Pipeline

ROUNDS = 15
GOAL_SECONDS = 0.1


def median_cpu(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """CPU seconds of this process; the median, since a spinning thread pool is no part of it."""
    seconds = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        seconds.append(time.process_time() - before)
    return statistics.median(seconds)


def cpu_of(pid: int | None) -> float:
    """CPU seconds of another process and its children so far, where /proc tells."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    ticks = stat.read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def ours(model: Pipeline, example: pd.DataFrame) -> dict[str, float]:
    began, wall = time.process_time(), time.perf_counter()
    start_verifier()
    first = build(model, name="delay", example=example)
    assert first.verdict is not None
    answer = {
        "first_cpu_s": time.process_time() - began + cpu_of(shared_verifier().pid),
        "first_wall_s": time.perf_counter() - wall,
    }
    totals, walls, children = [], [], []
    for _ in range(ROUNDS):
        before, wall = time.process_time(), time.perf_counter()
        bundle = build(model, name="delay", example=example)
        assert bundle.verdict is not None
        totals.append(time.process_time() - before + bundle.verdict.cpu_seconds)
        children.append(bundle.verdict.cpu_seconds)
        walls.append(time.perf_counter() - wall)
    data_ = (bundle.path / "manifest.json").read_bytes()
    pickled = bundle.read("model.pkl")
    return answer | {
        "save_cpu_s": statistics.median(totals),
        "save_cpu_best_s": min(totals),
        "save_verifier_cpu_s": statistics.median(children),
        "save_wall_s": statistics.median(walls),
        "manifest_cpu_s": median_cpu(lambda: parse_manifest(data_)),
        "open_cpu_s": median_cpu(lambda: open_bundle(bundle.path, trust=True)),
        "load_cpu_s": best_cpu(lambda opened: opened.load(), setup=lambda: unchecked(bundle.path)),
        "load_floor_cpu_s": best_cpu(lambda: floor_of_load(bundle.path / "model.pkl")),
        "unpickle_cpu_s": best_cpu(lambda: pickle.loads(pickled)),
        "rows": float(len(example)),
        "bytes": float(len(pickled)),
    }


def best_cpu(
    work: Callable[..., Any], rounds: int = 4 * ROUNDS, setup: Callable[[], Any] | None = None
) -> float:
    """CPU seconds at best; making the argument and dropping the answer are not timed."""
    seconds = []
    for _ in range(rounds):
        given = () if setup is None else (setup(),)
        before = time.process_time()
        kept = work(*given)
        seconds.append(time.process_time() - before)
        del kept
    return min(seconds)


def unchecked(path: Path) -> Bundle:
    """An opened bundle whose digests this process has not looked at."""
    found.clear()
    return open_bundle(path, trust=True)


def floor_of_load(file: Path) -> Any:
    """Read, digest, unpickle: what no reader that checks can do without."""
    data = file.read_bytes()
    assert len(hashlib.sha256(data).hexdigest()) == 64
    return pickle.loads(data)


def expecting() -> dict[str, float]:
    """Values a second of a profile, on one core, of 100 columns of numbers and of strings."""
    rng = np.random.default_rng(0)
    rows = 200_000
    numbers = pd.DataFrame(rng.normal(size=(rows, 100))).rename(columns=str)
    words = pd.DataFrame({str(at): rng.choice(["a", "b", "c", "d"], rows) for at in range(10)})
    return {
        "expect_numbers_per_s": numbers.size / best_cpu(lambda: expect(numbers), 3),
        "expect_strings_per_s": words.size / best_cpu(lambda: expect(words), 3),
        "expect_sort_per_s": numbers.size
        / best_cpu(lambda: [np.sort(numbers.iloc[:, at].to_numpy()) for at in range(100)], 3),
    }


def floors(model: Pipeline, example: pd.DataFrame) -> dict[str, float]:
    return {
        "floor_pickle_cpu_s": median_cpu(lambda: cloudpickle.dumps(model)),
        "floor_predict_cpu_s": median_cpu(lambda: model.predict(example)),
    }


def peers(found: list[str]) -> dict[str, float]:
    """Save with each peer, in the interpreter that has it; nothing is fetched for it."""
    figures: dict[str, float] = {}
    for one in found:
        peer, _, python = one.partition("=")
        words = [python, str(Path(__file__).with_name("envelope_peers.py")), peer]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        figures |= json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of a save.")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    asked = parser.parse_args()
    frame = data()
    model, example = fitted(frame), frame.head(200)
    figures = ours(model, example) | floors(model, example) | expecting()
    figures |= peers(asked.peer)
    for name, value in figures.items():
        print(f"{name:24} {value:12.4f}")
    print(f"\nsave / goal of {GOAL_SECONDS} s CPU: {figures['save_cpu_s'] / GOAL_SECONDS:.2f}")
    ratio = figures["load_cpu_s"] / figures["load_floor_cpu_s"]
    print(f"load / (read + digest + unpickle), goal 1.2: {ratio:.2f}")
    print(f"open / goal of 1 ms: {figures['open_cpu_s'] / 1e-3:.2f}")
    print(
        f"expectations / goal of 20 million values a second: {figures['expect_numbers_per_s'] / 2e7:.1f}"
    )
    for name, value in figures.items():
        if name.startswith(("mlflow", "bentoml", "vetiver")):
            print(f"{name.removesuffix('_cpu_s')} / ours: {value / figures['save_cpu_s']:.2f}")
    print(json.dumps({name: round(value, 6) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
