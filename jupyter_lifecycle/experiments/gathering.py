"""Sums over units by cell (arm, day, segment): all that the tests need, in bounded memory."""

from __future__ import annotations

import math
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments.samples import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from jupyter_lifecycle.experiments.metrics import Metric

    Numbers = npt.NDArray[np.float64]

BEFORE = "before "
"""What a covariate's name begins with here: the outcomes may have a column of that name too."""

KEPT = 1 << 20
"""Values of a quantile that stay in memory; more go into a temporary file."""


class Sums:
    """Counts, sums and products of a metric's columns in each cell.

    The columns are one, the number, a ratio's denominator, the covariate, and whether the
    covariate is known. They are shifted to about zero first, so that squares lose no digits.

    Parameters
    ----------
    metric : Metric
        Whose columns.
    cells : int
        How many cells.
    """

    def __init__(self, metric: Metric, cells: int) -> None:
        self.metric = metric
        self.columns = [metric.source, *([metric.denominator] if metric.denominator else [])]
        if metric.covariate is not None:
            self.columns.append(BEFORE + metric.covariate)
        self._size = len(self.columns) + 1 + (metric.covariate is not None)
        self._sums = np.zeros((cells, self._size, self._size))
        self._shift: Numbers | None = None

    def add(self, bounds: npt.NDArray[np.int64], columns: Mapping[str, Numbers]) -> None:
        """Add units, in the order of their cells.

        Parameters
        ----------
        bounds : numpy.ndarray
            (cells + 1,) where each cell's units begin.
        columns : mapping
            (n,) numbers; NaN where they are not known.
        """
        values = [columns[name] for name in self.columns]
        if self.metric.kind == "proportion":
            values[0] = np.where(np.isnan(values[0]), np.nan, values[0] != 0)
        needed = values[:-1] if self.metric.covariate is not None else values
        if any(_has_nan(part) for part in needed):
            known = ~np.isnan(needed[0])
            for part in needed[1:]:
                known &= ~np.isnan(part)
            values = [part[known] for part in values]
            bounds = np.concatenate([[0], np.cumsum(known)])[bounds]
        self._add(bounds, values)

    def _add(self, bounds: npt.NDArray[np.int64], values: list[Numbers]) -> None:
        n = len(values[0])
        if n == 0:
            return
        if self._shift is None:
            self._shift = np.array([_middle(part) for part in values])
        block = np.empty((self._size, n))
        block[0] = 1
        for row, (part, shift) in enumerate(zip(values, self._shift, strict=True), start=1):
            np.subtract(part, shift, out=block[row])
        if self.metric.covariate is not None:
            block[-1] = 1
            if _has_nan(block[-2]):
                missing = np.isnan(block[-2])
                block[-2][missing] = 0
                block[-1][missing] = 0
        for cell in np.flatnonzero(np.diff(bounds)):
            part = block[:, bounds[cell] : bounds[cell + 1]]
            self._sums[cell] += part @ part.T

    def add_zeros(self, counts: npt.NDArray[np.int64]) -> None:
        """Count so many more units of each cell, whose number is 0 and whose covariate unknown."""
        if self._shift is None:
            self._shift = np.zeros(len(self.columns))
        row = np.zeros(self._size)
        row[0] = 1
        row[1 : 1 + len(self.columns)] = -self._shift
        if self.metric.covariate is not None:
            row[-2:] = 0
        self._sums += counts[:, None, None] * np.outer(row, row)

    def known(self) -> npt.NDArray[np.int64]:
        """Units of each cell whose number is known."""
        return np.rint(self._sums[:, 0, 0]).astype(np.int64)

    def moments(self, groups: Sequence[Sequence[int]]) -> list[Moments | None]:
        """Give the moments of groups of cells; None where a group has fewer than two units.

        A covariate that is not known counts as the mean of all that are, whatever the arm.

        Raises
        ------
        AnalysisError
            A column has values that are not finite.
        """
        if self._shift is None:
            return [None] * len(groups)
        if not np.isfinite(self._sums).all():
            raise AnalysisError(
                f"Metric {self.metric.name!r} has values that are not finite, in"
                f" {' or '.join(map(repr, self.columns))}.",
                metric=self.metric.name,
            )
        total = self._sums.sum(axis=0)
        centre = 0.0
        if self.metric.covariate is not None and total[0, -1] > 0:
            centre = total[0, -2] / total[0, -1]
        return [self._moments(self._sums[list(group)].sum(axis=0), centre) for group in groups]

    def _moments(self, sums: Numbers, centre: float) -> Moments | None:
        n = round(sums[0, 0])
        if n < 2 or self._shift is None:
            return None
        if self.metric.covariate is not None:
            # the covariate with its gaps filled: x + centre * (1 - known)
            mixing = np.eye(self._size)[:-1]
            mixing[-1, 0], mixing[-1, -1] = centre, -centre
            sums = mixing @ sums @ mixing.T
        means = sums[0, 1:] / n
        spread = (sums[1:, 1:] - n * np.outer(means, means)) / (n - 1)
        np.fill_diagonal(spread, np.maximum(np.diag(spread), 0))
        means = means + self._shift
        if self.metric.kind == "ratio":
            return self._linear(n, means, spread)
        if len(means) == 1:
            return Moments(n, float(means[0]), float(spread[0, 0]))
        return Moments(
            n,
            float(means[0]),
            float(spread[0, 0]),
            float(means[1]),
            float(spread[1, 1]),
            float(spread[0, 1]),
        )

    def _linear(self, n: int, means: Numbers, spread: Numbers) -> Moments | None:
        """Give a ratio as the mean of ``r + (y - r d) / m_d`` (delta method)."""
        if means[1] == 0:
            raise AnalysisError(
                f"Metric {self.metric.name!r}: the denominator {self.metric.denominator!r} has"
                " mean 0"
                " in an arm.",
                metric=self.metric.name,
            )
        value = float(means[0] / means[1])
        weights = np.array([1, -value]) / means[1]
        variance = max(float(weights @ spread[:2, :2] @ weights), 0.0)
        if self.metric.covariate is None:
            return Moments(n, value, variance)
        common = float(weights @ spread[:2, 2])
        return Moments(n, value, variance, float(means[2]), float(spread[2, 2]), common)


