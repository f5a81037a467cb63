"""The explorer's picture and text where there is no kernel: nbviewer, GitHub, a file opened."""

from __future__ import annotations

from collections import Counter, defaultdict
from html import escape
from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.svg_layout import NODE, PILL, Places, place
from jupyter_lifecycle.widgets.words import count, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_lifecycle.widgets.wire import GraphView, NodeState, State, StatesView

SVG_LIMIT = 300
"""Most nodes of a static picture."""

_MARGIN, _CAPTION = 16, 28
_STATES: tuple[State, ...] = (
    "fresh",
    "cached",
    "stale",
    "queued",
    "running",
    "error",
    "input",
    "unbound",
    "new",
)
# mark, text, tint: the design's tokens, light and dark, since a saved file has no host to ask
_LIGHT = {
    "fresh": ("#047a60", "#04674f", "#e3f3ee"),
    "cached": ("#4b8fc4", "#2f6390", "#eaf2f9"),
    "stale": ("#bf7a00", "#7d5000", "#fff3d9"),
    "queued": ("#80858e", "#5c626b", "#f3f4f5"),
    "running": ("#6d38cb", "#5c2db3", "#f0eafb"),
    "error": ("#a3220d", "#96200c", "#fdebe7"),
    "input": ("#5a6270", "#4a515d", "#f3f4f5"),
    "unbound": ("#a6417e", "#8f2f6a", "#faeaf3"),
    "new": ("#80858e", "#5c626b", "#f3f4f5"),
}
_DARK = {
    "fresh": ("#3ddbaa", "#5fe3bb", "#1c3a31"),
    "cached": ("#4c86c6", "#8fbbe8", "#20303f"),
    "stale": ("#fab219", "#fbc352", "#41341a"),
    "queued": ("#8f959e", "#b3b8c0", "#2f3237"),
    "running": ("#b3a4ff", "#c4b9ff", "#322d4c"),
    "error": ("#f05443", "#ff8b7d", "#472521"),
    "input": ("#aab2be", "#c3c9d2", "#2f3237"),
    "unbound": ("#df7fb8", "#ee9fcb", "#452a3b"),
    "new": ("#8f959e", "#b3b8c0", "#2f3237"),
}
_DASHES = {"stale": "4 2.5", "queued": "1.5 2.5", "new": "1.5 2.5", "unbound": "4 2.5"}
_RAILED = {"fresh", "cached", "stale", "running", "error"}
# On a grid of 12; the second path of a pair is drawn in the colour of the ground.
_GLYPHS = {
    "fresh": '<circle cx="6" cy="6" r="5.5" class="f"/>'
    '<path d="M3.5 6.2 5.3 8 8.6 4.2" class="g"/>',
    "cached": '<path class="f" '
    'd="M1.2 2.7C1.2 1.5 3.3.7 6 .7s4.8.8 4.8 2v6.6c0 1.2-2.1 2-4.8 2s-4.8-.8-4.8-2z"/>'
    '<path d="M1.2 3.3c.4 1 2.3 1.7 4.8 1.7s4.4-.7 4.8-1.7M1.2 6.6c.4 1 2.3 1.7 4.8 1.7'
    's4.4-.7 4.8-1.7" class="g" stroke-width="1"/>',
    "stale": '<circle cx="6" cy="6" r="4.7" class="s"/>'
    '<path d="M6 1.3a4.7 4.7 0 0 0 0 9.4z" class="f"/>',
    "queued": '<circle cx="2" cy="6" r="1.5" class="f"/><circle cx="6" cy="6" r="1.5" class="f"/>'
    '<circle cx="10" cy="6" r="1.5" class="f"/>',
    "running": '<path d="M8.3 2.02A4.6 4.6 0 1 1 3.7 2.02" class="s"/>'
    '<circle cx="6" cy="6" r="1.5" class="f"/>',
    "error": '<path d="M3.7.5h4.6l3.2 3.2v4.6l-3.2 3.2H3.7L.5 8.3V3.7z" class="f"/>'
    '<path d="M4.1 4.1 7.9 7.9M7.9 4.1 4.1 7.9" class="g"/>',
    "input": '<path d="M1 2.3h6L11 6 7 9.7H1z" class="s"/>',
    "unbound": '<circle cx="6" cy="6" r="5" class="s" stroke-dasharray="2 1.5"/>'
    '<path d="M4.5 4.7a1.5 1.5 0 1 1 2.3 1.3c-.5.3-.8.6-.8 1.1M6 8.9v.1" class="s"/>',
    "new": "",
}
_SHORT = {"float64": "f64", "float32": "f32", "category": "cat", "object": "str", "string": "str"}


