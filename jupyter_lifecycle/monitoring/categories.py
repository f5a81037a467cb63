"""What a category is called: a short JSON scalar, the same in every process and in every store."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import Any

LONGEST = 48
"""Characters of a category's name; longer ones keep their beginning and a digest."""
_KEPT = 31
_EXACT = 2**63

Category = str | bool | int | float


def named(value: Any) -> Category:
    """Give the name of a category.

    Parameters
    ----------
    value
        Any scalar. Strings of up to :data:`LONGEST` characters, booleans, 64-bit integers and
        finite numbers are their own names; anything else is named by a bounded text.

    Examples
    --------
    >>> named("EWR"), named(True), named(7)
    ('EWR', True, 7)
    >>> len(named("x" * 1_000_000))
    48
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, int):
        return int(value) if -_EXACT <= value < _EXACT else _short(f"an integer {value:#x}")
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    item = getattr(value, "item", None)
    if callable(item):
        return named(item())
    return _short(f"{type(value).__name__} {value!s}"[: 4 * LONGEST])


def _short(text: str) -> str:
    """Bound a text; NUL and lone surrogates, which databases refuse, are written as escapes."""
    if len(text) > LONGEST:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        text = f"{text[:_KEPT]}…{digest}"
    if text.isascii() and "\0" not in text:
        return str(text)
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")[:LONGEST]


def key_of(name: Category) -> Any:
    """Give a dictionary's key under which ``True`` is not 1, while 1 is 1.0."""
    return ("boolean", name) if isinstance(name, bool) else name


def place_of(name: Category) -> int:
    """Give a category's place among all categories, 64 bits, as if drawn by chance."""
    kind = "number" if isinstance(name, int | float) and not isinstance(name, bool) else "other"
    text = repr(float(name)) if kind == "number" else f"{type(name).__name__}:{name}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
