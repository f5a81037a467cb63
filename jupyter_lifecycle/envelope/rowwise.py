"""Whether a feature's answer for a row depends on that row alone: found out by asking.

It is asked for some of the rows, for them in another order, for them in pieces and for rows alone,
and each answer must be, to the bit, what the notebook has for that row. The rows that it is asked
for are chosen to give it away: extremes, nulls and rare values of what it reads and what it gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.travel import Step, guarded, shaped
from jupyter_lifecycle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_lifecycle.cache import ColumnCache
    from jupyter_lifecycle.graph import Feature

_RULES = "row-wise 1"
"""Tags what is noted; another number where the questions change."""
_SAMPLE = 512
_ALONE = 6
_PIECE = 3
_RARE = 16
_LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was found out about features, kept with their columns: asked once for each column.

    Parameters
    ----------
    cache : ColumnCache
        Where it's noted, for other saves and other kernels.
    keys : Mapping
        The features' keys: each stands for code and inputs, so for the answer of a probe too.
        What has none is asked each time.
    """

    cache: ColumnCache
    keys: Mapping[str, bytes]

    def of(self, name: str, aligned: tuple[str, ...], ask: Callable[[], str]) -> str:
        """Give why a feature is not row-wise, empty where it is; ``ask`` finds out.

        Parameters
        ----------
        name : str
            The feature.
        aligned : tuple of str
            Its parameters with a value a row: which ones they are depends on the example.
        ask : callable
            :meth:`Probe.refusal`.
        """
        from jupyter_lifecycle.hashing import combine

        key = self.keys.get(name)
        if key is None:
            return ask()
        place = combine(_RULES, key, *(one.encode() for one in aligned))
        noted = self.cache.noted(place)
        if noted is not None:
            return noted.decode("utf-8", "surrogatepass")
        why = ask()
        self.cache.note(place, why.encode("utf-8", "surrogatepass"))
        return why


@dataclass(frozen=True, slots=True)
class Probe:
    """One feature with the values that it was seen with, over all rows.

    Parameters
    ----------
    feature : Feature
        Whose function is asked.
    aligned : Mapping
        Parameters with a value a row: Series, frames and arrays of all rows.
    fixed : Mapping
        Parameters with one value for all rows.
    value
        What the notebook has: a Series, frame or array of all rows.
    places : callable
        Gives the rows to ask for, as :func:`telling_rows` chooses them.
    """

    feature: Feature
    aligned: Mapping[str, Any]
    fixed: Mapping[str, Any]
    value: Any
    places: Callable[[], Any]

    def step(self) -> Step:
        """Give the feature as it would travel."""
        arguments = (*self.aligned, *self.fixed)
        form, is_array = form_of(self.value)
        return Step(self.feature.name, self.feature.function, arguments, form, is_array)

    def refusal(self) -> str:
        """Say why it is not row-wise; empty where all answers agree."""
        import numpy as np

        if not self.aligned:
            return "it reads nothing that has a value a row"
        places = self.places()
        shuffled = np.random.default_rng(0).permutation(places)
        half = len(places) // 2
        questions: list[tuple[str, Any, bool]] = [
            ("without the other rows", places, True),
            ("in another order", shuffled, False),
            ("in pieces", places[:half], False),
            ("in pieces", places[half:], False),
            *(("alone", places[at : at + 1], False) for at in _spread(len(places), _ALONE)),
            *(("in pieces", places[at : at + _PIECE], False) for at in _spread(len(places), 2)),
        ]
        for words, asked, keeps_index in questions:
            if len(asked) and (why := self._differs(asked, keeps_index=keeps_index)):
                return f"asked for rows {words}, it {why}"
        return ""

    def _differs(self, places: Any, *, keeps_index: bool) -> str:
        """Ask for these rows; say how the answer differs from the notebook's."""
        given = {
            name: part(value, places, keeps_index=keeps_index)
            for name, value in self.aligned.items()
        }
        given |= self.fixed
        expected = part(self.value, places, keeps_index=keeps_index)
        index = _index_of(given.values(), len(places))
        try:
            answer = self.feature.function(**{name: guarded(one) for name, one in given.items()})
            answer = shaped(self.step(), answer, index)
        except InputError as problem:
            return (
                str(problem.detail["problems"][0]["reason"]).partition(self.feature.name)[2].strip()
            )
        except Exception as problem:  # noqa: BLE001 - the user's code may raise anything
            return f"fails: {type(problem).__qualname__}: {problem}"
        at = first_other(expected, answer)
        return "" if at is None else f"answers otherwise: {at}"


