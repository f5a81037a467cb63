"""Keeps one endpoint as it is wanted: adopts, deploys, switches, restarts, retires."""

from __future__ import annotations

import platform
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle import __version__
from jupyter_lifecycle.deployment import canary
from jupyter_lifecycle.deployment.attempt import Attempt
from jupyter_lifecycle.deployment.company import Companion, Company, Crew, company_of
from jupyter_lifecycle.deployment.environment import Cancelled
from jupyter_lifecycle.deployment.holding import Holding
from jupyter_lifecycle.deployment.options import Options
from jupyter_lifecycle.deployment.process import ServiceProcess, tail
from jupyter_lifecycle.deployment.replay import replay, smoke
from jupyter_lifecycle.deployment.service.routes import Routes
from jupyter_lifecycle.deployment.switching import DRAIN_SECONDS, LOG, Switching
from jupyter_lifecycle.deployment.telling import told_of
from jupyter_lifecycle.deployment.watching import Watch
from jupyter_lifecycle.errors import DeploymentError, LifecycleError, RegistryUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.deployment.memory import Placed
    from jupyter_lifecycle.deployment.place import Place
    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import Rule, Want


class Keeper(Switching):
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
        super().__init__(endpoint, registry, place)
        self._cancelled = cancelled
        self._holding = Holding(endpoint, registry)
        self._watch = Watch(endpoint, registry)
        self._recovered = False
        self._canary_next = 0.0
        self._behind = False
        """Whether the registry does not know yet how things stand here."""

    # -- what the deployer asks

    def needs_care(self) -> bool:
        """Whether something has to be done though nothing new is wanted."""
        if not self._recovered:
            return True
        if any(not p.alive() or time.monotonic() > end for _, p, end in self._leaving.values()):
            return True
        lacks = time.monotonic() >= self._not_before and self._lacks() is not None
        tends = bool(self._file.memory.canary) and time.monotonic() >= self._canary_next
        waits = any(time.monotonic() >= until for _, until in self._refused.values())
        return (
            lacks
            or tends
            or waits
            or self._holding.is_over()
            or self._watch.is_due(self._file.memory)
        )

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
            if self._file.memory.canary:
                self._tend_canary(want, options)
            elif not self._is_settled(want, options) and not self._holding.holds(
                want, options, self._file.memory
            ):
                self._deploy(want, options)
        self._revive()
        if rule is not None:
            self._keep_company(Options.parse(rule.options))

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
        tried = self._file.memory.canary.get("deployment")
        for deployment in self._registry.deployments(self.endpoint, 20):
            if deployment.id == tried:
                continue
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
            self._file.write(
                replace(before, serving=None, model=None, leaving=leaving, failed={}, canary={})
            )
            self._report(serving=None, state=state, failure="")

    # -- deploying

    def _deploy(self, want: Want, options: Options, attempt: Attempt | None = None) -> None:
        assert want.envelope is not None
        LOG.info("%s: deploying %s", self.endpoint, want.envelope[:10])
        first = attempt is None and self._asks_canary(want, options)
        if attempt is None:
            deployment = self._registry.start_deployment(
                self.endpoint, want.envelope, want.rule_version
            )
            attempt = Attempt(self._registry, deployment)
        try:
            if first:
                self._begin_canary(attempt, want, options)
            else:
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

    def _stop_if_superseded(self, want: Want, options: Options) -> Callable[[], bool]:
        def cancelled() -> bool:
            self._revive()  # what serves must not stay dead for as long as a build takes
            return self._cancelled(want, options)

        return cancelled

    def _run_steps(self, attempt: Attempt, want: Want, options: Options) -> None:
        assert want.envelope is not None
        cancelled = self._stop_if_superseded(want, options)
        company = self._company(want.envelope, options)
        main = self._get(attempt, want, options, cancelled)
        others = self._others(company, want.envelope, options, attempt.say, cancelled)
        self._bring_up(attempt, Crew(main, others), options, company, cancelled)
        attempt.serving()
        self._deaths = 0

    def _get(
        self, attempt: Attempt, want: Want, options: Options, cancelled: Callable[[], bool]
    ) -> Companion:
        """Get the files of what is wanted, and what can run them."""
        assert want.envelope is not None
        with attempt.step("decide") as step:
            step.began(want.since)
            step.fact = want.because
            bundle = self._launcher.bundle(want.envelope)
        with attempt.step("build") as step:
            interpreter = self._launcher.environment(bundle, options, attempt.say, cancelled)
            step.fact = interpreter.fact
        return Companion(bundle, interpreter, alone=False)

    def _bring_up(
        self,
        attempt: Attempt,
        crew: Crew,
        options: Options,
        company: Company,
        cancelled: Callable[[], bool],
    ) -> None:
        """Start a process, try it, and have it take over."""
        placed: Placed | None = None
        process: ServiceProcess | None = None
        try:
            with attempt.step("start") as step:
                placed, program = self._launcher.write(
                    crew, options, attempt.deployment.id, company.routes
                )
                attempt.hidden = program.hidden
                self._file.write(self._file.memory.begin(placed))
                process = ServiceProcess.start(program)
                process.wait_ready(options.start_seconds, cancelled)
                step.fact = f"ready on port {process.port}"
            with attempt.step("replay") as step:
                step.fact = replay(crew.main.bundle, process.port)
                if options.smoke:
                    step.fact += f", {smoke(options.smoke, process.port, crew.main.bundle.id)}"
                self._try_others(crew, process)
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

    # -- beside what is wanted

    def _company(self, main: str, options: Options) -> Company:
        """Say who is to answer beside the main envelope now."""
        told = told_of(self.endpoint, self._registry)
        company = company_of(self.endpoint, main, options, self._registry, told)
        tried = self._file.memory.canary.get("envelope")
        if tried is not None and tried != main:
            company = company.with_canary(tried, options.canary)
        return company.without(self._refused_now())

    def _try_others(self, crew: Crew, process: ServiceProcess) -> None:
        """Replay the examples of those beside; who fails is done without."""
        for one in crew.others:
            try:
                replay(one.bundle, process.port)
            except DeploymentError as problem:
                self._refuse(one.bundle.id, problem.message)

    def _keep_company(self, options: Options) -> None:
        """Spread requests as is wanted now; where others are to answer, have them brought up."""
        memory = self._file.memory
        model = memory.model
        if model is None or memory.serving != model or self._serving is None:
            return
        company = self._company(model.envelope, options)
        folder = Path(model.folder)
        if company.routes != Routes.read(folder):
            self._serving.follow(folder, company.routes)
        if company.beside(model.envelope) != model.beside:
            self._change_company(model, company)
        for one in set(self._refused) - self._refused_now():
            del self._refused[one]  # its time is over, and it answers or is not wanted

    def _change_company(self, model: Placed, company: Company) -> None:
        """Have a process with other companions take over; the main envelope stays."""
        LOG.info("%s: %d envelopes beside", self.endpoint, len(company.beside(model.envelope)))
        options = Options.parse(model.options)
        try:
            (main,) = self._launcher.companions([model.envelope], (), options)
            crew = Crew(main, self._others(company, model.envelope, options))
            company = company.without(self._refused_now())
            self._hand_over(crew, options, model.deployment, company)
        except RegistryUnavailableError:
            raise
        except (LifecycleError, OSError) as problem:
            for one in set(company.beside(model.envelope)) - set(model.beside):
                self._refuse(one, str(problem))

    def _hand_over(self, crew: Crew, options: Options, deployment: str, company: Company) -> None:
        """Start, try and switch, without a deployment of its own."""
        placed, program = self._launcher.write(crew, options, deployment, company.routes)
        self._file.write(self._file.memory.begin(placed))
        process = ServiceProcess.start(program)
        try:
            process.wait_ready(options.start_seconds, lambda: False)
            replay(crew.main.bundle, process.port)
            self._try_others(crew, process)
            process.follow(Path(placed.folder), company.without(self._refused_now()).routes)
            self._switch(placed, process, options)
        except BaseException:
            if process is not self._serving:
                process.kill()
                self._file.write(self._file.memory.forget(placed))
            raise

    # -- a share first

    def _asks_canary(self, want: Want, options: Options) -> bool:
        """Whether what is wanted answers a share first; a pin does not wait."""
        memory = self._file.memory
        another = memory.model is not None and memory.model.envelope != want.envelope
        serves = self._serving is not None and memory.serving == memory.model
        if not options.canary or not another or not serves:
            return False
        return self._registry.endpoint(self.endpoint).pin is None

    def _begin_canary(self, attempt: Attempt, want: Want, options: Options) -> None:
        """Have a process with both versions take over, which sends the new one its share."""
        assert want.envelope is not None
        model = self._file.memory.model
        assert model is not None
        cancelled = self._stop_if_superseded(want, options)
        new = self._get(attempt, want, options, cancelled)
        before = Options.parse(model.options)
        company = self._company(model.envelope, options)
        company = company.with_canary(want.envelope, options.canary)
        (main,) = self._launcher.companions([model.envelope], (), before)
        others = (*self._others(company.without({want.envelope}), model.envelope, before), new)
        with attempt.step("start") as step:
            tried = {
                "envelope": want.envelope,
                "deployment": attempt.deployment.id,
                "since": time.time(),
                "options": options.to_json(),
            }
            ordered = tuple(sorted(others, key=lambda one: one.bundle.id))
            self._refused.pop(want.envelope, None)
            self._hand_over(Crew(main, ordered), before, model.deployment, company)
            step.fact = f"beside {model.envelope[:10]}"
        with attempt.step("replay") as step:
            if want.envelope in self._refused:
                raise DeploymentError(
                    f"{want.envelope[:10]} did not pass its replay, so it answers nothing."
                )
            step.fact = "equal"
        self._file.write(replace(self._file.memory, canary=tried))
        attempt.stand("switch", f"canary {options.canary:.0%}")

    def _tend_canary(self, want: Want, options: Options) -> None:
        """Promote a canary, give it up, or let it go on."""
        memory = self._file.memory
        tried, model = memory.canary, memory.model
        known = {one.id: one for one in self._registry.deployments(self.endpoint, 100)}
        attempt = Attempt(self._registry, known[tried["deployment"]])
        attempt.take_up()
        if want.envelope != tried["envelope"] or options.to_json() != tried["options"]:
            self._file.write(replace(memory, canary={}))
            attempt.given_up("Given up: something else is wanted by now.")
            return
        self._canary_next = time.monotonic() + canary.LOOK_SECONDS
        if model is None or self._serving is None or memory.serving != model:
            return
        pair = model.envelope, str(tried["envelope"])
        counts = self._serving.by_envelope()
        verdict, fact = canary.judge(options, counts, pair, float(tried["since"]))
        if verdict == "wait":
            attempt.stand("switch", f"canary {fact}")
            return
        attempt.say(f"canary: {fact}")
        if verdict == "promote":
            self._file.write(replace(memory, canary={}))
            self._deploy(want, options, attempt)
            return
        self._file.write(replace(memory, canary={}, failed=self._trial(want, options)))
        LOG.warning("%s: %s was rolled back: %s", self.endpoint, pair[1][:10], fact)
        attempt.failed(f"{fact}, so {pair[0][:10]} answers everything again.")


def _go_on_unless(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled
