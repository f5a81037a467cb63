"""Models over time: one metric of one name's envelopes, a line for each value of a tag."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ipywidgets import Dropdown

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets import series, views
from jupyter_lifecycle.widgets.introspection import direction_of
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.panel import Panel, html, row, stack, told
from jupyter_lifecycle.widgets.registry_rows import main_metric
from jupyter_lifecycle.widgets.saved_before import named
from jupyter_lifecycle.widgets.views import mono, part_head, short
from jupyter_lifecycle.widgets.words import count, moment, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_lifecycle.registry import Envelope, Registry
    from jupyter_lifecycle.widgets.work import Worker

_MOST = 500
_LINES = 5
_ROWS = 20
_ALL = "all together"


class TrendPanel(Panel):
    """Shows a metric over time by tag; see :func:`jupyter_lifecycle.trend_panel`.

    Parameters
    ----------
    registry : Registry
        Which one; it is only asked.
    name, metric, tag : str
        What it opens with; found by themselves where empty.
    worker : Worker, optional
        Who runs it; threads by default.
    now : callable, optional
        The time, aware.
    """

    def __init__(
        self,
        registry: Registry,
        name: str = "",
        metric: str = "",
        tag: str = "",
        worker: Worker | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(worker)
        self._registry, self._now = registry, now
        self._wished = (name, metric, tag)
        self._found: Sequence[Envelope] = ()
        self._filling = False
        title = html()
        title.value = views.title("envelope", "Models over time")
        self._name = Dropdown(description="Name", options=[])
        self._metric = Dropdown(description="Metric", options=[])
        self._tag = Dropdown(description="By tag", options=[_ALL])
        self._name.observe(lambda _: self._renamed(), "value")
        for control in (self._metric, self._tag):
            control.observe(lambda _: self._redraw(), "value")
        choices = row(self._name, self._metric, self._tag, classes=("jl-inline", "jl-choices"))
        self._band, self._chart, self._table = html(), html("jl-part"), html("jl-part")
        head = row(title, classes=("jl-head",))
        chosen = stack(choices, classes=("jl-part", "jl-choose"))
        self.frame(head, self._band, chosen, self._chart, self._table)
        self.begin(self._open, here=registry.is_local)

    def _open(self) -> None:
        """Ask for the names and choose one: what was wished, else what was saved last."""
        names = list(self._registry.names())
        if not names:
            self._draw()
            return
        wished = self._wished[0]
        chosen = wished if wished in names else self._registry.latest("").name
        self._filling = True
        self._name.options, self._name.value = names, chosen
        self._filling = False
        self._read(chosen)

    def _renamed(self) -> None:
        if not self._filling:
            name = str(self._name.value)
            self.run(lambda: self._read(name))

    def _read(self, name: str) -> None:
        found = tuple(self._registry.search(named(name), limit=_MOST))[::-1]
        if name != self._name.value:
            return
        metrics = sorted({key for one in found for key in one.metrics})
        tags = sorted({key for one in found for key in one.tags})
        self._filling = True
        with self.painting():
            self._found = found
            _, metric, tag = self._wished
            self._metric.options = metrics
            if metrics:
                self._metric.value = metric if metric in metrics else main_metric(metrics)
            self._tag.options = [_ALL, *tags]
            self._tag.value = tag if tag in tags else _ALL
        self._filling = False
        self._draw()

    def _redraw(self) -> None:
        if not self._filling:
            self._draw()

    @property
    def lines(self) -> dict[str, list[Envelope]]:
        """The envelopes that have the metric by the tag's value, the commonest first, five most."""
        metric, tag = self._metric.value, self._tag.value
        found: dict[str, list[Envelope]] = {}
        for one in self._found:
            if metric in one.metrics:
                value = str(self._name.value) if tag == _ALL else one.tags.get(str(tag), "none")
                found.setdefault(value, []).append(one)
        largest = sorted(found, key=lambda value: (-len(found[value]), value))[:_LINES]
        return {value: found[value] for value in largest}

    def _draw(self) -> None:
        metric, now, lines = str(self._metric.value or ""), self._now(), self.lines
        with self.painting():
            if not self._found:
                self._chart.value = element("p", "No envelope yet.", class_="jl-2")
                self._table.value = ""
                return
            way = {"lower": ", lower is better", "higher": ", higher is better"}
            note = f"{count(sum(map(len, lines.values())), 'envelope')}"
            note += way.get(direction_of(metric) or "", "")
            self._chart.value = join(
                (part_head(metric or "No metric", note), chart(lines, metric, now))
            )
            self._table.value = self._rows(lines, metric, now)

    def _rows(self, lines: dict[str, list[Envelope]], metric: str, now: datetime) -> Markup:
        listed = [
            (place, value, one) for place, (value, some) in enumerate(lines.items()) for one in some
        ]
        listed.sort(key=lambda item: item[2].created_at, reverse=True)
        rows = (
            (
                series.letter("ABCDE"[place]),
                element("bdi", value, dir="auto"),
                mono(short(one.id)),
                moment(one.created_at, now),
                number(one.metrics[metric]),
            )
            for place, value, one in listed[:_ROWS]
        )
        return views.table(("", str(self._tag.value), "id", "saved", metric), rows, right=4)

    def clicked(self, value: str) -> None:
        """Nothing can be clicked but the choices."""

    def show_error(self, error: Exception) -> None:
        """Show it above the chart; the last one stays."""
        lead = "The registry was not read."
        known = isinstance(error, LifecycleError)
        with self.painting():
            self._band.value = views.band("error", lead if known else "Not shown.", told(error))
        self.alert(told(error))

    def snapshot(self) -> Markup:
        """Draw chart and table for a file."""
        metric, now = str(self._metric.value or ""), self._now()
        parts = (chart(self.lines, metric, now), self._rows(self.lines, metric, now))
        return element("div", element("h3", f"{self._name.value}: {metric}"), *parts, class_="jl")

    def plain(self) -> str:
        """Say the newest value of each line."""
        metric = str(self._metric.value or "")
        lines = [
            f"{value}: {number(some[-1].metrics[metric])}" for value, some in self.lines.items()
        ]
        return f"{self._name.value} {metric}\n" + "\n".join(lines)


