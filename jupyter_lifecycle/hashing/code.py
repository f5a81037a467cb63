"""Fingerprints of values, and the keys of functions: what the rest of the package asks for."""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing import definitions, values
from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.memory import Memory
from jupyter_lifecycle.hashing.packages import runtime
from jupyter_lifecycle.hashing.trace import CodeKey, Trace
from jupyter_lifecycle.hashing.walk import Handler, Steps, Walker

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable
    from types import ModuleType

    from jupyter_lifecycle.hashing.together import Together


class _Owner(ref[Any]):
    """A function that is held weakly; knows its identity when it's gone."""

    __slots__ = ("identity",)
    identity: int


def _forget(owner: Any) -> None:
    _remembered.pop(owner.identity, None)


_remembered: dict[int, tuple[_Owner, Memory]] = {}
"""By identity; the memory of a function that is gone goes along."""

_HANDLERS: dict[type, Handler] = {**values.HANDLERS, **definitions.HANDLERS}


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
    parts, reads = tuple(trace.parts.values()), tuple(trace.reads)
    key = CodeKey(digest, parts, trace.reasons(), reads, trace.follow, trace.touches)
    if type(function) is FunctionType:
        owner = _Owner(function, _forget)
        owner.identity = id(function)
        _remembered[owner.identity] = (owner, Memory(key, trace, fingerprint))
    return key


def holds(function: Callable[..., Any], key: CodeKey) -> bool:
    """Tell whether nothing that a key was made from has changed since.

    Parameters
    ----------
    function : callable
        What the key is of.
    key : CodeKey
        As :func:`code_key` gave it.

    Returns
    -------
    bool
        False as well where it can't be told any more.
    """
    try:
        return code_key(function).digest == key.digest
    except FingerprintError:
        return False


def together(functions: Iterable[Callable[..., Any]]) -> Together | None:
    """Look at the keys of many functions as one.

    Parameters
    ----------
    functions : iterable of callable
        Whose :func:`code_key` was just asked.

    Returns
    -------
    Together or None
        None where a key is not remembered, and must be made each time.
    """
    from jupyter_lifecycle.hashing.together import Together

    memories = []
    for function in functions:
        known = _remembered.get(id(function))
        if known is None or known[0]() is not function:
            return None
        memories.append(known[1])
    return Together(memories)


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
