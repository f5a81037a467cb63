"""What a feature graph costs, beside its floor and beside Hamilton, in one process.

Run ``python benchmarks/graph.py``. Every figure is the best of several runs in CPU seconds of this
process, so that a busy machine shows less. The last line is JSON; ``ratio`` is ours to the floor,
``peer`` is ours to Hamilton's: below 1 we are faster. The floor is what plain Python needs for the
same answer with a dict of functions that are in order already.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import Materialiser, compute

if TYPE_CHECKING:
    from collections.abc import Callable

FEATURES = 5_000
LONG = 100_000
LAYERED = (1_000, 5_000, 10_000, 100_000)
EDITED = "f0500"

Figures = dict[str, float]


def best(work: Callable[[], Any], runs: int = 5) -> float:
    """CPU seconds of the fastest run."""
    found = float("inf")
    for _ in range(runs):
        gc.collect()
        gc.disable()
        try:
            started = time.process_time()
            work()
            found = min(found, time.process_time() - started)
        finally:
            gc.enable()
    return found


def parents_of(n: int) -> list[str]:
    """Each feature reads two others and an input; f0500 has some 450 descendants."""
    if n < 500:
        return [f"f{n - 1:04d}" if n % 50 else "x0", f"x{n % 7}", f"x{(n + 3) % 11}"]
    if n <= 950:
        return [EDITED if n % 20 == 1 else f"f{n - 1:04d}", f"x{n % 7}", f"f{n // 5:04d}"]
    return [f"f{n % 400:04d}", f"x{n % 11}", f"f{951 + (n - 951) // 2:04d}" if n > 952 else "x1"]


def write_module(folder: Path) -> ModuleType:
    lines = ["import pandas as pd", ""]
    for n in range(FEATURES):
        names = dict.fromkeys(each for each in parents_of(n) if each != f"f{n:04d}")
        arguments = ", ".join(f"{each}: int" for each in names)
        lines += [f"def f{n:04d}({arguments}) -> int:", f'    """Feature {n}."""']
        lines += [f"    return {next(iter(names))} + {n}", "", ""]
    file = folder / "benchmark_features.py"
    file.write_text("\n".join(lines))
    spec = importlib.util.spec_from_file_location("benchmark_features", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmark_features"] = module
    spec.loader.exec_module(module)
    return module


def functions_of(module: ModuleType) -> dict[str, Callable[..., Any]]:
    return {name: each for name, each in vars(module).items() if name.startswith("f")}


INPUTS = {f"x{n}": n for n in range(11)}


def plain_build(functions: dict[str, Callable[..., Any]]) -> list[str]:
    """Names and topological order from code objects, nothing else."""
    waits = {
        name: [p for p in f.__code__.co_varnames[: f.__code__.co_argcount] if p in functions]
        for name, f in functions.items()
    }
    left = {name: len(parents) for name, parents in waits.items()}
    readers: dict[str, list[str]] = {name: [] for name in waits}
    for name, parents in waits.items():
        for each in parents:
            readers[each].append(name)
    order = [name for name, count in left.items() if not count]
    for name in order:
        for reader in readers[name]:
            left[reader] -= 1
            if not left[reader]:
                order.append(reader)
    return order


def plain_run(
    functions: dict[str, Callable[..., Any]], order: list[str], values: dict[str, Any]
) -> dict[str, Any]:
    arguments = {
        n: functions[n].__code__.co_varnames[: functions[n].__code__.co_argcount] for n in order
    }
    for name in order:
        values[name] = functions[name](*[values[each] for each in arguments[name]])
    return values


def build(module: ModuleType, functions: dict[str, Callable[..., Any]]) -> Figures:
    from hamilton import driver

    return {
        "ours_us": best(lambda: FeatureGraph.from_modules(module)) / FEATURES * 1e6,
        "floor_us": best(lambda: plain_build(functions)) / FEATURES * 1e6,
        "hamilton_us": best(lambda: driver.Driver({}, module), 3) / FEATURES * 1e6,
    }


def execute(module: ModuleType, functions: dict[str, Callable[..., Any]]) -> Figures:
    from hamilton import base, driver

    graph = FeatureGraph.from_modules(module)
    targets = list(graph)
    order = plain_build(functions)
    peer = driver.Driver({}, module, adapter=base.DictResult())
    expected = plain_run(functions, order, dict(INPUTS))
    ours = compute(graph, targets, inputs=INPUTS)
    assert isinstance(ours, dict)
    assert all(ours[name] == expected[name] for name in targets)
    first = [FeatureGraph.from_modules(module) for _ in range(5)]  # a graph remembers its plan
    return {
        "ours_us": best(lambda: compute(graph, targets, inputs=INPUTS)) / FEATURES * 1e6,
        "first_us": best(lambda: compute(first.pop(), targets, inputs=INPUTS)) / FEATURES * 1e6,
        "floor_us": best(lambda: plain_run(functions, order, dict(INPUTS))) / FEATURES * 1e6,
        "hamilton_us": best(lambda: peer.execute(targets, inputs=INPUTS), 3) / FEATURES * 1e6,
    }


def edit(module: ModuleType, functions: dict[str, Callable[..., Any]]) -> Figures:
    """Change one of 5,000 features and compute its descendants."""
    from hamilton import base, driver

    graph = FeatureGraph.from_modules(module)
    changed: dict[str, Any] = {"__name__": "benchmark_features"}
    parents = ", ".join(f"{p}: int" for p in graph.parents(EDITED))
    exec(f"def {EDITED}({parents}) -> int:\n    return {graph.parents(EDITED)[0]} - 1", changed)
    new = changed[EDITED]
    values = compute(graph, list(graph), inputs=INPUTS, result="dict")
    affected = [EDITED, *graph.downstream(EDITED)]

    def ours() -> Any:
        after, delta = graph.with_functions(new)
        known = {n: values[n] for n in border(after, affected)}
        return compute(
            after, [EDITED, *delta.affected], inputs=known_inputs(known), overrides=known
        )

    def border(after: FeatureGraph, names: list[str]) -> list[str]:
        inside = set(names)
        return list({p for n in names for p in after.parents(n) if p not in inside and p in after})

    def known_inputs(known: dict[str, Any]) -> dict[str, Any]:
        return {n: v for n, v in INPUTS.items() if n not in known}

    def floor() -> Any:
        return plain_run({**functions, EDITED: new}, affected, {**INPUTS, **values})

    def hamilton() -> Any:
        setattr(module, EDITED, new)
        try:
            fresh = driver.Driver({}, module, adapter=base.DictResult())
            known = {n: values[n] for n in border(graph, affected)}
            return fresh.execute(affected, inputs=INPUTS, overrides=known)
        finally:
            setattr(module, EDITED, functions[EDITED])

    expected = floor()
    assert all(ours()[name] == expected[name] for name in affected)
    new.__module__ = "benchmark_features"
    return {
        "affected": float(len(affected)),
        "with_functions_ms": best(lambda: graph.with_functions(new)) * 1e3,
        "ours_ms": best(ours) * 1e3,
        "floor_ms": best(floor) * 1e3,
        "hamilton_ms": best(hamilton, 2) * 1e3,
    }


def cached(module: ModuleType) -> Figures:
    """The same edit through the cache: keys of all 5,000 features, content of what changed."""
    graph = FeatureGraph.from_modules(module)
    materialiser = Materialiser(ColumnCache())
    started = time.process_time()
    materialiser.run(graph, list(graph), INPUTS)
    first = time.process_time() - started
    hit = best(lambda: materialiser.run(graph, list(graph), INPUTS), 3)
    states = best(lambda: materialiser.states(graph, INPUTS), 3)
    return {
        "first_us": first / FEATURES * 1e6,
        "hit_us": hit / FEATURES * 1e6,
        "states_us": states / FEATURES * 1e6,
    }


def long_graphs() -> Figures:
    space: dict[str, Any] = {"__name__": "__main__"}
    chain = "\n".join(f"def c{n}({f'c{n - 1}' if n else 'x'}): return {n}" for n in range(LONG))
    exec(chain, space)
    in_a_row = [space[f"c{n}"] for n in range(LONG)]
    exec("\n".join(f"def s{n}(x): return {n}" for n in range(LONG)), space)
    side_by_side = [space[f"s{n}"] for n in range(LONG)]
    figures = {}
    for name, functions in (("chain", in_a_row), ("fan_out", side_by_side)):
        started = time.process_time()
        graph = FeatureGraph.from_functions(*functions)
        built = time.process_time()
        answer = compute(graph, list(graph), inputs={"x": 1})
        assert len(answer) == LONG
        figures[f"{name}_build_s"] = built - started
        figures[f"{name}_execute_s"] = time.process_time() - built
    return figures


def layered_module(features: int) -> ModuleType:
    """A random graph in layers of a hundred: each feature reads 1–3 of the layer before."""
    random = Random(features)
    module = ModuleType("benchmark_layers")
    sys.modules[module.__name__] = module
    lines = []
    for n in range(features):
        first = (n // 100 - 1) * 100
        before = [f"f{each}" for each in range(first, first + 100)] if first >= 0 else list(INPUTS)
        parents = random.sample(before, random.randint(1, 3))
        typed = ", ".join(f"{each}: int" for each in parents)
        lines.append(f"def f{n}({typed}) -> int:\n    return {parents[0]} + {n}")
    exec("\n".join(lines), module.__dict__)
    return module


def layers(features: int) -> Figures:
    """Build and execute, a feature, beside Hamilton where that ends in reasonable time."""
    from hamilton import base, driver

    module = layered_module(features)
    functions = functions_of(module)
    runs = 3 if features <= 10_000 else 1
    order = plain_build(functions)
    graph = FeatureGraph.from_modules(module)
    answer = compute(graph, list(graph), inputs=INPUTS)
    expected = plain_run(functions, order, dict(INPUTS))
    assert isinstance(answer, dict)
    assert all(answer[name] == expected[name] for name in order)
    figures = {
        "build_us": best(lambda: FeatureGraph.from_modules(module), runs),
        "build_floor_us": best(lambda: plain_build(functions), runs),
        "execute_us": best(lambda: compute(graph, list(graph), inputs=INPUTS), runs),
        "execute_floor_us": best(lambda: plain_run(functions, order, dict(INPUTS)), runs),
    }
    if features <= 10_000:
        peer = driver.Driver({}, module, adapter=base.DictResult())
        figures["build_hamilton_us"] = best(lambda: driver.Driver({}, module), 1)
        figures["execute_hamilton_us"] = best(lambda: peer.execute(list(graph), inputs=INPUTS), 1)
    figures = {name: value / features * 1e6 for name, value in figures.items()}
    figures["ours_s"] = (figures["build_us"] + figures["execute_us"]) * features / 1e6
    return figures


def memory(module: ModuleType) -> Figures:
    """Bytes that a graph holds for each feature, without the functions themselves."""
    from hamilton import driver

    found = {}
    for name, build in (
        ("ours_bytes", lambda: FeatureGraph.from_modules(module)),
        ("hamilton_bytes", lambda: driver.Driver({}, module)),
    ):
        gc.collect()
        tracemalloc.start()
        kept = build()
        gc.collect()
        found[name] = tracemalloc.get_traced_memory()[0] / FEATURES
        tracemalloc.stop()
        assert kept is not None
    return found


def frame() -> Figures:
    """5,000 rows of 10,000 ready columns to one frame; the floor is one preallocated block."""
    rows, columns = 5_000, 10_000
    data = np.random.default_rng(0).random((columns, rows))
    index = pd.RangeIndex(rows)
    values = {f"c{n}": pd.Series(data[n], index=index) for n in range(columns)}

    def floor() -> pd.DataFrame:
        block = np.empty((columns, rows))
        for n, column in enumerate(values.values()):
            block[n] = column.to_numpy()
        return pd.DataFrame(block.T, index=index, columns=list(values), copy=False)

    graph = FeatureGraph()
    assert compute(graph, list(values), inputs=values).equals(floor())
    return {
        "ours_ms": best(lambda: compute(graph, list(values), inputs=values), 3) * 1e3,
        "floor_ms": best(floor, 3) * 1e3,
        "hamilton_ms": best(lambda: _hamilton_frame(values), 2) * 1e3,
    }


def _hamilton_frame(values: dict[str, Any]) -> Any:
    from hamilton import base

    return base.PandasDataFrameResult.build_result(**values)


def peak() -> Figures:
    """Most memory at once: 100 columns of 200,000 rows in a row, and side by side to one sum each.

    A column is 1.6 MB, so that all of them are 160 MB.
    """
    start = "import numpy as np\ndef f0(x0: int) -> np.ndarray:\n    return np.ones(200_000)"
    chain = [
        f"def f{n}(f{n - 1}: np.ndarray) -> np.ndarray:\n    return f{n - 1} + {n}"
        for n in range(1, 101)
    ]
    wide = [
        f"def f{n}(f0: np.ndarray) -> np.ndarray:\n    return f0 + {n}\n"
        f"def sum{n}(f{n}: np.ndarray) -> float:\n    return float(f{n}.sum())"
        for n in range(1, 101)
    ]
    return {
        **_peak_of("chain", [start, *chain], ["f100"]),
        **_peak_of("wide", [start, *wide], [f"sum{n}" for n in range(1, 101)]),
    }


def _peak_of(shape: str, lines: list[str], targets: list[str]) -> Figures:
    from hamilton import base, driver

    module = ModuleType(f"benchmark_peak_{shape}")
    sys.modules[module.__name__] = module
    exec("\n".join(lines), module.__dict__)
    graph = FeatureGraph.from_modules(module)
    peer = driver.Driver({}, module, adapter=base.DictResult())
    found = {}
    for name, work in (
        ("ours", lambda: compute(graph, targets, inputs={"x0": 1}, result="dict")),
        ("hamilton", lambda: peer.execute(targets, inputs={"x0": 1})),
    ):
        gc.collect()
        tracemalloc.start()
        work()
        found[f"{shape}_{name}_mb"] = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
    return found


def ratios(figures: Figures, unit: str) -> Figures:
    ours = figures[f"ours_{unit}"]
    found = {"ratio": ours / figures[f"floor_{unit}"], "peer": ours / figures[f"hamilton_{unit}"]}
    return {**figures, **found}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        module = write_module(Path(folder))
        functions = functions_of(module)
        answer = {
            "build": ratios(build(module, functions), "us"),
            "execute": ratios(execute(module, functions), "us"),
            "edit": ratios(edit(module, functions), "ms"),
            "cached": cached(module),
            "long": long_graphs(),
            "memory": memory(module),
        }
    answer |= {"frame": ratios(frame(), "ms"), "peak": peak()}
    answer |= {f"layers_{count}": layers(count) for count in LAYERED}
    for part, figures in answer.items():
        print(part, "  ".join(f"{name} {value:,.2f}" for name, value in figures.items()))
    rounded = {p: {n: round(v, 3) for n, v in f.items()} for p, f in answer.items()}
    print(json.dumps(rounded))


if __name__ == "__main__":
    main()
