"""What may come next in a query that is being typed, by the grammar itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol

from lark import Lark, UnexpectedInput

from jupyter_lifecycle.errors import QueryError
from jupyter_lifecycle.registry.query.fields import COLUMNS, FAMILIES, SKEW, field_of, path_of
from jupyter_lifecycle.registry.query.grammar import GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jupyter_lifecycle.registry.query.tree import Field
    from jupyter_lifecycle.registry.records import Facet

Kind = Literal["field", "family", "operator", "value", "keyword"]

MOST = 12
_DESCRIBED = 8
"""Fields whose counts are asked for: each costs a look into an index."""

_PIECES = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[^\W\d](?:[\w.-]|`(?:[^`]|``)*`)*|`(?:[^`]|``)+`[\w.`-]*"
    r"|[+-]?[\d.]+(?:[eE][+-]?\d+)?|[<>!=]+|\S|\s+"
)
_WORD = re.compile(r"[^\W\d][\w.-]*(?:`(?:[^`]|``)*`?)?\Z|`(?:[^`]|``)*\Z")
_KEYWORDS = {
    "AND": "and",
    "OR": "or",
    "NOT": "not",
    "IN": "in (",
    "LIKE": "like",
    "ILIKE": "ilike",
    "IS": "is null",
    "EXISTS": "exists",
    "ORDER": "order by",
    "BY": "by",
    "NULL": "null",
    "ASC": "asc",
    "DESC": "desc",
}
_BETWEEN = frozenset({"not", "in", "like", "ilike"})
_OPERATORS = {
    "text": ("=", "!="),
    "number": ("<", "<=", ">", ">=", "=", "!="),
    "time": (">", "<"),
    "version": ("=", "<", "<=", ">", ">=", "!="),
}
_NOTES = {
    "name": "text, versions share it",
    "id": "text",
    "author": "text, who saved it",
    "created_at": "time, such as '2026-01-31'",
    "size": "number, bytes",
    "python": "version, such as '3.11.7'",
    "tags": "a tag",
    "metrics": "a metric's latest value",
    "input": "an input of the schema",
    "output": "an output of the schema",
    "package": "version of a package",
    "feature": "a feature behind the inputs",
    "deployment": "state at an endpoint",
    "skew": "how far what it sees has moved",
}


class Vocabulary(Protocol):
    """What is in a registry, as far as completion asks."""

    def keys(self, family: str) -> Sequence[str]:
        """Give the keys of ``tags`` or ``metrics``."""
        ...

    def facet(self, field: str, prefix: str = "", *, limit: int = 20) -> Facet:
        """Describe a field by what it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to go on."""

    text: str
    """What stands there afterwards, instead of the word that is being typed."""
    kind: Kind
    note: str = ""
    count: int | None = None
    """Envelopes that have it."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What may come next; it replaces the characters from ``start`` to where the caret is."""

    start: int
    suggestions: tuple[Suggestion, ...] = ()


def complete(text: str, position: int, words: Vocabulary) -> Completion:
    """Say what may come next in a query.

    Parameters
    ----------
    text : str
        The query as it is typed.
    position : int
        Where the caret is, in characters.
    words : Vocabulary
        What is in the registry.

    Returns
    -------
    Completion
        Empty where what stands before the caret cannot become a query.
    """
    before = text[:position]
    start, typed, quote = _being_typed(before)
    accepted = _accepted(before[:start])
    field = _last_field(before[:start])
    found = list(_suggestions(accepted, typed, quote, field, words))
    return Completion(start, tuple(found[:MOST]))


def _being_typed(before: str) -> tuple[int, str, str]:
    """Find where the word at the caret begins, the word, and the quote that it is in."""
    start = _open_quote(before)
    if start is not None:
        quote = before[start]
        return start, before[start + 1 :].replace(quote * 2, quote), quote
    word = _WORD.search(before)
    return (word.start(), word[0], "") if word else (len(before), "", "")


def _open_quote(before: str) -> int | None:
    """Find the quote that is not closed yet; a doubled one within stands for itself."""
    place = 0
    while match := re.search(r"['\"`]", before[place:]):
        start = place + match.start()
        mark, place = before[start], start + 1
        while True:
            end = before.find(mark, place)
            if end < 0:
                return None if mark == "`" else start
            place = end + 1
            if before[place : place + 1] != mark:
                break
            place += 1
    return None


