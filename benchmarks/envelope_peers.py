"""The same save with MLflow, BentoML or vetiver, in whichever interpreter has it.

``python envelope_peers.py mlflow`` prints one line of JSON; ``envelope.py --peer mlflow=PYTHON``
calls it in the same run. CPU seconds of the process and of those that it started.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 3


def data(rows: int = 20_000) -> pd.DataFrame:
    """What the model is fitted on."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"feature_{place}": rng.normal(size=rows) for place in range(9)})
    frame["hour"] = rng.integers(0, 24, rows)
    return frame


def fitted(frame: pd.DataFrame) -> Pipeline:
    """The model that all save."""
    target = frame.feature_0 * 3 + frame.hour
    return make_pipeline(SimpleImputer(), HistGradientBoostingRegressor()).fit(frame, target)


def cpu() -> float:
    """CPU seconds so far, of this process and of those that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def median(work: Callable[[], Any]) -> float:
    """CPU seconds of a save, after one that is not counted."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        before = cpu()
        work()
        seconds.append(cpu() - before)
    return statistics.median(seconds)


def mlflow_saves(model: Pipeline, example: pd.DataFrame) -> dict[str, float]:
    """By default, with requirements inferred; and with requirements given by hand."""
    import mlflow

    def save(**more: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "model"
            signature = mlflow.models.infer_signature(example, model.predict(example))
            kind = {"serialization_format": "cloudpickle", "signature": signature}
            mlflow.sklearn.save_model(model, target, **kind, **more)

    return {
        "mlflow_cpu_s": median(lambda: save(input_example=example)),
        "mlflow_by_hand_cpu_s": median(lambda: save(pip_requirements=["scikit-learn"])),
    }


def bentoml_saves(model: Pipeline, example: pd.DataFrame) -> dict[str, float]:  # noqa: ARG001
    """Into a model store of its own; it neither asks the model nor looks for requirements."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"BENTOML_HOME": folder, "BENTOML_DO_NOT_TRACK": "True"}
        import bentoml

        return {"bentoml_cpu_s": median(lambda: bentoml.sklearn.save_model("delay", model))}


def vetiver_saves(model: Pipeline, example: pd.DataFrame) -> dict[str, float]:
    """Pinned to a temporary board, with the example as its prototype."""
    import vetiver
    from pins import board_temp

    def save() -> None:
        board = board_temp(allow_pickle_read=True)
        made = vetiver.VetiverModel(model, "delay", prototype_data=example)
        vetiver.vetiver_pin_write(board, made)

    return {"vetiver_cpu_s": median(save)}


SAVES = {"mlflow": mlflow_saves, "bentoml": bentoml_saves, "vetiver": vetiver_saves}


def main() -> None:
    frame = data()
    print(json.dumps(SAVES[sys.argv[1]](fitted(frame), frame.head(200))))


if __name__ == "__main__":
    main()
