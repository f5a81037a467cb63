"""Outcomes into cells: as they come where each unit has one row, else added up a part at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments.gathering import BEFORE
from jupyter_lifecycle.experiments.joining import joined
from jupyter_lifecycle.experiments.tables import ROWS, Table, floats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from jupyter_lifecycle.experiments.gathering import Cells
    from jupyter_lifecycle.experiments.joining import Exposed
    from jupyter_lifecycle.experiments.metrics import Metric

BUDGET = 256 << 20
"""Bytes of sums by unit that are held at once."""


class Needed(NamedTuple):
    """What is to be read."""

    unit: str
    metrics: tuple[Metric, ...]
    zero: bool


class _Source(NamedTuple):
    """A table, and its columns by the names that gatherers know them by."""

    table: Table
    columns: dict[str, str]

    def pieces(self, exposed: Exposed, unit: str) -> Iterator[Any]:
        """Give the exposed rows and their numbers, piece by piece."""
        read = list(dict.fromkeys(self.columns.values()))
        for rows, pieces in joined(self.table, exposed, unit, read):
            numbers = {name: floats(piece, name) for name, piece in zip(read, pieces, strict=True)}
            yield rows, {key: numbers[name] for key, name in self.columns.items()}


class _Twice(Exception):  # noqa: N818 - no error: the other way is taken
    """A unit has a second row."""


def fill(
    exposed: Exposed, groupings: Sequence[Cells], needed: Needed, outcomes: Any, covariates: Any
) -> None:
    """Read outcomes, and covariates of their own table, into the cells of all groupings.

    Parameters
    ----------
    exposed : Exposed
        The units.
    groupings : sequence of Cells
        What gathers.
    needed : Needed
        Metrics, and what units without an outcome mean.
    outcomes, covariates : table
        The second may be None: covariates are then columns of the first.

    Raises
    ------
    AnalysisError
        Columns that are missing or no numbers, or a stream that would have to be read again.
    """
    table = Table(outcomes, "outcomes")
    before = [(BEFORE + one.covariate, one.covariate) for one in needed.metrics if one.covariate]
    numbers = [
        (name, name) for one in needed.metrics for name in (one.source, one.denominator) if name
    ]
    table.need([needed.unit], "the unit")
    table.need([name for _, name in numbers], "a metric's")
    sources = [_Source(table, dict(numbers))]
    if covariates is None:
        table.need([name for _, name in before], "a covariate")
        sources[0].columns.update(before)
    else:
        other = Table(covariates, "covariates")
        other.need([needed.unit, *(name for _, name in before)], "the unit or a covariate")
        sources.append(_Source(other, dict(before)))
    width = sum(len(source.columns) for source in sources)
    parts = -(-len(exposed.keys) * (width * 8 + 1) // BUDGET)
    if parts > 1 and covariates is None:
        try:
            _as_they_come(exposed, groupings, needed.unit, sources[0])
        except _Twice:
            for cells in groupings:
                cells.empty()
        else:
            _finish(groupings, needed)
            return
    if parts > 1 and not all(source.table.again for source in sources):
        raise AnalysisError(
            f"The {table.name} have several rows of a unit and come from a stream, which cannot"
            " be read"
            f" {parts} times. Give a table, or a Parquet file."
        )
    size = -(-len(exposed.keys) // parts)
    for start in range(0, len(exposed.keys), size):
        part = slice(start, min(start + size, len(exposed.keys)))
        sums: dict[str, npt.NDArray[np.float64]] = {}
        for source in sources:
            sums |= _added_up(exposed, needed.unit, source, part)
        _gather(groupings, sums, part)
    _finish(groupings, needed)


def _finish(groupings: Sequence[Cells], needed: Needed) -> None:
    if needed.zero:
        for cells in groupings:
            cells.fill_zeros()


def _as_they_come(exposed: Exposed, groupings: Sequence[Cells], unit: str, source: _Source) -> None:
    seen = np.zeros(len(exposed.keys), dtype=bool)
    matched = 0
    for rows, numbers in source.pieces(exposed, unit):
        own = rows[rows >= 0]
        if seen[own].any():
            raise _Twice
        seen[own] = True
        matched += len(own)
        for cells in groupings:
            cells.add(rows, numbers)
    if matched > np.count_nonzero(seen):
        raise _Twice


def _added_up(
    exposed: Exposed, unit: str, source: _Source, part: slice
) -> dict[str, npt.NDArray[np.float64]]:
    """Add up the rows of some of the units; NaN where no number is known."""
    size = part.stop - part.start
    known = {name: np.zeros(size, dtype=bool) for name in source.columns}
    sums = {name: np.zeros(size) for name in source.columns}
    for rows, numbers in source.pieces(exposed, unit):
        inside = (rows >= part.start) & (rows < part.stop)
        places = rows[inside] - part.start
        for name, column in numbers.items():
            values = column[inside]
            there = ~np.isnan(values)
            np.add.at(sums[name], places[there], values[there])
            known[name][places[there]] = True
    for name, column in sums.items():
        column[~known[name]] = np.nan
    return sums


def _gather(
    groupings: Sequence[Cells], sums: dict[str, npt.NDArray[np.float64]], part: slice
) -> None:
    for start in range(part.start, part.stop, ROWS):
        rows = np.arange(start, min(start + ROWS, part.stop), dtype=np.int32)
        block = slice(start - part.start, start - part.start + len(rows))
        numbers = {name: column[block] for name, column in sums.items()}
        for cells in groupings:
            cells.add(rows, numbers)
