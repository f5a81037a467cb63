"""Fingerprints of values, and the keys of functions: what the rest of the package asks for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from jupyter_lifecycle.hashing import functions, values
from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.packages import runtime
from jupyter_lifecycle.hashing.trace import ABSENT, CodePart, Trace
from jupyter_lifecycle.hashing.walk import Handler, Steps, Walker

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from types import ModuleType

_HANDLERS: dict[type, Handler] = {**values.HANDLERS, **functions.HANDLERS}


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
        traced = functions.traced_handler_of(value)
        if traced is not None:
            return traced(value, trace)
        for family in _families(cast("Hashable", kind)):
            found: Handler | None = family.handler_of(value)
            if found is not None:
                return found(value)
        handler = functions.handler_of(value) or values.handler_of(value)
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
    memory = _remembered.get(function)
    if memory is not None and memory.holds():
        return memory.key
    trace = Trace()
    root = str(getattr(function, "__name__", type(function).__name__))
    digest = _walker(trace, root).digest(function)
    base = [combine("package", home.digest) for home in runtime()]
    digest = combine("key", _with_reflection(digest, trace), *base)
    for home in runtime():
        trace.part("package", home.name, home.digest, home.text)
    key = CodeKey(digest, tuple(trace.parts.values()), tuple(trace.impure))
    with suppress(TypeError):  # a callable without weak references is walked each time
        _remembered[function] = _Memory(key, trace)
    return key


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

    __slots__ = ("cells", "classes", "functions", "key", "mutable", "names")

    def __init__(self, key: CodeKey, trace: Trace) -> None:
        self.key = key
        self.names = trace.names
        self.cells = trace.cells
        self.functions = [
            (f, f.__code__, f.__defaults__, f.__kwdefaults__) for f in trace.functions
        ]
        self.classes = [(c, dict(vars(c))) for c in trace.classes]
        self.mutable = [(v, fingerprint(v)) for v in trace.mutable]

    def holds(self) -> bool:
        for space, name, value in self.names:
            if space.get(name, ABSENT) is not value:
                return False
        for function, code, defaults, keywords in self.functions:
            if (
                function.__code__ is not code
                or function.__defaults__ is not defaults
                or function.__kwdefaults__ is not keywords
            ):
                return False
        for cell, value in self.cells:
            if functions.contents(cell) is not value:
                return False
        for kind, members in self.classes:
            now = vars(kind)
            if len(now) != len(members) or any(
                now.get(n, ABSENT) is not v for n, v in members.items()
            ):
                return False
        return all(fingerprint(value) == digest for value, digest in self.mutable)


_remembered: WeakKeyDictionary[Any, _Memory] = WeakKeyDictionary()
