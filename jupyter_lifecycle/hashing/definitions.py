"""Fingerprints of other code than functions: classes, modules, methods, partials, wrappers."""

from __future__ import annotations

import functools
import threading
import types
from enum import Enum
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.hashing.digest import combine
from jupyter_lifecycle.hashing.functions import library, walk_function
from jupyter_lifecycle.hashing.packages import home
from jupyter_lifecycle.hashing.summary import summary
from jupyter_lifecycle.hashing.trace import Trace, is_code, is_frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.hashing.walk import Handler, Steps

_NO_CODE: Final = frozenset(
    [
        *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__firstlineno__"),
        *(
            "__static_attributes__",
            "__abstractmethods__",
            "_abc_impl",
            "__slotnames__",
            "__signature__",
        ),
        *("__annotations_cache__", "__pydantic_core_schema__", "__pydantic_validator__"),
        *("__pydantic_serializer__", "__pydantic_decorators__", "__pydantic_parent_namespace__"),
        *("__pydantic_setattr_handlers__", "__pydantic_complete__"),
    ]
)
"""What a class has that says nothing about what it does, or is made from what else it has."""


def _builtin(value: BuiltinFunctionType, trace: Trace) -> Steps:
    owner = value.__self__
    if owner is None or isinstance(owner, ModuleType):
        return library(trace, home(value.__module__ or "builtins"), value)
    found = yield ("attribute", "__self__"), owner
    return combine("builtin method", found, value.__name__.encode())


def _class(value: type, trace: Trace) -> Steps:
    origin = home(str(value.__module__))
    if origin.kind != "user":
        return library(trace, origin, value)
    trace.classes.append(value)
    parts = [(yield ("attribute", "__class__"), type(value))]
    for base in value.__bases__:
        found = yield ("attribute", "__bases__"), base
        parts.append(found)
    for position, base in enumerate(value.__bases__):
        trace.watch(value, "bases", position, base)
    trace.whole.add((id(value), "bases"))
    own = []
    for name, item in sorted(vars(value).items()):
        if name in _NO_CODE:
            continue
        found = yield ("attribute", name), item
        own += [name.encode(), found]
        if is_code(item) or is_frozen(item) or not _is_settled(value, name):
            trace.watch(value, "members", name, item)
    trace.part("class", value.__qualname__, combine("class", *own), functools.partial(_body, value))
    return combine("class", *parts, *own)


def _is_settled(value: type, name: str) -> bool:
    """Tell whether a member is made once with its class, as those of an enumeration are."""
    return issubclass(value, Enum) or (name.startswith("__") and name.endswith("__"))


def _body(value: type) -> str:
    """Show a class by its members; its functions are parts of their own."""
    bases = ", ".join(base.__qualname__ for base in value.__bases__ if base is not object)
    lines = [f"class {value.__qualname__}({bases}):" if bases else f"class {value.__qualname__}:"]
    for name, item in vars(value).items():
        if name not in _NO_CODE:
            shown = f"def {name}" if isinstance(item, FunctionType) else f"{name} = {summary(item)}"
            lines.append(f"    {shown}")
    return "\n".join(lines)


def _module(value: ModuleType, trace: Trace) -> Steps:
    """Walk a module whole: code passes it on, or asks it for a name that isn't constant."""
    origin = home(value.__name__)
    if origin.kind != "user":
        return library(trace, origin, value)
    parts = []
    trace.whole.add((id(value), "members"))
    for name, item in sorted(vars(value).items()):
        if name.startswith("__") and name.endswith("__"):
            continue
        trace.watch(value, "members", name, item)
        found = yield ("attribute", name), item
        trace.value("constant", f"{value.__name__}.{name}", item, found)
        parts += [name.encode(), found]
    result = combine("module", *parts)
    trace.part("module", value.__name__, result, value.__name__)
    return result


def _method(value: types.MethodType) -> Steps:
    owner = yield ("attribute", "__self__"), value.__self__
    return combine("method", owner, (yield ("attribute", "__func__"), value.__func__))


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


def _memoised(value: Any, trace: Trace) -> Steps:
    """Walk what keeps its answers: the function within counts, what is kept doesn't."""
    trace.memoised = True
    return (yield from _wrapped(value))


def _property(value: property) -> Steps:
    getter = yield ("attribute", "fget"), value.fget
    setter = yield ("attribute", "fset"), value.fset
    return combine("property", getter, setter, (yield ("attribute", "fdel"), value.fdel))


def _cached_property(value: Any) -> Steps:
    return combine("cached_property", (yield ("attribute", "func"), value.func))


def _lock(_: Any) -> Steps:
    """Skip a lock: it guards values and is none."""
    yield from ()
    return combine("lock")


def _typing(value: Any) -> Steps:
    yield from ()
    return combine("typing", repr(value).encode())


TRACED: Final[dict[type, Callable[[Any, Trace], Steps]]] = {
    FunctionType: walk_function,
    BuiltinFunctionType: _builtin,
    type(functools.lru_cache(lambda: None)): _memoised,
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
    type(threading.Lock()): _lock,
    type(threading.RLock()): _lock,
}
"""Handlers by exact type."""


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
