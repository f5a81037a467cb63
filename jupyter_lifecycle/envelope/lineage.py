"""Where a model comes from: the features behind its inputs and the state of the repository."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import FingerprintError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.graph import FeatureGraph

_GIT_SECONDS = 2.0
_MAX_FILES = 200
_MAX_PARAMETERS = 500
_MAX_TEXT = 500
_MAX_ITEMS = 100
_GIT = ("git", "-c", "core.fsmonitor=false", "--no-optional-locks", "status")
_FORM = ("--porcelain=v2", "--branch", "--untracked-files=no", "--")
_NO_FILE = ":(exclude,top)*"


class GitState:
    """Asks git in the background for commit and changes; says nothing where there is no git.

    Only changes of the given files count: what the model's code does not use says nothing about
    it, and a notebook is saved while it runs.

    Parameters
    ----------
    files : sequence of str
        The user's own modules that are imported.
    folder : Path, optional
        Where to ask; the current folder by default.
    """

    def __init__(self, files: Sequence[str], folder: Path | None = None) -> None:
        folder = (folder or Path.cwd()).resolve()
        self._process: subprocess.Popen[bytes] | None = None
        root = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
        if root is None:
            return
        inside = [file for file in files if Path(file).resolve().is_relative_to(root)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - git, with file names after --
                [*_GIT, *_FORM, *(inside[:_MAX_FILES] or [_NO_FILE])],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:  # no git on this machine
            return

    def result(self) -> dict[str, Any]:
        """``{"commit", "dirty", "changed"}``, or empty where git does not answer in time."""
        process, self._process = self._process, None
        if process is None:
            return {}
        with process:
            try:
                out, _ = process.communicate(timeout=_GIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                return {}
        if process.returncode:
            return {}
        return parse_status(out.decode("utf-8", "replace"))


def parse_status(text: str) -> dict[str, Any]:
    """Commit and changed files of ``git status --porcelain=v2 --branch``."""
    commit, changed = "", []
    for line in text.splitlines():
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ")
        elif line.startswith("1 "):
            changed.append(line.split(" ", 8)[8])
        elif line.startswith("2 "):
            changed.append(line.split(" ", 9)[9].partition("\t")[0])
        elif line.startswith("u "):
            changed.append(line.split(" ", 10)[10])
    if not commit or commit == "(initial)":
        return {}
    return {"commit": commit, "dirty": bool(changed), "changed": sorted(changed)[:100]}


def features_upstream(graph: FeatureGraph, columns: Sequence[str]) -> dict[str, Any]:
    """Give the features that a model's columns are computed from.

    Parameters
    ----------
    graph : FeatureGraph
        The notebook's graph.
    columns : sequence of str
        The model's inputs; those that no feature defines are left out.

    Returns
    -------
    dict
        ``features``: for each, in the order of computation, ``name``, ``parameters``, ``source``,
        ``origin``, ``doc``, ``key`` (hex digest of its code) or ``unkeyed`` (why it has none);
        ``inputs``: the raw columns that they begin with; ``columns``: the model's inputs that
        are features.
    """
    from jupyter_lifecycle.hashing import code_key

    targets = [name for name in columns if name in graph.features]
    if not targets:
        return {"columns": [], "features": [], "inputs": []}
    found = []
    for name in graph.order(targets):
        feature = graph.features.get(name)
        if feature is None:
            continue
        entry: dict[str, Any] = {
            "name": name,
            "parameters": [parameter.name for parameter in feature.parameters],
            "source": feature.source,
            "origin": feature.origin.label,
            "doc": feature.doc,
        }
        try:
            entry["key"] = code_key(feature.function).digest.hex()
        except FingerprintError as problem:
            entry["unkeyed"] = problem.message
        found.append(entry)
    return {
        "columns": targets,
        "features": found,
        "inputs": sorted(graph.required_inputs(targets)),
    }


def parameters_of(model: Any) -> dict[str, Any]:
    """Give the parameters that an estimator was trained with, as JSON.

    Parameters
    ----------
    model
        What has scikit-learn's ``get_params`` (pipelines, XGBoost's and LightGBM's estimators
        too); anything else has none that could be read.

    Returns
    -------
    dict
        Names and values; what is no plain value is its class. At most 500, of at most 500
        characters each.
    """
    ask = getattr(model, "get_params", None)
    if not callable(ask) or isinstance(model, type):
        return {}
    try:
        found = ask()
        return {str(name): _plain(found[name]) for name in sorted(found, key=str)[:_MAX_PARAMETERS]}
    except Exception:  # noqa: BLE001 - somebody's own get_params; lineage is no reason not to save
        return {}


def _plain(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)[:_MAX_TEXT]
    if isinstance(value, list | tuple) and len(value) <= _MAX_ITEMS:
        return [_plain(one) for one in value]
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', '')}.{named.__qualname__}"
