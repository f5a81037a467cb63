"""Pieces of markup that all panels share: pure functions of values, everything escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from jupyter_lifecycle.widgets.icons import glyph, icon
from jupyter_lifecycle.widgets.markup import Markup, element, escape_lines, join, name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jupyter_lifecycle.widgets.icons import Glyph, Icon
    from jupyter_lifecycle.widgets.markup import Child

Tone = Literal["", "fresh", "stale", "error", "running", "queued", "away"]

_TOKEN = re.compile(
    r"(?P<s>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<k>\b(?:import|from|as|for|in|if|else|def|return|lambda|None|True|False)\b)"
    r"|(?P<n>(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)"
)


def short(envelope_id: str | None) -> str:
    """Give the ten digits of an id that are shown."""
    return (envelope_id or "")[:10]


def code(text: str) -> Markup:
    """Colour strings, numbers and keywords of a line of Python."""
    parts: list[Markup] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts.append(escape_lines(text[end : match.start()]))
        parts.append(element("span", escape_lines(match[0]), class_=f"jl-{match.lastgroup}"))
        end = match.end()
    parts.append(escape_lines(text[end:]))
    return join(parts)


def copy_button(what: str) -> Markup:
    """Draw a button that copies the text marked in the same block."""
    return element(
        "button",
        type="button",
        class_="jl-copy",
        data_jl_copy="",
        aria_label=f"Copy {what}",
        title="Copy",
    )


def code_block(text: str, *, what: str = "code", python: bool = True, wrap: bool = False) -> Markup:
    """Draw code with a button to copy it."""
    body = code(text) if python else escape_lines(text)
    return element(
        "div",
        element("pre", body, class_=f"jl-copy-text{' jl-wrap' if wrap else ''}"),
        copy_button(what),
        class_="jl-code jl-copied-from",
    )


def copied_id(envelope_id: str) -> Markup:
    """Draw an id with a button to copy it."""
    return element(
        "span",
        element("span", short(envelope_id), class_="jl-m jl-copy-text", title=envelope_id),
        copy_button("id"),
        class_="jl-id jl-copied-from",
    )


def title(drawn: Icon, text: str, *extras: Child) -> Markup:
    """Draw the head of a panel: icon, title, what stands beside it."""
    return element(
        "div",
        icon(drawn),
        element("h2", text, dir="auto"),
        *extras,
        class_="jl-title",
    )


def part_head(text: str, note: Child = None) -> Markup:
    """Draw the head of a part: its title and a note in the second ink."""
    beside = element("span", note, class_="jl-cap") if note else None
    return element("div", element("h3", text), beside, class_="jl-part-head")


def state_chip(tone: Tone, text: str) -> Markup:
    """Draw a state as glyph and words on its tint."""
    drawn = None if tone == "" or tone == "away" else glyph(tone)  # noqa: PLR1714 - narrows
    return element("span", drawn, text, class_=f"jl-state jl-{tone}")


def hint(text: Child, tone: Tone = "") -> Markup:
    """Draw the line under a field; with the tone ``error`` the field is marked."""
    drawn: Glyph | None = tone if tone in ("fresh", "stale", "error", "running") else None
    return element(
        "div",
        glyph(drawn) if drawn else None,
        element("span", text),
        class_="jl-hint jl-bad" if tone == "error" else "jl-hint",
    )


def band(tone: Tone, lead: str, text: Child = None, *extras: Child) -> Markup:
    """Draw a band: what happened in bold, why behind it, what can be done at its end."""
    drawn: Glyph = "error" if tone == "error" else "stale"
    return element(
        "div",
        glyph(drawn),
        element("div", element("b", lead), element("div", text) if text else None),
        *extras,
        class_=f"jl-band jl-{tone}",
    )


def action(label: str, value: str, *, expanded: bool | None = None) -> Markup:
    """Draw a link that sends a value to the panel."""
    return element(
        "button",
        label,
        type="button",
        class_="jl-link",
        data_jl=value,
        aria_expanded=None if expanded is None else str(expanded).lower(),
    )


def chip(key: str, value: str, *, gone: bool = False) -> Markup:
    """Draw a tag as a chip that cannot be changed; struck where it was removed."""
    return element(
        "span",
        element("span", key, class_="jl-chip-key", dir="auto"),
        " ",
        element("b", value, class_="jl-chip-value", dir="auto"),
        class_=f"jl-chip jl-chip-{'removed' if gone else 'kept'}",
        title=f"{key} = {value}",
    )


def chips(tags: Mapping[str, str]) -> Markup:
    """Draw tags in the order of their keys."""
    return join((chip(key, tags[key]) for key in sorted(tags)), " ")


def table(head: Sequence[str], rows: Iterable[Sequence[Child]], *, right: int = -1) -> Markup:
    """Draw a plain table; the column ``right`` holds figures."""

    def cells(tag: str, values: Sequence[Child]) -> Markup:
        return join(
            element(tag, value, class_="jl-r jl-num" if index == right else None)
            for index, value in enumerate(values)
        )

    top = element("thead", element("tr", cells("th", head))) if head else None
    body = element("tbody", join(element("tr", cells("td", values)) for values in rows))
    return element("table", top, body, class_="jl-table")


def disclosure(label: str, note: str, value: str, body: Markup, *, opened: bool) -> Markup:
    """Draw something that can be opened in place; a click sends ``show:`` and the value."""
    head = element(
        "button",
        element("b", label),
        element("span", note, class_="jl-2") if note else None,
        type="button",
        class_="jl-disclosure",
        data_jl=f"show:{value}",
        aria_expanded=str(opened).lower(),
    )
    return join((head, body if opened else None))


def mono(text: str) -> Markup:
    """Draw the name of a code thing."""
    return name(text)


def listed(names: Sequence[str], most: int = 3) -> Markup:
    """Write names in a row: the first few, then how many more."""
    shown = join((mono(item) for item in names[:most]), ", ")
    rest = len(names) - most
    return join((shown, f" and {rest} more")) if rest > 0 else shown
