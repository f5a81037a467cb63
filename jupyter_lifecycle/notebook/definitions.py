"""Running a ``%%feature`` cell: once, in the user's namespace, and which functions it made."""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass, replace
from inspect import unwrap
from pathlib import PurePath
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal, Protocol

from jupyter_lifecycle.errors import DuplicateFeatureError, FeatureDefinitionError
from jupyter_lifecycle.graph import feature, make_features
from jupyter_lifecycle.graph.definition import options_of
from jupyter_lifecycle.graph.modifiers.choosing import Excluded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import CodeType

    from jupyter_lifecycle.graph import Feature, Origin
    from jupyter_lifecycle.notebook.cells import Cell

    CacheMode = Literal["auto", "always", "never"]

MARK = "__feature_options__"
"""What ``@feature`` leaves on a function."""
_NOWHERE: Any = object()


class Host(Protocol):
    """What runs the cells: IPython, or plain Python."""

    @property
    def namespace(self) -> dict[str, Any]:
        """Where the cells run."""
        ...

    def cell(self) -> Cell:
        """Return the cell that runs now."""
        ...

    def cell_id(self) -> str | None:
        """Return the id of the cell that runs now, where the front end sends one."""
        ...

    def transform(self, source: str) -> str:
        """Host syntax (``%magic``, ``!command``) as Python."""
        ...

    def register(self, source: str) -> str:
        """Keep the source for tracebacks and code keys; answer the file name it stands under."""
        ...

    def compile(self, tree: ast.Module, filename: str) -> CodeType:
        """Compile with the flags that hold in the notebook."""
        ...

    def label(self, filename: str) -> str:
        """Return what people call a file: ``cell [4]``, ``helpers.py``."""
        ...


class PlainHost:
    """Runs cells in any dictionary: for scripts and tests.

    Parameters
    ----------
    namespace : dict, optional
        Where cells run; a new one with the name ``__main__`` by default.
    """

    def __init__(self, namespace: dict[str, Any] | None = None) -> None:
        self._namespace = namespace if namespace is not None else {"__name__": "__main__"}
        self._count = 0

    @property
    def namespace(self) -> dict[str, Any]:
        """Where the cells run."""
        return self._namespace

    def cell(self) -> Cell:
        """Not known: there are no cells."""
        from jupyter_lifecycle.notebook.cells import Cell

        return Cell(number=self._count + 1)

    def cell_id(self) -> None:
        """Not known: there are no cells."""

    def transform(self, source: str) -> str:
        """Plain Python stays as it is."""
        return source

    def register(self, source: str) -> str:
        """Keep the source where Python's own tracebacks look."""
        self._count += 1
        filename = f"<features {id(self):x} {self._count}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        return filename

    def compile(self, tree: ast.Module, filename: str) -> CodeType:
        """Compile with Python's own defaults."""
        return compile(tree, filename, "exec", dont_inherit=True)

    def label(self, filename: str) -> str:
        """Return the file's own name."""
        return PurePath(filename).name


@dataclass(frozen=True, slots=True)
class Definition:
    """A function of a cell that becomes a feature, or several by its modifiers."""

    name: str
    line: int
    function: Callable[..., Any]

    @property
    def is_excluded(self) -> bool:
        """Whether it says itself that it is no feature, as ``@exclude`` and ``@mutate`` do."""
        return any(isinstance(each, Excluded) for each in options_of(self.function).modifiers)

    def place_of(self, written: Callable[..., Any], origin: Origin) -> Origin:
        """Find the place of one of its features: where its code stands in this cell, else here.

        Parameters
        ----------
        written : callable
            A feature's code: this function, or a step of it.
        origin : Origin
            This function's own place.
        """
        home, code = code_of(self.function), code_of(written)
        if home is None or code is None or code.co_filename != home.co_filename:
            return origin
        return replace(origin, line=code.co_firstlineno)


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a cell defined."""

    features: tuple[Definition, ...]
    plain: tuple[str, ...]
    """Decorated functions that stay plain Python, so that the card can say so."""


@dataclass(frozen=True, slots=True)
class DefinedCell:
    """The functions of a cell that ran, ready to become features under any configuration."""

    functions: tuple[Definition, ...]
    origin: Origin
    tags: Mapping[str, str]
    cache: CacheMode | None

    def features(self, config: Mapping[str, Any]) -> list[Feature]:
        """Make the features of all functions.

        Raises
        ------
        FeatureDefinitionError
            If one cannot be a feature.
        Exception
            What the cell's own ``resolve(decorate_with=…)`` raises.
        """
        return [feature for one in self.functions for feature in self._made(one, config)]

    def left_out(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the functions that this configuration makes no features of."""
        return tuple(
            one.name
            for one in self.functions
            if not one.is_excluded and not self._made(one, config)
        )

    def _made(self, one: Definition, config: Mapping[str, Any]) -> list[Feature]:
        origin = replace(self.origin, line=one.line)
        return [
            replace(
                each,
                origin=one.place_of(each.written, origin),
                tags={**self.tags, **each.tags},
                cache=self.cache if self.cache and each.cache == "auto" else each.cache,
            )
            for each in make_features(one.function, origin=origin, config=config)
        ]


