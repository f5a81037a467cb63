"""The card under a ``%%feature`` cell: pure data in, escaped markup and plain text out.

The markup carries its own small style, so that a saved notebook looks right where no kernel runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from jupyter_lifecycle.widgets.charts import histogram, shares
from jupyter_lifecycle.widgets.icons import Glyph, glyph
from jupyter_lifecycle.widgets.markup import Markup, element, escape, join, name
from jupyter_lifecycle.widgets.words import count, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jupyter_lifecycle.widgets.wire import State

MOST_BLOCKS = 5
MOST_NAMED = 50
_CLASS = re.compile(r"\.(jl-[a-z0-9-]+)")
_GLYPHS: dict[str, Glyph] = {
    "fresh": "fresh",
    "cached": "cached",
    "stale": "stale",
    "running": "running",
    "error": "error",
}


@dataclass(frozen=True, slots=True)
class View:
    """One output of a cell: markup for the notebook, plain text for everything else."""

    html: Markup
    text: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        del include, exclude
        return {"text/html": str(self.html), "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class FeatureBlock:
    """One feature of a card; figures are words already.

    ``note`` is amber: why there are no figures. ``sample`` says which rows they are from.
    """

    name: str
    state: State
    dtype: str = ""
    doc: str = ""
    seconds: float | None = None
    facts: Sequence[tuple[str, str]] = ()
    histogram: Sequence[float] = ()
    categories: Sequence[tuple[str, float]] = ()
    head: Sequence[str] = ()
    sample: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A line at the foot of a card."""

    text: str
    kind: Literal["info", "stale", "unbound"] = "info"


@dataclass(frozen=True, slots=True)
class Card:
    """What a ``%%feature`` cell did."""

    blocks: Sequence[FeatureBlock]
    stale: Sequence[str] = ()
    """Features that became stale."""
    notes: Sequence[Note] = ()
    unchanged: int = 0
    """How many features are as before; shown where nothing else happened."""
    names: Sequence[str] = field(default=())
    """All features of the cell, for those that have no block."""


def feature_card(card: Card) -> View:
    """Draw the card under a ``%%feature`` cell.

    Parameters
    ----------
    card : Card
        Blocks of the features, most five of which are drawn, and what became of the graph.
    """
    if not card.blocks:
        return _plain_card(card)
    shown, more = card.blocks[:MOST_BLOCKS], card.blocks[MOST_BLOCKS:]
    parts = [*(_block(block) for block in shown), *([_folded(more)] if more else [])]
    parts += [_note(note) for note in card.notes]
    if card.stale:
        parts.append(_stale_foot(card.stale))
    return View(output(element("div", join(parts), class_="jl-panel")), _card_text(card))


def output(*children: Markup) -> Markup:
    """Wrap an output of a cell with the rules of the style sheet that it needs, and no others."""
    body = join(children)
    return element("div", element("style", Markup(_style_for(body))), body, class_="jl-out")


def act(label: str, what: str, *, link: bool = False) -> Markup:
    """Draw a button that the lab extension answers; hidden wherever it is not, as in a file.

    Parameters
    ----------
    label : str
        A verb and what it acts on.
    what : str
        ``interrupt``, ``cell:`` and a cell's id, ``run:`` and features with commas, or
        ``recompute``.
    link : bool
        Drawn as a link.
    """
    look = "jl-do jl-do-link" if link else "jl-do"
    return element("button", label, type="button", class_=look, data_jl_do=what)


