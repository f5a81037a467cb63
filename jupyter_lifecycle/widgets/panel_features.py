"""The features of an envelope: choose one and explore the graph that made its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import Combobox

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets import views
from jupyter_lifecycle.widgets.markup import Markup, element
from jupyter_lifecycle.widgets.panel import Panel, html, row, stack, told
from jupyter_lifecycle.widgets.views import short

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipywidgets import Widget

    from jupyter_lifecycle.registry import Envelope, Registry
    from jupyter_lifecycle.widgets.work import Worker

_CHOICES = 50


class FeaturesPanel(Panel):
    """Explores the features of an envelope; see :func:`jupyter_lifecycle.features_panel`.

    Parameters
    ----------
    registry : Registry
        Which one; it is only asked.
    explore : callable
        Gives the explorer of an envelope: :func:`jupyter_lifecycle.explore`.
    wished : str
        The id that it opens with, or its beginning; the newest that has features where empty.
    worker : Worker, optional
        Who runs it; threads by default.
    """

    def __init__(
        self,
        registry: Registry,
        explore: Callable[[Envelope], Widget],
        wished: str = "",
        worker: Worker | None = None,
    ) -> None:
        super().__init__(worker)
        self._registry, self._explore, self._wished = registry, explore, wished
        self._shown: Any = None
        title = html()
        title.value = views.title("envelope", "Features of an envelope")
        self._which = Combobox(description="Envelope", placeholder="an id", continuous_update=False)
        self._which.add_class("jl-code-field")
        self._which.add_class("jl-combo")
        self._which.observe(lambda change: self._typed(change["new"]), "value")
        self._hint, self._place = html(), stack(classes=("jl-explorer-place",))
        choose = stack(self._which, self._hint, classes=("jl-field", "jl-part", "jl-choose"))
        self.frame(row(title, classes=("jl-head",)), choose, self._place)
        self.begin(self._open, here=registry.is_local)

    def _open(self) -> None:
        found = [one for one in self._registry.search("", limit=_CHOICES) if has_features(one)]
        self._which.options = tuple(f"{one.short_id}  {one.name}" for one in found)
        wished = self._wished or (found[0].short_id if found else "")
        if wished:
            self._which.value = wished
        else:
            self._hint.value = views.hint("No envelope was saved with features yet.")

    def _typed(self, text: str) -> None:
        wanted = text.split(" ", maxsplit=1)[0].strip()
        if wanted:
            self.run(lambda: self._show(wanted))

    def _show(self, wanted: str) -> None:
        try:
            envelope = self._registry.get(wanted)
            explorer = self._explore(envelope)
        except LifecycleError as error:
            self._hint.value = views.hint(error.message, "error")
            self.alert(error.message)
            return
        with self.painting():
            self._shown = envelope
            self._hint.value = views.hint(f"{envelope.name} {envelope.short_id}", "fresh")
            before, self._place.children = self._place.children, (explorer,)
        for one in before:
            one.close()

    def clicked(self, value: str) -> None:
        """Nothing can be clicked but in the explorer."""

    def show_error(self, error: Exception) -> None:
        """Show it under the field; what is explored stays."""
        self._hint.value = views.hint(told(error), "error")
        self.alert(told(error))

    def snapshot(self) -> Markup:
        """Draw the names of the features for a file."""
        title = element("h3", "Features of an envelope")
        if self._shown is None:
            return element("div", title, element("p", "None was chosen."), class_="jl")
        return element("div", title, element("p", self.plain()), class_="jl")

    def plain(self) -> str:
        """Say which envelope it is and how many features it has."""
        if self._shown is None:
            return "Features of an envelope: none chosen"
        features = self._shown.manifest["lineage"]["features"]["count"]
        return f"{self._shown.name} {short(self._shown.id)}: {features} features"


def has_features(envelope: Envelope) -> bool:
    """Whether an envelope was saved with the features behind its inputs."""
    lineage = envelope.manifest.get("lineage") or {}
    return bool((lineage.get("features") or {}).get("count"))
