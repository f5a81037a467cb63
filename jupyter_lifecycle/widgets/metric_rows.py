"""The metrics of a save as rows that can be changed, added and left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ipywidgets import Text, VBox

from jupyter_lifecycle.errors import RegistryError
from jupyter_lifecycle.registry.words import check_key
from jupyter_lifecycle.widgets.introspection import Metric
from jupyter_lifecycle.widgets.panel import button, html, row, styled
from jupyter_lifecycle.widgets.save_views import metric_note
from jupyter_lifecycle.widgets.saved_before import metric_words
from jupyter_lifecycle.widgets.views import hint
from jupyter_lifecycle.widgets.words import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass
class _Row:
    name: Any
    value: Any
    note: Any
    box: Any
    source: Metric | None
    shown: str


class MetricRows(VBox):  # type: ignore[misc]
    """Rows of name, value, comparison with the last save and a cross.

    A value that nobody edited stays the variable that it came from; one that was typed is itself.

    Parameters
    ----------
    metrics : sequence of Metric
        What was found.
    changed : callable
        Called after each change.
    """

    def __init__(self, metrics: Sequence[Metric], changed: Callable[[], None]) -> None:
        super().__init__()
        self.add_class("jl-metrics")
        self._changed = changed
        self._before: Mapping[str, float] = {}
        self._add = button("Add metric", "jl-plain", clicked=self._add_empty)
        self._rows = [self._row(metric) for metric in metrics]
        self._lay_out()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What goes into the call, as far as it is good."""
        found = (self._read(item) for item in self._rows)
        return tuple(metric for metric in found if isinstance(metric, Metric))

    @property
    def problems(self) -> int:
        """How many rows cannot be read."""
        return sum(isinstance(self._read(item), str) for item in self._rows)

    def compare(self, before: Mapping[str, float]) -> None:
        """Show how each differs from the last save."""
        self._before = before
        for item in self._rows:
            self._note(item)

    def _row(self, metric: Metric | None) -> _Row:
        shown = number(metric.value) if metric else ""
        typed = metric.name if metric else ""
        name = styled(Text(value=typed, placeholder="name", continuous_update=False), "jl-name")
        value = styled(Text(value=shown, placeholder="number", continuous_update=False), "jl-value")
        note = html()
        item = _Row(name, value, note, None, metric, shown)
        cross = button(
            f"Remove metric {typed}",
            "jl-cross-button",
            clicked=lambda: self._remove(item),
            tooltip="Remove",
        )
        item.box = row(name, value, note, cross, classes=("jl-metric", "jl-field"))
        if metric is None:
            item.box.add_class("jl-typed")
        for field in (name, value):
            field.observe(lambda _: self._edited(item), "value")
        self._note(item)
        return item

    def _read(self, item: _Row) -> Metric | str | None:
        """Read a row: a metric, None for an empty one, or what is wrong with it."""
        name, typed = item.name.value.strip(), item.value.value.strip()
        if not name and not typed:
            return None
        try:
            check_key("metric", name)
        except RegistryError as error:
            return error.message if name else "This metric has no name."
        if item.source and typed == item.shown:
            return Metric(name, item.source.value, item.source.expression)
        try:
            value = float(typed.replace(",", "").replace("−", "-"))
        except ValueError:
            return f"{typed or 'An empty field'} is not a number."
        return Metric(name, value) if math.isfinite(value) else f"{typed} is not a finite number."

    def _note(self, item: _Row) -> None:
        read = self._read(item)
        if isinstance(read, str):
            item.note.value = hint(read, "error")
        elif read is None:
            item.note.value = ""
        else:
            item.note.value = metric_note(*metric_words(read.name, read.value, self._before))

    def _edited(self, item: _Row) -> None:
        self._note(item)
        self._changed()

    def _add_empty(self) -> None:
        self._rows.append(self._row(None))
        self._lay_out()
        self._changed()

    def _remove(self, item: _Row) -> None:
        self._rows.remove(item)
        self._lay_out()
        self._changed()

    def _lay_out(self) -> None:
        self.children = (*(item.box for item in self._rows), self._add)
