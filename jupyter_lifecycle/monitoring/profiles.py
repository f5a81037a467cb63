"""What was counted: profiles of columns, which add up exactly.

Importing this loads neither numpy nor pandas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_lifecycle.errors import ProfileError, did_you_mean
from jupyter_lifecycle.monitoring.newcomers import Counted, distinct, merged, merged_frequent
from jupyter_lifecycle.monitoring.plan import VERSION, ColumnPlan, Plan, check_version

_ODD = ("missing", "nan", "inf", "minus_inf", "wrong", "others")
"""Counts beside the cells, each 0 where it is not written."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Counts of one column; ``one + other`` adds up exactly where both have the same plan.

    Parameters
    ----------
    plan : ColumnPlan
        What was counted.
    counts : tuple of int
        Of numbers in each bin (underflow first, overflow last), of each known category, or of all
        that is there (times, and columns whose type is not known).
    missing : int
        None, and in pandas' columns NaN, NaT and NA.
    nan, inf, minus_inf : int
        Of numbers.
    wrong : int
        Values of another type.
    others : int
        Of categories: values that are none of the known ones.
    minimum, maximum : float or None
        Of finite numbers.
    new : tuple of (category, count)
        Unknown categories: all of them up to 24, beyond that a sample of 24, with exact counts.
    frequent : tuple of (category, count)
        The most frequent unknown categories with lower bounds of their counts, where ``new`` does
        not have all. An estimate, so it is no part of equality.
    """

    plan: ColumnPlan
    counts: tuple[int, ...]
    missing: int = 0
    nan: int = 0
    inf: int = 0
    minus_inf: int = 0
    wrong: int = 0
    others: int = 0
    minimum: float | None = None
    maximum: float | None = None
    new: Counted = ()
    frequent: Counted = field(default=(), compare=False)

    @classmethod
    def empty(cls, plan: ColumnPlan) -> ColumnProfile:
        """Give the profile of no rows."""
        return cls(plan, (0,) * plan.cells)

    @property
    def rows(self) -> int:
        """Values that were counted, missing ones too."""
        odd: int = sum(getattr(self, name) for name in _ODD)
        return sum(self.counts) + odd

    @property
    def present(self) -> int:
        """Values that are there and of the right type, infinities and unknown categories too."""
        return self.rows - self.missing - self.nan - self.wrong

    @property
    def distinct_new(self) -> float:
        """How many different unknown categories came: exact up to 24, else estimated."""
        return distinct(self.new, self.others)

    def __add__(self, other: ColumnProfile) -> ColumnProfile:
        if not isinstance(other, ColumnProfile):
            return NotImplemented
        if self.plan != other.plan:
            raise ProfileError(_differing(self.plan, other.plan), column=self.plan.name)
        lows = [one for one in (self.minimum, other.minimum) if one is not None]
        highs = [one for one in (self.maximum, other.maximum) if one is not None]
        new = merged(self.new, other.new)
        others = self.others + other.others
        whole = sum(count for _, count in new) == others
        return ColumnProfile(
            self.plan,
            tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)),
            **{name: getattr(self, name) + getattr(other, name) for name in _ODD},
            minimum=min(lows, default=None),
            maximum=max(highs, default=None),
            new=new,
            frequent=()
            if whole
            else merged_frequent(self.frequent or self.new, other.frequent or other.new),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values: the plan's members, ``counts``, and what is not 0."""
        answer = self.plan.to_json()
        answer["counts"] = list(self.counts)
        answer |= {name: getattr(self, name) for name in _ODD if getattr(self, name)}
        if self.minimum is not None:
            answer |= {"minimum": self.minimum, "maximum": self.maximum}
        for name in ("new", "frequent"):
            if getattr(self, name):
                answer[name] = [list(one) for one in getattr(self, name)]
        return answer

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ColumnProfile:
        """Give what :meth:`to_json` wrote."""
        plan = ColumnPlan.from_json(value)
        counts = tuple(_count(one) for one in value["counts"])
        if len(counts) != plan.cells:
            raise ProfileError(f"{plan.name} has {len(counts)} counts for {plan.cells} cells.")
        ends = [value.get(name) for name in ("minimum", "maximum")]
        return cls(
            plan,
            counts,
            **{name: _count(value.get(name, 0)) for name in _ODD},
            minimum=None if ends[0] is None else float(ends[0]),
            maximum=None if ends[1] is None else float(ends[1]),
            new=_counted(value.get("new", ())),
            frequent=_counted(value.get("frequent", ())),
        )


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ProfileError(f"A count is {value!r}, which is no whole number from 0 on.")
    return value


