"""Charts of several envelopes together: a letter, a shape and a dash each, not colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.envelope.overlap import density
from jupyter_lifecycle.widgets.markup import Markup, element, join

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.envelope import Expectation

_COLOURS = ("#0067a8", "#b5540a", "#00755a", "#8a3a9c", "#5a6270")
_DASHES = ("", "7 4", "2 2.5", "8 3 2 3", "12 4")
_MARGIN = 0.08
_POINTS = 60


def colour(place: int) -> str:
    """Give the colour of a side by its place, as the theme has it."""
    return f"var(--jl-series-{place + 1},{_COLOURS[place]})"


def letter(side: str) -> Markup:
    """Draw the letter of a side on its colour."""
    place = ord(side) - ord("A")
    return element("span", side, class_="jl-letter", style=f"background:{colour(place)}")


def legend(sides: Sequence[str]) -> Markup:
    """Draw what each line means."""
    items = (
        element("span", _line_sample(ord(side) - ord("A")), element("b", side)) for side in sides
    )
    return element("span", *items, class_="jl-legend")


def _line_sample(place: int) -> Markup:
    drawn = element(
        "path",
        d="M0 5H24",
        stroke=colour(place),
        stroke_width=2,
        stroke_dasharray=_DASHES[place] or None,
    )
    return element("svg", drawn, width=24, height=10, aria_hidden="true")


def dots(values: Sequence[float | None], baseline: int, *, label: str, width: int = 170) -> Markup:
    """Draw one metric of all sides as marks on one scale, with a tick at the baseline.

    Parameters
    ----------
    values : sequence of float or None
        By side; None is left out.
    baseline : int
        Place of the baseline.
    label : str
        The same as a sentence, for those who do not see it.
    width : int
        Pixels.
    """
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = (high - low) or 1.0
    low, span = low - span * _MARGIN, span * (1 + 2 * _MARGIN)
    at = [None if value is None else (value - low) / span * width for value in values]
    parts = [element("path", d=f"M0 9H{width}", stroke="var(--jl-line-strong,#bdbdbd)")]
    base = at[baseline]
    if base is not None:
        parts.append(
            element(
                "path",
                d=f"M{base:.1f} 1V17",
                stroke="var(--jl-ink-2,#616161)",
                stroke_dasharray="2 2",
            )
        )
    parts += [_mark(place, x) for place, x in enumerate(at) if x is not None]
    return element(
        "svg",
        *parts,
        width=width,
        height=18,
        viewBox=f"0 0 {width} 18",
        role="img",
        aria_label=label,
    )


def _mark(place: int, x: float) -> Markup:
    fill = colour(place)
    shapes = (
        f"M{x - 4.5:.1f} 9a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
        f"M{x - 4:.1f} 5h8v8h-8z",
        f"M{x:.1f} 4l5 9h-10z",
        f"M{x:.1f} 3.5l5.5 5.5l-5.5 5.5l-5.5-5.5z",
        f"M{x - 5:.1f} 7.5h3.5v-3.5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5z",
    )
    return element("path", d=shapes[place], fill=fill)


def polyline(place: int, points: Sequence[tuple[float, float]]) -> Markup:
    """Draw the line of a side through points of a drawing, with a mark at each."""
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    line = element(
        "path",
        d=path,
        fill="none",
        stroke=colour(place),
        stroke_width=1.8,
        stroke_dasharray=_DASHES[place] or None,
        vector_effect="non-scaling-stroke",
    )
    marks = (
        element(
            "path",
            d=f"M{x:.1f} {y:.1f}h0",
            stroke=colour(place),
            stroke_width=7,
            stroke_linecap="round",
            vector_effect="non-scaling-stroke",
        )
        for x, y in points
    )
    return join((line, *marks))


def overlay(
    profiles: Mapping[int, Expectation], *, label: str, width: int = 380, height: int = 92
) -> Markup:
    """Draw distributions over each other: numbers as curves, categories as bars side by side.

    Parameters
    ----------
    profiles : Mapping
        Profiles by the place of their side.
    label : str
        What it shows, as a sentence.
    width, height : int
        Size of the drawing; it is as wide as its place.

    Returns
    -------
    Markup
        Empty where there is nothing to draw.
    """
    numbers = {place: one for place, one in profiles.items() if one.edges}
    if numbers:
        drawn = _curves(numbers, width, height)
    elif any(one.categories for one in profiles.values()):
        drawn = _bars(profiles, width, height)
    else:
        return Markup("")
    base = element("path", d=f"M0 {height - 0.5}H{width}", stroke="var(--jl-line-strong,#bdbdbd)")
    return element(
        "svg",
        *drawn,
        base,
        class_="jl-chart",
        viewBox=f"0 0 {width} {height}",
        preserveAspectRatio="none",
        height=height,
        role="img",
        aria_label=label,
    )


def ends(profiles: Mapping[int, Expectation]) -> tuple[float, float]:
    """Give the range that curves are drawn over: what nearly all values lie in."""
    lows, highs = [], []
    for one in profiles.values():
        reach = one.edges[-1] - one.edges[0]
        low, high = (float(end) for end in (one.minimum or 0, one.maximum or 0))
        lows.append(max(low, one.edges[0] - 0.6 * reach))
        highs.append(min(high, one.edges[-1] + 0.6 * reach))
    low, high = min(lows), max(highs)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _curves(profiles: Mapping[int, Expectation], width: int, height: int) -> list[Markup]:
    low, high = ends(profiles)
    places = [low + (high - low) * index / (_POINTS - 1) for index in range(_POINTS)]
    curves = {place: _smooth(density(one, places)) for place, one in profiles.items()}
    top = max((max(one) for one in curves.values()), default=1.0) or 1.0
    drawn = []
    for place, one in curves.items():
        points = [
            f"{index * width / (_POINTS - 1):.1f} {height - 1 - value / top * (height - 8):.1f}"
            for index, value in enumerate(one)
        ]
        path = "M" + "L".join(points)
        if place == min(curves):
            area = f"{path}L{width} {height}L0 {height}z"
            drawn.append(element("path", d=area, fill=colour(place), fill_opacity=".12"))
        drawn.append(
            element(
                "path",
                d=path,
                fill="none",
                stroke=colour(place),
                stroke_width=1.8,
                stroke_dasharray=_DASHES[place] or None,
                vector_effect="non-scaling-stroke",
            )
        )
    return drawn


def _smooth(values: Sequence[float]) -> list[float]:
    """Average over neighbours: steps between the bins' edges say nothing."""
    found = list(values)
    for _ in range(2):
        padded = [found[0], found[0], *found, found[-1], found[-1]]
        found = [sum(padded[index : index + 5]) / 5 for index in range(len(found))]
    return found


