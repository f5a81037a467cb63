"""Features by name, pattern or tag."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import UnboundError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jupyter_lifecycle.graph.feature import Feature

_TAG = "tag:"
_SIGNS = frozenset("*?[")


def is_term(text: str) -> bool:
    """Whether a text is a pattern or a tag, and so no name."""
    return text.startswith(_TAG) or not _SIGNS.isdisjoint(text)


def selected(
    features: Mapping[str, Feature], inputs: Sequence[str], terms: Iterable[str]
) -> tuple[str, ...]:
    """Find what several terms mean.

    Parameters
    ----------
    features : mapping of str to Feature
    inputs : sequence of str
        Names that may be selected, but not by pattern or tag.
    terms : iterable of str
        See :meth:`FeatureGraph.select`.

    Returns
    -------
    tuple of str
        In order of the terms, and of definition within each; each name once.

    Raises
    ------
    UnboundError
        If a term means nothing.
    """
    found: dict[str, None] = {}
    for term in terms:
        names = _meant(features, inputs, term)
        if not names:
            raise UnboundError(_nothing(features, inputs, term), name=term)
        found.update(dict.fromkeys(names))
    return tuple(found)


def _meant(features: Mapping[str, Feature], inputs: Sequence[str], term: str) -> list[str]:
    if term.startswith(_TAG):
        key, given, wanted = term.removeprefix(_TAG).partition("=")
        return [
            name
            for name, each in features.items()
            if key in each.tags and (not given or _has_value(each.tags[key], wanted))
        ]
    if term in features or term in inputs:
        return [term]
    return [name for name in features if fnmatchcase(name, term)]


def _has_value(tag: str, wanted: str) -> bool:
    """Whether a tag, or one of the several in it, is of a pattern."""
    return any(fnmatchcase(each, wanted) for each in (tag, *tag.split(",")))


def _nothing(features: Mapping[str, Feature], inputs: Sequence[str], term: str) -> str:
    if term.startswith(_TAG):
        key, _, wanted = term.removeprefix(_TAG).partition("=")
        values = dict.fromkeys(each.tags[key] for each in features.values() if key in each.tags)
        if values:
            return (
                f"No feature has the tag {key}={wanted}.{did_you_mean(wanted, values)} There is: "
                f"{', '.join(list(values)[:12])}."
            )
        keys = dict.fromkeys(key for each in features.values() for key in each.tags)
        return f"No feature has a tag {key}.{did_you_mean(key, keys)}"
    if is_term(term):
        return f"No feature is called like {term}."
    return f"There is no feature or input {term}.{did_you_mean(term, [*features, *inputs])}"
