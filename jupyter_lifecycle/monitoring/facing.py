"""Two profiles of one column, brought into the same cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_lifecycle.monitoring.alignment import aligned
from jupyter_lifecycle.monitoring.categories import key_of
from jupyter_lifecycle.monitoring.histogram import Histogram

if TYPE_CHECKING:
    from jupyter_lifecycle.monitoring.categories import Category
    from jupyter_lifecycle.monitoring.profiles import ColumnProfile

RESOLUTION = 0.005
"""Bits that reading one profile at the other's edges may cost: shares between edges are linear."""


@dataclass(frozen=True, slots=True)
class Faced:
    """Counts of both sides in the same cells.

    Parameters
    ----------
    names : tuple of str
        What each cell is, in words.
    reference, observed : tuple of float
        Rows.
    exact : bool
        Whether both sides were counted into the same bins.
    """

    names: tuple[str, ...]
    reference: tuple[float, ...]
    observed: tuple[float, ...]
    exact: bool = True


def faced(reference: ColumnProfile, observed: ColumnProfile) -> Faced:
    """Give both sides' counts in the same cells.

    Missing and NaN are one cell: pandas has one value for both.

    Parameters
    ----------
    reference, observed : ColumnProfile
        Of one kind; where edges or known categories differ, bins are cut at the union of the edges
        and categories that one side did not count by themselves are among the others.
    """
    odd: list[tuple[str, float, float]] = [
        ("missing", reference.missing + reference.nan, observed.missing + observed.nan),
        ("∞", reference.inf, observed.inf),
        ("−∞", reference.minus_inf, observed.minus_inf),
        ("wrong type", reference.wrong, observed.wrong),
    ]
    if reference.plan.kind == "category":
        same = reference.plan.categories == observed.plan.categories
        cells: list[tuple[str, float, float]]
        cells = _same_categories(reference, observed) if same else _categories(reference, observed)
    elif reference.plan.edges == observed.plan.edges:
        names = [f"bin {place}" for place in range(len(reference.counts))]
        cells = list[tuple[str, float, float]](
            zip(names, reference.counts, observed.counts, strict=True)
        )
        same = True
    else:
        cells, same = _rebinned(reference, observed), False
    rows = [*cells, *odd]
    return Faced(
        tuple(name for name, _, _ in rows),
        tuple(one for _, one, _ in rows),
        tuple(other for _, _, other in rows),
        exact=same,
    )


def _same_categories(
    reference: ColumnProfile, observed: ColumnProfile
) -> list[tuple[str, float, float]]:
    names = [str(one) for one in reference.plan.categories]
    cells = zip(names, reference.counts, observed.counts, strict=True)
    return [*cells, ("other", reference.others, observed.others)]


def _categories(
    reference: ColumnProfile, observed: ColumnProfile
) -> list[tuple[str, float, float]]:
    one, other = _counted(reference), _counted(observed)
    whole = [sum(c for _, c in side.new) == side.others for side in (reference, observed)]
    cells = []
    named = [0.0, 0.0]
    for key, (name, _) in {**one, **other}.items():
        if (key in one or whole[0]) and (key in other or whole[1]):
            pair = one.get(key, (name, 0))[1], other.get(key, (name, 0))[1]
            cells.append((str(name), float(pair[0]), float(pair[1])))
            named = [named[0] + pair[0], named[1] + pair[1]]
    rest = [
        sum(side.counts) + side.others - held
        for side, held in zip((reference, observed), named, strict=True)
    ]
    return [*cells, ("other", rest[0], rest[1])]


def _counted(side: ColumnProfile) -> dict[object, tuple[Category, int]]:
    known = zip(side.plan.categories, side.counts, strict=True)
    return {key_of(name): (name, count) for name, count in (*known, *side.new)}


def _rebinned(reference: ColumnProfile, observed: ColumnProfile) -> list[tuple[str, float, float]]:
    sides = histogram_of(reference), histogram_of(observed)
    if not all(side.total for side in sides):
        totals = [sum(side.counts) for side in (reference, observed)]
        return [("numbers", totals[0], totals[1])]
    cells = aligned(*sides)
    if cells is None:  # two histograms with some mass always have cells
        return []
    names = [f"bin {place}" for place in range(len(cells.names))]
    return list(zip(names, cells.one, cells.other, strict=True))


def histogram_of(profile: ColumnProfile) -> Histogram:
    """Give a column of numbers as a histogram: the outer bins end at the lowest and highest value.

    Parameters
    ----------
    profile : ColumnProfile
        Of kind ``number``; what is missing, infinite or of another type is left out.
    """
    edges, counts = list(profile.plan.edges), list(profile.counts)
    low, high = profile.minimum, profile.maximum
    if low is None or high is None:
        return Histogram((), ())
    if not edges:
        return Histogram((low, high), counts)
    if counts[0]:
        edges.insert(0, min(low, edges[0]))
    else:
        del counts[0]
    if counts[-1]:
        edges.append(max(high, edges[-1]))
    else:
        del counts[-1]
    return Histogram(edges, counts)
