"""What the save panel fills in by itself, found in a namespace: pure functions, nothing is changed.

``In`` of IPython, where the namespace has it, tells which cell touched a name last; without it the
order of the namespace does.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
from dataclasses import dataclass
from numbers import Real
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Namespace: TypeAlias = "Mapping[str, Any]"
Direction = Literal["lower", "higher", "zero"]

ROWS: Final = 200
"""Rows of an example that is proposed."""

_HIDDEN: Final = frozenset({"In", "Out", "exit", "quit", "open", "get_ipython"})
_LOWER: Final = frozenset(
    {"mae", "mse", "rmse", "mape", "smape", "wape", "rmsle", "msle", "medae"}
    | {"logloss", "loss", "error", "brier", "deviance", "pinball"}
)
_HIGHER: Final = frozenset(
    {"auc", "auroc", "auprc", "accuracy", "acc", "f1", "fbeta", "r2", "precision", "recall"}
    | {"ndcg", "kappa", "mcc", "lift", "score", "gini"}
)
_ZERO: Final = frozenset({"bias"})
_METRIC_TABLES: Final = frozenset({"metrics", "scores"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something in the namespace that could be saved."""

    expression: str
    kind: str
    """Name of its class; ``function`` for a function."""
    cell: int | None
    """The number in the prompt of the cell that touched it last."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as it goes into the call: by its variable until somebody types another number."""

    name: str
    value: float
    expression: str = ""

    @property
    def code(self) -> str:
        """What the line of code says for the value."""
        return self.expression or repr(self.value)


def visible(namespace: Namespace) -> dict[str, Any]:
    """Leave the names that a person defined: no modules, nothing hidden or of IPython."""
    return {
        name: value
        for name, value in list(namespace.items())
        if not name.startswith("_") and name not in _HIDDEN and not isinstance(value, ModuleType)
    }


def last_touched(cells: Sequence[str]) -> dict[str, int]:
    """Give for each name the number of the last cell that bound it or called ``fit`` on it.

    Parameters
    ----------
    cells : sequence of str
        The cells as they ran, index = number in the prompt; what does not parse is passed over.
    """
    touched: dict[str, int] = {}
    for index, source in enumerate(cells):
        for name in _bound(source):
            touched[name] = index
    return touched


def _bound(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="fit" | "partial_fit")):
                yield name


def cells_of(namespace: Namespace) -> tuple[str, ...]:
    """Give the cells that ran, from IPython's ``In``; empty outside of IPython."""
    cells = namespace.get("In")
    return tuple(map(str, cells)) if isinstance(cells, list) else ()


def find_models(namespace: Namespace) -> tuple[Candidate, ...]:
    """Find what could be saved: fitted objects with ``predict``, newest first, then functions.

    Features, envelopes, endpoints, classes and models that were not fitted yet are left out.
    """
    touched = last_touched(cells_of(namespace))
    names = visible(namespace)
    newest = sorted(names, key=lambda name: touched.get(name, -1))[::-1]
    models = [name for name in newest if _is_model(names[name])]
    functions = [name for name in newest if _is_function(names[name], namespace)]
    return tuple(
        Candidate(
            name,
            "function" if isinstance(names[name], FunctionType) else type(names[name]).__name__,
            touched.get(name),
        )
        for name in models + functions
    )


def _is_model(value: object) -> bool:
    kind = type(value)
    if isinstance(value, type) or (kind.__module__ or "").startswith("jupyter_lifecycle"):
        return False
    return callable(getattr(kind, "predict", None)) and _is_fitted(value)


def _is_fitted(value: object) -> bool:
    """Ask by scikit-learn's convention; what does not follow it counts as fitted."""
    if not callable(getattr(type(value), "get_params", None)):
        return True
    own = getattr(type(value), "__sklearn_is_fitted__", None)
    if callable(own):
        return bool(own(value))
    return any(name.endswith("_") and not name.startswith("_") for name in vars(value))


