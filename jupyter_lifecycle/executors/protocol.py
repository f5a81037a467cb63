"""What an executor promises, and how one is named."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Protocol

from jupyter_lifecycle.errors import ComputeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from jupyter_lifecycle.executors.engine import Engine


class Executor(Protocol):
    """Calls one task for each name, in an order that respects what waits for what."""

    def run(
        self,
        order: Sequence[str],
        waits_for: Mapping[str, Collection[str]],
        task: Callable[[str], None],
    ) -> None:
        """Call ``task`` once for each name.

        Parameters
        ----------
        order : sequence of str
            ``(n_tasks,)``, topological.
        waits_for : mapping of str to collection of str
            The tasks that must have returned before a task starts; a missing name waits for none.
        task : callable
            Takes a name; may be called from other threads.

        Raises
        ------
        BaseException
            What the first failing task raised, as the same object. What had not started then
            never starts; what was running has ended, except after an interrupt, which is not
            delayed by it.
        """
        ...


def executor_of(executor: Executor | Engine | str | None) -> Executor | Engine:
    """Return an executor by name or as it is.

    Parameters
    ----------
    executor : Executor, Engine, {"sequential", "threads", "dask", "ray"} or None
        None is sequential. The engines by name are those of this process: their clusters on this
        machine start once and are used again.

    Returns
    -------
    Executor or Engine

    Raises
    ------
    ComputeError
        If it is neither.
    """
    if executor is None:
        executor = "sequential"
    if isinstance(executor, str):
        if executor not in _NAMED:
            raise ComputeError(
                f"There is no executor {executor!r}: use 'sequential', 'threads', 'dask', 'ray' or "
                f"an object with a method run or run_plan.{did_you_mean(executor, _NAMED)}"
            )
        return _NAMED[executor]()
    able = any(callable(getattr(executor, each, None)) for each in ("run", "run_plan"))
    if isinstance(executor, type) or not able:
        raise ComputeError(
            f"executor={executor!r} cannot run features: it has no method run or run_plan. Use "
            "'sequential', 'threads', 'dask', 'ray' or an instance of an executor."
        )
    return executor


def _sequential() -> Executor:
    from jupyter_lifecycle.executors.sequential import SequentialExecutor

    return SequentialExecutor()


def _threads() -> Executor:
    from jupyter_lifecycle.executors.threads import ThreadExecutor

    return ThreadExecutor()


# A cluster on this machine lives as long as the process, so whoever asks for it by name gets the
# one that runs; a process that was forked gets its own.
@cache
def _dask_of(process: int) -> Engine:  # noqa: ARG001 - one for each
    from jupyter_lifecycle.executors.dask_engine import DaskExecutor

    return DaskExecutor()


@cache
def _ray_of(process: int) -> Engine:  # noqa: ARG001 - one for each
    from jupyter_lifecycle.executors.ray_engine import RayExecutor

    return RayExecutor()


_NAMED: dict[str, Callable[[], Executor | Engine]] = {
    "sequential": _sequential,
    "threads": _threads,
    "dask": lambda: _dask_of(os.getpid()),
    "ray": lambda: _ray_of(os.getpid()),
}
