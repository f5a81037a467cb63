"""The registry browser: a query that completes itself, every envelope as a row, one in detail."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import LifecycleError, QueryError
from jupyter_lifecycle.widgets import registry_views, views
from jupyter_lifecycle.widgets.markup import Markup, element
from jupyter_lifecycle.widgets.panel import Panel, button, html, row, stack, toggle, told
from jupyter_lifecycle.widgets.registry_narrow import (
    choosable,
    facets_of,
    narrowed,
    values_of,
    without_order,
)
from jupyter_lifecycle.widgets.registry_rows import (
    PAGE,
    Result,
    by_envelope,
    columns_of,
    main_metric,
    ordered,
    row_of,
    serving_words,
    split_order,
)
from jupyter_lifecycle.widgets.saved_before import named
from jupyter_lifecycle.widgets.table import Table
from jupyter_lifecycle.widgets.words import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ipywidgets import Widget

    from jupyter_lifecycle.registry import Envelope, Registry
    from jupyter_lifecycle.registry.records import EndpointRecord
    from jupyter_lifecycle.widgets.work import Worker

_HISTORY = 50
_IN_FILE = 20


class RegistryPanel(Panel):
    """Browses a registry; see :func:`jupyter_lifecycle.registry_panel`.

    Parameters
    ----------
    registry : Registry
        Which one.
    query : str
        What it opens with.
    alias : str
        What lines of code call the package.
    openers : Mapping
        What its buttons open below it, by name: ``tag`` is given an envelope, ``compare`` several.
    worker : Worker, optional
        Who runs it; threads by default.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        registry: Registry,
        query: str = "",
        alias: str = "jl",
        openers: Mapping[str, Callable[[Any], Widget]] | None = None,
        worker: Worker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(worker)
        self._registry, self._alias, self._now = registry, alias, now
        self._openers = dict(openers or {})
        self._result = Result(query, registry)
        self._serving: dict[str, EndpointRecord] = {}
        self._asked: frozenset[str] = frozenset()
        self._columns: tuple[str, ...] = ()
        self._chosen: Envelope | None = None
        self._opened: frozenset[str] = frozenset()
        self._generation = self._all = -1
        self._make_parts(query)
        self.begin(lambda: self._ask(query), here=registry.is_local)

    def _make_parts(self, query: str) -> None:
        title = html()
        where = element("span", self._registry.location, class_="jl-cap", dir="auto")
        title.value = views.title("envelope", "Registry", where)
        self._ticked = html()
        self._compare_button = button("Compare", clicked=self._open_compare)
        self._refresh = button("Refresh", "jl-ghost", clicked=lambda: self._start(self._query))
        head = row(title, self._ticked, self._compare_button, self._refresh, classes=("jl-head",))
        self._table = Table(self._heard)
        self._table.query = query
        self._table.observe(lambda change: self._start(change["new"]), "query")
        self._table.observe(lambda _: self._choose(), "chosen")
        self._table.observe(lambda _: self._draw_ticked(), "ticked")
        self._detail = html("jl-detail-place")
        self._tag = button("Tag", "jl-primary", "jl-icon-tag", clicked=self._open_tag)
        self._side = stack(self._detail, row(self._tag, classes=("jl-inline",)))
        self._side.add_class("jl-side")
        self._side.add_class("jl-body")
        self._code, self._band, self._below = html("jl-part"), html(), stack(classes=("jl-below",))
        columns = row(self._table, self._side, classes=("jl-columns", "jl-registry"))
        self.frame(head, self._band, columns, self._code, self._below)
        toggle(self._side, "jl-hidden", on=True)
        toggle(self._tag, "jl-hidden", on="tag" not in self._openers)
        self._draw_ticked()

    @property
    def _query(self) -> str:
        return str(self._table.query)

    # what is asked ----------------------------------------------------------------------------

    def _start(self, query: str) -> None:
        self.run(lambda: self._ask(query))

    def _ask(self, query: str) -> None:
        """Ask for the first page; only when that is shown the whole is counted."""
        started = time.perf_counter()
        result = Result(query, self._registry)
        try:
            result.read(0)
            serving = by_envelope(self._registry.endpoints())
            asked = _tags_read(self._registry)
        except QueryError as error:
            if query == self._query:
                self._show_problem(error)
            return
        except LifecycleError as error:
            self.show_error(error)
            return
        if query != self._query:
            return
        seconds = time.perf_counter() - started
        self._take(result, serving, asked)
        self._count(result, seconds)

    def _take(
        self, result: Result, serving: dict[str, EndpointRecord], asked: frozenset[str]
    ) -> None:
        with self.painting():
            self._result, self._serving, self._asked = result, serving, asked
            self._generation += 1
            with self._table.hold_sync():
                self._table.problem = {}
                self._table.columns = columns_of(result.found, self._columns)
                self._table.choosable = self._choosable(result)
                self._table.order = ", ".join(split_order(result.query)[1])
                self._table.empty = "" if result.found else self._nothing(result.query)
                self._table.total = len(result.found) if result.ended else -1
                self._table.generation = self._generation
            self._band.value = ""
            registry = self._registry_code
            self._code.value = registry_views.code_view(result.query, self._alias, registry)
        self._give(0)
        if not result.found:
            self._chosen = None
            self._draw_detail()

    def _nothing(self, query: str) -> str:
        """Say which condition removes all."""
        try:
            self._registry.latest(query)
        except LifecycleError as error:
            return error.message
        return ""

    def _count(self, result: Result, seconds: float) -> None:
        matching = len(result.found) if result.ended else self._registry.count(result.query)
        if result is not self._result:
            return
        everything = self._registry.count("") if split_order(result.query)[0] else matching
        self._table.total = self._all = matching
        words = f"{matching:,}" + (f" of {everything:,}" if everything != matching else "")
        self._table.figures = f"{words} in {duration(seconds)}"
        self.say(f"{matching:,} envelopes.")
        self._table.facets = facets_of(
            self._registry, result.read(0), self._endpoints, result.query
        )

    def _choosable(self, result: Result) -> list[dict[str, str]]:
        fixed = [(one["key"], one["label"]) for one in columns_of(())]
        every = [*fixed[:-2], *choosable(result.read(0)), *fixed[-2:]]
        return [{"key": key, "label": label} for key, label in every]

    @property
    def _endpoints(self) -> list[str]:
        return sorted({record.name for record in self._serving.values()})

    def _heard(self, question: Mapping[str, Any]) -> None:
        """Answer a question of the page."""
        match question:
            case {"ask": "page", "generation": int(generation), "page": int(page)}:
                self.run(lambda: self._page(generation, page))
            case {"ask": "complete", "text": str(text), "position": int(place), "number": int(n)}:
                self.run(lambda: self._complete(text, place, n))
            case {"ask": "sort", "key": str(key)}:
                self._sort(key, add=bool(question.get("add")))
            case {"ask": "narrow", "key": str(key), "value": str(value)}:
                self._rewrite(lambda: narrowed(self._query, key, value, self._now()))
            case {"ask": "unsort"}:
                self._rewrite(lambda: without_order(self._query))
            case {"ask": "values", "key": str(key)}:
                self.run(lambda: self._list_values(key))
            case {"ask": "columns", "keys": [*keys]}:
                self._choose_columns([str(key) for key in keys])
            case {"ask": "open"}:
                self.announcer.ask_focus(".jl-detail-place button")
            case {"ask": "refresh"}:
                self._start(self._query)

    def _page(self, generation: int, page: int) -> None:
        result = self._result
        if generation != self._generation:
            return
        with self._paint_lock:  # one thread reads on from the nearest page that is known
            result.read(page)
        if generation == self._generation:
            self._give(page)

    def _give(self, page: int) -> None:
        columns, now = self._table.columns, self._now()
        result = self._result
        rows = [
            row_of(saved, columns, self._serving, self._asked, now) for saved in result.read(page)
        ]
        self._table.give(self._generation, page * PAGE, rows, more=result.more(page))

    def _complete(self, text: str, position: int, number: int) -> None:
        found = self._registry.complete(text, position)
        items = [
            {"text": one.text, "kind": one.kind, "note": one.note, "count": one.count}
            for one in found.suggestions
        ]
        self._table.offer(number, found.start, items)

    def _sort(self, key: str, *, add: bool) -> None:
        self._rewrite(lambda: ordered(self._query, key, add=add))

    def _rewrite(self, write: Callable[[], str]) -> None:
        try:
            self._table.query = write()
        except QueryError as error:
            self._show_problem(error)

    def _list_values(self, key: str) -> None:
        found = values_of(self._registry, key, self._endpoints, self._result.query)
        self._table.list_values(key, found)

    def _choose_columns(self, keys: Sequence[str]) -> None:
        """Show these columns, in this order; rows are written anew."""
        with self.painting():
            self._columns = tuple(keys)
            result = self._result
            self._generation += 1
            with self._table.hold_sync():
                self._table.columns = columns_of(result.read(0), self._columns)
                self._table.generation = self._generation
        self._give(0)

    # the chosen one ---------------------------------------------------------------------------

    def _choose(self) -> None:
        id_ = str(self._table.chosen)
        self._opened = frozenset()
        self.run(lambda: self._look_up(id_))

    def _look_up(self, id_: str) -> None:
        found = next((one for one in self._result.found if one.id == id_), None)
        chosen = found if found is not None else self._registry.get(id_)
        if id_ != self._table.chosen:
            return
        self._chosen = chosen  # type: ignore[assignment]
        self._draw_detail()

    def _draw_detail(self) -> None:
        envelope = self._chosen
        toggle(self._side, "jl-hidden", on=envelope is None)
        if envelope is None:
            return
        record, metric = self._serving.get(envelope.id), main_metric(envelope.metrics)
        state = serving_words(record, envelope.id) if record else None
        history = self._history(envelope, metric)
        drawn = registry_views.detail_view(
            envelope, state, history, metric, self._now(), self._opened
        )
        with self.painting():
            if envelope is self._chosen:
                self._detail.value = drawn

    def _history(self, envelope: Envelope, metric: str) -> list[tuple[datetime, float]]:
        """Give the metric of the newest envelopes of this name, oldest first."""
        if not metric:
            return []
        found = self._registry.search(named(envelope.name), limit=_HISTORY)
        points = ((one.created_at, one.metrics.get(metric)) for one in found)
        return [(at, value) for at, value in points if value is not None][::-1]

    def _draw_ticked(self) -> None:
        ticked: Sequence[str] = self._table.ticked
        with self.painting():
            self._ticked.value = registry_views.ticked_words(ticked)
            self._compare_button.description = f"Compare {len(ticked)}" if ticked else "Compare"
            self._compare_button.disabled = len(ticked) < 2
            toggle(self._compare_button, "jl-hidden", on="compare" not in self._openers)

    def _open_compare(self) -> None:
        ids = list(self._table.ticked)
        self.run(lambda: self._open("compare", [self._registry.get(id_) for id_ in ids]))

    def _open_tag(self) -> None:
        if self._chosen is not None:
            chosen = self._chosen
            self.run(lambda: self._open("tag", chosen))

    def _open(self, name: str, what: Any) -> None:
        self._below.children = (self._openers[name](what),)

    # what is seen -----------------------------------------------------------------------------

    @property
    def _registry_code(self) -> str:
        from jupyter_lifecycle.registry import Registry
        from jupyter_lifecycle.widgets.introspection import quoted

        own = self._registry.location == Registry().location
        return "" if own else f"{self._alias}.Registry({quoted(self._registry.location)})"

    def _show_problem(self, error: QueryError) -> None:
        detail = error.detail
        problem = {key: detail[key] for key in ("position", "length") if key in detail}
        self._table.problem = {"message": error.message} | problem
        self.alert(error.message)

    def clicked(self, value: str) -> None:
        """Open or close a part of the detail."""
        if value.startswith("show:"):
            self._opened ^= {value.removeprefix("show:")}
            self.run(self._draw_detail)

    def show_error(self, error: Exception) -> None:
        """Show it above the table; the last result and what was typed stay."""
        lead = "The registry was not read."
        with self.painting():
            self._band.value = views.band("error", lead, told(error))
        self.alert(f"{lead} {told(error)}")

    def snapshot(self) -> Markup:
        """Draw the rows that were in view for a file."""
        title = element("h3", "Registry")
        found: Any = self._result.found[:_IN_FILE]
        rows = registry_views.result_table(found, self._all, self._now())
        code = registry_views.search_code(self._result.query, self._alias, self._registry_code)
        return element("div", title, element("pre", code), rows, class_="jl")

    def plain(self) -> str:
        """Say the call and what it found in a line."""
        code = registry_views.search_code(self._result.query, self._alias, self._registry_code)
        counted = self._all if self._all >= 0 else len(self._result.found)
        return f"{code}: {counted:,} envelopes"


def _tags_read(registry: Registry) -> frozenset[str]:
    from jupyter_lifecycle.widgets.introspection import keys_read

    return frozenset(keys_read(rule.when for rule in registry.rules()))