def _is_function(value: object, namespace: Namespace) -> bool:
    if not isinstance(value, FunctionType) or value.__name__ == "<lambda>":
        return False
    marked = any("feature" in name for name in vars(value))
    return value.__module__ == namespace.get("__name__", "__main__") and not marked


def find_example(namespace: Namespace, model: str) -> str:
    """Find the expression of an example for a model by its columns; empty where none fits.

    Parameters
    ----------
    namespace : Mapping
        Where to look.
    model : str
        Name of the model in the namespace.

    Returns
    -------
    str
        Such as ``frame[X].head(200)``.
    """
    value = namespace.get(model)
    if isinstance(value, FunctionType):
        return _example_of_function(namespace, value)
    touched = last_touched(cells_of(namespace))
    names = visible(namespace)
    tables = [name for name in names if len(getattr(names[name], "shape", ())) == 2]
    tables.sort(key=lambda name: touched.get(name, -1), reverse=True)
    columns = _columns_of_model(value)
    if columns:
        frames = [name for name in tables if _is_frame(names[name])]
        found = (_by_columns(names, frame, columns, model) for frame in frames)
        return next((text for text in found if text), "")
    width = getattr(value, "n_features_in_", None)
    fitting = (name for name in tables if names[name].shape[1] == width)
    return next((f"{name}{_head(names[name])}" for name in fitting), "")


def _example_of_function(namespace: Namespace, function: FunctionType) -> str:
    parameters = list(inspect.signature(function).parameters.values())
    if len(parameters) != 1 or "DataFrame" not in str(parameters[0].annotation):
        return ""
    names = visible(namespace)
    frames = [name for name in names if _is_frame(names[name])]
    touched = last_touched(cells_of(namespace))
    newest = max(frames, key=lambda name: touched.get(name, -1), default="")
    return f"{newest}.head({ROWS})" if newest else ""


def _is_frame(value: object) -> bool:
    return hasattr(value, "columns") and callable(getattr(value, "head", None))


def _head(value: object) -> str:
    return f".head({ROWS})" if _is_frame(value) else f"[:{ROWS}]"


def _columns_of_model(value: object) -> list[str]:
    """Give the columns that a model was fitted on; a pipeline tells those of its first step."""
    try:
        names = getattr(value, "feature_names_in_", None)
    except AttributeError:
        names = None
    return [str(name) for name in names] if names is not None else []


def _by_columns(names: Mapping[str, Any], frame: str, columns: list[str], model: str) -> str:
    have = [str(column) for column in names[frame].columns]
    if have == columns:
        return f"{frame}.head({ROWS})"
    if not set(columns) <= set(have):
        return ""
    lists = (
        name
        for name, value in names.items()
        if isinstance(value, (list, tuple)) and [str(item) for item in value] == columns
    )
    listed = next(lists, None)
    if listed is None and len(columns) <= 4:
        listed = "[" + ", ".join(quoted(column) for column in columns) + "]"
    return f"{frame}[{listed or f'list({model}.feature_names_in_)'}].head({ROWS})"


def training_of(example: str) -> str:
    """Give the rows that a proposed example is the head of.

    >>> training_of("frame[X].head(200)"), training_of("X[:200]"), training_of("rows")
    ('frame[X]', 'X', '')
    """
    for end in (f".head({ROWS})", f"[:{ROWS}]"):
        if example.endswith(end):
            return example.removesuffix(end)
    return ""


def find_metrics(namespace: Namespace, model: str) -> tuple[Metric, ...]:
    """Find numbers that are named like metrics and were made in the model's cell or later.

    Also the numbers of a dictionary that is called ``metrics`` or ``scores``.
    """
    touched = last_touched(cells_of(namespace))
    since = touched.get(model, -1)
    found: dict[str, Metric] = {}
    for name, value in visible(namespace).items():
        if touched and touched.get(name, -1) < since:
            continue
        if name in _METRIC_TABLES and isinstance(value, dict):
            for key, item in value.items():
                if isinstance(key, str) and _is_number(item):
                    found[key] = Metric(key, float(item), f"{name}[{quoted(key)}]")
        elif direction_of(name) and _is_number(value):
            found[name] = Metric(name, float(value), name)
    return tuple(found.values())


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return math.isfinite(value)


