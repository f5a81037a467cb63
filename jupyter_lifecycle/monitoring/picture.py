"""A report as a still picture: SVG for any page, HTML for a saved notebook.

Bits stand on a logarithmic scale, so that floor, limit and effect are all seen: the noise floor is
a hatched band from the left, the limit a dashed line, the interval a bar through its mark. Beside
it the reference is filled and what was observed a line. States have words and a mark of their own
form, never colour alone.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from jupyter_lifecycle.monitoring.facing import faced
from jupyter_lifecycle.monitoring.sentences import bits, sentence_of

if TYPE_CHECKING:
    from jupyter_lifecycle.monitoring.report import SkewReport
    from jupyter_lifecycle.monitoring.verdicts import FeatureSkew

_MOST = 40
_LOW, _HIGH = 0.001, 1.0
_SCALE, _SHAPE, _ROW, _NAME = 260, 130, 30, 190
_BARS = 24
_MARKS = {
    "moved": ("#bf7a00", "M0 -5.5 L5.5 4.5 L-5.5 4.5 Z"),
    "small": ("#047a60", "M0 -4.5 L4.5 0 L0 4.5 L-4.5 0 Z"),
    "noise": ("#047a60", "M-4 0 A4 4 0 1 0 4 0 A4 4 0 1 0 -4 0 Z"),
    "few": ("#80858e", "M-4.5 -1 H4.5 V1 H-4.5 Z"),
    "none": ("#80858e", "M-4.5 -1 H4.5 V1 H-4.5 Z"),
}
_FONT = "system-ui, sans-serif"
_FAINT = 'fill="currentColor" fill-opacity="0.7"'
_GRID = 'stroke="currentColor" stroke-opacity="0.18"'
_DASHED = 'stroke="currentColor" stroke-opacity="0.7" stroke-dasharray="3 2"'


def picture_of(report: SkewReport) -> str:
    """Give a report as one SVG that needs nothing else.

    Parameters
    ----------
    report : SkewReport
        The first forty columns are drawn, the farthest first.
    """
    shown = report.features[:_MOST]
    width = _NAME + _SCALE + _SHAPE + 190
    height = 58 + _ROW * len(shown) + (20 if len(report.features) > _MOST else 0)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" font-family="{_FONT}" font-size="12">'
        ),
        f"<title>{escape(report.sentence)}</title>",
        _HATCH,
        (
            f'<text x="0" y="16" font-size="13" font-weight="600" fill="currentColor">'
            f"{escape(report.sentence)}</text>"
        ),
        _axis(height),
    ]
    for place, one in enumerate(shown):
        parts.append(f'<g transform="translate(0 {52 + place * _ROW})">{_row(one)}</g>')
    if len(report.features) > _MOST:
        more = len(report.features) - _MOST
        parts.append(f'<text x="0" y="{height - 4}" {_FAINT}>and {more} more</text>')
    return "".join([*parts, "</svg>"])


_HATCH = (
    '<defs><pattern id="jl-noise" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="5" stroke="#80858e" '
    'stroke-width="1.4" stroke-opacity="0.55"/></pattern></defs>'
)


def _at(number: float) -> float:
    """Place of a number of bits on the scale."""
    share = math.log(max(number, _LOW) / _LOW) / math.log(_HIGH / _LOW)
    return round(_NAME + share * _SCALE, 1)


def _axis(height: int) -> str:
    parts = []
    for number in (0.001, 0.01, 0.1, 1.0):
        x = _at(number)
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="44" y2="{height - 4}" {_GRID}/>'
            f'<text x="{x}" y="38" text-anchor="middle" {_FAINT} font-size="11">'
            f"{number:g}{' bit' if number == 1 else ''}</text>"
        )
    return "".join(parts)


def _row(one: FeatureSkew) -> str:
    colour, mark = _MARKS[one.verdict]
    name = one.name if len(one.name) <= 26 else f"{one.name[:25]}…"
    far = one.verdict in ("moved", "small")
    words = f"{one.words}, {bits(one.bits)}" if far else one.words
    middle = _ROW / 2 - 1
    parts = [
        f"<title>{escape(sentence_of(one))}</title>",
        f'<text x="0" y="{middle + 4}" fill="currentColor">{escape(name)}</text>',
    ]
    if one.verdict not in ("few", "none"):
        floor, limit, at = _at(one.floor), _at(one.limit), _at(one.bits)
        parts += [
            (
                f'<rect x="{_NAME}" y="4" width="{round(floor - _NAME, 1)}" height="{_ROW - 10}" '
                'fill="url(#jl-noise)"/>'
            ),
            (f'<line x1="{limit}" x2="{limit}" y1="2" y2="{_ROW - 4}" {_DASHED}/>'),
            (
                f'<line x1="{_at(one.low)}" x2="{_at(one.high)}" y1="{middle}" y2="{middle}" '
                f'stroke="{colour}" stroke-width="2.5"/>'
            ),
            f'<path d="{mark}" transform="translate({at} {middle})" fill="{colour}"/>',
            _shape(one),
        ]
    else:
        parts.append(
            f'<path d="{mark}" transform="translate({_NAME + 6} {middle})" fill="{colour}"/>'
        )
    x = _NAME + _SCALE + _SHAPE + 34
    parts.append(f'<text x="{x}" y="{middle + 4}" fill="currentColor">{escape(words)}</text>')
    return "".join(parts)


def _shape(one: FeatureSkew) -> str:
    """Draw the reference filled and what was observed as a line: bins or categories, at most 24."""
    cells = faced(one.reference, one.observed)
    n, m = sum(cells.reference), sum(cells.observed)
    pairs = [(a / n, b / m) for a, b in zip(cells.reference, cells.observed, strict=True) if a or b]
    if len(pairs) > _BARS and one.kind == "category":
        pairs = sorted(pairs, key=max, reverse=True)[:_BARS]
    top = max(max(pair) for pair in pairs)
    width, high = _SHAPE / len(pairs), _ROW - 8
    left = _NAME + _SCALE + 18
    bars, line = [], []
    for place, (before, after) in enumerate(pairs):
        x, y = left + place * width, _ROW - 4 - high * before / top
        bars.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width - 0.6, 0.6):.1f}" '
            f'height="{high * before / top:.1f}"/>'
        )
        y = _ROW - 4 - high * after / top
        line.append(f"{'M' if not place else 'L'}{x:.1f} {y:.1f} H{x + width:.1f}")
    return (
        f'<g fill="#80858e" fill-opacity="0.42">{"".join(bars)}</g>'
        f'<path d="{" ".join(line)}" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    )


def page_of(report: SkewReport) -> str:
    """Give a report as a piece of HTML: the picture, where it began, and each column in words."""
    begun = "".join(f"<div>{escape(one.sentence)}</div>" for one in report.origins)
    rows = "".join(
        f"<li>{escape(sentence_of(one))}</li>"
        for one in report.features[:_MOST]
        if one.verdict == "moved"
    )
    listed = f'<ul style="margin:8px 0 0;padding-left:18px">{rows}</ul>' if rows else ""
    return (
        f'<div style="font-family:{_FONT};font-size:13px;overflow-x:auto;'
        f'color:var(--jp-ui-font-color1,inherit)">'
        f'{picture_of(report)}<div style="margin-top:8px">{begun}</div>{listed}'
        f'<div style="margin-top:8px;opacity:0.7;font-size:11px">Hatched: what chance shows. '
        "Dashed: the limit. Filled: reference. Line: observed.</div></div>"
    )
