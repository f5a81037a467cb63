"""Fingerprints of code: functions, methods, classes and modules, with all that they name.

The user's own code is walked, the rest counts by package and version. Nothing here depends on where
a function stands or what it's called, so a rename or a move changes no key.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import sys
import threading
import types
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing import impurity
from jupyter_lifecycle.hashing.bytecode import CodeFacts, Reference, inspect_code
from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.packages import Home, home
from jupyter_lifecycle.hashing.summary import summary
from jupyter_lifecycle.hashing.trace import ABSENT, Kind, Trace
from jupyter_lifecycle.hashing.values import SCALARS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.hashing.walk import Handler, Steps

_MARK: Final = "__feature_options__"
"""What ``@feature`` itself hangs on a function; tags are no part of the code."""

_REFLECTION: Final = frozenset(
    [
        "__doc__",
        "__name__",
        "__qualname__",
        "__annotations__",
        "__code__",
        "__defaults__",
        "__kwdefaults__",
        "getdoc",
        "getsource",
        "getsourcelines",
        "signature",
        "get_type_hints",
        "get_annotations",
        "getfullargspec",
    ]
)

_NOT_CLASS_CODE: Final = frozenset(
    [
        "__module__",
        "__qualname__",
        "__doc__",
        "__dict__",
        "__weakref__",
        "__firstlineno__",
        "__static_attributes__",
        "__abstractmethods__",
        "_abc_impl",
        "__annotations_cache__",
        "__pydantic_core_schema__",
        "__pydantic_validator__",
        "__pydantic_serializer__",
        "__pydantic_decorators__",
        "__pydantic_parent_namespace__",
        "__pydantic_setattr_handlers__",
        "__signature__",
    ]
)

_BARE: Final = frozenset({"time", "random", "secrets", "uuid", "os", "numpy.random"})
"""Modules that make impure whoever passes them on as a whole."""


def _function(function: FunctionType, trace: Trace) -> Steps:
    origin = home(str(function.__globals__.get("__name__", "")))
    static = origin.kind != "user" and _is_static(function)
    if static:
        yield from ()
        return _library(trace, origin, function)
    facts = inspect_code(function.__code__)
    parts = [facts.digest]
    if origin.kind == "user":
        _note_function(trace, function, facts)
    else:
        parts.append(_library(trace, origin, function))
    parts += yield from _bound_values(trace, function)
    if origin.kind == "user":
        parts += yield from _named(trace, function, facts)
    return combine("function", *parts)


def _is_static(function: Any) -> bool:
    """Whether a library's module holds this very object under its own name."""
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


def _library(trace: Trace, origin: Home, value: Any) -> bytes:
    trace.part("package", origin.name, origin.digest, origin.text)
    return combine("library", origin.digest, impurity.dotted_name(value).encode())


def _note_function(trace: Trace, function: FunctionType, facts: CodeFacts) -> None:
    first = not trace.functions
    trace.functions.append(function)
    trace.part("code" if first else "helper", function.__qualname__, facts.digest, facts.text)
    trace.reflective = trace.reflective or not _REFLECTION.isdisjoint(facts.attributes)
    for name in sorted(facts.attributes & impurity.METHODS.keys()):
        _impure(trace, impurity.METHODS[name], f".{name}", function)


def _impure(trace: Trace, why: str, what: str, function: FunctionType) -> None:
    trace.impure[f"{why} ({what} in {function.__name__})"] = None


