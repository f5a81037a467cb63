"""The user's own code on a library's tables: accessors, and methods that somebody put there.

``column.own.twice()`` names nothing but an attribute, and means a class of the user's.
"""

from __future__ import annotations

import sys
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.hashing.packages import home

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

_TABLES: Final = (
    ("pandas", ("Series", "DataFrame", "Index")),
    ("polars", ("Series", "DataFrame", "LazyFrame", "Expr")),
)

_LIBRARIES: Final = tuple([library for library, _ in _TABLES])

_seen: dict[tuple[Any, ...], tuple[Any, ...]] = {}
"""The names of each class of tables, which stay up to date as somebody adds some."""


def put_on_tables(attributes: frozenset[str]) -> Iterator[tuple[type, str, Any]]:
    """Find what the user put on tables under names that code reads of anything.

    Parameters
    ----------
    attributes : frozenset of str
        Every attribute that the code reads.

    Yields
    ------
    owner : type
        A class of tables.
    name : str
        The attribute.
    value : object
        What the user put there.
    """
    for owner in _tables():
        space = vars(owner)
        for name in sorted(attributes & space.keys()):
            if _is_users(own_part(space[name])):
                yield owner, name, space[name]


def sizes() -> tuple[int, ...]:
    """Count what the tables have: more where somebody has put something there."""
    modules = tuple(map(sys.modules.get, _LIBRARIES))
    found = _seen.get(modules)
    if found is None:
        _seen.clear()
        found = _seen[modules] = tuple([vars(owner) for owner in _found(modules)])
    return tuple(map(len, found))


def _tables() -> tuple[type, ...]:
    """Find the classes of the libraries that are imported by now."""
    return _found(tuple(map(sys.modules.get, _LIBRARIES)))


@cache
def _found(modules: tuple[Hashable, ...]) -> tuple[type, ...]:
    pairs = zip(modules, _TABLES, strict=True)
    found = [getattr(module, name, None) for module, (_, names) in pairs for name in names]
    return tuple([each for each in found if isinstance(each, type)])


def own_part(value: Any) -> Any:
    """Return the code within an accessor, a property or a method; anything else as it is."""
    for name in ("_accessor", "_ns", "fget", "__func__"):
        found = getattr(value, name, None)
        if found is not None:
            return found
    return value


def _is_users(value: Any) -> bool:
    if isinstance(value, FunctionType):
        return home(str(value.__globals__.get("__name__", ""))).kind == "user"
    return isinstance(value, type) and home(str(value.__module__)).kind == "user"
