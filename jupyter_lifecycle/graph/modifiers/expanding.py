"""One function, several features: parameters that get other values for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.graph.modifiers.dependencies import (
    Dependency,
    Group,
    Source,
    Value,
    require_dependencies,
)
from jupyter_lifecycle.graph.modifiers.extracting import Columns
from jupyter_lifecycle.graph.modifiers.stages import Decorator, Made, Stage
from jupyter_lifecycle.graph.modifiers.wiring import rewired

if TYPE_CHECKING:
    from jupyter_lifecycle.graph.feature import Feature


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the features that a function becomes."""

    name: str
    wiring: Mapping[str, Dependency]
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class Parameterize:
    """A function becomes one feature for each variant."""

    variants: tuple[Variant, ...]
    stage: ClassVar[Stage] = Stage.EXPAND

    def apply(self, made: Made) -> Made:
        """Multiply each output."""
        return made.each_output(lambda feature: [varied(feature, each) for each in self.variants])


@dataclass(frozen=True, slots=True)
class Inject:
    """A function's parameters get other values."""

    wiring: Mapping[str, Dependency]
    stage: ClassVar[Stage] = Stage.INJECT

    def apply(self, made: Made) -> Made:
        """Rewire each output."""
        return made.each_output(lambda feature: [rewired(feature, self.wiring)])


@dataclass(frozen=True, slots=True)
class ParameterizedExtract:
    """Columns to take out of the frame that a function gives for these parameters."""

    columns: tuple[str | tuple[str, str], ...]
    wiring: Mapping[str, Dependency]


@dataclass(frozen=True, slots=True)
class ParameterizeExtract:
    """A function becomes one frame for each variant, and each frame its columns."""

    extracts: tuple[ParameterizedExtract, ...]
    stage: ClassVar[Stage] = Stage.EXPAND

    def apply(self, made: Made) -> Made:
        """Multiply the output and take each apart."""
        frame = made.base
        features: list[Feature] = [each for each in made.features if each is not frame]
        outputs: list[str] = []
        for number, each in enumerate(self.extracts):
            name = f"{frame.name}__{number}"
            one = varied(frame, Variant(name, each.wiring))
            part = replace(made, features=(one,), outputs=(name,))
            taken = Columns(each.columns).apply(part)
            features += taken.features
            outputs += taken.outputs
        return replace(made, features=tuple(features), outputs=tuple(outputs))


def varied(feature: Feature, variant: Variant) -> Feature:
    """Make one variant of a feature; ``{parameter}`` in its documentation is filled in."""
    if variant.doc is not None:
        doc = variant.doc
    elif "{" in feature.doc:
        doc = _filled(feature.doc, variant)
    else:
        doc = feature.doc
    wired = rewired(feature, variant.wiring)
    return replace(wired, name=variant.name, doc=doc, definition=feature.written)


class _Blanks(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return key


def _filled(doc: str, variant: Variant) -> str:
    blanks = _Blanks(output_name=variant.name)
    for name, each in variant.wiring.items():
        if isinstance(each, Value):
            blanks[name] = each.value
        elif isinstance(each, Source):
            blanks[name] = each.name
        elif isinstance(each, Group):
            blanks[name] = repr(each)
    try:
        return doc.format_map(blanks)
    except (ValueError, AttributeError, IndexError, KeyError):  # braces that mean something else
        return doc


def parameterize(**features: Mapping[str, Dependency] | tuple[Mapping[str, Any], str]) -> Decorator:
    """Make several features of one function.

    Parameters
    ----------
    **features : mapping of str to source, value or group
        For each feature's name what its parameters get; those that are not named get the features
        of their names. A tuple of mapping and text also gives the documentation; without it,
        ``{parameter}`` in the function's own is filled in.

    Returns
    -------
    Decorator
        The function's own name is no feature then.

    Raises
    ------
    FeatureDefinitionError
        If nothing is given, or a parameter gets neither source, value nor group.

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph, source, value
    >>> @parameterize(net={"amount": source("sales"), "rate": value(0.8)},
    ...               gross={"amount": source("sales"), "rate": value(1.0)})
    ... def scaled(amount, rate):
    ...     return amount * rate
    >>> FeatureGraph.from_functions(scaled).inputs
    ('sales',)
    """
    if not features:
        raise FeatureDefinitionError("parameterize() names no feature: write name={'a': value(1)}.")
    variants = []
    for name, given in features.items():
        wiring, doc = given if isinstance(given, tuple) else (given, None)
        if not isinstance(wiring, Mapping):
            raise FeatureDefinitionError(
                f"parameterize({name}={wiring!r}): give a dict of parameters, such as "
                "{'a': source('x')}."
            )
        checked = require_dependencies(wiring, f"parameterize({name}=…)")
        variants.append(Variant(name, checked, doc))
    return Decorator((Parameterize(tuple(variants)),))


def parameterize_values(
    parameter: str, assigned_output: Mapping[str | tuple[str, str], Any]
) -> Decorator:
    """Make several features that differ in one parameter's literal.

    Parameters
    ----------
    parameter : str
    assigned_output : mapping of str, or (str, str), to any
        From the feature's name, or name and documentation, to the value.

    Returns
    -------
    Decorator
    """
    variants = []
    for name, literal in assigned_output.items():
        title, doc = name if isinstance(name, tuple) else (name, None)
        variants.append(Variant(title, {parameter: Value(literal)}, doc))
    return Decorator((Parameterize(tuple(variants)),))


def parameterize_sources(**features: Mapping[str, str]) -> Decorator:
    """Make several features that read others each.

    Parameters
    ----------
    **features : mapping of str to str
        For each feature's name which feature each parameter reads.

    Returns
    -------
    Decorator
    """
    variants = [
        Variant(name, {parameter: Source(each) for parameter, each in sources.items()})
        for name, sources in features.items()
    ]
    return Decorator((Parameterize(tuple(variants)),))


def parameterize_extract_columns(*extracts: ParameterizedExtract) -> Decorator:
    """Make several frames of one function, and features of their columns.

    Parameters
    ----------
    *extracts : ParameterizedExtract
        The frames are called ``function__0``, ``function__1``, ….

    Returns
    -------
    Decorator
    """
    return Decorator((ParameterizeExtract(extracts),))


def inject(**wiring: Dependency) -> Decorator:
    """Give a function's parameters other values than the features of their names.

    Parameters
    ----------
    **wiring : source, value or group
        By parameter.

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If one is neither.

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph, group, source
    >>> @inject(parts=group(source("a"), source("b")))
    ... def total(parts):
    ...     return sum(parts)
    >>> FeatureGraph.from_functions(total).inputs
    ('a', 'b')
    """
    return Decorator((Inject(require_dependencies(wiring, "inject()")),))
