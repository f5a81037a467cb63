"""The layers: who occupies which slots, when; a click opens an experiment."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ipywidgets import ToggleButtons

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets import layers_views, views
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.panel import Panel, button, html, row, stack, toggle, told
from jupyter_lifecycle.widgets.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ipywidgets import Widget

    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.work import Worker

_LOOK = 10.0


class LayersPanel(Panel):
    """Shows all layers and their experiments; see :func:`jupyter_lifecycle.layers_panel`.

    Parameters
    ----------
    registry : Registry
        Which one; it is only asked.
    alias : str
        What lines of code call the package.
    openers : Mapping
        What opens below: ``experiment`` is given a name, ``new`` nothing.
    worker : Worker, optional
        Who runs it; threads by default.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        registry: Registry,
        alias: str = "jl",
        openers: Mapping[str, Callable[..., Widget]] | None = None,
        worker: Worker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(worker)
        self._registry, self._alias, self._now = registry, alias, now
        self._openers = dict(openers or {})
        self._trials: Trials | None = None
        self._make_parts()
        self.begin(self._ask, here=registry.is_local)
        self.repeat(_LOOK, self._look)

    def _make_parts(self) -> None:
        self._title = html()
        keys = html()
        keys.value = layers_views.legend()
        self._weeks = ToggleButtons(options=list(layers_views.WEEKS), value="6 weeks")
        self._weeks.observe(lambda _: self._draw(), "value")
        head = row(self._title, keys, self._weeks, classes=("jl-head",))
        self._band, self._lanes = html(), html("jl-lanes")
        self._list, self._held = html("jl-part"), html("jl-part")
        side = stack(self._list, self._held, classes=("jl-side",))
        columns = row(self._lanes, side, classes=("jl-columns", "jl-wide", "jl-layers"))
        self._new = button("New experiment", "jl-primary", clicked=lambda: self._open("new"))
        toggle(self._new, "jl-hidden", on="new" not in self._openers)
        self._code = html()
        foot = row(self._new, self._code, classes=("jl-foot",))
        self._below = stack(classes=("jl-below",))
        self.frame(head, self._band, columns, foot, self._below)
        self._title.value = views.title("layers", "Layers")

    def _look(self) -> bool:
        """Ask again while somebody looks."""
        views_of_it = self.announcer._view_count  # noqa: SLF001 - ipywidgets' own count of views
        if self._trials is None or views_of_it:
            self._ask()
        return True

    def _ask(self) -> None:
        try:
            found = Trials.of(self._registry.board())
        except LifecycleError as error:
            self.show_error(error)
            return
        with self.painting():
            self._band.value = ""
        if found != self._trials:
            self._trials = found
            self._draw()

    def _draw(self) -> None:
        found, now = self._trials, self._now()
        if found is None:
            return
        weeks = layers_views.WEEKS[str(self._weeks.value)]
        with self.painting():
            self._title.value = layers_views.head_view(found.layers, found.experiments)
            self._lanes.value = layers_views.lanes_view(found.layers, found.experiments, weeks, now)
            self._list.value = layers_views.experiments_view(found.experiments, now)
            self._held.value = layers_views.holdouts_view(found.holdouts)
            self._code.value = views.code_block(self._call)

    @property
    def _call(self) -> str:
        from jupyter_lifecycle.registry import Registry

        own = self._registry.location == Registry().location
        where = "" if own else quoted(self._registry.location)
        return f"{self._alias}.Registry({where}).board()"

    def _open(self, name: str, *what: Any) -> None:
        self.run(lambda: self._show(name, *what))

    def _show(self, name: str, *what: Any) -> None:
        self._below.children = (self._openers[name](*what),)

    def clicked(self, value: str) -> None:
        """Open an experiment below."""
        if value.startswith("open:") and "experiment" in self._openers:
            self._open("experiment", value.removeprefix("open:"))

    def show_error(self, error: Exception) -> None:
        """Show it above the lanes; the last ones stay."""
        lead = "The layers were not read."
        with self.painting():
            self._band.value = views.band("error", lead, told(error))
        self.alert(f"{lead} {told(error)}")

    def snapshot(self) -> Markup:
        """Draw lanes and list for a file."""
        title, now = element("h3", "Layers"), self._now()
        if self._trials is None:
            return element("div", title, element("p", "Not asked yet."), class_="jl")
        found = self._trials
        said = element("p", f"As of {now:%H:%M}.")
        lanes = layers_views.lanes_view(found.layers, found.experiments, 6, now)
        listed = layers_views.experiments_view(found.experiments, now)
        return element("div", title, said, join((lanes, listed)), class_="jl")

    def plain(self) -> str:
        """Say each layer in a line."""
        if self._trials is None or not self._trials.layers:
            return "Layers: none yet"
        return "\n".join(self._trials.lines())
