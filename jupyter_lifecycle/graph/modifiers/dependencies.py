"""What a parameter can be given instead of the feature of its own name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from jupyter_lifecycle.errors import FeatureDefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Source:
    """The value of a feature or input."""

    name: str

    def __repr__(self) -> str:
        return f"source({self.name!r})"


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A literal."""

    value: Any

    def __repr__(self) -> str:
        return f"value({self.value!r})"


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Several in one: a list, or a dict where the items have names."""

    items: tuple[Source | Value, ...]
    names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        if self.names:
            named = zip(self.names, self.items, strict=True)
            return f"group({', '.join(f'{name}={item!r}' for name, item in named)})"
        return f"group({', '.join(repr(item) for item in self.items)})"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The value that the graph's configuration has under a key."""

    key: str

    def __repr__(self) -> str:
        return f"configuration({self.key!r})"


Dependency: TypeAlias = Source | Value | Group


def source(name: str) -> Source:
    """Give a parameter the value of the feature or input of this name.

    Parameters
    ----------
    name : str

    Returns
    -------
    Source

    Raises
    ------
    FeatureDefinitionError
        If it is no text.
    """
    if not isinstance(name, str):
        raise FeatureDefinitionError(
            f"source() takes the name of a feature, not {name!r}. A literal goes to value()."
        )
    return Source(name)


def value(literal: Any) -> Value:
    """Give a parameter this very value.

    Parameters
    ----------
    literal : any
        Part of the feature's key: another value computes another column.

    Returns
    -------
    Value

    Raises
    ------
    FeatureDefinitionError
        If it is a ``source()`` or another dependency.
    """
    if isinstance(literal, (Source, Value, Group, Configuration)):
        raise FeatureDefinitionError(f"value({literal!r}): write {literal!r} alone.")
    return Value(literal)


def group(*items: Source | Value, **named: Source | Value) -> Group:
    """Give a parameter several values, as a list or, by keywords, as a dict.

    Parameters
    ----------
    *items, **named : source or value
        One of the two ways.

    Returns
    -------
    Group

    Raises
    ------
    FeatureDefinitionError
        If both ways are used, none, or an item is neither ``source()`` nor ``value()``.
    """
    if bool(items) == bool(named):
        raise FeatureDefinitionError(
            "group() takes either items, for a list, or keywords, for a dict: at least one of one "
            "kind."
        )
    for each in [*items, *named.values()]:
        if not isinstance(each, (Source, Value)):
            raise FeatureDefinitionError(
                f"group() takes source() and value(), not {each!r}. Write value({each!r})."
            )
    return Group(items or tuple(named.values()), tuple(named))


def configuration(key: str) -> Configuration:
    """Take a value from the graph's configuration, for the ``config`` of a subdag."""
    return Configuration(key)


def sources_of(dependency: Dependency) -> Iterator[str]:
    """Give the names that a dependency reads."""
    if isinstance(dependency, Source):
        yield dependency.name
    elif isinstance(dependency, Group):
        for item in dependency.items:
            yield from sources_of(item)


def require_dependencies(wiring: Mapping[str, Any], where: str) -> dict[str, Dependency]:
    """Refuse what is neither ``source()``, ``value()`` nor ``group()``.

    Raises
    ------
    FeatureDefinitionError
        With what was probably meant.
    """
    for name, each in wiring.items():
        if not isinstance(each, (Source, Value, Group)):
            meant = f"source({each!r}) for a feature, or " if isinstance(each, str) else ""
            raise FeatureDefinitionError(
                f"{where}: {name}={each!r} is neither source(), value() nor group(). Write {meant}"
                f"value({each!r})."
            )
    return dict(wiring)
