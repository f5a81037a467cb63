"""What each input looked like: shares, ranges, and bin edges frozen for counting later rows."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import EnvelopeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.envelope.fields import Field

BINS = 20
MAX_CATEGORIES = 100
_SORTED = 50_000
_LONG = 200
_DIGITS = 12
"""Of moments: processors add in different orders, and the last digits would change the id."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """The profile of one input.

    Parameters
    ----------
    name : str
        The input's name.
    rows : int
        How many rows were seen.
    null_share : float
        0 … 1.
    minimum, maximum : float, str or None
        Of numbers and times (ISO 8601); None where there are none.
    edges : tuple of float
        Quantile edges of the bins, rising, frozen: the bins are ``(−∞, e0]``, ``(e0, e1]``, …,
        ``(en, ∞)``. Empty for what is not a number.
    counts : tuple of int
        Rows in each bin, one more than edges.
    categories : tuple of (value, share)
        The most frequent values of strings, categories and booleans, by share of all rows.
    others : float
        Share of rows with none of these categories.
    mean, deviation : float or None
        Of numbers; ``deviation`` is that of the population.
    identifier : bool
        Whether these are whole numbers that rose from row to row, as row numbers and times do.
    allowed : Mapping
        What somebody set by hand beside what was seen: ``range`` (a pair, None where open),
        ``categories`` (a list), ``null_share`` (at most).
    """

    name: str
    rows: int
    null_share: float
    minimum: float | str | None = None
    maximum: float | str | None = None
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    categories: tuple[tuple[Any, float], ...] = ()
    others: float = 0.0
    mean: float | None = None
    deviation: float | None = None
    allowed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    identifier: bool = False

    def to_json(self) -> dict[str, Any]:
        """As JSON, readable without Python: see docs/envelope.md."""
        answer: dict[str, Any] = {
            "name": self.name,
            "rows": self.rows,
            "null_share": self.null_share,
        }
        if self.minimum is not None:
            answer |= {"minimum": self.minimum, "maximum": self.maximum}
        if self.edges:
            answer |= {"edges": list(self.edges), "counts": list(self.counts)}
        if self.mean is not None:
            answer |= {"mean": self.mean, "deviation": self.deviation}
        if self.identifier:
            answer["identifier"] = True
        if self.allowed:
            answer["allowed"] = dict(self.allowed)
        if self.categories:
            answer |= {
                "categories": [[value, share] for value, share in self.categories],
                "others": self.others,
            }
        return answer

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Expectation:
        """Give the expectation that :meth:`to_json` wrote.

        Raises
        ------
        EnvelopeError
            Where it is not one.
        """
        try:
            return cls(
                name=str(value["name"]),
                rows=int(value["rows"]),
                null_share=float(value["null_share"]),
                minimum=value.get("minimum"),
                maximum=value.get("maximum"),
                edges=tuple(float(edge) for edge in value.get("edges", ())),
                counts=tuple(int(count) for count in value.get("counts", ())),
                categories=tuple((one, float(share)) for one, share in value.get("categories", ())),
                others=float(value.get("others", 0.0)),
                mean=_maybe(value.get("mean")),
                deviation=_maybe(value.get("deviation")),
                allowed=dict(value.get("allowed", {})),
                identifier=bool(value.get("identifier", False)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise EnvelopeError(f"An expectation is not readable: {problem}.") from problem


def _maybe(value: Any) -> float | None:
    return None if value is None else float(value)


def expect(field: Field, values: Any, edges: Sequence[float] | None = None) -> Expectation | None:
    """Give the profile of one column.

    Parameters
    ----------
    field : Field
        Its type decides what is profiled; lists and objects are not.
    values : pandas.Series, numpy.ndarray or sequence
        The column, ``(n_rows,)``.
    edges : sequence of float, optional
        Bin edges of numbers that were frozen before; else they are made of these values.

    Returns
    -------
    Expectation or None
        None for lists and objects.
    """
    if field.type in ("array", "object"):
        return None
    import numpy as np
    import pandas as pd

    if field.type in ("integer", "number") and isinstance(values, pd.Series | np.ndarray):
        raw = values.to_numpy() if isinstance(values, pd.Series) else values
        if raw.dtype.kind in "iuf":
            return _of_raw(field.name, raw, edges)
    column = values if isinstance(values, pd.Series) else pd.Series(values)
    rows = len(column)
    present = column.dropna()
    share = (rows - len(present)) / rows if rows else 0.0
    if field.type in ("integer", "number"):
        numbers = present.to_numpy(dtype=np.float64)
        return _of_numbers(field.name, rows, share, numbers[np.isfinite(numbers)], edges)
    if field.type in ("datetime", "date"):
        return _of_times(field.name, rows, share, present)
    return _of_categories(field.name, rows, share, present)


def _of_raw(name: str, raw: Any, edges: Sequence[float] | None) -> Expectation:
    """Profile a numpy column; it is copied only where something in it is not finite."""
    import numpy as np

    rows = len(raw)
    if raw.dtype.kind != "f":
        found = _of_numbers(name, rows, 0.0, raw.astype(np.float64), edges)
        return dataclasses.replace(found, identifier=rises(raw))
    numbers = raw.astype(np.float64, copy=False)
    finite = np.isfinite(numbers)
    if finite.all():
        return _of_numbers(name, rows, 0.0, numbers, edges)
    share = int(np.isnan(numbers).sum()) / rows
    return _of_numbers(name, rows, share, numbers[finite], edges)


def _of_numbers(
    name: str, rows: int, share: float, numbers: Any, edges: Sequence[float] | None
) -> Expectation:
    import numpy as np

    if not len(numbers):
        return Expectation(name, rows, share)
    frozen = quantile_edges(numbers) if edges is None else np.asarray(edges, dtype=np.float64)
    # a pass of comparisons for each edge is ten times as fast as a sort or a binary search
    below = [np.count_nonzero(numbers <= edge) for edge in frozen]
    counts = np.diff([0, *below, len(numbers)])
    mean = float(numbers.mean())
    return Expectation(
        name,
        rows,
        share,
        minimum=float(numbers.min()),
        maximum=float(numbers.max()),
        edges=tuple(frozen.tolist()),
        counts=tuple(counts.tolist()),
        mean=rounded(mean),
        deviation=rounded(float(numbers.std(mean=np.asarray([mean])))),
    )


def rises(values: Any) -> bool:
    """Whether whole numbers rise from row to row, over enough rows to be no accident.

    Parameters
    ----------
    values : numpy.ndarray, (n_rows,)
        Of integers.
    """
    import numpy as np

    if len(values) < _LONG or not values[0] < values[1] < values[-1]:
        return False
    return bool(np.all(values[1:] > values[:-1]))


def rounded(number: float) -> float:
    """Give a number with as many digits as all processors agree on."""
    return float(f"{number:.{_DIGITS}g}")


def quantile_edges(numbers: Any) -> Any:
    """Quantiles; of many numbers those of a sample at equal distances."""
    import numpy as np

    sample = np.sort(numbers[:: max(1, len(numbers) // _SORTED)])
    places = np.arange(1, BINS) / BINS * (len(sample) - 1)
    return np.unique(sample[np.rint(places).astype(np.int64)])


def _of_times(name: str, rows: int, share: float, present: Any) -> Expectation:
    if not len(present):
        return Expectation(name, rows, share)
    low, high = present.min(), present.max()
    return Expectation(name, rows, share, minimum=low.isoformat(), maximum=high.isoformat())


def _of_categories(name: str, rows: int, share: float, present: Any) -> Expectation:
    counts = _counted(present)
    kept = sorted(counts.items(), key=lambda one: (-one[1], str(one[0])))[:MAX_CATEGORIES]
    shares = tuple((_plain(value), count / rows) for value, count in kept)
    others = (len(present) - sum(count for _, count in kept)) / rows if rows else 0.0
    return Expectation(name, rows, share, categories=shares, others=others)


def _counted(present: Any) -> Mapping[Any, int]:
    """Rows of each value that is there; objects one by one, since equal ones may differ in type."""
    if str(present.dtype) == "object":
        return Counter(present.tolist())
    counts = present.value_counts()
    found = zip(counts.index.tolist(), counts.tolist(), strict=True)
    return {value: count for value, count in found if count}


def _plain(value: Any) -> Any:
    item = getattr(value, "item", None)
    return item() if callable(item) else getattr(value, "value", value)


def expectations_of(fields: Sequence[Field], rows: Any) -> tuple[Expectation, ...]:
    """Give the profile of every input that a frame, array, Series, list or list of dicts shows.

    Parameters
    ----------
    fields : sequence of Field
        The schema's inputs.
    rows
        The example or the training rows.
    """
    from jupyter_lifecycle.envelope.writing import is_array, is_frame

    found = []
    if isinstance(rows, dict):
        rows = [rows]
    for place, field in enumerate(fields):
        if is_frame(rows):
            values = rows[field.name] if field.name in rows.columns else None
        elif is_array(rows) and rows.ndim == 2:
            values = rows[:, place]
        elif isinstance(rows, list) and rows and isinstance(rows[0], dict):
            values = [row.get(field.name) for row in rows]
        else:
            values = rows
        one = None if values is None else expect(field, values)
        if one is not None:
            found.append(one)
    return tuple(found)
