"""Figures for the card: a feature's current column, else one from the first rows of the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.graph.definition import options_of
from jupyter_lifecycle.notebook.inputs import SAMPLE_ROWS
from jupyter_lifecycle.notebook.tracebacks import headline
from jupyter_lifecycle.widgets.cards import FeatureBlock, names_and_more

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jupyter_lifecycle.graph import Feature, FeatureGraph
    from jupyter_lifecycle.materialise import ColumnProfile, Materialiser, NodeEvent, NodeReport
    from jupyter_lifecycle.notebook.inputs import Inputs
    from jupyter_lifecycle.widgets.wire import State

MEMORY_BYTES = 64 * 1024**2
FACTS = ("rows", "null", "min", "max", "median", "distinct")
MOST_PREVIEWED = 10
"""A cell with hundreds of features must not wait for all of their figures."""
_HEAD = 8


class Previewer:
    """Computes features on a sample, apart from the session's own columns.

    Keeps its columns in a small memory of its own, so that a cell pays for its features only.
    """

    def __init__(self) -> None:
        self._sampler: Materialiser | None = None

    def blocks(
        self,
        names: tuple[str, ...],
        graph: FeatureGraph,
        inputs: Inputs,
        materialiser: Materialiser,
        reports: Mapping[str, NodeReport],
    ) -> list[FeatureBlock]:
        """One block a feature, in the cell's order; figures for the first of them only."""
        features, first = graph.features, names[:MOST_PREVIEWED]
        silent = unpreviewed(first, graph)
        shown = [
            _empty(features[name], _state(reports, name), silent[name])
            if name in silent
            else self._whole(features[name], reports[name], materialiser)
            if name in reports and reports[name].state in {"fresh", "cached"}
            else self._sampled(features[name], graph, inputs, reports.get(name))
            for name in first
        ]
        rest = names[MOST_PREVIEWED:]
        return shown + [_empty(features[name], _state(reports, name), "") for name in rest]

    def _whole(
        self, feature: Feature, report: NodeReport, materialiser: Materialiser
    ) -> FeatureBlock:
        return _block(feature, report.state, materialiser.value(feature.name), report.seconds)

    def _sampled(
        self, feature: Feature, graph: FeatureGraph, inputs: Inputs, report: NodeReport | None
    ) -> FeatureBlock:
        state = _state({feature.name: report} if report else {}, feature.name)
        missing = [one for one in graph.required_inputs([feature.name]) if one not in inputs.values]
        if missing:
            words = f"No rows yet: it waits for {names_and_more(missing)}."
            return _empty(feature, state, words)
        sample = {k: v for k, v in inputs.sample().items() if k not in graph.features}
        seconds: dict[str, float] = {}
        failed: list[str] = []

        def listen(event: NodeEvent) -> None:
            if event.state == "error":
                failed.append(event.name)
            elif event.report is not None and event.report.seconds is not None:
                seconds[event.name] = event.report.seconds

        try:
            run = self._materialiser().run(graph, [feature.name], sample, listener=listen)
        except Exception as error:  # noqa: BLE001 - shown on the card
            return _empty(feature, state, _failure_words(feature.name, failed, error))
        rows = "" if inputs.sample_is_whole else f"first {SAMPLE_ROWS:,} rows"
        return _block(feature, state, run.values[feature.name], seconds.get(feature.name), rows)

    def _materialiser(self) -> Materialiser:
        if self._sampler is None:
            from jupyter_lifecycle.cache import ColumnCache
            from jupyter_lifecycle.materialise import Materialiser

            self._sampler = Materialiser(cache=ColumnCache(memory_bytes=MEMORY_BYTES))
        return self._sampler


def unpreviewed(names: Sequence[str], graph: FeatureGraph) -> dict[str, str]:
    """Say of which features there is no preview, and why.

    Those that are computed for each item of a fan-out have no one value; those that write, or read
    what was written, would overwrite a file with the first rows.
    """
    silent: dict[str, str] = {}
    for name in names:
        written = [one for one in (name, *graph.upstream(name)) if _writes(graph.features.get(one))]
        if written:
            who = "it" if written[0] == name else written[0]
            silent[name] = f"No preview: {who} writes when it is computed."
    if graph.fans:
        for name, fan in items_of(names, graph).items():
            silent[name] = f"No preview: one value for each item of {fan}."
    return silent


def items_of(names: Sequence[str], graph: FeatureGraph) -> dict[str, str]:
    """Find those of the features that are computed for each item, and of which fan-out."""
    from jupyter_lifecycle.materialise.fanning import inner

    try:
        inside = inner(graph, graph.order(names))
    except ComputeError:
        # Fan-outs that do not fit: whoever computes a feature of them is told what to write.
        return {}
    return {name: inside[name] for name in names if name in inside}


def _writes(feature: Feature | None) -> bool:
    modifiers = options_of(feature.written).modifiers if feature is not None else ()
    if feature is None or not modifiers:
        return False
    from jupyter_lifecycle.materialise.files import Save

    saves = [each.name for each in modifiers if isinstance(each, Save)]
    return feature.name in saves or (None in saves and feature.name.endswith(".saved"))


def _state(reports: Mapping[str, NodeReport], name: str) -> State:
    return reports[name].state if name in reports else "new"


def _failure_words(name: str, failed: list[str], error: Exception) -> str:
    if failed and failed[0] != name:
        return f"No rows: it waits for {failed[0]}, which raised {headline(error)}"
    return f"On the first {SAMPLE_ROWS:,} rows it raised {headline(error)}"


def _empty(feature: Feature, state: State, note: str) -> FeatureBlock:
    return FeatureBlock(feature.name, state, doc=first_line(feature.doc), note=note)


def _block(
    feature: Feature, state: State, value: Any, seconds: float | None, sample: str = ""
) -> FeatureBlock:
    from jupyter_lifecycle.materialise import profile

    found = profile(value, feature.name)
    return FeatureBlock(
        feature.name,
        state,
        dtype=found.dtype,
        doc=first_line(feature.doc),
        seconds=seconds,
        facts=facts_of(found),
        histogram=found.histogram,
        categories=found.categories,
        head=found.head[:_HEAD],
        sample=sample,
    )


def facts_of(found: ColumnProfile) -> tuple[tuple[str, str], ...]:
    """Label and figure of what a profile knows, in the order of the card."""
    return tuple(_facts(found))


def _facts(found: ColumnProfile) -> Iterator[tuple[str, str]]:
    known = {"null": found.nulls, "rows": found.rows, "distinct": found.distinct}
    for label in FACTS:
        value = known[label] if label in known else getattr(found, label)
        if value is None or value == "":
            continue
        yield label, f"{value:,}" if isinstance(value, int) else str(value)


def first_line(doc: str) -> str:
    """Return the first line of a docstring."""
    return doc.strip().partition("\n")[0]
