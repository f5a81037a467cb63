"""What runs in a Dask worker: a task's call, what it tells, and how it is stopped."""

from __future__ import annotations

import ctypes
import pickle
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class About(NamedTuple):
    """Which task of which run this is, and where it tells."""

    topic: str
    run: str
    key: str
    watched: bool


class StoppedError(BaseException):
    """Raised inside a feature that nobody waits for any more."""


_lock = threading.Lock()
_running: dict[tuple[str, str], int] = {}
_stopped: deque[str] = deque(maxlen=100)
"""Runs that nobody waits for: a task of theirs may be on its way when they are stopped."""


def sent(value: Any) -> Any:
    """Give a value the form in which a graph holds it."""
    return (_loaded, pickle.PickleBuffer(pickle.dumps(value, 5)))


def read(path: str) -> Any:
    """Read a value from a file that the user's own session wrote."""
    with Path(path).open("rb") as file:
        return pickle.load(file)  # noqa: S301 - see above


def _loaded(data: Any) -> Any:
    return pickle.loads(data)  # noqa: S301 - what the user's own session sent


def call(about: About, function: Callable[..., Any], arguments: Sequence[Any], *values: Any) -> Any:
    """Run a task, tell its facts, and give its value.

    Parameters
    ----------
    about : About
    function : callable
        See :class:`Task`.
    arguments : sequence
    *values
        What the task needs.
    """
    from distributed import get_worker

    worker = get_worker()

    def tell(what: str, facts: Any) -> None:
        worker.log_event(about.topic, pickle.dumps((about.run, about.key, what, facts), 5))

    def step(facts: Any) -> None:
        if about.watched:
            tell("step", facts)

    own = (about.run, about.key)
    with _lock:
        if about.run in _stopped:
            raise StoppedError
        _running[own] = threading.get_ident()
    try:
        value, facts = function(step, *arguments, *values)
    finally:
        with _lock:
            _running.pop(own, None)
        for _ in range(8):  # what `stop` sent is raised here at the latest
            pass
    tell("done", facts)
    return value


def stop(run: str) -> None:
    """Raise :class:`StoppedError` in the threads of this process that work for a run."""
    with _lock:
        _stopped.append(run)
        for (each, _), thread in _running.items():
            if each == run:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread), ctypes.py_object(StoppedError)
                )
