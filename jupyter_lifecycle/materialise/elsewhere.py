"""A computation on an engine: what is sent, what is told while it runs, what comes back."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jupyter_lifecycle.executors.engine import Task
from jupyter_lifecycle.materialise.carrying import arrived
from jupyter_lifecycle.materialise.conformance import Conformance
from jupyter_lifecycle.materialise.failures import Failure, attach_failure
from jupyter_lifecycle.materialise.fusing import fused_groups
from jupyter_lifecycle.materialise.keys import Code, Node
from jupyter_lifecycle.materialise.sealing import sealed_source
from jupyter_lifecycle.materialise.steps import Package, StepError, run_steps, slim
from jupyter_lifecycle.materialise.travelling import packed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from jupyter_lifecycle.executors.engine import Engine, Told
    from jupyter_lifecycle.graph import Feature
    from jupyter_lifecycle.materialise.binding import Binding
    from jupyter_lifecycle.materialise.steps import StepFacts, StepFailure

_CODE = "code"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what happens on the engine, in the calling thread."""

    step: Callable[[str], None]
    """Takes the name of a feature that begins."""
    facts: Callable[[StepFacts], None]
    """Takes what became of a feature, once for each."""
    failed: Callable[[StepFailure, Exception], None]
    """Takes the feature that raised and the user's exception, before that is raised."""
    watched: bool


@dataclass(frozen=True, slots=True)
class Shipment:
    """Features and what they read, ready for an engine."""

    features: Mapping[str, Feature]
    order: Sequence[str]
    """Those that run, topological."""
    arguments: Mapping[str, Collection[str]]
    targets: Collection[str]
    """Those whose values come back, of :attr:`order`."""
    given: Mapping[str, Any]
    """Values that are sent: sources, and columns that the workers' cache does not have."""
    package: Package
    seconds: Mapping[str, float] = field(default_factory=dict)
    """What features took when they ran last."""

    def run(self, engine: Engine, listener: Listener) -> dict[str, Any]:
        """Run the features on an engine.

        Parameters
        ----------
        engine : Engine
        listener : Listener

        Returns
        -------
        dict of str to any
            The targets' values.

        Raises
        ------
        ComputeError
            If a function or an input cannot be sent.
        EngineError
            If the engine fails.
        BaseException
            What a feature raised: its own class, notes, cause and lines.
        """
        code = packed(self.package, self._sent(), engine.name)
        tasks = self._tasks()
        shared = {_CODE: as_array(code)}
        shared |= {
            _given(name): sealed_source(name, self.given[name], engine.name)
            for name in self._read()
        }
        heard: set[str] = set()

        def told(message: Told) -> None:
            if message.what == "step":
                listener.step(message.facts)
                return
            for facts in pickle.loads(message.facts):  # noqa: S301 - from our own worker
                if facts.name not in heard:  # a lost worker's tasks run twice
                    heard.add(facts.name)
                    listener.facts(facts)

        wanted = [_task(name) for name in self.targets]
        try:
            found = engine.run_plan(tasks, shared, wanted, told, watched=listener.watched)
        except StepError as failed:
            failure = failed.failure
        else:
            return {name: found[_task(name)].value for name in self.targets}
        raise self._error(failure, listener)

    def _sent(self) -> dict[str, Feature]:
        return {name: self.package.nodes[name].feature for name in self.order}

    def _read(self) -> Iterable[str]:
        running = set(self.order)
        read = dict.fromkeys(each for name in self.order for each in self.arguments[name])
        return [name for name in read if name not in running and name in self.given]

    def _tasks(self) -> list[Task]:
        run = uuid4().hex
        task_of: dict[str, str] = {}
        tasks = []
        for group in fused_groups(self.order, self.arguments, self.targets, self.seconds):
            inside = set(group)
            read = dict.fromkeys(
                each for name in group for each in self.arguments[name] if each not in inside
            )
            values = [each for each in read if each in task_of or each in self.given]
            needs = [task_of.get(each) or _given(each) for each in values]
            key = task_of[group[-1]] = _task(group[-1])
            names = (*group, "|", *values)
            tasks.append(Task(key, run_steps, (run, names), (_CODE, *needs)))
        return tasks

    def _error(self, failure: StepFailure, listener: Listener) -> BaseException:
        error = arrived(failure.error)
        feature = self.features[failure.name]
        attach_failure(error, Failure(feature, failure.arguments, failure.notes, failure.seconds))
        if isinstance(error, Exception):
            listener.failed(failure, error)
        return error


def run_uncached_elsewhere(
    binding: Binding, engine: Engine
) -> tuple[dict[str, Any], dict[str, str]]:
    """Compute the targets of a binding on an engine; nothing is hashed, nothing is kept.

    Parameters
    ----------
    binding : Binding
    engine : Engine

    Returns
    -------
    dict of str to any
        The targets.
    dict of str to str
        What checks said, of the features that did not pass all of theirs.

    Raises
    ------
    BaseException
        What a feature raised, with notes.
    """
    conformance = Conformance(binding.graph.type_checks)
    typed = conformance.mode != "off"
    remarks = conformance.of_inputs(binding) if typed else {}
    code = Code(None, (), "")
    nodes = {
        name: Node(name, slim(binding.features[name], typed=typed), code, arguments, None, {}, ())
        for name, arguments in binding.arguments.items()
    }
    shipment = Shipment(
        binding.features,
        binding.order,
        binding.arguments,
        [name for name in binding.targets if name in nodes],
        binding.sources,
        Package(nodes, binding.graph.type_checks),
    )

    def take(facts: StepFacts) -> None:
        if facts.remark:
            remarks[facts.name] = facts.remark

    values = shipment.run(engine, Listener(_ignore, take, _ignore, watched=False))
    values = {name: _own(value) for name, value in values.items()}
    values |= {name: binding.sources[name] for name in binding.targets if name not in values}
    return {name: values[name] for name in binding.targets}, remarks


def _own(value: Any) -> Any:
    """Return a value that its caller may change: engines lend views of what they hold."""
    import numpy as np
    import pandas as pd

    if isinstance(value, (pd.Series, pd.DataFrame)):
        return value.copy()
    if isinstance(value, np.ndarray) and not value.flags.writeable:
        return value.copy()
    return value


def _ignore(*_: Any) -> None:
    """Nobody listens."""


def _task(name: str) -> str:
    return f"feature:{name}"


def _given(name: str) -> str:
    return f"given:{name}"


def as_array(data: bytes) -> Any:
    """Bytes as engines carry them without a copy."""
    import numpy as np

    return np.frombuffer(data, dtype=np.uint8)
