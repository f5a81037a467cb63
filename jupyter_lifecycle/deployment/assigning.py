"""Units of one experiment assigned in this process, and what they saw sent in the background."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.exposed import send_exposures
from jupyter_lifecycle.deployment.place import Place
from jupyter_lifecycle.deployment.service.exposing import ExposureLog
from jupyter_lifecycle.deployment.targeting import condition_of
from jupyter_lifecycle.deployment.whiteboard import Whiteboard
from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.experiments.deciding import Decider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.registry import Registry

_FRESH_SECONDS = 1.0
_SEND_SECONDS = 2.0
ASSIGNED = ".assigned"
"""Folder of exposures that no endpoint made; no endpoint is called so."""


class Assigner:
    """Assigns as the services do, from what the registry says, which is read once a second.

    Parameters
    ----------
    name : str
        Of the experiment.
    registry : Registry
        Has it, and gets its exposures.
    """

    def __init__(self, name: str, registry: Registry) -> None:
        self._name = name
        self._registry = registry
        self._lock = threading.Lock()
        self._decider: Decider | None = None
        self._unit = ""
        self._read_next = 0.0
        self._log: ExposureLog | None = None
        self._news = threading.Event()

    def assign(self, unit: Any, attributes: Mapping[str, Any], *, expose: bool) -> str | None:
        """Give the arm of a unit; it is written down before it is given."""
        decider = self._ready()
        for one in decider.decide({**attributes, self._unit: unit}):
            if one.experiment != self._name:
                continue
            if expose and self._opened().add(self._name, one.unit, one.arm) is None:
                return None
            self._news.set()
            return one.arm
        return None

    def forget(self) -> None:
        """Read the registry again at the next unit."""
        self._read_next = 0.0

    def flush(self) -> None:
        """Send what is on this machine.

        Raises
        ------
        RegistryError
            Where the registry does not take it.
        """
        send_exposures(self._registry, self._place().exposures)

    def _ready(self) -> Decider:
        with self._lock:
            if self._decider is None or time.monotonic() >= self._read_next:
                board = Whiteboard.read(self._registry)
                mine = board.experiment(self._name)
                layer = board.layer(mine.layer)
                self._unit = layer.unit
                self._decider = Decider(
                    [layer], [mine], holdouts=board.holdouts, compile_condition=condition_of
                )
                self._read_next = time.monotonic() + _FRESH_SECONDS
            return self._decider

    def _opened(self) -> ExposureLog:
        with self._lock:
            if self._log is None:
                self._log = ExposureLog(self._place().exposures / ASSIGNED)
                threading.Thread(target=self._send, name="exposures", daemon=True).start()
            return self._log

    def _send(self) -> None:
        pause = threading.Event()
        while self._news.wait():
            pause.wait(_SEND_SECONDS)
            self._news.clear()
            with contextlib.suppress(LifecycleError, OSError):  # on disk; sent the next time
                self.flush()

    def _place(self) -> Place:
        from jupyter_lifecycle.deployment.deployer import default_folder

        return Place(default_folder(self._registry))
