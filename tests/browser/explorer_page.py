"""The built explorer on a plain page, with a kernel that the test plays."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets.explorer_answers import answer
from jupyter_lifecycle.widgets.explorer_feed import graph_message, states_message
from jupyter_lifecycle.widgets.wire import (
    GraphView,
    Inspection,
    NodeState,
    Parent,
    Reply,
    StatesView,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

STATIC = Path(__file__).resolve().parents[2] / "jupyter_lifecycle" / "widgets" / "static"

HOST = {
    "light": "",
    "dark": (
        "--jp-layout-color0:#111;--jp-layout-color1:#212121;--jp-layout-color2:#424242;"
        "--jp-border-color1:#616161;--jp-border-color2:#424242;--jp-ui-font-color0:#fff;"
        "--jp-ui-font-color1:rgba(255,255,255,.87);--jp-brand-color1:#2196f3;"
    ),
    "contrast": (
        "--jp-layout-color0:#111;--jp-layout-color1:#111;--jp-layout-color2:#424242;"
        "--jp-border-color1:#fff;--jp-border-color2:#e0e0e0;--jp-ui-font-color0:#fff;"
        "--jp-ui-font-color1:#fff;--jp-brand-color1:#319bf2;"
    ),
}

SCRIPT = """
async (source) => {
  const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
  const widget = (await import(url)).default;
  const listeners = {};
  window.sent = [];
  const values = {};
  const model = {
    get: key => values[key],
    set: (key, value) => { values[key] = value; },
    save_changes: () => {},
    send: content => { window.sent.push(content); window.kernel(content); },
    on: (name, call) => (listeners[name] ??= new Set()).add(call),
    off: (name, call) => listeners[name]?.delete(call),
  };
  window.values = values;
  window.emit = (name, content) => { for (const call of listeners[name] ?? []) call(content, []); };
  const ended = new AbortController();
  window.end = () => ended.abort();
  window.listening = () => Object.values(listeners).reduce((n, own) => n + own.size, 0);
  widget.initialize({model, signal: ended.signal});
  window.view = el => widget.render({model, el, signal: ended.signal});
  window.view(document.getElementById('host'));
}
"""


@dataclass
class Kernel:
    """What the page's requests are answered with."""

    page: Page
    graph: GraphView
    states: StatesView
    acted: list[tuple[str, list[str]]] = field(default_factory=list)
    failure: str = ""

    def request(self, content: dict[str, Any]) -> None:
        if content["type"] == "hello":
            self.emit(graph_message(self.graph))
            self.emit(states_message(self.states))
            return
        if content["type"] == "act":
            self.acted.append((content["action"], content["names"]))
        reply = Reply(content["id"], None, self.failure) if self.failure else None
        reply = reply or answer(self, content)
        assert reply is not None
        self.emit({"type": "reply", "reply": asdict(reply)})

    # The source of the explorer's own answers: what the widget in the kernel does.

    def graph_view(self) -> GraphView:
        return self.graph

    def states_view(self) -> StatesView:
        return self.states

    def act(self, action: str, names: list[str]) -> None:
        """Remembered where the request came in."""

    def subscribe(self, listener: Any) -> Any:
        """Nobody listens: the test itself tells the page of changes."""
        return lambda: None

    def emit(self, message: dict[str, Any]) -> None:
        self.page.evaluate(
            "text => setTimeout(() => window.emit('msg:custom', JSON.parse(text)))",
            json.dumps(message),
        )

    def inspect(self, name: str) -> Inspection:
        index = self.graph.names.index(name)
        states = {node.index: node for node in self.states.nodes}
        pairs = list(zip(self.graph.edges[::2], self.graph.edges[1::2], strict=True))

        def relative(other: int) -> Parent:
            return Parent(self.graph.names[other], states[other].state)

        own = states[index]
        return Inspection(
            name=name,
            state=own.state,
            kind=self.graph.kinds[index],
            doc=self.graph.docs[index] + "\n\nThe rest of it.",
            source=f"def {name}(a, b):\n    return a + b",
            origin="cell 5",
            dtype=own.dtype,
            facts=[("rows", "336,776"), ("null", "76.3 %"), ("bytes", "2.6 MB"), ("time", "5 ms")],
            histogram=[1, 0.75, 0.55, 0.45, 0.36, 0.3, 0.26, 0.2, 0.18, 0.14, 0.1, 0.07, 0.05],
            categories=[],
            head=["0.08", "0.11", "null", "0.42"],
            why=["wind_gust: constant KNOTS changed\n- KNOTS = 0.8690\n+ KNOTS = 0.868976", name],
            error=own.note if own.state == "error" else "",
            tags=[("family", "weather")],
            parents=[relative(a) for a, b in pairs if b == index],
            children=[relative(b) for a, b in pairs if a == index],
        )

    def change(self, **states: tuple[str, str]) -> None:
        """Set ``name=(state, note)`` and tell the page."""
        nodes = {node.index: node for node in self.states.nodes}
        changed = []
        for name, (state, note) in states.items():
            index = self.graph.names.index(name)
            nodes[index] = replace(nodes[index], state=state, note=note)  # type: ignore[arg-type]
            changed.append(nodes[index])
        self.states = replace(self.states, nodes=list(nodes.values()))
        self.emit(states_message(replace(self.states, nodes=changed)))


