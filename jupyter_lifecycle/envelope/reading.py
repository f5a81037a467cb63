"""JSON values to Python values, strictly: what does not fit its field is a problem, never a guess.

``22.0`` is an integer; ``"1.5"``, ``3.7`` and ``true`` are not. ``NaN`` and infinities are refused.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jupyter_lifecycle.envelope.fields import integer_bounds
from jupyter_lifecycle.envelope.problems import Problems, pointer, show
from jupyter_lifecycle.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_lifecycle.envelope.fields import Field

_EXACT = 2**53
_WORDS = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "datetime": "a date and time",
    "date": "a date",
    "categorical": "one of the categories",
    "object": "an object",
    "array": "a list",
}
_FAST: dict[str, frozenset[type]] = {
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "string": frozenset({str}),
    "boolean": frozenset({bool}),
}


class _RefusedError(ValueError):
    """Why one value does not fit."""


def _integer(field: Field, value: Any) -> int:
    if type(value) is float and value.is_integer() and abs(value) <= _EXACT:
        value = int(value)
    if type(value) is not int:
        raise _RefusedError
    if field.dtype is not None:
        low, high = integer_bounds(field.dtype)
        if not low <= value <= high:
            raise _RefusedError(f"{show(value)} does not fit {field.dtype} ({low} to {high})")
    return value


def _number(_: Field, value: Any) -> int | float:
    if type(value) not in _FAST["number"]:
        raise _RefusedError
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise _RefusedError(f"expected a finite number, got {show(value)}")
    return value  # type: ignore[no-any-return]


def _string(_: Field, value: Any) -> str:
    if type(value) is not str:
        raise _RefusedError
    return value


def _boolean(_: Field, value: Any) -> bool:
    if type(value) is not bool:
        raise _RefusedError
    return value


def _category_key(value: Any) -> tuple[str, Any]:
    if isinstance(value, bool):
        return "boolean", value
    return ("number" if isinstance(value, int | float) else type(value).__name__), value


def _categorical(field: Field, value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise _RefusedError
    for category in field.categories:
        if _category_key(category) == _category_key(value):
            return category
    known = ", ".join(show(category) for category in field.categories[:8])
    more = ", …" if len(field.categories) > 8 else ""
    near = did_you_mean(str(value), (str(category) for category in field.categories))
    raise _RefusedError(f"{show(value)} is none of the categories {known}{more}.{near}".rstrip("."))


def _parse_time(text: str, dtype: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    if "[ns" in dtype and len(text) > len("2024-03-01T14:05:00.123456"):
        import pandas as pd

        return pd.Timestamp(text)  # a datetime stops at microseconds
    return parsed


def _datetime(field: Field, value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = _parse_time(value, field.dtype or "")
        except ValueError:
            raise _RefusedError(
                f"expected a date and time in ISO 8601 such as 2024-03-01T14:05:00"
                f"{'+01:00' if field.zone else ''}, got {show(value)}"
            ) from None
    if not isinstance(value, datetime):
        raise _RefusedError
    if field.zone is None and value.tzinfo is not None:
        raise _RefusedError("has a time zone, the model expects a time without one")
    if field.zone is not None and value.tzinfo is None:
        raise _RefusedError("has no time zone: write its offset, such as Z or +01:00")
    if field.zone is None or field.dtype is not None:
        return value
    return value.astimezone(_zone(field.zone) or value.tzinfo)


def _zone(name: str) -> tzinfo | None:
    """Give a zone by its IANA name; None for an offset, which a time carries itself."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _date(_: Field, value: Any) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise _RefusedError(f"expected a date such as 2024-03-01, got {show(value)}") from None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise _RefusedError
    return value


_READERS: dict[str, Callable[[Field, Any], Any]] = {
    "integer": _integer,
    "number": _number,
    "string": _string,
    "boolean": _boolean,
    "categorical": _categorical,
    "datetime": _datetime,
    "date": _date,
}


