"""Whether what a feature gives is what its reader takes: thin, and without false alarms.

Only two classes that have nothing to do with each other are refused. What is not understood
(a name that cannot be resolved, a type variable, a protocol) is let through.
"""

from __future__ import annotations

import types
from numbers import Number
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from jupyter_lifecycle.graph.fans import Collect, FanOut
from jupyter_lifecycle.graph.feature import MISSING
from jupyter_lifecycle.graph.hints import looked_up

_BARE = (FanOut, Collect)
_UNIONS = (Union, types.UnionType)


class Annotations:
    """Compares annotations; remembers what it resolved, so it lives for one edit only."""

    def __init__(self) -> None:
        self._resolved: dict[tuple[int, str], Any] = {}
        self._verdicts: dict[tuple[int, int], tuple[bool, Any, Any]] = {}

    def fit(self, given: Any, giver: Any, wanted: Any, taker: Any) -> bool:
        """Whether a reader can take what a feature gives.

        Parameters
        ----------
        given, wanted
            Annotations: classes, or text where the module postpones them.
        giver, taker : callable
            The functions, in whose namespaces text is resolved.

        Returns
        -------
        bool
            False only where no value can be meant to be both.
        """
        if given is wanted or given is MISSING or wanted is MISSING:
            return True
        if type(given) is str and type(wanted) is str and given == wanted:
            return True
        given, wanted = self.resolved(given, giver), self.resolved(wanted, taker)
        # The annotations are kept with the verdict: an id is only good while its object lives.
        key = (id(given), id(wanted))
        if key not in self._verdicts:
            self._verdicts[key] = (_overlap(given, wanted), given, wanted)
        return self._verdicts[key][0]

    def resolved(self, annotation: Any, function: Any) -> Any:
        """Return what an annotation means; text is looked up where the function lives."""
        if type(annotation) is not str:
            return annotation
        namespace = getattr(function, "__globals__", None)
        if not isinstance(namespace, dict):
            return Any
        key = (id(namespace), annotation)
        if key not in self._resolved:
            self._resolved[key] = looked_up(annotation, namespace)
        return self._resolved[key]


def resolved_annotation(annotation: Any, function: Any) -> Any:
    """Return what an annotation means where it stands; ``Any`` where it is not understood."""
    return Annotations().resolved(annotation, function)


def _overlap(given: Any, wanted: Any) -> bool:
    return any(
        _related(one, other) for one in _alternatives(given) for other in _alternatives(wanted)
    )


def _alternatives(annotation: Any) -> list[Any]:
    """List the plain classes that an annotation allows; ``Any`` where it is not understood."""
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
            pending.extend(type(value) for value in get_args(each))
        elif each is None:
            found.append(types.NoneType)
        elif isinstance(each, NewType):
            pending.append(each.__supertype__)
        elif isinstance(each, TypeVar):
            found.append(Any)
        else:
            plain = origin if origin is not None else Any if each in _BARE else each
            found.append(plain if isinstance(plain, type) else Any)
    return found


def _related(one: Any, other: Any) -> bool:
    if one is Any or other is Any:
        return True
    try:
        if issubclass(one, other) or issubclass(other, one):
            return True
        return issubclass(one, Number) and issubclass(other, Number)
    except TypeError:  # a protocol with data members
        return True


def written(annotation: Any) -> str:
    """Write an annotation as people write it."""
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation.__qualname__
    return str(annotation).replace("typing.", "")
