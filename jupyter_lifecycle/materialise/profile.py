"""One column in a few figures and bars, fast enough to show after each cell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.materialise.measure import measure, short
from jupyter_lifecycle.materialise.records import ColumnProfile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

BARS = 24
_MOST = 5
_HEAD = 5


def profile(value: Any, name: str = "", limit: int | None = None) -> ColumnProfile:
    """Describe a value in figures that are ready to show.

    Parameters
    ----------
    value : any
        A column: Series, array, index. Other values get what can be said of them.
    name : str
        The feature's name; a frame's column of that name is described, where it has one.
    limit : int, optional
        Look at the first ``limit`` rows only.

    Returns
    -------
    ColumnProfile
    """
    import numpy as np
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        if name in value.columns and not isinstance(value[name], pd.DataFrame):
            return profile(value[name], limit=limit)
        return _frame_profile(value if limit is None else value.head(limit))
    if isinstance(value, np.ndarray) and value.ndim > 1:
        return _block_profile(value if limit is None else value[:limit])
    if isinstance(value, (pd.Series, pd.Index, pd.api.extensions.ExtensionArray)) or (
        isinstance(value, np.ndarray) and value.ndim == 1
    ):
        series = value if isinstance(value, pd.Series) else pd.Series(value, copy=False)
        return _column_profile(series if limit is None else series.iloc[:limit])
    return _object_profile(value, limit)


def _column_profile(series: pd.Series[Any]) -> ColumnProfile:
    import pandas as pd
    from pandas.api import types

    dtype, rows = str(series.dtype), len(series)
    nulls = int(series.isna().sum())
    present = series.dropna() if nulls else series
    head = [_text(each) for each in series.iloc[:_HEAD].tolist()]
    if not len(present):
        return ColumnProfile(dtype, rows, nulls, distinct=0, head=head)
    if types.is_bool_dtype(series.dtype):
        return _bool_profile(present, rows, nulls, head)
    if types.is_datetime64_any_dtype(series.dtype) or types.is_timedelta64_dtype(series.dtype):
        return _time_profile(present, rows, nulls, head)
    if types.is_numeric_dtype(series.dtype) and not types.is_complex_dtype(series.dtype):
        return _number_profile(present, rows, nulls, head)
    if isinstance(series.dtype, pd.PeriodDtype):
        return _time_profile(present.dt.to_timestamp(), rows, nulls, head)
    return _category_profile(present, rows, nulls, head)


def _number_profile(
    present: pd.Series[Any], rows: int, nulls: int, head: list[str]
) -> ColumnProfile:
    import numpy as np

    values = present.to_numpy(dtype=float)
    finite = values[np.isfinite(values)]
    middle, high = _quantiles(values)
    return ColumnProfile(
        str(present.dtype),
        rows,
        nulls,
        min=number(present.min()),
        max=number(present.max()),
        median=number(middle),
        p95=number(high),
        distinct=int(present.nunique()),
        histogram=_bars(finite),
        head=head,
    )


def _time_profile(present: pd.Series[Any], rows: int, nulls: int, head: list[str]) -> ColumnProfile:
    import numpy as np

    whole = present.astype("int64").to_numpy(dtype=float)
    middle = present.iloc[int(np.argpartition(whole, len(whole) // 2)[len(whole) // 2])]
    return ColumnProfile(
        str(present.dtype),
        rows,
        nulls,
        min=_text(present.min()),
        max=_text(present.max()),
        median=_text(middle),
        distinct=int(present.nunique()),
        histogram=_bars(whole),
        head=head,
    )


def _bool_profile(present: pd.Series[Any], rows: int, nulls: int, head: list[str]) -> ColumnProfile:
    true = int(present.sum())
    counts = [len(present) - true, true]
    return ColumnProfile(
        str(present.dtype),
        rows,
        nulls,
        distinct=sum(1 for each in counts if each),
        histogram=[each / max(counts) for each in counts],
        categories=[("True", true / rows), ("False", counts[0] / rows)],
        head=head,
    )


def _category_profile(
    present: pd.Series[Any], rows: int, nulls: int, head: list[str]
) -> ColumnProfile:
    try:
        counts = present.value_counts()
    except (TypeError, NotImplementedError):  # values that cannot be compared, such as lists
        return ColumnProfile(str(present.dtype), rows, nulls, head=head)
    counts = counts[counts > 0]
    most = [(_text(each), int(count) / rows) for each, count in counts.iloc[:_MOST].items()]
    return ColumnProfile(
        str(present.dtype), rows, nulls, distinct=len(counts), categories=most, head=head
    )


def _frame_profile(frame: pd.DataFrame) -> ColumnProfile:
    facts = measure(frame)
    columns = [short(str(name)) for name in frame.columns[: 2 * _HEAD]]
    if len(frame.columns) > len(columns):
        columns.append(f"and {len(frame.columns) - len(columns)} more")
    return ColumnProfile(
        f"DataFrame, {len(frame.columns):,} columns", len(frame), facts.nulls or 0, head=columns
    )


def _block_profile(block: NDArray[Any]) -> ColumnProfile:
    import numpy as np
    import pandas as pd

    shape = " × ".join([f"{each:,}" for each in block.shape])
    flat = pd.Series(block.reshape(-1))
    inner = _column_profile(flat) if block.size and np.issubdtype(block.dtype, np.number) else None
    head = [short(str(row)) for row in block[:_HEAD]]
    if inner is None:
        return ColumnProfile(f"{block.dtype} {shape}", len(block), 0, head=head)
    return ColumnProfile(
        f"{block.dtype} {shape}", len(block), inner.nulls, inner.min, inner.max, inner.median,
        inner.p95, inner.distinct, inner.histogram, head=head,
    )  # fmt: skip


def _object_profile(value: Any, limit: int | None) -> ColumnProfile:
    kind = measure(value).dtype
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        items = list(value.items()) if isinstance(value, dict) else list(value)
        items = items if limit is None else items[:limit]
        nulls = sum(1 for each in items if each is None)
        return ColumnProfile(kind, len(items), nulls, head=[_text(each) for each in items[:_HEAD]])
    return ColumnProfile(kind, 1, int(value is None), head=[_text(value)])


def _quantiles(values: NDArray[Any]) -> tuple[float, float]:
    """Find median and 95th percentile, each a value that occurs (the lower of two)."""
    import numpy as np

    last = len(values) - 1
    places = [last // 2, int(0.95 * last)]
    found = np.partition(values, places)
    return float(found[places[0]]), float(found[places[1]])


def _bars(values: NDArray[Any]) -> list[float]:
    """Count values into 24 bars of equal width, the highest 1."""
    import numpy as np

    if not len(values):
        return []
    low, high = float(values.min()), float(values.max())
    if low == high or not np.isfinite(high - low):
        return [1.0]
    places = ((values - low) * (BARS / (high - low))).astype(np.intp)
    counts = np.bincount(np.minimum(places, BARS - 1), minlength=BARS)
    return [float(each) for each in counts / counts.max()]


def number(value: Any) -> str:
    """Write a number for people: integers whole, others to three or four digits.

    Parameters
    ----------
    value : int or float

    Returns
    -------
    str

    Examples
    --------
    >>> number(336776), number(12.5912), number(0.00012345)
    ('336,776', '12.6', '0.000123')
    """
    import numpy as np

    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}".replace("-", "−")
    as_float = float(value)
    if not math.isfinite(as_float):
        return f"{as_float:g}".replace("-", "−")
    if as_float.is_integer() and abs(as_float) < 1e15:
        text = f"{int(value):,}"
    elif abs(as_float) >= 1000:
        text = f"{as_float:,.0f}" if abs(as_float) < 1e15 else f"{as_float:.3g}"
    else:
        text = f"{as_float:.3g}"
    return text.replace("-", "−") if "e" not in text else text


def _moment(value: pd.Timestamp) -> str:
    """Write a time without the parts that are zero, to the second."""
    if value == value.normalize():
        return str(value.date())
    zone = f" {value.tzname()}" if value.tzinfo is not None else ""
    return value.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00") + zone


def _text(value: Any) -> str:
    import numpy as np
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return "null"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, float, np.integer, np.floating)):
        return "null" if math.isnan(value) else number(value)
    if isinstance(value, pd.Timestamp):
        return _moment(value)
    try:
        return short(str(value))
    except Exception as error:  # noqa: BLE001 - a broken object is shown as such
        return f"({type(value).__name__} whose text raised {type(error).__name__})"
