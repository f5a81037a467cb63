"""Small charts as inline SVG: pure functions of numbers, coloured by the host's own theme.

The same markup stands in the live notebook and in the saved file; nothing is fetched, nothing
runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.markup import Markup, element, join, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARK = "var(--jl-ink-3,#8a8a8a)"
_BASE = "var(--jl-line-strong,#bdbdbd)"


def histogram(
    heights: Sequence[float], *, label: str = "", width: int = 168, height: int = 48
) -> Markup:
    """Draw a histogram: one bar a bin, on a base line.

    Parameters
    ----------
    heights : sequence of float
        Heights of the bars, 0 to 1; what lies outside is drawn at the edge.
    label : str
        What it shows, as a sentence for those who do not see it.
    width, height : int
        Size in pixels.

    Returns
    -------
    Markup
        An ``svg`` element; empty where there are no bars.
    """
    if not heights:
        return Markup("")
    step = width / len(heights)
    room = height - 4
    bars = (
        element(
            "rect",
            x=f"{index * step:.1f}",
            y=f"{height - 1 - share * room:.1f}",
            width=f"{max(step - 1, 0.6):.1f}",
            height=f"{share * room:.1f}",
            fill=_MARK,
        )
        for index, share in enumerate(min(max(value, 0.0), 1.0) for value in heights)
    )
    base = element("path", d=f"M0 {height - 0.5}H{width}", stroke=_BASE)
    return element(
        "svg",
        join(bars),
        base,
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=label or "Histogram",
    )


def line(values: Sequence[float], *, label: str = "", width: int = 300, height: int = 60) -> Markup:
    """Draw values in their order as a line, lowest at the foot and highest at the top.

    Parameters
    ----------
    values : sequence of float
        At least two.
    label : str
        What it shows, as a sentence for those who do not see it.
    width, height : int
        Size of the drawing; it is as wide as its place.

    Returns
    -------
    Markup
        An ``svg`` element; empty where there are fewer than two values.
    """
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = width / (len(values) - 1)
    points = " ".join(
        f"{index * step:.1f},{height - 3 - (value - low) / span * (height - 6):.1f}"
        for index, value in enumerate(values)
    )
    drawn = element(
        "polyline",
        points=points,
        fill="none",
        stroke="var(--jl-ink-2,#5f5f5f)",
        stroke_width="1.6",
        stroke_linejoin="round",
        vector_effect="non-scaling-stroke",
    )
    return element(
        "svg",
        drawn,
        class_="jl-chart",
        viewBox=f"0 0 {width} {height}",
        preserveAspectRatio="none",
        height=height,
        role="img",
        aria_label=label or "Values over time",
    )


def shares(categories: Sequence[tuple[str, float]], *, width: int = 168) -> Markup:
    """Draw the largest categories as named bars, largest first.

    Parameters
    ----------
    categories : sequence of (str, float)
        Value and its share of the rows, 0 to 1.
    width : int
        Size in pixels; a name is cut in the middle, whole in its tooltip.

    Returns
    -------
    Markup
        A table that reads as one; empty where there are no categories.
    """
    if not categories:
        return Markup("")
    largest = max((share for _, share in categories), default=0.0) or 1.0
    rows = (
        element(
            "tr",
            element("td", shorten(value, 12), class_="jl-m", title=value, dir="auto"),
            element("td", _bar(share / largest)),
            element("td", percent(share), class_="jl-r"),
        )
        for value, share in categories
    )
    return element("table", element("tbody", join(rows)), class_="jl-cat", width=width)


def _bar(share: float, width: int = 60) -> Markup:
    bar = element("rect", width=f"{max(share * width, 1):.1f}", height=7, fill=_MARK)
    return element("svg", bar, width=width, height=7, aria_hidden="true")


def percent(share: float) -> str:
    """Write a share with a thin space: ``76.3 %``, ``under 0.1 %``.

    >>> [" ".join(percent(share).split()) for share in (0.763, 1.0, 0.00002, 0.0)]
    ['76.3 %', '100 %', 'under 0.1 %', '0 %']
    """
    value = share * 100
    if 0 < value < 0.1:
        return "under 0.1\u2009%"
    text = f"{value:.1f}".removesuffix(".0")
    return f"{text}\u2009%"
