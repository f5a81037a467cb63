"""Whether the environment that a save records really rebuilds: a corpus, each model replayed anew.

For each model an envelope is saved here, its environment is built with uv in a folder of its own,
and the example is answered there. The last line is JSON: how many passed, of how many.
``environments.py NAME…`` runs some of them. ``--peer mlflow=PYTHON`` (several times; also
``bentoml`` and ``vetiver``) does the same with a peer, in the interpreter that has it and the
corpus's frameworks; see ``environments_peers.py``.
"""

# ruff: noqa: PLW0108, ARG002 - lambdas that name other things are what is tried here

from __future__ import annotations

import argparse
import atexit
import dataclasses
import enum
import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.5, 0.5] * 5, "b": [0.0, 1.0, 1.0, 2.0] * 5})
TARGET = ROWS.a * 2 - ROWS.b
CORPUS: dict[str, Callable[[], tuple[Any, Any]]] = {}


def model(make: Callable[[], tuple[Any, Any]]) -> Callable[[], tuple[Any, Any]]:
    """A model of the corpus: gives it and its example."""
    CORPUS[make.__name__] = make
    return make


def local(files: dict[str, str]) -> None:
    """Put modules beside the notebook."""
    folder = Path(tempfile.mkdtemp(prefix="corpus-"))
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


@model
def plain_function():
    return lambda a: a * 2, {"a": 3}


@model
def closure_over_an_array():
    weights = np.arange(3.0)
    return lambda x: float(weights @ np.asarray(x)), {"x": [1.0, 2.0, 3.0]}


def _helper(a: float) -> float:
    return a + OFFSET


OFFSET = 10.0


@model
def helper_and_constant_of_the_notebook():
    return lambda a: _helper(a), {"a": 1.5}


class Forecaster:
    """A class of the notebook."""

    def __init__(self, level: float) -> None:
        self.level = level

    def predict(self, rows: pd.DataFrame) -> pd.Series:
        return rows["a"] * self.level


@model
def class_of_the_notebook():
    return Forecaster(1.5), ROWS


@model
def bound_method():
    return Forecaster(2.5).predict, ROWS


@dataclasses.dataclass
class Applicant:
    age: int
    income: float | None = None


class Risk(enum.Enum):
    LOW = "low"
    HIGH = "high"


@model
def dataclasses_and_enums():
    def decide(who: Applicant) -> Risk:
        return Risk.LOW if (who.income or 0) > who.age else Risk.HIGH

    return decide, {"who": {"age": 30, "income": 1e5}}


class Order(BaseModel):
    price: float
    pieces: int = 1


@model
def pydantic_model():
    def total(order: Order) -> float:
        return order.price * order.pieces

    return total, {"order": {"price": 2.5, "pieces": 4}}


@model
def partial():
    return functools.partial(lambda a, b: a - b, b=1.0), {"a": 3.0}


@model
def import_inside_the_function():
    def score(a: float) -> float:
        from scipy.stats import norm

        return float(norm.cdf(a))

    return score, {"a": 0.3}


@model
def import_by_name():
    def score(a: float) -> float:
        return float(importlib.import_module("scipy.special").expit(a))

    return score, {"a": 0.3}


@model
def import_on_one_branch():
    def score(a: float) -> float:
        if a > 1e9:
            import sympy  # never here: its absence is no failure

            return float(sympy.sqrt(a))
        return a

    return score, {"a": 0.3}


@model
def yaml_under_another_name():
    import yaml

    return lambda text: yaml.safe_load(text), {"text": "a: 1"}


@model
def dates_under_another_name():
    from dateutil import parser

    return lambda text: parser.parse(text).isoformat(), {"text": "3 March 2024"}


@model
def module_beside():
    local(
        {
            "corpus_module.py": "import numpy as np\ndef twice(a):\n    return float(np.multiply(a, 2))\n"
        }
    )
    import corpus_module

    return lambda a: corpus_module.twice(a), {"a": 4.0}