def read_value(field: Field, value: Any, path: tuple[str | int, ...], problems: Problems) -> Any:
    """One JSON value as its field's Python value; problems are collected, None stands for them.

    Parameters
    ----------
    field : Field
        What is expected.
    value
        A decoded JSON value, or already a ``datetime`` or ``date``.
    path : tuple
        Where it stands, for the JSON pointer.
    problems : Problems
        Takes what does not fit.
    """
    if value is None:
        if not field.nullable:
            problems.add(pointer(*path), f"expected {_WORDS[field.type]}, got null")
        return None
    if field.type == "array":
        return _read_array(field, value, path, problems)
    if field.type == "object":
        return _read_object(field, value, path, problems)
    try:
        return _READERS[field.type](field, value)
    except _RefusedError as refused:
        reason = str(refused) or f"expected {_WORDS[field.type]}, got {show(value)}"
        problems.add(pointer(*path), reason)
        return None


def _read_array(
    field: Field, value: Any, path: tuple[str | int, ...], problems: Problems
) -> list[Any] | None:
    if not isinstance(value, list | tuple):
        problems.add(pointer(*path), f"expected a list, got {show(value)}")
        return None
    if field.items is None:
        return list(value)
    items = field.items
    return read_column(items, value, lambda index: (*path, index), problems)


def _read_object(
    field: Field, value: Any, path: tuple[str | int, ...], problems: Problems
) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        problems.add(pointer(*path), f"expected an object, got {show(value)}")
        return None
    if field.fields is not None:
        return read_members(field.fields, value, path, problems)
    if field.entries is None:
        return dict(value)
    return {
        key: read_value(field.entries, item, (*path, key), problems) for key, item in value.items()
    }


def read_members(
    members: Sequence[Field], value: dict[str, Any], path: tuple[str | int, ...], problems: Problems
) -> dict[str, Any]:
    """Give an object whose members are known: missing and extra ones are problems of their own."""
    answer = {}
    for member in members:
        if member.name in value:
            found = value[member.name]
            answer[member.name] = read_value(member, found, (*path, member.name), problems)
        elif member.required:
            problems.add(pointer(*path, member.name), "is missing")
    report_extra(members, value, path, problems)
    return answer


def report_extra(
    members: Sequence[Field], value: dict[str, Any], path: tuple[str | int, ...], problems: Problems
) -> None:
    """Give a problem for each key that no member has, with the near name that is missing."""
    if len(value) <= len(members) and all(member.name in value for member in members):
        return
    known = {member.name for member in members}
    missing = [name for name in known if name not in value]
    for key in value:
        if key not in known:
            near = did_you_mean(str(key), missing)
            problems.add(
                pointer(*path, key), f"is not expected.{near}" if near else "is not expected"
            )


def read_column(
    field: Field,
    values: Sequence[Any],
    path_of: Callable[[int], tuple[str | int, ...]],
    problems: Problems,
) -> list[Any]:
    """Many values of one field; one pass over their types where nothing is wrong.

    Parameters
    ----------
    field : Field
        What is expected of each.
    values : sequence
        Decoded JSON values.
    path_of : callable
        Leads from an index to its path.
    problems : Problems
        Takes what does not fit.

    Returns
    -------
    list
        As long as ``values``; None stands for null and for what does not fit.
    """
    fast = _FAST.get(field.type)
    if fast is not None:
        kinds = set(map(type, values))
        if field.nullable:
            kinds.discard(type(None))
        if kinds <= fast and _in_bounds(field, values):
            return list(values)
    return [
        read_value(field, value, path_of(index), problems) for index, value in enumerate(values)
    ]


def _in_bounds(field: Field, values: Sequence[Any]) -> bool:
    if field.type == "number":
        try:
            return all(value is None or math.isfinite(value) for value in values)
        except OverflowError:
            return False
    if field.type == "integer" and field.dtype is not None:
        low, high = integer_bounds(field.dtype)
        return all(value is None or low <= value <= high for value in values)
    return True


def in_utc(value: datetime) -> datetime:
    """Give an aware time as a naive one in UTC."""
    return value.astimezone(UTC).replace(tzinfo=None)