def direction_of(name: str) -> Direction | None:
    """Tell which way a metric is better, for the common names; never guessed for others.

    >>> direction_of("mae"), direction_of("valid_auc"), direction_of("bias"), direction_of("n_rows")
    ('lower', 'higher', 'zero', None)
    """
    words = set(re.split(r"[^a-z0-9]+", name.lower().replace("log_loss", "logloss")))
    for direction, known in (("lower", _LOWER), ("higher", _HIGHER), ("zero", _ZERO)):
        if words & known:
            return direction  # type: ignore[return-value]
    return None


def find_graph(namespace: Namespace) -> str:
    """Find the newest feature graph of a namespace; empty where it has none."""
    touched = last_touched(cells_of(namespace))
    names = visible(namespace)
    graphs = [name for name in names if type(names[name]).__name__ == "FeatureGraph"]
    return max(graphs, key=lambda name: touched.get(name, -1), default="")


def find_name(namespace: Namespace, notebook: str = "") -> str:
    """Find the name last used in this notebook, else make one of its file name.

    Parameters
    ----------
    namespace : Mapping
        Envelopes in it know their name; so does the text of a call of ``save`` in its cells.
    notebook : str
        Path of the notebook; ``01_departure_delay.ipynb`` gives ``departure-delay``.
    """
    cells = cells_of(namespace)
    touched = last_touched(cells)
    names = visible(namespace)
    envelopes = [name for name in names if type(names[name]).__name__ == "Envelope"]
    if envelopes:
        newest = max(envelopes, key=lambda name: touched.get(name, -1))
        return str(names[newest].name)
    typed = [name for source in cells for name in _names_in_saves(source)]
    if typed:
        return typed[-1]
    stem = re.sub(r"\.ipynb$", "", notebook.replace("\\", "/").rsplit("/", 1)[-1])
    return re.sub(r"[^A-Za-z0-9]+", "-", re.sub(r"^[0-9]+[_-]*", "", stem)).strip("-").lower()


def _names_in_saves(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "save":
            for keyword in node.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)


def keys_read(queries: Iterable[str]) -> frozenset[str]:
    """Find the tags that queries read: those are never copied from one save to the next.

    >>> sorted(keys_read(["name = 'x' and tags.approved = 'yes'", "not tags.`on hold`"]))
    ['approved', 'on hold']
    """
    pattern = re.compile(r"\btags\s*\.\s*(?:`([^`]*)`|([\w-]+))")
    unquoted = (re.sub(r"'[^']*'|\"[^\"]*\"", "''", query) for query in queries)
    return frozenset(a or b for query in unquoted for a, b in pattern.findall(query))


def tags_asked(query: str) -> dict[str, str]:
    """Find the tags that a query wants at a value: those whose setting may make it match.

    >>> tags_asked("name = 'x' and tags.approved = 'yes' and not tags.hold")
    {'approved': 'yes'}
    """
    pattern = re.compile(
        r"\btags\s*\.\s*(?:`([^`]*)`|([\w-]+))\s*=\s*(?:'((?:[^']|'')*)'|\"([^\"]*)\")"
    )
    found = pattern.findall(query)
    return {a or b: (value.replace("''", "'") or other) for a, b, value, other in found}


def quoted(text: str) -> str:
    """Write a string as a Python literal, in double quotes where that reads well.

    >>> print(quoted("it's"), quoted('say "a"'))
    "it's" 'say "a"'
    """
    plain = repr(text)
    if plain.startswith("'") and '"' not in plain and "\\'" not in plain:
        return f'"{plain[1:-1]}"'
    return plain


def module_alias(namespace: Namespace) -> str:
    """Find what this namespace calls the package; ``jl`` where it does not name it."""
    names = (
        name
        for name, value in list(namespace.items())
        if isinstance(value, ModuleType) and value.__name__ == "jupyter_lifecycle"
    )
    return next(names, "jl")