def chart(
    lines: dict[str, list[Envelope]], metric: str, now: datetime, *, height: int = 180
) -> Markup:
    """Draw a metric over the time of saving, a line for each group.

    Parameters
    ----------
    lines : dict
        Envelopes of each group, oldest first; five groups at most.
    metric : str
        Which all of them have.
    now : datetime
        Aware; for the words of times.
    height : int
        Pixels.
    """
    points = {
        value: [(one.created_at.timestamp(), one.metrics[metric]) for one in some]
        for value, some in lines.items()
    }
    every = [point for some in points.values() for point in some]
    if not every:
        return element("p", "No envelope of this name has a metric.", class_="jl-2")
    times, values = [at for at, _ in every], [value for _, value in every]
    first, low = min(times), min(values)
    reach, span = (max(times) - first) or 1.0, (max(values) - low) or 1.0
    drawn = []
    for place, some in enumerate(points.values()):
        at = [
            (8 + (when - first) / reach * 784, 8 + (1 - (value - low) / span) * (height - 16))
            for when, value in some
        ]
        drawn.append(series.polyline(place, at))
    svg = element(
        "svg",
        *drawn,
        class_="jl-steps-chart",
        viewBox=f"0 0 800 {height}",
        preserveAspectRatio="none",
        height=height,
        role="img",
        aria_label=f"{metric} over time: {', '.join(lines)}",
    )
    scale = element(
        "div",
        element("span", number(max(values))),
        element("span", number(low)),
        class_="jl-chart-scale",
    )
    zone = now.tzinfo
    ends = (moment(datetime.fromtimestamp(end, zone), now) for end in (first, first + reach))
    under = element("div", *(element("span", end) for end in ends), class_="jl-ends jl-cap")
    names = element(
        "span",
        *(
            element("span", series.letter("ABCDE"[place]), " ", element("bdi", value, dir="auto"))
            for place, value in enumerate(lines)
        ),
        class_="jl-legend",
    )
    return join((names, element("div", scale, svg, under, class_="jl-chart-box")))
