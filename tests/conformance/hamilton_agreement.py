"""Hamilton's own feature modules, run by its driver and by us, node by node.

Nothing of Hamilton's repository is kept here: a copy of it is named by who runs this. The cases
stand in ``hamilton_cases.py``; ``hamilton_table.py`` prints what docs/coming-from-hamilton.md has.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import dataclasses
import datetime as dt
import importlib
import inspect
import io
import linecache
import logging
import os
import random
import sys
import time
import types
import typing
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import jupyter_lifecycle as jl
from jupyter_lifecycle.errors import FingerprintError, LifecycleError
from jupyter_lifecycle.hashing import fingerprint
from jupyter_lifecycle.interop import from_hamilton

ROWS = 12
NOT_MADE = object()
"""Stands for a value that no type tells how to make, such as a fitted model."""


@dataclasses.dataclass(frozen=True)
class Case:
    """Modules that are loaded together, with what they are given."""

    folder: str
    modules: tuple[str, ...]
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    inputs: typing.Callable[[Path], dict[str, Any]] = lambda _: {}
    overrides_modules: bool = False
    frame: tuple[str, ...] = ()
    """Columns that both also put into one frame."""
    reason: str = ""
    """Why not all agrees, where that is so."""
    excused: tuple[str, ...] = ()
    """Nodes that may differ for that reason."""

    @property
    def label(self) -> str:
        chosen = ", ".join(f"{key}={value}" for key, value in self.config.items())
        chosen = f" ({chosen})" if chosen else ""
        names = ", ".join(name.removeprefix("tests.resources.") for name in self.modules)
        folder = self.folder if self.folder != "." else "tests/resources"
        return f"{folder}: {names}{chosen}"


@dataclasses.dataclass
class Outcome:
    """How a case went."""

    case: Case
    nodes: int = 0
    values: int = 0
    """Nodes for which both gave the same value."""
    raised: int = 0
    """Nodes for which both raised the same error."""
    not_given: int = 0
    """Nodes that need a value that cannot be made."""
    differ: dict[str, str] = dataclasses.field(default_factory=dict)
    refused: str = ""
    """Why neither, or only Hamilton, runs it."""
    theirs_too: bool = False

    @property
    def agrees(self) -> bool:
        return not self.differ and (not self.refused or self.theirs_too)

    @property
    def as_expected(self) -> bool:
        """Whether it agrees but for what the case gives a reason for."""
        refused = self.refused and not self.theirs_too
        return set(self.differ) <= set(self.case.excused) and (
            not refused or bool(self.case.reason)
        )


# -- what nodes are given ---------------------------------------------------------------------


def made(name: str, kind: Any, seed: int = 0) -> Any:
    """A value of a type: the same for the same name, type and seed."""
    generator = np.random.default_rng([seed, *name.encode()])
    return _made(name, kind, generator)


def _made(name: str, kind: Any, generator: np.random.Generator) -> Any:  # noqa: PLR0911 - a table
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _made(name, arguments[0], generator)
    if origin is typing.Literal:
        return arguments[0]
    if origin is typing.Union or type(kind).__name__ == "UnionType":
        return _made(name, next(a for a in arguments if a is not type(None)), generator)
    kind = origin or kind
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain(name, generator)
    if kind in (list, tuple, set):
        inner = arguments[0] if arguments and arguments[0] is not Ellipsis else float
        items = [_made(name, inner, generator) for _ in range(3)]
        return NOT_MADE if any(each is NOT_MADE for each in items) else kind(items)
    if kind is dict:
        inner = arguments[1] if len(arguments) > 1 else float
        items = {key: _made(key, inner, generator) for key in ("a", "b", "c")}
        return NOT_MADE if any(each is NOT_MADE for each in items.values()) else items
    return NOT_MADE


def _series(name: str, generator: np.random.Generator) -> pd.Series:
    if "date" in name or name.endswith("_at"):
        days = generator.integers(0, 300, ROWS)
        return pd.Series(pd.Timestamp("2022-01-01") + pd.to_timedelta(days, "D"), name=name)
    return pd.Series(generator.integers(1, 100, ROWS).astype(float), name=name)


def _frame(_: str, generator: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame({n: generator.integers(1, 100, ROWS) for n in ("a", "b", "c", "d")})


_PLAIN: dict[Any, Any] = {
    pd.Series: _series,
    pd.DataFrame: _frame,
    np.ndarray: lambda _, generator: generator.random((ROWS, 3)),
    dt.date: lambda *_: dt.date(2022, 3, 1),
    dt.datetime: lambda *_: dt.datetime(2022, 3, 1),
    Any: lambda _, generator: int(generator.integers(1, 9)),
    int: lambda _, generator: int(generator.integers(1, 9)),
    float: lambda _, generator: float(generator.integers(1, 9)),
    str: lambda name, _: "2022-01-01" if "date" in name else "a",
    bool: lambda *_: True,
    bytes: lambda *_: b"a",
}


# -- running ------------------------------------------------------------------------------------


@contextlib.contextmanager
def imported(root: Path, case: Case):
    """The case's modules, with its folder as a script's; forgotten afterwards."""
    folder = root / case.folder
    # its tests are a package of the name that pytest gives to ours
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_tests(name)}
    before, path, here = set(sys.modules), list(sys.path), Path.cwd()
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    os.chdir(folder)
    quiet = io.StringIO()
    logging.disable(logging.CRITICAL)
    sleep, time.sleep = time.sleep, lambda _: None  # some examples play at working hard
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(quiet),
            contextlib.redirect_stderr(quiet),
        ):
            warnings.simplefilter("ignore")
            yield [importlib.import_module(name) for name in case.modules]
    finally:
        time.sleep = sleep
        logging.disable(logging.NOTSET)
        os.chdir(here)
        sys.path[:] = path
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(str(root)) or _is_tests(name):
                del sys.modules[name]
        sys.modules.update(ours)


def _is_tests(name: str) -> bool:
    return name.partition(".")[0] == "tests"


def run(root: Path, case: Case) -> Outcome:
    """Run a case both ways; raises what importing it raises."""
    with imported(root, case) as modules:
        return _compared(case, modules, root / case.folder)


def _compared(case: Case, modules: list[Any], folder: Path) -> Outcome:
    outcome = Outcome(case)
    driver, theirs = _driver(case, modules)
    try:
        graph = from_hamilton(
            *modules, config=case.config, allow_module_overrides=case.overrides_modules
        )
    except LifecycleError as error:
        outcome.refused = error.message.splitlines()[0][:120]
        outcome.theirs_too = driver is None or _circles(driver)
        return outcome
    if driver is None:
        outcome.differ["(the module)"] = f"only Hamilton refuses it: {theirs}"
        return outcome
    inputs = _inputs(case, driver, folder)
    names = [name for name in graph.features if name not in _expanding(driver)]
    outcome.nodes = len(names)
    for name in names:
        if not set(graph.required_inputs([name])) <= set(inputs):
            outcome.not_given += 1
            continue
        one = _outcome(lambda name=name: driver.execute([name], inputs=dict(inputs))[name])
        two = _outcome(
            lambda name=name: jl.compute(graph, [name], inputs=inputs, result="dict")[name]
        )
        why = difference(one, two)
        if why:
            outcome.differ[name] = why
        elif one[0] == "value":
            outcome.values += 1
        else:
            outcome.raised += 1
    if case.frame:
        outcome.nodes += 1
        why = _frames_differ(case, modules, graph, inputs)
        if why:
            outcome.differ["(the frame)"] = why
        else:
            outcome.values += 1
    return outcome


def round_trip(root: Path, case: Case) -> dict[str, str]:
    """Export what a case's modules give, load that with Hamilton: what differs, by node."""
    from jupyter_lifecycle.interop.export import module_source

    with imported(root, case) as modules:
        driver, _ = _driver(case, modules)
        graph = from_hamilton(
            *modules, config=case.config, allow_module_overrides=case.overrides_modules
        )
        text = module_source(graph, modifiers="hamilton")
        exported = types.ModuleType("exported_features")
        sys.modules[exported.__name__] = exported
        place = f"<exported {case.label}>"
        linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
        exec(compile(text, place, "exec", dont_inherit=True), vars(exported))
        again, why = _driver(case, [exported])
        if again is None:
            return {"(the module)": why}
        inputs = _inputs(case, driver, root / case.folder)
        differ = {}
        for name in set(graph.features) - _expanding(driver) - set(case.excused):
            if set(graph.required_inputs([name])) <= set(inputs):
                one = _outcome(lambda n=name: driver.execute([n], inputs=dict(inputs))[n])
                two = _outcome(lambda n=name: again.execute([n], inputs=dict(inputs))[n])
                differ[name] = difference(one, two)
        return {name: why for name, why in differ.items() if why}


