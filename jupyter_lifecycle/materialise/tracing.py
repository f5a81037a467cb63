"""Spans of computations and their features, for OpenTelemetry (extra ``otel``).

Names of attributes follow OpenTelemetry's semantic conventions where these have a word
(``code.function.name``, ``code.line.number``; https://opentelemetry.io/docs/specs/semconv/code/).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import MissingExtraError
from jupyter_lifecycle.materialise.hooks import Hooks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.graph import Feature, FeatureGraph
    from jupyter_lifecycle.materialise.records import NodeEvent, NodeReport, Run

_OWN = "jupyter_lifecycle"


@dataclass(frozen=True, slots=True)
class _Open:
    """A feature's span that has not ended, current in the thread that computes."""

    span: Any
    token: Any
    thread: int


class Tracing(Hooks):
    """Makes a span of each computation and, within it, of each feature that is computed.

    What the cache has is an event of the computation's span. A feature's span is the current one
    while the feature runs, so that spans of libraries which it calls lie within it. One object
    follows one computation after the other; give each ``Materialiser`` its own.

    Parameters
    ----------
    tracer_provider : opentelemetry.trace.TracerProvider, optional
        The global one where not given.

    Raises
    ------
    MissingExtraError
        If OpenTelemetry's API is not installed.
    """

    def __init__(self, tracer_provider: Any = None) -> None:
        try:
            from opentelemetry import trace
        except ImportError as error:
            raise MissingExtraError(
                "Tracing needs OpenTelemetry's API, which is not installed. "
                "Run: pip install 'jupyter_lifecycle[otel]'"
            ) from error
        self._tracer = trace.get_tracer(_OWN, tracer_provider=tracer_provider)
        self._lock = threading.Lock()
        self._graph: Any = None
        self._nodes: dict[str, _Open] = {}

    def before_graph(self, graph: FeatureGraph, targets: Sequence[str]) -> None:
        """Begin the span of a computation, within the caller's current one."""
        self._graph = self._tracer.start_span(
            "compute",
            attributes={
                f"{_OWN}.targets": list(targets),
                f"{_OWN}.graph.features": len(graph),
            },
        )

    def after_graph(self, graph: FeatureGraph, run: Run) -> None:  # noqa: ARG002 - a hook
        """End it, with what was computed and what was read."""
        span, self._graph = self._graph, None
        if span is not None:
            span.set_attribute(f"{_OWN}.recomputed", len(run.recomputed))
            span.set_attribute(f"{_OWN}.cached", len(run.cached))
            span.end()

    def before_node(self, feature: Feature, arguments: Mapping[str, Any]) -> None:
        """Begin the span of a feature and make it the thread's current one."""
        from opentelemetry import context, trace

        around = None if self._graph is None else trace.set_span_in_context(self._graph)
        span = self._tracer.start_span(
            feature.name,
            context=around,
            attributes={
                f"{_OWN}.feature": feature.name,
                f"{_OWN}.cell": feature.origin.label,
                f"{_OWN}.arguments": list(arguments),
                "code.function.name": str(getattr(feature.written, "__qualname__", feature.name)),
                "code.line.number": feature.origin.line,
            },
        )
        token = context.attach(trace.set_span_in_context(span, around))
        with self._lock:
            self._nodes[feature.name] = _Open(span, token, threading.get_ident())

    def after_node(  # a hook is told all
        self,
        feature: Feature,
        value: Any,  # noqa: ARG002 - a hook
        report: NodeReport,
    ) -> None:
        """End it, with what the feature gave."""
        span = self._closed(feature.name)
        facts = {
            "rows": report.rows,
            "nulls": report.nulls,
            "bytes": report.bytes,
            "dtype": report.dtype or None,
            "note": report.note or None,
        }
        for name, fact in facts.items():
            if fact is not None:
                span.set_attribute(f"{_OWN}.{name}", fact)
        span.end()

    def on_error(self, feature: Feature | None, error: BaseException) -> None:
        """End the feature's span and the computation's, with the exception."""
        if feature is not None:
            self._failed(self._closed(feature.name), error)
        span, self._graph = self._graph, None
        if feature is None:  # an interrupt: what was running says nothing any more
            for name in list(self._nodes):
                self._failed(self._closed(name), error)
        if span is not None:
            self._failed(span, error)

    def on_event(self, event: NodeEvent) -> None:
        """Note on the computation's span what was found in the cache."""
        span = self._graph
        if span is not None and event.report is not None and event.report.hit:
            span.add_event("cached", {f"{_OWN}.feature": event.name})

    def _closed(self, name: str) -> Any:
        """Take a feature's span; it is not its thread's current one any more."""
        from opentelemetry import context

        with self._lock:
            known = self._nodes.pop(name)
        if known.thread == threading.get_ident():
            context.detach(known.token)
        return known.span

    def _failed(self, span: Any, error: BaseException) -> None:
        from opentelemetry.trace import StatusCode

        span.record_exception(error)
        span.set_status(StatusCode.ERROR, f"{type(error).__name__}: {error}")
        span.end()
