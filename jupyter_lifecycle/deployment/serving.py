"""Runs a deployer in the foreground of a process: logs, signals, exit status."""

from __future__ import annotations

import logging
import signal
import sys
from typing import TYPE_CHECKING

from jupyter_lifecycle.deployment.deployer import LOG, Deployer
from jupyter_lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path


def serve_registry(
    location: str | None, *, folder: Path | None = None, idle_seconds: float | None = None
) -> int:
    """Run a deployer until SIGTERM or SIGINT; its services go on.

    Parameters
    ----------
    location : str or None
        Of the registry; None is the user's own.
    folder : pathlib.Path, optional
        Where the deployer keeps things.
    idle_seconds : float, optional
        End by itself after so long without anything to keep.

    Returns
    -------
    int
        Exit status: 1 where it could not run, which is said on standard error.
    """
    from jupyter_lifecycle.registry import Registry

    _configure_log()
    with Registry(location) as registry:
        deployer = Deployer(registry, folder)
        for word in (signal.SIGTERM, signal.SIGINT):
            signal.signal(word, lambda *_: deployer.stop())
        try:
            with deployer:
                LOG.info("deployer of %s runs", registry.location)
                deployer.run(idle_seconds=idle_seconds)
        except LifecycleError as problem:
            LOG.error("%s", problem)
            deployer.ended()
            return 1
        LOG.info("deployer of %s ended", registry.location)
    return 0


def _configure_log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.handlers[:] = [handler]
    LOG.propagate = False
    LOG.setLevel(logging.INFO)
