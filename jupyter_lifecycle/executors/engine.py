"""What an engine promises: many machines that run tasks and keep what these give.

An executor calls functions of this process. An engine takes a whole plan: where its tasks run is
its own affair, their values stay there, and only those that are wanted come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    Tell: TypeAlias = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One call on an engine."""

    key: str
    """Unique within its plan."""
    call: Callable[..., tuple[Any, Any]]
    """An importable function of this package. It gets a function that tells something to the
    caller's side at once, then :attr:`arguments`, then the values that it needs; it gives its
    value, which stays where it is, and facts about it, which are told.
    """
    arguments: tuple[Any, ...] = ()
    """Small plain values."""
    needs: tuple[str, ...] = ()
    """Keys of tasks before it, and names of what is shared."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a task told."""

    key: str
    what: Literal["step", "done"]
    facts: Any
    """With ``step`` what the task said while it ran, with ``done`` its facts."""


@runtime_checkable
class Engine(Protocol):
    """Runs plans elsewhere; see :class:`DaskExecutor` and :class:`RayExecutor`."""

    name: str
    """As people know it."""

    def run_plan(
        self,
        tasks: Sequence[Task],
        shared: Mapping[str, Any],
        wanted: Collection[str],
        told: Callable[[Told], None],
        *,
        watched: bool,
    ) -> dict[str, Any]:
        """Run tasks, in an order that respects what needs what.

        Parameters
        ----------
        tasks : sequence of Task
            ``(n_tasks,)``, topological.
        shared : mapping of str to any
            Values of this side that tasks need, sent once.
        wanted : collection of str
            The tasks whose values come back.
        told : callable
            Is called in the calling thread, with what tasks tell; with ``done`` at least once for
            each task before this returns.
        watched : bool
            Whether anybody wants to know of steps while they run.

        Returns
        -------
        dict of str to any
            The values of the wanted tasks.

        Raises
        ------
        EngineError
            If the engine cannot be reached, or lost its workers again and again.
        Exception
            What the first failing task raised, as it travelled.
        KeyboardInterrupt
            After the work on the engine was cancelled.
        """
        ...

    def close(self) -> None:
        """Let go of the engine; a cluster that was started for it ends. May be called twice."""
        ...
