"""Putting views into a cell's output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython import display

if TYPE_CHECKING:
    from jupyter_lifecycle.widgets.cards import View


def show(thing: object) -> None:
    """Display a view or a widget under the cell that runs."""
    display.display(thing)  # type: ignore[no-untyped-call]


class Slot:
    """One place in a cell's output, drawn again and again."""

    def __init__(self) -> None:
        self._handle: Any = None

    def __call__(self, view: View) -> None:
        """Draw, in the place of what stood there."""
        if self._handle is None:
            self._handle = display.display(view, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(view)
