"""From text to a tree: lark reads; here are the nodes' meaning and the errors' words."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Never

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken
from lark.exceptions import VisitError

from jupyter_lifecycle.errors import QueryError, did_you_mean
from jupyter_lifecycle.registry.query.fields import field_of
from jupyter_lifecycle.registry.query.grammar import GRAMMAR, WORDS
from jupyter_lifecycle.registry.query.tree import (
    And,
    Compare,
    Exists,
    Field,
    In,
    Kind,
    Like,
    Node,
    Not,
    Or,
    OrderKey,
    Query,
    Value,
    atoms,
    depth,
)
from jupyter_lifecycle.registry.versions import is_version

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUOTED = re.compile(r"`((?:[^`]|``)+)`")
MAX_LENGTH = 10_000
MAX_CONDITIONS = 200
MAX_DEPTH = 40
MAX_ORDER_KEYS = 8


def parse(text: str) -> Query:
    """Read a query.

    Parameters
    ----------
    text : str
        A condition, an order, both or nothing; see docs/registry.md.

    Raises
    ------
    QueryError
        It does not parse, names no field or compares what cannot be compared;
        ``detail["position"]`` counts characters from 0.
    """
    if len(text) > MAX_LENGTH:
        _refuse(f"The query has {len(text):,} characters; {MAX_LENGTH:,} are taken.", MAX_LENGTH, 1)
    return _parse(text)


def parse_condition(text: str) -> Query:
    """Read a condition alone, as a rule's ``when`` has it."""
    query = parse(text)
    if query.order:
        position = max(text.lower().rfind("order"), 0)
        _refuse("An order does not belong here: it has a field of its own.", position, 5)
    return query


def parse_order(text: str) -> tuple[OrderKey, ...]:
    """Read an order alone (``metrics.auc desc, name``), as a rule's ``order_by`` has it."""
    lead = "order by "
    try:
        return parse(lead + text).order if text.strip() else ()
    except QueryError as error:
        position = max(int(error.detail.get("position", 0)) - len(lead), 0)
        detail = {**error.detail, "position": position}
        was = f"(position {error.detail.get('position')})"
        raise QueryError(error.message.replace(was, f"(position {position})"), **detail) from None


def parse_attributes(text: str) -> Node | None:
    """Read a condition over attributes of any names, which have no types but their values'.

    A number is compared with numbers and text with text; a dot belongs to the name. None where
    the text is empty: everything is meant.

    Raises
    ------
    QueryError
        It does not parse, or has an order.
    """
    if len(text) > MAX_LENGTH:
        _refuse(f"The query has {len(text):,} characters; {MAX_LENGTH:,} are taken.", MAX_LENGTH, 1)
    return _parse(text, attributes=True).where


@lru_cache(maxsize=512)
def _parse(text: str, *, attributes: bool = False) -> Query:
    try:
        query: Any = (_attributes_lark() if attributes else _lark()).parse(text)
    except UnexpectedToken as error:
        raise _explained_token(text, error) from None
    except UnexpectedCharacters as error:
        raise _explained_character(text, error) from None
    except VisitError as error:
        raise error.orig_exc from None
    assert isinstance(query, Query)
    if len(atoms(query.where)) > MAX_CONDITIONS:
        _refuse(f"The query has more than {MAX_CONDITIONS} conditions.", 0, len(text))
    if depth(query.where) > MAX_DEPTH:
        _refuse(f"The query is nested more than {MAX_DEPTH} deep.", 0, len(text))
    if len(query.order) > MAX_ORDER_KEYS:
        _refuse(f"The query is ordered by more than {MAX_ORDER_KEYS} keys.", 0, len(text))
    return query


@lru_cache(maxsize=1)
def _lark() -> Lark:
    # The transformer runs while the parser reduces: no recursion, however deep the brackets.
    return Lark(GRAMMAR, start="query", parser="lalr", lexer="basic", transformer=_Builder())


@lru_cache(maxsize=1)
def _attributes_lark() -> Lark:
    return Lark(GRAMMAR, start="query", parser="lalr", lexer="basic", transformer=_Attributes())


