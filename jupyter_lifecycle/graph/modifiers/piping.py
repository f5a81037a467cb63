"""Steps before a function's parameter or after its value, each a feature of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from jupyter_lifecycle.errors import FeatureDefinitionError, did_you_mean
from jupyter_lifecycle.graph.definition import MARK, options_of
from jupyter_lifecycle.graph.feature import Feature, Parameter
from jupyter_lifecycle.graph.modifiers.choosing import Excluded, When, config
from jupyter_lifecycle.graph.modifiers.dependencies import Dependency, Group, Source, Value
from jupyter_lifecycle.graph.modifiers.stages import Decorator, Made, Stage
from jupyter_lifecycle.graph.modifiers.wiring import rewired

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Step:
    """A function that is applied to what the step before it gives."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    """For its parameters from the second on."""
    keywords: Mapping[str, Any] | None = None
    name: str | None = None
    namespace: Any = ...
    target: tuple[str, ...] | None = None
    """The outputs that it is applied to, where there are several."""
    conditions: tuple[When, ...] = ()

    def when(self, **values: Any) -> Step:
        """Apply it only where each key of the configuration has its value."""
        return self._under(config.when(**values))

    def when_not(self, **values: Any) -> Step:
        """Apply it only where no key of the configuration has its value."""
        return self._under(config.when_not(**values))

    def when_in(self, **values: Collection[Any]) -> Step:
        """Apply it only where each key of the configuration has one of its values."""
        return self._under(config.when_in(name=None, **values))

    def when_not_in(self, **values: Collection[Any]) -> Step:
        """Apply it only where no key of the configuration has one of its values."""
        return self._under(config.when_not_in(name=None, **values))

    def named(self, name: str, namespace: Any = ...) -> Step:
        """Name its feature; ``namespace=None`` without the function's name before it."""
        return replace(self, name=name, namespace=namespace)

    def namespaced(self, namespace: Any) -> Step:
        """Put another name before its feature's, or none."""
        return replace(self, namespace=namespace)

    def on_output(self, target: str | Sequence[str]) -> Step:
        """Apply it to some outputs only."""
        return replace(self, target=(target,) if isinstance(target, str) else tuple(target))

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Whether the configuration has it applied."""
        return all(each.holds(settings) for each in self.conditions)

    def wiring(self, current: str) -> dict[str, Dependency]:
        """Return what its parameters get; the first is what came before.

        Raises
        ------
        FeatureDefinitionError
            If the arguments do not fit the function.
        """
        try:
            bound = signature(self.function).bind(
                Source(current), *self.arguments, **(self.keywords or {})
            )
        except TypeError as error:
            raise FeatureDefinitionError(
                f"step({_called(self.function)}, …): {error}. Its first parameter is what came "
                "before; give the others that have no default."
            ) from None
        return {
            name: each if isinstance(each, (Source, Value, Group)) else Value(each)
            for name, each in bound.arguments.items()
        }

    def _under(self, decorator: Decorator) -> Step:
        added = [each for each in decorator.modifiers if isinstance(each, When)]
        return replace(self, conditions=(*self.conditions, *added))


def _called(function: Any) -> str:
    return str(getattr(function, "__name__", repr(function)))


@dataclass(frozen=True, slots=True)
class PipeInput:
    """Steps before a parameter."""

    steps: tuple[Step, ...]
    namespace: Any
    on_input: str | None
    stage: ClassVar[Stage] = Stage.INJECT

    def apply(self, made: Made) -> Made:
        """Add the steps and have the parameter read the last one."""
        feature = made.base
        names = [each.name for each in feature.parameters]
        target = self.on_input or next(iter(names), "")
        if target not in names:
            raise FeatureDefinitionError(
                f"pipe_input on {feature.name}: it has no parameter {target or 'at all'}."
                f"{did_you_mean(target, names)} The steps come before one of its parameters."
            )
        added, last = _chained(made, self.steps, target, feature.name, self.namespace)
        piped = rewired(feature, {target: Source(last)})
        others = [each for each in made.features if each is not feature]
        return replace(made, features=(*others, *added, piped))


@dataclass(frozen=True, slots=True)
class PipeOutput:
    """Steps after a value."""

    steps: tuple[Step, ...]
    namespace: Any
    on_output: tuple[str, ...] | None
    stage: ClassVar[Stage] = Stage.TRANSFORM

    def apply(self, made: Made) -> Made:
        """Rename each output to ``name.raw`` and give its name to the last step."""
        wanted = made.chosen(self.on_output, "pipe_output")
        for each in self.steps:
            if each.target is not None:
                made.chosen(each.target, "step(…).on_output")
        features: list[Feature] = []
        for feature in made.features:
            piped = feature.name in wanted and feature.name in made.outputs
            features += self._piped(made, feature) if piped else [feature]
        return replace(made, features=tuple(features))

    def _piped(self, made: Made, feature: Feature) -> list[Feature]:
        name = feature.name
        steps = [each for each in self.steps if each.target is None or name in each.target]
        raw = replace(feature, name=f"{name}.raw", definition=feature.written)
        added, last = _chained(made, steps, raw.name, name, self.namespace)
        if not added:
            return [feature]
        end = replace(
            added[-1],
            name=name,
            function=_passed_on,
            parameters=(Parameter(last, added[-1].returns),),
            doc=feature.doc,
            text=feature.text,
            origin=feature.origin,
            tags=feature.tags,
            definition=feature.written,
        )
        return [raw, *added, end]


def _passed_on(**given: Any) -> Any:
    (value,) = given.values()
    return value


def _chained(
    made: Made, steps: Sequence[Step], first: str, function_name: str, namespace: Any
) -> tuple[list[Feature], str]:
    """Make the features of steps, each reading the one before; return them and the last's name."""
    seen: Counter[str] = Counter()
    features: list[Feature] = []
    current = first
    for each in steps:
        if not each.holds(made.config):
            continue
        called = _called(each.function)
        again = f"_{seen[called]}" if seen[called] else ""
        seen[called] += 1
        bare = each.name or f"with{'' if called.startswith('_') else '_'}{called}{again}"
        space = each.namespace if namespace is ... else namespace
        space = function_name if space is ... else space
        name = bare if space is None else f"{space}.{bare}"
        read = made.reader.read(each.function)
        step_made = rewired(read, each.wiring(current))
        tags = {**options_of(made.function).tags, **read.tags}
        features.append(replace(step_made, name=name, definition=read.written, tags=tags))
        current = name
    return features, current


