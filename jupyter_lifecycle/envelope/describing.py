"""Fields from examples: what every value of a column or list has in common, not its first one."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.envelope.writing import column_to_json, is_array, is_frame, is_series, loaded
from jupyter_lifecycle.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_CATEGORIES = 10_000


def fields_of_frame(frame: Any, *, what: str = "The example") -> tuple[Field, ...]:
    """One field for each column of a frame, in its order.

    Parameters
    ----------
    frame : pandas.DataFrame
        All of its rows count.
    what : str
        How messages name it.

    Raises
    ------
    SchemaError
        Where names repeat, are no strings, or a column has no type that JSON could carry.
    """
    names = list(frame.columns)
    for name in names:
        if not isinstance(name, str):
            raise SchemaError(
                f"{what} has the column {name!r}, a {type(name).__name__}; columns need str names."
            )
    repeated = (
        sorted({name for name in names if names.count(name) > 1})
        if (len(set(names)) < len(names))
        else []
    )
    if repeated:
        raise SchemaError(f"{what} has more than one column named {', '.join(repeated)}.")
    return tuple(
        field_of_column(name, frame.iloc[:, place], what=what) for place, name in enumerate(names)
    )


def field_of_column(  # noqa: PLR0911 - one line a kind
    name: str, values: Any, *, what: str = "The example"
) -> Field:
    """Give the field of one column.

    Parameters
    ----------
    name : str
        The column's name.
    values : pandas.Series, pandas.Index, numpy.ndarray or extension array
        One-dimensional.
    what : str
        How messages name where it comes from.

    Raises
    ------
    SchemaError
        Where its values have no common type, or none that JSON could carry.
    """
    numpy = loaded("numpy")
    dtype = values.dtype
    word = str(dtype)
    if isinstance(dtype, numpy.dtype):
        return _field_of_numpy(name, values, what)
    nulls = bool(loaded("pandas").isna(values).any())
    kind = getattr(dtype, "kind", "O")
    if word == "category":
        return _categorical(name, dtype, nulls, what)
    if word.startswith("datetime64"):
        return Field(name, "datetime", nullable=nulls, dtype=word, zone=str(dtype.tz))
    if word.lower().startswith(("str", "large_string")):
        return Field(name, "string", nullable=nulls, dtype=word)
    if kind in "iu":
        return Field(name, "integer", nullable=nulls, dtype=word)
    if kind == "f":
        return Field(name, "number", nullable=nulls, dtype=word)
    if kind == "b":
        return Field(name, "boolean", nullable=nulls, dtype=word)
    raise _no_type(name, word, what)


def _field_of_numpy(name: str, values: Any, what: str) -> Field:
    numpy = loaded("numpy")
    kind, word = values.dtype.kind, str(values.dtype)
    if kind in "iu":
        return Field(name, "integer", dtype=word)
    if kind == "b":
        return Field(name, "boolean", dtype=word)
    if kind == "f":
        raw = numpy.asarray(values)
        if numpy.isinf(raw).any():
            row = int(numpy.flatnonzero(numpy.isinf(raw))[0])
            raise SchemaError(
                f"{what}: {name} is infinite in row {row}, which JSON cannot carry. "
                "Replace it by a number or NaN."
            )
        return Field(name, "number", nullable=bool(numpy.isnan(raw).any()), dtype=word)
    if kind == "M":
        nulls = bool(numpy.isnat(numpy.asarray(values)).any())
        return Field(name, "datetime", nullable=nulls, dtype=word)
    if kind == "U":
        return Field(name, "string", dtype="str")
    if kind == "O":
        field = field_of_values(name, list(values), what=what)
        return dataclasses.replace(field, dtype="object")
    raise _no_type(name, word, what)


def _no_type(name: str, word: str, what: str) -> SchemaError:
    advice = {
        "m": " Give a duration as a number of seconds.",
        "c": " Give real and imaginary part as two columns.",
    }
    hint = "m" if word.startswith("timedelta") else "c" if word.startswith("complex") else ""
    return SchemaError(
        f"{what}: {name} is {word}, for which JSON has no type.{advice.get(hint, '')}"
    )


def _categorical(name: str, dtype: Any, nulls: bool, what: str) -> Field:
    categories = dtype.categories
    if len(categories) > _MAX_CATEGORIES:
        raise SchemaError(
            f"{what}: {name} has {len(categories)} categories; up to {_MAX_CATEGORIES} "
            "can stand in a schema. Give it as a string column."
        )
    values = column_to_json(categories, f"{name}'s categories")
    if not all(isinstance(value, str | int | float | bool) for value in values):
        raise SchemaError(f"{what}: the categories of {name} are {categories.dtype}, not scalars.")
    return Field(
        name,
        "categorical",
        nullable=nulls,
        dtype=str(categories.dtype),
        categories=tuple(values),
        ordered=bool(dtype.ordered),
    )


def is_null(value: Any) -> bool:
    """Whether a Python value is missing: None, NaN, NaT, NA."""
    if value is None:
        return True
    pandas = loaded("pandas")
    if pandas is not None and (value is pandas.NA or value is pandas.NaT):
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN is not itself


def field_of_values(name: str, values: Sequence[Any], *, what: str = "The example") -> Field:
    """Give the field that all of these plain Python values share.

    Parameters
    ----------
    name : str
        The field's name.
    values : sequence
        Scalars, dates, lists, dicts, enums, dataclasses, None.
    what : str
        How messages name where they come from.

    Raises
    ------
    SchemaError
        Where they are all null, of more than one type, or of none that JSON could carry.
    """
    present = [value for value in values if not is_null(value)]
    nullable = len(present) < len(values)
    if not present:
        raise SchemaError(
            f"{what}: {name} is null everywhere, so its type cannot be seen. "
            "Give an example with a value, or annotate it."
        )
    words = {_word(value) for value in present}
    if words == {"integer", "number"}:
        words = {"number"}
    if len(words) > 1:
        kinds = " and ".join(sorted({type(value).__name__ for value in present}))
        raise SchemaError(f"{what}: {name} mixes {kinds}; a field has one type.")
    word = words.pop()
    if word == "array":
        return Field(name, "array", nullable=nullable, items=_items(name, present, what))
    if word == "object":
        return _object(name, present, nullable=nullable, what=what)
    if word == "datetime":
        return Field(name, "datetime", nullable=nullable, zone=zone_of(name, present, what))
    if word == "":
        kind = type(present[0])
        raise SchemaError(
            f"{what}: {name} is a {kind.__module__}.{kind.__qualname__}, which has no JSON type."
        )
    if word == "categorical":
        known = type(present[0])
        return Field(
            name, "categorical", nullable=nullable, categories=tuple(item.value for item in known)
        )
    return Field(name, word, nullable=nullable)  # type: ignore[arg-type]


def _word(value: Any) -> str:
    numpy = loaded("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        value = value.item()
    if isinstance(value, Enum):
        return "categorical"
    for kinds, word in (
        ((bool,), "boolean"),
        ((int,), "integer"),
        ((float,), "number"),
        ((str,), "string"),
        ((datetime,), "datetime"),
        ((date,), "date"),
        ((dict,), "object"),
    ):
        if isinstance(value, kinds):
            return word
    if isinstance(value, list | tuple | set | frozenset) and not hasattr(value, "_asdict"):
        return "array"
    if is_array(value) or is_series(value) or is_frame(value):
        return "array"
    return "object" if members_of(value) is not None else ""


def members_of(value: Any) -> dict[str, Any] | None:
    """Give the members of a dict, dataclass, named tuple or pydantic model; None without any."""
    if isinstance(value, dict):
        return value
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    known = getattr(type(value), "model_fields", None)
    return {name: getattr(value, name) for name in known} if isinstance(known, dict) else None


def _items(name: str, lists: Sequence[Any], what: str) -> Field | None:
    first = lists[0]
    if is_frame(first):
        columns = tuple(fields_of_frame(first, what=what))
        return Field("item", "object", fields=columns)
    if (is_series(first) or is_array(first)) and getattr(first, "ndim", 1) == 1:
        return field_of_column("item", first, what=f"{what}: {name}")
    elements = [element for items in lists for element in items]
    return field_of_values("item", elements, what=f"{what}: {name}") if elements else None


def _object(name: str, values: Sequence[Any], *, nullable: bool, what: str) -> Field:
    members = [members_of(value) or {} for value in values]
    keys = list(dict.fromkeys(key for member in members for key in member))
    for key in keys:
        if not isinstance(key, str):
            raise SchemaError(f"{what}: {name} has the key {key!r}; JSON knows string keys only.")
    fields = tuple(
        dataclasses.replace(
            field_of_values(
                key, [member[key] for member in members if key in member], what=f"{what}: {name}"
            ),
            required=all(key in member for member in members),
        )
        for key in keys
    )
    return Field(name, "object", nullable=nullable, fields=fields)


def zone_of(name: str, times: Sequence[Any], what: str) -> str | None:
    """Give the one zone of these datetimes, None where they have none.

    Raises
    ------
    SchemaError
        Where some have a zone and some do not.
    """
    zones = {None if time.tzinfo is None else str(time.tzinfo) for time in times}
    if None in zones and len(zones) > 1:
        raise SchemaError(f"{what}: {name} has times with and without a zone.")
    return zones.pop() if len(zones) == 1 else "UTC"
