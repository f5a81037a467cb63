"""What stands behind a name, for ``Shift+Tab``: a feature's signature, state, figures and text."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.graph import MISSING
from jupyter_lifecycle.notebook.badges import states_now
from jupyter_lifecycle.widgets.markup import element, escape_lines
from jupyter_lifecycle.widgets.words import count, duration

if TYPE_CHECKING:
    from jupyter_lifecycle.graph import Feature
    from jupyter_lifecycle.materialise import NodeReport
    from jupyter_lifecycle.notebook.session import Session

_NAME = re.compile(r"[^\W\d]\w*")
_STATES = {
    "fresh": "computed in this session",
    "cached": "in the cache",
    "stale": "stale",
    "queued": "waiting",
    "running": "running",
    "error": "failed",
    "new": "not computed yet",
}


def described(session: Session, name: str, *, source: bool = False) -> dict[str, str] | None:
    """Describe a feature or an input, as text and as markup; None where it is neither.

    Parameters
    ----------
    session : Session
        Whose it is.
    name : str
        As it stands in the cell.
    source : bool
        With the function's text.
    """
    feature = session.graph.features.get(name)
    if feature is not None:
        text = _feature_text(session, feature, source=source)
    elif name in session.given:
        text = _input_text(session, name)
    else:
        return None
    return {"text/plain": text, "text/html": str(element("pre", escape_lines(text)))}


def name_at(code: str, cursor: int) -> str:
    """Find the Python name that a position of a cell touches; empty where there is none.

    >>> name_at("def late(double):", 10), name_at("def late(double):", 8), name_at("a + b", 2)
    ('double', 'late', '')
    """
    found = (one for one in _NAME.finditer(code) if one.start() <= cursor <= one.end())
    return next((one[0] for one in found), "")


def _feature_text(session: Session, feature: Feature, *, source: bool) -> str:
    reports = session.reports()
    state = states_now(session.graph, reports, {})[feature.name]
    facts = [_STATES[state], *_figures(reports.get(feature.name))]
    readers = session.graph.children(feature.name)
    lines = [
        _signature(feature),
        f"Feature of {feature.origin.label}, line {feature.origin.line}: {', '.join(facts)}.",
        *([f"Needed by {', '.join(readers)}."] if readers else []),
        *(f"{key}: {value}" for key, value in feature.tags.items()),
    ]
    doc = inspect.cleandoc(feature.doc)
    parts = ["\n".join(lines), doc, feature.source.rstrip() if source else ""]
    return "\n\n".join(part for part in parts if part)


def _input_text(session: Session, name: str) -> str:
    value = session.given[name]
    kind = str(getattr(value, "dtype", type(value).__name__))
    rows = f", {count(len(value), 'row')}" if getattr(value, "ndim", 0) else ""
    readers = session.graph.children(name) if name in session.graph.inputs else ()
    needed = f"\nNeeded by {', '.join(readers)}." if readers else ""
    return f"{name}: {kind}\nInput{rows}.{needed}"


def _figures(report: NodeReport | None) -> list[str]:
    if report is None:
        return []
    figures = [report.dtype] if report.dtype else []
    if report.rows is not None:
        figures.append(count(report.rows, "row"))
    if report.nulls:
        figures.append(f"{report.nulls:,} null")
    if report.seconds is not None:
        figures.append(duration(report.seconds))
    return figures


def _signature(feature: Feature) -> str:
    written = [_parameter(one.name, one.annotation, one.default) for one in feature.parameters]
    returns = feature.returns
    answer = "" if returns is MISSING else f" -> {_annotation(returns)}"
    line = f"{feature.name}({', '.join(written)}){answer}"
    if len(line) <= 88:
        return line
    inner = "".join(f"    {each},\n" for each in written)
    return f"{feature.name}(\n{inner}){answer}"


def _parameter(name: str, annotation: Any, default: Any) -> str:
    words = name if annotation is MISSING else f"{name}: {_annotation(annotation)}"
    return words if default is MISSING else f"{words} = {default!r}"


def _annotation(annotation: Any) -> str:
    return inspect.formatannotation(annotation)
