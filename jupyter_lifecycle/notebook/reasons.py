"""Results of a computation and their reasons, as the words of the summary line and of ``%why``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets.outcomes import Reason, Step, Summary
from jupyter_lifecycle.widgets.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.graph import FeatureGraph
    from jupyter_lifecycle.materialise import NodeReport, Run, Why

_MOST_REASONS = 10


def summary_of(run: Run, value: Any, reasons: Sequence[Why]) -> Summary:
    """Return the summary of a run.

    Parameters
    ----------
    run : Run
        What ran and what came from the cache.
    value : DataFrame or dict
        What the user gets; a frame's shape and bytes are told.
    reasons : sequence of Why
        Of the recomputed targets.
    """
    chains = [why.text for why in reasons[:_MOST_REASONS]]
    if len(reasons) > _MOST_REASONS:
        chains.append(f"… and {len(reasons) - _MOST_REASONS:,} more; ask %why for each.")
    counts = {"recomputed": len(run.recomputed), "cached": len(run.cached)}
    if not hasattr(value, "memory_usage"):
        return Summary(**counts, seconds=run.seconds, why=chains)
    rows, columns = value.shape
    size = int(value.memory_usage(index=False).sum())
    return Summary(
        **counts, seconds=run.seconds, rows=rows, columns=columns, bytes=size, why=chains
    )


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
