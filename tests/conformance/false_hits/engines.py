"""Runs the corpus through one cache, in this process: before the edits, or after them.

``python engines.py ENGINE before|after FOLDER`` writes ``FOLDER/ENGINE-PHASE.json``: for each case
the answer with the cache, the answer without, and whether it was computed. The peers know modules,
so the notebook is a module for them.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import re
import shutil
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from corpus import Version

PROGRAM = "program"
CACHE = ".cache"


def told(value: Any) -> str:
    """Write all of an answer that a program could tell apart."""
    if hasattr(value, "index") and hasattr(value, "dtype") and hasattr(value, "iloc"):
        parts = (type(value).__name__, value.dtype, value.name, list(value.index), list(value))
        return repr(tuple(map(str, parts)))
    if hasattr(value, "columns"):
        return repr((list(value.columns), str(value.dtypes.tolist()), value.to_dict("list")))
    if hasattr(value, "tobytes") and hasattr(value, "shape"):
        return repr((str(value.dtype), value.shape, value.tolist()))
    return f"{type(value).__name__} {value!r}"


def prepare(version: Version) -> None:
    """Let the current folder hold a version's files and nothing else but the cache."""
    for each in Path.cwd().iterdir():
        if each.name != CACHE:
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    for name, text in version.files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    os.environ.update(version.environ)


def forget_modules(root: Path) -> None:
    """Let the cases' own modules be imported anew."""
    for name, each in list(sys.modules.items()):
        known = vars(each)  # it may have a __getattr__ of its own
        places = [known.get("__file__"), *(known.get("__path__") or ())]
        if any(str(place).startswith(str(root)) for place in places):
            del sys.modules[name]
    importlib.invalidate_caches()


def inputs_of(version: Version) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "inputs"}
    exec(compile(version.inputs, "<inputs>", "exec", dont_inherit=True), space)
    return {name: each for name, each in space.items() if len(name) == 1}


