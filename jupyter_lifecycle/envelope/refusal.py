"""Why a model cannot be stored: walks to the object that no pickle can carry and says its path."""

from __future__ import annotations

import io
import types
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import StorageFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_STEPS = 20_000
_LEAVES = (str, bytes, int, float, bool, complex, type(None))
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("_io", "", "an open file"),
    ("_thread", "", "a lock"),
    ("threading", "", "a thread or lock"),
    ("socket", "socket", "a socket"),
    ("_socket", "", "a socket"),
    ("ssl", "", "a TLS connection"),
    ("sqlite3", "", "a database connection"),
    ("builtins", "generator", "a running generator"),
    ("builtins", "coroutine", "a coroutine"),
    ("builtins", "frame", "a stack frame"),
    ("builtins", "traceback", "a traceback"),
    ("builtins", "module", "a module"),
    ("_asyncio", "", "an asyncio future"),
    ("asyncio", "", "an asyncio object"),
    ("subprocess", "Popen", "a process"),
    ("weakref", "", "a weak reference"),
)
_ADVICE = {
    "an open file": "Remove it, or store the path.",
    "a lock": "Remove it, or make it where it is used.",
    "a running generator": "Remove it, or store the list.",
}


def refusal(model: Any, problem: Exception, root: str = "model") -> StorageFormatError:
    """Give the error for a model that cannot be stored.

    Parameters
    ----------
    model
        The whole model.
    problem : Exception
        What the pickler said.
    root : str
        How to name the whole.

    Returns
    -------
    StorageFormatError
        ``model.callbacks[0] holds an open file and cannot be stored. …``
    """
    path, culprit = _find(model, root)
    what = _kind(culprit)
    advice = _ADVICE.get(what, "Remove it, or give its class __getstate__.")
    if path == root:
        words = f"The {root} is {what}" if what else f"The {root}"
        words += " and cannot be stored" if what else " cannot be stored"
        reason = str(problem) or type(problem).__name__
        text = f"{words}: {reason}." if not reason.endswith(".") else f"{words}: {reason}"
        return StorageFormatError(text, path=path)
    if not what:
        kind = type(culprit)
        what = f"a {kind.__module__}.{kind.__qualname__} ({str(problem).rstrip('.')})"
    return StorageFormatError(f"{path} holds {what} and cannot be stored. {advice}", path=path)


def _kind(value: Any) -> str:
    kind = type(value)
    for module, name, words in _KINDS:
        if kind.__module__ == module and name in ("", kind.__name__):
            return words
    return ""


def _storable(value: Any) -> bool:
    import cloudpickle

    try:
        cloudpickle.dump(value, _Nowhere())
    except Exception:  # noqa: BLE001 - whatever it raises, this object cannot be stored
        return False
    return True


class _Nowhere(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


def _find(model: Any, root: str) -> tuple[str, Any]:
    """Give the deepest object that fails although it is not because of one of its parts."""
    path, culprit = root, model
    seen = {id(model)}
    steps = 0
    while steps < _MAX_STEPS:
        for step, part in _parts(culprit):
            steps += 1
            if isinstance(part, _LEAVES) or id(part) in seen or _storable(part):
                continue
            seen.add(id(part))
            path, culprit = f"{path}{step}", part
            break
        else:
            break
    return path, culprit


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Each part of an object with the words that lead to it."""
    if isinstance(value, dict):
        for key, item in list(value.items()):
            yield f"[{key!r}]", item
    elif isinstance(value, list | tuple | set | frozenset):
        for index, item in enumerate(value):
            yield f"[{index}]", item
    elif isinstance(value, types.FunctionType):
        yield from _function_parts(value)
    elif isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
        yield ".__func__", value.__func__
    elif isinstance(value, type):
        for name, item in list(vars(value).items()):
            if not name.startswith("__") or isinstance(item, types.FunctionType):
                yield f".{name}", getattr(item, "__func__", item)
    else:
        yield from _object_parts(value)


def _object_parts(value: Any) -> Iterator[tuple[str, Any]]:
    for name, item in list(getattr(value, "__dict__", {}).items()):
        yield f".{name}", item
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                yield f".{name}", getattr(value, name)
    for name in ("func", "args", "keywords"):  # functools.partial
        if type(value).__name__ == "partial":
            yield f".{name}", getattr(value, name)
    yield f"'s class {type(value).__qualname__}", type(value)


def _function_parts(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield f"'s {name}", cell.cell_contents
        except ValueError:  # not yet filled
            continue
    for name in _names(code):
        if name in function.__globals__:
            yield f"'s {name}", function.__globals__[name]
    for index, item in enumerate(function.__defaults__ or ()):
        yield f"'s default {index}", item
    for name, item in (function.__kwdefaults__ or {}).items():
        yield f"'s default {name}", item
    for name, item in vars(function).items():
        yield f".{name}", item


def _names(code: types.CodeType) -> list[str]:
    names = list(code.co_names)
    waiting = list(code.co_consts)
    while waiting:
        constant = waiting.pop()
        if isinstance(constant, types.CodeType):
            names += constant.co_names
            waiting += constant.co_consts
    return list(dict.fromkeys(names))