class CellBody:
    """One cell's text, parsed before it runs.

    Parameters
    ----------
    source : str
        The cell below the magic's line.
    host : Host
        Where it runs.

    Raises
    ------
    SyntaxError
        With the cell's own line numbers.
    DuplicateFeatureError
        Where the cell defines one name twice.
    """

    def __init__(self, source: str, host: Host) -> None:
        self._host = host
        # The magic's own line is line 1, so that numbers agree with what the cell shows.
        self._text = "\n" + host.transform(source)
        self.filename = host.register(self._text)
        self._tree = ast.parse(self._text, self.filename)
        self._functions = tuple(_functions(self._tree.body))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the functions that may become features."""
        return tuple(dict.fromkeys(node.name for node in self._functions))

    def refuse_twice(self, label: str) -> None:
        """Refuse two features of one name: the second would hide the first."""
        seen: dict[str, int] = {}
        for node in self._tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_overload(node):
                continue
            if node.name in seen and not node.name.startswith("_"):
                raise DuplicateFeatureError(
                    f"{node.name} is defined twice in {label}, in lines {seen[node.name]} and "
                    f"{node.lineno}. Rename or remove one of them.",
                    feature=node.name,
                )
            seen[node.name] = node.lineno

    def run(self) -> Definitions:
        """Run the cell once and collect its features.

        Raises
        ------
        Exception
            Whatever the cell raises.
        """
        namespace = self._host.namespace
        exec(self._host.compile(self._tree, self.filename), namespace)  # noqa: S102 - it is the user's cell
        features, plain = [], []
        for name in self.names:
            value: Any = namespace.get(name)
            public = not name.startswith("_")
            marked = getattr(value, MARK, None) is not None
            if not marked and public and self._is_own(value):
                # Marked as by @feature, so that whoever looks at the namespace can tell.
                value, marked = feature(value), True
            if marked:
                features.append(Definition(name, _line(value), value))
            elif public and value is not None:
                plain.append(name)
        return Definitions(tuple(features), tuple(plain))

    def before(self) -> dict[str, Any]:
        """Return what the names of the cell's functions mean now, to be put back."""
        return {name: self._host.namespace.get(name, _NOWHERE) for name in self.names}

    def put_back(self, before: dict[str, Any]) -> None:
        """Undo the cell's functions."""
        for name, value in before.items():
            if value is _NOWHERE:
                self._host.namespace.pop(name, None)
            else:
                self._host.namespace[name] = value

    def _is_own(self, value: object) -> bool:
        return (
            isinstance(value, FunctionType)
            and value.__code__.co_filename == self.filename
            and not hasattr(value, "__wrapped__")
            and "<locals>" not in value.__qualname__
        )


def refuse_nothing(definitions: Definitions, label: str) -> None:
    """Refuse a cell without any feature: a slip that would otherwise pass unseen.

    Raises
    ------
    FeatureDefinitionError
        With what would have made one.
    """
    if definitions.features:
        return
    why = (
        f"{', '.join(definitions.plain)} has another decorator and stays plain Python"
        if definitions.plain
        else "it has no function whose name starts without _"
    )
    raise FeatureDefinitionError(
        f"{label} defines no feature: {why}. Write def column(other_column): …, or mark a function "
        "with @feature."
    )


def _functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions of the module's level, also inside if, try, with and loops."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        elif not isinstance(node, ast.ClassDef):
            for part in ("body", "orelse", "finalbody"):
                yield from _functions(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _functions(handler.body)


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it only tells a type checker how the function of its name may be called."""
    names = [getattr(each, "id", getattr(each, "attr", "")) for each in node.decorator_list]
    return "overload" in names


def code_of(function: Callable[..., Any]) -> CodeType | None:
    """Return the code that somebody wrote, below what was wrapped around it."""
    try:
        return getattr(unwrap(function), "__code__", None)
    except ValueError:  # a wrapper that wraps itself
        return None


def _line(function: Any) -> int:
    code = code_of(function)
    return code.co_firstlineno if code is not None else 1
