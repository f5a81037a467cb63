"""Computing without a cache: nothing is hashed, nothing is kept."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.materialise.awaiting import Awaiter
from jupyter_lifecycle.materialise.checking import remark_on
from jupyter_lifecycle.materialise.conformance import Conformance
from jupyter_lifecycle.materialise.failures import annotate
from jupyter_lifecycle.materialise.guard import Guard

if TYPE_CHECKING:
    from jupyter_lifecycle.executors import Executor
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
    features, arguments = binding.graph.features, binding.arguments
    values: dict[str, Any] = dict(binding.sources)
    conformance = Conformance(binding.graph.type_checks)
    remarks: dict[str, str] = {}
    checked = conformance.mode != "off"
    if checked:
        remarks |= conformance.of_inputs(binding)
    readers = readers_of(binding)
    guard = Guard()
    lock = threading.Lock()
    awaiter = Awaiter()

    def task(name: str) -> None:
        feature, needed = features[name], arguments[name]
        given = {each: guard(values[each]) for each in needed}
        started = time.perf_counter()
        try:
            values[name] = value = awaiter.finished(feature.function(**given))
            if checked and (remark := conformance.remark_on(feature, value)):
                remarks[name] = remark
            if feature.checks and (remark := remark_on(feature, value)):
                remarks[name] = remark
        except Exception as error:
            annotate(error, feature, given, time.perf_counter() - started)
            raise
        with lock:
            for each in needed:
                readers[each] -= 1
                if not readers[each]:
                    del values[each]

    try:
        executor.run(binding.order, arguments, task)
    finally:
        awaiter.close()
    return {name: values[name] for name in binding.targets}, remarks


def readers_of(binding: Binding) -> dict[str, int]:
    """Count for each value who still needs it; the caller counts as one for a target."""
    readers = dict.fromkeys(binding.targets, 1)
    for names in binding.arguments.values():
        for name in names:
            readers[name] = readers.get(name, 0) + 1
    return readers