def _style() -> str:
    def palette(colours: dict[str, tuple[str, str, str]], ink: tuple[str, ...]) -> str:
        surface, ground, text, second, line, frame = ink
        rules = [
            (
                f".ground{{fill:{ground}}}.box{{fill:{surface};stroke:{line}}}"
                f".frame{{fill:{surface};fill-opacity:.55;stroke:{frame}}}text{{fill:{text}}}"
                f".second{{fill:{second}}}.edge{{stroke:{text}}}.g{{stroke:{surface}}}"
            )
        ]
        for state, (mark, word, tint) in colours.items():
            own = f".{state}"
            rules.append(
                f"{own} .f,{own} .rail{{fill:{mark}}}{own} .s{{stroke:{mark}}}"
                f"{own} .word{{fill:{word}}}"
            )
            if state in _DASHES or state in {"running", "error"}:
                rules.append(f"{own} .box{{stroke:{mark}}}")
            if state in {"stale", "error"}:
                rules.append(f"{own} .box{{fill:{tint}}}{own} .g{{stroke:{tint}}}")
        return "".join(rules)

    light = palette(_LIGHT, ("#fff", "#fafafa", "#212121", "#5c5c5c", "#bdbdbd", "#e0e0e0"))
    dark = palette(_DARK, ("#212121", "#111", "#e0e0e0", "#a8a8a8", "#616161", "#424242"))
    return (
        "text{font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}"
        ".name{font-size:11.5px;font-weight:500}.meta{font-size:10px}.title{font-size:12px;"
        "font-weight:600}.type{font:9.5px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}"
        ".edge{fill:none;stroke-opacity:.42}.box,.frame{stroke-width:1}.g,.s{fill:none;"
        "stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}"
        f"{light}@media (prefers-color-scheme:dark){{{dark}}}"
    )


def clean(text: str) -> str:
    """One line of text that is safe in markup: control characters as symbols, then escaped."""
    line = "".join(
        chr(0x2400 + ord(letter)) if ord(letter) < 0x20 else letter
        for letter in text
        if ord(letter) not in {0x7F, 0x2028, 0x2029, 0xFFFE, 0xFFFF}
        and not 0xD800 <= ord(letter) < 0xE000
    )
    return escape(line, quote=True)


def cut(text: str, letters: int) -> str:
    """Cut in the middle to at most so many letters.

    >>> cut("origin_delay_last_hour", 12)
    'origin…_hour'
    """
    if len(text) <= letters:
        return text
    head = letters // 2
    return f"{text[:head]}…{text[len(text) - (letters - head - 1) :]}"


def _second_line(node: NodeState) -> str:
    if node.state in {"fresh", "cached"}:
        parts = [duration(node.seconds)] if node.seconds is not None else []
        if node.nulls and node.rows and node.nulls / node.rows >= 0.001:
            parts.append(f"{100 * node.nulls / node.rows:.1f} % null")
        return " · ".join(parts)
    return node.note or {"new": "not computed"}.get(node.state, node.state)


def _feature(name: str, node: NodeState, x: float, y: float) -> str:
    width, height = NODE
    state = node.state
    dash = f' stroke-dasharray="{_DASHES[state]}"' if state in _DASHES else ""
    thick = ' style="stroke-width:1.5"' if state in {"running", "error"} else ""
    rail = f'<rect class="rail" width="4" height="{height}" rx="1.5"/>' if state in _RAILED else ""
    dtype = _SHORT.get(node.dtype, node.dtype.replace("int", "i")[:8])
    tone = "second" if state in {"fresh", "cached"} else "word"
    return (
        f'<g class="{state}" transform="translate({x:.1f} {y:.1f})"><title>{clean(name)}</title>'
        f'<rect class="box" width="{width}" height="{height}" rx="3"{dash}{thick}/>{rail}'
        f'<text class="name" x="11" y="14">{clean(cut(name, 21))}</text>'
        f'<text class="meta {tone}" x="11" y="27.500">{clean(cut(_second_line(node), 24))}</text>'
        f'<text class="type second" x="{width - 7}" y="27.500" text-anchor="end">'
        f"{clean(dtype)}</text>"
        f'<g transform="translate({width - 19} 4)">{_GLYPHS[state]}</g></g>'
    )


def _pill(name: str, node: NodeState, x: float, y: float) -> str:
    width, height = PILL
    dash = f' stroke-dasharray="{_DASHES[node.state]}"' if node.state in _DASHES else ""
    return (
        f'<g class="{node.state}" transform="translate({x:.1f} {y:.1f})">'
        f"<title>{clean(name)}</title>"
        f'<rect class="box" width="{width}" height="{height}" rx="{height / 2}"{dash}/>'
        f'<g transform="translate(10 6)">{_GLYPHS.get(node.state, "")}</g>'
        f'<text class="meta" x="27" y="15.500">{clean(cut(name, 15))}</text></g>'
    )


