"""Distances that use the order of numbers: Kolmogorov and Smirnov's, and Wasserstein's.

Both sides are histograms, mappings of number to count, or samples of numbers. What has no place on
the line (missing, NaN) is left out: the two sides' numbers are compared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from jupyter_lifecycle.errors import DistanceError
from jupyter_lifecycle.monitoring.histogram import Histogram

Numbers: TypeAlias = Histogram | Mapping[float, float] | Sequence[float]
"""A histogram; counts by number; or a sample, one number a value."""

_ENDS = {"inf": math.inf, "-inf": -math.inf}


def kolmogorov_smirnov(p: Numbers, q: Numbers) -> float:
    """Largest difference of the two cumulative distributions, 0 to 1.

    ``sup |P(x) − Q(x)|`` (Kolmogorov, 1933; Smirnov, 1948). Within a bin a distribution grows
    evenly, so the largest difference stands at an edge or an atom, just before or at it. ``±inf``
    stand at the ends of the line, and so does what an open bin holds.

    Parameters
    ----------
    p, q : Histogram, Mapping or sequence of numbers
        Sequences are samples, as ``scipy.stats.ks_2samp`` takes them.

    Raises
    ------
    DistanceError
        Where a side has no number.
    """
    return on_the_line(p, q)[0]


def wasserstein(p: Numbers, q: Numbers) -> float:
    """Earth mover's distance, in the numbers' own unit.

    ``∫ |P(x) − Q(x)| dx``, the first Wasserstein distance on the line (Ramdas, García Trillos and
    Cuturi, 2017, "On Wasserstein two-sample testing"). Within a bin a distribution grows evenly.
    What lies in an open bin or is infinite has no place: it counts as if it stood at the outermost
    finite edge or value of both sides, so the answer is then a lower bound.

    Parameters
    ----------
    p, q : Histogram, Mapping or sequence of numbers
        Sequences are samples, as ``scipy.stats.wasserstein_distance`` takes them.

    Raises
    ------
    DistanceError
        Where a side has no number.
    """
    return on_the_line(p, q)[1]


def on_the_line(p: Numbers, q: Numbers) -> tuple[float, float]:
    """Give Kolmogorov–Smirnov's and Wasserstein's distance in one go.

    Raises
    ------
    DistanceError
        Where a side has no number.
    """
    one, other = _line(p), _line(q)
    places = sorted({*one.places(), *other.places()})
    first, second = one.cumulative(places), other.cumulative(places)
    below = [a[0] - b[0] for a, b in zip(first, second, strict=True)]
    up_to = [a[1] - b[1] for a, b in zip(first, second, strict=True)]
    widest = max(*below, -min(below), *up_to, -min(up_to))
    areas = [
        _area(up_to[at], below[at + 1], high - low)
        for at, (low, high) in enumerate(pairwise(places))
        if low > -math.inf and high < math.inf
    ]
    return widest, math.fsum(areas)


def _area(start: float, end: float, width: float) -> float:
    """Area between a straight line and zero."""
    if start * end >= 0:
        return abs(start + end) / 2 * width
    return (start * start + end * end) / (2 * (abs(start) + abs(end))) * width


@dataclass(frozen=True, slots=True)
class _Line:
    """Mass on the line: even within closed bins, and at single places, the two ends among them."""

    bins: tuple[tuple[float, float, float], ...]
    atoms: Mapping[float, float]

    def places(self) -> list[float]:
        """Where bins end and atoms stand."""
        return [*self.atoms, *(low for low, _, _ in self.bins), *(high for _, high, _ in self.bins)]

    def cumulative(self, places: Sequence[float]) -> list[tuple[float, float]]:
        """Share below each of rising places, and share up to it."""
        total = sum(self.atoms.values()) + sum([count for _, _, count in self.bins])
        held = sorted(self.atoms.items())
        answer = []
        passed, atom, done = 0.0, 0, 0
        for place in places:
            while atom < len(held) and held[atom][0] < place:
                passed += held[atom][1]
                atom += 1
            while done < len(self.bins) and self.bins[done][1] <= place:
                passed += self.bins[done][2]
                done += 1
            part = 0.0
            if done < len(self.bins) and self.bins[done][0] < place:
                low, high, count = self.bins[done]
                part = count * ((place - low) / (high - low))
            below = passed + part
            answer.append((below / total, (below + self.atoms.get(place, 0.0)) / total))
        return answer


def _line(side: Numbers) -> _Line:
    if not isinstance(side, Histogram):
        side = Histogram((), (), _counted(side))
    if not side.atoms and side.edges and -math.inf < side.edges[0] and side.edges[-1] < math.inf:
        line = _closed(side)
        if line is not None:
            return line
    atoms: dict[float, float] = {}
    for name, count in side.points().items():
        place = _ENDS.get(name, name)
        if isinstance(place, float):
            atoms[place] = atoms.get(place, 0.0) + count
    closed = []
    for low, high, count in side.bins():
        if low > -math.inf and high < math.inf:
            closed.append((low, high, count))
            continue
        ends = [end for end in (low, high) if math.isinf(end)]
        for end in ends:
            atoms[end] = atoms.get(end, 0.0) + count / len(ends)
    line = _Line(tuple(closed), atoms)
    if not (any(atoms.values()) or any(count for _, _, count in closed)):
        raise DistanceError("A distribution without any number has no distance on the line.")
    return line


def _closed(side: Histogram) -> _Line | None:
    """Give bins that are all closed and have a width as they are: the usual case, and quick."""
    ends = list(pairwise(side.edges))
    if not all(low < high for low, high in ends) or not any(side.counts):
        return None
    bins = zip(side.edges, side.edges[1:], side.counts, strict=False)
    return _Line(tuple(bins), {})


def _counted(side: Mapping[float, float] | Sequence[float]) -> dict[float, float]:
    counts: dict[float, float] = {}
    pairs = side.items() if isinstance(side, Mapping) else ((one, 1.0) for one in side)
    for value, count in pairs:
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise DistanceError(
                f"{value!r} has no place on the line; compare categories by jensen_shannon."
            ) from None
        counts[number] = counts.get(number, 0.0) + count
    return counts
