"""Conditions over a request's attributes, as nested lists and as functions.

The language has two values, as the registry's has: what is missing, or of another kind than what it
is compared with, equals nothing.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Test = Callable[[Mapping[str, Any]], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_tree(tree: Sequence[Any]) -> Test:
    """Make a function of a condition.

    Parameters
    ----------
    tree : sequence
        ``["and", …]``, ``["or", …]``, ``["not", …]``, ``["exists", name]``,
        ``["in", name, values]``, ``["like", name, pattern]``, ``[">=", name, value]``.

    Returns
    -------
    callable
        Takes the attributes, and says whether the condition holds.
    """
    word, *rest = tree
    if word in {"and", "or"}:
        tests = [compile_tree(one) for one in rest]
        every = all if word == "and" else any
        return lambda found: every(test(found) for test in tests)
    if word == "not":
        test = compile_tree(rest[0])
        return lambda found: not test(found)
    name = rest[0]
    if word == "exists":
        return lambda found: found.get(name) is not None
    return _atom(word, name, rest[1])


def _atom(word: str, name: str, value: Any) -> Test:
    if word == "in":
        number = bool(value) and not isinstance(value[0], str)
        values = frozenset(value)
        return lambda found: _as(found.get(name), number=number) in values
    if word in {"like", "ilike"}:
        fits = _pattern(value, folded=word == "ilike")
        return lambda found: fits(_as(found.get(name), number=False))
    compare, number = _COMPARE[word], not isinstance(value, str)

    def test(found: Mapping[str, Any]) -> bool:
        mine = _as(found.get(name), number=number)
        return mine is not None and compare(mine, value)

    return test


def _as(value: Any, *, number: bool) -> Any:
    """Give a value as a number or as text; None where it is neither or the other one."""
    if isinstance(value, bool):
        return None if number else str(value).lower()
    if number:
        return value if isinstance(value, int | float) else None
    return value if isinstance(value, str) else None


def _pattern(pattern: str, *, folded: bool) -> Callable[[Any], bool]:
    parts = re.findall(r"\\[%_\\]|%|_|[^%_\\]+|\\", pattern.casefold() if folded else pattern)
    words = {"%": ".*", "_": "."}
    text = "".join(
        words.get(part, re.escape(part[1:] if len(part) == 2 and part[0] == "\\" else part))
        for part in parts
    )
    compiled = re.compile(text, re.DOTALL)

    def fits(value: Any) -> bool:
        if value is None:
            return False
        return compiled.fullmatch(value.casefold() if folded else value) is not None

    return fits