def _accepted(before: str) -> frozenset[str]:
    """Give the grammar's terminals that may follow; none where it is no query's beginning."""
    try:
        parser = _lark().parse_interactive(before)
        parser.exhaust_lexer()
    except UnexpectedInput:
        return frozenset()
    return frozenset(parser.accepts())  # type: ignore[no-untyped-call]


@lru_cache(maxsize=1)
def _lark() -> Lark:
    return Lark(GRAMMAR, start="query", parser="lalr", lexer="basic")


def _last_field(before: str) -> Field | None:
    tokens = [match[0] for match in _PIECES.finditer(before) if not match[0].isspace()]
    for token in reversed(tokens):
        if not re.match(r"[^\W\d]|`", token) or token.lower() in _BETWEEN:
            continue
        try:
            return field_of(token, 0)
        except QueryError:
            return None
    return None


def _suggestions(
    accepted: frozenset[str], typed: str, quote: str, field: Field | None, words: Vocabulary
) -> Iterator[Suggestion]:
    if "TEXT" in accepted and field is not None and field.kind in ("text", "version"):
        yield from _values(field, typed, quote, words)
    if quote:
        return
    if "FIELD" in accepted:
        yield from _fields(typed, words)
    if "OPERATOR" in accepted and not typed:
        kind = field.kind if field is not None else "text"
        yield from (Suggestion(one, "operator") for one in _OPERATORS.get(kind, ()))
    for terminal, word in _KEYWORDS.items():
        near = word.startswith(typed.lower())
        if terminal in accepted and near and _fits(terminal, field, typed):
            yield Suggestion(word, "keyword")


def _fits(terminal: str, field: Field | None, typed: str) -> bool:
    """Leave out what the grammar takes and the field does not."""
    if terminal in ("LIKE", "ILIKE"):
        return field is not None and field.kind in ("text", "version")
    return terminal not in ("NOT", "EXISTS") or bool(typed)


def _values(field: Field, typed: str, quote: str, words: Vocabulary) -> Iterator[Suggestion]:
    if field.family not in ("tags", "package") and field.key not in ("name", "author", "python"):
        return
    path = field.key if field.family == "column" else path_of(field.family, field.key)
    mark = quote or "'"
    for value, number in words.facet(path, typed, limit=MOST).values:
        doubled = value.replace(mark, mark * 2)
        yield Suggestion(f"{mark}{doubled}{mark}", "value", "", number)


def _fields(typed: str, words: Vocabulary) -> Iterator[Suggestion]:
    family, dot, rest = typed.partition(".")
    if dot and family in FAMILIES:
        yield from _keys(family, rest.strip("`"), words)
        return
    low = typed.lower()
    for name in COLUMNS:
        if name.startswith(low):
            yield Suggestion(name, "field", _NOTES[name])
    for name in FAMILIES:
        if name.startswith(low):
            yield Suggestion(f"{name}.", "family", _NOTES[name])
    if low:
        yield from (one for name in ("metrics", "tags") for one in _keys(name, typed, words))


def _keys(family: str, typed: str, words: Vocabulary) -> Iterator[Suggestion]:
    if family == "skew":
        yield from (
            Suggestion(f"skew.{name}", "field") for name in SKEW if name.startswith(typed.lower())
        )
    if family not in ("tags", "metrics"):
        return
    low = typed.lower()
    keys = [key for key in words.keys(family) if low in key.lower()]
    keys.sort(key=lambda key: (not key.lower().startswith(low), key))
    for place, key in enumerate(keys[:MOST]):
        path = path_of(family, key)
        if place >= _DESCRIBED:
            yield Suggestion(path, "field")
            continue
        facet = words.facet(path, limit=3)
        yield Suggestion(path, "field", _note(facet), facet.count)


def _note(facet: Facet) -> str:
    if facet.low is not None and facet.high is not None:
        return f"number, {facet.low:.4g} to {facet.high:.4g}"
    return "text, " + ", ".join(value for value, _ in facet.values)
