"""Features that travel with a model: raw rows in, the model's columns out, as in the notebook.

What is stored are functions, frozen values and dtypes, nothing of this package: reading it back
needs no more than the features' own code does.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.payload import Reader
from jupyter_lifecycle.errors import EnvelopeError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE = "features.pkl"


@dataclass(frozen=True, slots=True)
class Step:
    """One feature that is computed from each request."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    """Parameters that get the value of that name; others keep their default."""
    form: Any
    """dtype of a Series or array, or a dict of column and dtype for a frame."""
    is_array: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A value that is made of columns of the request."""

    name: str
    columns: tuple[str, ...]
    kind: str
    """``series``, ``array``, or ``frame`` for one of several columns."""


@dataclass(frozen=True, slots=True)
class Features:
    """All that turns a frame of raw columns into the frame that the model takes."""

    asked: tuple[Asked, ...]
    steps: tuple[Step, ...]
    constants: Mapping[str, Any]
    columns: tuple[str, ...]
    """The model's columns, in its order."""

    def compute(self, rows: Any) -> Any:
        """Give the model's frame for raw rows.

        Parameters
        ----------
        rows : pandas.DataFrame, (n_rows, n_raw)
            As the envelope's schema reads it; not changed.

        Returns
        -------
        pandas.DataFrame, (n_rows, n_columns)
            With the index of ``rows``.

        Raises
        ------
        InputError
            Where a feature gives a value that it could not give in the notebook, such as a
            category that was not seen.
        """
        import pandas as pd

        plain = rows.reset_index(drop=True)  # labels are no part of a request
        values: dict[str, Any] = dict(self.constants)
        for one in self.asked:
            values[one.name] = _given(one, plain)
        for step in self.steps:
            given = {name: guarded(values[name]) for name in step.arguments}
            try:
                value = step.function(**given)
            except Exception as problem:
                problem.add_note(f"In the feature {step.name}, which travels with the model.")
                raise
            values[step.name] = shaped(step, value, plain.index)
        columns = {name: values[name] for name in self.columns}
        answer = pd.DataFrame(columns, index=plain.index, copy=False)
        answer.index = rows.index
        return answer


def _given(one: Asked, rows: Any) -> Any:
    if one.kind == "frame":
        return rows[list(one.columns)]
    column = rows[one.columns[0]]
    return column.to_numpy() if one.kind == "array" else column


def guarded(value: Any) -> Any:
    """Give a Series or frame as a shallow copy: what a feature writes into it stays there."""
    copy = getattr(value, "copy", None)
    return copy(deep=False) if hasattr(value, "iloc") and callable(copy) else value


def shaped(step: Step, value: Any, index: Any) -> Any:
    """Give a feature's value with the dtype that it had in the notebook.

    Raises
    ------
    InputError
        Where it has no row for each row, or the dtype cannot hold what it gave.
    """
    rows = len(index)
    has_rows = hasattr(value, "__len__") and not isinstance(value, str)
    if not has_rows or len(value) != rows or isinstance(value, dict):
        raise _refused(step.name, f"gave {type(value).__qualname__}, not one value a row")
    if step.is_array:
        return value if value.dtype == step.form else value.astype(step.form)
    if not hasattr(value, "iloc") or not value.index.equals(index):
        raise _refused(step.name, "gave other rows than it was asked with")
    if isinstance(step.form, dict):
        if list(value.columns) != list(step.form):
            raise _refused(step.name, "gave other columns than in the notebook")
        if all(value[name].dtype == dtype for name, dtype in step.form.items()):
            return value
        return value.assign(
            **{
                name: _cast(f"{step.name}[{name!r}]", value[name], dtype)
                for name, dtype in step.form.items()
            }
        )
    return _cast(step.name, value, step.form)


def _cast(name: str, column: Any, dtype: Any) -> Any:
    """Give the same values in a dtype; what it cannot hold is refused, not bent."""
    if column.dtype == dtype:
        return column
    categories = getattr(dtype, "categories", None)
    if categories is not None:
        lost = column.notna() & ~column.isin(categories)
        if lost.any():
            raise _refused(name, f"gave {column[lost].iloc[0]!r}, which was not seen before")
    try:
        cast = column.astype(dtype)
    except (TypeError, ValueError) as problem:
        raise _refused(name, f"cannot be {dtype}: {problem}") from problem
    if cast.dtype.kind in "iu" and column.dtype.kind == "f" and not (cast == column).all():
        raise _refused(name, f"gave fractions, where it was {dtype}")
    return cast


def _refused(name: str, why: str) -> InputError:
    reason = f"the feature {name} {why}"
    return InputError(
        f"{reason[0].upper()}{reason[1:]}.", problems=[{"path": "", "reason": reason}]
    )


def store(features: Features) -> tuple[Any, ...]:
    """Give the features as plain tuples, for the pickle."""
    return (
        tuple(astuple(one) for one in features.asked),
        tuple(tuple(getattr(step, name) for name in Step.__slots__) for step in features.steps),
        dict(features.constants),
        features.columns,
    )


def load_features(data: bytes) -> Features:
    """Read the features' file. This runs code: callers have asked for trust before."""
    return restore(Reader(data).load())


def restore(stored: Any) -> Features:
    """Give the features that :func:`store` made plain.

    Raises
    ------
    EnvelopeError
        Where they are none.
    """
    try:
        asked, steps, constants, columns = stored
        return Features(
            tuple(Asked(*one) for one in asked),
            tuple(Step(*one) for one in steps),
            constants,
            tuple(columns),
        )
    except (TypeError, ValueError) as problem:
        raise EnvelopeError(f"{FILE} has no features that can be read: {problem}.") from problem
