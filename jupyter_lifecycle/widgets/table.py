"""The registry's table: a query field and rows that are asked for as they come into view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
from traitlets import Dict, Int, List, Unicode

from jupyter_lifecycle.widgets.bundle import built

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Table(anywidget.AnyWidget):
    """Rows of a query's result; what is typed, sorted, ticked and chosen comes back.

    Parameters
    ----------
    heard : callable
        Given each question of the page: a mapping with ``ask``.
    """

    _esm = Unicode().tag(sync=True)
    kind = Unicode("table").tag(sync=True)
    query = Unicode().tag(sync=True)
    columns = List(Dict()).tag(sync=True)
    order = Unicode().tag(sync=True)
    generation = Int(-1).tag(sync=True)
    """Number of the result that is shown; rows of an older one are let go."""
    total = Int(-1).tag(sync=True)
    """Rows in all; -1 until they are counted."""
    figures = Unicode().tag(sync=True)
    empty = Unicode().tag(sync=True)
    problem = Dict().tag(sync=True)
    facets = List(Dict()).tag(sync=True)
    """What the result can be narrowed by: key, label, note and what the query says of it."""
    choosable = List(Dict()).tag(sync=True)
    """Columns that can be chosen: key and label."""
    ticked = List(Unicode()).tag(sync=True)
    chosen = Unicode().tag(sync=True)

    def __init__(self, heard: Callable[[Mapping[str, Any]], None]) -> None:
        super().__init__(_esm=built("panels.js"))
        self._heard = heard
        self.on_msg(self._hear)

    def give(
        self, generation: int, start: int, rows: Sequence[Mapping[str, Any]], *, more: bool
    ) -> None:
        """Send rows of a result to all its views."""
        message = {"kind": "rows", "generation": generation, "start": start}
        self.send(message | {"rows": list(rows), "more": more})

    def offer(self, number: int, start: int, items: Sequence[Mapping[str, Any]]) -> None:
        """Send what may come next in the query."""
        self.send({"kind": "completion", "number": number, "start": start, "items": list(items)})

    def list_values(self, key: str, items: Sequence[Mapping[str, Any]]) -> None:
        """Send the values of a facet."""
        self.send({"kind": "values", "key": key, "items": list(items)})

    def _hear(self, _: object, content: Any, __: object) -> None:
        if isinstance(content, dict) and isinstance(content.get("ask"), str):
            self._heard(content)
