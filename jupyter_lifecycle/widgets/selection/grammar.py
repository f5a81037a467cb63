"""Text to tree: the grammar of the selection language, with the place of every word.

::

    query     = both { [ "or" | "," ] both }        side by side means "or"
    both      = one { "and" one }
    one       = "not" one | hops
    hops      = [ [ number ] "+" ] core [ "+" [ number ] ]
    core      = "(" query ")" | field ":" value | measure compare figure | name
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

from jupyter_lifecycle.errors import SelectionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS = {
    "tag": "a tag, or one value of it: tag:owner, tag:owner=pricing",
    "cell": "the cell or the heading above it: cell:4, cell:'Rolling *'",
    "status": "the state: status:stale",
    "type": "the dtype: type:float64, type:int*",
    "prefix": "how the name begins: prefix:origin_",
    "kind": "feature, input or unbound: kind:input",
    "diff": "how it differs between two versions: diff:added, diff:any",
}
MEASURES = {
    "slow": "time of its last computation: slow>1s",
    "rows": "number of rows: rows>1M",
    "nulls": "share or number of nulls: nulls>5%, nulls>100",
    "bytes": "size of the column: bytes>10MB",
    "parents": "number of direct parents: parents=0",
    "children": "number of direct children: children=0",
}
ALIASES = {"time": "slow", "null": "nulls", "size": "bytes", "state": "status", "dtype": "type"}
WORDS = ("and", "or", "not")
_UNITS = {
    "slow": {"": 1, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60, "h": 3600},
    "bytes": {"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "k": 1e3, "m": 1e6, "g": 1e9},
    "rows": {"": 1, "k": 1e3, "m": 1e6, "g": 1e9},
    "nulls": {"": 1, "%": 0.01, "k": 1e3, "m": 1e6},
}
_FIGURE = re.compile(r"(\d+(?:\.\d+)?)\s*([^\d.]*)$")
_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"|(?P<compare>>=|<=|!=|==|[<>=])|(?P<sign>[()+:,])"
    r"""|(?P<word>[^\s()<>=!,"'+:]+)|(?P<odd>\S)"""
)
MOST_DEPTH = 100
"""Brackets and ``not`` within each other."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the query: from its first character to before its end."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """A quoted text without its quotes, any other as it is."""
        if self.kind != "quoted":
            return self.text
        return re.sub(r"\\(.)", r"\1", self.text[1:-1], flags=re.DOTALL)


@dataclass(frozen=True, slots=True)
class Name:
    """Nodes of a name or pattern."""

    pattern: str
    exact: bool
    """Quoted: its signs stand for themselves."""
    at: Span


@dataclass(frozen=True, slots=True)
class Attribute:
    """``field:value``."""

    field: str
    value: str
    wanted: str | None
    """For a tag what stands behind its equals sign."""
    at: Span


@dataclass(frozen=True, slots=True)
class Measure:
    """``measure > figure``."""

    field: str
    compare: Literal[">=", "<=", "!=", "=", "<", ">"]
    figure: float
    share: bool
    """The figure is a share, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Hops:
    """What it holds and so many hops around; None for all the way, 0 for none."""

    inner: Node
    up: int | None
    down: int | None


@dataclass(frozen=True, slots=True)
class Combined:
    """Several, joined by one operator."""

    operator: Literal["and", "or"]
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """All that the other is not."""

    inner: Node


Node = Name | Attribute | Measure | Hops | Combined | Not


def tokens(query: str) -> list[Token]:
    """Split a query into words and signs; blanks only part them."""
    return [
        Token(found.lastgroup or "odd", found.group(), found.start(), found.end())
        for found in _TOKEN.finditer(query)
    ]


def fail(message: str, at: Span, suggestion: str = "") -> NoReturn:
    """Raise the error of a place in the query."""
    raise SelectionError(
        message, position=at.start, length=max(1, at.end - at.start), suggestion=suggestion
    )


class _Parser:
    def __init__(self, query: str, found: Sequence[Token]) -> None:
        self._query = query
        self._tokens = found
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._query_()
        rest = self._peek()
        if rest is not None:
            fail(f"{rest.text} at character {rest.start + 1} closes no bracket.", _span(rest))
        return node

    def _peek(self, offset: int = 0) -> Token | None:
        at = self._at + offset
        return self._tokens[at] if at < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _is_word(self, *words: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "word" and token.text.lower() in words

    def _is_sign(self, text: str, offset: int = 0) -> bool:
        token = self._peek(offset)
        return token is not None and token.kind == "sign" and token.text == text

    def _end(self) -> Span:
        return Span(len(self._query), len(self._query))

    def _query_(self) -> Node:
        parts = [self._both()]
        while (token := self._peek()) is not None and not self._is_sign(")"):
            if self._is_word("or") or token.text == ",":
                self._next()
                if token.text == "," and self._peek() is None:
                    break
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Combined("or", tuple(parts))

    def _both(self) -> Node:
        parts = [self._one()]
        while self._is_word("and"):
            self._next()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Combined("and", tuple(parts))

    def _one(self) -> Node:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            fail(f"More than {MOST_DEPTH} brackets within each other.", self._end())
        if self._is_word("not"):
            self._next()
            node: Node = Not(self._one())
        else:
            node = self._hops()
        self._depth -= 1
        return node

    def _hops(self) -> Node:
        up: int | None = 0
        first, second = self._peek(), self._peek(1)
        if self._is_sign("+"):
            self._next()
            up = None
        elif (
            first is not None
            and second is not None
            and first.text.isdecimal()
            and self._is_sign("+", 1)
            and first.end == second.start
        ):
            up = int(first.text)
            self._next()
            self._next()
        core = self._core()
        down: int | None = 0
        sign = self._peek()
        before = self._tokens[self._at - 1]
        if sign is not None and self._is_sign("+") and sign.start == before.end:
            self._next()
            down = None
            number = self._peek()
            if number is not None and number.start == sign.end and number.text.isdecimal():
                down = int(self._next().text)
        return core if up == 0 and down == 0 else Hops(core, up, down)

    def _core(self) -> Node:
        token = self._peek()
        if token is None:
            fail("Something is missing at the end.", self._end())
        if self._is_sign("("):
            return self._bracket()
        if token.kind not in {"word", "quoted"} or self._is_word(*WORDS):
            fail(
                f"{token.text} at character {token.start + 1} has nothing before it.", _span(token)
            )
        self._next()
        after = self._peek()
        if token.kind == "word" and after is not None:
            if self._is_sign(":"):
                return self._attribute(token)
            if after.kind == "compare":
                return self._measure(token)
        return Name(token.value, token.kind == "quoted", _span(token))

    def _bracket(self) -> Node:
        opened = self._next()
        if self._is_sign(")"):
            fail("Nothing stands between the brackets.", Span(opened.start, self._next().end))
        node = self._query_()
        if self._peek() is None:
            fail(f"( at character {opened.start + 1} is never closed.", _span(opened))
        self._next()
        return node

    def _attribute(self, word: Token) -> Node:
        field = ALIASES.get(word.text.lower(), word.text.lower())
        if field not in FIELDS:
            _unknown(word, FIELDS, "field")
        self._next()
        value = self._value(f"{word.text}:")
        wanted = None
        after = self._peek()
        if field == "tag" and after is not None and after.text == "=":
            self._next()
            wanted = self._value(f"tag:{value.value}=").value
        end = self._tokens[self._at - 1].end
        return Attribute(field, value.value, wanted, Span(value.start, end))

    def _value(self, behind: str) -> Token:
        token = self._peek()
        if token is None or token.kind not in {"word", "quoted"}:
            at = self._end() if token is None else _span(token)
            fail(f"A value is missing behind {behind} at character {at.start + 1}.", at)
        return self._next()

    def _measure(self, word: Token) -> Node:
        field = ALIASES.get(word.text.lower(), word.text.lower())
        if field not in MEASURES:
            _unknown(word, MEASURES, "measure")
        compare = self._next()
        token = self._value(compare.text)
        found = _FIGURE.match(token.value)
        units = _UNITS.get(field, {"": 1})
        factor = units.get(found.group(2).lower()) if found else None
        if found is None or factor is None:
            known = ", ".join(unit for unit in units if unit)
            takes = f"a number and one of {known}" if known else "a number alone"
            fail(
                f"{token.text} at character {token.start + 1} is no figure for {field}. "
                f"It takes {takes}.",
                _span(token),
            )
        sign = "=" if compare.text == "==" else compare.text
        figure, share = float(found.group(1)) * factor, found.group(2) == "%"
        return Measure(field, sign, figure, share)  # type: ignore[arg-type]


def _unknown(word: Token, known: dict[str, str], what: str) -> NoReturn:
    names = [*known, *ALIASES]
    near = did_you_mean(word.text, names)
    suggestion = near.removeprefix(" Did you mean ").removesuffix("?") if near else ""
    hint = near or f" There is: {', '.join(known)}."
    fail(f"{word.text} at character {word.start + 1} is no {what}.{hint}", _span(word), suggestion)


def _span(token: Token) -> Span:
    return Span(token.start, token.end)


def parse(query: str) -> Node:
    """Read a query.

    Raises
    ------
    SelectionError
        With the place of what is wrong and, where one is near, what was probably meant.
    """
    found = tokens(query)
    if not found:
        fail("Nothing is asked for.", Span(0, 0))
    odd = next((token for token in found if token.kind == "odd"), None)
    if odd is not None:
        what = "opens a text that never ends" if odd.text in "\"'" else "means nothing here"
        fail(f"{odd.text} at character {odd.start + 1} {what}.", _span(odd))
    return _Parser(query, found).whole()