def _bound_values(trace: Trace, function: FunctionType) -> Any:
    """Walk what a function carries with it: defaults, closure, attributes."""
    parts = []
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    pairs = list(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    pairs += sorted((function.__kwdefaults__ or {}).items())
    for name, value in pairs:
        found = yield ("code", f"default {name}"), value
        _note_value(trace, "default", name, value, found)
        parts += [name.encode(), found]
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        value = contents(cell)
        trace.cells.append((cell, value))
        if isinstance(value, ModuleType):
            continue  # what is read of it counts, below
        _impure_object(trace, name, value, function)
        found = yield ("code", f"closure {name}"), value
        _note_value(trace, "closure", name, value, found)
        parts += [name.encode(), found]
    for name, value in sorted(vars(function).items()):
        if name != _MARK:
            parts += [name.encode(), (yield ("attribute", name), value)]
    return parts


def contents(cell: Any) -> Any:
    """Return what a closure's cell holds, or that it holds nothing yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def _note_value(trace: Trace, kind: Kind, name: str, value: Any, digest: bytes) -> None:
    """Code notes itself when it's walked; values are noted by who names them."""
    if isinstance(value, (type, ModuleType, *CODE)):
        return
    trace.part(kind, name, digest, summary(value))
    if not _is_frozen(value):
        trace.mutable.append(value)


def _is_frozen(value: Any) -> bool:
    kind = type(value)
    return kind in SCALARS or (kind in {tuple, frozenset} and SCALARS.issuperset(map(type, value)))


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
        if reference.scope == "closure":
            cell = cells.get(reference.name)
            root = contents(cell) if cell is not None else None
            if not isinstance(root, ModuleType):
                continue
        else:
            root = _root(trace, function, reference)
        label, value, rest = _follow(trace, reference, root)
        _check(trace, function, reference, value, rest)
        if value is ABSENT:
            parts.append(combine("absent", label.encode()))
            continue
        kind = "constant" if not isinstance(value, (type, ModuleType, *CODE)) else "name"
        found = yield ("code", f"{kind} {label}"), value
        _note_value(trace, "constant", label, value, found)
        parts += [label.encode(), found]
    return parts


def _root(trace: Trace, function: FunctionType, reference: Reference) -> Any:
    if reference.scope in {"import", "from"}:
        return _imported(function, reference)
    namespace = function.__globals__
    value = namespace.get(reference.name, ABSENT)
    trace.names.append((namespace, reference.name, value))
    trace.reflective = trace.reflective or reference.name in _REFLECTION
    if value is ABSENT:
        value = vars(builtins).get(reference.name, ABSENT)
        if reference.name in impurity.UNSEEN and value is not ABSENT:
            raise FingerprintError(f"it calls {reference.name}(), and what that runs can't be seen")
    return value


def _imported(function: FunctionType, reference: Reference) -> Any:
    """Return a module that the function itself imports; the user's own is imported now."""
    package = str(function.__globals__.get("__package__") or "")
    name = reference.name
    if name.startswith("."):
        name = importlib.util.resolve_name(name, package)
    target = name if reference.scope == "from" else name.partition(".")[0]
    if target not in sys.modules or name not in sys.modules:
        if home(name).kind != "user":
            return ModuleType(target)  # only its name and home are asked for
        try:
            importlib.import_module(name)
        except Exception as error:
            raise FingerprintError(f"it imports {name}, which fails ({error})") from error
    return sys.modules[target]


def _follow(trace: Trace, reference: Reference, root: Any) -> tuple[str, Any, tuple[str, ...]]:
    """Through attributes of the user's modules, down to what is really used."""
    label, value = reference.name, root
    rest = list(reference.attributes)
    while rest and isinstance(value, ModuleType) and home(value.__name__).kind == "user":
        name = rest.pop(0)
        space: Mapping[str, Any] = vars(value)
        trace.names.append((space, name, space.get(name, ABSENT)))
        value = space.get(name, ABSENT) if name in space else getattr(value, name, ABSENT)
        label = f"{label}.{name}"
    return label, value, tuple(rest)


def _check(
    trace: Trace, function: FunctionType, reference: Reference, value: Any, rest: tuple[str, ...]
) -> None:
    """Note what makes the user of a name impure."""
    _impure_object(trace, reference.name, value, function)
    if not isinstance(value, (type, ModuleType, types.BuiltinFunctionType, FunctionType)):
        return
    if isinstance(value, (type, FunctionType)) and home(str(value.__module__)).kind == "user":
        return
    base = impurity.dotted_name(value)
    dotted = ".".join((base, *rest))
    why = impurity.reason(dotted, seeded=reference.seeded)
    if not why and not rest and base in _BARE and isinstance(value, ModuleType):
        why = impurity.reason(base + ".*") or "reads the clock"
    if why:
        _impure(trace, why, dotted, function)


def _method(value: types.MethodType) -> Steps:
    owner = yield ("attribute", "__self__"), value.__self__
    return combine("method", owner, (yield ("attribute", "__func__"), value.__func__))


def _builtin(value: types.BuiltinFunctionType, trace: Trace) -> Steps:
    owner = value.__self__
    if owner is None or isinstance(owner, ModuleType):
        yield from ()
        return _library(trace, home(value.__module__ or "builtins"), value)
    found = yield ("attribute", "__self__"), owner
    return combine("builtin method", found, value.__name__.encode())


def _descriptor(value: Any) -> Steps:
    owner = yield ("attribute", "__objclass__"), value.__objclass__
    return combine("descriptor", owner, value.__name__.encode())


def _method_wrapper(value: Any) -> Steps:
    owner = yield ("attribute", "__self__"), value.__self__
    return combine("method wrapper", owner, value.__name__.encode())


def _partial(value: functools.partial[Any]) -> Steps:
    function = yield ("attribute", "func"), value.func
    arguments = yield ("attribute", "args"), value.args
    keywords = yield ("attribute", "keywords"), value.keywords
    return combine("partial", function, arguments, keywords)


def _wrapped(value: Any) -> Steps:
    return combine(type(value).__name__, (yield ("attribute", "__wrapped__"), value.__wrapped__))


def _property(value: property) -> Steps:
    parts = []
    for name in ("fget", "fset", "fdel"):
        found = yield ("attribute", name), getattr(value, name)
        parts.append(found)
    return combine("property", *parts)


def _cached_property(value: Any) -> Steps:
    return combine("cached_property", (yield ("attribute", "func"), value.func))


def _lock(_: Any) -> Steps:
    yield from ()
    return combine("lock")


def _class(value: type, trace: Trace) -> Steps:
    origin = home(str(value.__module__))
    if origin.kind != "user":
        yield from ()
        return _library(trace, origin, value)
    trace.classes.append(value)
    parts = [(yield ("attribute", "__class__"), type(value))]
    for base in value.__bases__:
        found = yield ("attribute", "__bases__"), base
        parts.append(found)
    own = []
    for name, item in sorted(vars(value).items()):
        if name not in _NOT_CLASS_CODE:
            found = yield ("attribute", name), item
            own += [name.encode(), found]
    trace.part("class", value.__qualname__, combine("class", *own), f"class {value.__qualname__}")
    return combine("class", *parts, *own)


def _module(value: ModuleType, trace: Trace) -> Steps:
    """Walk a module whole: code passes it on, or asks it for a name that isn't constant."""
    origin = home(value.__name__)
    if origin.kind != "user":
        yield from ()
        return _library(trace, origin, value)
    parts = []
    space = vars(value)
    for name, item in sorted(space.items()):
        if name.startswith("__") and name.endswith("__"):
            continue
        trace.names.append((space, name, item))
        parts += [name.encode(), (yield ("attribute", name), item)]
    result = combine("module", *parts)
    trace.part("module", value.__name__, result, value.__name__)
    return result


def _typing(value: Any) -> Steps:
    yield from ()
    return combine("typing", repr(value).encode())


CODE: Final = (
    FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
)

TRACED: Final[dict[type, Callable[[Any, Trace], Steps]]] = {
    FunctionType: _function,
    types.BuiltinFunctionType: _builtin,
}
"""Handlers by exact type that note what they meet."""

HANDLERS: Final[dict[type, Handler]] = {
    types.MethodType: _method,
    types.MethodDescriptorType: _descriptor,
    types.WrapperDescriptorType: _descriptor,
    types.ClassMethodDescriptorType: _descriptor,
    types.GetSetDescriptorType: _descriptor,
    types.MemberDescriptorType: _descriptor,
    types.MethodWrapperType: _method_wrapper,
    functools.partial: _partial,
    functools.cached_property: _cached_property,
    staticmethod: _wrapped,
    classmethod: _wrapped,
    property: _property,
    type(functools.lru_cache(lambda: None)): _wrapped,
    type(threading.Lock()): _lock,
    type(threading.RLock()): _lock,
}


def traced_handler_of(value: Any) -> Callable[[Any, Trace], Steps] | None:
    """Return the handler for code that notes what it meets, else None."""
    known = TRACED.get(type(value))
    if known is not None:
        return known
    if isinstance(value, type):
        return _class
    return _module if isinstance(value, ModuleType) else None


def handler_of(value: Any) -> Handler | None:
    """Return the handler for what stands for types in annotations, else None."""
    return _typing if type(value).__module__ == "typing" else None
