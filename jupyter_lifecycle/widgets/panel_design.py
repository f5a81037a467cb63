"""A new experiment: layer, slots, arms and metrics as fields, and the call that plans it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import BoundedFloatText, Combobox, Dropdown, Text

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.experiments.slots import allocate
from jupyter_lifecycle.widgets import views
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.layers_views import slots_bar
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.panel import Panel, button, html, row, stack, styled, told
from jupyter_lifecycle.widgets.trials import Trials
from jupyter_lifecycle.widgets.views import mono

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipywidgets import Widget

    from jupyter_lifecycle.registry import Registry
    from jupyter_lifecycle.widgets.work import Worker

_PAUSE = 0.15
_ARMS = ("control", "treatment")


class DesignPanel(Panel):
    """Plans an experiment; see :func:`jupyter_lifecycle.layers_panel`.

    Parameters
    ----------
    registry : Registry
        Where it is planned.
    plan : callable
        ``jl.experiment``.
    opened : callable
        Gives the panel of an experiment by its name; it opens below.
    alias : str
        What lines of code call the package.
    worker : Worker, optional
        Who runs it; threads by default.
    """

    def __init__(
        self,
        registry: Registry,
        plan: Callable[..., Any],
        opened: Callable[[str], Widget],
        alias: str = "jl",
        worker: Worker | None = None,
    ) -> None:
        super().__init__(worker)
        self._registry, self._plan, self._opened, self._alias = registry, plan, opened, alias
        self._board = Trials()
        self._make_parts()
        self.begin(self._read, here=registry.is_local)

    def _make_parts(self) -> None:
        title = html()
        title.value = views.title("split", "New experiment")
        self._name = Text(description="Name", continuous_update=False)
        self._layer = Dropdown(description="Layer")
        self._endpoint = Combobox(description="Endpoint", continuous_update=False)
        self._share = BoundedFloatText(description="Share, %", min=0.01, max=100, value=20)
        self._arms = {
            arm: styled(
                Text(description=arm.capitalize(), continuous_update=False), "jl-code-field"
            )
            for arm in _ARMS
        }
        self._metrics = Text(
            description="Metrics", placeholder="the first is primary", continuous_update=False
        )
        fields = (self._name, self._layer, self._endpoint, self._share, *self._arms.values())
        fields = (*fields, self._metrics)
        for field in fields:
            field.observe(lambda _: self._changed(), "value")
        self._slots, self._found = html("jl-part"), html("jl-part")
        self._code, self._band = html("jl-part"), html()
        self._save = button("Save draft", "jl-primary", clicked=self.save)
        said = html("jl-foot-words")
        said.value = element("span", "A draft takes its slots and exposes nobody.", class_="jl-say")
        foot = row(self._save, said, classes=("jl-foot",))
        self._below = stack(classes=("jl-below",))
        body = stack(*fields, classes=("jl-body", "jl-design"))
        self.frame(
            row(title, classes=("jl-head",)),
            self._band, body, self._slots, self._found, self._code, foot, self._below,
        )  # fmt: skip

    def _read(self) -> None:
        """Fill in what is there: layers, endpoints, what serves, metrics of the last experiment."""
        self._board = Trials.of(self._registry.board())
        records = self._registry.endpoints()
        last = self._board.experiments[-1] if self._board.experiments else None
        with self.painting():
            names = [one.name for one in self._board.layers]
            self._layer.options = names
            self._layer.value = next(iter(names), None)
            self._endpoint.options = tuple(one.name for one in records)
            if last is not None:
                self._metrics.value = ", ".join(one.name for one in last.metrics)
            serving = next((one for one in records if one.rule is not None), None)
            if serving is not None and serving.rule is not None:
                self._endpoint.value = serving.name
                self._arms["control"].value = serving.rule.when
        self._changed()

    def _changed(self) -> None:
        self._code.value = views.code_block(self.call, wrap=True)
        self.later(_PAUSE, self._look)

    def _look(self) -> None:
        """Show the slots that it would take and the envelopes that its arms find now."""
        self._board = Trials.of(self._registry.board())
        slots = self._slots_now()
        found = [self._arm_now(arm, field.value) for arm, field in self._arms.items()]
        with self.painting():
            self._slots.value, self._found.value = slots, join(found)

    def _slots_now(self) -> Markup:
        layer = self._board.layer(str(self._layer.value or ""))
        if layer is None:
            return views.hint(
                f"No layer yet. {self._alias}.layer(name, unit=…) makes one.", "error"
            )
        others = self._board.in_layer(layer.name)
        name = self._name.value or "new"
        try:
            mine = allocate(layer, others, self._share.value / 100, name=name)[0]
        except LifecycleError as error:
            return join((slots_bar(layer, others, None, ""), views.hint(error.message, "error")))
        unit = element("span", "unit ", mono(layer.unit), class_="jl-cap")
        return join((unit, slots_bar(layer, others, mine, name)))

    def _arm_now(self, arm: str, query: str) -> Markup:
        if not query:
            return views.hint(f"{arm} needs a query or an id.")
        try:
            envelope = self._registry.latest(query)
        except LifecycleError as error:
            return views.hint(f"{arm}: {told(error)}", "error")
        said = join((f"{arm} is ", mono(envelope.short_id), " now; pinned at the start."))
        return views.hint(said, "fresh")

    @property
    def plan(self) -> dict[str, Any]:
        """What the call is given."""
        metrics = [one.strip() for one in self._metrics.value.split(",") if one.strip()]
        return {
            "layer": self._layer.value,
            "endpoint": self._endpoint.value or None,
            "arms": {arm: field.value for arm, field in self._arms.items()},
            "share": round(self._share.value / 100, 6),
            "metrics": metrics,
        }

    @property
    def call(self) -> str:
        """The line that the click runs."""
        given = ", ".join(f"{key}={value!r}" for key, value in self.plan.items() if value)
        return f"{self._alias}.experiment({quoted(self._name.value)}, {given})"

    def save(self) -> None:
        """Plan it: what the button does."""
        self._save.disabled = True
        self.run(self._carry_out)

    def _carry_out(self) -> None:
        name, plan = self._name.value, self.plan
        try:
            self._plan(name, **plan, registry=self._registry)
        except LifecycleError as error:
            self.show_error(error)
            return
        finally:
            self._save.disabled = False
        with self.painting():
            self._band.value = ""
            self._below.children = (self._opened(name),)
        self.say(f"{name} is planned.")

    def clicked(self, value: str) -> None:
        """Nothing in its HTML can be clicked."""

    def show_error(self, error: Exception) -> None:
        """Show it above the fields; what was typed stays."""
        lead = "Nothing was planned."
        with self.painting():
            self._band.value = views.band("error", lead, told(error))
        self.alert(f"{lead} {told(error)}")

    def snapshot(self) -> Markup:
        """Draw the design as its call for a file."""
        return element(
            "div", element("h3", "New experiment"), element("pre", self.call), class_="jl"
        )

    def plain(self) -> str:
        """Say the call."""
        return self.call
