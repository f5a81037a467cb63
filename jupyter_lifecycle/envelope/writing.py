"""Python values to JSON values: what a model answers, and examples as they are stored.

The result is always valid JSON: NaN, NaT, NA and infinities become null.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from jupyter_lifecycle.errors import SchemaError


def loaded(module: str) -> Any:
    """Give a module if something imported it already, else None: its types cannot be around."""
    return sys.modules.get(module)


def is_frame(value: Any) -> bool:
    """Whether it is a pandas DataFrame."""
    pandas = loaded("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def is_series(value: Any) -> bool:
    """Whether it is a pandas Series or Index."""
    pandas = loaded("pandas")
    return pandas is not None and isinstance(value, pandas.Series | pandas.Index)


def is_array(value: Any) -> bool:
    """Whether it is a numpy array or a pandas extension array."""
    numpy, pandas = loaded("numpy"), loaded("pandas")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return True
    return pandas is not None and isinstance(value, pandas.api.extensions.ExtensionArray)


def to_json(value: Any, path: str = "the value") -> Any:  # noqa: PLR0911 - one line a kind
    """Any answer as a JSON value.

    Parameters
    ----------
    value
        Scalars, containers, dataclasses, pydantic models, enums, dates, numpy and pandas values.
    path : str
        How to name the value where it cannot be written.

    Raises
    ------
    SchemaError
        Where something in it has no JSON form; names where it stands and what it is.
    """
    if value is None or isinstance(value, bool) or type(value) in (int, str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return _object(value, path)
    if isinstance(value, list | tuple):
        if hasattr(value, "_asdict"):
            return _object(value._asdict(), path)
        return [to_json(item, f"{path}[{index}]") for index, item in enumerate(value)]
    if is_frame(value):
        return frame_to_json(value, path)
    if is_series(value) or is_array(value):
        return column_to_json(value, path)
    return _other(value, path)


def _object(value: dict[Any, Any], path: str) -> dict[str, Any]:
    answer = {}
    for key, item in value.items():
        name = key.value if isinstance(key, Enum) else key
        if not isinstance(name, str):
            raise SchemaError(
                f"{path} has the key {key!r} of type {type(key).__name__}; "
                "JSON knows string keys only. Use str keys."
            )
        answer[name] = to_json(item, f"{path}[{name!r}]")
    return answer


def _other(value: Any, path: str) -> Any:  # noqa: PLR0911 - one line a kind
    if isinstance(value, Enum):
        return to_json(value.value, path)
    if isinstance(value, datetime | date | time):
        return None if value != value else value.isoformat()  # noqa: PLR0124 - NaT is not itself
    if isinstance(value, int | str):
        return int(value) if isinstance(value, int) else str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}
        return _object(members, path)
    if isinstance(value, set | frozenset):
        return sorted((to_json(item, path) for item in value), key=repr)
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return to_json(dump(), path)
    if is_scalar(value):
        return _scalar(value, path)
    raise SchemaError(
        f"{path} is a {_kind(value)}, which has no JSON form. "
        "Give numbers, strings, lists, dicts, dates, arrays or frames."
    )


def is_scalar(value: Any) -> bool:
    """Whether it is a numpy scalar or pandas' missing value."""
    numpy, pandas = loaded("numpy"), loaded("pandas")
    if numpy is not None and isinstance(value, numpy.generic):
        return True
    return pandas is not None and value is pandas.NA


def _scalar(value: Any, path: str) -> Any:
    pandas = loaded("pandas")
    if pandas is not None and value is pandas.NA:
        return None
    if value.dtype.kind == "M":
        text = str(value)
        return None if text == "NaT" else text
    if value.dtype.kind in "biufU":
        return to_json(value.item(), path)
    raise SchemaError(f"{path} is a {_kind(value)}, which has no JSON form.")


def _kind(value: Any) -> str:
    kind = type(value)
    home = kind.__module__
    return kind.__qualname__ if home in ("builtins", "__main__") else f"{home}.{kind.__qualname__}"


def column_to_json(values: Any, path: str = "the answer") -> list[Any]:
    """Give a Series, Index, numpy or extension array as a list of JSON values.

    Raises
    ------
    SchemaError
        Where an element has no JSON form.
    """
    numpy = loaded("numpy")
    kind = getattr(values.dtype, "kind", "O")
    if isinstance(values.dtype, numpy.dtype) and kind in "biu":
        return numpy.asarray(values).tolist()  # type: ignore[no-any-return]
    if isinstance(values.dtype, numpy.dtype) and kind == "f":
        raw = numpy.asarray(values)
        wide = raw.astype(numpy.float64)
        if numpy.isfinite(wide).all():
            return wide.tolist()  # type: ignore[no-any-return]
        return numpy.where(numpy.isfinite(wide), wide.astype(object), None).tolist()  # type: ignore[no-any-return]
    if isinstance(values.dtype, numpy.dtype) and kind == "M":
        return _times(numpy.asarray(values))
    items = values.tolist() if hasattr(values, "tolist") else list(values)
    return [to_json(item, f"{path}[{index}]") for index, item in enumerate(items)]


def _times(values: Any) -> list[Any]:
    numpy = loaded("numpy")
    if values.ndim != 1:
        return [_times(row) for row in values]
    texts = numpy.datetime_as_string(values).tolist()
    return [None if text == "NaT" else text for text in texts]


def frame_to_json(frame: Any, path: str = "the answer") -> list[dict[str, Any]]:
    """Give a frame as a list of one object a row, in the order of its columns.

    Raises
    ------
    SchemaError
        Where an element has no JSON form.
    """
    names = [str(name) for name in frame.columns]
    columns = [
        column_to_json(frame.iloc[:, place], f"{path}[{name!r}]")
        for place, name in enumerate(names)
    ]
    if not columns:
        return [{} for _ in range(len(frame))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
