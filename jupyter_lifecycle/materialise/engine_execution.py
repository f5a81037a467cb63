"""A computation with a cache on an engine: planned here, run there, remembered here.

Keys are made here, before anything is sent; what the cache has is not sent for. Where the cache has
a folder, workers read from it and write to it what they computed, under the same keys. A worker
that does not see the folder says so, and the computation starts again with the columns sent from
here; then only what comes back is kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.materialise.elsewhere import Listener, Shipment
from jupyter_lifecycle.materialise.execution import Execution
from jupyter_lifecycle.materialise.keys import Node, base_of
from jupyter_lifecycle.materialise.memory import Known
from jupyter_lifecycle.materialise.recall import recalled
from jupyter_lifecycle.materialise.records import NodeReport
from jupyter_lifecycle.materialise.steps import AbsentError, Keys, Package, slim

if TYPE_CHECKING:
    from jupyter_lifecycle.executors import Engine
    from jupyter_lifecycle.materialise.steps import StepFacts, StepFailure


class EngineExecution(Execution):
    """Plans here and runs on an engine; used once. See :class:`Execution`."""

    def run_elsewhere(self, engine: Engine) -> None:
        """Compute on an engine what the targets need and the cache does not have.

        Parameters
        ----------
        engine : Engine

        Raises
        ------
        BaseException
            What a feature raised: its own class, with notes.
        """
        if self._conformance.mode != "off":
            self.remarks |= self._conformance.of_inputs(self._binding)
        for name in self._entries:
            self._found(name, "")
        for name in self._to_run:
            self._tell(name, "queued")
        self._facts: dict[str, StepFacts] = {}
        listener = Listener(
            self._begun, self._heard, self._failed_elsewhere, watched=bool(self._hooks)
        )
        try:
            values = self._results(engine, listener)
        except BaseException:
            for name in self._to_run:
                if name not in self._reports and name not in self._memory.failed:
                    self._tell(name, "stale" if name in self._memory.last else "new")
            raise
        finally:
            self._over = True
        for name, value in values.items():
            self._keep_result(name, value)

    def _results(self, engine: Engine, listener: Listener) -> dict[str, Any]:
        if not self._to_run:
            return {}
        if self._cache.path is not None:
            try:
                return self._shipment(shared=True).run(engine, listener)
            except AbsentError:
                for name in self._to_run:
                    self._tell(name, "queued")
        return self._shipment(shared=False).run(engine, listener)

    def _shipment(self, *, shared: bool) -> Shipment:
        running = set(self._to_run)
        typed = self._conformance.mode != "off"
        read = {each for name in running for each in self._nodes[name].arguments} - running
        cached = {name for name in read if name in self._entries}
        keys = Keys(
            cache=self._cache if shared else None,
            scope=self._scope,
            cached={name: self._entries[name].key for name in cached} if shared else {},
            contents=self._known_contents(read),
            forgotten=frozenset(self._memory.forgotten),
            invalidated=frozenset(self._memory.invalidated),
        )
        nodes = {name: _sent(self._nodes[name], typed=typed) for name in self._to_run}
        package = Package(nodes, self._binding.graph.type_checks, keys)
        given = {name: self._binding.sources[name] for name in read if name not in self._nodes}
        if not shared:
            given |= {name: self._value(name) for name in cached}
        return Shipment(
            self._binding.features,
            self._to_run,
            {name: self._nodes[name].arguments for name in self._to_run},
            [name for name in self._binding.targets if name in running],
            given,
            package,
            {n: k.report.seconds for n, k in self._memory.last.items() if k.report.seconds},
        )

    def _known_contents(self, names: set[str]) -> dict[str, bytes]:
        found = {name: self._content(name) for name in names}
        return {name: content for name, content in found.items() if content is not None}

    def _begun(self, name: str) -> None:
        if name not in self._facts:
            self._tell(name, "running")

    def _heard(self, facts: StepFacts) -> None:
        """Take over what a worker said about a feature."""
        name, told = facts.name, facts.keyed
        assert told is not None
        node = self._nodes[name]
        self._facts[name] = facts
        node.tokens.update(told.tokens)
        node.open_parents = tuple([e for e in node.open_parents if e not in node.tokens])
        node.key, node.plain, node.files = told.key, told.plain, told.files
        node.code = replace(node.code, reason=told.reason)
        if told.content is not None:
            self._contents[name] = told.content
        entry = self._cache.lookup(node.key) if node.key is not None and told.stored else None
        if entry is not None:
            assert node.key is not None
            self._entries[name] = entry
            self._memory.forgotten.discard(node.key)
            self._memory.invalidated.discard(name)
        if told.found and entry is not None:
            self._found(name, told.report.note)
            return
        self._recomputed.add(name)
        self._remember(node, facts)

    def _remember(self, node: Node, facts: StepFacts) -> None:
        name, told = node.name, facts.keyed
        assert told is not None
        token = node.key if node.key is not None else told.content
        origins = self._writer.of(node, token, self._binding.sources, facts.remark)
        recalled(self._memory, self._cache, self._scope, name)
        note = told.reason or self._changed(name, origins)
        report = replace(told.report, note=self._remarked(name, facts.remark, note))
        if node.key is not None:
            self._memory.fresh[name] = node.key
        self._memory.live.pop(name, None)
        self._reports[name] = report
        self._memory.remember(
            name, Known(origins, report, base_of(node), told.content, node.feature.function)
        )
        self._tell(name, "fresh", report)

    def _keep_result(self, name: str, value: Any) -> None:
        """Keep a target that came back, where the workers did not."""
        self._values[name] = value
        if name in self._entries:
            return
        node, facts = self._nodes[name], self._facts[name]
        report = self._reports[name]
        if node.key is not None:
            origins = self._writer.of(node, node.key, self._binding.sources, facts.remark)
            self._store(node, value, report.seconds or 0.0, origins)
        if name not in self._entries:
            self._memory.live[name] = value

    def _failed_elsewhere(self, failure: StepFailure, error: Exception) -> None:
        node = self._nodes[failure.name]
        words = f"{type(error).__name__}: {error}"
        self._memory.failed[node.name] = (failure.identity or node.key or base_of(node), words)
        first = words.splitlines()[0]
        report = NodeReport(node.name, "error", first, failure.seconds, hit=False, error=words)
        self._reports.pop(node.name, None)
        self._tell(node.name, "error", report, error)
        for hook in self._hooks:
            hook.on_error(node.feature, error)


def _sent(node: Node, *, typed: bool) -> Node:
    """Return what workers need of a node."""
    return replace(
        node,
        feature=slim(node.feature, typed=typed),
        code=replace(node.code, key=None),
        tokens=dict(node.tokens),
        entry=None,
    )