def features_of(space: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Find the features of a program: its own public functions."""
    home = space["__name__"]
    return {
        name: each
        for name, each in space.items()
        if not name.startswith("_")
        and callable(each)
        and not isinstance(each, type)
        and getattr(each, "__module__", "") == home
    }


def called(features: Mapping[str, Callable[..., Any]], given: dict[str, Any]) -> Any:
    """Compute the answer by calling one function after the other."""
    known = dict(given)

    def value(name: str) -> Any:
        if name not in known:
            wanted = [
                each.name
                for each in inspect.signature(features[name]).parameters.values()
                if each.default is each.empty or each.name in features or each.name in given
            ]
            found = features[name](**{each: value(each) for each in wanted})
            known[name] = asyncio.run(found) if inspect.iscoroutine(found) else found
        return known[name]

    return value("answer")


def notebook(version: Version) -> dict[str, Any]:
    """Run the notebook's cell, as a kernel does: in the main module."""
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    exec(compile(version.source, "<cell>", "exec", dont_inherit=True), main.__dict__)
    return main.__dict__


def module(version: Version) -> dict[str, Any]:
    """Import the notebook as a module, for those who know nothing else."""
    Path(f"{PROGRAM}.py").write_text(version.source)
    return vars(importlib.import_module(PROGRAM))


def ours(space: dict[str, Any], given: dict[str, Any], kept: dict[str, Any]) -> tuple[Any, bool]:
    from jupyter_lifecycle.cache import ColumnCache
    from jupyter_lifecycle.graph import FeatureGraph, make_feature
    from jupyter_lifecycle.materialise import Materialiser

    made = [make_feature(each) for each in features_of(space).values()]
    graph = FeatureGraph().with_features(*made)[0]
    key = str(Path.cwd())
    materialiser = kept.get(key) or Materialiser(ColumnCache(Path(CACHE).absolute()))
    if "kernel" in kept:
        kept[key] = materialiser
    run = materialiser.run(graph, ["answer"], given)
    return run.values["answer"], "answer" in run.recomputed


def _counted(call: Callable[[], Any]) -> tuple[Any, bool]:
    """Call something, and see whether the feature runs meanwhile."""
    ran = False

    def look(frame: Any, event: str, _: Any) -> None:
        nonlocal ran
        ran = ran or (event == "call" and frame.f_code.co_name == "answer")

    sys.setprofile(look)
    try:
        value = call()
    finally:
        sys.setprofile(None)
    return value, ran


def joblib(space: dict[str, Any], given: dict[str, Any], _: dict[str, Any]) -> tuple[Any, bool]:
    from joblib import Memory

    memory = Memory(CACHE, verbose=0)
    features = {name: memory.cache(each) for name, each in features_of(space).items()}
    return _counted(lambda: called(features, given))


def hamilton(space: dict[str, Any], given: dict[str, Any], _: dict[str, Any]) -> tuple[Any, bool]:
    from hamilton import driver

    for each in features_of(space).values():  # it insists on annotations
        names = [*inspect.signature(each).parameters, "return"]
        each.__annotations__ = {name: each.__annotations__.get(name, Any) for name in names}
    built = driver.Builder().with_modules(sys.modules[PROGRAM]).with_cache(path=CACHE).build()
    return _counted(lambda: built.execute(["answer"], inputs=given)["answer"])


_APP = """import marimo
app = marimo.App()
@app.cell
def _():
    import marimo as mo
    return (mo,)
@app.cell
def _():
{source}
@app.cell
def _():
{inputs}
@app.cell
def _({needed}):
    with mo.persistent_cache("answer", save_path={cache!r}):
{calls}
    return (answer_value,)
"""


_HELPER = re.compile(r"(?<![\w.'])_(?=[a-zA-Z])(\w+)")
"""Names that marimo would keep within one cell."""


def marimo(space: dict[str, Any], given: dict[str, Any], _: dict[str, Any]) -> tuple[Any, bool]:
    features = features_of(space)
    calls: list[str] = []
    used: list[str] = []

    def write(name: str) -> str:
        if name in given:
            return name
        wanted = [
            each.name
            for each in inspect.signature(features[name]).parameters.values()
            if each.default is each.empty or each.name in features or each.name in given
        ]
        line = f"{name}_value = {name}({', '.join(f'{each}={write(each)}' for each in wanted)})"
        if line not in calls:
            calls.append(line)
            used.append(name)
        return f"{name}_value"

    write("answer")
    source = _HELPER.sub(r"h_\1", inspect.getsource(sys.modules[PROGRAM]))
    there = source.splitlines()  # two cells may not import the same
    inputs = [line for line in space["__inputs__"].splitlines() if line not in there]
    text = _APP.format(
        source=_indented(source),
        inputs=_indented("\n".join(inputs)),
        needed=", ".join(["mo", *used, *given]),
        cache=CACHE,
        calls=_indented("\n".join(calls), 8),
    )
    Path("app.py").write_text(text)
    app = importlib.import_module("app").app
    return _counted(lambda: app.run()[1]["answer_value"])


def _indented(text: str, by: int = 4) -> str:
    return "".join(f"{' ' * by}{line}\n" if line else "\n" for line in text.splitlines())


ENGINES = {
    "ours": ours,
    "same kernel": ours,
    "joblib": joblib,
    "hamilton": hamilton,
    "marimo": marimo,
}
_NOTEBOOK = {"ours", "same kernel"}


def answered(engine: str, version: Version, folder: Path, kept: dict[str, Any]) -> dict[str, Any]:
    """Ask for one answer with the cache, and without."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    start = notebook if engine in _NOTEBOOK else module
    main = sys.modules["__main__"]
    result: dict[str, Any] = {"cached": None, "computed": True, "refused": ""}
    try:
        prepare(version)
        forget_modules(folder.parent)
        space = start(version)
        result["plain"] = told(called(features_of(space), inputs_of(version)))
        prepare(version)
        forget_modules(folder.parent)
        space = start(version)
        space["__inputs__"] = version.inputs
        value, result["computed"] = ENGINES[engine](space, inputs_of(version), kept)
        result["cached"] = told(value)
    except Exception as error:  # noqa: BLE001 - any refusal is a finding
        result["refused"] = f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        sys.path.remove(str(folder))
        sys.modules["__main__"] = main
    return result


def run(engine: str, phases: list[str], folder: Path) -> None:
    """Run all cases and write what was found."""
    from all_cases import CASES

    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    kept: dict[str, Any] = {"kernel": True} if engine == "same kernel" else {}
    for phase in phases:
        found = {}
        for number, case in enumerate(CASES):
            place = folder / engine.replace(" ", "-") / f"{number:03d}"
            found[case.name] = answered(engine, getattr(case, phase), place, kept)
        (folder / f"{engine}-{phase}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    asked = Path(sys.argv[3]).resolve()
    run(sys.argv[1], sys.argv[2].split(","), asked)
