"""The marks that all measuring charts share: axis, noise floor, limit, interval, as inline SVG.

A **noise floor** is a hatched band from zero, a **limit** or **margin** a dashed line, an
**interval** a bar through its mark; the same four marks in monitor and experiments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jupyter_lifecycle.widgets.markup import Markup, element, join, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.widgets.markup import Child

INK = "var(--jl-ink,#212121)"
INK_2 = "var(--jl-ink-2,#616161)"
INK_3 = "var(--jl-ink-3,#8a8a8a)"
LINE = "var(--jl-line,#e0e0e0)"
STRONG = "var(--jl-line-strong,#bdbdbd)"
SURFACE = "var(--jl-surface,#fff)"
STALE = "var(--jl-stale,#bf7a00)"
ERROR = "var(--jl-error,#a3220d)"
ACCENT = "var(--jl-accent,#1976d2)"

Anchor = Literal["start", "middle", "end"]

_HATCHES = {
    "jl-hatch": (element("path", d="M0 0V5", stroke=INK_3, stroke_width=1.2),),
    "jl-hatch-stale": (
        element("rect", width=5, height=5, fill="var(--jl-stale-tint,#fff3d9)"),
        element("path", d="M0 0V5", stroke=STALE, stroke_width=1.6),
    ),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a value stands on an axis of a drawing; what lies outside stands at its end.

    Parameters
    ----------
    low, high : float
        Values at the ends, low under high.
    start, end : float
        Pixels at the ends; ``start`` may be larger, as on an upright axis.
    log : bool
        Whether equal steps multiply; both ends are positive then.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Give the pixel of a value."""
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)


BITS = (0.001, 0.01, 0.1, 1.0)
"""Marks of the axis of an effect: floor, limit and effect are all seen on it."""


def bits(start: float, end: float) -> Scale:
    """Make the axis of an effect in bits."""
    return Scale(BITS[0], BITS[-1], start, end, log=True)


def bit_word(value: float) -> str:
    """Write a mark of the axis without its leading nought: ``.01``.

    >>> [bit_word(value) for value in (0.001, 0.1, 1.0)]
    ['.001', '.1', '1']
    """
    return f"{value:g}".lstrip("0")


def drawing(width: int, height: int, label: str, *parts: Child, class_: str = "") -> Markup:
    """Put parts into one ``svg``, as wide as its place up to its own width.

    Parameters
    ----------
    width, height : int
        Size in pixels.
    label : str
        What it shows, as a sentence for those who do not see it.
    *parts : Markup
        What is drawn.
    class_ : str
        Further classes.
    """
    inner = join(parts)
    patterns = (_hatch(name) for name in _HATCHES if f"url(#{name})" in inner)
    return element(
        "svg",
        element("defs", *patterns) if "url(#jl-hatch" in inner else None,
        inner,
        class_=f"jl-plot {class_}".strip(),
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=label,
    )


def _hatch(name: str) -> Markup:
    return element(
        "pattern",
        *_HATCHES[name],
        id=name,
        width=5,
        height=5,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )


def hatched(x: float, y: float, width: float, height: float, *, stale: bool = False) -> Markup:
    """Draw a hatched band: a noise floor, or, stale, what leaves the expected range."""
    return element(
        "rect",
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        width=f"{max(width, 0):.1f}",
        height=f"{max(height, 0):.1f}",
        fill=f"url(#jl-hatch{'-stale' if stale else ''})",
        opacity=None if stale else ".75",
    )


def limit(path: str) -> Markup:
    """Draw a dashed line: a limit or a margin."""
    return element("path", d=path, stroke=INK_2, stroke_dasharray="3 3", stroke_width=1.2)


def stroke(path: str, colour: str = STRONG, width: float = 1, dash: str = "") -> Markup:
    """Draw a plain line."""
    return element(
        "path",
        d=path,
        fill="none",
        stroke=colour,
        stroke_width=width,
        stroke_dasharray=dash or None,
        stroke_linejoin="round",
    )


def rect(x: float, y: float, width: float, height: float, **attributes: str | float) -> Markup:
    """Draw a rectangle."""
    return element(
        "rect",
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        width=f"{max(width, 0):.1f}",
        height=f"{max(height, 0):.1f}",
        **attributes,
    )


def dot(x: float, y: float, radius: float, fill: str) -> Markup:
    """Draw a round mark."""
    return element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=radius, fill=fill, stroke=SURFACE)


def words(
    x: float, y: float, text: str, anchor: Anchor = "start", *, tone: str = "", bold: bool = False
) -> Markup:
    """Write into a drawing.

    Parameters
    ----------
    x, y : float
        Where its line stands.
    text : str
        One line; it is cut where it is long.
    anchor : str
        Which part of the text stands at ``x``.
    tone : str
        ``ink``, ``stale`` or ``error``; the second ink otherwise.
    bold : bool
        Whether it is what the drawing is about.
    """
    fill = {"ink": INK, "stale": "var(--jl-stale-text,#7d5000)", "error": ERROR}.get(tone, INK_2)
    return element(
        "text",
        shorten(text, 40),
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        text_anchor=anchor,
        fill=fill,
        font_size=11,
        font_weight=600 if bold else None,
    )


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """Write the path through points.

    >>> polyline([(0, 1), (2, 3.25)])
    'M0.0 1.0L2.0 3.2'
    """
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Choose round values on an axis from low to high: steps of 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    low, high : float
        Ends, low under high.
    most : int
        At most so many.

    Examples
    --------
    >>> ticks(0, 10), ticks(-3.6, 5.9)
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], [-2.0, 0.0, 2.0, 4.0])
    """
    span = high - low
    if span <= 0:
        return [low]
    rough = span / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) + 0.0 for index in range(first, last + 1)]


def signed(value: float, digits: int = 3) -> str:
    """Write a difference with its sign: ``+1.3``, ``−0.2``, ``0``.

    >>> signed(1.3), signed(-0.2), signed(0.0)
    ('+1.3', '−0.2', '0')
    """
    text = f"{value:+.{digits}g}"
    return "0" if float(text) == 0 else text.replace("-", "−")
