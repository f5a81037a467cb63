"""Counts what comes, by a plan, in bounded memory.

Importing this loads neither numpy nor pandas: the generated service counts with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.monitoring.profiles import Profile
from jupyter_lifecycle.monitoring.tallies import tally_of
from jupyter_lifecycle.monitoring.units import Units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.monitoring.plan import Plan

_WAITING = 128
"""Rows that wait to be counted together: what counting costs each batch is shared."""


class Counter:
    """Counts rows and columns; nothing that comes raises, whatever it is.

    Not safe for several threads at once.

    Parameters
    ----------
    plan : Plan
        What to count of each column.

    Examples
    --------
    >>> from jupyter_lifecycle.monitoring.plan import ColumnPlan, Plan
    >>> counter = Counter(Plan((ColumnPlan("age", "number", edges=(20.0, 60.0)),)))
    >>> counter.add_rows([[18.5], [44.0], [None]])
    >>> profile = counter.profile()
    >>> profile["age"].counts, profile["age"].missing
    ((1, 1, 0), 1)
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._width = len(plan.columns)
        self._start()

    def _start(self) -> None:
        self._tallies = [tally_of(one) for one in self.plan.columns]
        self._rows = 0
        self._waiting: list[Sequence[Any]] = []
        self._units = Units()

    @property
    def rows(self) -> int:
        """Rows since the last :meth:`clear`."""
        return self._rows + len(self._waiting)

    def add_rows(self, rows: Sequence[Sequence[Any]], units: Sequence[Any] | None = None) -> None:
        """Count rows.

        Parameters
        ----------
        rows : sequence of sequences, (n_rows, n_columns)
            Plain values in the plan's order; None is missing, and so is what a short row lacks.
            Up to 128 rows are kept until they are counted: do not change them afterwards.
        units : sequence, (n_rows,), optional
            What each row is about, such as a customer: of each unit the first row since the last
            :meth:`clear` is counted. Rows of one unit are not independent, and the noise floor
            would be too low for them.
        """
        if units is not None:
            rows = [row for row, unit in zip(rows, units, strict=True) if self._units.add(unit)]
        self._waiting.extend(rows)
        if len(self._waiting) >= _WAITING:
            self._count_waiting()

    def _count_waiting(self) -> None:
        rows, self._waiting = self._waiting, []
        width = self._width
        if set(map(len, rows)) != {width}:
            rows = [[*row[:width], *[None] * (width - len(row))] for row in rows]
        self._rows += len(rows)
        for tally, values in zip(self._tallies, zip(*rows, strict=True), strict=False):
            tally.add(values)

    def add_columns(self, columns: Mapping[str, Any]) -> None:
        """Count columns of equal length.

        Parameters
        ----------
        columns : Mapping
            Name to values, ``(n_rows,)``: a list of plain values, a numpy array, or a column of
            pandas, whose NaN, NaT and NA are missing. Other names are passed over; a column that
            the plan has and this lacks is missing in each row.
        """
        rows = max((len(values) for values in columns.values()), default=0)
        if not rows:
            return
        self._rows += rows
        for tally, plan in zip(self._tallies, self.plan.columns, strict=True):
            values = columns.get(plan.name)
            if values is None:
                tally.add([None] * rows)
            elif isinstance(values, list | tuple):
                tally.add(values)
            else:
                from jupyter_lifecycle.monitoring.arrays import add_array

                add_array(tally, values)

    def profile(self) -> Profile:
        """Give what was counted since the last :meth:`clear`; counting goes on."""
        if self._waiting:
            self._count_waiting()
        columns = zip(self.plan.columns, self._tallies, strict=True)
        return Profile(self._rows, {plan.name: tally.profile() for plan, tally in columns})

    def clear(self) -> None:
        """Start again at nothing."""
        self._start()