def _circles(driver: Any) -> bool:
    nodes = set(driver.graph.get_nodes())
    return bool(driver.graph.has_cycles(nodes, {node for node in nodes if node.user_defined}))


def _frames_differ(case: Case, modules: list[Any], graph: Any, inputs: dict[str, Any]) -> str:
    from hamilton import base, driver

    builder = driver.Builder().with_modules(*modules).with_config(dict(case.config))
    adapter = base.SimplePythonGraphAdapter(base.PandasDataFrameResult())
    one = builder.with_adapters(adapter).build().execute(list(case.frame), inputs=dict(inputs))
    two = jl.compute(graph, list(case.frame), inputs=inputs, result="frame")
    try:
        pd.testing.assert_frame_equal(one, two)
    except AssertionError as error:
        return str(error).replace("\n", " ")[:200]
    return ""


def _expanding(driver: Any) -> set[str]:
    """Names of nodes that expand: a driver gives a generator where we give a list."""
    from hamilton.node import NodeType

    return {n.name for n in driver.graph.get_nodes() if n.node_role is NodeType.EXPAND}


def _driver(case: Case, modules: list[Any]) -> tuple[Any, str]:
    from hamilton import driver
    from hamilton.execution.executors import SynchronousLocalTaskExecutor

    def builder() -> Any:
        made = driver.Builder().with_modules(*modules).with_config(dict(case.config))
        return made.allow_module_overrides() if case.overrides_modules else made

    try:
        result = builder().build()
        if _expanding(result):
            dynamic = builder().enable_dynamic_execution(allow_experimental_mode=True)
            executor = SynchronousLocalTaskExecutor()
            result = dynamic.with_local_executor(executor).with_remote_executor(executor).build()
        waiting = any(inspect.iscoroutinefunction(n.callable) for n in result.graph.get_nodes())
        return (_Waiting(modules, case, result.graph) if waiting else result), ""
    except Exception as error:  # noqa: BLE001 - whatever makes Hamilton refuse
        return None, f"{type(error).__name__}: {error}"


