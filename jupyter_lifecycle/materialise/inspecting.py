"""Questions about a graph: what is upstream, what a target needs, what would run, what changed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.graph.annotations import written
from jupyter_lifecycle.graph.feature import MISSING
from jupyter_lifecycle.graph.sameness import same_code
from jupyter_lifecycle.hashing import code_key
from jupyter_lifecycle.materialise.measure import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from jupyter_lifecycle.cache import ColumnCache
    from jupyter_lifecycle.graph import Feature, FeatureGraph, Parameter
    from jupyter_lifecycle.materialise.records import PlanStep


@dataclass(frozen=True, slots=True)
class GraphDiff:
    """What differs between two graphs; a feature may stand under several."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    """Features that compute something else, with the lines that differ, ``-`` and ``+``."""
    signature: Mapping[str, str] = field(default_factory=dict)
    """Features whose parameters, defaults or types differ: ``(a) → (a, b)``."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Features whose tags differ: ``owner=a → owner=b``."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.code or self.signature or self.tags)

    @property
    def text(self) -> str:
        """All of it in lines, empty where nothing differs."""
        lines = [f"+ {name}" for name in self.added] + [f"- {name}" for name in self.removed]
        lines += [f"~ {name}{said}" for name, said in self.signature.items()]
        for name, diff in self.code.items():
            lines.append(f"~ {name}: its code")
            lines += [f"    {line}" for line in diff.splitlines()]
        lines += [f"~ {name}: {said}" for name, said in self.tags.items()]
        return "\n".join(lines)


class Inspection:
    """Answers about one graph; see :func:`inspect`."""

    def __init__(self, graph: FeatureGraph) -> None:
        self.graph = graph

    def upstream(self, *names: str) -> tuple[str, ...]:
        """All features and inputs that these need, parents first, without themselves."""
        return self.graph.upstream(*names)

    def downstream(self, *names: str) -> tuple[str, ...]:
        """All features that need one of these, parents first, without themselves."""
        return self.graph.downstream(*names)

    def path(self, start: str, end: str) -> tuple[str, ...]:
        """All that lies on a way from one to the other, both included; empty if there is none.

        Parameters
        ----------
        start : str
            Feature or input.
        end : str
            Feature.

        Returns
        -------
        tuple of str
            Parents first.

        Raises
        ------
        UnboundError
            If one is neither feature nor input.
        """
        reached = {start, *self.graph.downstream(start)}
        needed = (*self.graph.upstream(end), end)
        if end not in reached:
            return ()
        return tuple([name for name in needed if name in reached])

    def required_inputs(self, *targets: str) -> tuple[str, ...]:
        """Return the inputs without which these targets, or all features, cannot be computed."""
        return self.graph.required_inputs(targets or self.graph.features)

    def optional_inputs(self, *targets: str) -> tuple[str, ...]:
        """Return the inputs that these targets, or all features, read where they are given."""
        wanted = targets or tuple(self.graph.features)
        required, config = set(self.graph.required_inputs(wanted)), self.graph.config
        return tuple(
            [
                name
                for name in self.graph.upstream(*wanted)
                if name not in self.graph and name not in required and name not in config
            ]
        )

    def plan(
        self,
        targets: Sequence[str],
        *,
        inputs: Mapping[str, Any] | pd.DataFrame | None = None,
        cache: ColumnCache | None = None,
    ) -> tuple[PlanStep, ...]:
        """Say what computing these targets would compute, and what it would read from a cache.

        Raises
        ------
        UnboundError
            With all that is missing in the inputs.
        """
        from jupyter_lifecycle.materialise.materialiser import Materialiser

        return Materialiser(cache).plan(self.graph, targets, inputs)

    def lineage(self, *terms: str) -> tuple[str, ...]:
        """All that is made of the selected features, and they themselves.

        Parameters
        ----------
        *terms : str
            As for :meth:`FeatureGraph.select`: ``tag:source=personal``.

        Returns
        -------
        tuple of str
            Parents first.

        Raises
        ------
        UnboundError
            If a term means nothing.
        """
        chosen = self.graph.select(*terms)
        reached = {*chosen, *self.graph.downstream(*chosen)}
        inputs = [name for name in chosen if name not in self.graph]
        return (*inputs, *[name for name in self.graph.order() if name in reached])

    def by_tag(self, key: str) -> dict[str, tuple[str, ...]]:
        """Group features by the values of a tag; one with several values is in several groups."""
        groups: dict[str, list[str]] = {}
        for name, feature in self.graph.features.items():
            for value in feature.tags[key].split(",") if key in feature.tags else ():
                groups.setdefault(value, []).append(name)
        return {value: tuple(names) for value, names in groups.items()}

    def diff(self, other: FeatureGraph) -> GraphDiff:
        """Say what another graph has otherwise than this one.

        Parameters
        ----------
        other : FeatureGraph
            The later one.

        Returns
        -------
        GraphDiff
            Code is compared by what it computes: comments and formatting do not count, helpers do.
        """
        before, after = self.graph.features, other.features
        both = [(before[name], after[name]) for name in before if name in after]
        changed = [(a, b) for a, b in both if a is not b]
        return GraphDiff(
            tuple([name for name in after if name not in before]),
            tuple([name for name in before if name not in after]),
            {a.name: _code_diff(a, b) for a, b in changed if not _same(a, b)},
            {
                a.name: f"{_signature(a)} → {_signature(b)}"
                for a, b in changed
                if _signature(a) != _signature(b)
            },
            {
                a.name: f"{_tags(a)} → {_tags(b)}"
                for a, b in changed
                if dict(a.tags) != dict(b.tags)
            },
        )

    def __repr__(self) -> str:
        return f"Inspection({self.graph!r})"


