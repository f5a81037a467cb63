"""Fingerprints of functions: their instructions, what they carry, and all that they name.

The user's own functions are walked, those of libraries count by package and version. Nothing here
depends on where a function stands or what it's called, so a rename or a move changes no key.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from importlib.util import resolve_name
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing import impurity
from jupyter_lifecycle.hashing.bytecode import CodeFacts, inspect_code
from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.extensions import own_part, put_on_tables
from jupyter_lifecycle.hashing.packages import Home, home
from jupyter_lifecycle.hashing.stacks import line_of, place
from jupyter_lifecycle.hashing.trace import ABSENT, Kind, Trace, contents, is_frozen

if TYPE_CHECKING:
    from jupyter_lifecycle.hashing.names import Reference
    from jupyter_lifecycle.hashing.walk import Steps

_MARK: Final = "__feature_options__"
"""What ``@feature`` itself hangs on a function; tags are no part of the code."""

_REFLECTION: Final = frozenset(
    [
        *("__doc__", "__name__", "__qualname__", "__annotations__", "__code__", "__defaults__"),
        *("__kwdefaults__", "getdoc", "getsource", "getsourcelines", "signature"),
        *("get_type_hints", "get_annotations", "getfullargspec"),
    ]
)
"""Names by which code asks what code looks like."""


def walk_function(function: FunctionType, trace: Trace) -> Steps:
    """Walk a function.

    Parameters
    ----------
    function : FunctionType
        The user's or a library's.
    trace : Trace
        Is told what is met.

    Yields
    ------
    tuple
        What it carries and names, each with the step that leads there.

    Returns
    -------
    bytes
        Its digest.
    """
    origin = home(str(function.__globals__.get("__name__", "")))
    if origin.kind != "user" and _is_static(function):
        return library(trace, origin, function)
    if origin.kind == "stdlib" and hasattr(function, "registry") and hasattr(function, "dispatch"):
        return (yield from _walk_dispatch(function, trace))
    facts = inspect_code(function.__code__)
    parts = [facts.digest]
    if origin.kind == "user":
        _note_function(trace, function, facts)
    else:  # made by a library at run time: a wrapper, a closure
        # By where its code stands and what it's called (a namedtuple tells its own name), but not
        # by the user's module, which `wraps` writes on it too.
        trace.package(origin)
        names = (function.__code__.co_qualname, function.__qualname__)
        parts += [origin.digest, *(name.encode() for name in names)]
        trace.functions.append(function)
    parts += yield from _carried(trace, function)
    if origin.kind == "user":
        parts += yield from _named(trace, function, facts)
        for owner, name, value in put_on_tables(facts.attributes):
            trace.watch(owner, "library", name, value)
            found = yield ("code", f"{owner.__name__}.{name}"), own_part(value)
            parts += [owner.__name__.encode(), name.encode(), found]
    return combine("function", *parts)


def _walk_dispatch(function: Any, trace: Trace) -> Steps:
    """Walk a single-dispatch function by what is registered; the rest of it is a cache."""
    trace.functions.append(function)
    trace.watch(function, "members", "registry", function.registry)
    found = yield ("attribute", "registry"), dict(function.registry)
    return combine("singledispatch", found)


def _is_static(function: FunctionType) -> bool:
    """Tell whether a library's module holds this very object under its own name.

    A wrapper that a library made of the user's function says that it's the user's, as `wraps` does.
    """
    if home(function.__module__ or "").kind == "user":
        return False
    found: Any = sys.modules.get(function.__module__ or "")
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


def library(trace: Trace, origin: Home, value: Any) -> bytes:
    """Return the digest of what counts by package, version and name alone.

    Parameters
    ----------
    trace : Trace
        Is told of the package.
    origin : Home
        Where the value comes from.
    value : object
        A module, class or function.

    Returns
    -------
    bytes
        16 bytes.
    """
    trace.package(origin)
    return combine("library", origin.digest, impurity.dotted_name(value).encode())


def _note_function(trace: Trace, function: FunctionType, facts: CodeFacts) -> None:
    kind: Kind = "helper" if trace.functions else "code"
    trace.functions.append(function)
    trace.part(kind, function.__qualname__, facts.digest, facts.text)
    trace.reflective = trace.reflective or not _REFLECTION.isdisjoint(facts.attributes)
    trace.touches = trace.touches or not impurity.TOUCHES.isdisjoint(facts.attributes)
    for name in sorted(facts.attributes & impurity.METHODS.keys()):
        _impure(trace, impurity.METHODS[name], name, function)


def _impure(trace: Trace, why: str, name: str, function: FunctionType) -> None:
    code = function.__code__
    trace.impurity(why, place(code, line_of(code, name), trace.functions[0].__code__))


def _carried(trace: Trace, function: FunctionType) -> Any:
    """Walk what a function carries with it: defaults, closure, attributes."""
    parts = []
    code = function.__code__
    defaults = function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    keywords = sorted((function.__kwdefaults__ or {}).items())
    if not all(map(is_frozen, defaults)):
        for position, value in enumerate(defaults):
            trace.watch(function, "defaults", position, value)
    for name, value in keywords:
        trace.watch(function, "keywords", name, value)
    for name, value in [*zip(names, defaults, strict=True), *keywords]:
        _impure_object(trace, name, value, function)
        found = yield ("code", f"default {name}"), value
        trace.value("default", name, value, found)
        parts += [name.encode(), found]
    for position, name in enumerate(code.co_freevars):
        value = contents((function.__closure__ or ())[position])
        trace.watch(function, "closure", position, value)
        if isinstance(value, ModuleType):
            continue  # what is read of it counts, as a name
        _impure_object(trace, name, value, function)
        found = yield ("code", _step(f"closure {name}", value)), value
        trace.value("closure", name, value, found)
        parts += [name.encode(), found]
    for name, value in sorted(vars(function).items()):
        if name == _MARK:
            continue
        trace.watch(function, "members", name, value)
        found = yield ("attribute", name), value
        trace.value("closure", name, value, found)
        parts += [name.encode(), found]
    return parts


def _impure_object(trace: Trace, name: str, value: Any, function: FunctionType) -> None:
    why = impurity.reason_of_object(value)
    if why:
        _impure(trace, why, name, function)


def _named(trace: Trace, function: FunctionType, facts: CodeFacts) -> Any:
    """Walk what a function names: globals, what its closure's modules hold, what it imports."""
    parts = []
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for reference in facts.references:
        if reference.scope == "write":
            _impure(trace, "changes a global", reference.name, function)
            continue
        if reference.scope == "moment":
            _impure(trace, impurity.CLOCK, reference.name, function)
            continue
        root = _root(trace, function, reference, cells)
        if root is None:
            continue
        label, value, rest = _follow(trace, reference, root[0])
        _check(trace, function, reference, value, rest)
        parts.append(label.encode())
        if value is ABSENT:
            continue
        found = yield ("code", _step(f"constant {label}", value)), value
        trace.value("constant", label, value, found)
        parts.append(found)
    return parts


