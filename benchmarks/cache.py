"""What the column cache costs, beside no cache and the caches of joblib, Hamilton and marimo, in one run.

Run ``python benchmarks/cache.py``. 1,000 features of 10,000 rows go through ``compute``; the peers,
which are slower, get fewer features, and all figures of theirs are per column. A new kernel is a new
process. Times are CPU time of the process, system calls included, so that a busy machine shows less;
what is called ``wall`` isn't. The last line is JSON: all figures, and last the ``ratios``: ours to the
floor or to the peer, below 1 we're faster. A peer that isn't installed is named in ``absent``.
"""

from __future__ import annotations

import importlib.util
import json
import mmap
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.hashing import code_key, combine, fingerprint, together
from jupyter_lifecycle.materialise import Materialiser, compute

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

FEATURES = 1_000
ROWS = 10_000
PEER_FEATURES = 60
FAMILY = 10
"""Each tenth feature is read by the nine after it."""

Figures = dict[str, float]


def source(features: int, edit: float = 0.0) -> str:
    lines = ["import pandas as pd", "KNOTS = [0.25, 0.75]", ""]
    lines += ["def _clipped(x):", "    return x.clip(KNOTS[0], KNOTS[1])", ""]
    for n in range(features):
        parent = "base" if n % FAMILY == 0 else f"f{n - n % FAMILY:04d}"
        shift = n + edit if n == 0 else n
        lines += [f"def f{n:04d}({parent}: pd.Series) -> pd.Series:"]
        lines += [f"    return _clipped({parent}) * {n % 7 + 1.5} + {shift}", ""]
    return "\n".join(lines)


def load(folder: Path, features: int, *, edit: float = 0.0) -> ModuleType:
    path = folder / f"features_{features}{'_edited' * bool(edit)}.py"
    path.write_text(source(features, edit))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def base() -> pd.Series:
    return pd.Series(np.random.default_rng(0).random(ROWS))


def names_of(features: int) -> list[str]:
    return [f"f{n:04d}" for n in range(features)]


