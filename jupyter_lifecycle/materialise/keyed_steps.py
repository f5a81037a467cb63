"""One task of a plan where there are keys: a small computation like any other.

What a worker does is what :class:`Execution` does here, over the features of one task: values of
others are its sources, and keys were made where the whole graph is known. So what is found late,
what a call opens, what is refused and what is stored are the same everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import CacheError, FingerprintError
from jupyter_lifecycle.executors import SequentialExecutor
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.hashing import code_key
from jupyter_lifecycle.hashing.impurity import CHANCE
from jupyter_lifecycle.materialise.binding import Binding
from jupyter_lifecycle.materialise.execution import Execution
from jupyter_lifecycle.materialise.failures import failure_of
from jupyter_lifecycle.materialise.hooks import Hooks
from jupyter_lifecycle.materialise.keys import Node, SourceDigests, key_of
from jupyter_lifecycle.materialise.memory import Memory
from jupyter_lifecycle.materialise.openings import Openings
from jupyter_lifecycle.materialise.planning import Plan
from jupyter_lifecycle.materialise.steps import AbsentError, Column, KeyedFacts, StepFacts, failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.executors.engine import Tell
    from jupyter_lifecycle.hashing import Watch
    from jupyter_lifecycle.materialise.records import NodeEvent
    from jupyter_lifecycle.materialise.steps import Keys, Package


def run_keyed(
    tell: Tell, package: Package, names: tuple[str, ...], given: Mapping[str, Any]
) -> tuple[Column, tuple[StepFacts, ...]]:
    """Compute the features of one task, through the workers' cache.

    Parameters
    ----------
    tell : callable
        Is told the name of each feature before it runs.
    package : Package
        With keys.
    names : tuple of str
        The features, topological.
    given : mapping of str to any
        Sources as they are, features of other tasks as :class:`Column`.

    Returns
    -------
    Column
        Of the last feature.
    tuple of StepFacts

    Raises
    ------
    StepError
        If a feature raised.
    AbsentError
        If the cache does not have what the plan reads from it.
    """
    keys = package.keys
    assert keys is not None
    # Without a cache of the workers nothing is held, but contents are known all the same.
    cache = keys.cache if keys.cache is not None else ColumnCache(memory_bytes=0)
    doubted: set[str] = set()
    while True:
        part = _Part(package, keys, cache, names, given, [_Teller(tell)])
        part.doubt(doubted)
        try:
            part.run(SequentialExecutor())
        except _DoubtError as doubt:
            doubted.add(doubt.name)
            continue
        except Exception as error:  # noqa: BLE001 - the user's own, raised again where it is awaited
            failure = failure_of(error)
            key = part.nodes[failure.feature.name].key if failure is not None else None
            raise failed(error, key) from None
        return part.column(names[-1]), tuple([part.facts(name) for name in names])


class _DoubtError(Exception):
    """Somebody drew at random during a call, and it may have been another thread."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Doubting(Openings):
    """Asks for a second call where somebody drew at random: an engine's own threads do so too.

    What draws at random does it again. The value that is kept is one of a call without.
    """

    def __init__(self, cache: ColumnCache, doubted: set[str]) -> None:
        super().__init__(cache)
        self._doubted = doubted

    def looked_at(self, node: Node, watch: Watch | None, changed: Sequence[str] = ()) -> str:
        if watch is not None and not watch.is_quiet and node.name not in self._doubted:
            files, unsettled = watch.sources()
            if not files and not unsettled and set(watch.reasons) == {CHANCE}:
                raise _DoubtError(node.name)
        return super().looked_at(node, watch, changed)


class _Teller(Hooks):
    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def on_event(self, event: NodeEvent) -> None:
        if event.state == "running":
            self._tell(event.name)


class _Contents(SourceDigests):
    """Digests of a task's sources, as far as they are known without hashing anything."""

    def __init__(self, sources: Mapping[str, Any], known: Mapping[str, bytes | None]) -> None:
        super().__init__(sources)
        self._known.update({name: each for name, each in known.items() if each is not None})


class _Part(Execution):
    """The features of one task, whose keys are known already."""

    def __init__(
        self,
        package: Package,
        keys: Keys,
        cache: ColumnCache,
        names: tuple[str, ...],
        given: Mapping[str, Any],
        hooks: Sequence[Hooks],
    ) -> None:
        nodes = {name: _own(package.nodes[name]) for name in names}
        self._columns = {name: each for name, each in given.items() if isinstance(each, Column)}
        self._prepared = nodes
        self._known: dict[str, bytes | None] = dict(keys.contents)
        self._known.update({name: each.content for name, each in self._columns.items()})
        sources = {n: each.value if isinstance(each, Column) else each for n, each in given.items()}
        read = {each for node in nodes.values() for each in node.arguments} - nodes.keys()
        for name in read - sources.keys():
            sources[name] = _cached(cache, name, keys.cached)
        features = {name: node.feature for name, node in nodes.items()}
        arguments = {name: node.arguments for name, node in nodes.items()}
        plan = Plan(features, names[-1:], names, arguments, {})
        binding = Binding(FeatureGraph(type_checks=package.type_checks), plan, sources)
        memory = Memory()
        memory.forgotten |= keys.forgotten
        memory.invalidated |= keys.invalidated
        self._shares = keys.cache is not None
        super().__init__(binding, cache, memory, keys.scope, hooks)

    def _resolved(self) -> dict[str, Node]:
        self._digests = _Contents(self._binding.sources, self._known)
        for node in self._prepared.values():
            self._take_tokens(node)
        return self._prepared

    def _take_tokens(self, node: Node) -> None:
        """Take over what parents in other tasks became: what they opened counts in their keys."""
        changed = False
        for each in node.arguments:
            column = self._columns.get(each)
            if column is not None and column.token and node.tokens.get(each) != column.token:
                node.tokens[each] = column.token
                changed = True
        if changed:
            node.open_parents = tuple([e for e in node.open_parents if e not in node.tokens])
            node.key = node.plain = key_of(node)
            self._moved.add(node.name)

    def doubt(self, doubted: set[str]) -> None:
        """Name the features that were called a second time."""
        self._openings = _Doubting(self._cache, doubted)

    def column(self, name: str) -> Column:
        content = self._content(name)
        return Column(self._value(name), self._nodes[name].key or content, content)

    def facts(self, name: str) -> StepFacts:
        node, report = self._nodes[name], self._reports[name]
        keyed = KeyedFacts(
            name not in self._recomputed,
            report,
            node.key,
            node.plain,
            node.tokens,
            self._content(name),
            node.reason,
            node.files,
            self._shares and name in self._entries,
        )
        return StepFacts(name, self.remarks.get(name, ""), keyed)


def _own(node: Node) -> Node:
    """Return a node of this run, whose function can be watched while it is called."""
    try:
        key = code_key(node.feature.function)
    except FingerprintError:
        key = None
    return replace(node, tokens=dict(node.tokens), code=replace(node.code, key=key))


def _cached(cache: ColumnCache, name: str, keys: Mapping[str, bytes]) -> Any:
    entry = cache.lookup(keys[name]) if name in keys else None
    if entry is None:
        raise AbsentError(name)
    try:
        return entry.load()
    except CacheError as error:
        raise AbsentError(name) from error
