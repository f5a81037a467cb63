"""Watches a version after its switch, and rolls the endpoint back where too much of it fails."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.registry.records import served_before

if TYPE_CHECKING:
    from jupyter_lifecycle.deployment.memory import Memory
    from jupyter_lifecycle.deployment.process import ServiceProcess
    from jupyter_lifecycle.registry import Registry

LOG = logging.getLogger("jupyter_lifecycle.deployer")
_LOOK_SECONDS = 1.0


def too_many_fail(options: Options, requests: int, failed: int) -> bool:
    """Whether more of the requests fail than a rule lets pass.

    Parameters
    ----------
    options : Options
        ``rollback_errors`` is the share, ``rollback_requests`` how many there must be to tell.
    requests, failed : int
        Answers of ``/predict`` since the version serves, and those of them with a status from 500.
    """
    enough = requests >= options.rollback_requests
    return enough and failed > options.rollback_errors * requests


class Watch:
    """Looks at an endpoint's errors once a second for as long as its version is new.

    It remembers nothing that a deployer which is started again would need: when the version
    began to serve is in the memory, what served before is in the registry.

    Parameters
    ----------
    endpoint : str
        Its name.
    registry : Registry
        Is told to pin what served before.
    """

    def __init__(self, endpoint: str, registry: Registry) -> None:
        self._endpoint = endpoint
        self._registry = registry
        self._next = 0.0
        self._done = ""

    def is_due(self, memory: Memory) -> bool:
        """Whether it is time to look."""
        model = memory.model
        if model is None or model.deployment == self._done or time.monotonic() < self._next:
            return False
        options = Options.parse(model.options)
        return (
            options.rollback_errors < 1.0
            and time.time() - memory.changed < options.rollback_seconds
        )

    def look(self, process: ServiceProcess | None, memory: Memory) -> None:
        """Roll back where too many requests fail."""
        if process is None or memory.model is None or not self.is_due(memory):
            return
        self._next = time.monotonic() + _LOOK_SECONDS
        options = Options.parse(memory.model.options)
        requests, failed = process.counts(memory.model.envelope)
        if memory.serving == memory.model and too_many_fail(options, requests, failed):
            self._done = memory.model.deployment
            self._roll_back(memory, f"{failed} of {requests} requests failed after the switch")

    def _roll_back(self, memory: Memory, why: str) -> None:
        assert memory.model is not None
        record = self._registry.endpoint(self._endpoint)
        before = served_before(record, self._registry.deployments(self._endpoint, 100))
        if record.pin is not None or before is None:
            what = "it is pinned" if record.pin is not None else "nothing served before"
            LOG.warning("%s: %s; it is not rolled back: %s", self._endpoint, why, what)
            return
        LOG.warning("%s: %s; rolled back to %s", self._endpoint, why, before[:10])
        self._registry.update_deployment(
            memory.model.deployment,
            state="failed",
            reason=f"{why}, so the endpoint was rolled back: pinned to {before[:10]}. "
            f"jupyter lifecycle unpin {self._endpoint} lets the rule decide again.",
        )
        self._registry.pin(self._endpoint, before)
