"""The one place where text becomes markup: everything that comes from data is escaped here.

>>> str(element("b", "<script>"))
'<b>&lt;script&gt;</b>'
>>> str(element("p", "a & ", element("i", "b"), class_="note"))
'<p class="note">a &amp; <i>b</i></p>'
"""

from __future__ import annotations

from html import escape as _escape
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID = frozenset({"br", "hr", "img", "input", "wbr"})
_CONTROL: dict[int, str] = {code: chr(0x2400 + code) for code in range(32)} | {127: "\u2421"}
_CONTROL |= {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""Characters that turn the direction of all that follows are shown by their number."""
_LINES = {code: symbol for code, symbol in _CONTROL.items() if code not in (9, 10)}


class Markup(str):
    """Text that is markup already; only this module makes one from data."""

    __slots__ = ()


Child: TypeAlias = "str | Markup | int | None"


def escape(text: object) -> Markup:
    """Text of one line: markup is shown, newlines and control characters become symbols."""
    if isinstance(text, Markup):
        return text
    return Markup(_escape(str(text).translate(_CONTROL)))


def escape_lines(text: object) -> Markup:
    """Text of several lines, such as code: newlines and tabs stay."""
    if isinstance(text, Markup):
        return text
    return Markup(_escape(str(text).translate(_LINES)))


def join(children: Iterable[Child], separator: str = "") -> Markup:
    """One piece of markup of several; what is None is left out."""
    return Markup(escape(separator).join(escape(child) for child in children if child is not None))


def element(tag: str, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """One element; ``class_`` is ``class``, ``aria_label`` is ``aria-label``.

    Parameters
    ----------
    tag : str
        The element's name, such as ``div``.
    *children : str, Markup or None
        What stands in it: strings are escaped, None is left out.
    **attributes
        None and False are left out, True stands alone.
    """
    names = {key: key.rstrip("_").replace("_", "-") for key in attributes}
    parts = [
        f" {names[key]}" if value is True else f' {names[key]}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    ]
    opening = f"<{tag}{''.join(parts)}>"
    return Markup(opening) if tag in _VOID else Markup(f"{opening}{join(children)}</{tag}>")


def shorten(text: str, limit: int = 48) -> str:
    """Cut a long text in the middle: both ends of a name tell names apart.

    >>> shorten("origin_delay_last_hour", 11)
    'origi…_hour'
    """
    if len(text) <= limit:
        return text
    head = limit // 2
    return f"{text[:head]}…{text[head + 1 - limit :]}"


def name(text: str, limit: int = 48, *, class_: str = "jl-m") -> Markup:
    """Mark up a code name: isolated from the direction of its surroundings, cut in the middle."""
    short = shorten(text, limit)
    return element("bdi", short, class_=class_, dir="auto", title=text if short != text else None)
