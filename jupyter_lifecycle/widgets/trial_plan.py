"""A planned experiment: its slots, its arms as they would be pinned, and what it can detect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from ipywidgets import FloatText, IntText, VBox

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets import trial_charts, views
from jupyter_lifecycle.widgets.icons import glyph
from jupyter_lifecycle.widgets.layers_views import percents, slots_bar
from jupyter_lifecycle.widgets.markup import Markup, element, join, name
from jupyter_lifecycle.widgets.panel import html, row
from jupyter_lifecycle.widgets.series import letter
from jupyter_lifecycle.widgets.views import mono, part_head, short, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.experiments import Experiment, Metric
    from jupyter_lifecycle.widgets.panel import Panel
    from jupyter_lifecycle.widgets.trials import Trials

DAYS = 28


class Planned(Protocol):
    """The part of an experiment that says what starting it would do."""

    def preview(self) -> Any:
        """Say what starting it would do."""
        ...


class PlanView(VBox):  # type: ignore[misc]
    """Shows a draft before it starts.

    Parameters
    ----------
    panel : Panel
        Runs what is asked in the background.
    trial : Planned
        The experiment.
    """

    def __init__(self, panel: Panel, trial: Planned) -> None:
        super().__init__()
        self._panel, self._trial = panel, trial
        self._value: Experiment | None = None
        self._slots, self._arms, self._metrics = html("jl-part"), html("jl-part"), html("jl-part")
        self._units = IntText(description="Units a day")
        self._mean = FloatText(description="Mean now", step=0.01)
        self._deviation = FloatText(description="Deviation", step=0.01)
        self._power = html()
        for field in (self._units, self._mean, self._deviation):
            field.observe(lambda _: self._draw_power(), "value")
        fields = row(self._units, self._mean, self._deviation, classes=("jl-inline",))
        self.power = VBox((self._power, fields))
        self.power.add_class("jl-part")
        self.children = (self._slots, self._arms, self._metrics)

    def ask(self, value: Experiment, board: Trials) -> None:
        """Look at the draft: slots, arms, traffic."""
        first = self._value is None
        self._value = value
        try:
            preview = self._trial.preview()
        except LifecycleError as error:
            arms, traffic = views.hint(error.message, "error"), None
        else:
            arms = arms_view(preview.arms, preview.problems)
            traffic = preview.requests_a_day
        with self._panel.painting():
            self._slots.value = slots_view(value, board)
            self._arms.value = arms
            self._metrics.value = metrics_view(value.metrics)
            if first and traffic:
                self._units.value = round(traffic * value.share)
        self._draw_power()

    def _draw_power(self) -> None:
        if self._value is not None:
            metric = deciding(self._value.metrics)
            drawn = power_view(metric, self._units.value, self._mean.value, self._deviation.value)
            with self._panel.painting():
                self._power.value = drawn


def slots_view(value: Experiment, board: Trials) -> Markup:
    """Draw the layer's slots as one bar, this experiment's among them."""
    layer = board.layer(value.layer)
    if layer is None:
        return views.hint(f"There is no layer {value.layer}.", "error")
    others = [one for one in board.in_layer(layer.name) if one.name != value.name]
    mine = value.slots[0] if value.slots else None
    note = join(("unit ", mono(layer.unit), ", seed ", mono(layer.seed[:8])))
    held = f"; the last {percents(layer.holdout / 10_000)} are held back" if layer.holdout else ""
    said = f"A unit is in one experiment of a layer at most. Slots in %{held}."
    bar = slots_bar(layer, [*others], mine, value.name)
    return join((part_head(f"Layer {layer.name}", note), bar, element("p", said, class_="jl-2")))


def arms_view(arms: Sequence[Any], problems: Sequence[str]) -> Markup:
    """Draw the arms as they would be pinned, and why it could not start."""
    rows = (
        (
            letter(chr(65 + min(place, 4))),
            name(arm.name, 24),
            mono(short(arm.envelope)),
            f"schema {arm.verdict}",
            percents(arm.weight),
        )
        for place, arm in enumerate(arms)
    )
    head = part_head("Arms", "pinned at the start; a tag that changes later does not change one")
    found = table(("", "arm", "envelope", "", "weight"), rows) if arms else None
    drawn = [
        element("p", glyph("error"), " ", one, class_="jl-t-error", dir="auto") for one in problems
    ]
    if not problems:
        drawn = [element("p", glyph("fresh"), " It can start.", class_="jl-t-fresh")]
    return join((head, found, *drawn))


def metrics_view(metrics: Sequence[Metric]) -> Markup:
    """Draw what it is judged by."""
    if not metrics:
        return join((part_head("Metrics"), element("p", "None yet.", class_="jl-2")))
    rows = (
        (name(one.name, 28), one.role, one.better, element("span", _decides(one), class_="jl-2"))
        for one in metrics
    )
    return join((part_head("Metrics"), table(("metric", "role", "better", "decide on"), rows)))


def _decides(one: Metric) -> str:
    if one.margin is not None:
        return f"not worse than {one.margin:g} {one.unit}".strip()
    return f"an effect of {one.effect * 100:g}\u2009% or more" if one.effect else ""


def deciding(metrics: Sequence[Metric]) -> Metric | None:
    """Give the primary metric, else the first."""
    found = [one for one in metrics if one.role == "primary"]
    return next(iter(found or metrics), None)


def power_view(metric: Metric | None, units: int, mean: float, deviation: float) -> Markup:
    """Draw the smallest effect that is detected by day, and say it in a sentence.

    Parameters
    ----------
    metric : Metric, optional
        The one that decides.
    units : int
        New units a day, of all arms.
    mean, deviation : float
        Of the metric now; a proportion's deviation follows from its mean.
    """
    from jupyter_lifecycle.experiments.planning import detectable

    head = part_head("What it can detect", "four times in five, read on any day")
    if metric is None:
        return head
    if metric.kind == "proportion" and not deviation and 0 < mean < 1:
        deviation = math.sqrt(mean * (1 - mean))
    if units <= 0 or not mean or deviation <= 0:
        words = "Say how many new units come a day, and the metric's mean and deviation now."
        return join((head, element("p", words, class_="jl-2")))
    effects = [
        (day, detectable(units * day, deviation, sequential=True) / abs(mean) * 100)
        for day in range(1, DAYS + 1)
        if units * day >= 8
    ]
    day = _day(effects, metric)
    found = dict(effects)[day]
    said = f"Detects {found:.2g}\u2009% of {metric.name} in {day} days at this traffic."
    chart = trial_charts.detectable_by_day([one for one in effects if one[0] >= 2], day)
    return join((head, element("h4", said, class_="jl-decision", dir="auto"), chart))


def _day(effects: Sequence[tuple[int, float]], metric: Metric) -> int:
    """Give the first day on which the effect that matters is detected, else the last one."""
    wanted = (metric.effect or 0.0) * 100
    return next((day for day, effect in effects if effect <= wanted), effects[-1][0])
