"""A user's exception on its way from another process: the same class, notes, causes and lines.

Pickle carries neither traceback nor cause, and fails for classes whose ``__init__`` takes other
arguments than it hands on. What cannot be carried at all becomes a :class:`ComputeError` that says
what the exception said.
"""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from jupyter_lifecycle.errors import ComputeError

_DEEP = 20
"""Causes and contexts that are carried, at most."""


@dataclass(frozen=True, slots=True)
class Carried:
    """An exception as bytes."""

    payload: bytes
    whole: bool
    """Whether the payload is the exception itself, else its class, arguments and attributes."""
    frames: tuple[tuple[str, str, int], ...]
    """File, function and line, outermost first."""
    cause: Carried | None
    context: Carried | None
    suppressed: bool


def carry(error: BaseException, depth: int = 0) -> Carried:
    """Make an exception ready to travel.

    Parameters
    ----------
    error : BaseException
    depth : int
        How many exceptions led here.

    Returns
    -------
    Carried
    """
    payload, whole = _payload(error)
    frames = tuple(
        [
            (each.f_code.co_filename, each.f_code.co_name, line)
            for each, line in traceback.walk_tb(error.__traceback__)
        ]
    )
    further = depth < _DEEP
    cause = carry(error.__cause__, depth + 1) if further and error.__cause__ else None
    context = None
    if further and error.__context__ is not None and error.__context__ is not error.__cause__:
        context = carry(error.__context__, depth + 1)
    return Carried(payload, whole, frames, cause, context, error.__suppress_context__)


def arrived(carried: Carried) -> BaseException:
    """Make the exception again.

    Parameters
    ----------
    carried : Carried

    Returns
    -------
    BaseException
        Of the same class, with notes, cause and a traceback of the same lines.
    """
    error = _made(carried)
    error = error.with_traceback(_traceback(carried.frames))
    if carried.cause is not None:
        error.__cause__ = arrived(carried.cause)
    if carried.context is not None:
        error.__context__ = arrived(carried.context)
    error.__suppress_context__ = carried.suppressed
    return error


def _payload(error: BaseException) -> tuple[bytes, bool]:
    import cloudpickle

    try:
        data: bytes = cloudpickle.dumps(error, 5)
        back = pickle.loads(data)  # noqa: S301 - our own bytes, to see that they can be read
        if type(back) is type(error) and repr(back.args) == repr(error.args):
            return data, True
    except Exception:  # noqa: BLE001, S110 - runs the exception's own code; the parts are tried next
        pass
    try:
        parts: bytes = cloudpickle.dumps((type(error), error.args, error.__dict__), 5)
        return parts, False
    except Exception:  # noqa: BLE001 - one of its attributes stays behind; its words do not
        words = f"{type(error).__name__}: {error}"
        notes = list(getattr(error, "__notes__", ()))
        plain = ComputeError(f"{words} (the exception itself cannot be carried to this process)")
        for note in notes:
            plain.add_note(note)
        return pickle.dumps(plain, 5), True


def _made(carried: Carried) -> BaseException:
    try:
        found: Any = pickle.loads(carried.payload)  # noqa: S301 - from our own worker
        if carried.whole:
            assert isinstance(found, BaseException)
            return found
        kind, arguments, attributes = found
        error: BaseException = kind.__new__(kind, *arguments)
        error.args = arguments
        error.__dict__.update(attributes)
        return error
    except Exception as problem:  # noqa: BLE001 - its class is not here; said below
        return ComputeError(
            f"A feature raised an exception on a worker that cannot be read here: {problem}"
        )


def _traceback(frames: tuple[tuple[str, str, int], ...]) -> TracebackType | None:
    """Make a traceback of the same files, functions and lines; frames cannot travel."""
    found: TracebackType | None = None
    for file, function, line in reversed(frames):
        code = compile("raise StopIteration", file, "exec").replace(
            co_name=function, co_qualname=function, co_firstlineno=line
        )
        try:
            exec(code, {"__name__": "carried"})  # noqa: S102 - one statement of ours
        except StopIteration as stop:
            here = stop.__traceback__
            assert here is not None
            assert here.tb_next is not None
            inner = here.tb_next
            found = TracebackType(found, inner.tb_frame, -1, line)  # no column
    return found
