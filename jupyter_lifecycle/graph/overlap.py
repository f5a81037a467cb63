"""Whether two annotations can mean the same value.

Refused is only what has nothing in common: unrelated classes, literals that differ, and containers
whose items have nothing in common. Numbers count as related; what is not understood (a name that
cannot be resolved, a type variable, a protocol with data members) is let through.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Number
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin

from jupyter_lifecycle.graph.fans import Collect, FanOut

_UNIONS = (Union, types.UnionType)


@dataclass(frozen=True, slots=True)
class _Literal:
    value: Any


def overlap(one: Any, other: Any) -> bool:
    """Whether a value can be meant to be both.

    Parameters
    ----------
    one, other : any
        Types; text must have been looked up.

    Returns
    -------
    bool

    Examples
    --------
    >>> overlap(int | None, float), overlap(list[int], list[str])
    (True, False)
    """
    mine, theirs = alternatives(one), alternatives(other)
    return any(_related(each, another) for each in mine for another in theirs)


def alternatives(annotation: Any) -> list[Any]:
    """List what an annotation allows: classes, generics, literals; ``Any`` for the rest."""
    found: list[Any] = []
    pending = [annotation]
    while pending:
        each = pending.pop()
        origin = get_origin(each)
        if origin in _UNIONS:
            pending.extend(get_args(each))
        elif origin in (Annotated, FanOut, Collect):  # of a fan, readers see the items
            pending.append(get_args(each)[0])
        elif origin is Literal:
            found.extend([_Literal(value) for value in get_args(each)])
        elif each is None:
            found.append(types.NoneType)
        elif isinstance(each, NewType):
            pending.append(each.__supertype__)
        elif type(each).__name__ == "TypeAliasType":  # PEP 695, from Python 3.12 on
            pending.append(each.__value__)
        else:
            found.append(_understood(each, origin))
    return found


def _understood(annotation: Any, origin: Any) -> Any:
    if isinstance(annotation, TypeVar) or annotation in (FanOut, Collect):
        return Any
    plain = annotation if origin is None else origin
    return annotation if isinstance(plain, type) else Any


def _related(one: Any, other: Any) -> bool:
    if one is Any or other is Any:
        return True
    if isinstance(one, _Literal) and isinstance(other, _Literal):
        return type(one.value) is type(other.value) and bool(one.value == other.value)
    return _classes_related(_class(one), _class(other)) and _items_related(one, other)


def _class(term: Any) -> Any:
    if isinstance(term, _Literal):
        return type(term.value)
    origin = get_origin(term)
    return term if origin is None else origin


def _classes_related(one: Any, other: Any) -> bool:
    try:
        if issubclass(one, other) or issubclass(other, one):
            return True
        return issubclass(one, Number) and issubclass(other, Number)
    except TypeError:  # a protocol with data members
        return True


def _items_related(one: Any, other: Any) -> bool:
    """Compare what two related containers hold, where both say it in the same number of words."""
    mine, theirs = get_args(one), get_args(other)
    if tuple[()] in (one, other) and get_origin(one) is get_origin(other) is tuple:
        return one == other or ... in (*mine, *theirs)
    if not mine or not theirs:
        return True
    if _class(one) is tuple and _class(other) is tuple:
        return _tuples_related(mine, theirs)
    if not _is_container(_class(one)) or not _is_container(_class(other)):
        return True
    mine, theirs = _per_item(_class(one), mine), _per_item(_class(other), theirs)
    if len(mine) != len(theirs):
        return True
    return all(overlap(a, b) for a, b in zip(mine, theirs, strict=True))


def _is_container(kind: Any) -> bool:
    return hasattr(kind, "__iter__") and kind.__module__ in (
        "builtins",
        "collections.abc",
        "typing",
    )


def _per_item(kind: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the item types; of a tuple read as a sequence, one of all its types."""
    if kind is tuple:
        return (Union[tuple(each for each in arguments if each is not ...)],)  # noqa: UP007
    if not issubclass(kind, Mapping) and len(arguments) == 2:
        return ()  # keys, or a generator's other types: not compared
    return arguments


def _tuples_related(mine: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    if ... in mine or ... in theirs:
        return all(overlap(a, b) for a in mine for b in theirs if a is not ... and b is not ...)
    return len(mine) == len(theirs) and all(
        overlap(a, b) for a, b in zip(mine, theirs, strict=True)
    )