def open_explorer(
    page: Page, graph: GraphView, states: StatesView, *, theme: str = "light", fill: bool = True
) -> Kernel:
    """Put the built widget on an empty page and play its kernel."""
    kernel = Kernel(page, graph, states)
    page.expose_function("kernel", kernel.request)
    light = "true" if theme == "light" else "false"
    name = "JupyterLab High Contrast" if theme == "contrast" else f"JupyterLab {theme.title()}"
    css = (STATIC / "explorer.css").read_text(encoding="utf-8")
    holder = "jl-fill" if fill else ""
    page.set_content(
        f"<!doctype html><meta charset=utf-8><style>html,body{{height:100%;margin:0}}"
        f"body{{{HOST[theme]}}}#host{{height:100%}}{css}</style>"
        f'<body data-jp-theme-light="{light}" data-jp-theme-name="{name}">'
        f'<div id="host" class="{holder}"></div>'
    )
    page.evaluate(SCRIPT, (STATIC / "explorer.js").read_text(encoding="utf-8"))
    return kernel


# The departure-delay graph of the quickstart's size, with one of each state.
_GROUPS = {
    "Calendar": (
        "cell 2",
        (
            "scheduled_minute:sched_dep_time month:time_hour weekday:time_hour "
            "is_holiday:time_hour scheduled_hour:scheduled_minute "
            "minute_of_week:scheduled_minute,weekday is_weekend:weekday "
            "rush_hour:scheduled_hour,is_weekend"
        ),
    ),
    "Route and carrier": (
        "cell 3",
        (
            "route:origin,dest distance_band:distance "
            "carrier_mean_delay:carrier,dep_delay route_mean_delay:route,dep_delay "
            "route_flights_per_day:route,time_hour "
            "carrier_route_share:carrier,route "
            "route_vs_carrier:route_mean_delay,carrier_mean_delay"
        ),
    ),
    "Rolling delays": (
        "cell 4",
        (
            "origin_delay_last_hour:origin,time_hour,dep_delay "
            "origin_delay_last_3h:origin,time_hour,dep_delay "
            "origin_departures:origin,time_hour "
            "tail_previous_delay:tailnum,dep_delay,time_hour "
            "origin_trend:origin_delay_last_hour,origin_delay_last_3h "
            "origin_congestion:origin_delay_last_3h,origin_departures "
            "tail_turnaround:tail_previous_delay,tailnum "
            "knock_on_risk:tail_turnaround,origin_congestion"
        ),
    ),
    "Weather": (
        "cell 5",
        (
            "wind_gust:weather wind_speed:weather visibility:weather precip:weather "
            "crosswind:wind_speed low_visibility:visibility wet_runway:precip "
            "weather_severity:wind_gust,low_visibility,wet_runway"
        ),
    ),
    "Pressure": (
        "cell 7",
        (
            "hub_load:origin_departures,route_vs_carrier "
            "delay_pressure:origin_congestion,rush_hour,weather_severity "
            "expected_delay:delay_pressure,hub_load"
        ),
    ),
}
_STATES = {
    "origin_delay_last_hour": ("fresh", ""),
    "origin_trend": ("stale", "parent changed"),
    "knock_on_risk": ("stale", "parent changed"),
    "origin_congestion": ("running", "62 % · 0.4 s left"),
    "delay_pressure": ("queued", "queued · last 7 ms"),
    "expected_delay": ("queued", "queued · last 4 ms"),
}