def _counted(pairs: Any) -> Counted:
    return tuple((name, _count(count)) for name, count in pairs)


def _differing(one: ColumnPlan, other: ColumnPlan) -> str:
    if one.name != other.name:
        return f"Profiles of {one.name} and {other.name} do not add up: they are other columns."
    what = (
        f"types ({one.type} and {other.type})"
        if one.type != other.type
        else "bin edges"
        if one.edges != other.edges
        else "known categories"
    )
    return (
        f"The profiles of {one.name} have other {what}, so they do not add up. "
        "Make the second with jl.profile(frame, like=first)."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Profile(Mapping[str, ColumnProfile]):
    """Counts of many columns, by name, in the columns' order.

    ``one + other`` is exact, associative and commutative where both have the same columns with the
    same edges and categories, and refused otherwise.

    Parameters
    ----------
    rows : int
        Rows that were counted.
    columns : Mapping
        Name to :class:`ColumnProfile`.
    """

    rows: int
    columns: Mapping[str, ColumnProfile]

    def __getitem__(self, name: str) -> ColumnProfile:
        try:
            return self.columns[name]
        except KeyError:
            near = did_you_mean(name, self.columns)
            raise ProfileError(f"The profile has no column {name}.{near}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Profile):
            return NotImplemented
        return self.rows == other.rows and dict(self.columns) == dict(other.columns)

    def __hash__(self) -> int:
        return hash((self.rows, frozenset(self.columns)))

    @property
    def plan(self) -> Plan:
        """What was counted, to count more of the same."""
        return Plan(tuple(one.plan for one in self.columns.values()))

    @classmethod
    def empty(cls, plan: Plan) -> Profile:
        """Give the profile of no rows: nothing changes where it is added."""
        return cls(0, {one.name: ColumnProfile.empty(one) for one in plan.columns})

    def __add__(self, other: Profile) -> Profile:
        if not isinstance(other, Profile):
            return NotImplemented
        if self.columns.keys() != other.columns.keys():
            differing = ", ".join(sorted(self.columns.keys() ^ other.columns.keys())[:8])
            raise ProfileError(f"Profiles do not add up: only one of the two has {differing}.")
        columns = {name: one + other.columns[name] for name, one in self.columns.items()}
        return Profile(self.rows + other.rows, columns)

    def __radd__(self, other: object) -> Profile:
        return self if other == 0 else NotImplemented  # so that sum(profiles) works

    def renamed(self, names: Mapping[str, str]) -> Profile:
        """Give the same counts with columns under other names; those not named keep theirs."""
        columns = {}
        for old, one in self.columns.items():
            new = names.get(old, old)
            columns[new] = replace(one, plan=replace(one.plan, name=new))
        return Profile(self.rows, columns)

    def __repr__(self) -> str:
        shown = ", ".join(list(self.columns)[:6]) + (", …" if len(self.columns) > 6 else "")
        return f"<Profile of {self.rows} rows, {len(self.columns)} columns: {shown}>"

    def to_json(self) -> dict[str, Any]:
        """As JSON values, versioned, readable without the envelope: see docs/monitoring.md."""
        columns = [one.to_json() for one in self.columns.values()]
        return {"version": VERSION, "rows": self.rows, "columns": columns}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Profile:
        """Give the profile that :meth:`to_json` wrote.

        Raises
        ------
        ProfileError
            Where it is not one, or of a later version.
        """
        try:
            check_version(value, "profile")
            columns = [ColumnProfile.from_json(one) for one in value["columns"]]
            return cls(_count(value["rows"]), {one.plan.name: one for one in columns})
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise ProfileError(f"A profile is not readable: {problem}.") from problem
