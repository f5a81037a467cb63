"""A function whose body is another function."""

from __future__ import annotations

import dis
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.graph.modifiers.stages import Decorator, Made, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "CACHE"}


@dataclass(frozen=True, slots=True)
class Does:
    """Another function's body."""

    function: Callable[..., Any]
    names: Mapping[str, str]
    """From the parameters of the body to those of the decorated function."""
    stage: ClassVar[Stage] = Stage.CREATE

    def apply(self, made: Made) -> Made:
        """Replace the function of each output."""
        code = getattr(made.function, "__code__", None)
        if code is not None and any(i.opname not in _NOTHING for i in dis.get_instructions(code)):
            raise FeatureDefinitionError(
                f"does() on {made.function.__name__}: its body would never run. Leave it empty but "
                "for a docstring."
            )
        names = tuple([(theirs, own) for own, theirs in self.names.items()])
        called = _renaming(self.function, names)
        return made.each_output(
            lambda feature: [replace(feature, function=called, definition=feature.written)]
        )


def _renaming(
    function: Callable[..., Any], names: tuple[tuple[str, str], ...]
) -> Callable[..., Any]:
    def call(**given: Any) -> Any:
        called = dict(names)
        return function(**{called.get(name, name): each for name, each in given.items()})

    return call


def does(function: Callable[..., Any], **names: str) -> Decorator:
    """Have another function compute a feature; the decorated one has names and documentation.

    Parameters
    ----------
    function : callable
        Gets the decorated function's parameters by keyword.
    **names : str
        From its parameters to those of the decorated function, where they differ.

    Returns
    -------
    Decorator

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph
    >>> def _sum(**columns):
    ...     return sum(columns.values())
    >>> @does(_sum)
    ... def total(a, b, c):
    ...     \"\"\"All three.\"\"\"
    >>> FeatureGraph.from_functions(total).features["total"].function(a=1, b=2, c=3)
    6
    """
    return Decorator((Does(function, names),))