def _step(label: str, value: Any) -> str:
    """How the path in a message calls what a function names."""
    name = label.partition(" ")[2]
    if isinstance(value, FunctionType):
        return f"helper {name}"
    if isinstance(value, ModuleType):
        return f"module {name}"
    return f"class {name}" if isinstance(value, type) else label


def _root(
    trace: Trace, function: FunctionType, reference: Reference, cells: dict[str, Any]
) -> tuple[Any] | None:
    """Find what a name stands for, in a tuple; None for what the closure's walk covers."""
    if reference.scope == "closure":
        held = contents(cells[reference.name]) if reference.name in cells else None
        return (held,) if isinstance(held, ModuleType) else None
    if reference.scope != "global":
        return (_imported(function, reference),)
    value = function.__globals__.get(reference.name, ABSENT)
    trace.watch(function, "globals", reference.name, value)
    trace.reflective = trace.reflective or reference.name in _REFLECTION
    return (vars(builtins).get(reference.name, ABSENT) if value is ABSENT else value,)


def _imported(function: FunctionType, reference: Reference) -> Any:
    """Find a module that the function itself imports; the user's own is imported now."""
    name = reference.name
    if name.startswith("."):
        name = resolve_name(name, str(function.__globals__.get("__package__") or ""))
    target = name if reference.scope == "from" else name.partition(".")[0]
    if name not in sys.modules:
        if home(name).kind != "user":
            return ModuleType(target)  # only its name and home are asked for
        try:
            importlib.import_module(name)
        except Exception as error:
            raise FingerprintError(f"it imports {name}, which fails ({error})") from error
    return sys.modules[target]


def _follow(trace: Trace, reference: Reference, root: Any) -> tuple[str, Any, tuple[str, ...]]:
    """Through attributes of modules, down to what is really used.

    Of a library the module itself counts, unless somebody has put code of their own there.
    """
    label, value = reference.name, root
    rest = reference.attributes
    while rest and isinstance(value, ModuleType):
        found = vars(value).get(rest[0], ABSENT)
        own = home(value.__name__).kind == "user"
        trace.watch(value, "members" if own else "library", rest[0], found)
        if not own and not (isinstance(found, FunctionType) and _is_own(found)):
            deeper = isinstance(found, ModuleType) and len(rest) > 1
            if not deeper:
                break
        value = getattr(value, rest[0], ABSENT) if found is ABSENT else found
        label = f"{label}.{rest[0]}"
        rest = rest[1:]
    return label, value, rest


def _is_own(function: FunctionType) -> bool:
    return home(str(function.__globals__.get("__name__", ""))).kind == "user"


def _check(
    trace: Trace, function: FunctionType, reference: Reference, value: Any, rest: tuple[str, ...]
) -> None:
    """Note what makes the user of a name impure, and refuse what can't be seen through."""
    _impure_object(trace, reference.name, value, function)
    if not hasattr(value, "__name__") or not isinstance(
        getattr(value, "__module__", "") or "", str
    ):
        return
    module = value.__name__ if isinstance(value, ModuleType) else value.__module__ or "builtins"
    if home(module).kind == "user":
        return
    dotted = ".".join((impurity.dotted_name(value), *rest))
    if dotted in impurity.UNSEEN:
        raise FingerprintError(f"it calls {dotted}, and what that runs can't be seen")
    passed_on = isinstance(value, ModuleType) and not rest
    why = (
        impurity.reason_of_module(dotted)
        if passed_on
        else impurity.reason(dotted, seeded=reference.seeded)
    )
    if why:
        _impure(trace, why, rest[-1] if rest else reference.name, function)