def inspect(graph: FeatureGraph) -> Inspection:
    """Ask about a graph.

    Parameters
    ----------
    graph : FeatureGraph

    Returns
    -------
    Inspection

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph
    >>> def total(price, quantity):
    ...     return price * quantity
    >>> def taxed(total, rate=0.2):
    ...     return total * (1 + rate)
    >>> seen = inspect(FeatureGraph.from_functions(total, taxed))
    >>> seen.path("price", "taxed")
    ('price', 'total', 'taxed')
    >>> seen.required_inputs("taxed"), seen.optional_inputs("taxed")
    (('price', 'quantity'), ('rate',))
    """
    return Inspection(graph)


def _same(one: Feature, other: Feature) -> bool:
    if same_code(one, other):
        return True
    if len(one.checks) != len(other.checks) or one.cache != other.cache:
        return False
    try:
        same = code_key(one.function).digest == code_key(other.function).digest
    except FingerprintError:  # cannot be seen through: compare what is written
        same = one.source == other.source
    return same and repr(one.checks) == repr(other.checks)


def _code_diff(one: Feature, other: Feature) -> str:
    lines = difflib.unified_diff(
        one.source.splitlines(), other.source.splitlines(), lineterm="", n=1
    )
    found = [line for line in list(lines)[2:] if not line.startswith("@@")]
    return "\n".join(found) or "what it names, or its modifiers' arguments"


def _signature(feature: Feature) -> str:
    returns = "" if feature.returns is MISSING else f" -> {written(feature.returns)}"
    return f"({', '.join(_written(each) for each in feature.parameters)}){returns}"


def _written(parameter: Parameter) -> str:
    kind = "" if parameter.annotation is MISSING else f": {written(parameter.annotation)}"
    default = "" if parameter.required else f"={short(repr(parameter.default))}"
    return f"{parameter.name}{kind}{default}"


def _tags(feature: Feature) -> str:
    return ", ".join([f"{key}={value}" for key, value in feature.tags.items()]) or "no tags"
