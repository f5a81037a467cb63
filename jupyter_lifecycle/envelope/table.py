"""Columns of plain values to the frame, array or Series that a model is asked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.reading import in_utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.envelope.fields import Field


def column_of(field: Field, values: Sequence[Any]) -> Any:
    """One column with the field's own dtype.

    Parameters
    ----------
    field : Field
        Its ``dtype`` decides the result's.
    values : sequence
        Plain values as :func:`~jupyter_lifecycle.envelope.reading.read_column` gives them.

    Returns
    -------
    numpy.ndarray or pandas extension array
        As long as ``values``.
    """
    import numpy as np
    import pandas as pd

    dtype = field.dtype or "object"
    if field.type == "categorical":
        categories = pd.Index(list(field.categories), dtype=dtype)
        return pd.Categorical(values, categories=categories, ordered=field.ordered)
    if field.type == "datetime" and dtype != "object":
        return _times(field, dtype, values)
    if dtype == "object":
        column = np.empty(len(values), dtype=object)
        for index, value in enumerate(values):  # slice assignment would unpack lists
            column[index] = value
        return column
    if field.type == "integer" and dtype.startswith(("int", "uint")):
        return np.array(values, dtype=dtype)
    if field.type == "number" and dtype.startswith("float"):
        return np.array(values, dtype=dtype)
    kind: Any = pd.api.types.pandas_dtype(dtype)
    return pd.array(list(values), dtype=kind)


def _times(field: Field, dtype: str, values: Sequence[Any]) -> Any:
    import numpy as np
    import pandas as pd

    unit: Any = dtype.partition("[")[2].rstrip("]").partition(",")[0]
    plain = (None if value is None else in_utc(value) if field.zone else value for value in values)
    exact = [
        np.datetime64("NaT", unit)
        if value is None
        else value.to_datetime64()
        if isinstance(value, pd.Timestamp)
        else np.datetime64(value)
        for value in plain
    ]
    naive = np.array(exact, dtype=f"datetime64[{unit}]")
    if field.zone is None:
        return naive
    return pd.DatetimeIndex(naive).tz_localize("UTC").tz_convert(field.zone).array


def frame_of(fields: Sequence[Field], columns: Mapping[str, Sequence[Any]], rows: int) -> Any:
    """Give a frame of these columns, in the order of the fields, index 0 … rows − 1."""
    import pandas as pd

    data = {field.name: column_of(field, columns[field.name]) for field in fields}
    return pd.DataFrame(data, index=pd.RangeIndex(rows), copy=False)


def array_of(fields: Sequence[Field], columns: Mapping[str, Sequence[Any]], rows: int) -> Any:
    """Give a two-dimensional array, one column a field, of the dtype that the fields share."""
    import numpy as np

    dtype = fields[0].dtype or "object"
    answer = np.empty((rows, len(fields)), dtype=dtype if dtype != "str" else "object")
    for place, field in enumerate(fields):
        answer[:, place] = columns[field.name]
    return answer.astype(str) if dtype == "str" else answer
