"""One save that runs: its steps as they come, and the way to stop it between them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.save_views import DoneStep

if TYPE_CHECKING:
    from collections.abc import Callable


class SaveStoppedError(Exception):
    """The person stopped the save before it was stored: a signal within the panel only."""


@dataclass
class SaveRun:
    """Collects what ``save`` reports through its ``progress``.

    Parameters
    ----------
    changed : callable
        Called after each step.
    clock : callable
        Seconds, for the time of the whole.
    """

    changed: Callable[[], None]
    clock: Callable[[], float] = time.perf_counter
    steps: list[DoneStep] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _began: float = 0.0

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return self.clock() - self._began

    def progress(self, step: str, seconds: float, fact: str) -> None:
        """Take one step that is done.

        Raises
        ------
        SaveStoppedError
            Where the person asked for it meanwhile.
        """
        stored = step == "store"
        title = "Stored and committed" if stored else step
        told = "" if stored and fact.startswith("as ") else fact
        self.steps.append(DoneStep(title, "done", told, seconds or None))
        self.changed()
        if self._stop.is_set() and not stored:
            raise SaveStoppedError

    def stop(self) -> None:
        """Stop before the next step."""
        self._stop.set()
