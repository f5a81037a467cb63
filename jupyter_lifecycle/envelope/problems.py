"""What is wrong with rows: every problem with its JSON pointer, all at once up to a bound."""

from __future__ import annotations

import math
from typing import Any

from jupyter_lifecycle.errors import InputError

LIMIT = 100


def pointer(*parts: str | int) -> str:
    """Give a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def show(value: Any) -> str:  # noqa: PLR0911 - one line a kind
    """Give a JSON value in a few words: ``3.7``, ``"abc"``, ``true``, ``a list``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinity"
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
        first = self.kept[0]
        where = f"{first['path']}: " if first["path"] else ""
        more = f" ({self.count - 1} more)" if self.count > 1 else ""
        raise InputError(
            f"{where}{first['reason']}{more}", problems=self.kept, problem_count=self.count
        )
