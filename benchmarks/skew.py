"""Skew: what counting and comparing cost, and how often a report is wrong.

    python benchmarks/skew.py                  # everything, a few minutes
    python benchmarks/skew.py --peers PYTHON   # with the peers that another environment's Python has

Costs are CPU time, the least of several rounds, beside a floor in the same process. Honesty is
counted: reports on windows that were drawn from the training distribution, and on windows that moved
by 0.15 bit. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from pathlib import Path

import numpy as np
import pandas as pd

from jupyter_lifecycle.monitoring import Counter, jensen_shannon, profile, skew

SIZES = (200, 500, 1000, 5000, 20_000, 100_000)
TRAINED = 100_000
BITS = 0.15


def least(work, rounds: int = 5) -> float:
    """CPU seconds of the quickest round."""
    best = math.inf
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


# the columns of the honesty simulation


def drawn(
    random: np.random.Generator, rows: int, moved: dict[str, float] | None = None
) -> pd.DataFrame:
    """A window: normal, heavy-tailed, zero-inflated, a thousand categories, all missing, and more."""
    moved = moved or {}
    zeros = random.random(rows) < 0.8
    weights = category_weights(moved.get("thousand", 0.0))
    gaps = random.normal(size=rows)
    gaps[random.random(rows) < 0.3] = np.nan
    return pd.DataFrame(
        {
            "normal": random.normal(moved.get("normal", 0.0), 1.0, rows),
            "heavy": random.standard_cauchy(rows) + moved.get("heavy", 0.0),
            "zeros": np.where(zeros, 0.0, random.gamma(2.0, size=rows))
            if "zeros" not in moved
            else np.where(random.random(rows) < moved["zeros"], 0.0, random.gamma(2.0, size=rows)),
            "thousand": random.choice(NAMES, rows, p=weights),
            "missing": np.full(rows, np.nan),
            "gaps": gaps + moved.get("gaps", 0.0),
            "count": random.poisson(3.0 + moved.get("count", 0.0), rows),
            "rare": random.random(rows) < 0.003 + moved.get("rare", 0.0),
            "few": random.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1]),
        }
    )


NAMES = np.array([f"category {n:03}" for n in range(1000)])


def category_weights(tilt: float) -> np.ndarray:
    """A thousand shares; half of them, drawn once, are tilted up and the rest down."""
    base = np.random.default_rng(11).dirichlet(np.full(1000, 20.0))
    signs = np.random.default_rng(12).choice([-1.0, 1.0], 1000)
    tilted = base * np.exp(tilt * signs)
    return tilted / tilted.sum()


def tilt_of(bits_at, target: float = BITS) -> float:
    """The shift at which the true distance is a number of bits, by bisection."""
    low, high = 0.0, 8.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if bits_at(middle) < target else (low, middle)
    return low


def true_bits_of_normals(shift: float) -> float:
    grid = np.linspace(-9, 15, 24_001)
    p, q = (np.exp(-((grid - at) ** 2) / 2) for at in (0.0, shift))
    return jensen_shannon(p.tolist(), q.tolist())


def true_bits_of_cauchys(shift: float) -> float:
    grid = np.tan(np.linspace(-1.5702, 1.5702, 24_001))
    width = np.gradient(grid)
    p, q = (width / (1 + (grid - at) ** 2) for at in (0.0, shift))
    return jensen_shannon(p.tolist(), q.tolist())


def true_bits_of_poissons(shift: float) -> float:
    def shares(mean: float) -> list[float]:
        return [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(80)]

    return jensen_shannon(shares(3.0), shares(3.0 + shift))


def shifts() -> dict[str, dict[str, float]]:
    """One column moved by 0.15 bit in truth, by column."""
    zeros = tilt_of(lambda x: jensen_shannon([0.8, 0.2], [0.8 - x / 10, 0.2 + x / 10]))
    rare = tilt_of(lambda x: jensen_shannon([0.003, 0.997], [0.003 + x / 8, 0.997 - x / 8]))
    return {
        "normal": {"normal": tilt_of(true_bits_of_normals)},
        "heavy": {"heavy": tilt_of(true_bits_of_cauchys)},
        "zeros": {"zeros": 0.8 - zeros / 10},
        "thousand": {
            "thousand": tilt_of(
                lambda x: jensen_shannon(
                    category_weights(0.0).tolist(), category_weights(x).tolist()
                )
            )
        },
        "count": {"count": tilt_of(true_bits_of_poissons)},
        "rare": {"rare": rare / 8},
    }


def honesty(reports: int, found: int) -> dict[str, object]:
    random = np.random.default_rng(2024)
    alarms, called = 0, {}
    for number in range(reports):
        if number % 100 == 0:  # a new training set each hundred reports
            before = profile(drawn(random, TRAINED))
        report = skew(before, drawn(random, SIZES[number % len(SIZES)]))
        alarms += bool(report.moved)
        over = [one.name for one in report.features if one.verdict in ("moved", "small")]
        for name in over:
            called[name] = called.get(name, 0) + 1
    answer: dict[str, object] = {
        "reports": reports,
        "named_any": alarms / reports,
        "over_floor_any": sum(called.values()) / reports,
        "over_floor_by_column": called,
    }
    power = {}
    for name, moved in shifts().items():
        hits = 0
        for _ in range(found):
            report = skew(before, drawn(random, 5000, moved))
            hits += name in report.moved
        power[name] = hits / found
    return answer | {"found_at_0.15_bit": power}


def costs() -> dict[str, float]:
    random = np.random.default_rng(5)
    wide = pd.DataFrame({f"c{n}": random.normal(size=2000) for n in range(50)})
    plan = profile(wide).plan
    rows = wide.to_numpy().tolist()
    counter = Counter(plan)

    def served() -> None:
        for row in rows:
            counter.add_rows([row])

    edges = plan.columns[0].edges

    def floor() -> None:
        counts = [0] * 20
        for row in rows:
            for value in row:
                counts[bisect_left(edges, value)] += 1

    tall = pd.DataFrame({"x": random.normal(size=4_000_000)})
    like = profile(tall)
    numbers = tall["x"].to_numpy()
    thousand = pd.DataFrame({f"c{n}": random.normal(size=2000) for n in range(1000)})
    before = profile(thousand)
    after = profile(thousand.sample(frac=0.5), like=before)
    text = json.dumps(after.to_json(), separators=(",", ":"))
    return {
        "count_ns_a_value": least(served) / (2000 * 50) * 1e9,
        "floor_bisect_ns_a_value": least(floor) / (2000 * 50) * 1e9,
        "profile_values_a_second": len(tall) / least(lambda: profile(tall)),
        "profile_like_values_a_second": len(tall) / least(lambda: profile(tall, like=like)),
        "floor_numpy_min_max_values_a_second": len(tall)
        / least(lambda: (numbers.min(), numbers.max())),
        "report_1000_columns_s": least(lambda: skew(before, after)),
        "bytes_a_column": len(text) / 1000,
        "flush_1000_columns_s": least(lambda: json.dumps(after.to_json())),
    }


def kept_small() -> dict[str, float]:
    """Hostile windows: bytes of the profile and seconds of counting."""
    words = pd.DataFrame({"x": ["a", "b"] * 500})
    like = profile(words)
    counter = Counter(like.plan)
    start = time.process_time()
    for first in range(0, 1_000_000, 1000):
        counter.add_rows([[f"new {n}"] for n in range(first, first + 1000)])
    seconds = time.process_time() - start
    new = len(json.dumps(counter.profile().to_json()))
    counter.clear()
    counter.add_rows([["x" * 10_000_000 + str(n)] for n in range(10)])
    return {
        "million_new_categories_bytes": new,
        "million_new_categories_s": seconds,
        "huge_strings_bytes": len(json.dumps(counter.profile().to_json())),
    }


PEER = """
import json, math, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
def read(path):
    rows = pd.read_csv(path)
    return rows.assign(rare=rows["rare"].astype(str))