def timed(work: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> float:
    started = clock()
    work()
    return clock() - started


def best(work: Callable[[], Any], runs: int = 5) -> float:
    return min(timed(work) for _ in range(runs))


def ours(folder: Path) -> Figures:
    """Our first run, an edit, and all hit in the same kernel; milliseconds for 1,000 features."""
    names, inputs = names_of(FEATURES), {"base": base()}
    compute(FeatureGraph.from_modules(load(folder, FEATURES)), names, inputs=inputs)
    plain = first = wall = edited = own = float("inf")
    for where in ("first", "second", "ours"):  # new functions, an empty folder
        graph = FeatureGraph.from_modules(load(folder, FEATURES))
        materialiser = Materialiser(ColumnCache(folder / where))
        run = partial(materialiser.run, inputs=inputs)
        started = time.perf_counter()
        first = min(first, timed(partial(run, graph, names)))
        wall = min(wall, time.perf_counter() - started)
        plain = min(plain, best(partial(compute, graph, names, inputs=inputs), 2))
    states = best(partial(run, graph, names))
    for edit in (0.5, 0.25, 0.125):
        changed = FeatureGraph.from_modules(load(folder, FEATURES, edit=edit))
        own = min(own, best(partial(compute, changed, names[:FAMILY], inputs=inputs)))
        edited = min(edited, timed(partial(run, changed, names[:FAMILY])))
    again = timed(partial(run, changed, names))
    return {
        "no_cache_ms": plain * 1e3,
        "first_run_ms": first * 1e3,
        "first_run_wall_ms": wall * 1e3,
        "first_run_us_a_column": (first - plain) / FEATURES * 1e6,
        "same_kernel_all_hit_ms": states * 1e3,
        "edit_of_one_with_9_descendants_ms": edited * 1e3,
        "edit_above_own_compute_ms": (edited - own) * 1e3,
        "edit_all_1000_wanted_ms": again * 1e3,
    }


def store_alone(folder: Path) -> Figures:
    """What a column costs without the graph, beside writing its bytes to a file of its own."""
    columns = [pd.Series(np.random.default_rng(n).random(ROWS)) for n in range(300)]
    raw = folder / "raw"
    raw.mkdir()

    def by_hand() -> None:
        for n, column in enumerate(columns):
            (raw / f"{n}.tmp").write_bytes(column.to_numpy())
            (raw / f"{n}.tmp").rename(raw / f"{n}")

    cache = ColumnCache(folder / "alone")

    def through_cache() -> None:
        for n, column in enumerate(columns):
            cache.store(combine("alone", str(n).encode()), column, seconds=0)

    floor, found = timed(by_hand), timed(through_cache)
    scale = 1e6 / len(columns)
    return {"ours_us": found * scale, "floor_us": floor * scale, "ratio": found / floor}


def million(folder: Path) -> Figures:
    """A million-row column, hit and summed, beside mapping its file and checking it by hand."""
    import xxhash

    column = pd.Series(np.random.default_rng(1).random(1_000_000))
    key = combine("million")
    ColumnCache(folder / "million").store(key, column, seconds=0)
    path = folder / "by hand"
    path.write_bytes(column.to_numpy())

    def by_hand(*, checked: bool) -> float:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if checked:
            xxhash.xxh3_128_digest(data)
        return float(np.frombuffer(data).sum())

    def hit(cache: ColumnCache) -> float:
        entry = cache.lookup(key)
        assert entry is not None
        return float(entry.load().to_numpy().sum())

    def opened() -> ColumnCache:
        cache = ColumnCache(folder / "million")
        cache.lookup(combine("nothing"))
        return cache

    assert hit(opened()) == column.to_numpy().sum()
    times: list[list[float]] = [[], [], []]
    for _ in range(60):  # in turns, so that a busy moment meets all of them
        times[0].append(timed(lambda: by_hand(checked=True)))
        times[1].append(timed(lambda: hit(opened())))
        cache = opened()
        times[2].append(timed(lambda cache=cache: hit(cache)))
    floor, with_opening, ours_ = map(min, times)
    return {
        "ours_ms": ours_ * 1e3,
        "with_opening_the_cache_ms": with_opening * 1e3,
        "mapped_and_digested_ms": floor * 1e3,
        "mapped_alone_ms": best(lambda: by_hand(checked=False), 15) * 1e3,
        "fingerprint_ms": best(lambda: fingerprint(column), 15) * 1e3,
        "ratio": ours_ / floor,
    }


def keys(folder: Path) -> Figures:
    """Code keys: the first time, asked one by one after, and a whole graph's after, as a run does."""
    module = load(folder, FEATURES)
    functions = [getattr(module, name) for name in names_of(FEATURES)]
    code_key(functions[0])
    first = timed(lambda: [code_key(function) for function in functions[1:]])
    after = best(lambda: [code_key(function) for function in functions])
    all_of_them = together(functions)
    assert all_of_them is not None
    as_one = best(all_of_them.holds)
    return {
        "first_us": first / FEATURES * 1e6,
        "one_after_us": after / FEATURES * 1e6,
        "after_us": as_one / FEATURES * 1e6,
    }


def joblib_memory(folder: Path) -> Figures:
    import joblib

    module, value = load(folder, PEER_FEATURES), base()
    memory = joblib.Memory(folder / "joblib", verbose=0)
    cached = [memory.cache(getattr(module, name)) for name in names_of(PEER_FEATURES)]
    first = timed(lambda: [function(value) for function in cached])
    return {
        "first_us_a_column": first / PEER_FEATURES * 1e6,
        "hit_us_a_column": timed(lambda: [f(value) for f in cached]) / PEER_FEATURES * 1e6,
    }


def hamilton(folder: Path) -> Figures:
    from hamilton import driver

    module, names, inputs = load(folder, PEER_FEATURES), names_of(PEER_FEATURES), {"base": base()}

    def built(where: str | None) -> Any:
        builder = driver.Builder().with_modules(module)
        return (builder if where is None else builder.with_cache(path=where)).build()

    plain = built(None)
    floor = timed(lambda: plain.execute(names, inputs=inputs))
    where = str(folder / "hamilton")
    first = timed(lambda: built(where).execute(names, inputs=inputs))
    hit = timed(lambda: built(where).execute(names, inputs=inputs))
    scale = 1e6 / PEER_FEATURES
    return {"no_cache_us": floor * scale, "first_us": first * scale, "hit_us": hit * scale}


def marimo_cache(folder: Path) -> Figures:
    import logging

    import marimo

    logging.disable(logging.WARNING)  # it misses its notebook around it
    module, value = load(folder, PEER_FEATURES), base()
    where, functions = str(folder / "marimo"), [getattr(module, n) for n in names_of(PEER_FEATURES)]
    cached = [marimo.persistent_cache(save_path=where)(function) for function in functions]
    first = timed(lambda: [function(value) for function in cached])
    return {
        "first_us_a_column": first / PEER_FEATURES * 1e6,
        "hit_us_a_column": timed(lambda: [f(value) for f in cached]) / PEER_FEATURES * 1e6,
    }


def new_kernel(folder: Path) -> None:
    """In another process: look everything up, then one column, then all; imports are not counted."""
    import pyarrow as pa

    module = load(folder, FEATURES)
    graph, inputs = FeatureGraph.from_modules(module), {"base": base()}
    fingerprint(inputs["base"])
    assert pa.array([1]) is not None
    names = [*names_of(FEATURES)]
    found = [combine("alone", str(n).encode()) for n in range(300)]
    opened = timed(lambda: ColumnCache(folder / "ours"))
    alone = ColumnCache(folder / "alone")
    looked = timed(lambda: [alone.lookup(key) for key in found])
    one = timed(lambda: Materialiser(ColumnCache(folder / "ours")).run(graph, names[-1:], inputs))
    every = timed(lambda: Materialiser(ColumnCache(folder / "ours")).run(graph, names, inputs))
    figures = {
        "open_ms": opened * 1e3,
        "lookup_us": looked / len(found) * 1e6,
        "one_column_of_1000_ms": one * 1e3,
        "all_1000_read_ms": every * 1e3,
    }
    print(json.dumps(figures))


def in_new_kernel(folder: Path) -> Figures:
    command = [sys.executable, __file__, "--new-kernel", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    if sys.argv[1:2] == ["--new-kernel"]:
        new_kernel(Path(sys.argv[2]))
        return
    answer: dict[str, Figures] = {}
    absent: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        answer["keys"] = keys(folder)
        answer["graph"] = ours(folder)
        answer["store"] = store_alone(folder)
        answer["new_kernel"] = in_new_kernel(folder)
        answer["million"] = million(folder)
        for peer in (joblib_memory, hamilton, marimo_cache):
            try:
                answer[peer.__name__] = peer(folder)
            except ImportError as error:
                print(f"{peer.__name__} is left out: {error}")
                absent.append(peer.__name__)
            except Exception as error:  # noqa: BLE001 - a peer that breaks is no fault of ours
                print(f"{peer.__name__} failed: {error}")
                absent.append(peer.__name__)
    first = answer["graph"]["first_run_us_a_column"]
    every = answer["new_kernel"]["all_1000_read_ms"] * 1e3 / FEATURES
    compared = {
        "store_to_file_by_hand": answer["store"]["ratio"],
        "million_to_map_digest_sum": answer["million"]["ratio"],
    }
    if "joblib_memory" in answer:
        compared["first_run_to_joblib"] = first / answer["joblib_memory"]["first_us_a_column"]
        compared["hit_to_joblib"] = every / answer["joblib_memory"]["hit_us_a_column"]
    if "hamilton" in answer:
        costs = answer["hamilton"]["first_us"] - answer["hamilton"]["no_cache_us"]
        compared["first_run_to_hamilton"] = first / costs
        compared["hit_to_hamilton"] = every / answer["hamilton"]["hit_us"]
    if "marimo_cache" in answer:
        compared["first_run_to_marimo"] = first / answer["marimo_cache"]["first_us_a_column"]
        compared["hit_to_marimo"] = every / answer["marimo_cache"]["hit_us_a_column"]
    answer["ratios"] = compared
    for part, figures in answer.items():
        print(part, "  ".join(f"{figure} {value:,.2f}" for figure, value in figures.items()))
    rounded: dict[str, Any] = {
        part: {figure: round(value, 4) for figure, value in figures.items()}
        for part, figures in answer.items()
    }
    rounded["absent"] = absent
    rounded["ratios"] = rounded.pop("ratios")
    print(json.dumps(rounded))


if __name__ == "__main__":
    main()
