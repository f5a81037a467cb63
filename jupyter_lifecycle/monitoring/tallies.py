"""Counting the plain Python values of one column, many at once.

A pass over the types of a batch decides: where all are of the expected type the counting is done
by the interpreter's own loops, else value by value. Nothing that comes raises.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter as Multiset
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.monitoring.categories import key_of, named
from jupyter_lifecycle.monitoring.newcomers import SAMPLED, Newcomers
from jupyter_lifecycle.monitoring.profiles import ColumnProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.monitoring.plan import ColumnPlan

_NONE = type(None)
_MISSING = frozenset({"NAType", "NaTType"})
_SORTED = 16
"""Numbers from which on they are sorted first."""
_LARGEST = 1.7976931348623157e308


class Numbers:
    """Counts numbers into bins."""

    def __init__(self, plan: ColumnPlan) -> None:
        self._plan = plan
        self.edges = plan.edges
        self.integers = plan.type == "integer"
        self._counts = [0] * plan.cells
        self._low, self._high = math.inf, -math.inf
        self._missing = self._nan = self._inf = self._minus_inf = self._wrong = 0

    def add(self, values: Sequence[Any]) -> None:
        """Count plain values."""
        kinds = set(map(type, values))
        if _NONE in kinds:
            present = [value for value in values if value is not None]
            self._missing += len(values) - len(present)
            values = present
            kinds.discard(_NONE)
        usual = kinds <= {int} or (not self.integers and kinds <= {int, float})
        if not values:
            return
        if usual and self._all_finite(values):
            self._add_finite(values)
        else:
            self._add_finite([one for one in map(self._finite, values) if one is not None])

    def add_counted(self, counts: Sequence[int], low: float, high: float) -> None:
        """Add finite numbers that were counted into the bins elsewhere."""
        self._counts = [a + b for a, b in zip(self._counts, counts, strict=True)]
        self._low, self._high = min(self._low, low), max(self._high, high)

    def add_odd(
        self, *, missing: int = 0, inf: int = 0, minus_inf: int = 0, wrong: int = 0
    ) -> None:
        """Add what was counted elsewhere and is in no bin."""
        self._missing += missing
        self._inf += inf
        self._minus_inf += minus_inf
        self._wrong += wrong

    @staticmethod
    def _all_finite(values: Sequence[Any]) -> bool:
        # NaN and infinities make the sum NaN or infinite; a sum that overflows only costs time
        try:
            return math.isfinite(sum(values))
        except OverflowError:
            return False

    def _add_finite(self, values: Sequence[Any]) -> None:
        if not values:
            return
        if len(values) < _SORTED:
            for value in values:
                self._counts[bisect_left(self.edges, value)] += 1
            low, high = min(values), max(values)
        else:  # sorting is cheaper than a search for each, and has the ends for nothing
            ordered = sorted(values)
            low, high = ordered[0], ordered[-1]
            passed = 0
            for place, edge in enumerate(self.edges):
                below = bisect_right(ordered, edge, passed)
                self._counts[place] += below - passed
                passed = below
            self._counts[-1] += len(ordered) - passed
        self._low, self._high = min(self._low, low), max(self._high, high)

    def _finite(self, value: Any) -> float | None:
        """Give a value where it belongs into a bin; count it where it does not."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = plain(value)
            if value is None:
                self._missing += 1
                return None
            if type(value) not in (int, float):
                self._wrong += 1
                return None
        if isinstance(value, int):
            return max(-_LARGEST, min(_LARGEST, value)) if abs(value) > _LARGEST else value
        if math.isnan(value):
            self._nan += 1
        elif value == math.inf:
            self._inf += 1
        elif value == -math.inf:
            self._minus_inf += 1
        elif self.integers and not value.is_integer():
            self._wrong += 1
        else:
            return float(value)
        return None

    def profile(self) -> ColumnProfile:
        """Give what was counted."""
        some = self._low <= self._high
        return ColumnProfile(
            self._plan,
            tuple(self._counts),
            missing=self._missing,
            nan=self._nan,
            inf=self._inf,
            minus_inf=self._minus_inf,
            wrong=self._wrong,
            minimum=float(self._low) if some else None,
            maximum=float(self._high) if some else None,
        )


