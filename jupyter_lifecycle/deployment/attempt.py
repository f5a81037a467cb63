"""The record of one deployment while it runs: each step's state, seconds and fact, and the log."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jupyter_lifecycle.registry.records import STEPS, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.registry.records import Deployment, StepName

_LINES = 400


class RunningStep:
    """A step that runs; its ``fact`` is what people read when it's done."""

    def __init__(self) -> None:
        self.fact = ""
        self.started = time.monotonic()

    def began(self, moment: datetime) -> None:
        """Count its seconds from an earlier moment."""
        self.started -= max(0.0, (datetime.now(UTC) - moment).total_seconds())

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.started


class Attempt:
    """Writes one deployment into the registry, step by step.

    Parameters
    ----------
    registry : Registry
    deployment : Deployment
        As :meth:`Registry.start_deployment` gave it.
    """

    def __init__(self, registry: Registry, deployment: Deployment) -> None:
        self._registry = registry
        self.deployment = deployment
        self._steps = {name: Step(name) for name in STEPS}
        self._log: list[str] = []
        self.hidden: tuple[str, ...] = ()
        """Secrets of the service, struck out of all that is recorded."""

    def struck(self, text: str) -> str:
        """Give a text without the service's secrets."""
        for secret in sorted(self.hidden, key=len, reverse=True):
            text = text.replace(secret, "…")
        return text

    def say(self, line: str) -> None:
        """Add a line to the deployment's log."""
        moment = datetime.now(UTC).strftime("%H:%M:%S.%f")[:-5]
        self._log.append(f"{moment} {self.struck(line)}")

    def quote(self, lines: Iterable[str]) -> None:
        """Add lines that another program wrote."""
        self._log += [self.struck(line) for line in lines]

    @contextlib.contextmanager
    def step(self, name: StepName) -> Iterator[RunningStep]:
        """One step: running inside, done after, failed where it raises."""
        running = RunningStep()
        self._steps[name] = Step(name, "running")
        self._write()
        try:
            yield running
        except BaseException as problem:
            running.fact = running.fact or getattr(problem, "detail", {}).get("fact", "")
            self._end(name, running, "failed")
            raise
        self._end(name, running, "done")
        self.say(f"{name}: {running.fact}")

    def resume(self, fact: str) -> None:
        """Go on with a deployment whose switch was made by a deployer that was killed then."""
        self._steps = {step.name: replace(step, state="done") for step in self.deployment.steps}
        switch = self._steps["switch"]
        self._steps["switch"] = replace(switch, fact=switch.fact or fact)
        self._log = list(self.deployment.log)

    def take_up(self) -> None:
        """Go on with a deployment where it stands."""
        self._steps = {step.name: step for step in self.deployment.steps}
        self._log = list(self.deployment.log)

    def stand(self, name: StepName, fact: str) -> None:
        """Say how a step goes that takes long."""
        if self._steps[name] != Step(name, "running", fact=fact):
            self._steps[name] = Step(name, "running", fact=fact)
            self._write()

    def serving(self) -> None:
        """All steps are done and the version serves."""
        self._registry.update_deployment(
            self.deployment.id, state="serving", steps=self.steps, log=self._log[-_LINES:]
        )

    def failed(self, reason: str) -> None:
        """Record that it ended without a switch; the version before keeps serving."""
        self.say(reason)
        self._registry.update_deployment(
            self.deployment.id,
            state="failed",
            steps=self.steps,
            reason=reason,
            log=self._log[-_LINES:],
        )

    def given_up(self, reason: str) -> None:
        """Record that it ended because something else is wanted."""
        self.say(reason)
        self._registry.update_deployment(
            self.deployment.id,
            state="replaced",
            steps=self.steps,
            reason=reason,
            log=self._log[-_LINES:],
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps as they stand."""
        return tuple(self._steps[name] for name in STEPS)

    def _end(self, name: StepName, running: RunningStep, state: str) -> None:
        seconds = round(running.seconds, 4)
        done = replace(self._steps[name], seconds=seconds, fact=running.fact)
        self._steps[name] = replace(done, state=state)  # type: ignore[arg-type]

    def _write(self) -> None:
        self._registry.update_deployment(self.deployment.id, steps=self.steps, log=self._log)
