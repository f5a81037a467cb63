"""From a function with modifiers and a configuration to its features: a pure function."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.graph.definition import FeatureReader, options_of
from jupyter_lifecycle.graph.modifiers.choosing import Delayed, Excluded, When
from jupyter_lifecycle.graph.modifiers.stages import Made, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jupyter_lifecycle.graph.feature import Feature, Origin
    from jupyter_lifecycle.graph.modifiers.stages import Modifier


def make_features(
    function: Callable[..., Any],
    *,
    origin: Origin | None = None,
    source: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> tuple[Feature, ...]:
    """Read a function with its modifiers as features.

    Parameters
    ----------
    function : callable
    origin : Origin, optional
        Where it was defined; all its features belong there.
    source : str, optional
        Its source text.
    config : mapping of str to any, optional
        What ``config.when`` and ``resolve`` look at.

    Returns
    -------
    tuple of Feature
        None where the configuration leaves the function out; one for a plain function.

    Raises
    ------
    FeatureDefinitionError
        If it cannot be a feature; the message says why and names the place.
    """
    return resolved(function, config or {}, FeatureReader(), origin, source)


def resolved(
    function: Callable[..., Any],
    config: Mapping[str, Any],
    reader: FeatureReader,
    origin: Origin | None = None,
    source: str | None = None,
) -> tuple[Feature, ...]:
    """See :func:`make_features`."""
    modifiers = _settled(options_of(function).modifiers, config)
    if not modifiers:
        return (reader.read(function, origin, source),)
    if any(isinstance(each, Excluded) for each in modifiers):
        return ()
    conditions = [each for each in modifiers if isinstance(each, When)]
    if not all(each.holds(config) for each in conditions):
        return ()
    feature = reader.read(function, origin, source)
    if conditions:
        feature = replace(feature, name=_name(feature.name, conditions))
    made = Made(function, config, reader, (feature,), (feature.name,))
    for each in sorted(modifiers, key=lambda modifier: modifier.stage):
        if each.stage is not Stage.CHOOSE:
            made = _applied(each, made, feature)
    return tuple([_owned(each, feature.origin) for each in made.features])


def _settled(modifiers: Iterable[Modifier], config: Mapping[str, Any]) -> list[Modifier]:
    """Replace the modifiers that wait for the configuration by what they decide on."""
    pending, found = list(reversed(list(modifiers))), []
    while pending:
        each = pending.pop()
        if isinstance(each, Delayed):
            pending.extend(reversed(each.decided(config)))
        else:
            found.append(each)
    return found


def _name(name: str, conditions: Iterable[When]) -> str:
    given = [each.name for each in conditions if each.name]
    return given[0] if given else name.rpartition("__")[0] or name


def _applied(modifier: Modifier, made: Made, feature: Feature) -> Made:
    try:
        return modifier.apply(made)
    except FeatureDefinitionError as error:
        where = f"{feature.origin.label}, line {feature.origin.line}: "
        if error.message.startswith(feature.origin.label):
            raise
        raise FeatureDefinitionError(where + error.message, **error.detail) from None


def _owned(feature: Feature, origin: Origin) -> Feature:
    """Let a feature belong to the cell of its decorated function, wherever its code stands."""
    if feature.origin.key == origin.key:
        return feature
    return replace(feature, origin=replace(feature.origin, key=origin.key))
