"""One computation with a cache: what is there is looked up, what is not is computed.

All keys that can be known are looked up before anything runs; values are loaded only when a feature
that runs, or the caller, reads them. A feature whose parents were computed again, but gave what
they gave before, is found by the content of its parents and does not run.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import CacheError, ComputeError, FingerprintError
from jupyter_lifecycle.hashing import combine, fingerprint
from jupyter_lifecycle.materialise.answers import Answers
from jupyter_lifecycle.materialise.awaiting import Awaiter
from jupyter_lifecycle.materialise.checking import remark_on
from jupyter_lifecycle.materialise.conformance import Conformance
from jupyter_lifecycle.materialise.failures import annotate
from jupyter_lifecycle.materialise.guard import Guard
from jupyter_lifecycle.materialise.identities import Identities
from jupyter_lifecycle.materialise.keys import (
    Node,
    base_of,
)
from jupyter_lifecycle.materialise.memory import Known, Memory, Origins
from jupyter_lifecycle.materialise.openings import watch_of
from jupyter_lifecycle.materialise.recall import (
    leave_name,
    named,
    recalled,
    stored_origins,
)
from jupyter_lifecycle.materialise.records import NodeEvent, NodeReport, NodeState, PlanStep
from jupyter_lifecycle.materialise.reports import live_report, report_of
from jupyter_lifecycle.materialise.rerun import Finished, digests_of, watched
from jupyter_lifecycle.materialise.why import EQUAL_PARENTS, change_note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_lifecycle.cache import ColumnCache, Entry
    from jupyter_lifecycle.executors import Executor
    from jupyter_lifecycle.graph import Feature
    from jupyter_lifecycle.hashing import Source
    from jupyter_lifecycle.materialise.binding import Binding
    from jupyter_lifecycle.materialise.hooks import Hooks


class Execution(Identities):
    """Plans and runs one computation; used once.

    Parameters
    ----------
    binding : Binding
    cache : ColumnCache
    memory : Memory
        Of the session; is told what was found and computed.
    scope : str
        Whose names these are in the cache.
    hooks : sequence of Hooks
        Are called at each step, from the threads that compute.
    """

    def __init__(
        self,
        binding: Binding,
        cache: ColumnCache,
        memory: Memory,
        scope: str,
        hooks: Sequence[Hooks] = (),
    ) -> None:
        super().__init__(binding, cache, memory)
        self._scope = scope
        self._hooks = tuple(hooks)
        self._readers: dict[str, int] = {}
        self._guard = Guard()
        self._awaiter = Awaiter()
        self._conformance = Conformance(binding.graph.type_checks)
        self._lock = threading.Lock()
        self._over = False
        self._recomputed: set[str] = set()
        self._reports: dict[str, NodeReport] = {}
        self.remarks: dict[str, str] = {}
        """What checks said, of the features that did not pass all of theirs."""
        self._to_run = self._plan()

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All features that the targets need, with the keys that are known so far."""
        return self._nodes

    @property
    def reports(self) -> dict[str, NodeReport]:
        """Reports of what was found or computed, in topological order."""
        return {name: self._reports[name] for name in self._binding.order if name in self._reports}

    @property
    def plan(self) -> tuple[PlanStep, ...]:
        """What :meth:`run` would do, in order; what nobody needs is not part of it."""
        to_run = set(self._to_run)
        return tuple(
            [
                PlanStep(name, "compute" if name in to_run else "read", self._nodes[name].reason)
                for name in self._binding.order
                if name in to_run or name in self._readers
            ]
        )

    @property
    def recomputed(self) -> tuple[str, ...]:
        """Features that were run."""
        return tuple([name for name in self._binding.order if name in self._recomputed])

    def run(self, executor: Executor) -> None:
        """Compute what the targets need and the cache does not have.

        Raises
        ------
        BaseException
            What a feature raised, as the same object, with notes.
        """
        if self._conformance.mode != "off":
            self.remarks |= self._conformance.of_inputs(self._binding)
        with self._cache.batched():
            self._run(executor)

    def _run(self, executor: Executor) -> None:
        for name in self._entries:
            self._found(name, "")
        for name in self._to_run:
            self._tell(name, "queued")
        try:
            executor.run(
                self._to_run,
                {name: self._nodes[name].arguments for name in self._to_run},
                self._task,
            )
        finally:
            self._over = True
            self._awaiter.close()

    def answers(self, lost: Callable[[str, Entry, CacheError], Any]) -> Answers:
        """Return the targets' values; what was found is read when somebody asks.

        Parameters
        ----------
        lost : callable
            Computes a value that is not in the cache any more.
        """
        at_hand = {**self._binding.sources, **self._values}
        return Answers(self._binding.targets, at_hand, self._entries, lost)

    def finished(self) -> Finished | None:
        """Return what the same computation will find, where it will find everything.

        None where something is computed each time, or can't be watched.
        """
        nodes, entries = self._nodes, self._entries
        if not self._reports.keys() <= entries.keys() or self._conformance.mode != "off":
            return None
        digests, code = digests_of(self._binding, self._digests), watched(nodes)
        if digests is None or code is None:
            return None
        reports: dict[str, NodeReport] = {}
        known: dict[str, Known] = {}
        files: dict[Source, None] = {}
        seconds = 0.0
        for name, report in self.reports.items():
            last, entry = self._memory.last[name], entries[name]
            fresh = self._memory.fresh.get(name) == nodes[name].key
            state: NodeState = "fresh" if fresh else "cached"
            if not report.hit or report.state != state or report.note:
                report = report_of(name, state, "", entry, hit=True)  # noqa: PLW2901 - as a hit
                last = Known(last.origins, report, None, None)
            reports[name], known[name] = report, last
            files.update(dict.fromkeys(nodes[name].files))
            seconds += report.seconds or 0.0
        targets = {name: entries[name] for name in self._binding.targets if name in entries}
        return Finished(
            *(self._binding.plan, nodes, targets, reports, known, self.remarks, digests, code),
            *(tuple(files), self._cache.losses, seconds),
        )

    def _plan(self) -> list[str]:
        forgotten = self._memory.forgotten
        for name, node in self._nodes.items():
            if node.entry is not None and node.key not in forgotten:
                self._entries[name] = node.entry
        needed = set(self._binding.targets)
        to_run = []
        for name in reversed(self._binding.order):
            if name in needed and name not in self._entries:
                to_run.append(name)
                needed.update(self._nodes[name].arguments)
        to_run.reverse()
        for name in to_run:
            for each in self._nodes[name].arguments:
                self._readers[each] = self._readers.get(each, 0) + 1
        for name in self._binding.targets:
            self._readers[name] = self._readers.get(name, 0) + 1
        return to_run

    def _task(self, name: str) -> None:
        node = self._nodes[name]
        reason = self._identified(node)
        entry = self._found_late(node)
        if entry is not None:
            self._entries[name] = entry
            self._found(name, EQUAL_PARENTS)
        else:
            self._compute(node, reason)
        with self._lock:
            for each in node.arguments:
                self._readers[each] -= 1
                if not self._readers[each]:
                    self._values.pop(each, None)

    def _compute(self, node: Node, reason: str) -> None:
        name = node.name
        given = {each: self._guard(self._value(each)) for each in node.arguments}
        self._tell(name, "running")
        for hook in self._hooks:
            hook.before_node(node.feature, given)
        started = time.perf_counter()
        try:
            with watch_of(node) as watch:
                value = self._awaiter.finished(node.feature.function(**given))
            seconds = time.perf_counter() - started
            changed = self._changed_in_place(node)
            remark = self._looked_at(node.feature, value)
        except Exception as error:
            self._failed(node, error, given, time.perf_counter() - started)
            raise
        except BaseException:
            self._tell(name, "stale" if name in self._memory.last else "new")
            raise
        if self._over:  # interrupted meanwhile: nobody waits for it
            return
        self._values[name] = value
        self._recomputed.add(name)
        before = node.key
        reason = self._openings.looked_at(node, watch, changed) or reason
        for each in changed:
            self._tainted.setdefault(each, name)
        if node.key != before:
            self._moved.add(name)
        self._keep(node, value, seconds, reason, remark)

    def _looked_at(self, feature: Feature, value: Any) -> str:
        remarks = [remark_on(feature, value)] if feature.checks else []
        if self._conformance.mode != "off":
            remarks.append(self._conformance.remark_on(feature, value))
        return "; ".join([each for each in remarks if each])

    def _changed_in_place(self, node: Node) -> list[str]:
        """Name the parameters that a call changed; lists and dicts that it changed are an error.

        Only what can be changed is looked at: a column's memory where the code reaches for it.
        """
        touches = node.code.key is not None and node.code.key.touches
        changed = []
        for each in node.arguments:
            value = self._value(each)
            is_open = self._guard.is_open(value)
            if not (is_open or touches or not self._guard.protects(value)):
                continue
            known = each in self._digests or each in self._entries or each in self._contents
            before = self._content(each) if known else None
            if before is None or _is_still(value, before):
                continue
            if is_open:
                self._values.pop(each, None)
                raise ComputeError(
                    f"{node.name} changed its parameter {each} (a {type(value).__name__}) in "
                    f"place, and other readers of {each} must not see that. Copy it first."
                )
            changed.append(each)
        return changed

    def _failed(
        self, node: Node, error: Exception, given: Mapping[str, Any], seconds: float
    ) -> None:
        annotate(error, node.feature, given, seconds)
        words = f"{type(error).__name__}: {error}"
        self._memory.failed[node.name] = (node.key or base_of(node), words)
        first = words.splitlines()[0]
        report = NodeReport(node.name, "error", first, seconds, hit=False, error=words)
        self._tell(node.name, "error", report, error)
        for hook in self._hooks:
            hook.on_error(node.feature, error)

    def _keep(self, node: Node, value: Any, seconds: float, reason: str, remark: str) -> None:
        name, note = node.name, reason
        content: bytes | None = None
        token = node.key
        if token is None:
            token = content = self._content(name)
        origins = self._writer.of(node, token, self._binding.sources, remark)
        recalled(self._memory, self._cache, self._scope, name)
        if node.key is not None:
            note = self._store(node, value, seconds, origins) or self._changed(name, origins)
        note = self._remarked(name, remark, note)
        entry = self._entries.get(name)
        if entry is None:
            self._memory.live[name] = value
            report = live_report(name, note, value, seconds)
        else:
            self._memory.live.pop(name, None)
            report = report_of(name, "fresh", note, entry, hit=False)
        if node.key is not None:
            self._memory.fresh[name] = node.key
        self._reports[name] = report
        self._memory.remember(
            name, Known(origins, report, base_of(node), content, node.feature.function)
        )
        self._tell(name, "fresh", report)
        for hook in self._hooks:
            hook.after_node(node.feature, value, report)

    def _changed(self, name: str, origins: Origins) -> str:
        earlier = self._memory.last.get(name)
        return "" if earlier is None else change_note(earlier.origins, origins)

    def _store(self, node: Node, value: Any, seconds: float, origins: Origins) -> str:
        """Store a column under its key; return why it could not be stored."""
        assert node.key is not None
        try:
            entry = self._cache.store(
                node.key,
                value,
                seconds=seconds,
                why=origins.to_json(),
                content=self._content_key(node),
            )
        except (FingerprintError, CacheError) as error:
            return f"not cached: {error.message}"
        self._entries[node.name] = entry
        self._memory.forgotten.discard(node.key)
        self._memory.invalidated.discard(node.name)
        leave_name(self._cache, self._scope, node.name, node.key)
        return ""

    def _found(self, name: str, note: str) -> None:
        node, entry = self._nodes[name], self._entries[name]
        fresh = self._memory.fresh.get(name) == node.key
        remark = self._remark(node)
        note = self._remarked(name, remark, note)
        report = report_of(name, "fresh" if fresh else "cached", note, entry, hit=True)
        self._reports[name] = report
        self._cache.credit(report.seconds or 0.0)
        assert node.key is not None
        earlier = self._memory.last.get(name)
        if earlier is not None and earlier.origins.token == node.key.hex():
            origins = earlier.origins
        else:
            origins = self._writer.of(node, node.key, self._binding.sources, remark)
            self._named(name, node.key)
        self._memory.remember(name, Known(origins, report, None, None))
        self._tell(name, report.state, report)

    def _named(self, name: str, key: bytes) -> None:
        """Let the name lead to its column, and remember to which it led in an earlier session."""
        before = named(self._cache, self._scope, name)
        if before != key:
            if before is not None and name not in self._memory.last:
                self._memory.before[name] = before.hex()
            leave_name(self._cache, self._scope, name, key)

    def _remarked(self, name: str, remark: str, note: str) -> str:
        if not remark:
            return note
        self.remarks[name] = remark
        return f"{remark}; {note}" if note else remark

    def _remark(self, node: Node) -> str:
        """Return what the checks of a column said when it was computed."""
        if not node.feature.checks or node.key is None:
            return ""
        known = self._memory.origins(node.name, node.key.hex())
        known = known or stored_origins(self._cache, node.key)
        return known.remark if known is not None else ""

    def _tell(
        self,
        name: str,
        state: NodeState,
        report: NodeReport | None = None,
        error: BaseException | None = None,
    ) -> None:
        if self._hooks and not self._over:
            event = NodeEvent(name, state, report, error)
            for hook in self._hooks:
                hook.on_event(event)


def _is_still(value: Any, before: bytes) -> bool:
    try:
        return combine("value", fingerprint(value)) == before
    except FingerprintError:
        return False
