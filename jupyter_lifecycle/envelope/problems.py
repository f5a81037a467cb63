"""What is wrong with rows: every problem with its JSON pointer, all at once up to a bound."""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_lifecycle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_Given = TypeVar("_Given")
_Read = TypeVar("_Read")
LIMIT = 100
MISSING = "is missing"
EXTRA = "is not expected"
_PLURAL = {MISSING: "missing", EXTRA: "not expected"}


def pointer(*parts: str | int) -> str:
    """Give a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


_spoken: ContextVar[bool] = ContextVar("spoken", default=True)


def quietly(read: Callable[[_Given], _Read], value: _Given) -> _Read:
    """Read a value whose content no problem may repeat: services answer, and log, for strangers."""
    token = _spoken.set(False)
    try:
        return read(value)
    finally:
        _spoken.reset(token)


def show(value: Any) -> str:  # noqa: PLR0911 - one line a kind
    """Give a JSON value in a few words: ``3.7``, ``"abc"``, ``true``, ``a list``.

    Within :func:`quietly` only its kind: ``a number``, ``text``.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinity"
    if not _spoken.get() and isinstance(value, int | float | str):
        kinds = {int: "an integer", float: "a number", str: "text"}
        return next(words for kind, words in kinds.items() if isinstance(value, kind))
    if isinstance(value, int | float):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:20]}…"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:37]}…"'
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return f"a {type(value).__name__}"


class Problems:
    """Collects problems; the first :data:`LIMIT` are kept, the rest counted."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self.kept: list[dict[str, str]] = []
        self.count = 0

    def add(self, path: str, reason: str) -> None:
        """One more problem at a JSON pointer."""
        self.count += 1
        if len(self.kept) < self._limit:
            self.kept.append({"path": path, "reason": reason})

    def check(self) -> None:
        """Raise what was collected.

        Raises
        ------
        InputError
            Where there is at least one problem; ``detail["problems"]`` lists them.
        """
        if not self.count:
            return
        said, told = _members(self.kept)
        if not said:
            first, told = self.kept[0], 1
            where = f"{first['path']}: " if first["path"] else ""
            said = f"{where}{first['reason']}"
        more = f" ({self.count - told} more)" if self.count > told else ""
        raise InputError(f"{said}{more}", problems=self.kept, problem_count=self.count)


def _members(problems: list[dict[str, str]]) -> tuple[str, int]:
    """Name all that the first row, or call, lacks or has besides; how many these are."""
    parent = problems[0]["path"].rpartition("/")[0]
    found: dict[str, list[str]] = {MISSING: [], EXTRA: []}
    for one in problems:
        above, _, name = one["path"].rpartition("/")
        if above == parent and one["reason"].startswith((MISSING, EXTRA)):
            reason = MISSING if one["reason"].startswith(MISSING) else EXTRA
            found[reason].append(name.replace("~1", "/").replace("~0", "~"))
    count = sum(map(len, found.values()))
    if count < 2:  # one alone has its whole reason
        return "", 0
    parts = [f"{', '.join(names)} {_PLURAL[why]}" for why, names in found.items() if names]
    return (f"{parent}: " if parent else "") + "; ".join(parts), count
