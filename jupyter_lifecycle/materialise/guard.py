"""Values as features may see them: a column that others read is never changed in place.

Series and frames are handed out as shallow copies, which pandas and polars copy when they are
written to; arrays as read-only views, so that writing raises. Lists, dicts and sets cannot be
guarded: the caller compares their fingerprint before and after. Other objects are trusted to look
after themselves; many change when they are only asked, to remember an answer.
"""

from __future__ import annotations

import datetime as dt
import decimal
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_FIXED: frozenset[type] = frozenset(
    {
        bool, int, float, complex, str, bytes, type(None), range, slice, type(...),
        dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone,
        decimal.Decimal, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type,
    }
)  # fmt: skip
_CONTAINERS = (list, dict, set, bytearray)
_FIXED_FAMILIES = {
    "pandas": ("Timestamp", "Timedelta", "Period", "Interval", "Index"),
    "numpy": ("generic", "dtype"),
    "pyarrow": ("Array", "ChunkedArray", "Table", "RecordBatch", "Scalar", "DataType", "Schema"),
}


class Guard:
    """Guards values by their type; remembers types, so it lives for one run."""

    def __init__(self) -> None:
        self._ways: dict[type, Callable[[Any], Any] | None] = dict.fromkeys(_FIXED, _same)

    @property
    def fixed(self) -> frozenset[type]:
        """Types whose values nobody can change."""
        return _FIXED

    def __call__(self, value: Any) -> Any:
        """Return the value as a feature may see it."""
        way = self._way(type(value))
        return value if way is None else way(value)

    def is_open(self, value: Any) -> bool:
        """Whether this is a container that a feature could change without anybody noticing."""
        return isinstance(value, _CONTAINERS)

    def protects(self, value: Any) -> bool:
        """Whether a feature cannot change this, other than by reaching into its memory."""
        return self._way(type(value)) is not None

    def _way(self, kind: type) -> Callable[[Any], Any] | None:
        try:
            return self._ways[kind]
        except KeyError:
            way = self._ways[kind] = _way_for(kind)
            return way


def _same(value: Any) -> Any:
    return value


def _way_for(kind: type) -> Callable[[Any], Any] | None:
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None and issubclass(kind, (pandas.Series, pandas.DataFrame)):
        return _shallow if int(pandas.__version__.split(".")[0]) >= 3 else _deep
    if numpy is not None and issubclass(kind, numpy.ndarray):
        return _read_only
    polars = sys.modules.get("polars")
    if polars is not None and issubclass(kind, (polars.Series, polars.DataFrame)):
        return _clone
    for module, names in _FIXED_FAMILIES.items():
        loaded = sys.modules.get(module)
        if loaded is not None and issubclass(kind, tuple(getattr(loaded, name) for name in names)):
            return _same
    return None


def _shallow(value: Any) -> Any:
    return value.copy(deep=False)


def _deep(value: Any) -> Any:
    return value.copy()


def _clone(value: Any) -> Any:
    return value.clone()  # shares its memory until one of the two is written to


def _read_only(value: Any) -> Any:
    view = value.view()
    view.flags.writeable = False
    return view