def names_and_more(names: Sequence[str], most: int = 3) -> str:
    """Name the first and say how many more there are.

    >>> names_and_more(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


@cache
def _rules() -> tuple[tuple[frozenset[str], str], ...]:
    text = files("jupyter_lifecycle.widgets").joinpath("cards.css").read_text(encoding="utf-8")
    tokens, _, rest = text.partition("\n.jl-out *{")
    lines = [tokens, *(".jl-out *{" + rest).splitlines()]
    return tuple((frozenset(_CLASS.findall(line)) - {"jl-out"}, line) for line in lines if line)


def _style_for(body: str) -> str:
    return "".join(
        line
        for index, (classes, line) in enumerate(_rules())
        if index == 0 or not classes or any(one in body for one in classes)
    )


def _plain_card(card: Card) -> View:
    lines = [note.text for note in card.notes]
    if card.unchanged:
        lines.insert(0, f"Nothing changed: {count(card.unchanged, 'feature')} as before.")
    mark = glyph("fresh" if card.unchanged else "stale")
    rows = [
        element(
            "div",
            mark if not index else None,
            element("span", line, class_="jl-grow"),
            class_="jl-sum",
        )
        for index, line in enumerate(lines)
    ]
    if card.stale:
        rows.append(_stale_foot(card.stale))
        lines.append(_stale_words(card.stale))
    return View(output(join(rows)), "\n".join(lines))


def _block(block: FeatureBlock) -> Markup:
    head = element(
        "div",
        _mark(block.state),
        element("b", name(block.name)),
        element("span", block.dtype, class_="jl-m jl-mut") if block.dtype else None,
        element("span", block.doc, class_="jl-mut jl-trunc jl-grow", title=block.doc or None),
        element("span", block.sample, class_="jl-num jl-mut") if block.sample else None,
        _time(block.seconds),
        class_="jl-head",
    )
    note = _note(Note(block.note, "stale")) if block.note else None
    return element("div", head, _body(block), note, class_="jl-block")


def _mark(state: State) -> Markup:
    known = _GLYPHS.get(state)
    if known is not None:
        return glyph(known)
    ring = element(
        "circle", cx=6, cy=6, r=4.7, fill="none", stroke="currentColor", stroke_width=1.3
    )
    return element(
        "svg",
        ring,
        class_="jl-g jl-queued",
        viewBox="0 0 12 12",
        width=12,
        height=12,
        aria_hidden="true",
    )


def _time(seconds: float | None) -> Markup | None:
    if seconds is None:
        return None
    return element("span", duration(seconds), class_="jl-num jl-mut")


def _body(block: FeatureBlock) -> Markup | None:
    if not (block.facts or block.head):
        return None
    chart = shares(block.categories) or histogram(block.histogram, label=_sentence(block))
    first = element(
        "div",
        element("span", "first rows", class_="jl-mut"),
        element("div", "  ".join(block.head), class_="jl-m", dir="auto"),
        class_="jl-first",
    )
    facts = (part for fact in block.facts for part in _fact(*fact))
    return element(
        "div",
        element("div", chart, class_="jl-chart") if chart else None,
        element("div", join(facts), class_="jl-kv"),
        first,
        class_="jl-body",
    )


def _fact(label: str, figure: str) -> tuple[Markup, Markup]:
    return element("span", label, class_="jl-mut"), element("b", figure)


def _sentence(block: FeatureBlock) -> str:
    known = dict(block.facts)
    span = f" from {known['min']} to {known['max']}" if {"min", "max"} <= known.keys() else ""
    return f"Histogram of {block.name}, {count(len(block.histogram), 'bar')}{span}"


def _folded(blocks: Iterable[FeatureBlock]) -> Markup:
    rest = list(blocks)
    inner = join(_block(block) for block in rest)
    summary = element("summary", f"{len(rest):,} more", class_="jl-head")
    return element("div", element("details", summary, inner), class_="jl-more")


def _note(note: Note) -> Markup:
    return element("div", escape(note.text), class_=f"jl-note jl-{note.kind}", dir="auto")


def _stale_foot(stale: Sequence[str]) -> Markup:
    return element(
        "div",
        element("b", glyph("stale"), f" {len(stale):,} became stale", class_="jl-t-stale"),
        element("span", names_and_more(stale), class_="jl-mut jl-grow"),
        act("Recompute", _recompute(stale), link=True),
        class_="jl-foot",
    )


def _recompute(stale: Sequence[str]) -> str:
    """Name what is to run; with very many, all that is stale."""
    return f"run:{','.join(stale)}" if len(stale) <= MOST_NAMED else "recompute"


def _stale_words(stale: Sequence[str]) -> str:
    return f"{len(stale):,} became stale: {names_and_more(stale)}."


def _card_text(card: Card) -> str:
    lines = [_block_text(block) for block in card.blocks[:MOST_BLOCKS]]
    if len(card.blocks) > MOST_BLOCKS:
        rest = [block.name for block in card.blocks[MOST_BLOCKS:]]
        lines.append(f"{len(rest):,} more: {', '.join(rest)}")
    lines += [note.text for note in card.notes]
    if card.stale:
        lines.append(_stale_words(card.stale))
    return "\n".join(lines)


def _block_text(block: FeatureBlock) -> str:
    facts = ", ".join(f"{label} {figure}" for label, figure in block.facts)
    head = f"{block.sample or 'first rows'}: {' '.join(block.head)}" if block.head else ""
    parts = [block.dtype, facts, head, block.note]
    return f"{block.name}: " + "; ".join(part for part in parts if part)
