"""``jl.expect``: expectations to look at, to change by hand and to add up before a save."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from jupyter_lifecycle.envelope.describing import field_of_column, fields_of_frame
from jupyter_lifecycle.envelope.expectations import (
    MAX_CATEGORIES,
    Expectation,
    expectations_of,
    rounded,
)
from jupyter_lifecycle.envelope.expectations import expect as profiled
from jupyter_lifecycle.envelope.writing import is_frame
from jupyter_lifecycle.errors import EnvelopeError, did_you_mean


class Expected:
    """What one input looked like, and what is allowed, which may be set.

    Parameters
    ----------
    seen : Expectation
        The profile of the rows.

    Examples
    --------
    >>> import pandas as pd
    >>> expectations = expect(pd.DataFrame({"age": [20.0, 64.0]}))
    >>> expectations["age"].range
    (20.0, 64.0)
    >>> expectations["age"].range = (0, 120)
    >>> expectations["age"].frozen.allowed
    {'range': [0, 120]}
    """

    def __init__(self, seen: Expectation) -> None:
        self._seen = seen

    @property
    def frozen(self) -> Expectation:
        """As it goes into an envelope."""
        return self._seen

    @property
    def range(self) -> tuple[Any, Any]:
        """Lowest and highest value: allowed where it was set, else seen."""
        set_ = self._seen.allowed.get("range")
        return tuple(set_) if set_ else (self._seen.minimum, self._seen.maximum)

    @range.setter  # noqa: A003 - the word that people use
    def range(self, ends: tuple[Any, Any]) -> None:
        low, high = ends
        for end in ends:
            number = isinstance(end, int | float) and not isinstance(end, bool)
            if end is not None and not isinstance(end, str) and not (number and math.isfinite(end)):
                raise EnvelopeError(
                    f"The range of {self._seen.name} is two numbers, times in ISO 8601 or None, "
                    f"got {end!r}."
                )
        if low is not None and high is not None and low > high:
            raise EnvelopeError(f"The range of {self._seen.name} ends before it begins: {ends}.")
        self._allow("range", [low, high])

    @property
    def categories(self) -> tuple[Any, ...]:
        """Values: allowed where they were set, else the most frequent that were seen."""
        set_ = self._seen.allowed.get("categories")
        return tuple(set_) if set_ else tuple(value for value, _ in self._seen.categories)

    @categories.setter
    def categories(self, values: tuple[Any, ...]) -> None:
        values = tuple(values)
        if not values or not all(isinstance(one, str | int | float | bool) for one in values):
            raise EnvelopeError(
                f"The categories of {self._seen.name} are some strings, numbers or booleans."
            )
        self._allow("categories", list(values))

    @property
    def null_share(self) -> float:
        """Share of nulls, 0 to 1: at most this where it was set, else as seen."""
        return float(self._seen.allowed.get("null_share", self._seen.null_share))

    @null_share.setter
    def null_share(self, share: float) -> None:
        if not 0 <= share <= 1:
            raise EnvelopeError(f"The share of nulls of {self._seen.name} is 0 to 1, got {share}.")
        self._allow("null_share", share)

    def _allow(self, key: str, value: Any) -> None:
        self._seen = replace(self._seen, allowed={**self._seen.allowed, key: value})

    def __repr__(self) -> str:
        seen = self._seen
        parts = [f"{seen.rows} rows", f"{self.null_share:.1%} null"]
        if seen.minimum is not None:
            parts.append(f"{self.range[0]} to {self.range[1]}")
        if self.categories:
            shown = ", ".join(str(one) for one in self.categories[:5])
            parts.append(f"one of {shown}{', …' * (len(self.categories) > 5)}")
        return f"<{seen.name}: {'; '.join(parts)}>"


class Expectations(Mapping[str, Expected]):
    """Expectations by input, in the order of the columns; :meth:`merged` adds up more rows."""

    def __init__(self, seen: tuple[Expectation, ...]) -> None:
        self._by_name = {one.name: Expected(one) for one in seen}

    def __getitem__(self, name: str) -> Expected:
        try:
            return self._by_name[name]
        except KeyError:
            near = did_you_mean(name, self._by_name)
            raise EnvelopeError(f"There is no expectation of {name}.{near}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __repr__(self) -> str:
        return "\n".join(repr(one) for one in self._by_name.values())

    @property
    def frozen(self) -> tuple[Expectation, ...]:
        """As they go into an envelope."""
        return tuple(one.frozen for one in self._by_name.values())

    def merged(self, other: Expectations) -> Expectations:
        """Give the expectations of both parts of the rows together.

        Parameters
        ----------
        other : Expectations
            Of other rows, made with ``expect(rows, like=self)``, so that its edges are the same.

        Raises
        ------
        EnvelopeError
            Where columns or edges differ.
        """
        if set(self) != set(other):
            differing = sorted(set(self) ^ set(other))
            raise EnvelopeError(f"Only one of the two has {', '.join(differing)}.")
        return Expectations(tuple(_added(self[name].frozen, other[name].frozen) for name in self))


def expect(rows: Any, *, like: Expectations | None = None) -> Expectations:
    """Give the expectations of rows: null shares, ranges, frozen bin edges, moments, categories.

    Parameters
    ----------
    rows : DataFrame, (n_rows, n_columns)
        Only their profile is kept.
    like : Expectations, optional
        Counts into the bins of these, so that parts of a training set add up.

    Returns
    -------
    Expectations
        For ``jl.save(…, expectations=…)``; each may be changed before.

    Raises
    ------
    EnvelopeError
        Where ``rows`` are no frame, or lack a column of ``like``.
    SchemaError
        Where a column has no type that JSON could carry.
    """
    if not is_frame(rows):
        raise EnvelopeError(f"Expectations are made of a frame, got a {type(rows).__qualname__}.")
    if like is None:
        return Expectations(expectations_of(fields_of_frame(rows), rows))
    found = []
    for name in like:
        if name not in rows.columns:
            raise EnvelopeError(f"The rows lack {name}.{did_you_mean(name, rows.columns)}")
        field = field_of_column(name, rows[name], what="The rows")
        one = profiled(field, rows[name], like[name].frozen.edges or None)
        if one is not None:
            found.append(one)
    return Expectations(tuple(found))


def _added(one: Expectation, other: Expectation) -> Expectation:
    """Add up two profiles of one column over the same bins."""
    if not other.counts or not one.counts:
        base = one if one.counts else other
    elif one.edges != other.edges:
        raise EnvelopeError(
            f"The bins of {one.name} differ, so they do not add up. Make the second with "
            "expect(rows, like=first)."
        )
    else:
        base = replace(
            one,
            counts=tuple(a + b for a, b in zip(one.counts, other.counts, strict=True)),
        )
        base = _with_moments(base, one, other)
    rows = one.rows + other.rows
    categories, others = _shares(one, other, rows)
    ends: list[tuple[Any, Any]] = [
        (side.minimum, side.maximum) for side in (one, other) if side.minimum is not None
    ]
    return replace(
        base,
        rows=rows,
        null_share=(one.null_share * one.rows + other.null_share * other.rows) / max(1, rows),
        minimum=min([low for low, _ in ends], default=None),
        maximum=max([high for _, high in ends], default=None),
        allowed={**other.allowed, **one.allowed},
        identifier=one.identifier and other.identifier,
        categories=categories,
        others=others,
    )


def _with_moments(base: Expectation, one: Expectation, other: Expectation) -> Expectation:
    """Give mean and deviation of two parts together (Chan, Golub and LeVeque 1979)."""
    n, m = sum(one.counts), sum(other.counts)
    first, second = one.mean or 0.0, other.mean or 0.0
    step = second - first
    mean = first + step * m / (n + m)
    squares = (one.deviation or 0.0) ** 2 * n + (other.deviation or 0.0) ** 2 * m
    squares += step**2 * n * m / (n + m)
    return replace(base, mean=rounded(mean), deviation=rounded(math.sqrt(squares / (n + m))))


def _shares(
    one: Expectation, other: Expectation, rows: int
) -> tuple[tuple[tuple[Any, float], ...], float]:
    """Give categories of both by their share; what neither listed stays among the others."""
    counts: dict[tuple[type, Any], float] = {}
    for side in (one, other):
        for value, share in side.categories:
            key = type(value), value
            counts[key] = counts.get(key, 0.0) + share * side.rows
    kept = sorted(counts.items(), key=lambda item: (-round(item[1]), str(item[0][1])))
    others = one.others * one.rows + other.others * other.rows
    others += sum(count for _, count in kept[MAX_CATEGORIES:])
    shares = tuple((key[1], count / rows) for key, count in kept[:MAX_CATEGORIES])
    return shares, others / max(1, rows)
