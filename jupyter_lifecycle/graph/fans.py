"""Annotations for features that are computed once for each item of another."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_origin

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class FanOut(Generic[T]):
    """What a feature returns or yields whose readers are computed once for each item.

    Examples
    --------
    >>> from jupyter_lifecycle.graph import FeatureGraph
    >>> from jupyter_lifecycle.materialise import compute
    >>> def number(count: int) -> FanOut[int]:
    ...     yield from range(count)
    >>> def square(number: int) -> int:
    ...     return number * number
    >>> def squares(square: Collect[int]) -> list[int]:
    ...     return square
    >>> compute(FeatureGraph.from_functions(number, square, squares), ["squares"],
    ...         inputs={"count": 4})
    {'squares': [0, 1, 4, 9]}
    """


class Collect(Generic[T]):
    """What a parameter gets that takes a feature's values for all items, as a list in order."""


def is_marked(annotation: Any, marker: type) -> bool:
    """Whether an annotation is ``FanOut`` or ``Collect``, with or without its item's type."""
    if isinstance(annotation, str):
        outer = annotation.partition("[")[0].strip()
        return outer.rpartition(".")[2] == marker.__name__
    return annotation is marker or get_origin(annotation) is marker


def listed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function that yields, or returns any iterable, give a list."""

    def call(**given: Any) -> list[Any]:
        return list(function(**given))

    async def call_later(**given: Any) -> list[Any]:
        return list(await function(**given))

    return call_later if iscoroutinefunction(function) else call