@model
def function_of_a_module_beside():
    local(
        {
            "corpus_direct.py": "from scipy.special import expit\ndef score(a):\n    return float(expit(a))\n"
        }
    )
    from corpus_direct import score

    return score, {"a": 0.1}


@model
def package_beside():
    local(
        {
            "corpus_package/__init__.py": "",
            "corpus_package/core.py": "from corpus_package.deep.table import FACTOR\ndef score(a):\n    return a * FACTOR\n",
            "corpus_package/deep/__init__.py": "",
            "corpus_package/deep/table.py": "FACTOR = 7.0\n",
        }
    )
    from corpus_package.core import score

    return score, {"a": 1.0}


@model
def namespace_package_beside():
    local({"corpus_space/part/scores.py": "def score(a):\n    return a + 0.5\n"})
    scores = importlib.import_module("corpus_space.part.scores")
    return lambda a: scores.score(a), {"a": 1.0}


@model
def editable_install():
    local(
        {
            "src/corpus_shop/__init__.py": "from corpus_shop.price import net\n",
            "src/corpus_shop/price.py": "import numpy as np\ndef net(a):\n    return float(np.round(a / 1.2, 2))\n",
            "corpus_shop-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: corpus-shop\nVersion: 1.0\nRequires-Dist: numpy\n",
            "corpus_shop-1.0.dist-info/top_level.txt": "corpus_shop\n",
            "corpus_shop-1.0.dist-info/direct_url.json": '{"url": "file:///src", "dir_info": {"editable": true}}',
        }
    )
    sys.path.insert(0, sys.path[0] + "/src")
    corpus_shop = importlib.import_module("corpus_shop")
    return lambda a: corpus_shop.net(a), {"a": 12.0}


@model
def estimator():
    from sklearn.linear_model import Ridge

    return Ridge().fit(ROWS, TARGET), ROWS


@model
def pipeline_with_a_lambda():
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    steps = make_pipeline(
        FunctionTransformer(lambda rows: rows.assign(c=rows.a**2)), LinearRegression()
    )
    return steps.fit(ROWS, TARGET), ROWS


@model
def estimator_of_the_notebook():
    from sklearn.base import BaseEstimator, RegressorMixin

    class Mean(RegressorMixin, BaseEstimator):
        def fit(self, x, y):
            self.mean_ = float(np.mean(y))
            return self

        def predict(self, x):
            return np.full(len(x), self.mean_)

    return Mean().fit(ROWS, TARGET), ROWS


@model
def strings_of_arrow():
    frame = pd.DataFrame({"city": ["bern", "graz", "ulm"]})
    return lambda rows: rows["city"].str.len(), frame


@model
def simulation():
    def walk(steps: int, seed: int) -> list[float]:
        return np.random.default_rng(seed).normal(size=steps).cumsum().tolist()

    return walk, {"steps": 5, "seed": 1}


@model
def optimiser():
    def best(start: list[float]) -> list[float]:
        from scipy.optimize import minimize

        return minimize(lambda x: ((x - 3.0) ** 2).sum(), start).x.round(4).tolist()

    return best, {"start": [0.0, 1.0]}


@model
def sympy_expression():
    import sympy

    x = sympy.symbols("x")
    expression = sympy.diff(x**3 + 2 * x, x)
    return lambda a: float(expression.subs(x, a)), {"a": 2.0}


@model
def xgboost_estimator():
    import xgboost

    return xgboost.XGBRegressor(n_estimators=3, max_depth=2).fit(ROWS, TARGET), ROWS


@model
def lightgbm_estimator():
    import lightgbm

    kind = lightgbm.LGBMRegressor
    return kind(n_estimators=3, min_child_samples=2, verbose=-1, n_jobs=1).fit(ROWS, TARGET), ROWS


@model
def statsmodels_formula():
    import statsmodels.formula.api as formulas

    return formulas.ols("y ~ a + np.square(b)", ROWS.assign(y=TARGET + 0.1 * ROWS.a**2)).fit(), ROWS


