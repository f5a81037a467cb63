"""Glyphs of states and icons of actions as inline SVG; a state is never told by colour alone."""

from __future__ import annotations

from typing import Final, Literal

from jupyter_lifecycle.widgets.markup import Markup, element

Glyph = Literal["fresh", "cached", "stale", "queued", "running", "error"]
Icon = Literal[
    "arrow", "copy", "envelope", "graph", "layers", "minus", "pulse", "serve", "split", "tag"
]

_GROUND = "var(--jl-surface, #fff)"
_LINE = (
    'fill="none" stroke="currentColor" stroke-width="1.3" '
    'stroke-linecap="round" stroke-linejoin="round"'
)

_GLYPHS: Final[dict[Glyph, str]] = {
    "fresh": (
        '<circle cx="6" cy="6" r="5.5" fill="currentColor"/>'
        f'<path d="M3.5 6.2 5.3 8l3.3-3.8" fill="none" stroke="{_GROUND}" stroke-width="1.5" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    ),
    "cached": (
        '<path d="M1.5 3v6c0 1 2 1.8 4.5 1.8s4.5-.8 4.5-1.8V3" fill="currentColor"/>'
        '<ellipse cx="6" cy="3" rx="4.5" ry="1.8" fill="currentColor" '
        f'stroke="{_GROUND}" stroke-width=".8"/>'
    ),
    "stale": (
        '<circle cx="6" cy="6" r="4.7" fill="none" stroke="currentColor" stroke-width="1.6"/>'
        '<path d="M6 1.3a4.7 4.7 0 0 0 0 9.4z" fill="currentColor"/>'
    ),
    "queued": "".join(f'<circle cx="{x}" cy="6" r="1.5" fill="currentColor"/>' for x in (2, 6, 10)),
    "running": (
        '<path class="jl-turn" d="M6 1.2A4.8 4.8 0 1 1 1.2 6" fill="none" stroke="currentColor" '
        'stroke-width="1.6" stroke-linecap="round"/><circle cx="6" cy="6" r="1.6" '
        'fill="currentColor"/>'
    ),
    "error": (
        '<path d="M3.7.5h4.6l3.2 3.2v4.6l-3.2 3.2H3.7L.5 8.3V3.7z" fill="currentColor"/>'
        f'<path d="m4.1 4.1 3.8 3.8m0-3.8L4.1 7.9" stroke="{_GROUND}" stroke-width="1.5" '
        'stroke-linecap="round"/>'
    ),
}

_ICONS: Final[dict[Icon, str]] = {
    "arrow": f'<path d="M2.5 8H13M9.2 4.2 13 8l-3.8 3.8" {_LINE}/>',
    "copy": (
        f'<rect x="5.5" y="5.5" width="8" height="8" rx="1.2" {_LINE}/>'
        f'<path d="M10.5 3.3c0-.5-.3-.8-.8-.8H3.3c-.5 0-.8.3-.8.8v6.4c0 .5.3.8.8.8" {_LINE}/>'
    ),
    "envelope": f'<path d="M2 4h12v8.5H2zM2.3 4.3 8 9l5.7-4.7" {_LINE}/>',
    "graph": (
        f'<rect x="1.5" y="2" width="4.5" height="3.5" rx=".8" {_LINE}/>'
        f'<rect x="1.5" y="10.5" width="4.5" height="3.5" rx=".8" {_LINE}/>'
        f'<rect x="10" y="6.25" width="4.5" height="3.5" rx=".8" {_LINE}/>'
        f'<path d="M6 3.75c2.5 0 2 4.25 4 4.25M6 12.25c2.5 0 2-4.25 4-4.25" {_LINE}/>'
    ),
    "layers": f'<path d="M8 2 14 5 8 8 2 5zM2 8l6 3 6-3M2 11l6 3 6-3" {_LINE}/>',
    "minus": f'<path d="M3 8h10" {_LINE}/>',
    "pulse": f'<path d="M1.5 8.5h3l2-5 3 9 2-4h3" {_LINE}/>',
    "serve": (
        '<circle cx="8" cy="8" r="1.9" fill="currentColor"/>'
        f'<path d="M4.6 11.4a4.8 4.8 0 0 1 0-6.8m6.8 0a4.8 4.8 0 0 1 0 6.8M2.6 13.4a7.6 7.6 0 0 1 '
        f'0-10.8m10.8 0a7.6 7.6 0 0 1 0 10.8" {_LINE}/>'
    ),
    "split": f'<path d="M2 8h4l5-4.5h3M6 8l5 4.5h3M12 1.5l2 2-2 2M12 10.5l2 2-2 2" {_LINE}/>',
    "tag": (
        f'<path d="M2.5 2.5h5l6 6-5 5-6-6z" {_LINE}/>'
        '<circle cx="5.4" cy="5.4" r="1" fill="currentColor"/>'
    ),
}


def glyph(state: Glyph, *, size: int = 12) -> Markup:
    """Draw a state in its colour, hidden from screen readers: the words stand beside it."""
    return element(
        "svg",
        Markup(_GLYPHS[state]),
        class_=f"jl-g jl-{state}",
        viewBox="0 0 12 12",
        width=size,
        height=size,
        aria_hidden="true",
    )


def icon(name: Icon) -> Markup:
    """Draw an icon of 14 px in the colour of the text around it."""
    return element(
        "svg",
        Markup(_ICONS[name]),
        class_="jl-i",
        viewBox="0 0 16 16",
        width=14,
        height=14,
        aria_hidden="true",
    )
