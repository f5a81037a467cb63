"""The processes of one endpoint: one takes over from another, one that died is started again."""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle.deployment.company import Company, Crew
from jupyter_lifecycle.deployment.launch import Launcher
from jupyter_lifecycle.deployment.memory import MemoryFile
from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.deployment.process import ServiceProcess, open_public_socket
from jupyter_lifecycle.deployment.service.routes import Routes
from jupyter_lifecycle.errors import LifecycleError, RegistryUnavailableError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from jupyter_lifecycle.deployment.company import Companion
    from jupyter_lifecycle.deployment.memory import Placed
    from jupyter_lifecycle.deployment.place import Place
    from jupyter_lifecycle.registry import Registry

LOG = logging.getLogger("jupyter_lifecycle.deployer")
DRAIN_SECONDS = 30.0
_HEIR_SECONDS = 2.0
_CALM_SECONDS = 60.0
_LONGEST_PAUSE = 60.0
_REFUSAL = 10.0
_LONGEST_REFUSAL = 600.0


class Switching:
    """Who has the address of an endpoint, who leaves, and what is done where nobody answers.

    Parameters
    ----------
    endpoint : str
        Its name.
    registry : Registry
        Hears what is done.
    place : Place
        Where state, services and environments are kept.
    """

    def __init__(self, endpoint: str, registry: Registry, place: Place) -> None:
        self.endpoint = endpoint
        self._registry = registry
        self._launcher = Launcher(endpoint, registry, place)
        self._file = MemoryFile(place.memory_of(endpoint))
        self._public: socket.socket | None = None
        self._serving: ServiceProcess | None = None
        self._leaving: dict[str, tuple[Placed, ServiceProcess, float]] = {}
        self._deaths = 0
        self._not_before = 0.0
        self._refused: dict[str, tuple[int, float]] = {}
        """What could not answer beside the main envelope: how often, and until when it waits."""

    def _switch(self, placed: Placed, process: ServiceProcess, options: Options) -> str:
        """Have a process answer at the endpoint's address, then let the one before finish."""
        public = self._open_public(options)
        process.listen(public)
        memory = self._file.memory
        before, old = memory.serving, self._serving
        host, port = public.getsockname()[:2]
        after = memory.switch(placed, host, port)
        self._file.write(after if old is not None or before is None else after.forget(before))
        self._serving = process
        if before is not None and old is not None:
            self._send_off(before, old, heir_seconds=_HEIR_SECONDS)
            old.give_connections_to(process)
        if placed.envelope:
            self._report(
                address=_address(host, port), serving=placed.envelope, state="serving", failure=""
            )
        if placed.envelope and memory.model is not None and memory.model != placed:
            self._replaced(memory.model, placed)
        return f"{_address(host, port)}, none refused"

    def _replaced(self, before: Placed, by: Placed) -> None:
        known = {one.id: one.state for one in self._registry.deployments(self.endpoint, 20)}
        # One that was rolled back says so, and not only that another took over.
        if before.deployment != by.deployment and known.get(before.deployment) != "failed":
            self._registry.update_deployment(
                before.deployment, state="replaced", reason=f"{by.envelope[:10]} took over."
            )

    def _open_public(self, options: Options) -> socket.socket:
        memory = self._file.memory
        moved = options.port not in (0, memory.port) or (
            memory.host and options.host != memory.host
        )
        if moved or self._public is None:
            port = options.port or (0 if moved else memory.port or self._known_port())
            opened = open_public_socket(options.host, port)
            self._close_public()
            self._public = opened
        return self._public

    def _known_port(self) -> int:
        """Ask the registry for the port, for where this machine's own memory was lost."""
        address = self._registry.endpoint(self.endpoint).address
        with contextlib.suppress(ValueError):
            return int((address or "").rpartition(":")[2])
        return 0

    # -- keeping alive

    def _lacks(self) -> Placed | None:
        """Name what should answer and does not; None where all is well."""
        memory = self._file.memory
        wanted = memory.model if memory.model is not None else memory.serving
        alive = self._serving is not None and self._serving.alive()
        return None if alive and memory.serving == wanted else wanted

    def _revive(self) -> None:
        """Start what serves again where it died; longer pauses where it keeps dying."""
        wanted = self._lacks()
        if wanted is None or time.monotonic() < self._not_before:
            return
        how = ""
        if self._serving is not None and not self._serving.alive():
            how = self._serving.ending()
            if time.monotonic() - self._serving.started > _CALM_SECONDS:
                self._deaths = 0
            self._serving.leave()
            self._serving = None
        if not wanted.envelope:
            self._show_closed(wanted.reason)
            return
        self._restart(wanted, how)

    def _restart(self, wanted: Placed, how: str) -> None:
        failure = f"The service of {wanted.envelope[:10]} ended{f' ({how})' if how else ''}"
        LOG.warning("%s: %s; it is started again", self.endpoint, failure)
        pause = min(_LONGEST_PAUSE, 0.5 * 2**self._deaths) if self._deaths else 0.0
        self._deaths += 1
        options = Options.parse(wanted.options)
        if pause and how:  # it died soon after it was started: say so at its address meanwhile
            self._report(state="down", failure=f"{failure}; it is started again in {pause:g} s.")
            self._show_closed(f"{failure}; it is started again.")
            self._not_before = time.monotonic() + pause
            return
        self._report(state="down", failure=f"{failure}; it is started again.")
        process: ServiceProcess | None = None
        placed: Placed | None = None
        try:
            (main,) = self._launcher.companions([wanted.envelope], (), options)
            before = Routes.read(Path(wanted.folder))
            company = Company(before, wanted.beside)
            crew = Crew(main, self._others(company, wanted.envelope, options))
            placed, program = self._launcher.write(crew, options, wanted.deployment, before)
            self._file.write(self._file.memory.begin(placed))
            process = ServiceProcess.start(program)
            process.wait_ready(options.start_seconds, lambda: False)
            self._switch(placed, process, options)
            self._not_before = 0.0
        except (LifecycleError, OSError) as problem:
            if isinstance(problem, RegistryUnavailableError):
                raise
            if process is not None and process is not self._serving:
                process.kill()
            if placed is not None and self._file.memory.serving != placed:
                self._file.write(self._file.memory.forget(placed))
            self._not_before = time.monotonic() + min(_LONGEST_PAUSE, 0.5 * 2**self._deaths)
            self._report(state="down", failure=f"{failure}; it did not start again: {problem}")
            if self._serving is None:
                self._show_closed(f"{failure}; it did not start again.")

    def _others(
        self,
        company: Company,
        main: str,
        options: Options,
        say: Callable[[str], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Companion, ...]:
        """Get what is to answer beside the main envelope; who cannot be had is done without."""
        found: list[Companion] = []
        for envelope in company.beside(main):
            try:
                found += self._launcher.companions(
                    [envelope], company.alone(), options, say, cancelled
                )
            except RegistryUnavailableError:
                raise
            except LifecycleError as problem:
                self._refuse(envelope, problem.message)
        return tuple(found)

    def _refuse(self, envelope: str, reason: str) -> None:
        """Go on without an envelope beside the main one, for a while."""
        tries, _ = self._refused.get(envelope, (0, 0.0))
        pause = min(_LONGEST_REFUSAL, _REFUSAL * 2**tries)
        self._refused[envelope] = (tries + 1, time.monotonic() + pause)
        said = f"{envelope[:10]} does not answer beside: {reason}"
        LOG.warning("%s: %s", self.endpoint, said)
        self._report(failure=f"{said} Tried again in {pause:g} s.")

    def _refused_now(self) -> set[str]:
        """Envelopes that are done without now."""
        now = time.monotonic()
        return {one for one, (_, until) in self._refused.items() if now < until}

    def _show_closed(self, reason: str) -> None:
        """Answer 503 with a reason at the endpoint's address."""
        options = Options.parse(self._closed_options())
        placed, program = self._launcher.write_closed(reason, options)
        self._file.write(self._file.memory.begin(placed))
        process = ServiceProcess.start(program)
        try:
            process.wait_ready(options.start_seconds, lambda: False)
            self._switch(placed, process, options)
        except BaseException:
            if process is not self._serving:
                process.kill()
            raise

    def _closed_options(self) -> dict[str, object]:
        memory = self._file.memory
        before = memory.serving or memory.model
        return dict(before.options) if before is not None else {}

    # -- small things

    def _send_off(
        self, placed: Placed, process: ServiceProcess, *, heir_seconds: float = 0.0
    ) -> None:
        process.drain(DRAIN_SECONDS, heir_seconds=heir_seconds)
        self._leaving[placed.control] = (placed, process, time.monotonic() + DRAIN_SECONDS + 5)

    def _reap(self) -> None:
        for placed, process, end in list(self._leaving.values()):
            if process.alive() and time.monotonic() <= end:
                continue
            process.kill()
            del self._leaving[placed.control]
            self._file.write(self._file.memory.forget(placed))

    def _close_public(self) -> None:
        if self._public is not None:
            self._public.close()
            self._public = None

    def _report(self, **values: object) -> None:
        self._registry.set_endpoint(self.endpoint, **values)  # type: ignore[arg-type]


def _address(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
