"""The monitor: what a service sees, held against what its model learned, input by input."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ipywidgets import Dropdown, ToggleButtons

from jupyter_lifecycle.errors import LifecycleError, RegistryError
from jupyter_lifecycle.widgets import monitor_views, views
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.monitor_values import Monitored, in_order
from jupyter_lifecycle.widgets.panel import Panel, button, html, row, stack, toggle, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ipywidgets import Widget

    from jupyter_lifecycle.widgets.monitor_values import Column
    from jupyter_lifecycle.widgets.work import Worker

_LOOK = 30.0
_ACTIONS = {
    "explore": ("Open in explorer", "jl-icon-graph"),
    "tag": ("Tag skew = moved", "jl-icon-tag"),
    "deploy": ("Roll back", "jl-icon-undo"),
}


class Source(Protocol):
    """Asks the public functions what an endpoint saw."""

    @property
    def location(self) -> str:
        """The registry that is asked."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether it answers at once."""
        ...

    def endpoints(self) -> Sequence[str]:
        """Give all endpoints that can be turned to."""
        ...

    def look(self, endpoint: str, window: str) -> Monitored:
        """Compare the last ``hour``, ``day`` or ``week`` with training."""
        ...


class MonitorPanel(Panel):
    """Shows how what an endpoint sees has moved; see :func:`jupyter_lifecycle.monitor_panel`.

    Parameters
    ----------
    endpoint : str
        Its name.
    source : Source
        What is asked.
    alias : str
        What lines of code call the package.
    openers : Mapping
        What its buttons open below it, by name: ``explore``, ``tag``, ``deploy``; each is given
        what is shown.
    worker : Worker, optional
        Who runs it; threads by default.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        endpoint: str,
        source: Source,
        alias: str = "jl",
        openers: Mapping[str, Callable[[Monitored], Widget]] | None = None,
        worker: Worker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(worker)
        self._name, self._source, self._alias, self._now = endpoint, source, alias, now
        self._endpoints = tuple(source.endpoints())
        self._openers = dict(openers or {})
        self._shown: Monitored | None = None
        self._chosen = ""
        self._make_parts()
        self.begin(self._ask, here=source.is_local)
        self.repeat(_LOOK, self._look)

    def _make_parts(self) -> None:
        self._title = html()
        self._which = Dropdown(
            options=sorted({*self._endpoints, self._name}), value=self._name, description="Endpoint"
        )
        self._which.observe(lambda change: self._turn_to(change["new"]), "value")
        toggle(self._which, "jl-hidden", on=len(self._endpoints) < 2)
        self._window = ToggleButtons(
            options=[(f"Last {window}", window) for window in monitor_views.WINDOWS],
            value="day",
        )
        self._window.add_class("jl-segments")
        self._window.observe(lambda _: self.run(self._ask), "value")
        head = row(self._title, self._which, self._window, classes=("jl-head",))
        self._band, self._figures = html("jl-band-place"), html()
        self._list, self._origin = html("jl-watch-place"), html("jl-part")
        self._live, self._detail = html("jl-part"), html()
        low = row(self._origin, self._live, classes=("jl-columns", "jl-watch-low"))
        left = stack(self._list, low)
        right = stack(self._detail, classes=("jl-side", "jl-watch-detail"))
        columns = row(left, right, classes=("jl-columns", "jl-watch-columns"))
        self._buttons = {
            name: button(*_ACTIONS[name], clicked=self._opening(name)) for name in self._openers
        }
        self._code = html()
        foot = row(*self._buttons.values(), self._code, classes=("jl-foot", "jl-inline"))
        self._below = stack(classes=("jl-below",))
        self.frame(head, self._band, self._figures, columns, foot, self._below)
        self._title.value = views.title("pulse", self._name)

    # what is asked ----------------------------------------------------------------------------

    def _look(self) -> bool:
        """Ask again while somebody looks."""
        views_of_it = self.announcer._view_count  # noqa: SLF001 - ipywidgets' own count of views
        if self._shown is None or views_of_it:
            self._ask()
        return True

    def _turn_to(self, endpoint: str) -> None:
        """Watch another endpoint."""
        self._name, self._chosen = endpoint, ""
        self._below.children = ()
        self.run(self._ask)

    def _ask(self) -> None:
        window, name = str(self._window.value), self._name
        try:
            shown = self._source.look(name, window)
        except LifecycleError as error:
            self.show_error(error)
            return
        if (window, name) != (self._window.value, self._name):
            return
        before, self._shown = self._shown, shown
        if all(one.name != self._chosen for one in shown.columns):
            self._chosen = next((one.name for one in in_order(shown.columns)), "")
        with self.painting():
            self._band.value = ""
        self._draw()
        if before is not None and before.moved != shown.moved:
            self.say(monitor_views.sentence(shown, self._now()))

    def _opening(self, name: str) -> Callable[[], None]:
        return lambda: self.run(lambda: self._open(name))

    def _open(self, name: str) -> None:
        if self._shown is not None:
            self._below.children = (self._openers[name](self._shown),)

    # what is seen -----------------------------------------------------------------------------

    @property
    def chosen(self) -> Column | None:
        """The input whose detail is shown."""
        columns = self._shown.columns if self._shown else ()
        return next((one for one in columns if one.name == self._chosen), None)

    def _draw(self) -> None:
        shown, now = self._shown, self._now()
        if shown is None:
            return
        drawn = {
            self._title: monitor_views.head_view(shown, now),
            self._band: monitor_views.bands(shown),
            self._figures: monitor_views.figures_view(shown),
            self._list: monitor_views.list_view(shown, self._chosen),
            self._origin: monitor_views.origin_view(shown),
            self._live: monitor_views.live_view(shown, now),
            self._code: views.code_block(self._call),
        }
        with self.painting():
            for place, markup in drawn.items():
                if place.value != markup:
                    place.value = markup
            for name, shown_button in self._buttons.items():
                needed = shown.report if name == "explore" else shown.moved
                toggle(shown_button, "jl-hidden", on=not needed)
        self._draw_detail()

    def _draw_detail(self) -> None:
        if self._shown is not None:
            drawn = monitor_views.detail_view(self._shown, self.chosen, self._now())
            with self.painting():
                self._detail.value = drawn

    @property
    def _call(self) -> str:
        from jupyter_lifecycle.registry import Registry

        registry = ""
        if self._source.location != Registry().location:
            registry = f", registry={self._alias}.Registry({quoted(self._source.location)})"
        since = monitor_views.WINDOWS[str(self._window.value)]
        return f'{self._alias}.endpoint({quoted(self._name)}{registry}).skew(since="{since}")'

    def clicked(self, value: str) -> None:
        """Choose an input."""
        if value.startswith("choose:"):
            self._chosen = value.removeprefix("choose:")
            self._draw()

    def show_error(self, error: Exception) -> None:
        """Show it in the band; the last window stays."""
        lead = "The registry does not answer." if isinstance(error, RegistryError) else "Not shown."
        with self.painting():
            self._band.value = views.band("error", lead, told(error))
        self.alert(f"{lead} {told(error)}")

    def snapshot(self) -> Markup:
        """Draw figures, list, origin and the chosen input for a file."""
        shown, now = self._shown, self._now()
        title = element("h3", self._name)
        if shown is None:
            return element("div", title, element("p", "Not asked yet."), class_="jl")
        said = element("p", monitor_views.sentence(shown, now))
        parts = (
            monitor_views.list_view(shown, self._chosen),
            monitor_views.origin_view(shown),
            monitor_views.detail_view(shown, self.chosen, now),
        )
        return element("div", title, said, join(parts), class_="jl")

    def plain(self) -> str:
        """Say in a line how it stands."""
        if self._shown is None:
            return f"{self._name}: not asked yet"
        return monitor_views.sentence(self._shown, self._now())
