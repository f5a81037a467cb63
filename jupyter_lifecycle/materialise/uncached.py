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
    values, targets = work.values, binding.targets
    return dict(zip(targets, map(values.__getitem__, targets), strict=True)), work.remarks


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
        values, fixed = self.values, self._guard.fixed
        guarded = {name for name, value in values.items() if type(value) not in fixed}
        clock, checked = time.perf_counter, self._checked
        for name, function, needed, positional, let_go, conditions in self._binding.plan.steps:
            started = clock()
            try:
                if guarded and not guarded.isdisjoint(needed):
                    value = function(**self._given(needed))
                elif positional == 2:
                    one, two = needed
                    value = function(values[one], values[two])
                elif positional == 1:
                    value = function(values[needed[0]])
                elif positional >= 0:
                    value = function(*map(values.__getitem__, needed))
                else:
                    value = function(**{each: values[each] for each in needed})
                if type(value) not in fixed:
                    value = self.awaiter.finished(value)
                    guarded.add(name)
                if conditions or checked:
                    self._look_at(self._features[name], value)
            except Exception as error:
                annotate(error, self._features[name], self._given(needed), clock() - started)
                raise
            values[name] = value
            if let_go:
                for each in let_go:
                    del values[each]
                del value  # nobody may need it, and the next feature may run long

    def _given(self, needed: tuple[str, ...]) -> dict[str, Any]:
        guard, values = self._guard, self.values
        return {each: guard(values[each]) for each in needed}

    def run_on(self, executor: Executor) -> None:
        """Compute on threads, or wherever the executor calls."""
        features, arguments, values = self._features, self._binding.arguments, self.values
        readers = dict(self._binding.plan.readers)
        lock = threading.Lock()

        def task(name: str) -> None:
            feature, needed = features[name], arguments[name]
            given = self._given(needed)
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
