"""Columns and tables of Arrow and polars, told apart and given to pandas; neither is imported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {"pyarrow": ("Array", "ChunkedArray"), "polars": ("Series",)}
_TABLES = {"pyarrow": ("Table", "RecordBatch"), "polars": ("DataFrame",)}


def is_column(value: Any) -> bool:
    """Whether this is an Arrow array or a polars series."""
    return _is_one_of(value, _COLUMNS)


def is_table(value: Any) -> bool:
    """Whether this is an Arrow table or a polars frame; a lazy frame has no rows yet."""
    return _is_one_of(value, _TABLES)


def _is_one_of(value: Any, families: dict[str, tuple[str, ...]]) -> bool:
    for module, names in families.items():
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(value, tuple(getattr(loaded, n) for n in names)):
            return True
    return False


def as_series(column: Any) -> pd.Series[Any]:
    """Give a column to pandas, without an index of its own.

    Parameters
    ----------
    column : Array, ChunkedArray or polars.Series
        ``(n,)``

    Returns
    -------
    Series
        ``(n,)``, with the dtype that pandas has for it. Whole numbers and booleans that lack
        values keep Arrow's dtype: as floats, large ones would become others.
    """
    import pandas as pd
    import pyarrow as pa

    arrow = column if isinstance(column, (pa.Array, pa.ChunkedArray)) else column.to_arrow()
    kind = arrow.type
    if arrow.null_count and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        found = arrow.to_pandas(types_mapper=pd.ArrowDtype)
    else:
        found = arrow.to_pandas()
    return pd.Series(found)


def series_of(table: Any) -> list[tuple[str, pd.Series[Any]]]:
    """Give a table's columns to pandas, with their names, see :func:`as_series`."""
    names = table.columns if hasattr(table, "get_columns") else table.column_names
    return [(name, as_series(table[name])) for name in names]


def dtype_of(column: Any) -> Any:
    """Return the dtype by which pandas knows what a column holds."""
    import pandas as pd
    import pyarrow as pa

    arrow = isinstance(column, (pa.Array, pa.ChunkedArray))
    return pd.ArrowDtype(column.type if arrow else column[:0].to_arrow().type)