class Categories:
    """Counts known categories and, in bounded memory, unknown ones."""

    def __init__(self, plan: ColumnPlan) -> None:
        self._plan = plan
        self._known = {key_of(one): place for place, one in enumerate(plan.categories)}
        self._takes = _types_of(plan)
        self._counts = [0] * plan.cells
        self._missing = self._nan = self._wrong = self._others = 0
        self._new = Newcomers()

    def add(self, values: Sequence[Any]) -> None:
        """Count plain values."""
        if set(map(type, values)) == {str} and str in self._takes:
            for value, count in Multiset(values).items():
                self.add_counted(value, count)
        else:
            for value in values:
                self.add_counted(value, 1)

    def add_counted(self, value: Any, count: int) -> None:
        """Count a value that came several times."""
        if value is None:
            self._missing += count
            return
        if type(value) not in self._takes:
            value = plain(value)
            if value is None:
                self._missing += count
                return
            if isinstance(value, float) and math.isnan(value):
                self._nan += count
                return
            if not isinstance(value, tuple(self._takes)) or (
                isinstance(value, bool) and bool not in self._takes
            ):
                self._wrong += count
                return
        elif type(value) is float and math.isnan(value):
            self._nan += count
            return
        place = self._known.get(key_of(value))
        if place is None:
            self._add_unknown(value, count)
        else:
            self._counts[place] += count

    def add_missing(self, count: int) -> None:
        """Count what is missing."""
        self._missing += count

    def _add_unknown(self, value: Any, count: int) -> None:
        name = named(value)
        place = self._known.get(key_of(name))  # a long one is known by its short name
        if place is not None:
            self._counts[place] += count
            return
        self._others += count
        self._new.add(name, count)

    def profile(self) -> ColumnProfile:
        """Give what was counted."""
        sampled = self._new.sampled()
        whole = sum(count for _, count in sampled) == self._others
        return ColumnProfile(
            self._plan,
            tuple(self._counts),
            missing=self._missing,
            nan=self._nan,
            wrong=self._wrong,
            others=self._others,
            new=sampled,
            frequent=() if whole and len(sampled) <= SAMPLED else self._new.frequent(),
        )


def _types_of(plan: ColumnPlan) -> frozenset[type]:
    if plan.type == "string":
        return frozenset({str})
    if plan.type == "boolean":
        return frozenset({bool})
    found = {type(one) for one in plan.categories} or {str, bool, int, float}
    return frozenset(found | {int, float} if found & {int, float} else found)


class Presence:
    """Counts what is there, without looking what it is."""

    def __init__(self, plan: ColumnPlan) -> None:
        self._plan = plan
        self._there = self._missing = self._wrong = 0

    def add(self, values: Sequence[Any]) -> None:
        """Count plain values."""
        times = self._plan.kind == "time"
        for value in map(plain, values):
            if value is None or (isinstance(value, float) and math.isnan(value)):
                self._missing += 1
            elif times and not isinstance(value, str | date):
                self._wrong += 1
            else:
                self._there += 1

    def add_counts(self, there: int, missing: int) -> None:
        """Add what was counted elsewhere."""
        self._there += there
        self._missing += missing

    def profile(self) -> ColumnProfile:
        """Give what was counted."""
        there = (self._there,)
        return ColumnProfile(self._plan, there, missing=self._missing, wrong=self._wrong)


def plain(value: Any) -> Any:
    """Give a value as Python has it: numpy's scalars unpacked, pandas' missing ones as None."""
    if type(value).__name__ in _MISSING:
        return None
    if isinstance(value, Decimal):
        return float(value)
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        return item()
    return getattr(value, "value", value) if isinstance(value, Enum) else value


Tally = Numbers | Categories | Presence


def tally_of(plan: ColumnPlan) -> Tally:
    """Give the empty tally of a column's kind."""
    if plan.kind == "number":
        return Numbers(plan)
    return Categories(plan) if plan.kind == "category" else Presence(plan)