def step(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Step:
    """Apply a function within a pipe.

    Parameters
    ----------
    function : callable
        Its first parameter is what came before.
    *arguments, **keywords : source, value, group or any literal
        What the others get.

    Returns
    -------
    Step

    Raises
    ------
    FeatureDefinitionError
        If it is no function.
    """
    if not callable(function):
        raise FeatureDefinitionError(f"step() takes a function, not {function!r}.")
    return Step(function, arguments, keywords)


def pipe_input(*steps: Step, namespace: Any = ..., on_input: str | None = None) -> Decorator:
    """Apply steps to a parameter before the function reads it.

    Parameters
    ----------
    *steps : Step
        In order; each is a feature named ``function.with_step``.
    namespace : str or None, optional
        What stands before the dot; the function's name where not given, nothing for None.
    on_input : str, optional
        The parameter; the first where not given.

    Returns
    -------
    Decorator
    """
    return Decorator((PipeInput(_steps(steps, "pipe_input"), namespace, on_input),))


def pipe_output(
    *steps: Step, namespace: Any = ..., on_output: str | Sequence[str] | None = None
) -> Decorator:
    """Apply steps to what a function gives; what it gave itself is ``function.raw``.

    Parameters
    ----------
    *steps : Step
        In order; each is a feature named ``function.with_step``.
    namespace : str or None, optional
        What stands before the dot; the feature's name where not given, nothing for None.
    on_output : str or sequence of str, optional
        The features, where the function gives several; all where not given.

    Returns
    -------
    Decorator

    Raises
    ------
    FeatureDefinitionError
        If outputs are chosen here and at a step as well.

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph
    >>> def _halved(amount):
    ...     return amount / 2
    >>> @pipe_output(step(_halved))
    ... def share(total):
    ...     return total
    >>> list(FeatureGraph.from_functions(share))
    ['share.raw', 'share.with_halved', 'share']
    """
    checked = _steps(steps, "pipe_output")
    if on_output is not None and any(each.target is not None for each in checked):
        raise FeatureDefinitionError(
            "pipe_output(on_output=…) chooses outputs, and one of its steps does too. Choose in "
            "one place."
        )
    outputs = (on_output,) if isinstance(on_output, str) else on_output
    chosen = None if outputs is None else tuple(outputs)
    return Decorator((PipeOutput(checked, namespace, chosen),))


def _steps(steps: tuple[Step, ...], where: str) -> tuple[Step, ...]:
    for each in steps:
        if not isinstance(each, Step):
            raise FeatureDefinitionError(f"{where}() takes steps, not {each!r}: write step(…).")
    return steps


@dataclass(frozen=True, slots=True)
class ApplyTo:
    """A function whose value is to be mutated, with what the mutating one gets besides."""

    function: Callable[..., Any]
    like: Step
    """Name, namespace, conditions and arguments; its function is a stand-in."""

    def when(self, **values: Any) -> ApplyTo:
        """Only where each key of the configuration has its value."""
        return replace(self, like=self.like.when(**values))

    def when_not(self, **values: Any) -> ApplyTo:
        """Only where no key of the configuration has its value."""
        return replace(self, like=self.like.when_not(**values))

    def when_in(self, **values: Collection[Any]) -> ApplyTo:
        """Only where each key of the configuration has one of its values."""
        return replace(self, like=self.like.when_in(**values))

    def when_not_in(self, **values: Collection[Any]) -> ApplyTo:
        """Only where no key of the configuration has one of its values."""
        return replace(self, like=self.like.when_not_in(**values))

    def named(self, name: str, namespace: Any = ...) -> ApplyTo:
        """Name the feature of the step."""
        return replace(self, like=self.like.named(name, namespace))

    def on_output(self, target: str | Sequence[str]) -> ApplyTo:
        """Apply it to some outputs only."""
        return replace(self, like=self.like.on_output(target))


def apply_to(function: Callable[..., Any], **keywords: Any) -> ApplyTo:
    """Name a function for :func:`mutate`, with arguments of its own."""
    return ApplyTo(function, Step(function, (), keywords))


def mutate(
    *targets: Callable[..., Any] | ApplyTo, **keywords: Any
) -> Callable[[AnyFunction], AnyFunction]:
    """Let the decorated function change what other functions give, as a pipe after them would.

    Parameters
    ----------
    *targets : callable or ApplyTo
        Functions that were defined before.
    **keywords : source, value, group or any literal
        What the decorated function's other parameters get.

    Returns
    -------
    callable
        The decorated function is no feature. Defining it again takes its old place.
    """
    chosen = [each if isinstance(each, ApplyTo) else apply_to(each) for each in targets]

    def mark(function: AnyFunction) -> AnyFunction:
        for each in chosen:
            arguments = each.like.keywords or keywords
            _mutated(each.function, replace(each.like, function=function, keywords=arguments))
        return Decorator((Excluded(),))(function)

    return mark


def _mutated(target: Callable[..., Any], added: Step) -> None:
    """Put a step behind those that are there, in the place of an earlier version of itself."""
    options = options_of(target)
    home = _identity(added.function)
    pipes = [each for each in options.modifiers if isinstance(each, _Mutation)]
    steps = tuple([s for p in pipes for s in p.pipe.steps if _identity(s.function) != home])
    others = [each for each in options.modifiers if not isinstance(each, _Mutation)]
    mutation = _Mutation(PipeOutput((*steps, added), ..., None))
    setattr(target, MARK, replace(options, modifiers=(*others, mutation)))


def _identity(function: Any) -> tuple[str, str]:
    return str(function.__module__), str(function.__qualname__)


@dataclass(frozen=True, slots=True)
class _Mutation:
    """What other functions put behind this one."""

    pipe: PipeOutput
    stage: ClassVar[Stage] = Stage.TRANSFORM

    def apply(self, made: Made) -> Made:
        return self.pipe.apply(made)