before, *windows = map(read, sys.argv[1:])
answer = {"python": sys.version.split()[0], "pandas": pd.__version__, "numpy": np.__version__}

def evidently():
    from evidently import Report
    from evidently.presets import DataDriftPreset
    import evidently as package
    given = before.dropna(axis=1, how="all")  # it refuses a column without any value
    def called(window):
        found = Report([DataDriftPreset()]).run(window[list(given)], given).dict()
        return any(
            metric["metric_name"].startswith("ValueDrift") and drifted(metric) for metric in found["metrics"]
        )
    def drifted(metric):
        value = float(metric["value"]); name = metric["metric_name"]
        return value < 0.05 if "p_value" in name else value >= 0.1
    return package.__version__, called

def nannyml():
    import nannyml as package
    names = [name for name in before.columns if before[name].notna().any()]
    def called(window):
        kind = [n for n in names if before[n].dtype.kind not in "fi"]
        calculator = package.UnivariateDriftCalculator(column_names=names, treat_as_categorical=kind, chunk_number=1)
        calculator.fit(before[names])
        found = calculator.calculate(window[names]).to_df()
        return bool(found.xs("alert", axis=1, level=-1).iloc[-1].any())
    return package.__version__, called

def whylogs():
    import whylogs as package
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores
    reference = package.log(before).view()
    def called(window):
        scores = calculate_drift_scores(package.log(window).view(), reference, with_thresholds=True)
        return any(one and one.get("drift_category") == "DRIFT" for one in scores.values())
    return getattr(package, "__version__", "?"), called

