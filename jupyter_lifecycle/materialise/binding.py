"""What a computation needs, found before anything runs; all that is missing is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError, UnboundError
from jupyter_lifecycle.graph import NearNames
from jupyter_lifecycle.graph.order import post_order
from jupyter_lifecycle.materialise.fanning import fused, refuse_inner

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from jupyter_lifecycle.graph import Feature, FeatureGraph


@dataclass(frozen=True, slots=True)
class Binding:
    """A graph whose parameters have found their values."""

    graph: FeatureGraph
    features: Mapping[str, Feature]
    """Those of the graph that are not overridden."""
    targets: tuple[str, ...]
    order: tuple[str, ...]
    """The features that the targets need, topological."""
    sources: Mapping[str, Any]
    """Values by name: inputs, configuration and overrides that are needed."""
    arguments: Mapping[str, tuple[str, ...]]
    """For each feature the parameters that get a value; others keep their default."""
    unbound: Mapping[str, tuple[str, ...]]
    """For each feature the required parameters that nothing gives."""


def bind(
    graph: FeatureGraph,
    targets: Sequence[str],
    inputs: Mapping[str, Any] | Any | None,
    overrides: Mapping[str, Any] | None = None,
) -> Binding:
    """Find a value for each parameter, or say which have none.

    Parameters
    ----------
    graph : FeatureGraph
    targets : sequence of str
        Features, or inputs that are to be in the result.
    inputs : mapping of str to any, DataFrame or None
        A frame stands for its columns.
    overrides : mapping of str to any, optional
        Values that take the place of features.

    Returns
    -------
    Binding

    Raises
    ------
    UnboundError
        Names every target and parameter that nothing defines, with near misses.
    ComputeError
        If inputs are of no use, or give what a feature defines.
    """
    if graph.fans:
        refuse_inner(_without(graph, overrides or ()), _listed(targets))
    binding = _bound(graph, targets, inputs, overrides, strict=True)
    _refuse_shadowed(graph, binding.order, _named(inputs))
    missing = [
        target
        for target in dict.fromkeys(targets)
        if target not in binding.features and target not in binding.sources
    ]
    if missing or binding.unbound:
        raise _unbound_error(binding, missing, _named(inputs))
    return binding


def bind_some(
    graph: FeatureGraph,
    targets: Sequence[str],
    inputs: Mapping[str, Any] | Any | None,
    overrides: Mapping[str, Any] | None = None,
) -> Binding:
    """Do as :func:`bind` does, but leave what nothing defines unbound, and let features win."""
    return _bound(graph, targets, inputs, overrides, strict=False)


def _bound(
    graph: FeatureGraph,
    targets: Sequence[str],
    inputs: Any,
    overrides: Mapping[str, Any] | None,
    *,
    strict: bool,
) -> Binding:
    targets = _listed(targets)
    given = _named(inputs)
    replaced = dict(overrides or {})
    _refuse_unknown_overrides(graph, replaced, given)
    if graph.fans:
        graph = _fused(_without(graph, replaced), targets, strict=strict)
    features, edges = dict(graph.features), dict(graph.edges)
    for name in replaced:  # what is given needs nothing
        features.pop(name, None)
        edges.pop(name, None)
    wanted = dict.fromkeys(targets)
    reached = post_order([name for name in wanted if name in features], edges)
    order = tuple([name for name in reached if name in features])
    sources = _Sources(replaced, given, graph.config)
    arguments: dict[str, tuple[str, ...]] = {}
    unbound: dict[str, tuple[str, ...]] = {}
    for name in order:
        needed = edges[name]
        for each in needed:
            if each not in features and each not in sources and not sources.find(each):
                arguments[name] = _given(needed, features, sources)
                lacking = _lacking(features[name], arguments[name])
                if lacking:
                    unbound[name] = lacking
                break
        else:
            arguments[name] = needed
    for target in wanted:
        if target not in features:
            sources.find(target)
    return Binding(graph, features, tuple(wanted), order, sources, arguments, unbound)


def _without(graph: FeatureGraph, overrides: Iterable[str]) -> FeatureGraph:
    overridden = [name for name in overrides if name in graph]
    return graph.without(*overridden)[0] if overridden else graph


def _given(
    needed: Iterable[str], features: Mapping[str, Feature], sources: _Sources
) -> tuple[str, ...]:
    return tuple([each for each in needed if each in features or sources.find(each)])


def _lacking(feature: Feature, given: Collection[str]) -> tuple[str, ...]:
    return tuple([p.name for p in feature.parameters if p.required and p.name not in given])


def _fused(graph: FeatureGraph, targets: Iterable[str], *, strict: bool) -> FeatureGraph:
    try:
        return fused(graph, [name for name in targets if name in graph])
    except ComputeError:
        if strict:
            raise
        return graph  # half written: a computation will say what is wrong with it


def _listed(targets: Sequence[str]) -> Sequence[str]:
    if isinstance(targets, str):
        raise ComputeError(f"targets is the text {targets!r}; write a list: [{targets!r}].")
    return targets


class _Sources(dict[str, Any]):
    """The values that were asked for, each from the first giver that has it."""

    def __init__(self, *givers: Mapping[str, Any]) -> None:
        super().__init__()
        self._givers = givers

    def find(self, name: str) -> bool:
        """Look a name up, and say whether somebody gives it."""
        if name in self:
            return True
        for giver in self._givers:
            if name in giver:
                self[name] = giver[name]
                return True
        return False


def _named(inputs: Any) -> Mapping[str, Any]:
    if inputs is None:
        return {}
    if isinstance(inputs, Mapping):
        return inputs
    if hasattr(inputs, "columns") and hasattr(inputs, "__getitem__"):
        return _Columns(inputs)
    raise ComputeError(
        f"inputs is a {type(inputs).__name__}; give a mapping of names to values, or a DataFrame."
    )


class _Columns(Mapping[str, Any]):
    """A frame's columns by name; a column is taken out only when it is asked for."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        names = list(frame.columns)
        twice = (
            {str(name) for name in names if names.count(name) > 1}
            if len(set(names)) < len(names)
            else set()
        )
        if twice:
            raise ComputeError(
                f"The frame given as inputs has several columns named {', '.join(sorted(twice))}. "
                "Rename or drop one."
            )
        self._names = dict.fromkeys(name for name in names if isinstance(name, str))

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._frame[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Any:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _refuse_unknown_overrides(
    graph: FeatureGraph, replaced: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    if all(name in graph for name in replaced):
        return
    known = {*graph.features, *graph.inputs, *graph.config, *given}
    unknown = [name for name in replaced if name not in known]
    if unknown:
        near = NearNames(known)
        lines = [f"{name}{_hint(near, name)}" for name in unknown]
        raise UnboundError(
            f"overrides names what is no feature and no input: {'; '.join(lines)}.", names=unknown
        )


def _refuse_shadowed(graph: FeatureGraph, order: Sequence[str], given: Mapping[str, Any]) -> None:
    shadowed = [name for name in order if name in given]
    if shadowed:
        labels = [f"{name} ({graph.features[name].origin.label})" for name in shadowed]
        raise ComputeError(
            f"inputs give a value for {', '.join(labels)}, which the graph computes. "
            "Pass it as overrides to use it instead, or take it out of inputs.",
            names=shadowed,
        )


def _hint(near: NearNames, name: str) -> str:
    meant = near.find(name)
    return f" (did you mean {meant}?)" if meant else ""


def _unbound_error(
    binding: Binding, missing: Sequence[str], given: Mapping[str, Any]
) -> UnboundError:
    graph = binding.graph
    near = NearNames([*graph.features, *given, *graph.config])
    problems = [f"no feature or input {name}{_hint(near, name)}" for name in missing]
    readers: dict[str, list[str]] = {}
    for reader, names in binding.unbound.items():
        for name in names:
            readers.setdefault(name, []).append(reader)
    for name, who in readers.items():
        first = f"{who[0]} ({graph.features[who[0]].origin.label})"
        others = f" and {len(who) - 1} more" if len(who) > 1 else ""
        problems.append(
            f"no feature or input {name}, which {first}{others} reads{_hint(near, name)}"
        )
    shown = problems[:20] + ([f"… and {len(problems) - 20} more"] if len(problems) > 20 else [])
    text = (
        f"There is {shown[0]}."
        if len(shown) == 1
        else "\n".join(
            [f"{len(problems)} names are bound to nothing:", *[f"  - {p}" for p in shown]]
        )
    )
    return UnboundError(
        f"{text}\nGive what is missing in inputs, or define it.", names=[*missing, *readers]
    )
