"""Categories that training did not show, in bounded memory, however many come.

Two summaries stand side by side. *Sampled* are the categories at the :data:`SAMPLED` lowest places
of a fixed hash, each with its exact count (a bottom-k sample of the distinct values: Cohen and
Kaplan, 2007, "Summarizing data using bottom-k sketches"). A category that belongs there after
everything was seen belonged there from the first time it came, so nothing of its count is missing,
and merging is exact, associative and commutative. Up to :data:`SAMPLED` new categories are all
there. Beyond that *frequent* holds lower bounds of the counts of the most frequent ones (Misra and
Gries, 1982, "Finding repeated elements").
"""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, TypeAlias

from jupyter_lifecycle.monitoring.categories import Category, key_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

SAMPLED = 24
FREQUENT = 8
_TRACKED = 256
_PLACES = 2.0**64

Counted: TypeAlias = tuple[tuple[Category, int], ...]


class Newcomers:
    """Counts new categories; memory is bounded by a few hundred short names."""

    def __init__(self) -> None:
        self._names: dict[object, Category] = {}
        self._places: dict[object, int] = {}
        self._counts: dict[object, int] = {}
        self._limit = 0
        self._tracked: dict[object, tuple[Category, int]] = {}

    def add(self, name: Category, count: int = 1) -> None:
        """Count a category, named by :func:`~jupyter_lifecycle.monitoring.categories.named`."""
        key = key_of(name)
        if key in self._counts:
            self._counts[key] += count
        else:
            self._sample(key, name, count)
        self._track(key, name, count)

    def _sample(self, key: object, name: Category, count: int) -> None:
        place = place_of(name)
        full = len(self._places) == SAMPLED
        if full and place >= self._limit:
            return
        if full:
            last = max(self._places, key=lambda one: self._places[one])
            del self._names[last], self._places[last], self._counts[last]
        self._names[key], self._places[key], self._counts[key] = name, place, count
        self._limit = max(self._places.values())

    def _track(self, key: object, name: Category, count: int) -> None:
        tracked = self._tracked
        if key in tracked:
            tracked[key] = name, tracked[key][1] + count
            return
        if len(tracked) < _TRACKED:
            tracked[key] = name, count
            return
        # every counter loses what the newcomer loses: no count is ever more than the truth
        least = min(count, *(held for _, held in tracked.values()))
        self._tracked = {
            one: (held_name, held - least)
            for one, (held_name, held) in tracked.items()
            if held > least
        }
        if count > least:
            self._tracked[key] = name, count - least

    def sampled(self) -> Counted:
        """Give the sampled categories with their exact counts, in the order of their places."""
        order = sorted(self._places, key=lambda one: self._places[one])
        return tuple((self._names[key], self._counts[key]) for key in order)

    def frequent(self) -> Counted:
        """Give the most frequent ones with lower bounds of their counts, the highest first."""
        return _highest(self._tracked.values())


def _highest(counted: Iterable[tuple[Category, int]]) -> Counted:
    return tuple(nsmallest(FREQUENT, counted, key=lambda one: (-one[1], str(one[0]))))


def merged(one: Counted, other: Counted) -> Counted:
    """Give the sample of both parts together."""
    names: dict[object, Category] = {}
    counts: dict[object, int] = {}
    for name, count in (*one, *other):
        key = key_of(name)
        names.setdefault(key, name)
        counts[key] = counts.get(key, 0) + count
    kept = nsmallest(SAMPLED, names, key=lambda key: place_of(names[key]))
    return tuple((names[key], counts[key]) for key in kept)


def merged_frequent(one: Counted, other: Counted) -> Counted:
    """Give lower bounds of the most frequent of both parts."""
    counts: dict[object, tuple[Category, int]] = {}
    for name, count in (*one, *other):
        key = key_of(name)
        counts[key] = name, counts.get(key, (name, 0))[1] + count
    return _highest(counts.values())


def distinct(sampled: Counted, others: int) -> float:
    """Estimate how many different new categories came.

    Exact up to :data:`SAMPLED`; beyond that (k − 1) / (highest place), whose relative standard
    error is 1 / √(k − 2) (Bar-Yossef et al., 2002, "Counting distinct elements in a data stream").

    Parameters
    ----------
    sampled : tuple of (category, count)
        In the order of their places.
    others : int
        Values that were no known category.
    """
    if len(sampled) < SAMPLED or sum(count for _, count in sampled) == others:
        return float(len(sampled))
    return (SAMPLED - 1) * _PLACES / (place_of(sampled[-1][0]) + 1)