def _spread(count: int, wanted: int) -> list[int]:
    """Give some of the first, which tell most, and some over the whole range."""
    first = range(min(wanted, count))
    return list(dict.fromkeys([*first, *range(0, count, max(1, count // wanted))]))


def _index_of(values: Any, rows: int) -> Any:
    import pandas as pd

    found = [one.index for one in values if _is_pandas(one) and len(one) == rows]
    return found[0] if found else pd.RangeIndex(rows)


def _is_pandas(value: Any) -> bool:
    return hasattr(value, "iloc") and hasattr(value, "index")


def part(value: Any, places: Any, *, keeps_index: bool) -> Any:
    """Rows of a Series, frame or array; with the index of a request unless it is kept."""
    if not _is_pandas(value):
        return value[places]
    rows = value.iloc[places]
    return rows if keeps_index else rows.reset_index(drop=True)


def form_of(value: Any) -> tuple[Any, bool]:
    """Give the dtypes of a value, and whether it is an array."""
    if not _is_pandas(value):
        return value.dtype, True
    return (dict(value.dtypes) if value.ndim == 2 else value.dtype), False


def telling_rows(extremes: Sequence[Sequence[int]], rows: int) -> Any:
    """Choose rows that would give away a feature that looks at other rows.

    Parameters
    ----------
    extremes : sequence of sequence of int
        What :func:`extremes_of` found for what it gives and what it reads, in this order.
    rows : int
        How many there are.

    Returns
    -------
    numpy.ndarray
        Places, the most telling first, at least some hundreds where there are so many.
    """
    import numpy as np

    chosen: dict[int, None] = {}
    for places in extremes:
        chosen |= dict.fromkeys(places)
    chosen |= dict.fromkeys((0, rows - 1))
    left = max(0, _SAMPLE - len(chosen))
    more = np.random.default_rng(0).integers(0, rows, left) if rows > _SAMPLE else np.arange(rows)
    chosen |= dict.fromkeys(more.tolist())
    return np.fromiter(chosen, dtype=np.int64)


def extremes_of(value: Any) -> list[int]:
    """Places of the ends, of a null and of some distinct values of each column of a value."""
    return [place for column in _columns(value) for place in _extremes(column)]


def _columns(value: Any) -> list[Any]:
    if not _is_pandas(value):
        return [value] if value.ndim == 1 else list(value.T)
    return [value] if value.ndim == 1 else [value.iloc[:, at] for at in range(value.shape[1])]


def _extremes(column: Any) -> list[int]:
    import numpy as np
    import pandas as pd

    series = column if _is_pandas(column) else pd.Series(column)
    nulls = series.isna().to_numpy()
    found = [int(nulls.argmax())] if nulls.any() else []
    if series.dtype.kind in "iufM" and not nulls.all():
        plain = series.to_numpy("datetime64[ns]") if series.dtype.kind == "M" else series.to_numpy()
        if plain.dtype.kind in "iufM":
            usable = np.flatnonzero(~nulls)
            present = plain[usable]
            found += [int(usable[present.argmin()]), int(usable[present.argmax()])]
    stride = max(1, len(series) // _LOOKED_AT)
    try:
        first = ~series.iloc[::stride].duplicated().to_numpy()
    except TypeError:  # older pandas does not hash lists and dicts
        return found
    return [*found, *(np.flatnonzero(first)[:_RARE] * stride).tolist()]


def first_other(expected: Any, answer: Any) -> str | None:
    """Where two values of the same rows and dtype differ, in words; None where they do not.

    Floats are compared by their bits; any NaN is NaN.
    """
    for one, other in zip(_columns(expected), _columns(answer), strict=True):
        at = _other_at(one, other)
        if at is not None:
            return f"{_at(other, at)!r}, the notebook has {_at(one, at)!r}"
    return None


def _at(column: Any, place: int) -> Any:
    value = column.iloc[place] if _is_pandas(column) else column[place]
    return value.item() if hasattr(value, "item") else value


def _other_at(one: Any, other: Any) -> int | None:
    import numpy as np
    import pandas as pd

    if not isinstance(one.dtype, np.dtype) or one.dtype.kind == "O":
        first, second = pd.Series(one).reset_index(drop=True), pd.Series(other)
        second = second.reset_index(drop=True)
        if first.equals(second):
            return None
        for place in range(len(first)):
            if not first.iloc[[place]].equals(second.iloc[[place]]):
                return place
        return 0
    left, right = np.asarray(one), np.asarray(other)
    if left.dtype.kind == "f" and left.itemsize <= 8:
        both = np.isnan(left) & np.isnan(right)
        same = both | (left.view(f"i{left.itemsize}") == right.view(f"i{left.itemsize}"))
    elif left.dtype.kind in "mM":
        same = left.view("i8") == right.view("i8")
    else:
        same = left == right
    return None if same.all() else int(np.asarray(~same).argmax())
