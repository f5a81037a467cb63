"""The compare panel: two to five envelopes side by side, one of them the baseline."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ipywidgets import Combobox, ToggleButtons

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets import compare_views, views
from jupyter_lifecycle.widgets.comparison import LETTERS, MOST, compare
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.markup import Markup, element, escape_lines
from jupyter_lifecycle.widgets.panel import Panel, button, html, row, stack, toggle, told
from jupyter_lifecycle.widgets.views import short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ipywidgets import Widget

    from jupyter_lifecycle.registry import Envelope, Registry
    from jupyter_lifecycle.widgets.comparison import Comparison
    from jupyter_lifecycle.widgets.work import Worker

_CHOICES = 20


class ComparePanel(Panel):
    """Compares envelopes; see :func:`jupyter_lifecycle.compare_panel`.

    Parameters
    ----------
    envelopes : sequence of Envelope
        Those that it opens with; fewer than two ask for more.
    registry : Registry
        Where others are looked up.
    alias : str
        What lines of code call the package.
    openers : Mapping
        What its buttons open below it, by name: ``tag`` is given an envelope, ``graph`` the
        newest one and the baseline.
    worker : Worker, optional
        Who runs it; threads by default.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        envelopes: Sequence[Envelope],
        registry: Registry,
        alias: str = "jl",
        openers: Mapping[str, Callable[[Any], Widget]] | None = None,
        worker: Worker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(worker)
        self._envelopes, self._registry = list(envelopes), registry
        self._alias, self._now = alias, now
        self._openers = dict(openers or {})
        self._base: Envelope | None = None
        self._comparison: Comparison | None = None
        self._markdown_shown = False
        self._make_parts()
        self.begin(self._open_with, here=registry.is_local)

    def _make_parts(self) -> None:
        title = html()
        title.value = views.title("envelope", "Compare")
        self._sides, self._problem = html(), html()
        self._add = Combobox(description="Add", placeholder="an id, up to 5")
        self._add.add_class("jl-code-field")
        self._add.add_class("jl-combo")
        self._add.continuous_update = False
        self._add.observe(lambda change: self._added(change["new"]), "value")
        self._mode = ToggleButtons(
            options=["Differences", "Everything"], description="Show what differs or all"
        )
        self._mode.observe(lambda _: self._draw(), "value")
        head = row(title, self._mode, classes=("jl-head",))
        self._picked = row(self._sides, self._add, classes=("jl-inline", "jl-picked"))
        self._metrics, self._inputs = html("jl-part"), html("jl-part")
        self._differences, self._tags = html(), html()
        left = stack(self._metrics, self._inputs)
        right = stack(self._differences, self._tags, classes=("jl-side", "jl-diff-side"))
        self._body = row(left, right, classes=("jl-columns", "jl-wide"))
        self._tag = button("Tag", "jl-primary", "jl-icon-tag", clicked=self._open_tag)
        self._graph = button("Open as graph", clicked=self._open_graph)
        self._markdown = button("Show as Markdown", clicked=self._show_markdown)
        self._words, self._text, self._code = html(), html("jl-part"), html("jl-part")
        foot = row(self._tag, self._graph, self._markdown, self._words, classes=("jl-foot",))
        self._below = stack(classes=("jl-below",))
        parts = (self._body, self._text, self._code, foot, self._below)
        self.frame(head, stack(self._picked, self._problem, classes=("jl-part",)), *parts)
        self._draw()

    # what is asked ----------------------------------------------------------------------------

    def _open_with(self) -> None:
        found = self._registry.search("", limit=_CHOICES)
        with self.painting():
            self._add.options = tuple(f"{one.short_id}  {one.name}" for one in found)
        self._compare_now()

    def _compare_now(self) -> None:
        """Compare what is picked; nothing is loaded for it."""
        envelopes, base = list(self._envelopes), self._base
        if len(envelopes) < 2:
            self._comparison = None
            self._draw()
            return
        found = compare(*envelopes, baseline=base, registry=self._registry)
        if envelopes == self._envelopes:
            self._comparison = found
            self._draw()
            self.say(found.verdict)

    def _added(self, typed: str) -> None:
        wanted = typed.split(" ", maxsplit=1)[0].strip()
        if wanted:
            self.run(lambda: self._look_up(wanted))

    def _look_up(self, wanted: str) -> None:
        try:
            found = self._registry.get(wanted)
        except LifecycleError as error:
            self._say_problem(error.message)
            return
        if found in self._envelopes:
            self._say_problem(f"{found.short_id} is compared already.")
            return
        if len(self._envelopes) == MOST:
            self._say_problem(f"{MOST} are compared at most. Remove one first.")
            return
        self._envelopes.append(found)
        with self.painting():
            self._problem.value, self._add.value = "", ""
        self._run_compare()

    def _say_problem(self, words: str) -> None:
        with self.painting():
            self._problem.value = views.hint(words, "error")
        self.alert(words)

    def _run_compare(self) -> None:
        self.run(self._compare_now)

    # what is seen -----------------------------------------------------------------------------

    def _draw(self) -> None:
        comparison, now = self._comparison, self._now()
        everything = self._mode.value == "Everything"
        with self.painting():
            for part in (self._body, self._markdown, self._code):
                toggle(part, "jl-hidden", on=comparison is None)
            toggle(self._tag, "jl-hidden", on=comparison is None or "tag" not in self._openers)
            graph = comparison is not None and any(d and d.features for d in comparison.diffs)
            toggle(self._graph, "jl-hidden", on=not graph or "graph" not in self._openers)
            if comparison is None:
                few = "Choose 2 to 5 envelopes." if not self._envelopes else "Choose one more."
                self._sides.value = element("span", few, class_="jl-2")
                self._words.value = self._text.value = ""
                return
            self._sides.value = compare_views.sides_view(comparison, now)
            self._metrics.value = compare_views.metrics_view(comparison, everything=everything)
            self._inputs.value = compare_views.inputs_view(comparison, everything=everything)
            self._differences.value = compare_views.differences_view(comparison)
            self._tags.value = compare_views.tags_view(comparison, everything=everything)
            self._words.value = element("span", comparison.verdict, class_="jl-say")
            self._tag.description = f"Tag {self._newest(comparison)[0]}"
            self._code.value = views.code_block(self._code_text(comparison), wrap=True)
            self._draw_markdown(comparison)

    def _draw_markdown(self, comparison: Comparison) -> None:
        shown = self._markdown_shown
        self._markdown.description = "Hide Markdown" if shown else "Show as Markdown"
        text = escape_lines(comparison.markdown())
        block = views.code_block(text, what="Markdown", python=False)
        self._text.value = block if shown else ""

    def _newest(self, comparison: Comparison) -> tuple[str, Envelope]:
        """Give the letter and the envelope that is newest beside the baseline."""
        others = [
            (letter, one)
            for place, (letter, one) in enumerate(zip(LETTERS, self._envelopes, strict=False))
            if place != comparison.baseline
        ]
        return max(others, key=lambda one: one[1].created_at)

    def _code_text(self, comparison: Comparison) -> str:
        from jupyter_lifecycle.registry import Registry

        ids = [quoted(short(side.id)) for side in comparison.sides]
        if self._base is not None:
            ids.append(f"baseline={quoted(short(self._base.id))}")
        if self._registry.location != Registry().location:
            ids.append(f"registry={self._alias}.Registry({quoted(self._registry.location)})")
        return f"{self._alias}.compare({', '.join(ids)})"

    def _open_tag(self) -> None:
        if self._comparison is not None:
            _, envelope = self._newest(self._comparison)
            self._below.children = (self._openers["tag"](envelope),)

    def _open_graph(self) -> None:
        comparison = self._comparison
        if comparison is not None:
            pair = (self._newest(comparison)[1], self._envelopes[comparison.baseline])
            self._below.children = (self._openers["graph"](pair),)

    def _show_markdown(self) -> None:
        self._markdown_shown = not self._markdown_shown
        self._draw()

    def clicked(self, value: str) -> None:
        """Make an envelope the baseline, or show all inputs."""
        if value.startswith("base:"):
            place = LETTERS.index(value.removeprefix("base:"))
            self._base = self._envelopes[place]
            self._run_compare()
        elif value == "show:everything":
            self._mode.value = "Everything"

    def show_error(self, error: Exception) -> None:
        """Show it under what is picked; the last comparison stays."""
        self._say_problem(told(error))

    def snapshot(self) -> Markup:
        """Draw the comparison for a file."""
        if self._comparison is None:
            few = element("p", "Choose 2 to 5 envelopes.")
            return element("div", element("h3", "Compare"), few, class_="jl")
        return compare_views.snapshot_view(self._comparison)

    def plain(self) -> str:
        """Write the comparison as Markdown."""
        if self._comparison is None:
            return "Compare: choose 2 to 5 envelopes"
        return self._comparison.markdown()
