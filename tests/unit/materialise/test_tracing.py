"""Spans of computations, read back from the SDK's own exporter."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from jupyter_lifecycle.errors import MissingExtraError, UnboundError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.materialise import Hooks, Materialiser, Tracing


def doubled(price: pd.Series) -> pd.Series:
    return price * 2


def share(doubled: pd.Series, total: float) -> pd.Series:
    with trace.get_tracer("the user's").start_as_current_span("query"):
        return doubled / total


def total(doubled: pd.Series) -> float:
    return float(doubled.sum())


def broken(total: float) -> float:
    raise LookupError("no rate")


def interrupted(total: float) -> float:
    raise KeyboardInterrupt


GRAPH = FeatureGraph.from_functions(doubled, share, total, broken, interrupted)
INPUTS = {"price": pd.Series([1.0, None])}


@pytest.fixture
def spans(monkeypatch):
    """``spans()``: those that have ended since the last call, by name."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)

    def ended():
        found = exporter.get_finished_spans()
        exporter.clear()
        assert len({span.name for span in found}) == len(found)
        return {span.name: span for span in found}

    return ended


@pytest.fixture(params=["sequential", "threads"])
def materialiser(request, spans):
    return Materialiser(executor=request.param, hooks=[Tracing()])


def test_a_span_for_the_computation_and_for_each_feature(materialiser, spans):
    with trace.get_tracer("the user's").start_as_current_span("report"):
        materialiser.run(GRAPH, ["share"], INPUTS)
    found = spans()
    assert found.keys() == {"report", "compute", "doubled", "total", "share", "query"}
    parents = {name: span.parent and span.parent.span_id for name, span in found.items()}
    identity = {name: span.context.span_id for name, span in found.items()}
    assert parents == {
        "report": None,
        "compute": identity["report"],
        "doubled": identity["compute"],
        "total": identity["compute"],
        "share": identity["compute"],
        "query": identity["share"],
    }
    assert dict(found["compute"].attributes) == {
        "jupyter_lifecycle.targets": ("share",),
        "jupyter_lifecycle.graph.features": 5,
        "jupyter_lifecycle.recomputed": 3,
        "jupyter_lifecycle.cached": 0,
    }
    assert dict(found["doubled"].attributes) == {
        "jupyter_lifecycle.feature": "doubled",
        "jupyter_lifecycle.cell": "test_tracing.py",
        "jupyter_lifecycle.arguments": ("price",),
        "jupyter_lifecycle.rows": 2,
        "jupyter_lifecycle.nulls": 1,
        "jupyter_lifecycle.bytes": 16,
        "jupyter_lifecycle.dtype": "float64",
        "code.function.name": "doubled",
        "code.line.number": doubled.__code__.co_firstlineno,
    }


def test_what_the_cache_has_is_an_event(materialiser, spans):
    materialiser.run(GRAPH, ["total"], INPUTS)
    spans()
    materialiser.run(GRAPH, ["total"], INPUTS)
    found = spans()
    assert found.keys() == {"compute"}
    assert found["compute"].attributes["jupyter_lifecycle.cached"] == 2
    cached = {event.attributes["jupyter_lifecycle.feature"] for event in found["compute"].events}
    assert cached == {"doubled", "total"}


def test_an_error_ends_both_spans_and_the_next_computation_has_its_own(materialiser, spans):
    with pytest.raises(LookupError):
        materialiser.run(GRAPH, ["broken"], INPUTS)
    found = spans()
    for name in ("broken", "compute"):
        assert found[name].status.status_code is StatusCode.ERROR
        assert found[name].status.description == "LookupError: no rate"
        assert found[name].events[-1].attributes["exception.type"] == "LookupError"
    assert not trace.get_current_span().get_span_context().is_valid
    materialiser.run(GRAPH, ["share"], INPUTS)
    assert spans()["compute"].status.status_code is StatusCode.UNSET


def test_an_interrupt_leaves_no_span_open(spans):
    materialiser = Materialiser(hooks=[Tracing()])
    with pytest.raises(KeyboardInterrupt):
        materialiser.run(GRAPH, ["interrupted"], INPUTS)
    found = spans()
    assert found["interrupted"].status.status_code is StatusCode.ERROR
    assert found["compute"].status.status_code is StatusCode.ERROR
    assert not trace.get_current_span().get_span_context().is_valid


def test_what_cannot_begin_makes_no_span(spans):
    materialiser = Materialiser(hooks=[Tracing()])
    with pytest.raises(UnboundError):
        materialiser.run(GRAPH, ["share"], {})
    assert spans() == {}


def test_a_hook_that_fails_before_anything_runs_is_on_the_computation(spans):
    class Refusing(Hooks):
        def before_graph(self, graph, targets):
            raise RuntimeError("not now")

    with pytest.raises(RuntimeError):
        Materialiser(hooks=[Tracing(), Refusing()]).run(GRAPH, ["share"], INPUTS)
    assert spans()["compute"].status.description == "RuntimeError: not now"


def test_a_provider_of_ones_own(spans):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    Materialiser(hooks=[Tracing(provider)]).run(GRAPH, ["doubled"], INPUTS)
    assert [span.name for span in exporter.get_finished_spans()] == ["doubled", "compute"]
    assert spans() == {}


def test_without_the_api_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'jupyter_lifecycle\[otel\]'"):
        Tracing()
