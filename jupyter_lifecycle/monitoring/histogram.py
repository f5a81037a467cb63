"""A histogram of numbers: bins that may be open at both ends, and atoms beside them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import DistanceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INFINITE = {math.inf: "inf", -math.inf: "-inf"}


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of numbers in bins, and of what stands apart from them.

    Parameters
    ----------
    edges : sequence of float, (n_edges,)
        Never falling. The first may be −∞ and the last ∞: the outer bins are open. Two equal edges
        make a bin of one value.
    counts : sequence of float
        One for each bin, ``n_edges − 1``; or ``n_edges + 1``, where the first and the last are
        what lies below the first edge and above the last one.
    atoms : Mapping
        Counts of single values, and of ``"missing"``, ``"nan"``, ``"inf"``, ``"-inf"``. None, NaN
        and infinite numbers may be written as what they are.

    Raises
    ------
    DistanceError
        Where edges fall, or counts are negative, not finite, or not as many as bins.

    Examples
    --------
    >>> Histogram([0, 1, 2], [3, 5], atoms={"missing": 2}).total
    10.0
    >>> Histogram([0, 1], [1, 3, 5]).edges
    (-inf, 0.0, 1.0, inf)
    """

    edges: Sequence[float]
    counts: Sequence[float]
    atoms: Mapping[Any, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        edges = tuple(float(edge) for edge in self.edges)
        counts = tuple(float(count) for count in self.counts)
        if len(counts) == len(edges) + 1:
            edges = (-math.inf, *edges, math.inf)
        if len(counts) != max(len(edges) - 1, 0):
            raise DistanceError(
                f"A histogram with {len(self.edges)} edges has {max(len(self.edges) - 1, 0)} bins, "
                f"or {len(self.edges) + 1} where the outer ones are open; got {len(counts)} counts."
            )
        if any(math.isnan(edge) for edge in edges) or any(
            low > high for low, high in itertools.pairwise(edges)
        ):
            raise DistanceError(f"A histogram's edges rise; got {list(self.edges)!r}.")
        atoms: dict[Any, float] = {}
        for name, count in self.atoms.items():
            key = _atom(name)
            atoms[key] = atoms.get(key, 0.0) + float(count)
        for count in (*counts, *atoms.values()):
            if not (math.isfinite(count) and count >= 0):
                raise DistanceError(f"A histogram's counts are finite and not negative: {count!r}.")
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "atoms", atoms)

    @property
    def total(self) -> float:
        """All counts together."""
        return math.fsum((*self.counts, *self.atoms.values()))

    def bins(self) -> list[tuple[float, float, float]]:
        """Give ``(low, high, count)`` of each bin that has a width."""
        ends = zip(self.edges, self.edges[1:], self.counts, strict=False)
        return [(low, high, count) for low, high, count in ends if low < high]

    def points(self) -> dict[Any, float]:
        """Give the atoms, with the bins of one value among them."""
        points = dict(self.atoms)
        for low, high, count in zip(self.edges, self.edges[1:], self.counts, strict=False):
            if low == high:
                key = _atom(low)
                points[key] = points.get(key, 0.0) + count
        return points


def _atom(name: Any) -> Any:
    if name is None:
        return "missing"
    if isinstance(name, bool) or not isinstance(name, int | float):
        return name
    number = float(name)
    return "nan" if math.isnan(number) else _INFINITE.get(number, number)


def spread(histogram: Histogram, edges: Sequence[float]) -> list[float]:
    """Give the histogram's counts between other edges, its mass uniform within each bin.

    Of an open bin no part lies in a bounded piece of it, as that is what a uniform mass gives when
    the bin's open end moves outwards: all of it lies in the piece that is open too.

    Parameters
    ----------
    histogram : Histogram
        Its own edges are among ``edges``.
    edges : sequence of float
        Strictly rising.

    Returns
    -------
    list of float
        One less than edges.
    """
    places = {edge: place for place, edge in enumerate(edges)}
    counts = [0.0] * max(len(edges) - 1, 0)
    for low, high, count in histogram.bins():
        first, last = places[low], places[high]
        if math.isinf(low) and math.isinf(high):
            counts[first] += count / 2
            counts[last - 1] += count / 2
        elif math.isinf(low):
            counts[first] += count
        elif math.isinf(high):
            counts[last - 1] += count
        else:
            for place in range(first, last):
                share = (edges[place + 1] - edges[place]) / (high - low)
                counts[place] += count * share
    return counts