class Values:
    """A quantile's values in each cell: in memory while they are few, else in a temporary file."""

    def __init__(self, metric: Metric, cells: int) -> None:
        self.metric = metric
        self.columns = [metric.source]
        self._parts: list[list[Numbers]] = [[] for _ in range(cells)]
        self._files: list[Any] = [None] * cells
        self._counts = np.zeros(cells, dtype=np.int64)
        self._held = 0

    def add(self, bounds: npt.NDArray[np.int64], columns: Mapping[str, Numbers]) -> None:
        """Add units, in the order of their cells (as :meth:`Sums.add`)."""
        values = columns[self.metric.source]
        for cell in np.flatnonzero(np.diff(bounds)):
            part = values[bounds[cell] : bounds[cell + 1]]
            self._keep(int(cell), part[~np.isnan(part)])

    def add_zeros(self, counts: npt.NDArray[np.int64]) -> None:
        """Count so many more units of each cell, whose number is 0."""
        for cell in np.flatnonzero(counts):
            self._keep(int(cell), np.zeros(counts[cell]))

    def close(self) -> None:
        """Remove the temporary files."""
        for file in self._files:
            if file is not None:
                file.close()

    def _keep(self, cell: int, values: Numbers) -> None:
        self._parts[cell].append(values)
        self._counts[cell] += len(values)
        self._held += len(values)
        if self._held > KEPT:
            self._write()

    def _write(self) -> None:
        for cell, parts in enumerate(self._parts):
            if parts:
                if self._files[cell] is None:
                    self._files[cell] = TemporaryFile()  # noqa: SIM115 - lives as long as this
                for part in parts:
                    self._files[cell].write(part.tobytes())
                parts.clear()
        self._held = 0

    def known(self) -> npt.NDArray[np.int64]:
        """Units of each cell whose number is known."""
        return self._counts.copy()

    def values(self, group: Sequence[int]) -> Numbers:
        """Give a group's values, in no order, to be put into another one."""
        found = []
        for cell in group:
            file = self._files[cell]
            if file is not None:
                file.seek(0)
                found.append(np.frombuffer(file.read(), dtype=np.float64))
            found.extend(self._parts[cell])
        return np.concatenate(found) if found else np.zeros(0)


def gatherer(metric: Metric, cells: int) -> Sums | Values:
    """Give what gathers a metric of that kind."""
    return Values(metric, cells) if metric.kind == "quantile" else Sums(metric, cells)


class Cells:
    """One grouping of the units, and what every metric gathers in its cells.

    Parameters
    ----------
    codes : numpy.ndarray
        (n_units,) each unit's cell, -1 for none.
    cells : int
        How many cells.
    metrics : sequence of Metric
        What to gather.
    """

    def __init__(self, codes: npt.NDArray[np.int32], cells: int, metrics: Sequence[Metric]) -> None:
        self.codes = codes
        self.count = cells
        self.units = np.bincount(codes[codes >= 0], minlength=cells)
        self._metrics = metrics
        self.gathered: dict[str, Sums | Values] = {}
        self.empty()

    def close(self) -> None:
        """Remove the temporary files of quantiles."""
        for gathered in self.gathered.values():
            if isinstance(gathered, Values):
                gathered.close()

    def empty(self) -> None:
        """Forget what was gathered."""
        self.close()
        self.gathered = {metric.name: gatherer(metric, self.count) for metric in self._metrics}

    def add(self, rows: npt.NDArray[np.int32], columns: Mapping[str, Numbers]) -> None:
        """Add the numbers of units; rows of -1 are nobody's."""
        cell = np.where(rows < 0, np.int32(-1), self.codes[rows])
        small = cell.astype(np.int16) if self.count < 2**15 else cell
        order = np.argsort(small, kind="stable")
        bounds = np.searchsorted(small[order], np.arange(self.count + 1))
        order, bounds = order[bounds[0] :], bounds - bounds[0]
        ordered = {name: column[order] for name, column in columns.items()}
        for gathered in self.gathered.values():
            gathered.add(bounds, ordered)

    def fill_zeros(self) -> None:
        """Count units without a known number as zeros."""
        for gathered in self.gathered.values():
            gathered.add_zeros(self.units - gathered.known())


def _has_nan(values: Numbers) -> bool:
    return math.isnan(float(values.sum())) and bool(np.isnan(values).any())


def _middle(values: Numbers) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0