class _Builder(Transformer[Token, Any]):
    """Gives each rule of the grammar its node; ``text`` of an atom is rebuilt from its tokens."""

    def query(self, children: Sequence[Any]) -> Query:
        order: tuple[OrderKey, ...] = ()
        where: Node | None = None
        for child in children:
            if isinstance(child, tuple):
                order = child
            else:
                where = child
        return Query(where, order)

    def order(self, children: Sequence[Any]) -> tuple[OrderKey, ...]:
        return tuple(children[-1])

    def keys(self, children: Sequence[OrderKey]) -> tuple[OrderKey, ...]:
        return tuple(children)

    def key(self, children: Sequence[Token]) -> OrderKey:
        field = _valued(children[0], "order by")
        return OrderKey(field, len(children) > 1 and children[1].type == "DESC")

    def group(self, children: Sequence[Node]) -> Node:
        return children[0]

    def negation(self, children: Sequence[Any]) -> Node:
        return _negate(children[-1])

    def either(self, children: Sequence[Any]) -> Node:
        return Or(_flat(children, Or))

    def both(self, children: Sequence[Any]) -> Node:
        return And(_flat(children, And))

    def value(self, children: Sequence[Token]) -> Token:
        return children[0]

    def comparison(self, children: Sequence[Token]) -> Node:
        path, operator, literal = children
        word = "!=" if operator == "<>" else str(operator)
        field = self._field(path, word, [literal])
        value = _value(field, path, literal)
        if field.kind == "version" and word not in {"=", "!=", "<>"}:
            _check_version(path, str(value), literal)
        if word == "!=":
            return Not(Compare(field, "=", value, f"{path} = {literal}"))
        return Compare(field, word, value, f"{path} {word} {literal}")  # type: ignore[arg-type]

    def membership(self, children: Sequence[Token]) -> Node:
        path, *others = children
        literals = [token for token in others if token.type in {"TEXT", "NUMBER"}]
        field = self._field(path, "in", literals)
        values = tuple(_value(field, path, token) for token in literals)
        found = In(field, values, f"{path} in ({', '.join(literals)})")
        return Not(found) if others[0].type == "NOT" else found

    def likeness(self, children: Sequence[Token]) -> Node:
        path, *middle, literal = children
        field = self._field(path, "like", [literal])
        if field.kind not in {"text", "version"}:
            _refuse(f"like compares text, and {path} is a {field.kind}.", _at(path), len(path))
        word = middle[-1].type
        pattern = _text(literal)
        found = Like(field, pattern, word == "ILIKE", f"{path} {word.lower()} {literal}")
        return Not(found) if middle[0].type == "NOT" else found

    def nullness(self, children: Sequence[Token]) -> Node:
        found = Exists(self._named(children[0]), f"exists {children[0]}")
        return found if children[2].type == "NOT" else Not(found)

    def presence(self, children: Sequence[Token]) -> Node:
        path = children[-1]
        return Exists(self._named(path), f"exists {path}")

    def _named(self, path: Token) -> Field:
        return field_of(path, _at(path))

    def _field(self, path: Token, word: str, _literals: Sequence[Token]) -> Field:
        return _valued(path, word)


class _Attributes(_Builder):
    """The same language over a request's attributes."""

    def key(self, children: Sequence[Token]) -> OrderKey:
        path = children[0]
        _refuse("Attributes are chosen by, not ordered by.", _at(path), len(path))

    def _named(self, path: Token) -> Field:
        return Field("attribute", _attribute(path), "", "text")

    def _field(self, path: Token, _word: str, literals: Sequence[Token]) -> Field:
        kinds = {literal.type for literal in literals}
        if len(kinds) > 1:
            _refuse("Numbers and texts stand in one list.", _at(literals[0]), len(literals[0]))
        kind: Kind = "number" if kinds == {"NUMBER"} else "text"
        return Field("attribute", _attribute(path), "", kind)


def _attribute(path: Token) -> str:
    if path.endswith(")"):
        _refuse(f"{path} has a step, which no attribute has.", _at(path), len(path))
    return _QUOTED.sub(lambda found: found[1].replace("``", "`"), path)


def _flat(children: Sequence[Any], kind: type[And | Or]) -> tuple[Node, ...]:
    items: list[Node] = []
    for child in children:
        if isinstance(child, kind):
            items.extend(child.items)
        elif not isinstance(child, Token):
            items.append(child)
    return tuple(items)


