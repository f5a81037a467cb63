"""What a feature gave against its checks: what does not hold, in words with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.graph import Check, Verdict
from jupyter_lifecycle.materialise.columnar import (
    as_series,
    dtype_of,
    is_column,
    is_table,
    series_of,
)
from jupyter_lifecycle.materialise.measure import short, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from jupyter_lifecycle.graph import Feature

_LISTED = 3
_SAID = 300
"""Characters of what a schema says of a value, at most."""


class CheckWarning(UserWarning):
    """A check with ``importance="warn"`` does not hold."""


def remark_on(feature: Feature, value: Any) -> str:
    """Look at all checks of a feature.

    Parameters
    ----------
    feature : Feature
    value : any
        What it gave.

    Returns
    -------
    str
        What does not hold, of the checks that warn; empty where all is well.

    Raises
    ------
    ComputeError
        If a check with ``importance="fail"`` does not hold; it names all that do not.
    """
    failed: list[str] = []
    warned: list[str] = []
    for check in feature.checks:
        problem = problem_of(check, value)
        if problem:
            words = f"check {check.name}: {problem}"
            (failed if check.importance == "fail" else warned).append(words)
    if failed:
        raise ComputeError(
            f"{feature.name} does not pass {'its check' if len(failed) == 1 else 'its checks'}: "
            f"{'; '.join([*failed, *warned])}.",
            name=feature.name,
            checks=failed,
        )
    return "; ".join(warned)


def problem_of(check: Check, value: Any) -> str:
    """Say what of a value does not satisfy a check; empty where all does."""
    if check.kind in _WHOLE:
        return _WHOLE[check.kind](check.limit, value)
    judge = _COLUMNS[check.kind]
    for name, column in _columns(value):
        problem = judge(check.limit, column)
        if problem:
            return f"{name}: {problem}" if name else problem
    return ""


def _columns(value: Any) -> list[tuple[str, pd.Series[Any]]]:
    """Give what has rows as pandas columns; a frame's with their names."""
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return [(str(name), value.iloc[:, at]) for at, name in enumerate(value.columns)]
    if isinstance(value, pd.Series):
        return [("", value)]
    if is_table(value):
        return series_of(value)
    if getattr(value, "ndim", None) == 2:
        return [(str(at), pd.Series(value[:, at])) for at in range(value.shape[1])]
    return [("", pd.Series(_items(value)))]


def _items(value: Any) -> Any:
    if is_column(value):
        return as_series(value)
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        return [value]
    return value if hasattr(value, "dtype") else list(value)


def _some(count: int, total: int, what: str, examples: Sequence[Any]) -> str:
    listed = ", ".join([shown(each) for each in examples[:_LISTED]])
    return f"{count:,} of {total:,} values {what} ({listed}{', …' if count > _LISTED else ''})"


def _range(limit: tuple[Any, Any], column: pd.Series[Any]) -> str:
    low, high = limit
    present = column.dropna()
    below = present[:0] if low is None else present[present < low]
    if len(below):
        return _some(len(below), len(column), f"below {shown(low)}", below.tolist())
    above = present[:0] if high is None else present[present > high]
    if len(above):
        return _some(len(above), len(column), f"above {shown(high)}", above.tolist())
    return ""


def _values_in(limit: tuple[Any, ...], column: pd.Series[Any]) -> str:
    present = column.dropna()
    other = present[~present.isin(list(limit))]
    if not len(other):
        return ""
    return _some(len(other), len(column), "are not allowed", list(dict.fromkeys(other.tolist())))


def _no_nulls(limit: bool, column: pd.Series[Any]) -> str:
    nulls = int(column.isna().sum())
    return "" if limit or not nulls else f"{nulls:,} of {len(column):,} values are null"


def _no_nones(limit: bool, column: pd.Series[Any]) -> str:
    nones = 0 if limit else sum([each is None for each in column.tolist()])
    return f"{nones:,} of {len(column):,} values are None" if nones else ""


def _null_share(limit: float, column: pd.Series[Any]) -> str:
    share = float(column.isna().mean()) if len(column) else 0.0
    return f"{share:.1%} null, at most {limit:.1%} allowed" if share > limit else ""


def _mean(limit: tuple[Any, Any], column: pd.Series[Any]) -> str:
    return _within(limit, float(column.mean()), "mean")


def _deviation(limit: tuple[Any, Any], column: pd.Series[Any]) -> str:
    return _within(limit, float(column.std()), "standard deviation")


def _length(limit: tuple[Any, Any], column: pd.Series[Any]) -> str:
    return _within(limit, len(column), "length")


def _within(limit: tuple[Any, Any], found: float, what: str) -> str:
    low, high = limit
    if low is not None and not found >= low:
        return f"{what} {found:,g} is below {shown(low)}"
    if high is not None and not found <= high:
        return f"{what} {found:,g} is above {shown(high)}"
    return ""


def _unique(limit: bool, column: pd.Series[Any]) -> str:
    twice = column[column.duplicated()] if limit else column[:0]
    return _some(len(twice), len(column), "are there before", twice.tolist()) if len(twice) else ""


def _data_type(wanted: Any, value: Any) -> str:
    if isinstance(wanted, type) and isinstance(value, wanted):
        return ""
    dtype = getattr(value, "dtype", getattr(value, "type", None))
    if dtype is None:
        name = wanted.__name__ if isinstance(wanted, type) else str(wanted)
        same = type(value).__name__ == name
        return "" if same else f"it is a {type(value).__name__}, not {name}"
    if _is_dtype(dtype, wanted) or (is_column(value) and _is_dtype(dtype_of(value), wanted)):
        return ""
    return f"its dtype is {dtype}, not {_written(wanted)}"


def _written(wanted: Any) -> str:
    return wanted.__name__ if isinstance(wanted, type) else str(wanted)


def _is_dtype(dtype: Any, wanted: Any) -> bool:
    from pandas.api import types

    tests: dict[Any, Callable[[Any], bool]] = {
        int: types.is_integer_dtype,
        float: types.is_float_dtype,
        bool: types.is_bool_dtype,
        str: types.is_string_dtype,
        complex: types.is_complex_dtype,
    }
    if wanted in tests:
        return bool(tests[wanted](dtype))
    try:
        return str(dtype) == str(wanted) or bool(dtype == wanted)
    except TypeError:  # a dtype that is not known
        return False


def _own(test: Callable[[Any], Any], value: Any) -> str:
    answer = test(value)
    if isinstance(answer, Verdict):
        return "" if answer.passes else answer.message or "it does not hold"
    return "" if bool(answer) else "it does not hold"


def _schema(schema: Any, value: Any) -> str:
    """Ask a pandera schema, or anything else whose ``validate`` raises."""
    try:
        schema.validate(value)
    except Exception as error:  # noqa: BLE001 - its own class; what it says is the problem
        return short(str(error) or type(error).__name__, _SAID)
    return ""


_WHOLE: dict[str, Callable[[Any, Any], str]] = {
    "data_type": _data_type,
    "own": _own,
    "schema": _schema,
}
_COLUMNS: dict[str, Callable[[Any, Any], str]] = {
    "range": _range,
    "values_in": _values_in,
    "categories": _values_in,
    "allow_nans": _no_nulls,
    "allow_nones": _no_nones,
    "max_fraction_nans": _null_share,
    "mean": _mean,
    "standard_dev": _deviation,
    "length": _length,
    "unique": _unique,
}