def flights() -> tuple[GraphView, StatesView]:
    """34 features in five groups over 9 inputs, a computation running."""
    features: list[tuple[str, int, list[str]]] = []
    for group, (_, text) in enumerate(_GROUPS.values()):
        for entry in text.split():
            name, parents = entry.split(":")
            features.append((name, group, parents.split(",")))
    known = {name for name, _, _ in features}
    inputs = list(dict.fromkeys(p for _, _, ps in features for p in ps if p not in known))
    names = inputs + [name for name, _, _ in features]
    index = {name: position for position, name in enumerate(names)}
    edges = [end for name, _, ps in features for p in ps for end in (index[p], index[name])]
    graph = GraphView(
        version=1,
        names=names,
        kinds=["input"] * len(inputs) + ["feature"] * len(features),
        groups=list(_GROUPS),
        group_notes=[note for note, _ in _GROUPS.values()],
        group=[-1] * len(inputs) + [group for _, group, _ in features],
        edges=edges,
        tags=[("family", "weather", [names.index(n) for n, g, _ in features if g == 3])],
        cells=[f"id-{g}" for g in range(len(_GROUPS))],
        docs=[""] * len(inputs) + [f"What {n.replace('_', ' ')} says." for n, _, _ in features],
    )
    draw = random.Random(4)
    nodes = []
    for position, name in enumerate(names):
        if position < len(inputs):
            nodes.append(NodeState(position, "input", "", "", None, None, None, None, None))
            continue
        state, note = _STATES.get(name, ("cached", ""))
        seconds = draw.choice([0.002, 0.009, 0.022, 0.118, 0.412])
        nulls = draw.choice([0, 0, 1684, 8083])
        dtype = draw.choice(["float64", "int64", "bool", "category", "int8"])
        nodes.append(NodeState(position, state, note, dtype, seconds, 336776, nulls, 2694208, True))  # type: ignore[arg-type]
    return graph, StatesView(1, nodes, "origin_congestion", 1, 4, "")


def layered(count: int, layers: int, groups: int = 0) -> tuple[GraphView, StatesView]:
    """A layered random graph of fixed seed, with 1.9 edges a node; grouped by neighbourhood or not at all."""
    draw = random.Random(7)
    wide = -(-count // layers)
    edges: list[int] = []
    for node in range(wide, count):
        layer = node // wide
        for _ in range(2 if draw.random() < 0.95 else 1):
            near = draw.gauss(node % wide, wide / 12)
            parent = (layer - 1) * wide + int(min(wide - 1, max(0, near)))
            edges += [parent, node]
    names = [f"feature_{node:05d}_lag_{node % 24}" for node in range(count)]
    of = [
        min(groups - 1, (node % wide) * groups // wide) if groups else -1 for node in range(count)
    ]
    graph = GraphView(
        version=1,
        names=names,
        kinds=["feature"] * count,
        groups=[f"Family {g}" for g in range(groups)],
        group_notes=[f"cell {g + 2}" for g in range(groups)],
        group=of,
        edges=edges,
        docs=[""] * count,
    )
    nodes = []
    for node in range(count):
        chance = draw.random()
        state = "stale" if chance < 0.02 else "fresh" if chance < 0.05 else "cached"
        if node in {count // 2, count // 3}:
            state = "error" if node == count // 2 else "running"
        note = "ZeroDivisionError in cell 31" if state == "error" else ""
        nodes.append(NodeState(node, state, note, "float64", 0.004, 1000, 3, 8000, True))  # type: ignore[arg-type]
    return graph, StatesView(1, nodes, "", 0, 0, "")