def _bars(profiles: Mapping[int, Expectation], width: int, height: int) -> list[Markup]:
    names: dict[str, float] = {}
    for one in profiles.values():
        for value, share in one.categories:
            names[str(value)] = max(names.get(str(value), 0.0), share)
    shown = sorted(names, key=lambda name: -names[name])[:8]
    top = max(names.values(), default=1.0) or 1.0
    group = width / max(len(shown), 1)
    bar = group * 0.8 / len(profiles)
    drawn = []
    for column, name in enumerate(shown):
        for order, (place, one) in enumerate(profiles.items()):
            share = {str(value): share for value, share in one.categories}.get(name, 0.0)
            tall = share / top * (height - 8)
            drawn.append(
                element(
                    "rect",
                    element("title", name),
                    x=f"{column * group + group * 0.1 + order * bar:.1f}",
                    y=f"{height - 1 - tall:.1f}",
                    width=f"{max(bar - 1, 1):.1f}",
                    height=f"{tall:.1f}",
                    fill=colour(place),
                )
            )
    return drawn


def steps_words(values: Sequence[str]) -> Markup:
    """Write words in a row, each with the letter of its side."""
    return join(
        (
            element("span", letter(chr(65 + place)), " ", words, class_="jl-lettered")
            for place, words in enumerate(values)
        ),
        " ",
    )
