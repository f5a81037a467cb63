"""From computed values to the answer: a frame where rows are meant, else a dict.

A frame comes about where at least one target is aligned with rows: a Series, a frame, an array of
one dimension, an index. Scalars are repeated, frames are spliced by their columns, and what has an
index is aligned by it. Columns and tables of Arrow and polars go into a frame that is made for
others, or that is asked for; by themselves they stay what they are.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError, ResultError, UnboundError, did_you_mean
from jupyter_lifecycle.materialise.columnar import as_series, is_column, is_table, series_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

_SCALARS = (
    bool, int, float, complex, str, bytes, type(None), decimal.Decimal, enum.Enum,
    dt.date, dt.time, dt.timedelta,
)  # fmt: skip


_PLAIN: frozenset[type] = frozenset(_SCALARS)
_NUMBERS = "biufc"
"""Kinds of numpy's dtypes that go into one block; dtypes of pandas have the same letters."""


def assembled(
    values: Mapping[str, Any], targets: Sequence[str], result: str | None = None
) -> pd.DataFrame | dict[str, Any]:
    """Put targets together.

    Parameters
    ----------
    values : mapping of str to any
        At least the targets.
    targets : sequence of str
        In the order of the answer; a name given twice counts once.
    result : {"frame", "dict"}, optional
        What is wanted; found from the values where not given.

    Returns
    -------
    DataFrame or dict
        A frame of ``(n_rows, n_columns)``, or the values by name.

    Raises
    ------
    UnboundError
        If there is no value of a target.
    ResultError
        If the values do not fit; the message names what would.
    ComputeError
        If ``result`` is neither word.
    """
    if result not in (None, "frame", "dict"):
        raise ComputeError(f"result={result!r} is not known; use 'frame', 'dict' or None.")
    for name in targets:
        if name not in values:
            raise UnboundError(
                f"{name} is not among the values.{did_you_mean(name, values)} Compute it with the "
                "others.",
                name=name,
            )
    chosen = dict(zip(targets, map(values.__getitem__, targets), strict=True))
    if result == "dict" or (result is None and not _any_has_rows(chosen.values())):
        return chosen
    return _Assembly(chosen).frame()


def _any_has_rows(values: Collection[Any]) -> bool:
    if set(map(type, values)) <= _PLAIN:  # thousands of numbers are of a few types
        return False
    kinds = _Kinds()
    return any(kinds.of(value) in ("series", "rows", "frame") for value in values)


class _Kinds:
    """Says of values what they are in a frame; asks once for each type."""

    def __init__(self) -> None:
        import numpy as np
        import pandas as pd

        self._array = np.ndarray
        self._missing = (pd.NaT, pd.NA)
        self._ways: tuple[tuple[Any, str], ...] = (
            (pd.Series, "series"),
            (pd.DataFrame, "frame"),
            ((pd.Index, pd.api.extensions.ExtensionArray), "rows"),
            (np.ndarray, "array"),
            ((*_SCALARS, np.generic, type(pd.NaT), type(pd.NA)), "scalar"),
        )
        self._known: dict[type, str] = {}

    def of(self, value: Any) -> str:
        """Say what it is in a frame.

        ``series``, ``frame``, ``rows`` (without an index), ``scalar``; ``column`` and ``table`` are
        those of Arrow and polars; anything else is ``other``.
        """
        kind = type(value)
        found = self._known.get(kind)
        if found is None:
            found = next((w for types, w in self._ways if issubclass(kind, types)), "other")
            if found == "other":
                found = "table" if is_table(value) else "column" if is_column(value) else found
            self._known[kind] = found
        if found == "array":
            return "rows" if value.ndim == 1 else "other"
        return found


