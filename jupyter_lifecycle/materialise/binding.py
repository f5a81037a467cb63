"""What a computation needs, found before anything runs; all that is missing is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError, UnboundError
from jupyter_lifecycle.graph import FeatureGraph, NearNames
from jupyter_lifecycle.graph.selecting import is_term
from jupyter_lifecycle.materialise.measure import short
from jupyter_lifecycle.materialise.planning import reached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.graph import Feature
    from jupyter_lifecycle.materialise.planning import Plan, Reach


@dataclass(frozen=True, slots=True)
class Binding:
    """A graph whose parameters have found their values."""

    graph: FeatureGraph
    plan: Plan
    sources: Mapping[str, Any]
    """Values by name: inputs, configuration and overrides that are needed."""

    @property
    def features(self) -> Mapping[str, Feature]:
        """Those of the graph that are not overridden."""
        return self.plan.features

    @property
    def targets(self) -> tuple[str, ...]:
        """What is wanted, each once."""
        return self.plan.targets

    @property
    def order(self) -> tuple[str, ...]:
        """The features that the targets need, topological."""
        return self.plan.order

    @property
    def arguments(self) -> Mapping[str, tuple[str, ...]]:
        """For each feature the parameters that get a value; others keep their default."""
        return self.plan.arguments

    @property
    def unbound(self) -> Mapping[str, tuple[str, ...]]:
        """For each feature the required parameters that nothing gives."""
        return self.plan.unbound


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
        Features, or inputs that are to be in the result; patterns and tags mean what
        :meth:`FeatureGraph.select` finds.
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
        If targets or inputs are of no use, or inputs give what a feature defines.
    """
    if not isinstance(graph, FeatureGraph):
        raise ComputeError(
            f"The first argument is a FeatureGraph, not a {type(graph).__name__}. Make one of "
            "functions with FeatureGraph.from_functions(…), or of modules with from_modules(…)."
        )
    targets = _listed(targets)
    reach, sources, absent = _bound(graph, targets, inputs, overrides, strict=True)
    given = _named(inputs)
    if given:
        _refuse_shadowed(reach, given)
    binding = Binding(reach.graph, reach.plan(absent), sources)
    if absent:
        missing = [name for name in absent if name in reach.targets]
        if any(map(is_term, missing)):
            return bind(graph, _selected(graph, targets, missing), inputs, overrides)
        if missing or binding.unbound:
            raise _unbound_error(binding, missing, given)
    return binding


def bind_some(
    graph: FeatureGraph,
    targets: Sequence[str],
    inputs: Mapping[str, Any] | Any | None,
    overrides: Mapping[str, Any] | None = None,
) -> Binding:
    """Do as :func:`bind` does, but leave what nothing defines unbound, and let features win."""
    reach, sources, absent = _bound(graph, targets, inputs, overrides, strict=False)
    return Binding(reach.graph, reach.plan(absent), sources)


def _bound(
    graph: FeatureGraph,
    targets: Sequence[str],
    inputs: Any,
    overrides: Mapping[str, Any] | None,
    *,
    strict: bool,
) -> tuple[Reach, dict[str, Any], tuple[str, ...]]:
    """Find what is needed, the values that somebody gives, and the names that nobody does."""
    wanted = _listed(targets)
    given, replaced = _named(inputs), overrides or {}
    if replaced:
        _refuse_unknown_overrides(graph, replaced, given)
    reach = reached(graph, wanted, replaced, strict=strict)
    sources: dict[str, Any] = {}
    absent = []
    config = graph.config
    for name in reach.externals:
        if name in replaced:
            sources[name] = replaced[name]
        elif name in given:
            sources[name] = given[name]
        elif name in config:
            sources[name] = config[name]
        else:
            absent.append(name)
    return reach, sources, tuple(absent)


def _listed(targets: Any) -> tuple[str, ...]:
    """Return the targets, each once."""
    if isinstance(targets, str):
        raise ComputeError(f"targets is the text {targets!r}; write a list: [{targets!r}].")
    try:
        wanted = tuple(targets)
    except TypeError:
        raise ComputeError(
            f"targets is a {type(targets).__name__}; write a list of names: ['a', 'b']."
        ) from None
    if not set(map(type, wanted)) <= {str}:
        for each in wanted:
            if not isinstance(each, str):
                name = getattr(each, "__name__", "a")
                raise ComputeError(
                    f"targets holds {short(repr(each))}, and a target is a name: [{name!r}]."
                )
    return tuple(dict.fromkeys(wanted))


def _selected(
    graph: FeatureGraph, targets: Sequence[str], missing: Sequence[str]
) -> tuple[str, ...]:
    """Put what a pattern or tag means in its place."""
    terms = {name for name in missing if is_term(name)}
    found = [graph.select(name) if name in terms else (name,) for name in targets]
    return tuple(dict.fromkeys([name for names in found for name in names]))


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


def _refuse_shadowed(reach: Reach, given: Mapping[str, Any]) -> None:
    few, many = (given, reach.members) if len(given) < len(reach.members) else (reach.order, given)
    if not any(name in many for name in few):
        return
    shadowed = [name for name in reach.order if name in given]
    labels = [f"{name} ({reach.features[name].origin.label})" for name in shadowed]
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
