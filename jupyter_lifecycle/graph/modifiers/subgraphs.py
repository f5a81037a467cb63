"""A graph within a graph: functions that are taken in again under a name of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from jupyter_lifecycle.errors import FeatureDefinitionError, did_you_mean
from jupyter_lifecycle.graph.modifiers.dependencies import (
    Configuration,
    Dependency,
    Source,
    Value,
    require_dependencies,
)
from jupyter_lifecycle.graph.modifiers.stages import Decorator, Made, Stage
from jupyter_lifecycle.graph.modifiers.wiring import rewired
from jupyter_lifecycle.graph.modules import feature_functions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_lifecycle.graph.feature import Feature


class SubdagParams(TypedDict, total=False):
    """What may differ between the subdags of :func:`parameterized_subdag`."""

    inputs: Mapping[str, Dependency]
    config: Mapping[str, Any]
    external_inputs: Sequence[str]


@dataclass(frozen=True, slots=True)
class Subdag:
    """Functions under a namespace, and a function that reads what they give."""

    functions: tuple[Callable[..., Any], ...]
    inputs: Mapping[str, Dependency]
    config: Mapping[str, Any]
    external: tuple[str, ...]
    namespace: str | None
    final_name: str | None
    stage: ClassVar[Stage] = Stage.CREATE

    def apply(self, made: Made) -> Made:
        """Add the functions' features, renamed, and have the decorated one read them."""
        from jupyter_lifecycle.graph.modifiers.resolution import resolved

        final = made.base
        space = self.namespace or final.name
        config = self._configured(made.config)
        inner = [
            feature
            for function in self.functions
            for feature in resolved(function, {**made.config, **config}, made.reader)
        ]
        renamed: dict[str, Dependency] = {
            each.name: Source(f"{space}.{each.name}") for each in inner
        }
        given: dict[str, Dependency] = {
            **{name: Value(each) for name, each in config.items()},
            **self.inputs,
        }
        known = {**given, **renamed}
        features = [_within(each, known, f"{space}.{each.name}") for each in inner]
        reads = {
            parameter.name: known.get(parameter.name, Source(f"{space}.{parameter.name}"))
            for parameter in final.parameters
            if parameter.name not in self.external
            and (parameter.required or parameter.name in known)
        }
        self._refuse_unknown(reads, known, final)
        end = replace(rewired(final, reads), name=self.final_name or final.name)
        others = [each for each in made.features if each is not final]
        return replace(made, features=(*others, *features, end), outputs=(end.name,))

    def _configured(self, config: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for name, each in self.config.items():
            if isinstance(each, Configuration):
                if each.key not in config:
                    raise FeatureDefinitionError(
                        f"subdag(config={{{name!r}: {each!r}}}): the graph's configuration has no "
                        f"{each.key}.{did_you_mean(each.key, config)}"
                    )
                found[name] = config[each.key]
            else:
                found[name] = each.value if isinstance(each, Value) else each
        return found

    def _refuse_unknown(
        self, reads: Mapping[str, Dependency], known: Mapping[str, Any], final: Feature
    ) -> None:
        unknown = [name for name in reads if name not in known]
        if unknown:
            raise FeatureDefinitionError(
                f"subdag on {final.name}: no function of it gives {', '.join(unknown)}."
                f"{did_you_mean(unknown[0], known)} What comes from outside goes to "
                f"external_inputs={unknown!r}."
            )


@dataclass(frozen=True, slots=True)
class Subdags:
    """Several subdags of the same functions."""

    subdags: tuple[Subdag, ...]
    stage: ClassVar[Stage] = Stage.CREATE

    def apply(self, made: Made) -> Made:
        """Add each."""
        parts = [each.apply(made) for each in self.subdags]
        features = [feature for part in parts for feature in part.features]
        outputs = [name for part in parts for name in part.outputs]
        return replace(made, features=tuple(features), outputs=tuple(outputs))


def _within(feature: Feature, known: Mapping[str, Dependency], name: str) -> Feature:
    names = [parameter.name for parameter in feature.parameters]
    wired = rewired(feature, {each: known[each] for each in names if each in known})
    return replace(wired, name=name, definition=feature.written)


def _functions(load_from: Sequence[Any], where: str) -> tuple[Callable[..., Any], ...]:
    if not load_from:
        raise FeatureDefinitionError(f"{where}() takes functions or modules first, and has none.")
    found: list[Callable[..., Any]] = []
    for each in load_from:
        if isinstance(each, ModuleType):
            found += feature_functions(each)
        elif callable(each):
            found.append(each)
        else:
            raise FeatureDefinitionError(f"{where}() takes functions and modules, not {each!r}.")
    return tuple(found)


def subdag(
    *load_from: ModuleType | Callable[..., Any],
    inputs: Mapping[str, Dependency] | None = None,
    config: Mapping[str, Any] | None = None,
    namespace: str | None = None,
    final_node_name: str | None = None,
    external_inputs: Sequence[str] | None = None,
) -> Decorator:
    """Take functions in under a namespace; the decorated function reads what they give.

    Parameters
    ----------
    *load_from : module or callable
        Their features are named ``namespace.feature``.
    inputs : mapping of str to source, value or group, optional
        What their inputs get; inputs that are not named are those of the graph around them.
    config : mapping of str to any, optional
        On top of the graph's own, for ``config.when`` within and for parameters of these names.
    namespace : str, optional
        The decorated function's name where not given.
    final_node_name : str, optional
        The name of the decorated function's feature.
    external_inputs : sequence of str, optional
        Parameters of the decorated function that come from outside.

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If nothing is taken in, a name is in ``inputs`` and ``config``, or an input gets neither
        source, value nor group.
    """
    where = "subdag"
    wiring = require_dependencies(inputs or {}, f"{where}(inputs=…)")
    both = [name for name in config or {} if name in wiring]
    if both:
        raise FeatureDefinitionError(
            f"{where}(): {', '.join(both)} is among the inputs and in the config. Give it once."
        )
    made = Subdag(
        _functions(load_from, where),
        wiring,
        dict(config or {}),
        tuple(external_inputs or ()),
        namespace,
        final_node_name,
    )
    return Decorator((made,))


def parameterized_subdag(
    *load_from: ModuleType | Callable[..., Any],
    inputs: Mapping[str, Dependency] | None = None,
    config: Mapping[str, Any] | None = None,
    external_inputs: Sequence[str] | None = None,
    **subdags: SubdagParams,
) -> Decorator:
    """Take functions in several times, each under a name of its own.

    Parameters
    ----------
    *load_from : module or callable
    inputs, config, external_inputs
        As for :func:`subdag`, for all of them.
    **subdags : mapping
        For each namespace the ``inputs``, ``config`` and ``external_inputs`` of its own.

    Returns
    -------
    Decorator
    """
    parts: list[Subdag] = []
    for name, own in subdags.items():
        one = subdag(
            *load_from,
            inputs={**(inputs or {}), **own.get("inputs", {})},
            config={**(config or {}), **own.get("config", {})},
            namespace=name,
            final_node_name=name,
            external_inputs=own.get("external_inputs", external_inputs or ()),
        )
        parts += [each for each in one.modifiers if isinstance(each, Subdag)]
    return Decorator((Subdags(tuple(parts)),))
