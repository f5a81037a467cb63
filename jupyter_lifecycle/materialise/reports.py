"""Reports of columns, from what the cache knows of them or from the value itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.materialise.measure import measure
from jupyter_lifecycle.materialise.records import NodeReport

if TYPE_CHECKING:
    from jupyter_lifecycle.cache import Entry
    from jupyter_lifecycle.materialise.records import NodeState


def report_of(
    name: str, state: NodeState, note: str, entry: Entry, *, hit: bool | None
) -> NodeReport:
    """Make a report from what the cache knows of a column."""
    meta = entry.meta
    return NodeReport(
        name, state, note, meta.seconds, meta.rows, meta.nulls, meta.bytes, meta.dtype, hit
    )


def live_report(name: str, note: str, value: Any, seconds: float) -> NodeReport:
    """Make a report of a value that is in no cache."""
    facts = measure(value)
    return NodeReport(
        *(name, "fresh", note, seconds, facts.rows, facts.nulls, facts.bytes, facts.dtype, False)
    )
