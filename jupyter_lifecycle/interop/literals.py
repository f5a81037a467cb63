"""Constants as Python writes them, where what is written gives the same value back."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import pathlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def written(name: str, value: Any) -> tuple[str, tuple[str, ...]] | None:
    """Write an assignment of a constant.

    Parameters
    ----------
    name : str
        What it is called.
    value : object
        Its value now.

    Returns
    -------
    (str, tuple of str) or None
        The statement and the modules that it needs; None where the value has no literal.
    """
    modules: dict[str, None] = {}
    try:
        text = _literal(value, modules)
    except (_UnwritableError, RecursionError):  # a list may hold itself
        return None
    return f"{name} = {text}\n", tuple(modules)


class _UnwritableError(Exception):
    """A value without a literal, somewhere inside."""


def _literal(value: Any, modules: dict[str, None]) -> str:
    way = _WAYS.get(type(value))
    if way is None and isinstance(value, pathlib.PurePath):
        way = _path
    if way is None:
        raise _UnwritableError
    return way(value, modules)


def _plain(value: Any, _: dict[str, None]) -> str:
    return repr(value)


def _float(value: float, _: dict[str, None]) -> str:
    return repr(value) if math.isfinite(value) else f'float("{value}")'


def _complex(value: complex, _: dict[str, None]) -> str:
    if not (math.isfinite(value.real) and math.isfinite(value.imag)):
        raise _UnwritableError
    return repr(value)


def _moment(value: Any, modules: dict[str, None]) -> str:
    if getattr(value, "tzinfo", None) is not None:
        raise _UnwritableError
    modules["datetime"] = None
    return repr(value)


def _decimal(value: decimal.Decimal, modules: dict[str, None]) -> str:
    modules["decimal"] = None
    return f"decimal.{value!r}"


def _pattern(value: re.Pattern[Any], modules: dict[str, None]) -> str:
    modules["re"] = None
    return f"re.compile({value.pattern!r}, {value.flags})"


def _path(value: pathlib.PurePath, modules: dict[str, None]) -> str:
    modules["pathlib"] = None
    pure = "" if isinstance(value, pathlib.Path) else "Pure"
    return f"pathlib.{pure}Path({str(value)!r})"


def _dict(value: dict[Any, Any], modules: dict[str, None]) -> str:
    pairs = [f"{_literal(k, modules)}: {_literal(v, modules)}" for k, v in value.items()]
    return "{" + ", ".join(pairs) + "}"


def _list(value: list[Any], modules: dict[str, None]) -> str:
    return "[" + ", ".join(_literal(item, modules) for item in value) + "]"


def _tuple(value: tuple[Any, ...], modules: dict[str, None]) -> str:
    items = [_literal(item, modules) for item in value]
    return f"({items[0]},)" if len(items) == 1 else "(" + ", ".join(items) + ")"


def _set(value: set[Any] | frozenset[Any], modules: dict[str, None]) -> str:
    items = sorted(_literal(item, modules) for item in value)
    shown = "{" + ", ".join(items) + "}" if items else ""
    if isinstance(value, frozenset):
        return f"frozenset({shown})"
    return shown or "set()"


_WAYS: dict[type, Callable[[Any, dict[str, None]], str]] = {
    **dict.fromkeys((bool, int, str, bytes, type(None), type(...)), _plain),
    **dict.fromkeys((dt.date, dt.datetime, dt.time, dt.timedelta), _moment),
    **dict.fromkeys((set, frozenset), _set),
    float: _float,
    complex: _complex,
    decimal.Decimal: _decimal,
    re.Pattern: _pattern,
    dict: _dict,
    list: _list,
    tuple: _tuple,
}
