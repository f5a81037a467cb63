"""An experiment in the hand: plan it, start it, ramp it, read it, ship the winner."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_lifecycle.deployment.arms import arms_of, pinned
from jupyter_lifecycle.deployment.assigning import Assigner
from jupyter_lifecycle.deployment.rules import registry_of
from jupyter_lifecycle.deployment.service.trials import sign
from jupyter_lifecycle.deployment.targeting import tree_of
from jupyter_lifecycle.deployment.whiteboard import Whiteboard, change, remove
from jupyter_lifecycle.errors import EndpointError, ExperimentError, NotFoundError, RunningError
from jupyter_lifecycle.experiments import running
from jupyter_lifecycle.experiments.layers import Arm, Experiment, new_seed
from jupyter_lifecycle.experiments.metrics import Metric
from jupyter_lifecycle.experiments.slots import allocate

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from jupyter_lifecycle.deployment.frozen import Report
    from jupyter_lifecycle.deployment.planned import ExperimentPreview
    from jupyter_lifecycle.registry import Registry

_DAY = 86_400.0


class ExperimentHandle:
    """One experiment of a registry.

    Parameters
    ----------
    name : str
        Its name.
    registry : Registry
        Where it is.
    """

    def __init__(self, name: str, registry: Registry) -> None:
        self.name = name
        self.registry = registry
        self._assigner = Assigner(name, registry)

    def __repr__(self) -> str:
        found = self.value
        arms = ", ".join(
            f"{arm.name} {arm.envelope[:10] if arm.envelope else arm.query or dict(arm.values)}"
            for arm in found.arms
        )
        where = f" on {found.endpoint}" if found.endpoint else ""
        return f"<Experiment {found.name} {found.status} {found.share:.2%}{where}: {arms}>"

    @property
    def value(self) -> Experiment:
        """As it is now.

        Raises
        ------
        NotFoundError
            There is none of this name.
        """
        return Whiteboard.read(self.registry).experiment(self.name)

    # -- before

    def preview(self) -> ExperimentPreview:
        """Say what starting it would do, and what it can find; nothing is written.

        Raises
        ------
        NotFoundError
            An arm's query finds nothing.
        """
        from jupyter_lifecycle.deployment.planned import preview_of

        return preview_of(self.value, self.registry)

    def start(self) -> ExperimentHandle:
        """Pin the arms and start.

        Raises
        ------
        ExperimentError
            It runs or ended already, or an arm cannot serve the endpoint's clients.
        OverlapError
            Slots, or what it decides, belong to another experiment.
        """
        from jupyter_lifecycle.deployment.detach import see_to_deployer

        ready = pinned(self.value, self.registry)

        def work_out(board: Whiteboard) -> list[Experiment]:
            now = board.experiment(self.name)
            mine = replace(now, arms=ready.arms) if now.status == "draft" else now
            return [running.start(mine, board.layer(mine.layer), board.others(self.name))]

        change(self.registry, work_out)
        if ready.endpoint is not None:
            see_to_deployer(self.registry)
        return self

    def discard(self) -> None:
        """Remove a draft; its slots become free.

        Raises
        ------
        RunningError
            It was started: then it is stopped, and stays.
        """
        if self.value.status != "draft":
            raise RunningError(
                f"Experiment {self.name!r} was started, so it is kept. .stop() ends it.",
                experiment=self.name,
            )
        remove(self.registry, "experiment", self.name)

    def wait(self, timeout: float = 300.0) -> ExperimentHandle:
        """Wait until its endpoint answers with all of its arms.

        Raises
        ------
        EndpointError
            It does not in time; says what the endpoint says.
        """
        from jupyter_lifecycle.deployment.client import endpoint

        found, pause = self.value, threading.Event()
        if found.endpoint is None or found.status != "running":
            return self
        asked = endpoint(found.endpoint, registry=self.registry).wait(timeout)
        deadline = time.monotonic() + timeout
        lacking = {str(arm.envelope) for arm in found.arms}
        while lacking:
            lacking = {one for one in lacking if not asked.answers_with(one)}
            if lacking and time.monotonic() > deadline:
                said = asked.record.failure
                raise EndpointError(
                    f"{found.endpoint} does not answer with {', '.join(x[:10] for x in lacking)} "
                    f"after {timeout:g} s. {said}".strip(),
                    endpoint=found.endpoint,
                )
            if lacking:
                pause.wait(0.1)
        return self

    # -- while it runs

    def assign(
        self, unit: Any, attributes: Mapping[str, Any] | None = None, *, expose: bool = True
    ) -> str | None:
        """Give the arm of a unit, and write down that it saw it.

        Parameters
        ----------
        unit : str or int
            Who or what is assigned.
        attributes : Mapping, optional
            What targeting asks for.
        expose : bool
            Whether it counts as seen; False to look only.

        Returns
        -------
        str or None
            None where the unit is not in the experiment, or what it sees could not be kept.

        Raises
        ------
        AssignmentError
            A unit of a type that languages write differently.
        """
        return self._assigner.assign(unit, attributes or {}, expose=expose)

    def ramp(self, share: float) -> ExperimentHandle:
        """Change the share of all units that it exposes; who stays in stays in the same arm.

        Raises
        ------
        OverlapError
            There are not as many free slots; the message names who has them.
        ExperimentError
            It does not run.
        """

        def work_out(board: Whiteboard) -> list[Experiment]:
            now = board.experiment(self.name)
            return [running.ramp(now, board.layer(now.layer), board.others(self.name), share)]

        change(self.registry, work_out)
        self._assigner.forget()
        return self

    def stop(self) -> ExperimentHandle:
        """End it; its slots become free, and everybody gets what the rule says.

        Raises
        ------
        ExperimentError
            It does not run.
        """
        change(self.registry, lambda board: [running.stop(board.experiment(self.name))])
        self._assigner.forget()
        return self

    def forced(self, arm: str, *, seconds: float = 3600.0) -> dict[str, str]:
        """Give the headers that put a request into an arm, for testing; it is no exposure.

        Parameters
        ----------
        arm : str
            Its name.
        seconds : float
            How long they are good, at most a day.

        Raises
        ------
        ExperimentError
            There is no such arm, or a day is not enough.
        """
        self.value.arm(arm)
        if not 0 < seconds <= _DAY:
            raise ExperimentError(f"A forced arm is good for up to a day, not {seconds:g} s.")
        said = f"{quote(self.name)}={quote(arm)};{int(time.time() + seconds)}"
        return {"X-Forced-Arm": f"{said};{sign(self.registry.experiment_key(self.name), said)}"}

    # -- what came of it

    def exposures(self) -> pa.Table:
        """Give who saw which arm first, and when.

        Returns
        -------
        pyarrow.Table
            ``unit``, ``arm`` and ``at`` (UTC), a row a unit and arm: a unit that was seen in two
            arms has two.
        """
        from jupyter_lifecycle.deployment.frozen import exposures_of

        self._assigner.flush()
        return exposures_of(self.name, self.registry)

    def results(self, outcomes: Any, **options: Any) -> Any:
        """Analyse what came of it.

        Parameters
        ----------
        outcomes : DataFrame, pyarrow.Table or path
            A row or more a unit: the unit in a column that is called as the layer's unit, and the
            metrics' columns.
        **options
            As :func:`jupyter_lifecycle.analyse` takes them.

        Returns
        -------
        Results
            Estimates with intervals; hidden where the sample ratio does not hold.
        """
        from jupyter_lifecycle.deployment.frozen import analysed

        self._assigner.flush()
        return analysed(self.name, self.registry, outcomes, options)

    def report(self, outcomes: Any = None, **options: Any) -> Report:
        """Freeze what came of it in the registry: what was asked, who saw what, the numbers.

        Raises
        ------
        ExperimentError
            It runs still, so that the numbers may change.
        """
        from jupyter_lifecycle.deployment.frozen import freeze

        if self.value.status != "stopped":
            raise ExperimentError(
                f"Experiment {self.name!r} is {self.value.status}: a report is of one that ended. "
                ".stop() ends it.",
                experiment=self.name,
            )
        self._assigner.flush()
        return freeze(self.name, self.registry, outcomes, options)

    def ship(
        self, arm: str, tags: Mapping[str, str], outcomes: Any = None, **options: Any
    ) -> Report:
        """Decide: tag an arm's envelope, end the experiment, freeze its report. Rules do the rest.

        Done again after a crash it goes on where it was.

        Parameters
        ----------
        arm : str
            The winner's name.
        tags : Mapping[str, str]
            What the endpoint's rule asks for, such as ``{"approved": "yes"}``.
        outcomes, **options
            As for :meth:`results`; what they give is in the report.

        Raises
        ------
        ExperimentError
            The arm is no envelope, or the experiment was never started.
        """
        from jupyter_lifecycle.deployment.frozen import freeze

        found = self.value
        winner = found.arm(arm)
        if winner.envelope is None or found.status == "draft":
            raise ExperimentError(
                f"Arm {arm!r} of experiment {self.name!r} has no pinned envelope to tag: "
                f"{'it was never started' if found.status == 'draft' else 'it sets values only'}.",
                experiment=self.name,
                arm=arm,
            )
        self._assigner.flush()
        if found.status == "running":
            self.stop()
        self.registry.tag(winner.envelope, {**tags, "shipped_by": self.name[:200]})
        return freeze(self.name, self.registry, outcomes, options, shipped=(arm, dict(tags)))


def experiment(  # noqa: PLR0913 - the parts of a plan, all by name
    name: str,
    *,
    layer: str | Any = None,
    endpoint: str | None = None,
    arms: Mapping[str, Any] | None = None,
    share: float = 0.2,
    metrics: Sequence[Metric | str] = (),
    weights: Mapping[str, float] | None = None,
    targeting: str | None = None,
    description: str = "",
    registry: Registry | str | os.PathLike[str] | None = None,
) -> ExperimentHandle:
    """Plan an experiment, or give the one that is there.

    A plan takes its slots, so that nobody else does, and exposes nobody before :meth:`start`.

    Parameters
    ----------
    name : str
        Unique among all experiments, also those that ended.
    layer : str or LayerHandle, optional
        The layer whose slots it takes; needed for a new one.
    endpoint : str, optional
        Whose envelopes the arms are.
    arms : Mapping, optional
        By name: a query or an id, which is resolved and pinned at the start, an envelope, or a dict
        of values for parameters. Needed for a new one.
    share : float
        The part of all units that it exposes.
    metrics : sequence of Metric or str
        What it is judged by; the first of the names alone is the primary one.
    weights : Mapping, optional
        The arms' parts; equal where not given.
    targeting : str, optional
        Who is meant: the registry's query language over the request's attributes.
    description : str
        Why it is made.
    registry : Registry, str or path, optional
        None is the user's own.

    Raises
    ------
    NotFoundError
        There is no such layer, or nothing was given and there is no such experiment.
    OverlapError
        Slots are taken, or another layer's experiment decides the same; with both names.
    RunningError
        It runs, and arms, weights, targeting or so would change.
    QueryError
        The targeting does not parse.
    """
    where = registry_of(registry)
    if arms is None:
        Whiteboard.read(where).experiment(name)
        return ExperimentHandle(name, where)
    if targeting is not None:
        tree_of(targeting)
    plan = {
        "layer": str(getattr(layer, "name", layer)),
        "endpoint": endpoint,
        "arms": tuple(Arm(**one) for one in arms_of(arms, weights)),
        "metrics": tuple(_metrics(metrics)),
        "targeting": targeting,
        "description": description,
    }
    if endpoint is not None:
        where.endpoint(endpoint)

    def work_out(board: Whiteboard) -> list[Experiment]:
        before = board.find_experiment(name)
        if layer is None:
            raise NotFoundError(
                f"Experiment {name!r} is new: give the layer whose slots it takes.", experiment=name
            )
        mine = board.layer(str(plan["layer"]))
        if before is not None and before.status != "draft":
            after = _kept(before, plan)
            return [] if after == before else [after]
        seed = new_seed() if before is None else before.seed
        drafted = Experiment(name=name, seed=seed, **plan)  # type: ignore[arg-type]
        others = board.others(name)
        running.check_draft(drafted, mine, others)
        return [replace(drafted, slots=allocate(mine, others, share, name=name))]

    change(where, work_out)
    return ExperimentHandle(name, where)


def _kept(before: Experiment, plan: Mapping[str, Any]) -> Experiment:
    """Give a started experiment with what was said, its arms pinned where they agree."""
    asked = {arm.name: arm for arm in before.arms}
    arms = tuple(
        replace(arm, envelope=asked[arm.name].envelope)
        if arm.name in asked and _same_query(arm, asked[arm.name])
        else arm
        for arm in plan["arms"]
    )
    return replace(before, **{**plan, "arms": arms})


def _same_query(arm: Arm, before: Arm) -> bool:
    return arm.query in (before.query, before.envelope)


def _metrics(given: Sequence[Metric | str]) -> list[Metric]:
    names = [one for one in given if isinstance(one, str)]
    return [
        Metric(one, role="primary" if one == names[0] else "secondary")
        if isinstance(one, str)
        else one
        for one in given
    ]