class _Waiting:
    """Hamilton's driver for ``async`` nodes, as one that answers."""

    def __init__(self, modules: list[Any], case: Case, graph: Any) -> None:
        self._modules, self._config, self.graph = modules, dict(case.config), graph

    def execute(self, names: list[str], inputs: dict[str, Any]) -> Any:
        """Make a driver and run it to its end: each lives on one event loop."""
        from hamilton import async_driver

        async def run() -> Any:
            builder = async_driver.Builder().with_modules(*self._modules)
            made = await builder.with_config(self._config).build()
            return await made.execute(names, inputs=inputs)

        return asyncio.run(run())


def _inputs(case: Case, driver: Any, folder: Path) -> dict[str, Any]:
    given = case.inputs(folder)
    for node in driver.graph.get_nodes():
        name, needed = node.name, any(n.requires(node.name) for n in node.depended_on_by)
        if node.user_defined and needed and name not in case.config and name not in given:
            value = made(name, node.type)
            if value is not NOT_MADE:
                given[name] = value
    return given


def _outcome(call: Any) -> tuple[str, Any]:
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002 - examples draw from the global generator
    try:
        return "value", call()
    except Exception as error:  # noqa: BLE001 - what a node raises is compared
        return "error", error


def difference(one: tuple[str, Any], two: tuple[str, Any]) -> str:
    """Say how two outcomes differ; empty where they don't."""
    if one[0] != two[0]:
        return f"Hamilton: {_short(one)}; here: {_short(two)}"
    if one[0] == "error":
        same = type(one[1]).__name__ == type(two[1]).__name__ and str(one[1]) == str(two[1])
        return "" if same else f"Hamilton: {_short(one)}; here: {_short(two)}"
    return "" if same_value(one[1], two[1]) else f"{_short(one)} is not {_short(two)}"


def _short(outcome: tuple[str, Any]) -> str:
    kind, value = outcome
    text = f"{type(value).__name__}: {value}" if kind == "error" else repr(value)
    return text.replace("\n", " ")[:90]


_MOMENTS = frozenset({"timestamp", "last_modified", "datetime"})
"""What the metadata of loaders and savers has for the time at which they ran."""


def same_value(one: Any, two: Any) -> bool:
    """Whether two values are the same to the bit, type and order."""
    if type(one) is not type(two):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(map(same_value, one, two))
    if isinstance(one, dict):
        one = {key: item for key, item in one.items() if key not in _MOMENTS}
        two = {key: item for key, item in two.items() if key not in _MOMENTS}
        return list(one) == list(two) and all(same_value(one[k], two[k]) for k in one)
    try:
        return fingerprint(one) == fingerprint(two)
    except FingerprintError:
        state = getattr(one, "__dict__", None)
        return same_value(state, two.__dict__) if state is not None else bool(one == two)


# -- finding modules ------------------------------------------------------------------------------

_NO_MODULES = ("test_", "setup", "conftest", "run", "__init__")


def found(root: Path) -> list[Case]:
    """Every file that holds nothing but definitions, each as a case of its own."""
    cases = []
    for top in ("examples", "tests/resources"):
        for path in sorted((root / top).rglob("*.py")):
            if not path.name.startswith(_NO_MODULES) and _only_defines(path):
                folder = path.parent if top == "examples" else root
                name = ".".join(path.relative_to(folder).with_suffix("").parts)
                cases.append(Case(str(folder.relative_to(root)), (name,)))
    return cases


def _only_defines(path: Path) -> bool:
    try:
        body = ast.parse(path.read_text("utf-8")).body
    except (SyntaxError, UnicodeDecodeError):
        return False
    allowed = (
        *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
        *(ast.Assign, ast.AnnAssign, ast.Expr, ast.If, ast.Try),
    )
    has = any(isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) for node in body)
    return has and all(isinstance(node, allowed) for node in body)
