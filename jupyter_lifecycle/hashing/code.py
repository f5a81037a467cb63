"""Fingerprints of values, and the keys of functions: what the rest of the package asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from operator import is_
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

from jupyter_lifecycle.hashing import definitions, values
from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.functions import contents
from jupyter_lifecycle.hashing.packages import runtime
from jupyter_lifecycle.hashing.trace import ABSENT, CodePart, Trace
from jupyter_lifecycle.hashing.walk import Handler, Steps, Walker

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from types import ModuleType

_HANDLERS: dict[type, Handler] = {**values.HANDLERS, **definitions.HANDLERS}


@dataclass(frozen=True, slots=True)
class CodeKey:
    """What a function's answer depends on besides its arguments."""

    digest: bytes
    parts: tuple[CodePart, ...]
    """The code itself first, then in the order in which it was met."""
    impure: tuple[str, ...]
    """Why the same arguments may not give the same answer; empty for a pure function."""


@cache
def _family(top: str) -> ModuleType | None:
    """Return the module that knows a library's values."""
    if top == "numpy":
        from jupyter_lifecycle.hashing import arrays

        return arrays
    if top == "pandas":
        from jupyter_lifecycle.hashing import frames

        return frames
    if top == "pyarrow":
        from jupyter_lifecycle.hashing import columnar

        return columnar
    return None


@cache
def _families(kind: Any) -> tuple[ModuleType, ...]:
    """Those for a type and its bases, nearest first; most types have none."""
    found: dict[ModuleType, None] = {}
    for base in kind.__mro__:
        family = _family(str(base.__module__).partition(".")[0])
        if family is not None:
            found[family] = None
    return tuple(found)


def _leaf(value: Any) -> bytes | None:
    found = values.leaf(value)
    if found is not None:
        return found
    kind = type(value)
    if kind in _HANDLERS:
        return None
    for family in _families(cast("Hashable", kind)):
        result: bytes | None = family.leaf(value)
        if result is not None:
            return result
    return None


def _walker(trace: Trace, root: str = "value") -> Walker:
    def start(value: Any) -> Steps:
        kind = type(value)
        known = _HANDLERS.get(kind)
        if known is not None:
            return known(value)
        traced = definitions.traced_handler_of(value)
        if traced is not None:
            return traced(value, trace)
        for family in _families(cast("Hashable", kind)):
            found: Handler | None = family.handler_of(value)
            if found is not None:
                return found(value)
        handler = definitions.handler_of(value) or values.handler_of(value)
        return handler(value)

    return Walker(_leaf, start, root=root)


def fingerprint(value: Any) -> bytes:
    """Return the fingerprint of any value.

    Two values that a program can tell apart have different fingerprints: by type, dtype, shape,
    order, names, index, zone and content. Layout in memory and the order of a set don't count. A
    path counts by what it leads to.

    Parameters
    ----------
    value : object
        Scalars, containers, arrays, frames, dates, functions, classes, fitted models: whatever has
        a state that can be walked. Cycles and any depth are fine.

    Returns
    -------
    bytes
        16 bytes, the same in every process.

    Raises
    ------
    FingerprintError
        Where a part has no state to know it by, such as an open file; the message has its path.

    Examples
    --------
    >>> fingerprint(1) == fingerprint(1.0)
    False
    """
    found = _leaf(value)
    if found is not None:
        return found
    trace = Trace()
    return _with_reflection(_walker(trace).digest(value), trace)


def code_key(function: Callable[..., Any]) -> CodeKey:
    """Return the key of a function's code and of everything that it names.

    Comments, formatting, docstrings and the function's own name don't count. Helpers, classes,
    constants, defaults and closures do, through the user's modules and notebook; installed
    libraries by name and version. Remembered, and checked each time against what has changed since.

    Parameters
    ----------
    function : callable
        A function, or anything callable.

    Returns
    -------
    CodeKey
        Digest, parts and reasons of impurity.

    Raises
    ------
    FingerprintError
        Where something that it names can't be fingerprinted or seen through.
    """
    known = _remembered.get(id(function))
    if known is not None and known[0]() is function and known[1].holds():
        return known[1].key
    trace = Trace()
    root = str(getattr(function, "__name__", type(function).__name__))
    digest = _walker(trace, root).digest(function)
    for home in runtime():
        trace.package(home)
    digest = combine("key", _with_reflection(digest, trace), *(home.digest for home in runtime()))
    key = CodeKey(digest, tuple(trace.parts.values()), tuple(trace.impure))
    if type(function) is FunctionType:
        _remember(function, _Memory(key, trace))
    return key


def _remember(function: FunctionType, memory: _Memory) -> None:
    key = id(function)
    _remembered[key] = (ref(function, lambda _: _remembered.pop(key, None)), memory)


def _with_reflection(digest: bytes, trace: Trace) -> bytes:
    """Names, docstrings and annotations count where any code met reads such things."""
    if not trace.reflective:
        return digest
    texts = []
    met: list[Any] = [*trace.functions, *trace.classes]
    for item in met:
        annotations = repr(getattr(item, "__annotations__", None))
        texts.append(f"{item.__qualname__}\0{item.__doc__}\0{annotations}".encode())
    return combine("reflection", digest, *texts)


class _Memory:
    """A key, and what must still be so for it to hold."""

    __slots__ = ("_cells", "_classes", "_functions", "_modules", "_mutable", "_spaces", "key")

    def __init__(self, key: CodeKey, trace: Trace) -> None:
        self.key = key
        spaces: dict[int, tuple[Any, dict[str, Any]]] = {}
        for space, name, value in trace.names:
            spaces.setdefault(id(space), (space, {}))[1][name] = value
        self._spaces = [(s.get, list(n), list(n.values()), _absents(n)) for s, n in spaces.values()]
        self._cells = trace.cells
        self._functions = [_state(f) for f in trace.functions]
        self._classes = [(c, c.__bases__, dict(vars(c))) for c in trace.classes]
        self._modules = [(vars(m), len(vars(m))) for m in trace.modules]
        self._mutable = [(v, fingerprint(v)) for v in trace.mutable]

    def holds(self) -> bool:
        """Whether the key is still right."""
        for get, names, expected, absents in self._spaces:
            if not all(map(is_, map(get, names, absents), expected)):
                return False
        for known in self._functions:
            function, code, defaults, keywords, attributes = known
            if (
                function.__code__ is not code
                or function.__defaults__ is not defaults
                or function.__kwdefaults__ != keywords
                or len(function.__dict__) != attributes
            ):
                return False
        for cell, value in self._cells:
            if contents(cell) is not value:
                return False
        return self._rest_holds()

    def _rest_holds(self) -> bool:
        for space, size in self._modules:
            if len(space) != size:
                return False
        for kind, bases, members in self._classes:
            now = vars(kind)
            if kind.__bases__ != bases or len(now) != len(members):
                return False
            if not all(map(is_, map(now.get, members), members.values())):
                return False
        return all(fingerprint(value) == digest for value, digest in self._mutable)


def _absents(names: dict[str, Any]) -> list[Any]:
    return [ABSENT] * len(names)


def _state(function: FunctionType) -> tuple[Any, ...]:
    keywords = function.__kwdefaults__
    return (
        function,
        function.__code__,
        function.__defaults__,
        keywords,
        len(function.__dict__),
    )


_remembered: dict[int, tuple[ref[Any], _Memory]] = {}
"""By identity: functions are equal only to themselves, and gone ones take their memory along."""
