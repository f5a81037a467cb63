"""What an executor promises, and how one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from jupyter_lifecycle.errors import ComputeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


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


def executor_of(executor: Executor | str | None) -> Executor:
    """Return an executor by name or as it is.

    Parameters
    ----------
    executor : Executor, {"sequential", "threads"} or None
        None is sequential.

    Returns
    -------
    Executor

    Raises
    ------
    ComputeError
        If it is neither.
    """
    from jupyter_lifecycle.executors.sequential import SequentialExecutor
    from jupyter_lifecycle.executors.threads import ThreadExecutor

    if executor is None:
        return SequentialExecutor()
    if isinstance(executor, str):
        known: dict[str, Callable[[], Executor]] = {
            "sequential": SequentialExecutor,
            "threads": ThreadExecutor,
        }
        if executor not in known:
            raise ComputeError(
                f"There is no executor {executor!r}: use 'sequential', 'threads' or an object with "
                f"a method run.{did_you_mean(executor, known)}"
            )
        return known[executor]()
    if isinstance(executor, type) or not callable(getattr(executor, "run", None)):
        raise ComputeError(
            f"executor={executor!r} cannot run features: it has no method run. Use 'sequential', "
            "'threads' or an instance of an executor."
        )
    return executor
