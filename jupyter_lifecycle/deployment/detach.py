"""The deployer as a process of its own: started when it is needed, stopped when asked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import DeploymentError

if TYPE_CHECKING:
    from jupyter_lifecycle.deployment.place import Place
    from jupyter_lifecycle.registry import Registry

IDLE_SECONDS = 300.0
_START_SECONDS = 30.0
_STARTING_SECONDS = 10.0
_POSIX = os.name == "posix"


@dataclass(frozen=True, slots=True)
class Stopped:
    """What :func:`stop` ended."""

    deployer: bool
    services: int


def see_to_deployer(registry: Registry, *, wait: bool = False) -> bool:
    """See to it that a deployer runs for an embedded registry.

    Parameters
    ----------
    registry : Registry
        Its folder has the deployer's folder and log file.
    wait : bool
        Whether to wait until it runs; else one that was started a moment ago is believed.

    Returns
    -------
    bool
        Whether one was started; False where one runs already or the registry is a server, whose
        platform runs the deployer.

    Raises
    ------
    DeploymentError
        Where it does not start, if `wait`; has the last of its log. Where this is no Unix.
    """
    if not registry.is_local:
        return False
    if not _POSIX:
        raise DeploymentError(
            "The target local hands sockets from process to process, which needs Linux or macOS."
        )
    from jupyter_lifecycle.deployment.deployer import default_folder, running_deployer
    from jupyter_lifecycle.deployment.place import Place

    place = Place(default_folder(registry))
    if running_deployer(place.lock) is not None:
        return False
    started = not _is_starting(place)
    if started:
        module = "jupyter_lifecycle.deployment"
        command = [sys.executable, "-m", module, registry.location, "--idle", f"{IDLE_SECONDS:g}"]
        _spawn(command, place)
    deadline = time.monotonic() + _START_SECONDS
    while wait and not (found := running_deployer(place.lock)):
        gone = found is None and not place.starting.exists() and not running_deployer(place.lock)
        if gone and not started:
            return False
        if gone or time.monotonic() > deadline:
            from jupyter_lifecycle.deployment.process import tail

            said = " ".join(tail(place.log, 3))
            raise DeploymentError(f"The deployer did not start; its log {place.log} ends: {said}")
        time.sleep(0.02)
    return started


def _is_starting(place: Place) -> bool:
    try:
        return time.time() - place.starting.stat().st_mtime < _STARTING_SECONDS
    except FileNotFoundError:
        return False


def _spawn(command: list[str], place: Place) -> None:
    """Start a process that belongs to nobody here: a shell starts it in the background and ends."""
    place.make()
    place.starting.touch()
    with place.log.open("ab") as sink:
        subprocess.run(  # noqa: S603 - our own program
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            check=True,
        )


def stop(folder: Path, *, services: bool = True, seconds: float = 40.0) -> Stopped:
    """End the deployer of a folder, and what it keeps.

    Parameters
    ----------
    folder : pathlib.Path
        The deployer's folder.
    services : bool
        Whether its services end too; they finish what they have.
    seconds : float
        How long to wait.

    Raises
    ------
    DeploymentError
        Where the deployer does not end in time.
    """
    from jupyter_lifecycle.deployment.deployer import running_deployer
    from jupyter_lifecycle.deployment.place import Place

    place = Place(folder)
    deadline = time.monotonic() + seconds
    # One that was started a moment ago has no number yet; left alone now, it would come up later.
    while not (found := running_deployer(place.lock)) and time.monotonic() < deadline:
        if found is None and not _is_starting(place):
            break
        time.sleep(0.02)
    if found and isinstance(found.get("pid"), int):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(str(found["pid"])), signal.SIGTERM)
    while running_deployer(place.lock) is not None:
        if time.monotonic() > deadline:
            raise DeploymentError(f"The deployer in {folder} does not end; see {place.log}.")
        time.sleep(0.02)
    ended = _stop_services(place) if services else 0
    return Stopped(bool(found), ended)


def _stop_services(place: Place) -> int:
    from jupyter_lifecycle.deployment.memory import MemoryFile
    from jupyter_lifecycle.deployment.process import ServiceProcess
    from jupyter_lifecycle.deployment.switching import DRAIN_SECONDS

    processes = []
    for endpoint in place.endpoint_names():
        memory = MemoryFile(place.memory_of(endpoint)).memory
        for placed in (memory.serving, *memory.starting, *memory.leaving):
            if placed is None:
                continue
            adopted = ServiceProcess.adopt(Path(placed.control), Path(placed.folder))
            if adopted is not None and adopted[1]["endpoint"] == endpoint:
                adopted[0].drain(DRAIN_SECONDS)
                processes.append((adopted[0], placed == memory.serving))
    for process, _ in processes:
        process.ended(DRAIN_SECONDS + 5)
        process.kill()
    return sum(1 for _, served in processes if served)
