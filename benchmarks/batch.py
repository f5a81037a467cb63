"""A batch beside the same work written by hand with pandas: CPU seconds of whole processes.

The floor reads the file, asks the model and writes the file, in one process with no chunks, no
check, no record and nothing to resume. Ours is ``jupyter lifecycle batch``'s work process and what
starts it. Run it alone: ``python benchmarks/batch.py [ROWS]``.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS = [f"x{n}" for n in range(8)]
REPEATS = 3
_BY_HAND = """
import sys
import cloudpickle, pandas as pd
source, target, model = sys.argv[1:]
with open(model, "rb") as file:
    model = cloudpickle.load(file)
frame = pd.read_parquet(source)
frame["prediction"] = model.predict(frame[{columns!r}])
frame.to_parquet(target)
"""


def _seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process and of those that it started and that ended."""
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    work()
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(
        b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime
        for a, b in zip(before, after, strict=True)
    )


def main(rows: int) -> None:
    """Measure and print; the last line is JSON."""
    import cloudpickle
    import numpy as np
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingRegressor

    import jupyter_lifecycle as jl

    os.environ["OMP_NUM_THREADS"] = "1"
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.normal(size=rows) for name in COLUMNS})
    model = HistGradientBoostingRegressor(max_iter=100)
    model.fit(frame[COLUMNS].head(5000), frame["x0"].head(5000) * frame["x1"].head(5000))
    with tempfile.TemporaryDirectory() as name, jl.Registry(Path(name) / "home") as registry:
        folder = Path(name)
        source, ours, floor = folder / "in.parquet", folder / "ours.parquet", folder / "f.parquet"
        frame.to_parquet(source)
        (folder / "model.pkl").write_bytes(cloudpickle.dumps(model))
        saved = jl.save(model, name="m", example=frame[COLUMNS].head(5), registry=registry)
        script = _BY_HAND.format(columns=COLUMNS)
        words = [sys.executable, "-c", script, str(source), str(floor), str(folder / "model.pkl")]
        by_hand, batch = [], []
        for _ in range(REPEATS):
            by_hand.append(_seconds(lambda: subprocess.run(words, check=True)))
            batch.append(_seconds(lambda: jl.batch(saved, input=source, output=ours)))
        same = pd.read_parquet(ours).equals(pd.read_parquet(floor))
    facts = {
        "rows": rows,
        "floor_cpu_s": round(min(by_hand), 2),
        "batch_cpu_s": round(min(batch), 2),
        "ratio": round(min(batch) / min(by_hand), 2),
        "goal": 1.2,
        "same_answers": same,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
