"""The charts of an experiment: its effect by day, guardrails, split, exposures, what it detects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.markup import Markup, element, join, shorten
from jupyter_lifecycle.widgets.plots import (
    ACCENT,
    ERROR,
    INK,
    INK_2,
    INK_3,
    LINE,
    STRONG,
    SURFACE,
    Scale,
    dot,
    drawing,
    limit,
    polyline,
    rect,
    signed,
    stroke,
    ticks,
    words,
)
from jupyter_lifecycle.widgets.series import colour
from jupyter_lifecycle.widgets.words import number

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[float, float, float]
"""An estimate and the ends of its interval."""

_FAIR = 3.2905
"""A fair split stays within so many deviations in 999 of 1,000 looks."""


def effect_by_day(
    points: Sequence[Point], *, place: int, decide: float | None, label: str, width: int = 720
) -> Markup:
    """Draw an effect with its sequential interval, a day a step.

    Parameters
    ----------
    points : sequence of (estimate, low, high)
        In percent of control, a day each, the first day first.
    place : int
        Of the arm among the sides: 1 for B.
    decide : float, optional
        The smallest effect that matters, in percent.
    label : str
        What it shows, as a sentence.
    width : int
        Pixels: text keeps its size, so that a narrow place gets a drawing of its own.
    """
    if not points:
        return Markup("")
    ends = [end for one in points for end in one[1:] if math.isfinite(end)]
    cap = 3 * max([abs(one[0]) for one in points] + [decide or 0, _width(points[-1])])
    low, high = max(min([*ends, 0]), -cap), min(max([*ends, 0, decide or 0]), cap)
    room = (high - low) * 0.06 or 1.0
    up = Scale(low - room, high + room, 232, 12)
    across = Scale(1, max(len(points), 2), 46, width - 20)
    parts = []
    for mark in ticks(low - room, high + room):
        parts.append(stroke(f"M46 {up(mark):.1f}H{width - 8}", STRONG if mark == 0 else LINE))
        parts.append(words(38, up(mark) + 4, signed(mark), "end"))
    if decide is not None:
        parts.append(limit(f"M46 {up(decide):.1f}H{width - 8}"))
        parts.append(words(50, up(decide) - 5, f"decide on {decide:g}"))
    parts += _band(points, across, up, colour(place))
    parts += _days(len(points), across, 250)
    return drawing(width, 256, label, *parts)


def _width(point: Point) -> float:
    return point[2] - point[1] if math.isfinite(point[2] - point[1]) else 0.0


def _band(points: Sequence[Point], across: Scale, up: Scale, tone: str) -> list[Markup]:
    tops = [(across(day), up(high)) for day, (_, _, high) in enumerate(points, 1)]
    lows = [(across(day), up(low)) for day, (_, low, _) in enumerate(points, 1)]
    line = [(across(day), up(value)) for day, (value, _, _) in enumerate(points, 1)]
    x, y = line[-1]
    return [
        element("path", d=polyline([*tops, *lows[::-1]]) + "z", fill=tone, opacity=".15"),
        stroke(polyline(tops), tone),
        stroke(polyline(lows), tone),
        stroke(polyline(line), tone, 2.2),
        stroke(f"M{x:.1f} {lows[-1][1]:.1f}V{tops[-1][1]:.1f}", tone, 2.2),
        element(
            "rect", x=f"{x - 4.5:.1f}", y=f"{y - 4.5:.1f}", width=9, height=9, fill=tone,
            stroke=SURFACE,
        ),
    ]  # fmt: skip


def _days(count: int, across: Scale, y: float) -> list[Markup]:
    step = max(1, math.ceil(count / 10))
    shown = [*range(1, count, step), count]
    shown = [day for day in shown[:-1] if count - day >= step / 2] + [count]
    return [
        words(
            across(day), y, f"day {day}" if day == 1 else str(day), "middle",
            tone="ink" if day == count else "", bold=day == count,
        )
        for day in shown
    ]  # fmt: skip


def decided_strip(
    point: Point, decide: float | None, *, place: int, label: str, width: int = 720
) -> Markup:
    """Draw the interval that was reached on one line, with no effect and what matters marked."""
    value, low, high = point
    ends = [end for end in (low, high, 0.0, decide or 0.0) if math.isfinite(end)]
    room = (max(ends) - min(ends)) * 0.25 or 1.0
    across = Scale(min(ends) - room, max(ends) + room, 16, width - 16)
    tone = colour(place)
    parts = [stroke(f"M16 26H{width - 16}"), stroke(f"M{across(0):.1f} 12V40", INK_2)]
    for mark in ticks(min(ends) - room, max(ends) + room, 6 if width > 400 else 4):
        text = "no effect" if mark == 0 else signed(mark)
        parts.append(words(across(mark), 54, text, "middle"))
    if decide is not None:
        parts.append(limit(f"M{across(decide):.1f} 14V38"))
        parts.append(words(across(decide), 10, f"{decide:g}", "middle"))
    parts.append(stroke(f"M{across(low):.1f} 26H{across(high):.1f}", tone, 5))
    x = across(value)
    parts.append(rect(x - 6, 20, 12, 12, fill=tone, stroke=SURFACE))
    return drawing(width, 60, label, *parts)


def margin_strip(point: Point | None, margin: float, *, better: str, known: bool) -> Markup:
    """Draw a guardrail: its difference and interval against the margin that it may not pass.

    Parameters
    ----------
    point : (estimate, low, high), optional
        In the metric's unit.
    margin : float
        How much worse it may be.
    better : str
        ``higher`` or ``lower``.
    known : bool
        Whether there is data enough to judge.
    """
    edge = margin if better == "lower" else -margin
    ends = [0.0, edge, *([one for one in point if math.isfinite(one)] if point else [])]
    room = (max(ends) - min(ends)) * 0.15 or 1.0
    across = Scale(min(ends) - room, max(ends) + room, 8, 202)
    parts = [
        stroke("M8 12H202"),
        stroke(f"M{across(0):.1f} 5V19", INK_3),
        limit(f"M{across(edge):.1f} 2V22"),
    ]
    said = f"margin {number(edge)}"
    if point is not None:
        tone = INK if known else INK_3
        value, low, high = point
        parts.append(stroke(f"M{across(low):.1f} 12H{across(high):.1f}", tone, 2.5))
        parts.append(rect(across(value) - 4, 8, 8, 8, fill=tone, stroke=SURFACE))
        said = f"difference {signed(value)}, {signed(low)} to {signed(high)}, {said}"
    return drawing(210, 24, said, *parts)


def split_by_day(counts: Sequence[tuple[int, int]], planned: float, *, broken: bool) -> Markup:
    """Draw the treatment's share of the units by day, with the band in which a fair one stays.

    Parameters
    ----------
    counts : sequence of (int, int)
        Units of control and of treatment up to each day.
    planned : float
        Treatment's part of both, as the weights say.
    broken : bool
        Whether the split is not the planned one.
    """
    shown = [(a, b) for a, b in counts if a + b]
    if not shown:
        return Markup("")
    shares = [b / (a + b) for a, b in shown]
    widths = [_FAIR * math.sqrt(planned * (1 - planned) / (a + b)) for a, b in shown]
    reach = max([abs(one - planned) for one in shares] + [min(max(widths), 6 * widths[-1])]) * 1.1
    up = Scale((planned - reach) * 100, (planned + reach) * 100, 108, 10)
    across = Scale(1, max(len(shown), 2), 52, 388)
    tops = [(across(d), up((planned + w) * 100)) for d, w in enumerate(widths, 1)]
    lows = [(across(d), up((planned - w) * 100)) for d, w in enumerate(widths, 1)]
    band = element(
        "path", d=polyline([*tops, *lows[::-1]]) + "z", fill="url(#jl-hatch)", opacity=".75"
    )
    parts: list[Markup] = [band]
    for mark in ticks(up.low, up.high, 4):
        parts.append(stroke(f"M52 {up(mark):.1f}H396", LINE))
        parts.append(words(46, up(mark) + 4, f"{mark:g}\u2009%", "end"))
    line = [(across(d), up(one * 100)) for d, one in enumerate(shares, 1)]
    tone = ERROR if broken else INK
    parts.append(stroke(polyline(line), tone, 1.8))
    parts.append(dot(*line[-1], 3.6, tone))
    if broken:
        x, y = line[-1]
        text = f"{shares[-1] * 100:.2f}\u2009%"
        parts.append(words(x, y + 16, text, "end", tone="error", bold=True))
    parts += _days(len(shown), across, 126)
    said = f"share of treatment by day, {shares[-1]:.1%} now, {planned:.1%} planned"
    return drawing(400, 132, said, *parts)


def exposures_by_day(counts: Sequence[Sequence[int]], arms: Sequence[str]) -> Markup:
    """Draw the units exposed up to each day, a line each arm."""
    if not counts:
        return Markup("")
    top = max(max(one) for one in counts) or 1
    up, across = Scale(0, top * 1.1, 108, 10), Scale(1, max(len(counts), 2), 58, 388)
    parts: list[Markup] = []
    for mark in ticks(0, top * 1.1, 4):
        parts.append(stroke(f"M58 {up(mark):.1f}H396", LINE))
        parts.append(words(52, up(mark) + 4, number(mark), "end"))
    for place in range(len(arms)):
        line = [(across(day), up(one[place])) for day, one in enumerate(counts, 1)]
        parts.append(stroke(polyline(line), colour(place), 2, "7 4" if place else ""))
    parts += _days(len(counts), across, 126)
    said = ", ".join(
        f"{shorten(arm, 20)} {count:,}" for arm, count in zip(arms, counts[-1], strict=True)
    )
    return drawing(400, 132, f"units exposed by day: {said}", *parts)


def detectable_by_day(effects: Sequence[tuple[int, float]], chosen: int) -> Markup:
    """Draw the smallest effect that is detected by day, in percent, with one day marked."""
    if len(effects) < 2:
        return Markup("")
    days = [day for day, _ in effects]
    top = max(effect for _, effect in effects)
    across, up = Scale(days[0], days[-1], 36, 372), Scale(0, top * 1.1, 132, 12)
    parts: list[Markup] = []
    for mark in ticks(0, top * 1.1, 5):
        parts.append(stroke(f"M36 {up(mark):.1f}H380", STRONG if mark == 0 else LINE))
        parts.append(words(30, up(mark) + 4, number(mark), "end"))
    parts.append(stroke(polyline([(across(d), up(e)) for d, e in effects]), INK_2, 2))
    found = dict(effects)
    if chosen in found:
        x, y = across(chosen), up(found[chosen])
        parts.append(stroke(f"M36 {y:.1f}H{x:.1f}V132", ACCENT, 1.4, "3 3"))
        parts.append(dot(x, y, 5, ACCENT))
        text = f"{found[chosen]:.2g}\u2009% on day {chosen}"
        parts.append(words(min(x + 9, 262), y - 8, text, tone="ink", bold=True))
    shown = [days[0], *(day for day in (7, 14, 21) if days[0] + 2 < day < days[-1] - 2), days[-1]]
    parts += [words(across(day), 150, str(day), "middle") for day in shown]
    said = f"smallest effect detected by day, {effects[-1][1]:.2g} percent on day {days[-1]}"
    return drawing(388, 156, said, *parts)


def progress(share: float, label: str) -> Markup:
    """Draw how much of what is needed is there."""
    done = min(max(share, 0.0), 1.0) * 300
    parts = (
        rect(0, 5, 300, 6, fill=LINE, rx=3),
        rect(0, 5, done, 6, fill=INK_2, rx=3),
    )
    return drawing(300, 16, label, join(parts))
