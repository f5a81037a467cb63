"""A feature whose parameters are given something else than the features of their names."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import FeatureDefinitionError, did_you_mean
from jupyter_lifecycle.graph.feature import MISSING, Feature, Parameter
from jupyter_lifecycle.graph.modifiers.dependencies import Group, Source, Value, sources_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.graph.modifiers.dependencies import Dependency

_MUTABLE = (list, dict, set, bytearray)


def rewired(feature: Feature, wiring: Mapping[str, Dependency]) -> Feature:
    """Give a feature's parameters other values.

    Parameters
    ----------
    feature : Feature
    wiring : mapping of str to Dependency
        From its parameters; those that are not named keep what they have.

    Returns
    -------
    Feature
        It reads the sources; literals are part of its code, so that keys tell them apart.

    Raises
    ------
    FeatureDefinitionError
        If it has no such parameter.
    """
    known = [parameter.name for parameter in feature.parameters]
    for name in wiring:
        if name not in known:
            raise FeatureDefinitionError(
                f"{feature.origin.label}, line {feature.origin.line}: {feature.name} has no "
                f"parameter {name}.{did_you_mean(name, known)} It has: {', '.join(known) or 'none'}"
                ".",
                feature=feature.name,
            )
    if not wiring or all(_is_same(name, each) for name, each in wiring.items()):
        return feature
    slots = tuple([(name, wiring.get(name) or Source(name)) for name in known])
    return replace(
        feature,
        function=_wired(feature.function, slots),
        parameters=_parameters(feature, wiring),
        definition=feature.written,
    )


def _is_same(name: str, dependency: Dependency) -> bool:
    return isinstance(dependency, Source) and dependency.name == name


def _parameters(feature: Feature, wiring: Mapping[str, Dependency]) -> tuple[Parameter, ...]:
    found: dict[str, Parameter] = {}
    for parameter in feature.parameters:
        given = wiring.get(parameter.name)
        if given is None or isinstance(given, Source):
            name = parameter.name if given is None else given.name
            new = replace(parameter, name=name)
            known = found.get(name)
            if known is not None and (known.required or not new.required):
                continue
            if known is not None and new.annotation is MISSING:
                new = replace(new, annotation=known.annotation)
            found[name] = new
        else:
            for name in sources_of(given):
                found.setdefault(name, Parameter(name))
    return tuple(found.values())


def _wired(
    function: Callable[..., Any], wiring: tuple[tuple[str, Dependency], ...]
) -> Callable[..., Any]:
    # Tuples all the way: closures that cannot change are seen to be the same when a cell reruns.
    literals = tuple([(name, each.value) for name, each in wiring if isinstance(each, Value)])
    names = tuple([(name, each.name) for name, each in wiring if isinstance(each, Source)])
    groups = tuple([(name, each) for name, each in wiring if isinstance(each, Group)])
    plain = not any(isinstance(each, _MUTABLE) for _, each in literals)

    def call(**given: Any) -> Any:
        arguments = {name: given[each] for name, each in names if each in given}
        arguments.update(literals if plain else copy.deepcopy(literals))
        for name, each in groups:
            arguments[name] = _grouped(each, given)
        return function(**arguments)

    return call


def _grouped(group: Group, given: Mapping[str, Any]) -> list[Any] | dict[str, Any]:
    values = [
        given[item.name] if isinstance(item, Source) else copy.deepcopy(item.value)
        for item in group.items
    ]
    return dict(zip(group.names, values, strict=True)) if group.names else values
