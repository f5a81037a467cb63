"""A graph as a document: a picture, code for other tools, or one file to look around in offline."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets.bundle import built
from jupyter_lifecycle.widgets.explorer_feed import graph_message, states_message
from jupyter_lifecycle.widgets.selection import find, subset
from jupyter_lifecycle.widgets.svg import clean, picture
from jupyter_lifecycle.widgets.wire import ExportFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from jupyter_lifecycle.widgets.explorer import ExplorerSource
    from jupyter_lifecycle.widgets.wire import GraphView, StatesView

FORMATS: Mapping[str, ExportFormat] = {
    ".svg": "svg",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".md": "mermaid",
    ".html": "html",
}
"""By the ending of a file."""
_INSPECTED = 2000
"""An offline file tells all of each node up to this many; of more, only what the graph says."""
_COLOURS = {
    "fresh": ("#047a60", "#e3f3ee"),
    "cached": ("#4b8fc4", "#eaf2f9"),
    "stale": ("#bf7a00", "#fff3d9"),
    "error": ("#a3220d", "#fdebe7"),
    "running": ("#6d38cb", "#f0eafb"),
    "unbound": ("#a6417e", "#faeaf3"),
}
_QUIET = ("#80858e", "#f3f4f5")


def now_words() -> str:
    """Say when it is: ``23 November 14:02``."""
    now = datetime.now().astimezone()
    return f"{now:%-d %B %H:%M}"


def write(source: ExplorerSource, path: str | PathLike[str], query: str = "") -> Path:
    """Write a graph to a file whose ending says the format.

    Raises
    ------
    LifecycleError
        For an ending that is none of :data:`FORMATS`.
    SelectionError
        Where the query cannot be read or names what is not there.
    """
    target = Path(path)
    form = FORMATS.get(target.suffix.lower())
    if form is None:
        png = " A PNG is made where it is drawn: the share menu of the explorer has it."
        raise LifecycleError(
            f"{target.name}: write a graph as {', '.join(FORMATS)}."
            f"{png if target.suffix.lower() == '.png' else ''}"
        )
    names: list[str] = []
    if query:
        graph = source.graph_view()
        names = [graph.names[at] for at in find(query, graph, source.states_view()).nodes]
    text = document(source, form, names)
    if target.suffix.lower() == ".md":
        text = f"```mermaid\n{text}```\n"
    unfinished = target.with_name(f".{target.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(target)
    return target


def document(source: ExplorerSource, form: object, names: Sequence[str] = ()) -> str:
    """Give a graph as text of a format.

    Parameters
    ----------
    source : ExplorerSource
    form : {"svg", "dot", "mermaid", "html"}
    names : sequence of str
        Only these nodes; all where none is given.

    Raises
    ------
    LifecycleError
        For another format.
    """
    write_as = _WRITERS.get(str(form))
    if write_as is None:
        raise LifecycleError(
            f"There is no format {form}. Use one of {', '.join(get_args(ExportFormat))}."
        )
    graph, states = source.graph_view(), source.states_view()
    if names:
        index = {name: at for at, name in enumerate(graph.names)}
        kept = [index[name] for name in names if name in index]
        graph, states = subset(graph, states, kept)
    return write_as(source, graph, states)


def _svg(_source: ExplorerSource, graph: GraphView, states: StatesView) -> str:
    return picture(graph, states, as_of=now_words())


def _dot(_source: ExplorerSource, graph: GraphView, states: StatesView) -> str:
    of = {node.index: node.state for node in states.nodes}
    lines = [
        "digraph features {",
        "  rankdir=LR;",
        '  node [shape=box, style="filled,rounded", fontname="Helvetica", fontsize=11];',
        '  edge [color="#80858e", arrowhead=none];',
    ]
    for group in range(-1, len(graph.groups)):
        members = [at for at, own in enumerate(graph.group) if own == group]
        if not members:
            continue
        indent = "  "
        if group >= 0:
            lines += [
                f"  subgraph cluster_{group} {{",
                f"    label={_dot_text(graph.groups[group])};",
                '    color="#bdbdbd"; fontname="Helvetica"; fontsize=12;',
            ]
            indent = "    "
        for at in members:
            mark, tint = _COLOURS.get(of.get(at, "new"), _QUIET)
            shape = ", shape=box, style=rounded" if graph.kinds[at] != "feature" else ""
            lines.append(
                f"{indent}n{at} [label={_dot_text(graph.names[at])}, color={_dot_text(mark)}, "
                f"fillcolor={_dot_text(tint)}{shape}];"
            )
        if group >= 0:
            lines.append("  }")
    lines += [f"  n{a} -> n{b};" for a, b in _pairs(graph)]
    return "\n".join([*lines, "}", ""])


def _dot_text(text: str) -> str:
    # A newline ends no string in DOT, but a backslash begins an escape: `\\n` stands for a line.
    one_line = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]+", " ", one_line) + '"'


def _mermaid(_source: ExplorerSource, graph: GraphView, states: StatesView) -> str:
    of = {node.index: node.state for node in states.nodes}
    lines = ["flowchart LR"]
    for group in range(-1, len(graph.groups)):
        members = [at for at, own in enumerate(graph.group) if own == group]
        if group >= 0 and members:
            lines.append(f"  subgraph g{group} [{_mermaid_text(graph.groups[group])}]")
        for at in members:
            opened, closed = ("[", "]") if graph.kinds[at] == "feature" else ("([", "])")
            lines.append(f"    n{at}{opened}{_mermaid_text(graph.names[at])}{closed}")
        if group >= 0 and members:
            lines.append("  end")
    lines += [f"  n{a} --> n{b}" for a, b in _pairs(graph)]
    for state, (mark, tint) in _COLOURS.items():
        members = [at for at, own in of.items() if own == state]
        if members:
            lines.append(f"  classDef {state} stroke:{mark},fill:{tint},color:#212121")
            lines.append(f"  class {','.join(f'n{at}' for at in members)} {state}")
    return "\n".join([*lines, ""])


def _mermaid_text(text: str) -> str:
    # Mermaid reads entities as #code; within quotes, and markup as markup where it is let to.
    safe = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    return '"' + re.sub(r"[#&<>\"`]", lambda sign: f"#{ord(sign.group())};", safe) + '"'


def _pairs(graph: GraphView) -> Sequence[tuple[int, int]]:
    return list(zip(graph.edges[::2], graph.edges[1::2], strict=True))


def _html(source: ExplorerSource, graph: GraphView, states: StatesView) -> str:
    told = graph.names if len(graph.names) <= _INSPECTED else []
    when = now_words()
    content = {
        "graph": graph_message(graph)["graph"] | {"live": False},
        "states": states_message(states)["states"] | {"running": "", "done": 0, "total": 0},
        "inspections": {name: asdict(source.inspect(name)) for name in told},
        "saved": when,
    }
    # One place where data stands between tags: no sign in it can end the element.
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    return _PAGE.format(
        title=clean(f"Features as of {when}"),
        style=built("explorer.css"),
        script=_inline(),
        data=data,
    )


def _inline() -> str:
    """Return the widget's module as a script that stands in a page: its export becomes a name."""
    module = built("explorer.js").rstrip()
    script, found = re.subn(r"export\s*\{\s*(\w+) as default\s*\};?$", r"const widget=\1;", module)
    if not found:
        raise LifecycleError(
            "The explorer's bundle has no default export. Build it again: npm run build."
        )
    # Neither sign may stand in an element of script, not even within a text.
    return re.sub(r"</(?=script)", r"<\\/", script, flags=re.IGNORECASE).replace("<!--", r"\x3c!--")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'; worker-src blob:; base-uri 'none'; \
form-action 'none'">
<title>{title}</title>
<style>html,body{{height:100%;margin:0}}#host{{height:100%}}
@media (prefers-color-scheme:dark){{body{{--jp-layout-color0:#111;--jp-layout-color1:#212121;\
--jp-layout-color2:#424242;--jp-border-color1:#616161;--jp-border-color2:#424242;\
--jp-ui-font-color0:#fff;--jp-ui-font-color1:rgba(255,255,255,.87);--jp-brand-color1:#2196f3}}}}
{style}</style>
</head>
<body>
<div id="host" class="jl-fill"></div>
<script type="application/json" id="data">{data}</script>
<script type="module">{script}
widget.offline(document.getElementById('host'), document.getElementById('data').textContent);
</script>
</body>
</html>
"""

_WRITERS: Mapping[str, Callable[[Any, GraphView, StatesView], str]] = {
    "svg": _svg,
    "dot": _dot,
    "mermaid": _mermaid,
    "html": _html,
}