def tfdv():
    import tensorflow_data_validation as package
    stats = package.generate_statistics_from_dataframe(before)
    schema = package.infer_schema(stats)
    for feature in schema.feature:
        if feature.type == 1:
            feature.drift_comparator.infinity_norm.threshold = 0.1
        else:
            feature.drift_comparator.jensen_shannon_divergence.threshold = 0.1
    def called(window):
        now = package.generate_statistics_from_dataframe(window)
        found = package.validate_statistics(now, schema, previous_statistics=stats)
        return any("COMPARATOR" in str(reason) for info in found.anomaly_info.values() for reason in info.reason)
    return package.__version__, called

import importlib.util
homes = {evidently: "evidently", nannyml: "nannyml", whylogs: "whylogs", tfdv: "tensorflow_data_validation"}
for peer in [one for one, home in homes.items() if importlib.util.find_spec(home)]:
    try:
        version, called = peer()
        start = time.process_time()
        alarms = [bool(called(window)) for window in windows]
        answer[peer.__name__] = {"version": version, "named_any": sum(alarms) / len(alarms), "reports": len(alarms), "s_a_report": (time.process_time() - start) / len(alarms)}
    except BaseException as problem:
        answer[peer.__name__] = {"failed": f"{type(problem).__name__}: {problem}"[:160]}
print(json.dumps(answer))
"""


def peers(python: str, reports: int = 60, *, easy: bool = False) -> dict[str, object]:
    """False alarms and cost of the peers that an environment has, and ours on the same windows."""
    random = np.random.default_rng(77)
    hard = ["thousand", "missing"] if easy else []
    before = drawn(random, 20_000).drop(columns=hard)
    windows = [drawn(random, (200, 1000, 5000)[n % 3]).drop(columns=hard) for n in range(reports)]
    start = time.process_time()
    ours = [bool(skew(before, window).moved) for window in windows]
    cost = (time.process_time() - start) / reports
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{n}.csv") for n in range(reports + 1)]
        for path, rows in zip(paths, (before, *windows), strict=True):
            rows.to_csv(path, index=False)
        done = subprocess.run(
            [python, "-c", PEER, *map(str, paths)], capture_output=True, text=True, check=False
        )
    lines = done.stdout.strip().splitlines()
    found = json.loads(lines[-1]) if lines else {"failed": done.stderr[-300:]}
    return {"ours": {"named_any": sum(ours) / reports, "s_a_report": cost}, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=2000)
    parser.add_argument("--found", type=int, default=300, help="windows for each shift")
    parser.add_argument(
        "--peers", nargs="*", default=[], help="Pythons of environments that have some of the peers"
    )
    parser.add_argument("--only", choices=["costs", "honesty", "peers"])
    options = parser.parse_args()
    found: dict[str, object] = {"python": sys.version.split()[0], "pandas": pd.__version__}
    if options.only in (None, "costs"):
        found |= costs() | kept_small()
    if options.only in (None, "honesty"):
        found |= honesty(options.reports, options.found)
    if options.peers:
        found["peers"] = [peers(python) for python in options.peers]
        # without the two columns that are the hardest to be silent about
        found["peers_easy"] = [peers(python, easy=True) for python in options.peers]
    for name, value in found.items():
        print(f"{name:36} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