def _negate(node: Node) -> Node:
    return node.item if isinstance(node, Not) else Not(node)


def _at(token: Token) -> int:
    return token.start_pos or 0


def _valued(token: Token, word: str) -> Field:
    field = field_of(token, _at(token))
    if field.kind == "presence":
        hint = f"Write {token}.type, or exists {token}."
        _refuse(
            f"{token} is there or not, it has no value for {word}. {hint}", _at(token), len(token)
        )
    return field


def _value(field: Field, path: Token, literal: Token) -> Value:
    place = (_at(literal), len(literal))
    if field.kind == "number":
        if literal.type != "NUMBER":
            _refuse(f"{path} is a number; {literal} is text. Write it without quotes.", *place)
        number = float(literal)
        if not math.isfinite(number):
            _refuse(f"{literal} is too large a number.", *place)
        return number
    if literal.type == "NUMBER":
        _refuse(f"{path} is {_kind_word(field)}; write '{literal}' in quotes.", *place)
    return _time(literal) if field.kind == "time" else _text(literal)


def _kind_word(field: Field) -> str:
    return {"time": "a time", "version": "a version"}.get(field.kind, "text")


def _check_version(path: Token, value: str, literal: Token) -> None:
    if not is_version(value):
        _refuse(
            f"{path} is a version, and {literal} is none that has an order: write one as '1.5'.",
            _at(literal),
            len(literal),
        )


def _text(literal: Token) -> str:
    quote = literal[0]
    text = literal[1:-1].replace(quote * 2, quote)
    if "\0" in text or any(0xD800 <= ord(character) < 0xE000 for character in text):
        _refuse("A text in a query has no NUL and no half characters.", _at(literal), len(literal))
    return text


def _time(literal: Token) -> int:
    text = _text(literal)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "Write it as '2026-03-14' or '2026-03-14T09:30:00Z'."
        _refuse(f"{literal} is not a time. {hint}", _at(literal), len(literal))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _explained_token(text: str, error: UnexpectedToken) -> QueryError:
    token = error.token
    if token.type == "$END":
        message = f"The query ends where {_expected(error)} should follow"
        return _refusal(f"{message} (position {len(text)}).", len(text), 0)
    position = _at(token)
    found = f"Found {token} where {_expected(error)} should stand (position {position})."
    return _refusal(found + _advice(token, error), position, len(token))


def _advice(token: Token, error: UnexpectedToken) -> str:
    wants_value = "TEXT" in error.expected
    if str(token) == "=":
        return " One = is enough."
    if token.type == "NULL" and wants_value:
        return " Write 'is null' or 'is not null'."
    if token.type == "FIELD" and wants_value:
        return f" Put text in quotes: '{token}'."
    if token.type == "FIELD":
        keywords = [name.lower() for name in error.expected if name not in WORDS]
        return did_you_mean(token.lower(), keywords)
    return ""


def _explained_character(text: str, error: UnexpectedCharacters) -> QueryError:
    position: Any = error.pos_in_stream  # lark types it as None
    if text.startswith(".`", position):
        position += 1
    character = text[position]
    where = f"(position {position})"
    if character in "'\"":
        return _refusal(
            f"The text that starts here has no closing {character} {where}.", position, 1
        )
    if character == "`":
        return _refusal(f"The name that starts here has no closing ` {where}.", position, 1)
    advice = {"&": " Write and.", "|": " Write or.", "!": " Write not, or !=."}.get(character, "")
    shown = character if character.isprintable() else repr(character)
    return _refusal(f"{shown} has no meaning in a query {where}.{advice}", position, 1)


def _expected(error: UnexpectedToken) -> str:
    names = set(error.expected)
    if {"TEXT", "NUMBER"} <= names:
        return "a value"
    if {"FIELD", "EXISTS"} <= names:
        return "a condition"
    if "OPERATOR" in names:
        return "a comparison, and, or, order by or the end"
    if "ORDER" in names:
        return "and, or, order by or the end"
    words = sorted(WORDS.get(name, name.lower()) for name in names)
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _refuse(message: str, position: int, length: int) -> Never:
    raise _refusal(message, position, length)


def _refusal(message: str, position: int, length: int) -> QueryError:
    if "(position" not in message:
        message = f"{message.removesuffix('.')} (position {position})."
    return QueryError(message, position=position, length=length)
