"""What runs in a Ray worker: a task's call, and the board where tasks tell and are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Plan(NamedTuple):
    """A plan as its tasks know it."""

    id: str
    board: Any
    """The handle of the :class:`Board`."""
    watched: bool
    """Whether tasks tell their steps."""


class StoppedError(Exception):
    """The plan of a task was given up before the task began; nobody asks for its answer."""


class Board:
    """An actor: keeps what tasks tell until the caller's side takes it, and which plans go on."""

    def __init__(self) -> None:
        self._notes: list[tuple[str, Any]] = []
        self._stopped: set[str] = set()

    def stop(self, plan: str) -> None:
        """Have no more tasks of a plan begin."""
        self._stopped.add(plan)

    def is_stopped(self, plan: str) -> bool:
        """Whether a plan was given up."""
        return plan in self._stopped

    def note(self, key: str, step: Any) -> None:
        """Keep what a task tells."""
        self._notes.append((key, step))

    def take(self) -> list[tuple[str, Any]]:
        """Give what was told since the last time."""
        notes, self._notes = self._notes, []
        return notes


def call(
    key: str,
    plan: Plan,
    function: Callable[..., Any],
    arguments: Sequence[Any],
    *values: Any,
) -> tuple[Any, Any]:
    """Run a task; give its value, which stays here, and its facts.

    Parameters
    ----------
    key : str
    plan : Plan
        What it belongs to.
    function : callable
        See :class:`Task`.
    arguments : sequence
    *values
        What the task needs.

    Raises
    ------
    StoppedError
        Its plan was given up meanwhile.
    """
    import ray

    if ray.get(plan.board.is_stopped.remote(plan.id)):
        raise StoppedError(key)

    def step(facts: Any) -> None:
        if plan.watched:
            plan.board.note.remote(key, facts)

    value, facts = function(step, *arguments, *values)
    return value, facts