class _Assembly:
    """The columns of one frame on their way to a common index."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        parts, scalars, order = self._sorted_out()
        if not parts:
            names = ", ".join(self._values) or "nothing"
            raise ResultError(
                f"None of the targets ({names}) has rows, so they make no frame. "
                'Ask with result="dict".'
            )
        index = self._common_index(parts)
        columns = {name: self._aligned(name, part, index) for name, part in parts.items()}
        frame = _one_block(columns, index)
        if frame is None:
            frame = pd.DataFrame(columns, index=index, copy=True)  # one block for each dtype
        if scalars:
            one = pd.DataFrame({name: [value] for name, value in scalars.items()})
            repeated = one.loc[one.index.repeat(len(index))].set_axis(index)
            frame = pd.concat([frame, repeated], axis=1)[order]
        return frame

    def _sorted_out(self) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        """Split into columns with rows and scalars; frames fall apart into their columns."""
        kinds = _Kinds()
        parts: dict[str, Any] = {}
        scalars: dict[str, Any] = {}
        came_from: dict[str, str] = {}

        def put(name: str, target: str, piece: Any, kind: str) -> None:
            if name in came_from:
                raise ResultError(
                    f"Column {name} comes from {came_from[name]} and from {target}. "
                    'Rename one, or ask with result="dict".'
                )
            came_from[name] = target
            if kind == "other":
                raise ResultError(
                    f"{name} is a {_described(piece)}, which is no column of a frame. "
                    'Ask with result="dict", or leave it out of the targets.'
                )
            (scalars if kind == "scalar" else parts)[name] = piece

        for target, value in self._values.items():
            kind = kinds.of(value)
            if kind == "frame":
                for at, name in enumerate(value.columns):
                    put(str(name), target, value.iloc[:, at], "series")
            elif kind == "table":
                for name, column in series_of(value):
                    put(name, target, column.array, "rows")
            elif kind == "column":
                put(target, target, as_series(value).array, "rows")
            elif kind == "series" and target not in came_from:  # most, so without a call
                came_from[target] = target
                parts[target] = value
            else:
                put(target, target, value, kind)
        return parts, scalars, list(came_from)

    def _common_index(self, parts: Mapping[str, Any]) -> pd.Index:
        import pandas as pd

        named: dict[int, tuple[str, pd.Index]] = {}
        for name, part in parts.items():
            if isinstance(part, pd.Series):
                index = part.index
                named.setdefault(id(index), (name, index))
        if not named:
            name, first = next(iter(parts.items()))
            return pd.RangeIndex(len(first))
        base_name, base = max(named.values(), key=lambda each: len(each[1]))
        for name, index in named.values():
            if index is not base and not base.equals(index):
                base = _joined(base_name, base, name, index)
        return base

    def _aligned(self, name: str, part: Any, index: pd.Index) -> Any:
        import pandas as pd

        if isinstance(part, pd.Series):
            if part.index is index:
                return part
            if not part.index.equals(index):
                return part.reindex(index)
            # Without its own index, pandas does not compare the two once more.
            return part.to_numpy() if _is_number(part.dtype) else part.array
        if len(part) != len(index):
            raise ResultError(
                f"{name} has {len(part):,} values without an index and the frame has "
                f"{len(index):,} "
                'rows. Return a Series with its index, or ask with result="dict".'
            )
        return part


def _is_number(dtype: Any) -> bool:
    import numpy as np

    return isinstance(dtype, np.dtype) and dtype.kind in _NUMBERS


def _one_block(columns: Mapping[str, Any], index: pd.Index) -> pd.DataFrame | None:
    """Copy columns of one numpy dtype into one block; None where they're of several, or of none.

    pandas comes to the same block, but looks at each column four times on its way.
    """
    import numpy as np
    import pandas as pd

    wanted = next(iter(columns.values())).dtype
    if not _is_number(wanted):
        return None
    arrays = []
    for column in columns.values():
        dtype = column.dtype
        if dtype is not wanted and dtype != wanted:
            return None
        arrays.append(column if type(column) is np.ndarray else column.to_numpy())
    block = np.empty((len(arrays), len(index)), wanted)
    np.concatenate(arrays, out=block.reshape(-1))
    names = pd.Index(list(columns))
    return pd.DataFrame(block.T, index=index, columns=names, copy=False)


def _joined(base_name: str, base: pd.Index, name: str, index: pd.Index) -> pd.Index:
    for who, each in ((base_name, base), (name, index)):
        if not each.is_unique:
            raise ResultError(
                f"{base_name} and {name} have different indexes, and the one of {who} has a label "
                "twice, so that rows cannot be matched. Reset or deduplicate it, or ask with "
                'result="dict".'
            )
    if len(index) and len(base) and not index.isin(base).any():
        raise ResultError(
            f"{name} ({len(index):,} rows, index from {_first(index)}) has no row in common with "
            f"{base_name} ({len(base):,} rows, index from {_first(base)}), so they make no frame. "
            'Leave one out, or ask with result="dict".'
        )
    return base if index.isin(base).all() else base.union(index, sort=False)


def _first(index: pd.Index) -> str:
    return repr(index[:1].tolist()[0])


def _described(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{type(value).__name__} of shape {shape}"
    return type(value).__name__
