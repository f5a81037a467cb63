"""The monitor's charts: effect beside floor and limit, values then and now, days, a live metric."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.charts import percent
from jupyter_lifecycle.widgets.markup import Markup, element, join, shorten
from jupyter_lifecycle.widgets.monitor_values import missing_share, outside
from jupyter_lifecycle.widgets.plots import (
    BITS,
    INK,
    INK_2,
    INK_3,
    LINE,
    STALE,
    Scale,
    bit_word,
    bits,
    dot,
    drawing,
    hatched,
    limit,
    polyline,
    rect,
    stroke,
    ticks,
    words,
)
from jupyter_lifecycle.widgets.words import moment, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jupyter_lifecycle.monitoring import ColumnProfile
    from jupyter_lifecycle.widgets.monitor_values import Column, Live, Mark
    from jupyter_lifecycle.widgets.plots import Anchor

_STRIP = 158
_SPARK = 98
_CATEGORIES = 8


def strip(column: Column) -> Markup:
    """Draw an effect on the log axis: hatched to its floor, its interval, the limit dashed."""
    scale = bits(4, _STRIP - 4)
    parts = [
        hatched(4, 6, scale(column.floor) - 4, 10),
        stroke(f"M4 11H{_STRIP - 4}"),
        limit(f"M{scale(column.limit):.1f} 2V20"),
    ]
    said = f"noise floor {_short(column.floor)} bit"
    if column.effect is not None:
        tone = STALE if column.verdict == "moved" else INK
        if column.interval:
            low, high = (scale(end) for end in column.interval)
            parts.append(stroke(f"M{low:.1f} 11H{high:.1f}", tone, 2.5))
        parts.append(dot(scale(column.effect), 11, 4, tone))
        said = f"effect {_short(column.effect)} bit, {said}"
    return drawing(_STRIP, 22, said, *parts)


def strip_head() -> Markup:
    """Draw the axis of the strips."""
    scale = bits(4, _STRIP - 4)
    ends: dict[float, Anchor] = {BITS[0]: "start", BITS[-1]: "end"}
    marks = (words(scale(mark), 12, bit_word(mark), ends.get(mark, "middle")) for mark in BITS)
    return drawing(_STRIP, 16, "bit, on a log scale from .001 to 1", *marks)


def _short(value: float) -> str:
    return f"{value:.2g}"


def spark(column: Column) -> Markup:
    """Draw an effect by day in a cell; days over limit and floor in amber."""
    points = [(at, value) for at, value in column.days if value is not None]
    if len(points) < 2:
        return Markup("")
    scale = bits(24, 3)
    step = (_SPARK - 8) / (len(column.days) - 1)
    places = {at: 2 + index * step for index, (at, _) in enumerate(column.days)}
    line = [(places[at], scale(value)) for at, value in points]
    bar = max(column.limit, column.floor)
    over = _last_run([value > bar for _, value in points])
    parts = [
        stroke(f"M2 {scale(column.limit):.1f}H{_SPARK - 6}", INK_3, 1, "2 3"),
        stroke(polyline(line), INK_3, 1.4),
        stroke(polyline(line[max(over - 1, 0) :]), STALE, 2) if over < len(line) else None,
        dot(*line[-1], 2.6, STALE if over < len(line) else INK_2),
    ]
    said = f"effect by day over {len(column.days)} days, {_short(points[-1][1])} bit at the end"
    return drawing(_SPARK, 28, said, *parts)


def _last_run(flags: Sequence[bool]) -> int:
    """Give where the run of True at the end begins; the length where there is none."""
    start = len(flags)
    while start and flags[start - 1]:
        start -= 1
    return start


def values(column: Column, window: str) -> Markup:
    """Draw what the values were at training and are now, with what lies outside and is missing."""
    then, now = column.reference, column.observed
    if then is None or now is None or not then.rows or not now.rows:
        return Markup("")
    said = f"{shorten(column.name)} at training and in the last {window}"
    if then.plan.kind == "number" and then.plan.edges:
        top = max(*_densities(then), *_densities(now), 0.0)
        steps = (_steps(then, top, fill=True), _steps(now, top, fill=False))
        parts = [*steps, *_range_axis(then)]
        gone = outside(then, now)
        bars = [("outside", 0.0, gone or 0.0, True)]
    elif then.plan.kind == "category":
        parts = [_category_bars(then, now)]
        new = now.others / max(now.present, 1)
        bars = [("unseen", then.others / max(then.present, 1), new, new > 0)]
    else:
        return Markup("")
    bars.append(("missing", missing_share(then) or 0.0, missing_share(now) or 0.0, False))
    pairs = (_pair(284 + 76 * place, *bar) for place, bar in enumerate(bars))
    foot = words(362, 162, "share of values", "middle")
    return drawing(428, 168, said, *parts, *pairs, foot)


def _steps(profile: ColumnProfile, top: float, *, fill: bool) -> Markup:
    """Draw a distribution as steps between the frozen edges, its density as height."""
    edges = profile.plan.edges
    across = Scale(edges[0], edges[-1], 14, 254)
    up = Scale(0, top or 1.0, 126, 14)
    path = [(across(edges[0]), 126.0)]
    for (low, high), value in zip(pairwise(edges), _densities(profile), strict=True):
        path += [(across(low), up(value)), (across(high), up(value))]
    path.append((across(edges[-1]), 126.0))
    if fill:
        return element("path", d=polyline(path) + "z", fill=INK_3, opacity=".42")
    return stroke(polyline(path), INK, 1.8)


def _densities(profile: ColumnProfile) -> list[float]:
    """Give the share of all numbers by unit of width, of each bin between two edges."""
    total = sum(profile.counts) or 1
    steps = zip(pairwise(profile.plan.edges), profile.counts[1:-1], strict=True)
    return [count / total / (high - low) for (low, high), count in steps]


def _range_axis(profile: ColumnProfile) -> list[Markup]:
    low, high = profile.plan.edges[0], profile.plan.edges[-1]
    across = Scale(low, high, 14, 254)
    parts = [stroke("M14 126.5H254")]
    inner = [one for one in ticks(low, high, 5) if 48 < across(one) < 222]
    for value in (low, *inner[:3], high):
        parts.append(stroke(f"M{across(value):.1f} 126v4"))
        anchor: Anchor = "start" if value == low else "end" if value == high else "middle"
        parts.append(words(across(value), 143, number(value), anchor))
    return [*parts, words(134, 162, "bins frozen at save", "middle")]


def _category_bars(then: ColumnProfile, now: ColumnProfile) -> Markup:
    """Draw the largest categories side by side."""
    before, after = max(then.present, 1), max(now.present, 1)
    shares = [
        (str(name), count / before, seen / after)
        for name, count, seen in zip(then.plan.categories, then.counts, now.counts, strict=True)
    ]
    shown = sorted(shares, key=lambda one: -max(one[1:]))[:_CATEGORIES]
    top = max((max(one[1:]) for one in shown), default=1.0) or 1.0
    up = Scale(0, top, 0, 104)
    room = 240 / max(len(shown), 1)
    bar = min(room * 0.36, 22)
    parts = []
    for index, (name, old, new) in enumerate(shown):
        x = 14 + index * room + room / 2
        parts += [
            rect(x - bar - 1, 126 - up(old), bar, up(old), fill=INK_3, opacity=".42"),
            rect(x + 1, 126 - up(new), bar, up(new), fill="none", stroke=INK, stroke_width=1.6),
            words(x, 143, shorten(name, max(int(room / 7), 3)), "middle"),
        ]
    return join((*parts, stroke("M14 126.5H254")))


def _pair(x: float, label: str, old: float, new: float, flagged: bool) -> Markup:
    """Draw two shares beside each other: then in grey, now in ink, or amber where it matters."""
    up = Scale(0, 1, 0, 90)
    bad = flagged and new >= 0.01
    now_bar = (
        join(
            (
                hatched(x + 28, 126 - up(new), 22, up(new), stale=True),
                rect(x + 28, 126 - up(new), 22, up(new), fill="none", stroke=STALE),
            )
        )
        if bad
        else rect(x + 28, 126 - up(new), 22, up(new), fill="none", stroke=INK, stroke_width=1.6)
    )
    return join(
        (
            rect(x, 126 - up(old), 22, up(old), fill=INK_3, opacity=".42"),
            now_bar,
            stroke(f"M{x - 4:.0f} 126.5H{x + 54:.0f}"),
            words(x + 11, 122 - up(old), _percent(old), "middle"),
            words(
                x + 39,
                122 - up(new),
                _percent(new),
                "middle",
                tone="stale" if bad else "ink",
                bold=True,
            ),
            words(x + 25, 143, label, "middle"),
        )
    )


def _percent(share: float) -> str:
    return percent(share).replace("\u2009%", "").replace("under 0.1", "<0.1")


def by_day(column: Column, marks: Sequence[Mark], now: datetime) -> Markup:
    """Draw an effect by day, with its floor, its limit and what was deployed meanwhile."""
    if len(column.days) < 2:
        return Markup("")
    first, last = column.days[0][0], column.days[-1][0]
    across = Scale(first.timestamp(), last.timestamp(), 36, 420)
    up = bits(116, 12)
    points = [(across(at.timestamp()), up(v), v) for at, v in column.days if v is not None]
    bar = max(column.limit, column.floor)
    over = _last_run([value > bar for _, _, value in points])
    parts = [_bit_axis(up), hatched(36, up(column.floor), 384, 116 - up(column.floor))]
    parts.append(limit(f"M36 {up(column.limit):.1f}H420"))
    parts += [_mark(across(one.at.timestamp()), one) for one in marks if first <= one.at <= last]
    line = [(x, y) for x, y, _ in points]
    if line:
        parts.append(stroke(polyline(line), INK_2, 1.5))
    if over < len(line):
        parts.append(stroke(polyline(line[max(over - 1, 0) :]), STALE, 2))
    parts += [dot(x, y, 3.2, STALE) for x, y in line[over:]]
    parts.append(words(40, up(column.limit) - 5, f"limit {column.limit:g}"))
    parts += [words(36, 134, _date(first, now)), words(420, 134, _date(last, now), "end")]
    said = f"effect of {shorten(column.name)} by day, {_date(first, now)} to {_date(last, now)}"
    if over < len(line):
        said += f"; over the limit in the last {len(line) - over}"
    return drawing(428, 142, said, *parts)


def _bit_axis(up: Scale) -> Markup:
    parts: list[Markup] = []
    for mark in BITS:
        parts.append(stroke(f"M36 {up(mark):.1f}H420", LINE))
        parts.append(words(30, up(mark) + 4, bit_word(mark), "end"))
    return join(parts)


def _mark(x: float, mark: Mark) -> Markup:
    """Draw a deployment: a triangle on a line, which envelope and what it did."""
    beside: float = x - 6 if x > 120 else x + 6
    anchor: Anchor = "end" if x > 120 else "start"
    return join(
        (
            stroke(f"M{x:.1f} 12V116", INK_2),
            element("path", d=f"M{x - 4:.1f} 6h8l-4 6z", fill=INK_2),
            words(beside, 22, mark.envelope[:10], anchor),
            words(beside, 35, mark.words, anchor),
        )
    )


def _date(at: datetime, now: datetime) -> str:
    said = moment(at, now)
    return "today" if said.startswith("today") else said.rpartition(" ")[0]


def live(shown: Live, now: datetime) -> Markup:
    """Draw a metric of what was served by day, with intervals, over the band of its save."""
    if len(shown.days) < 2:
        return Markup("")
    ends = [end for _, _, low, high in shown.days for end in (low, high)]
    ends += shown.at_save[1:] if shown.at_save else ()
    low, high = min(ends), max(ends)
    room = (high - low) * 0.06 or 1.0
    up = Scale(low - room, high + room, 106, 10)
    across = Scale(0, len(shown.days) - 1, 44, 336)
    parts = []
    for mark in ticks(low - room, high + room, 4):
        parts.append(stroke(f"M38 {up(mark):.1f}H344", LINE))
        parts.append(words(32, up(mark) + 4, number(mark), "end"))
    if shown.at_save:
        value, bottom, top = shown.at_save
        parts.append(rect(38, up(top), 306, up(bottom) - up(top), fill=INK_3, opacity=".3"))
        parts.append(limit(f"M38 {up(value):.1f}H344"))
    for index, (_, value, bottom, top) in enumerate(shown.days):
        x = across(index)
        tone = STALE if worse(shown, bottom, top) else INK
        parts.append(stroke(f"M{x:.1f} {up(bottom):.1f}V{up(top):.1f}", tone, 1.6))
        parts.append(dot(x, up(value), 3.2, tone))
    first, last = _date(shown.days[0][0], now), _date(shown.days[-1][0], now)
    parts += [words(38, 124, first), words(344, 124, last, "end")]
    return drawing(352, 130, f"{shorten(shown.metric)} by day, {first} to {last}", *parts)


def worse(shown: Live, low: float, high: float) -> bool:
    """Whether an interval lies wholly on the worse side of what the metric was at save."""
    if shown.at_save is None:
        return False
    if shown.direction == "lower":
        return low > shown.at_save[2]
    return shown.direction == "higher" and high < shown.at_save[1]


def legend_effect() -> Markup:
    """Draw what the marks of the strips mean."""
    interval = element("svg", stroke("M1 5H21", INK, 2.5), dot(11, 5, 4, INK), width=22, height=10)
    floor = drawing(18, 10, "", hatched(0, 0, 18, 10))
    dashed = element("svg", limit("M4 0V14"), width=8, height=14)
    return join(
        (
            _legend(interval, "effect, 95 % interval"),
            _legend(floor, "noise floor"),
            _legend(dashed, "limit"),
        )
    )


def legend_values(window: str) -> Markup:
    """Draw what grey and line mean."""
    grey = element("svg", rect(0, 0, 16, 10, fill=INK_3, opacity=".42"), width=16, height=10)
    line = element("svg", stroke("M0 5H18", INK, 1.8), width=18, height=10)
    return join((_legend(grey, "training"), _legend(line, f"serving, last {window}")))


def _legend(sample: Markup, text: str) -> Markup:
    return element("span", sample, text, class_="jl-key", aria_hidden="true")
