"""What others may do before and after a computation and each of its features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.graph import Feature, FeatureGraph
    from jupyter_lifecycle.materialise.records import NodeEvent, NodeReport, Run


class Hooks:
    """Base of lifecycle hooks: override what you need and give it to a ``Materialiser``.

    Node hooks are called from the threads that compute. What a hook raises ends the computation.
    On an engine the values are elsewhere: ``before_node`` and ``after_node`` are not called there,
    all others are, from the calling thread.

    Examples
    --------
    >>> class Timing(Hooks):
    ...     def __init__(self):
    ...         self.seconds = {}
    ...     def after_node(self, feature, value, report):
    ...         self.seconds[feature.name] = report.seconds
    """

    def before_graph(self, graph: FeatureGraph, targets: Sequence[str]) -> None:
        """Act when all that is needed is there and nothing has run."""

    def after_graph(self, graph: FeatureGraph, run: Run) -> None:
        """Act when all targets have their values."""

    def before_node(self, feature: Feature, arguments: Mapping[str, Any]) -> None:
        """Act before a feature runs; what the cache has never does."""

    def after_node(self, feature: Feature, value: Any, report: NodeReport) -> None:
        """Act after a feature has run and its value is kept."""

    def on_error(self, feature: Feature | None, error: BaseException) -> None:
        """Act when a feature raised or, without one, the computation ended otherwise."""

    def on_event(self, event: NodeEvent) -> None:
        """Act at each step: queued, running, computed, found in the cache, failed."""
