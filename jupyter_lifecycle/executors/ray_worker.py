"""What runs in a Ray worker: a task's call, and the board where tasks tell their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Board:
    """An actor: keeps what tasks tell until the caller's side takes it."""

    def __init__(self) -> None:
        self._notes: list[tuple[str, Any]] = []

    def note(self, key: str, step: Any) -> None:
        """Keep what a task tells."""
        self._notes.append((key, step))

    def take(self) -> list[tuple[str, Any]]:
        """Give what was told since the last time."""
        notes, self._notes = self._notes, []
        return notes


def call(
    key: str, board: Any, function: Callable[..., Any], arguments: Sequence[Any], *values: Any
) -> tuple[Any, Any]:
    """Run a task; give its value, which stays here, and its facts.

    Parameters
    ----------
    key : str
    board : actor handle or None
    function : callable
        See :class:`Task`.
    arguments : sequence
    *values
        What the task needs.
    """

    def step(facts: Any) -> None:
        if board is not None:
            board.note.remote(key, facts)

    value, facts = function(step, *arguments, *values)
    return value, facts
