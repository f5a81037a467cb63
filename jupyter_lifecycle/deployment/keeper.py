"""Keeps one endpoint as it is wanted: adopts, deploys, switches, restarts, retires."""

from __future__ import annotations

import contextlib
import logging
import platform
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_lifecycle import __version__
from jupyter_lifecycle.deployment.attempt import Attempt
from jupyter_lifecycle.deployment.environment import Cancelled
from jupyter_lifecycle.deployment.holding import Holding
from jupyter_lifecycle.deployment.launch import Launcher
from jupyter_lifecycle.deployment.memory import MemoryFile, Placed
from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.deployment.process import ServiceProcess, open_public_socket, tail
from jupyter_lifecycle.deployment.replay import replay, smoke
from jupyter_lifecycle.deployment.watching import Watch
from jupyter_lifecycle.errors import LifecycleError, RegistryUnavailableError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from jupyter_lifecycle.deployment.place import Place
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import Rule, Want

LOG = logging.getLogger("jupyter_lifecycle.deployer")
DRAIN_SECONDS = 30.0
_HEIR_SECONDS = 2.0
_CALM_SECONDS = 60.0
_LONGEST_PAUSE = 60.0


class Keeper:
    """The one who changes what runs for an endpoint; one call at a time.

    Parameters
    ----------
    endpoint : str
        Its name.
    registry : Registry
        Says what is wanted and hears what is done.
    place : Place
        Where state, services and environments are kept.
    cancelled : callable
        Given what is being deployed, says whether something else is wanted by now.
    """

    def __init__(
        self,
        endpoint: str,
        registry: Registry,
        place: Place,
        cancelled: Callable[[Want, Options], bool],
    ) -> None:
        self.endpoint = endpoint
        self._registry = registry
        self._cancelled = cancelled
        self._launcher = Launcher(endpoint, registry, place)
        self._file = MemoryFile(place.memory_of(endpoint))
        self._holding = Holding(endpoint, registry)
        self._watch = Watch(endpoint, registry)
        self._public: socket.socket | None = None
        self._serving: ServiceProcess | None = None
        self._leaving: dict[str, tuple[Placed, ServiceProcess, float]] = {}
        self._recovered = False
        self._behind = False
        """Whether the registry does not know yet how things stand here."""
        self._deaths = 0
        self._not_before = 0.0

    # -- what the deployer asks

    def needs_care(self) -> bool:
        """Whether something has to be done though nothing new is wanted."""
        if not self._recovered:
            return True
        if any(not p.alive() or time.monotonic() > end for _, p, end in self._leaving.values()):
            return True
        lacks = time.monotonic() >= self._not_before and self._lacks() is not None
        return lacks or self._holding.is_over() or self._watch.is_due(self._file.memory)

    def keeps_something(self) -> bool:
        """Whether a process of this endpoint runs or should."""
        return bool(self._leaving) or self._file.memory.serving is not None

    def reconcile(self, want: Want | None, rule: Rule | None) -> None:
        """Make what runs what is wanted.

        Parameters
        ----------
        want, rule : Want, Rule or None
            None where the rule was removed: then the service is stopped.

        Raises
        ------
        RegistryUnavailableError
            Where the registry is away; what serves keeps serving.
        """
        try:
            self._reconcile(want, rule)
        except RegistryUnavailableError:
            self._behind = True
            raise

    def _reconcile(self, want: Want | None, rule: Rule | None) -> None:
        if not self._recovered:
            self._recover()
        if self._behind:
            self._settle_interrupted()
            self._behind = False
        self._reap()
        self._holding.clear()
        self._watch.look(self._serving, self._file.memory)
        if want is None or rule is None:
            self._stop("retired", "The rule was removed.")
        elif want.envelope is None:
            self._nothing_matches(rule)
        else:
            options = Options.parse(rule.options)
            if not self._is_settled(want, options) and not self._holding.holds(
                want, options, self._file.memory
            ):
                self._deploy(want, options)
        self._revive()

    def abandon(self) -> None:
        """Have everything end that runs here; nothing is written, there is nowhere to write to."""
        for process in [self._serving, *(p for _, p, _ in self._leaving.values())]:
            if process is not None:
                process.drain(DRAIN_SECONDS)

    def leave(self) -> None:
        """Let go of everything; the services go on by themselves."""
        for process in [self._serving, *(p for _, p, _ in self._leaving.values())]:
            if process is not None:
                process.leave()
        self._serving = None
        self._leaving = {}
        self._close_public()
        self._recovered = False

    # -- after a restart

    def _recover(self) -> None:
        """Find what an earlier deployer left: adopt what serves, end the rest."""
        memory = self._file.memory
        current = (memory.serving,) if memory.serving is not None else ()
        heir: tuple[Placed, ServiceProcess] | None = None
        for placed in (*memory.leaving, *current, *memory.starting):
            adopted = ServiceProcess.adopt(*self._launcher.paths(placed))
            if adopted is None or adopted[1]["endpoint"] != self.endpoint:
                memory = memory.forget(placed)
                continue
            process, status = adopted
            answers = status["public"] and not status["draining"]
            if not answers or placed in memory.leaving:
                self._send_off(placed, process)
                continue
            # A deployer that was killed while it switched may have left two: the later is wanted.
            if heir is not None:
                self._send_off(*heir)
            heir = placed, process
        if heir is not None:
            self._serving = heir[1]
            self._public = self._serving.public_socket()
            if heir[0] != memory.serving:
                memory = memory.switch(heir[0], *self._public.getsockname()[:2])
        self._file.write(memory)
        self._recovered = self._behind = True

    def _settle_interrupted(self) -> None:
        model = self._file.memory.model
        alive = self._serving is not None
        for deployment in self._registry.deployments(self.endpoint, 20):
            mine = model is not None and deployment.id == model.deployment
            if deployment.state == "running" and mine and alive:
                attempt = Attempt(self._registry, deployment)
                attempt.resume("the deployer was restarted just after the switch")
                attempt.serving()
            elif deployment.state == "running":
                self._registry.update_deployment(
                    deployment.id,
                    state="replaced",
                    reason="This was interrupted before it was done; it is tried again.",
                )
            elif deployment.state == "serving" and model is not None and not mine:
                self._registry.update_deployment(deployment.id, state="replaced")
        if alive and model is not None and self._file.memory.serving == model:
            self._report(serving=model.envelope, state="serving", failure="")

    # -- what is wanted

    def _is_settled(self, want: Want, options: Options) -> bool:
        memory = self._file.memory
        model = memory.model
        if (
            model is not None
            and model.envelope == want.envelope
            and Options.parse(model.options) == options
        ):
            if memory.failed:
                self._file.write(replace(memory, failed={}))
                self._report(failure="")
            return True
        return memory.failed == self._trial(want, options)

    def _trial(self, want: Want, options: Options) -> dict[str, object]:
        """Name what has to change before something that failed is tried again."""
        return {
            "envelope": want.envelope,
            "since": want.since.isoformat(),
            "rule_version": want.rule_version,
            "options": options.to_json(),
            "here": [__version__, platform.python_version(), sys.prefix],
        }

    def _nothing_matches(self, rule: Rule) -> None:
        memory = self._file.memory
        if memory.failed:
            self._file.write(replace(memory, failed={}))
        if rule.on_none == "keep" or (memory.model is None and memory.serving is None):
            return
        if memory.model is not None:
            self._registry.update_deployment(
                memory.model.deployment,
                state="retired",
                reason="Nothing matches the rule any more.",
            )
            self._file.write(replace(self._file.memory, model=None))
        if memory.serving is not None and not memory.serving.envelope and self._serving is not None:
            return
        self._show_closed("No envelope matches the rule of this endpoint; it was retired.")
        self._report(serving=None, state="retired", failure="")

    def _stop(self, state: str, reason: str) -> None:
        """End everything and give the address up."""
        before = self._file.memory
        if before.model is not None:
            self._registry.update_deployment(
                before.model.deployment, state="retired", reason=reason
            )
        if before.serving is not None and self._serving is not None:
            self._send_off(before.serving, self._serving)
            self._serving = None
        self._close_public()
        if before.serving is not None or before.model is not None:
            leaving = tuple(placed for placed, _, _ in self._leaving.values())
            self._file.write(replace(before, serving=None, model=None, leaving=leaving, failed={}))
            self._report(serving=None, state=state, failure="")

    # -- deploying

    def _deploy(self, want: Want, options: Options) -> None:
        assert want.envelope is not None
        LOG.info("%s: deploying %s", self.endpoint, want.envelope[:10])
        deployment = self._registry.start_deployment(
            self.endpoint, want.envelope, want.rule_version
        )
        attempt = Attempt(self._registry, deployment)
        try:
            self._run_steps(attempt, want, options)
        except Cancelled:
            attempt.given_up("Given up: something else is wanted by now, or the deployer ended.")
        except RegistryUnavailableError:
            raise
        except (LifecycleError, OSError) as problem:
            said = problem.message if isinstance(problem, LifecycleError) else str(problem)
            reason = attempt.struck(said)
            LOG.warning("%s: %s was not deployed: %s", self.endpoint, want.envelope[:10], reason)
            self._file.write(replace(self._file.memory, failed=self._trial(want, options)))
            attempt.failed(reason)

    def _run_steps(self, attempt: Attempt, want: Want, options: Options) -> None:
        assert want.envelope is not None

        def cancelled() -> bool:
            self._revive()  # what serves must not stay dead for as long as a build takes
            return self._cancelled(want, options)

        with attempt.step("decide") as step:
            step.began(want.since)
            step.fact = want.because
            bundle = self._launcher.bundle(want.envelope)
        with attempt.step("build") as step:
            interpreter = self._launcher.environment(bundle, options, attempt.say, cancelled)
            step.fact = interpreter.fact
        process: ServiceProcess | None = None
        placed: Placed | None = None
        try:
            with attempt.step("start") as step:
                placed, program = self._launcher.write(
                    bundle, options, interpreter, attempt.deployment.id
                )
                attempt.hidden = program.hidden
                self._file.write(self._file.memory.begin(placed))
                process = ServiceProcess.start(program)
                process.wait_ready(options.start_seconds, cancelled)
                step.fact = f"ready on port {process.port}"
            with attempt.step("replay") as step:
                step.fact = replay(bundle, process.port)
                if options.smoke:
                    step.fact += f", {smoke(options.smoke, process.port)}"
            with attempt.step("switch") as step:
                _go_on_unless(cancelled)
                step.fact = self._switch(placed, process, options)
        except BaseException:
            if process is not None and process is not self._serving:
                attempt.quote(tail(process.log, 60))
                process.kill()
            if placed is not None and self._file.memory.serving != placed:
                self._file.write(self._file.memory.forget(placed))
            raise
        attempt.serving()
        self._deaths = 0

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
            bundle = self._launcher.bundle(wanted.envelope)
            interpreter = self._launcher.environment(bundle, options)
            placed, program = self._launcher.write(bundle, options, interpreter, wanted.deployment)
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


def _go_on_unless(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled


def _address(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
