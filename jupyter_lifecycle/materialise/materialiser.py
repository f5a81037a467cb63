"""The one class that keeps state between computations."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import CacheError, ComputeError, UnboundError, did_you_mean
from jupyter_lifecycle.executors import Engine, SequentialExecutor, executor_of
from jupyter_lifecycle.hashing import fingerprint
from jupyter_lifecycle.materialise.answers import Answers
from jupyter_lifecycle.materialise.binding import Binding, bind, bind_some
from jupyter_lifecycle.materialise.engine_execution import EngineExecution
from jupyter_lifecycle.materialise.execution import Execution
from jupyter_lifecycle.materialise.failures import failure_of, own_lines
from jupyter_lifecycle.materialise.hooks import Hooks
from jupyter_lifecycle.materialise.identities import LostError
from jupyter_lifecycle.materialise.keys import Node, SourceDigests, base_of, resolve
from jupyter_lifecycle.materialise.memory import Memory, OriginsWriter
from jupyter_lifecycle.materialise.openings import Openings
from jupyter_lifecycle.materialise.recall import recalled, stored_origins
from jupyter_lifecycle.materialise.records import NodeEvent, NodeReport, PlanStep, Run, Why
from jupyter_lifecycle.materialise.reports import report_of
from jupyter_lifecycle.materialise.rerun import Reruns
from jupyter_lifecycle.materialise.why import change_note, explain, why_it_hit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from jupyter_lifecycle.cache import Entry
    from jupyter_lifecycle.executors import Executor
    from jupyter_lifecycle.graph import FeatureGraph
    from jupyter_lifecycle.materialise.memory import Origins
    from jupyter_lifecycle.materialise.rerun import Finished

_ATTEMPTS = 3


class Materialiser:
    """Computes features through a cache and remembers what it did.

    Parameters
    ----------
    cache : ColumnCache, optional
        One in memory, as long as this object lives, where not given.
    executor : Executor, Engine or str, optional
        Sequential where not given; see :func:`executor_of`.
    scope : str
        Sets the names of one notebook apart from those of another in the same cache, for states
        and reasons after a restart; columns are shared all the same.
    hooks : sequence of Hooks, optional
        Are called before and after each computation and each feature.
    """

    def __init__(
        self,
        cache: ColumnCache | None = None,
        executor: Executor | Engine | str | None = None,
        *,
        scope: str = "",
        hooks: Sequence[Hooks] = (),
    ) -> None:
        self.cache = ColumnCache() if cache is None else cache
        self.executor = executor_of(executor)
        self.scope = scope
        self.hooks = tuple(hooks)
        self._memory = Memory()
        self._lock = threading.RLock()
        self._reruns = Reruns()
        self._nodes: Mapping[str, Node] = {}
        self._binding: Binding | None = None

    def run(
        self,
        graph: FeatureGraph,
        targets: Sequence[str],
        inputs: Mapping[str, Any] | pd.DataFrame | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        listener: Callable[[NodeEvent], None] | None = None,
        executor: Executor | Engine | str | None = None,
    ) -> Run:
        """Compute targets; what the cache has is not computed again.

        Parameters
        ----------
        graph : FeatureGraph
        targets : sequence of str
            Features, or inputs that are to be among the values.
        inputs : mapping of str to any, or DataFrame, optional
        overrides : mapping of str to any, optional
            Values to use in the place of features.
        listener : callable, optional
            Is told each step, from the threads that compute.
        executor : Executor, Engine or str, optional
            For this computation alone.

        Returns
        -------
        Run

        Raises
        ------
        UnboundError
            Before anything runs, with all that is missing.
        BaseException
            What a feature raised, as the same object, with notes.
        """
        started = time.perf_counter()
        runner = self.executor if executor is None else executor_of(executor)
        binding = bind(graph, targets, inputs, overrides)
        hooks = self.hooks if listener is None else (*self.hooks, _Listening(listener))
        try:
            for hook in self.hooks:
                hook.before_graph(graph, binding.targets)
            again = self._reruns.find(binding, self.cache, self._memory)
            if again is not None:
                return self._told_again(again, binding, hooks, started)
            execution = self._run(binding, hooks, runner)
        except BaseException as error:  # noqa: BLE001 - raised again, without our frames
            if failure_of(error) is None:  # a feature's own was told where it ran
                for hook in self.hooks:
                    hook.on_error(None, error)
            raise error.with_traceback(own_lines(error.__traceback__))  # noqa: B904
        reports = execution.reports
        recomputed = execution.recomputed
        cached = tuple([name for name in reports if reports[name].hit])
        seconds = time.perf_counter() - started
        values = execution.answers(self._lost(binding))
        run = Run(values, reports, recomputed, cached, seconds, execution.remarks)
        for hook in self.hooks:
            hook.after_graph(graph, run)
        return run

    def _told_again(
        self, again: Finished, binding: Binding, hooks: Sequence[Hooks], started: float
    ) -> Run:
        """Answer as the same computation was answered before."""
        self._see(again.nodes, binding)
        last, remember = self._memory.last, self._memory.remember
        for name, known in again.known.items():
            if last.get(name) is not known:
                remember(name, known)
        for hook in hooks:
            for name, report in again.reports.items():
                hook.on_event(NodeEvent(name, report.state, report))
        self.cache.credit(again.seconds)
        values = Answers(binding.targets, binding.sources, again.entries, self._lost(binding))
        seconds = time.perf_counter() - started
        run = Run(values, again.reports, (), tuple(again.reports), seconds, again.remarks)
        for hook in self.hooks:
            hook.after_graph(binding.graph, run)
        return run

    def _lost(self, binding: Binding) -> Callable[[str, Entry, CacheError], Any]:
        """Return what computes a value that was found, and is not there when somebody reads it."""

        def computed(name: str, entry: Entry, error: CacheError) -> Any:
            own = binding.features
            sources = binding.sources
            graph, overridden = binding.graph, binding.graph.features.keys() - own.keys()
            inputs = {each: value for each, value in sources.items() if each not in overridden}
            overrides = {each: sources[each] for each in overridden if each in sources}
            some = bind(graph, [name], inputs, overrides)
            self._memory.forgotten.add(entry.key)
            seen = self._nodes, self._binding
            try:
                value = self._run(some, (), SequentialExecutor()).answers(_gone)[name]
            finally:
                with self._lock:
                    self._nodes, self._binding = seen
            if fingerprint(value) != entry.output:
                raise CacheError(
                    f"{name} was in the cache and is not any more; what it's computed from has "
                    "changed since, so that it cannot be computed again. Run it once more."
                ) from error
            return value

        return computed

    def plan(
        self,
        graph: FeatureGraph,
        targets: Sequence[str],
        inputs: Mapping[str, Any] | pd.DataFrame | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
    ) -> tuple[PlanStep, ...]:
        """Say what a computation would compute and what it would read; nothing runs.

        Parameters
        ----------
        graph : FeatureGraph
        targets : sequence of str
        inputs : mapping of str to any, or DataFrame, optional
        overrides : mapping of str to any, optional

        Returns
        -------
        tuple of PlanStep
            In topological order. What is to be computed may yet be found, where its parents give
            what they gave before.

        Raises
        ------
        UnboundError
            With all that is missing.
        """
        binding = bind(graph, targets, inputs, overrides)
        return Execution(binding, self.cache, self._memory, self.scope).plan

    def _run(
        self, binding: Binding, hooks: Sequence[Hooks], executor: Executor | Engine
    ) -> Execution:
        attempts = 0
        while True:
            execution = self._execution(binding, hooks, executor)
            self._see(execution.nodes, binding)
            try:
                if isinstance(execution, EngineExecution):
                    assert isinstance(executor, Engine)
                    execution.run_elsewhere(executor)
                else:
                    assert not isinstance(executor, Engine)
                    execution.run(executor)
                finished = execution.finished()
                if finished is not None:
                    self._reruns.keep(finished)
                return execution
            except LostError as lost:
                # Somebody cleared or trimmed the cache under our feet: compute that column.
                key = execution.nodes[lost.name].key
                if key is not None:
                    self._memory.forgotten.add(key)
                attempts += 1
                if attempts == _ATTEMPTS:
                    raise CacheError(
                        f"{lost.name} was in the cache but cannot be read from it, {_ATTEMPTS} "
                        f"times in a row: {lost.__cause__}. Clear the cache, or choose another one."
                    ) from lost.__cause__

    def _execution(
        self, binding: Binding, hooks: Sequence[Hooks], executor: Executor | Engine
    ) -> Execution:
        kind = EngineExecution if isinstance(executor, Engine) else Execution
        return kind(binding, self.cache, self._memory, self.scope, hooks)

    def states(
        self, graph: FeatureGraph, inputs: Mapping[str, Any] | pd.DataFrame | None = None
    ) -> Mapping[str, NodeReport]:
        """Say of every feature whether its column is there and current; nothing is computed.

        Parameters
        ----------
        graph : FeatureGraph
        inputs : mapping of str to any, or DataFrame, optional

        Returns
        -------
        mapping of str to NodeReport
            In topological order.
        """
        binding = bind_some(graph, tuple(graph.features), inputs)
        digests = SourceDigests(binding.sources)
        nodes = resolve(binding, digests, self._token_of, Openings(self.cache))
        self._see(nodes, binding)
        waiting: dict[str, str] = {}
        reports: dict[str, NodeReport] = {}
        for name, node in nodes.items():
            lacking = binding.unbound.get(name)
            blocked = next((waiting[each] for each in node.arguments if each in waiting), "")
            if lacking or blocked:
                waiting[name] = lacking[0] if lacking else blocked
            reports[name] = self._state(node, waiting.get(name, ""), digests)
        return reports

    def why(self, name: str) -> Why:
        """Say why a feature was computed again, or would be, or why it was not.

        Parameters
        ----------
        name : str
            A feature of the last computation or of the last states.

        Returns
        -------
        Why

        Raises
        ------
        UnboundError
            If there is no such feature.
        """
        self._looked_at_again()
        node = self._nodes.get(name)
        last = recalled(self._memory, self.cache, self.scope, name)
        if node is None and last is None:
            raise UnboundError(f"There is no feature {name}.{did_you_mean(name, self._nodes)}")
        now = self._origins_now(node) if node is not None else None
        if last is None:
            return Why(name, summary="it was never computed")
        if now is not None and change_note(last.origins, now):
            return self._explained(last.origins, now)
        if last.report.hit:
            entry = self.cache.lookup(bytes.fromhex(last.origins.token))
            made = None if entry is None else entry.meta.created
            return Why(name, summary=why_it_hit(made, last.report.note))
        if node is not None and node.reason:
            return Why(name, summary=node.reason)
        before = self._memory.before.get(name)
        earlier = self._origins_of(name, before) if before else None
        if earlier is None:
            return Why(name, summary="it was computed for the first time")
        return self._explained(earlier, last.origins)

    def value(self, name: str) -> Any:
        """Return the value of a feature that is current, from memory or from the cache.

        Raises
        ------
        ComputeError
            If it has none: it was not computed, or not from this code and these inputs.
        """
        self._looked_at_again()
        node = self._nodes.get(name)
        known = self._memory.last.get(name)
        if node is not None and node.key is not None and node.key not in self._memory.forgotten:
            entry = self.cache.lookup(node.key)
            if entry is not None:
                return entry.load()
        if node is not None and known is not None and name in self._memory.live:
            current = node.key is not None and self._memory.fresh.get(name) == node.key
            if current or (known.base is not None and known.base == base_of(node)):
                return self._memory.live[name]
        raise ComputeError(f"{name} has no current value. Compute it first.", name=name)

    def entry(self, name: str) -> Entry | None:
        """Return what the cache has of a feature's current column; None where it has nothing.

        Raises
        ------
        UnboundError
            If there is no such feature.
        """
        self._looked_at_again()
        node = self._nodes.get(name)
        if node is None:
            raise UnboundError(f"There is no feature {name}.{did_you_mean(name, self._nodes)}")
        return None if node.key is None else self.cache.lookup(node.key)

    def keys(self) -> dict[str, bytes]:
        """Give the keys of the features that the last computation looked at, where they have one.

        A key stands for code, inputs and so for the value: what is found out about a value can be
        kept under it.
        """
        return {name: node.key for name, node in self._nodes.items() if node.key is not None}

    def forget(self, *names: str) -> None:
        """Have features, and what reads them, computed anew although the cache has them.

        Raises
        ------
        UnboundError
            If there is no such feature.
        """
        for name in names:
            if name not in self._nodes:
                raise UnboundError(f"There is no feature {name}.{did_you_mean(name, self._nodes)}")
        self._reruns.forget()
        gone = set(names)
        self._memory.invalidated |= gone
        for name, node in self._nodes.items():  # topological
            if name in gone or any(each in gone for each in node.arguments):
                gone.add(name)
                self._memory.live.pop(name, None)
                self._memory.fresh.pop(name, None)
                if node.key is not None:
                    self._memory.forgotten.add(node.key)

    def _see(self, nodes: Mapping[str, Node], binding: Binding) -> None:
        with self._lock:
            self._nodes, self._binding = nodes, binding

    def _looked_at_again(self) -> None:
        """Read code and inputs anew: a helper, a constant or a buffer may have changed."""
        if self._binding is not None:
            digests = SourceDigests(self._binding.sources)
            self._see(
                resolve(self._binding, digests, self._token_of, Openings(self.cache)), self._binding
            )

    def _token_of(self, node: Node) -> bytes | None:
        known = self._memory.last.get(node.name)
        if known is None or known.base is None or known.base != base_of(node):
            return None
        return known.content

    def _state(self, node: Node, waits_for: str, digests: SourceDigests) -> NodeReport:
        name = node.name
        known = recalled(self._memory, self.cache, self.scope, name)
        failed = self._memory.failed.get(name)
        if waits_for:
            return _past(name, known, f"waits for {waits_for}")
        identity = node.key or base_of(node)
        if failed is not None and failed[0] == identity:
            first = failed[1].splitlines()[0]
            return NodeReport(name, "error", first, hit=False, error=failed[1])
        if node.key is not None:
            return self._keyed_state(node, node.key)
        current = known is not None and known.base is not None and known.base == identity
        if known is not None and current and name in self._memory.live:
            return known.report
        reason = next((digests.reasons[e] for e in node.arguments if e in digests.reasons), "")
        return _past(name, known, reason or self._note(node, known) or node.reason)

    def _keyed_state(self, node: Node, key: bytes) -> NodeReport:
        name = node.name
        known = recalled(self._memory, self.cache, self.scope, name)
        fresh = self._memory.fresh.get(name) == key
        if key in self._memory.forgotten:
            return _past(name, known, "invalidated")
        entry = self.cache.lookup(key)
        if entry is not None:
            same = known is not None and known.origins.token == key.hex()
            note = known.report.note if known is not None and same else ""
            hit = known.report.hit if known is not None and same else None
            return report_of(name, "fresh" if fresh else "cached", note, entry, hit=hit)
        if fresh and known is not None and name in self._memory.live:
            return known.report
        return _past(name, known, self._note(node, known))

    def _note(self, node: Node, known: Any) -> str:
        if known is None:
            return ""
        now = self._origins_now(node)
        note = change_note(known.origins, now) if now is not None else "parent changed"
        return note or "not in the cache any more"

    def _origins_now(self, node: Node) -> Origins | None:
        inputs = self._binding.sources if self._binding is not None else {}
        return None if node.open_parents else OriginsWriter().of(node, node.key, inputs)

    def _origins_of(self, name: str, token: str) -> Origins | None:
        found = self._memory.origins(name, token)
        if found is None:
            found = stored_origins(self.cache, bytes.fromhex(token))
        if found is None:
            node = self._nodes.get(name)
            if node is not None and node.key is not None and node.key.hex() == token:
                found = self._origins_now(node)
        return found

    def _explained(self, old: Origins, new: Origins) -> Why:
        seconds = {name: known.report.seconds for name, known in dict(self._memory.last).items()}
        return explain(old, new, self._origins_of, seconds)


class _Listening(Hooks):
    """A function that is told each step, as hooks."""

    def __init__(self, listener: Callable[[NodeEvent], None]) -> None:
        self._listener = listener

    def on_event(self, event: NodeEvent) -> None:
        self._listener(event)


def _gone(name: str, _: Entry, error: CacheError) -> Any:
    raise CacheError(
        f"{name} was computed a moment ago and is not in the cache any more: {error.message}"
    ) from error


def _past(name: str, known: Any, note: str) -> NodeReport:
    """Make the report of a feature that has no current column."""
    if known is None:
        return NodeReport(name, "new", note)
    report = known.report
    return NodeReport(
        name, "stale", note, report.seconds, report.rows, report.nulls, report.bytes, report.dtype
    )
