"""Whether a save should offer features that travel without being asked for them.

Which features can travel is found out by asking each of them some times. That is done by itself
where it takes about a second and computes nothing anew, else on demand. The answer depends on the
graph's state alone, never on a clock: the same save twice is the same envelope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.writing import is_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.envelope.travel_plan import FeatureSource

MOST = 80
"""Features that are tried in about a second of CPU, at some 12 ms each."""

_COMPUTED = ("fresh", "cached")


def why_not_offered(source: FeatureSource, example: Any) -> str:
    """Say why features travel only on demand; empty where a save should let them by itself.

    Parameters
    ----------
    source : FeatureSource
        A session: its graph, its inputs and, where it has them, the states of its features.
    example : object
        What the model is asked with.
    """
    if not is_frame(example):
        return "the example is no frame"
    graph = source.graph
    columns = [name for name in example.columns if name in graph.features]
    if not columns:
        return "no column of the example is a feature"
    behind = [name for name in graph.order(columns) if name in graph.features]
    if len(behind) > MOST:
        return f"{len(behind)} features are behind the columns, which takes a while to find out"
    reports: Mapping[str, Any] = getattr(source, "reports", dict)()
    for name in behind:
        if name not in reports or reports[name].state not in _COMPUTED:
            return f"{name} was not computed since it last changed"
    return ""
