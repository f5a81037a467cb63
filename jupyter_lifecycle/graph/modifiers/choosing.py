"""Modifiers that decide by the configuration whether a function is there, or what modifies it."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from jupyter_lifecycle.errors import FeatureDefinitionError, did_you_mean
from jupyter_lifecycle.graph.modifiers.stages import Decorator, Made, Modifier, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class When:
    """A condition on the configuration."""

    test: Callable[[Mapping[str, Any]], bool]
    name: str | None = None
    """The feature's name; the function's without ``__suffix`` where it is None."""
    stage: ClassVar[Stage] = Stage.CHOOSE

    def holds(self, config: Mapping[str, Any]) -> bool:
        """Whether the function is there."""
        return bool(self.test(config))

    def apply(self, made: Made) -> Made:
        """Change nothing: it was asked before."""
        return made


@dataclass(frozen=True, slots=True)
class Excluded:
    """Keeps a function out of the graph."""

    stage: ClassVar[Stage] = Stage.CHOOSE

    def apply(self, made: Made) -> Made:
        """Change nothing: it is left out before."""
        return made


@dataclass(frozen=True, slots=True)
class Delayed:
    """A modifier that is made when the configuration is known."""

    decide: Callable[..., Any]
    stage: ClassVar[Stage] = Stage.CHOOSE

    def decided(self, config: Mapping[str, Any]) -> tuple[Modifier, ...]:
        """Make it.

        Raises
        ------
        FeatureDefinitionError
            If the configuration lacks what it asks for, or it answers with no modifier.
        """
        arguments: dict[str, Any] = {}
        for each in signature(self.decide).parameters.values():
            if each.kind is Parameter.VAR_KEYWORD:
                arguments.update(config)
            elif each.name in config:
                arguments[each.name] = config[each.name]
            elif each.default is Parameter.empty:
                raise FeatureDefinitionError(
                    f"resolve(decorate_with=…) asks for {each.name}, which the configuration does "
                    f"not have.{did_you_mean(each.name, config)} Give it as config=, or give the "
                    "parameter a default.",
                    key=each.name,
                )
        answer = self.decide(**arguments)
        if not isinstance(answer, Decorator):
            raise FeatureDefinitionError(
                f"resolve(decorate_with=…) answered {answer!r}, which is no modifier. Return one, "
                "such as parameterize(…)."
            )
        return answer.modifiers

    def apply(self, made: Made) -> Made:
        """Change nothing: what it decides on acts."""
        return made


class config:  # noqa: N801 - it reads as the field's decorator does
    """Take a function into the graph only under a condition on the configuration.

    Used as ``@config.when(…)`` and its kin, or with a test of one's own:
    ``@config(lambda config: …)``. The feature's name is the function's without ``__suffix``, so
    that several functions can stand for one feature.

    Parameters
    ----------
    test : callable
        Takes the configuration, a mapping, and says whether the function is there.
    name : str, optional
        The feature's name.

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph
    >>> @config.when(region="uk")
    ... def tax__uk(price):
    ...     return price * 0.2
    >>> @config.when_not(region="uk")
    ... def tax__elsewhere(price):
    ...     return price * 0.1
    >>> graph = FeatureGraph.from_functions(tax__uk, tax__elsewhere, config={"region": "uk"})
    >>> list(graph)
    ['tax']
    """

    def __init__(
        self, test: Callable[[Mapping[str, Any]], bool], *, name: str | None = None
    ) -> None:
        self._decorator = Decorator((When(test, name),))

    def __call__(self, function: AnyFunction) -> AnyFunction:
        """Mark a function."""
        return self._decorator(function)

    @staticmethod
    def when(*, name: str | None = None, **values: Any) -> Decorator:
        """Where each key of the configuration has its value; a missing one has None."""
        return Decorator((When(_when(values), name),))

    @staticmethod
    def when_not(*, name: str | None = None, **values: Any) -> Decorator:
        """Where no key of the configuration has its value."""
        return Decorator((When(_when_not(values), name),))

    @staticmethod
    def when_in(*, name: str | None = None, **values: Collection[Any]) -> Decorator:
        """Where each key of the configuration has one of its values."""
        return Decorator((When(_when_in(values), name),))

    @staticmethod
    def when_not_in(*, name: str | None = None, **values: Collection[Any]) -> Decorator:
        """Where no key of the configuration has one of its values."""
        return Decorator((When(_when_not_in(values), name),))


def _when(values: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda config: all(config.get(key) == each for key, each in values.items())


def _when_not(values: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda config: all(config.get(key) != each for key, each in values.items())


def _when_in(values: Mapping[str, Collection[Any]]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda config: all(config.get(key) in each for key, each in values.items())


def _when_not_in(values: Mapping[str, Collection[Any]]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda config: all(config.get(key) not in each for key, each in values.items())


def exclude() -> Decorator:
    """Keep a function out of the graph, although its module is taken whole."""
    return Decorator((Excluded(),))


def resolve(*, decorate_with: Callable[..., Decorator], when: object = None) -> Decorator:
    """Make the modifier of a function when the configuration is known.

    Parameters
    ----------
    decorate_with : callable
        Its parameters are keys of the configuration; it returns a modifier.
    when : object, optional
        Accepted for the field's spelling; the configuration is all that can be waited for.

    Returns
    -------
    Decorator

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph, parameterize, value
    >>> @resolve(decorate_with=lambda lags: parameterize(
    ...     **{f"lag_{n}": {"n": value(n)} for n in lags}))
    ... def lag(price, n):
    ...     return price - n
    >>> list(FeatureGraph.from_functions(lag, config={"lags": [1, 7]}))
    ['lag_1', 'lag_7']
    """
    del when
    return Decorator((Delayed(decorate_with),))


def resolve_from_config(*, decorate_with: Callable[..., Decorator]) -> Decorator:
    """Do as :func:`resolve` does, under the field's other name."""
    return resolve(decorate_with=decorate_with)
