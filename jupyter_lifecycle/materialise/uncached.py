"""Computing without a cache: nothing is hashed, nothing is kept."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.executors import SequentialExecutor
from jupyter_lifecycle.materialise.awaiting import Awaiter
from jupyter_lifecycle.materialise.checking import remark_on
from jupyter_lifecycle.materialise.conformance import Conformance
from jupyter_lifecycle.materialise.failures import annotate
from jupyter_lifecycle.materialise.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.executors import Executor
    from jupyter_lifecycle.graph import Feature
    from jupyter_lifecycle.materialise.binding import Binding


def run_uncached(binding: Binding, executor: Executor) -> tuple[dict[str, Any], dict[str, str]]:
    """Compute the targets of a binding.

    Parameters
    ----------
    binding : Binding
    executor : Executor

    Returns
    -------
    dict of str to any
        The targets. What nobody reads any more is let go while the computation runs.
    dict of str to str
        What checks said, of the features that did not pass all of theirs.

    Raises
    ------
    BaseException
        What a feature raised, as the same object, with notes.
    """
    work = _Uncached(binding)
    try:
        if type(executor) is SequentialExecutor:
            work.run_here()
        else:
            work.run_on(executor)
    finally:
        work.awaiter.close()
    return {name: work.values[name] for name in binding.targets}, work.remarks


class _Uncached:
    """The values of one computation while it runs."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        self._features = binding.features
        self._guard = Guard()
        self._conformance = Conformance(binding.graph.type_checks)
        self._checked = self._conformance.mode != "off"
        self.awaiter = Awaiter()
        self.values: dict[str, Any] = dict(binding.sources)
        self.remarks: dict[str, str] = {}
        if self._checked:
            self.remarks |= self._conformance.of_inputs(binding)

    def run_here(self) -> None:
        """Compute one after the other; plain scalars pass without a call of ours for each."""
        features, arguments, values = self._features, self._binding.arguments, self.values
        guard, fixed = self._guard, self._guard.fixed
        guarded = {name for name, value in values.items() if type(value) not in fixed}
        last_read = _last_read(self._binding)
        clock, checked = time.perf_counter, self._checked
        for name in self._binding.order:
            feature, needed = features[name], arguments[name]
            given = {each: values[each] for each in needed}
            if guarded and not guarded.isdisjoint(needed):
                given = {each: guard(value) for each, value in given.items()}
            started = clock()
            try:
                value = feature.function(**given)
                if type(value) not in fixed:
                    value = self.awaiter.finished(value)
                    guarded.add(name)
                if checked or feature.checks:
                    self._look_at(feature, value)
            except Exception as error:
                annotate(error, feature, given, clock() - started)
                raise
            values[name] = value
            if name in last_read:
                for each in last_read[name]:
                    del values[each]
                # These would hold on to what nobody needs until the next feature has run.
                del given, value

    def run_on(self, executor: Executor) -> None:
        """Compute on threads, or wherever the executor calls."""
        features, arguments, values = self._features, self._binding.arguments, self.values
        readers = _readers(self._binding)
        lock = threading.Lock()

        def task(name: str) -> None:
            feature, needed = features[name], arguments[name]
            given = {each: self._guard(values[each]) for each in needed}
            started = time.perf_counter()
            try:
                values[name] = value = self.awaiter.finished(feature.function(**given))
                if self._checked or feature.checks:
                    self._look_at(feature, value)
            except Exception as error:
                annotate(error, feature, given, time.perf_counter() - started)
                raise
            with lock:
                for each in needed:
                    readers[each] -= 1
                    if not readers[each]:
                        del values[each]

        executor.run(self._binding.order, arguments, task)

    def _look_at(self, feature: Feature, value: Any) -> None:
        remarks = [remark_on(feature, value)] if feature.checks else []
        if self._checked:
            remarks.append(self._conformance.remark_on(feature, value))
        said = "; ".join([each for each in remarks if each])
        if said:
            self.remarks[feature.name] = said


def _last_read(binding: Binding) -> Mapping[str, list[str]]:
    """Find for each feature the values that nobody needs once it has run."""
    kept = set(binding.targets)
    last: dict[str, str] = {}
    for name in binding.order:
        for each in binding.arguments[name]:
            if each not in kept:
                last[each] = name
    found: dict[str, list[str]] = {}
    for each, name in last.items():
        found.setdefault(name, []).append(each)
    return found


def _readers(binding: Binding) -> dict[str, int]:
    """Count for each value who still needs it; the caller counts as one for a target."""
    readers = dict.fromkeys(binding.targets, 1)
    for names in binding.arguments.values():
        for name in names:
            readers[name] = readers.get(name, 0) + 1
    return readers
