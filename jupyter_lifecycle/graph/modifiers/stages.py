"""What a modifier is: a frozen value that turns the features of a function into others.

Whatever their order above a function, modifiers act in stages: first those that choose whether it
is there at all, then those that make it, rewire it, multiply it, transform what it gives, and last
those that label. Within a stage the one nearest to the function acts first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from jupyter_lifecycle.errors import FeatureDefinitionError, did_you_mean
from jupyter_lifecycle.graph.definition import MARK, FeatureReader, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jupyter_lifecycle.graph.feature import Feature

    AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])
    Targets = str | Sequence[str] | None


class Stage(IntEnum):
    """When a modifier acts."""

    CHOOSE = 0
    CREATE = 1
    INJECT = 2
    EXPAND = 3
    TRANSFORM = 4
    LABEL = 5


@dataclass(frozen=True, slots=True)
class Made:
    """The features of one function, on their way through its modifiers."""

    function: Callable[..., Any]
    config: Mapping[str, Any]
    reader: FeatureReader
    features: tuple[Feature, ...]
    outputs: tuple[str, ...]
    """Names of those that the function is there for; the others lead to them."""

    @property
    def base(self) -> Feature:
        """The only output.

        Raises
        ------
        FeatureDefinitionError
            If there are several.
        """
        if len(self.outputs) != 1:
            raise FeatureDefinitionError(
                f"{self.function.__name__} gives {len(self.outputs)} features already "
                f"({', '.join(self.outputs[:4])}, …), and only one can be taken apart. "
                "parameterize_extract_columns does both at once."
            )
        return self.named(self.outputs[0])

    def named(self, name: str) -> Feature:
        """Return one of the features."""
        return next(each for each in self.features if each.name == name)

    def each_output(self, change: Callable[[Feature], Iterable[Feature]]) -> Made:
        """Replace each output by others, all of which are outputs."""
        features: list[Feature] = []
        outputs: list[str] = []
        for each in self.features:
            if each.name in self.outputs:
                new = list(change(each))
                features += new
                outputs += [one.name for one in new]
            else:
                features.append(each)
        return replace(self, features=tuple(features), outputs=tuple(outputs))

    def chosen(self, target: Any, label: str) -> frozenset[str]:
        """Find the features that a ``target_`` means: outputs, all (``...``), or named ones.

        Raises
        ------
        FeatureDefinitionError
            If there is no feature of that name.
        """
        if target is None:
            return frozenset(self.outputs)
        names = [each.name for each in self.features]
        if target is ...:
            return frozenset(names)
        wanted = [target] if isinstance(target, str) else list(target)
        for each in wanted:
            if each not in names:
                raise FeatureDefinitionError(
                    f"{label} on {self.function.__name__}: it gives no feature {each}."
                    f"{did_you_mean(each, names)} It gives: {', '.join(names)}."
                )
        return frozenset(wanted)

    def changed(self, names: frozenset[str], change: Callable[[Feature], Feature]) -> Made:
        """Change the features of these names, each for one of the same name."""
        features = [change(each) if each.name in names else each for each in self.features]
        return replace(self, features=tuple(features))


class Modifier(Protocol):
    """What stands above a function."""

    stage: ClassVar[Stage]

    def apply(self, made: Made) -> Made:
        """Turn the features of a function into others."""
        ...


@dataclass(frozen=True, slots=True)
class Decorator:
    """Puts modifiers on a function, which stays the function that it is."""

    modifiers: tuple[Modifier, ...]

    def __call__(self, function: AnyFunction) -> AnyFunction:
        """Mark a function."""
        if not callable(function):
            raise FeatureDefinitionError(
                f"A modifier stands above a function, not above {function!r}."
            )
        options = options_of(function)
        setattr(function, MARK, replace(options, modifiers=(*options.modifiers, *self.modifiers)))
        return function
