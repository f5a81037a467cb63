"""What the tag panel shows, as markup: pure functions of tags, previews and history."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.effects import checks_of, lead_words
from jupyter_lifecycle.widgets.icons import glyph, icon
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.views import action, chip, mono, short, table
from jupyter_lifecycle.widgets.words import count, duration, moment, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry.records import TagChange
    from jupyter_lifecycle.widgets.effects import Check, Move
    from jupyter_lifecycle.widgets.markup import Child
    from jupyter_lifecycle.widgets.saved_before import Saved

MOST = 5


def head_extras(saved: Saved, now: datetime) -> tuple[Markup, Markup, Markup]:
    """Draw what stands beside the name: id, when and by whom it was saved."""
    return (
        element("span", mono(short(saved.id)), class_="jl-2"),
        element("span", class_="jl-grow"),
        element(
            "span", f"saved {moment(saved.created_at, now)} by {saved.author}", class_="jl-cap"
        ),
    )


def preview_view(
    moves: Sequence[Move], changes: tuple[int, int], checked: tuple[int, float], now: datetime
) -> Markup:
    """Draw what a change of tags would move.

    Parameters
    ----------
    moves : sequence of Move
        One for each endpoint that would move.
    changes : (int, int)
        Tags that are set and tags that are removed.
    checked : (int, float)
        How many rules were asked and how many seconds that took.
    now : datetime
        Aware; for the words of times.
    """
    added, removed = changes
    lead = lead_words(moves, added + removed, removing=not added)
    note = f"checked against {count(checked[0], 'rule')} in {duration(checked[1])}"
    head = element(
        "div",
        element("h3", lead),
        element("span", note, class_="jl-cap"),
        class_="jl-preview-head",
    )
    return join((head, *(move_view(move, now) for move in moves)))


def move_view(move: Move, now: datetime) -> Markup:
    """Draw how one endpoint would move: from what, to what, why, and what to know before."""
    rule = move.change.rule
    cells = (
        element("div", _envelope("Serving now", move.before, "nothing", now)),
        element("div", icon("arrow"), class_="jl-arrow", aria_hidden="true"),
        element("div", _envelope("Would serve", move.after, _none(move), now), class_="jl-next"),
        element(
            "div",
            element("dt", "Endpoint"),
            element("dd", element("b", rule.endpoint), element("small", f"target {rule.target}")),
            class_="jl-because",
        ),
        element(
            "div",
            element("dt", "Because of rule"),
            element("dd", mono(move.change.because), element("small", order_words(rule.order_by))),
            class_="jl-because",
        ),
    )
    rows = (
        (join((_check_glyph(check), check.title)), element("span", check.text))
        for check in checks_of(move)
    )
    checks = element("div", table((), rows), class_="jl-checks")
    return join((element("dl", *cells, class_="jl-move"), checks))


def _none(move: Move) -> str:
    return "nothing: 503" if move.retires else "as now"


def _envelope(label: str, saved: Saved | None, instead: str, now: datetime) -> Markup:
    if saved is None:
        return join((element("dt", label), element("dd", element("b", instead))))
    metrics = ", ".join(f"{key} {number(value)}" for key, value in list(saved.metrics.items())[:2])
    when = moment(saved.created_at, now)
    facts = f"{when} · {metrics}" if metrics else when
    return join(
        (
            element("dt", label),
            element("dd", element("b", mono(short(saved.id))), element("small", facts)),
        )
    )


def _check_glyph(check: Check) -> Markup:
    return icon("arrow") if check.state == "then" else glyph(check.state)


def order_words(order_by: str) -> str:
    """Say an order: the common one as words.

    >>> order_words("created_at desc"), order_words("metrics.mae")
    ('newest first', 'by metrics.mae')
    """
    return "newest first" if order_by.strip() == "created_at desc" else f"by {order_by}"


def tag_code(pending: Mapping[str, str], removed: Sequence[str], variable: str) -> str:
    """Write the lines that change the tags.

    >>> print(tag_code({"approved": "yes"}, ["hold"], "envelope"))
    envelope.tag(approved="yes")
    envelope.untag("hold")
    """
    lines = []
    if pending and all(key.isidentifier() for key in pending):
        items = ", ".join(f"{key}={quoted(value)}" for key, value in pending.items())
        lines.append(f"{variable}.tag({items})")
    elif pending:
        items = ", ".join(f"{quoted(key)}: {quoted(value)}" for key, value in pending.items())
        lines.append(f"{variable}.tag({{{items}}})")
    if removed:
        lines.append(f"{variable}.untag({', '.join(quoted(key) for key in removed)})")
    return "\n".join(lines)


def conflict_view(
    changes: Sequence[TagChange], mine: Mapping[str, str | None]
) -> tuple[Child, ...]:
    """Draw both versions of tags that somebody else changed meanwhile."""
    rows = (
        (
            mono(change.key),
            join((_value(change.after), f" by {change.author}")),
            _value(mine.get(change.key)),
        )
        for change in changes
    )
    return (
        table(("tag", "theirs", "yours"), rows),
        element(
            "p",
            action("Keep mine", "conflict:mine"),
            "  ",
            action("Take theirs", "conflict:theirs"),
        ),
    )


def _value(value: str | None) -> Markup:
    return element("span", "removed", class_="jl-2") if value is None else element("b", value)


def history_view(
    changes: Sequence[TagChange], saved: Saved, now: datetime, *, all_of_them: bool
) -> Markup:
    """Draw who changed which tags when, newest first.

    Parameters
    ----------
    changes : sequence of TagChange
        Oldest first.
    saved : Saved
        Their envelope.
    now : datetime
        Aware.
    all_of_them : bool
        Whether more than the last few are shown.
    """
    groups = [
        (at, author, list(group))
        for (at, author), group in groupby(changes, key=lambda change: (change.at, change.author))
    ][::-1]
    shown = groups if all_of_them else groups[:MOST]
    rows = (
        (
            moment(at, now),
            author,
            join((_changed(change) for change in group), " "),
            "at save" if abs((at - saved.created_at).total_seconds()) < 1 else "",
        )
        for at, author, group in shown
    )
    label = "Show fewer" if all_of_them else f"All {count(len(changes), 'change')}"
    head = element(
        "div",
        element("h3", "History"),
        element("span", class_="jl-grow"),
        action(label, "show:history", expanded=all_of_them) if len(groups) > MOST else None,
        class_="jl-part-head",
    )
    empty = element("p", "No tag was ever set.", class_="jl-2")
    return join((head, table((), rows, right=3) if groups else empty))


def _changed(change: TagChange) -> Markup:
    gone = change.after is None
    return chip(change.key, (change.before if gone else change.after) or "", gone=gone)