@model
def torch_with_a_cpu_label():
    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def forward(self, rows: Any) -> Any:
            return self.layer(rows).squeeze(-1)

    return Net(), ROWS


def ours(name: str) -> tuple[str, str]:
    """Outcome and its reason for one model."""
    from jupyter_lifecycle.envelope import build
    from jupyter_lifecycle.errors import LifecycleError

    try:
        found, example = CORPUS[name]()
    except ModuleNotFoundError as problem:
        return "absent", f"{problem.name} is not installed"
    try:
        bundle = build(found, name="corpus", example=example)
        proof = bundle.verify(lock=False)
    except LifecycleError as problem:
        return "refused", str(problem)
    return ("passed" if proof.passed else "failed"), "; ".join([proof.reason, *proof.notes]).strip(
        "; "
    )


def theirs(peer: str, python: str, name: str) -> tuple[str, str]:
    """Outcome and its reason for one model with a peer: saved, rebuilt, replayed."""
    folder = Path(tempfile.mkdtemp(prefix=f"{peer}-"))
    settings = {**os.environ, "BENTOML_HOME": str(folder / "store"), "BENTOML_DO_NOT_TRACK": "True"}
    try:
        words = [python, __file__, "--save-with", peer, "--folder", str(folder), name]
        if said := ran(words, settings):
            return ("absent" if "ModuleNotFoundError" in said else "refused"), said
        rebuilt, said = built(next(folder.rglob("requirements.txt")).read_text())
        if said:
            return "failed", said
        again = {**settings, "BENTOML_HOME": str(folder / "other")}
        replay = str(Path(__file__).with_name("environments_peers.py"))
        said = ran([str(rebuilt), "-I", replay, peer, str(folder)], again)
        return ("failed" if said else "passed"), said
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def built(requirements: str) -> tuple[Path, str]:
    """The interpreter of an environment built from these lines, and what went wrong if something did.

    The same lines are built once: they give the same environment.
    """
    folder = Path(tempfile.mkdtemp(prefix="environment-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    needed, rebuilt = folder / "requirements.txt", folder / "environment" / "bin" / "python"
    needed.write_text(requirements)
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    make = [uv, "venv", "-q", "--python", sys.executable, str(folder / "environment")]
    install = [uv, "pip", "install", "-q", "--python", str(rebuilt), "-r", str(needed)]
    return rebuilt, ran(make, dict(os.environ)) or ran(install, dict(os.environ))


def ran(words: list[str], settings: dict[str, str]) -> str:
    """Run a command elsewhere; what it said last where it failed, else nothing."""
    done = subprocess.run(
        words, cwd=tempfile.gettempdir(), env=settings, capture_output=True, text=True, check=False
    )
    if not done.returncode:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def counted(outcomes: dict[str, str]) -> dict[str, int]:
    """How many passed of those that could be tried."""
    tried = [one for one in outcomes.values() if one != "absent"]
    return {
        "passed": tried.count("passed"),
        "models": len(tried),
        "absent": len(outcomes) - len(tried),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Environments, rebuilt.")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--only-peers", action="store_true", help="leave ours out")
    parser.add_argument("--save-with", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    names = asked.names or list(CORPUS)
    if asked.save_with:
        from environments_peers import save

        save(asked.save_with, *CORPUS[names[0]](), asked.folder)
        return
    runs = {} if asked.only_peers else {"ours": ours}
    for one in asked.peer:
        peer, _, python = one.partition("=")
        runs[peer] = functools.partial(theirs, peer, python)
    outcomes: dict[str, dict[str, str]] = {who: {} for who in runs}
    for name in names:
        for who, run in runs.items():
            outcomes[who][name], why = run(name)
            print(f"{name:40} {who:8} {outcomes[who][name]:8} {why[:140]}", flush=True)
    print(json.dumps({who: counted(found) for who, found in outcomes.items()}))


if __name__ == "__main__":
    main()
