"""What computing some targets takes, found once for a graph: it never changes, so that stays true.

First what the targets reach, whatever is given; then, for each set of inputs that are not given,
which arguments each feature gets and the steps in a straight line. Both are kept with the graph, so
that the next computation of the same targets looks up one tuple.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.graph.order import post_order
from jupyter_lifecycle.materialise.fanning import fused, refuse_inner

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from jupyter_lifecycle.graph import Feature, FeatureGraph

_NONE: tuple[str, ...] = ()
_VARIANTS = 4
BY_NAME = -1
"""A step whose function must be called with names."""


Step: TypeAlias = "tuple[str, Callable[..., Any], tuple[str, ...], int, tuple[str, ...], bool]"
"""One feature in a straight line of all that are computed: its name, its function and the names of
its arguments; how many of these go by position, which costs half, or :data:`BY_NAME`; values that
nobody needs once it has run; whether it has conditions on what it gives."""


@dataclass(frozen=True)
class Plan:
    """What each feature gets, where it's known which inputs are given."""

    features: Mapping[str, Feature]
    targets: tuple[str, ...]
    order: tuple[str, ...]
    arguments: Mapping[str, tuple[str, ...]]
    """For each feature the parameters that get a value; others keep their default."""
    unbound: Mapping[str, tuple[str, ...]]
    """For each feature the required parameters that nothing gives."""

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What is to be done, one after the other."""
        let_go = self._last_reads()
        features, arguments = self.features, self.arguments
        found: list[Step] = []
        for name in self.order:
            feature, given = features[name], arguments[name]
            function, count = feature.function, len(given)
            code = function.__code__ if type(function) is FunctionType else None
            if (
                code is None
                or count > code.co_argcount
                or (count and code.co_varnames[:count] != given)
            ):
                count = BY_NAME
            after = tuple(let_go[name]) if name in let_go else _NONE
            found.append((name, function, given, count, after, bool(feature.checks)))
        return tuple(found)

    @cached_property
    def readers(self) -> Mapping[str, int]:
        """How many need each value; the caller counts as one for a target."""
        readers = dict.fromkeys(self.targets, 1)
        for names in self.arguments.values():
            for name in names:
                readers[name] = readers.get(name, 0) + 1
        return readers

    def _last_reads(self) -> dict[str, list[str]]:
        """Find for each feature the values that nobody needs once it has run."""
        kept = set(self.targets)
        last: dict[str, str] = {}
        for name in self.order:
            for each in self.arguments[name]:
                last[each] = name
        found: dict[str, list[str]] = {}
        for each, name in last.items():
            if each not in kept:
                found.setdefault(name, []).append(each)
        return found


@dataclass(frozen=True, slots=True)
class Reach:
    """What targets need of a graph, whatever is given."""

    graph: FeatureGraph
    """With fans fused."""
    features: Mapping[str, Feature]
    """Those of the graph that are not overridden."""
    targets: tuple[str, ...]
    order: tuple[str, ...]
    members: frozenset[str]
    externals: tuple[str, ...]
    """What the order reads, and targets, that are no features: inputs, configuration, overrides."""
    _plans: dict[tuple[str, ...], Plan] = field(default_factory=dict)

    def plan(self, absent: tuple[str, ...]) -> Plan:
        """Return what each feature gets where these externals have no value."""
        known = self._plans.get(absent)
        if known is None:
            if len(self._plans) >= _VARIANTS:
                self._plans.clear()
            known = self._plans[absent] = self._planned(frozenset(absent))
        return known

    def _planned(self, absent: frozenset[str]) -> Plan:
        features, edges = self.features, self.graph.edges
        arguments = {name: edges[name] for name in self.order}
        unbound: dict[str, tuple[str, ...]] = {}
        for name, needed in arguments.items() if absent else ():
            if absent.isdisjoint(needed):
                continue
            given = arguments[name] = tuple([each for each in needed if each not in absent])
            lacking = _lacking(features[name], given)
            if lacking:
                unbound[name] = lacking
        return Plan(features, self.targets, self.order, arguments, unbound)


def reached(
    graph: FeatureGraph, targets: tuple[str, ...], overrides: Collection[str], *, strict: bool
) -> Reach:
    """Find what targets need.

    Parameters
    ----------
    graph : FeatureGraph
        Remembers the answer.
    targets : tuple of str
        Each once; names that nothing defines are among the externals.
    overrides : collection of str
        Names whose features are not needed.
    strict : bool
        Whether fans that are half written are an error.

    Returns
    -------
    Reach

    Raises
    ------
    ComputeError
        If a target has a value for each item of a fan only, or fans don't fit together.
    """
    key = (targets, frozenset(overrides), strict)
    found: Reach = graph.derived(key, lambda: _found(graph, targets, overrides, strict=strict))
    return found


def _found(
    graph: FeatureGraph, targets: tuple[str, ...], overrides: Collection[str], *, strict: bool
) -> Reach:
    if graph.fans:
        graph = _fused(_without(graph, overrides), targets, strict=strict)
    features, edges = graph.features, graph.edges
    if not features.keys().isdisjoint(overrides):  # what is given needs nothing
        features = {name: each for name, each in features.items() if name not in overrides}
        edges = {name: edges[name] for name in features}
    walked = post_order([name for name in targets if name in features], edges)
    order = tuple([name for name in walked if name in features])
    read = dict.fromkeys([each for name in order for each in edges[name] if each not in features])
    read.update(dict.fromkeys([name for name in targets if name not in features]))
    return Reach(graph, features, targets, order, frozenset(order), tuple(read))


def _without(graph: FeatureGraph, overrides: Iterable[str]) -> FeatureGraph:
    overridden = [name for name in overrides if name in graph]
    return graph.without(*overridden)[0] if overridden else graph


def _fused(graph: FeatureGraph, targets: tuple[str, ...], *, strict: bool) -> FeatureGraph:
    known = [name for name in targets if name in graph]
    try:
        if strict:
            refuse_inner(graph, targets)
        return fused(graph, known)
    except ComputeError:
        if strict:
            raise
        return graph  # half written: a computation will say what is wrong with it


def _lacking(feature: Feature, given: Collection[str]) -> tuple[str, ...]:
    return tuple([p.name for p in feature.parameters if p.required and p.name not in given])
