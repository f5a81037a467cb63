"""Results of a computation and their reasons, as the words of the summary line and of ``%why``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets.outcomes import Reason, Step, Summary
from jupyter_lifecycle.widgets.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.graph import FeatureGraph
    from jupyter_lifecycle.materialise import Materialiser, NodeReport, Run, Why

_MOST_REASONS = 3
"""In the summary line: each costs the materialiser a look at the whole graph."""


def told_reasons(run: Run, targets: Sequence[str], materialiser: Materialiser) -> Sequence[str]:
    """Say why the first of the recomputed targets ran, one line each, and how many more there are.

    Parameters
    ----------
    run : Run
        What ran.
    targets : sequence of str
        What was asked for.
    materialiser : Materialiser
        Knows the reasons.
    """
    ran = set(run.recomputed)
    asked = [name for name in targets if name in ran]
    lines = [materialiser.why(name).text for name in asked[:_MOST_REASONS]]
    more = len(asked) - _MOST_REASONS
    return [*lines, *([f"… and {more:,} more; ask %why for each."] if more > 0 else [])]


def summary_of(run: Run, value: Any, why: Sequence[str] = ()) -> Summary:
    """Return the summary of a run.

    Parameters
    ----------
    run : Run
        What ran and what came from the cache.
    value : DataFrame or dict
        What the user gets; a frame's shape and bytes are told.
    why : sequence of str
        Lines of reasons.
    """
    counts = {"recomputed": len(run.recomputed), "cached": len(run.cached)}
    if not hasattr(value, "memory_usage"):
        return Summary(**counts, seconds=run.seconds, why=why)
    rows, columns = value.shape
    size = int(value.memory_usage(index=False).sum())
    return Summary(**counts, seconds=run.seconds, rows=rows, columns=columns, bytes=size, why=why)


def reason_of(name: str, why: Why, graph: FeatureGraph, report: NodeReport | None) -> Reason:
    """Return the reason of one feature with the places of its steps.

    Parameters
    ----------
    name : str
        The feature that was asked about.
    why : Why
        The chain, cause first.
    graph : FeatureGraph
        For the cells' names.
    report : NodeReport or None
        The feature's last report, for the title.
    """
    chains = [
        [
            Step(step.feature, _origin(graph, step.feature), step.cause, step.seconds, step.diff)
            for step in chain
        ]
        for chain in why.chains
    ]
    back = len(why.steps) - 1
    aside = f"{count(back, 'step')} back to the cause" if back > 0 else ""
    return Reason(_title(name, why, report), chains, why.summary, aside, why.text)


def _title(name: str, why: Why, report: NodeReport | None) -> str:
    if report is None or report.state == "new":
        return f"{name} was not computed"
    if report.state == "stale":
        return f"Why {name} is stale"
    if report.hit and not why.chains:
        return f"Why {name} did not recompute"
    return f"Why {name} recomputed"


def _origin(graph: FeatureGraph, name: str) -> str:
    feature = graph.features.get(name)
    return feature.origin.label if feature is not None else "input"