def _edges(view: GraphView, places: Places) -> Iterator[str]:
    """Draw the edges: each turns at once where its target's row is free, else just before it."""

    def size(node: int) -> tuple[int, int]:
        return NODE if view.kinds[node] == "feature" else PILL

    def free(left: float, right: float, height: float) -> bool:
        titles = [(f.x, f.y + 6, f.x + NODE[0], f.y + 24) for f in places.frames]
        nodes = [
            (x, y - 2, x + size(node)[0], y + size(node)[1] + 2)
            for node, (x, y) in places.nodes.items()
        ]
        return not any(
            left <= x0 and x1 <= right and top < height < bottom
            for x0, top, x1, bottom in (*titles, *nodes)
        )

    for parent, child in zip(view.edges[::2], view.edges[1::2], strict=True):
        (px, py), (cx, cy) = places.nodes[parent], places.nodes[child]
        sx, sy = px + size(parent)[0], py + size(parent)[1] / 2
        ty = cy + size(child)[1] / 2
        early = free(sx, cx, ty) or not free(sx, cx, sy)
        start = min(sx + 12, cx) if early else max(sx, cx - 24)
        end = min(start + 20, cx) if early else cx
        middle = (start + end) / 2
        yield (
            f'<path class="edge" d="M{sx:.1f} {sy:.1f}H{start:.1f}C{middle:.1f} {sy:.1f} '
            f'{middle:.1f} {ty:.1f} {end:.1f} {ty:.1f}H{cx:.1f}"/>'
        )


def _frames(view: GraphView, places: Places) -> Iterator[str]:
    members = Counter(view.group)
    for frame in places.frames:
        note = " · ".join(filter(None, [view.group_notes[frame.group], str(members[frame.group])]))
        room = max(8, int(frame.width / 6.5) - len(note) - 2)
        yield (
            f'<rect class="frame" x="{frame.x:.1f}" y="{frame.y:.1f}" width="{frame.width:.1f}" '
            f'height="{frame.height:.1f}" rx="5"/><text class="title" x="{frame.x + 8:.1f}" '
            f'y="{frame.y + 19:.1f}">{clean(cut(view.groups[frame.group], room))}'
            f'<tspan class="meta second" dx="8" style="font-weight:400">{clean(note)}</tspan>'
            "</text>"
        )


def _totals(view: GraphView) -> str:
    kinds = Counter(view.kinds)
    parts = [count(kinds["feature"], "feature"), count(kinds["input"], "input")]
    if kinds["unbound"]:
        parts.append(f"{kinds['unbound']} unbound")
    return ", ".join(parts)


def picture(view: GraphView, states: StatesView, *, as_of: str) -> str:
    """Draw the graph as one SVG document, readable on light and on dark.

    Parameters
    ----------
    view : GraphView
        At most :data:`SVG_LIMIT` nodes.
    states : StatesView
        Of that version, of all nodes.
    as_of : str
        When this was so, such as ``23 November 14:02``.

    Returns
    -------
    str
        An SVG document without scripts and without anything from elsewhere.
    """
    places = place(view)
    nodes = {node.index: node for node in states.nodes}
    width = max(places.width, 320) + 2 * _MARGIN
    height = places.height + 2 * _MARGIN + _CAPTION
    summary = _totals(view)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{clean(summary)}">'
        ),
        f"<style>{_style()}</style>",
        f'<rect class="ground" width="{width:.0f}" height="{height:.0f}" rx="4"/>',
        f'<g transform="translate({_MARGIN} {_MARGIN})">',
        *_frames(view, places),
        *_edges(view, places),
    ]
    for index, name in enumerate(view.names):
        node, (x, y) = nodes[index], places.nodes[index]
        draw = _feature if view.kinds[index] == "feature" else _pill
        parts.append(draw(name, node, x, y))
    parts.append(
        f'</g><text class="meta" x="{_MARGIN}" y="{height - 12:.0f}">{clean(summary)}'
        f'<tspan class="second" dx="8">as of {clean(as_of)}. To explore, open the notebook in '
        "JupyterLab and run %dag.</tspan></text></svg>"
    )
    return "".join(parts)


def plain(view: GraphView, states: StatesView) -> str:
    """Say the same as text: totals, states, and the names of each group.

    Parameters
    ----------
    view : GraphView
    states : StatesView
        Of that version, of all nodes.
    """
    kinds = view.kinds
    tally = Counter(node.state for node in states.nodes if kinds[node.index] == "feature")
    words: dict[State, str] = {"error": "failed", "new": "not computed"}
    said = ", ".join(f"{tally[s]} {words.get(s, s)}" for s in _STATES if tally[s])
    lines = [f"{_totals(view)}." + (f" {said[0].upper()}{said[1:]}." if said else "")]
    if len(view.names) > SVG_LIMIT:
        return lines[0]
    members: dict[int, list[str]] = defaultdict(list)
    for index, name in enumerate(view.names):
        if kinds[index] == "feature":
            members[view.group[index]].append(name)
    for group, names in sorted(members.items()):
        title = view.groups[group] if group >= 0 else "Features"
        note = view.group_notes[group] if group >= 0 else ""
        lines.append(f"{title}{f' ({note})' if note else ''}: {', '.join(names)}")
    return "\n".join(lines)
