"""Whether each feature gives a row's answer from that row alone: found out by asking, not believed.

Each feature is asked on its own, with the parents' values that all rows together gave: for the rows
in another order, for pieces of them and for rows alone. Where an answer is another one than for all
rows together, partitions would change it: it needs the whole column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.materialise.awaiting import Awaiter
from jupyter_lifecycle.materialise.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from jupyter_lifecycle.materialise.planning import Plan

_ALONE = 5


def whole_column_features(
    plan: Plan, sources: Mapping[str, Any], columns: Collection[str], rows: int
) -> dict[str, str]:
    """Find the features that need more than one row to answer for it.

    Parameters
    ----------
    plan : Plan
        What is computed.
    sources : mapping of str to any
        Columns of ``(n_rows,)``, and what is the same for all partitions.
    columns : collection of str
        Which of the sources are columns.
    rows : int
        Number of rows.

    Returns
    -------
    dict of str to str
        Why, by feature; only those at fault, not what reads them.

    Raises
    ------
    Exception
        What a feature raised for all rows together.
    """
    values = dict(sources)
    aligned = set(columns) & values.keys()
    found: dict[str, str] = {}
    asked = _Asked()
    try:
        for name in plan.order:
            function, arguments = plan.features[name].function, plan.arguments[name]
            given = {each: values[each] for each in arguments}
            values[name] = asked.value(function, given)
            mine = aligned.intersection(arguments)
            if not mine:
                continue
            if not has_rows(values[name], rows):
                found[name] = "gives one value for all rows"
                continue
            aligned.add(name)
            why = asked.difference(function, given, mine, values[name], rows)
            if why:
                found[name] = why
    finally:
        asked.awaiter.close()
    return found


class _Asked:
    """Calls features as a computation does."""

    def __init__(self) -> None:
        self.awaiter = Awaiter()
        self._guard = Guard()

    def value(self, function: Any, given: Mapping[str, Any]) -> Any:
        return self.awaiter.finished(function(**{n: self._guard(v) for n, v in given.items()}))

    def difference(
        self,
        function: Any,
        given: Mapping[str, Any],
        columns: Collection[str],
        expected: Any,
        rows: int,
    ) -> str:
        for words, places in _questions(rows):
            some = {n: taken(v, places) if n in columns else v for n, v in given.items()}
            try:
                answer = self.value(function, some)
            except Exception as error:  # noqa: BLE001 - what fails for some rows is told as such
                return f"fails for rows {words}: {type(error).__name__}: {error}"
            if not has_rows(answer, len(places)) or not same(answer, taken(expected, places)):
                return f"gives other values for rows {words}"
        return ""


def _questions(rows: int) -> Iterator[tuple[str, Any]]:
    import numpy as np

    everything = np.arange(rows)
    shuffled = np.random.default_rng(0).permutation(rows)
    yield "in another order", shuffled
    half = (rows + 1) // 2
    for piece in (everything[:half], everything[half:], shuffled[:half]):
        if len(piece):
            yield "in pieces", piece
    for place in np.unique(np.linspace(0, rows - 1, _ALONE).astype(int)) if rows else ():
        yield "alone", everything[place : place + 1]


def has_rows(value: Any, rows: int) -> bool:
    """Whether a value has one entry, or one row, for each row."""
    import numpy as np
    import pandas as pd

    if isinstance(value, np.ndarray):
        return value.ndim >= 1 and len(value) == rows
    kinds = (pd.Series, pd.DataFrame, pd.Index, pd.api.extensions.ExtensionArray)
    return isinstance(value, kinds) and len(value) == rows


def taken(value: Any, places: Any) -> Any:
    """Return some rows of a value, with their labels."""
    return value.iloc[places] if hasattr(value, "iloc") else value[places]


def same(one: Any, other: Any) -> bool:
    """Whether two values of the same rows agree to the bit.

    A piece without nulls may have a narrower dtype, and other categories: the values count.
    """
    import pandas as pd

    if isinstance(one, pd.DataFrame) and isinstance(other, pd.DataFrame):
        names = list(one.columns)
        return names == list(other.columns) and all(
            same(one.iloc[:, at], other.iloc[:, at]) for at in range(len(names))
        )
    if getattr(one, "ndim", 1) > 1 or getattr(other, "ndim", 1) > 1:
        return one.shape == other.shape and same(one.ravel(), other.ravel())
    first = pd.Series(one).reset_index(drop=True)
    second = pd.Series(other).reset_index(drop=True)
    if first.dtype == second.dtype:
        return bool(first.equals(second))
    numeric = pd.api.types.is_numeric_dtype
    if numeric(first.dtype) and numeric(second.dtype):
        return bool(first.astype("float64").equals(second.astype("float64")))
    return bool(first.astype(object).equals(second.astype(object)))
