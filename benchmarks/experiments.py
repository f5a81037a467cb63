"""Figures and guarantees of experiments: assignment, analysis, and what simulations say of both.

    python benchmarks/experiments.py [--units 10000000] [--only assignment analysis …]

The peers, GrowthBook's SDK and tea-tasting, run beside ours where they are installed
(``pip install growthbook tea-tasting``); tea-tasting is given one table that is joined already. Times are CPU time in this process, the lowest of several;
the analyses run in processes of their own, with their wall time and their highest memory. Each
guarantee is printed with its number and its goal. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jupyter_lifecycle.experiments import (
    Arm,
    Decider,
    Experiment,
    Layer,
    Moments,
    Units,
    analyse,
    assign,
    choose_variations,
    ramp,
    sample_ratio,
    sequential,
    start,
    welch,
)
from jupyter_lifecycle.experiments.distributions import chi2_sf

if TYPE_CHECKING:
    from collections.abc import Callable

METRICS = 10
ARMS = (Arm("A", 0.5), Arm("B", 0.5))
Figures = dict[str, Any]


def lowest(run: Callable[[], Any], times: int = 5) -> float:
    """Seconds of CPU."""
    found = math.inf
    for _ in range(times):
        begun = time.process_time()
        run()
        found = min(found, time.process_time() - begun)
    return found


def five_layers() -> tuple[list[Layer], list[Experiment]]:
    layers = [Layer(f"layer-{i}", "id", f"9c4{i}", holdout=500) for i in range(5)]
    experiments: list[Experiment] = []
    for layer in layers:
        for part in range(2):
            draft = Experiment(f"{layer.name}-{part}", layer.name, ARMS, f"of {layer.name}-{part}")
            experiments.append(start(draft, layer, experiments, 0.4))
    return layers, experiments


def assignment(_: int) -> Figures:
    layers, experiments = five_layers()
    decider = Decider(layers, experiments)
    requests = [{"id": f"user-{number * 7919}"} for number in range(10_000)]
    one = lowest(lambda: [decider.decide(request) for request in requests]) / len(requests) * 1e6
    n = 1_000_000
    words = pa.array([f"user-{number * 7919}" for number in range(n)])
    column = lowest(lambda: assign(layers[0], experiments, words), 3) / n * 1e6
    five = lowest(lambda: _five(words, layers, experiments), 3) / n * 1e6
    answer = {
        "one_unit_five_layers_us": one,
        "column_one_layer_us": column,
        "column_five_layers_us": five,
    }
    try:
        peer = growthbook(requests[:2_000], layers)
    except ImportError as error:
        print(f"growthbook is left out: {error}")
        return answer
    return answer | {"growthbook_five_layers_us": peer, "ratio": one / peer}


def _five(words: Any, layers: list[Layer], experiments: list[Experiment]) -> None:
    units = Units(words)
    for layer in layers:
        assign(layer, experiments, units)


def growthbook(requests: list[dict[str, str]], layers: list[Layer]) -> float:
    from growthbook import Experiment as Theirs
    from growthbook import GrowthBook

    theirs = [
        Theirs(
            key=f"{layer.name}-{part}", variations=["A", "B"], hashVersion=2, seed=f"of {layer.name}-{part}",
            filters=[{"seed": layer.seed, "ranges": [[0.4 * part, 0.4 * part + 0.4]], "hashVersion": 2}],
        )
        for layer in layers
        for part in range(2)
    ]  # fmt: skip
    book = GrowthBook(attributes={})

    def run() -> None:
        for request in requests:
            book.set_attributes(request)
            for part in theirs:
                book.run(part)

    return lowest(run, 3) / len(requests) * 1e6


def tables(folder: Path, units: int) -> None:
    """Exposures and outcomes of so many units, in other orders; and both joined, for the peer."""
    rng = np.random.default_rng(1)
    names = [*(f"m{i}" for i in range(METRICS)), *(f"x{i}" for i in range(METRICS))]
    floats = [(name, pa.float64()) for name in names]
    step = min(500_000, units)
    writers = {
        "exposures": pa.schema([("unit", pa.string()), ("arm", pa.string()), ("at", pa.timestamp("us"))]),
        "outcomes": pa.schema([("unit", pa.string()), *floats]),
        "joined": pa.schema([("variant", pa.int8()), *floats]),
    }  # fmt: skip
    order = rng.permutation(units)
    arm = rng.integers(0, 2, units).astype(np.int8)
    opened = {name: pq.ParquetWriter(folder / name, schema) for name, schema in writers.items()}
    for begin in range(0, units, step):
        rows = np.arange(begin, min(begin + step, units))
        words = pa.array(rows * 7919).cast(pa.string())
        at = pa.array(1_790_000_000_000_000 + rows * 100_000).cast(pa.timestamp("us"))
        arms = pa.array(["A", "B"]).take(pa.array(arm[rows]))
        opened["exposures"].write_table(pa.table([words, arms, at], schema=writers["exposures"]))
        other = order[rows]
        x = rng.normal(size=(METRICS, len(rows))).round(3)
        y = (0.7 * x + 0.01 * arm[other] + rng.normal(size=(METRICS, len(rows)))).round(3)
        words = pa.array(other * 7919).cast(pa.string())
        opened["outcomes"].write_table(pa.table([words, *y, *x], schema=writers["outcomes"]))
        opened["joined"].write_table(pa.table([arm[other], *y, *x], schema=writers["joined"]))
    for writer in opened.values():
        writer.close()


def analysis(units: int) -> Figures:
    answer: Figures = {}
    with tempfile.TemporaryDirectory() as name:
        made = subprocess.run(
            [sys.executable, __file__, "--tables", name, "--units", str(units)], check=True
        )
        assert made.returncode == 0
        for who in ("ours", "tea_tasting"):
            done = subprocess.run(
                [sys.executable, __file__, "--analyse", name, who],
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                print(f"{who} failed: {done.stderr.strip().splitlines()[-1]}")
                continue
            answer |= {
                f"{who}_{key}": value
                for key, value in json.loads(done.stdout.splitlines()[-1]).items()
            }
    if "tea_tasting_seconds" in answer:
        answer["ratio"] = answer["ours_seconds"] / answer["tea_tasting_seconds"]
    return answer


def one_analysis(folder: Path, who: str) -> None:
    begun, cpu = time.perf_counter(), time.process_time()
    if who == "ours":
        found = analyse(
            folder / "exposures", folder / "outcomes", [f"m{i}" for i in range(METRICS)],
            {f"m{i}": f"x{i}" for i in range(METRICS)}, time="at",
        )  # fmt: skip
        effect = found["m0"].effect
        estimate = math.nan if effect is None else effect.estimate
    else:
        import polars as pl
        import tea_tasting

        asked = {f"m{i}": tea_tasting.Mean(f"m{i}", f"x{i}") for i in range(METRICS)}
        data: Any = pl.scan_parquet(folder / "joined")
        estimate = tea_tasting.Experiment(asked).analyze(data)["m0"].effect_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": peak,
    }
    print(json.dumps(figures | {"estimate": estimate}))


def exclusivity(_: int) -> Figures:
    """A million units through one layer, each experiment asked alone."""
    layers, experiments = five_layers()
    layer = layers[0]
    own = [one for one in experiments if one.layer == layer.name]
    rng = np.random.default_rng(2)
    units = Units(rng.integers(0, 2**62, 1_000_000))
    inside = np.zeros(1_000_000, dtype=np.int64)
    for one in own:
        inside += assign(layer, [one], units).arm >= 0
    return {
        "double_assignments_in_a_million": int((inside > 1).sum()),
        "assigned": float((inside == 1).mean()),
    }


def independence(_: int) -> Figures:
    """Nine seeds, every pair, 50,000 units: χ² of ten by ten places; version 1 must fail it."""
    units = Units(pa.array([f"user-{number}" for number in range(50_000)]))
    answer: Figures = {}
    for version in (2, 1):
        places = [
            np.floor(units.places(f"layer-{seed}", version) * 10).astype(int) for seed in range(9)
        ]
        p_values = []
        for first in range(9):
            for second in range(first):
                table = np.zeros((10, 10))
                np.add.at(table, (places[first], places[second]), 1)
                expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
                p_values.append(chi2_sf(float(((table - expected) ** 2 / expected).sum()), 81))
        answer[f"v{version}_pairs"] = len(p_values)
        answer[f"v{version}_smallest_p_of_all_pairs"] = min(1.0, min(p_values) * len(p_values))
        answer[f"v{version}_pairs_under_0.05"] = float(np.mean(np.array(p_values) < 0.05))
    return answer


def stickiness(_: int) -> Figures:
    """Two hundred ramps of ten steps up and down: who stays in stays in the same arm."""
    rng = np.random.default_rng(3)
    units = Units(pa.array([f"user-{number}" for number in range(20_000)]))
    moved = steps = 0
    for number in range(200):
        layer = Layer("layer", "id", f"seed-{number}")
        weights = rng.dirichlet(np.ones(3)) * 0.7 + 0.1
        arms = tuple(Arm(name, float(w)) for name, w in zip("ABC", weights, strict=True))
        now = start(Experiment("one", "layer", arms, f"of {number}"), layer, [], 0.1)
        before = assign(layer, [now], units).arm
        for share in rng.uniform(0.001, 1, 10):
            now = ramp(now, layer, [now], float(share))
            after = assign(layer, [now], units).arm
            moved += int(((before >= 0) & (after >= 0) & (before != after)).sum())
            before, steps = after, steps + 1
    return {"steps": steps, "units_that_changed_arm": moved}


def aa(_: int) -> Figures:
    """The same 10,000 numbers dealt anew by a thousand seeds: nothing differs."""
    rng = np.random.default_rng(4)
    values = rng.gamma(1.5, 2, 10_000)
    units = Units(np.arange(10_000))
    p_values = []
    for seed in range(1_000):
        arm = choose_variations(units.places(f"aa-{seed}"), [(0, 0.5), (0.5, 1)])
        p_values.append(welch(values[arm == 0], values[arm == 1]).p_value)
    ordered = np.sort(p_values)
    grid = np.arange(1, 1_001) / 1_000
    distance = float(np.max(np.maximum(grid - ordered, ordered - grid + 0.001)))
    return {
        "seeds": 1_000,
        "errors_at_5_percent": float(np.mean(ordered < 0.05)),
        "distance_from_uniform": distance,
        "distance_allowed_at_1_percent": 1.63 / math.sqrt(1_000),
    }


def peeking(_: int) -> Figures:
    """A thousand experiments without effect, each looked at a hundred times."""
    rng = np.random.default_rng(5)
    runs, looks, step = 1_000, 100, 200
    wrong = dict.fromkeys(("sequential", "fixed"), 0)
    covered = 0
    for _run in range(runs):
        found = {"sequential": False, "fixed": False}
        blocks = rng.exponential(1, (2, looks, step))
        sums, squares = blocks.sum(2).cumsum(1), (blocks**2).sum(2).cumsum(1)
        for look in range(1, looks):
            n = step * (look + 1)
            arms = [
                Moments(n, float(s / n), float((q - s * s / n) / (n - 1)))
                for s, q in zip(sums[:, look], squares[:, look], strict=True)
            ]
            low, high = sequential(*arms, expected_n=2 * looks * step).interval
            found["sequential"] |= low > 0 or high < 0
            found["fixed"] |= welch(*arms).p_value < 0.05
        for kind, value in found.items():
            wrong[kind] += value
        covered += not found["sequential"]
    return {f"{kind}_errors": value / runs for kind, value in wrong.items()} | {
        "runs": runs,
        "looks": looks,
    }


def sample_ratios(_: int) -> Figures:
    rng = np.random.default_rng(6)
    runs, days, daily = 10_000, 30, 3_334
    counts = rng.binomial(daily, 0.5, (runs, days)).cumsum(1)
    alarms = {"all_looks": 0, "one_look_every_day": 0, "one_look_at_the_end": 0}
    for run in counts:
        pairs = [(int(b), daily * (day + 1) - int(b)) for day, b in enumerate(run)]
        alarms["all_looks"] += any(sample_ratio(pair, all_looks=True).broken for pair in pairs)
        alarms["one_look_every_day"] += any(sample_ratio(pair).broken for pair in pairs)
        alarms["one_look_at_the_end"] += sample_ratio(pairs[-1]).broken
    answer: Figures = {f"null_{kind}": count / runs for kind, count in alarms.items()}
    for name, part, all_looks in (("51_49_one_look", 0.51, False), ("52_48_all_looks", 0.52, True)):
        seen = rng.binomial(daily, part, (1_000, days)).cumsum(1)
        checked = [
            [(int(b), daily * (day + 1) - int(b)) for day, b in enumerate(run)] for run in seen
        ]
        hits = sum(
            any(sample_ratio(pair, all_looks=True).broken for pair in run)
            if all_looks
            else sample_ratio(run[-1]).broken
            for run in checked
        )
        answer[f"power_{name}"] = hits / 1_000
    return answer


def together(_: int) -> Figures:
    """Two experiments at once on 20,000 units: both effects found again, interactions flagged."""
    n, runs = 20_000, 300
    rng = np.random.default_rng(7)
    units = Units(np.arange(n))
    covered = [0, 0]
    flagged = {0.0: 0, 0.15: 0}
    for run in range(runs):
        one, two = (
            choose_variations(units.places(f"{name}-{run}"), [(0, 0.5), (0.5, 1)])
            for name in ("one", "two")
        )
        noise = rng.normal(size=n)
        for planted in flagged:
            y = 0.05 * one + 0.1 * two + planted * one * two + noise
            exposed = [
                {"unit": np.arange(n), "arm": np.where(arm == 1, "B", "A")} for arm in (one, two)
            ]
            found = analyse(
                exposed[0],
                {"unit": np.arange(n), "y": y},
                "y",
                others={"two": exposed[1]},
                sequential=False,
            )
            flagged[planted] += found.status == "valid" and found.interactions[0].flagged
            if planted == 0:
                other = analyse(exposed[1], {"unit": np.arange(n), "y": y}, "y", sequential=False)
                for place, (results, true) in enumerate(((found, 0.05), (other, 0.1))):
                    effect = results["y"].effect
                    if effect is not None:
                        covered[place] += effect.interval[0] < true < effect.interval[1]
    return {
        "first_recovered": covered[0] / runs,
        "second_recovered": covered[1] / runs,
        "additive_flagged": flagged[0.0] / runs,
        "planted_flagged": flagged[0.15] / runs,
        "runs": runs,
    }


PARTS: dict[str, tuple[Callable[[int], Figures], str]] = {
    "assignment": (assignment, "one unit <= 20 us, a column <= 0.3 us a unit"),
    "analysis": (analysis, "10 million x 10 with CUPED <= 10 s, <= 1 GB"),
    "exclusivity": (exclusivity, "0 double assignments"),
    "independence": (independence, "version 2 over 0.05, version 1 far under"),
    "stickiness": (stickiness, "0 units that changed arm"),
    "aa": (aa, "5 % of errors, distance under the allowed one"),
    "peeking": (peeking, "sequential errors <= 5 %"),
    "sample_ratios": (sample_ratios, "all looks <= 0.001; power >= 0.99"),
    "together": (together, "recovered in 95 %, planted flagged"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=10_000_000)
    parser.add_argument("--only", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--analyse", nargs=2)
    asked = parser.parse_args()
    if asked.tables:
        tables(asked.tables, asked.units)
        return
    if asked.analyse:
        one_analysis(Path(asked.analyse[0]), asked.analyse[1])
        return
    answer: dict[str, Figures] = {}
    for name in asked.only:
        run, goal = PARTS[name]
        begun = time.perf_counter()
        answer[name] = run(asked.units)
        print(f"{name} ({goal}; {time.perf_counter() - begun:.0f} s)", flush=True)
        for figure, value in answer[name].items():
            print(f"    {figure:36} {value:,.4g}", flush=True)
    print(json.dumps(answer))


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main()
