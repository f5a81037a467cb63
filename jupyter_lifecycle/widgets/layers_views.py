"""Who occupies which slots of which layer, and when: pure functions of layers and experiments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from jupyter_lifecycle.experiments.assignment import BUCKETS
from jupyter_lifecycle.experiments.slots import free
from jupyter_lifecycle.widgets.icons import glyph
from jupyter_lifecycle.widgets.markup import Markup, element, join, name, shorten
from jupyter_lifecycle.widgets.plots import (
    ACCENT,
    ERROR,
    INK_3,
    LINE,
    STRONG,
    SURFACE,
    Scale,
    drawing,
    hatched,
    rect,
    stroke,
    words,
)
from jupyter_lifecycle.widgets.views import part_head, table, title
from jupyter_lifecycle.widgets.words import count, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.experiments import Experiment, Holdout, Layer
    from jupyter_lifecycle.widgets.icons import Glyph
    from jupyter_lifecycle.widgets.markup import Child

WEEKS = {"2 weeks": 2, "6 weeks": 6, "Quarter": 13}
RUNNING = "var(--jl-running,#6d38cb)"
_WIDTH, _HEIGHT = 752, 152
_LEFT = 32


def head_view(layers: Sequence[Layer], experiments: Sequence[Experiment]) -> Markup:
    """Draw the title with how many there are."""
    running = sum(one.status == "running" for one in experiments)
    planned = sum(one.status == "draft" for one in experiments)
    said = f"{count(len(layers), 'layer')}, {count(running, 'experiment')} running"
    said += f", {planned} planned" if planned else ""
    return title("layers", "Layers", element("span", said, class_="jl-cap"))


def legend() -> Markup:
    """Draw what the bars mean."""
    samples = (
        ("running", join((_box(SURFACE, STRONG), rect(1, 1, 4, 12, fill=RUNNING)))),
        ("planned", _box("none", INK_3, "1.5 3")),
        ("ended", _box("none", STRONG)),
        ("held back", hatched(1, 1, 12, 12)),
    )
    return element(
        "span",
        *(
            element("span", drawing(14, 14, "", sample), label, class_="jl-key")
            for label, sample in samples
        ),
        class_="jl-keys",
        aria_hidden="true",
    )


def _box(fill: str, line: str, dash: str = "") -> Markup:
    return element(
        "rect",
        x=1,
        y=1,
        width=12,
        height=12,
        rx=3,
        fill=fill,
        stroke=line,
        stroke_dasharray=dash or None,
    )


def lanes_view(
    layers: Sequence[Layer],
    experiments: Sequence[Experiment],
    weeks: int,
    now: datetime,
    hidden: frozenset[str] = frozenset(),
) -> Markup:
    """Draw one lane a layer: slots upwards, time across.

    Parameters
    ----------
    layers : sequence of Layer
        In the order in which they are drawn.
    experiments : sequence of Experiment
        Of all of them.
    weeks : int
        How much time is shown; two thirds of it lie behind.
    now : datetime
        Aware.
    hidden : frozenset of str
        Names of experiments whose results hide themselves.
    """
    if not layers:
        line = element("code", 'jl.layer("model", unit="customer_id")', class_="jl-m")
        return element("p", "No layer yet. ", line, " makes one.", class_="jl-2 jl-part")
    start = now - timedelta(weeks=weeks) * 2 / 3
    across = Scale(
        start.timestamp(), (start + timedelta(weeks=weeks)).timestamp(), _LEFT, _LEFT + _WIDTH
    )
    lanes = (
        _lane(layer, [one for one in experiments if one.layer == layer.name], across, now, hidden)
        for layer in layers
    )
    axis = element(
        "div",
        element("span", "layer, slots in %", class_="jl-cap"),
        _axis(across, start, weeks, now),
        class_="jl-lane jl-lane-axis",
        aria_hidden="true",
    )
    return join((axis, *lanes))


def _axis(across: Scale, start: datetime, weeks: int, now: datetime) -> Markup:
    step = 1 if weeks <= 6 else 3
    first = (start + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    today = across(now.timestamp())
    parts = [words(today, 15, "today", "middle", tone="ink", bold=True)]
    for place in range(0, weeks + 1, step):
        at = first + timedelta(weeks=place)
        x = across(at.timestamp())
        if abs(x - today) > 70 and x < _LEFT + _WIDTH - 30:
            parts.append(words(x, 15, _day(at, now), "start" if place == 0 else "middle"))
    return drawing(_WIDTH + _LEFT + 8, 22, "time", *parts)


def _day(at: datetime, now: datetime) -> str:
    said = moment(at, now)
    return "today" if said.startswith("today") else said.rpartition(" ")[0]


def _lane(
    layer: Layer,
    experiments: Sequence[Experiment],
    across: Scale,
    now: datetime,
    hidden: frozenset[str],
) -> Markup:
    left = sum(end - begin for begin, end in free(layer, experiments)) / BUCKETS
    facts = element(
        "div",
        element("b", name(layer.name, 24, class_="")),
        element("span", "unit ", name(layer.unit, 20), class_="jl-cap"),
        element("span", "seed ", name(layer.seed[:8], 12), class_="jl-cap"),
        element(
            "span",
            element("b", percents(left), class_="jl-num jl-big"),
            " free now",
            class_="jl-cap jl-lane-free",
        ),
        class_="jl-lane-facts",
    )
    up = Scale(0, BUCKETS, _HEIGHT + 6, 6)
    parts = [_ground(layer, up)]
    parts += [_bar(one, across, up, now, hidden=one.name in hidden) for one in _drawn(experiments)]
    x = across(now.timestamp())
    parts.append(stroke(f"M{x:.1f} 0V{_HEIGHT + 12}", ACCENT, 1.2))
    said = f"layer {layer.name}: " + "; ".join(_said(one) for one in experiments)
    lane = drawing(_WIDTH + _LEFT + 8, _HEIGHT + 14, said, *parts)
    listed = element("ul", *(_item(one, now, one.name in hidden) for one in experiments))
    return element(
        "div",
        facts,
        element("div", lane, class_="jl-lane-picture"),
        element("div", listed, class_="jl-lane-list"),
        class_="jl-lane",
    )


def _drawn(experiments: Sequence[Experiment]) -> list[Experiment]:
    """Put what ended below and what runs above, so that nothing that runs is covered."""
    order = {"stopped": 0, "draft": 1, "running": 2}
    return sorted((one for one in experiments if one.slots), key=lambda one: order[one.status])


def _ground(layer: Layer, up: Scale) -> Markup:
    parts: list[Markup] = []
    for mark in (0, 50, 100):
        y = up(mark / 100 * BUCKETS)
        parts.append(stroke(f"M{_LEFT} {y:.1f}H{_LEFT + _WIDTH}", LINE))
        parts.append(words(_LEFT - 6, y + 4, str(mark), "end"))
    if layer.holdout:
        top, low = up(BUCKETS), up(BUCKETS - layer.holdout)
        parts.append(hatched(_LEFT, top, _WIDTH, low - top))
    return join(parts)


def _bar(one: Experiment, across: Scale, up: Scale, now: datetime, *, hidden: bool) -> Markup:
    begin, end = span_of(one, now)
    low, high = across(begin.timestamp()), across(end.timestamp())
    if high <= low:  # all of it lies before what is shown
        return Markup("")
    parts: list[Markup] = []
    for place, (first, last) in enumerate(one.slots):
        y, height = up(last) + 1, up(first) - up(last) - 2
        parts.append(_shape(one, (low, y, high - low, height), hidden=hidden))
        if place == 0:
            parts.append(_label(one, low, y, max(height, 0), now, hidden=hidden))
    return element("g", element("title", _said(one)), *parts, data_jl=f"open:{one.name}")


def _shape(one: Experiment, box: tuple[float, float, float, float], *, hidden: bool) -> Markup:
    x, y, width, height = box
    plain: dict[str, str | float] = {"rx": 3, "fill": SURFACE, "stroke": STRONG}
    if hidden:
        plain |= {"fill": "var(--jl-error-tint,#fdebe7)", "stroke": ERROR}
    elif one.status == "draft":
        plain |= {"fill": "none", "stroke": INK_3, "stroke_dasharray": "1.5 3"}
    elif one.status == "stopped":
        plain |= {"fill": "none", "stroke": LINE}
    drawn = rect(x, y, width, height, **plain)
    if one.status != "running":
        return drawn
    rail = rect(x, y, 4, height, fill=ERROR if hidden else RUNNING)
    return join((drawn, rail))


def _label(
    one: Experiment, x: float, y: float, height: float, now: datetime, *, hidden: bool
) -> Markup:
    x = max(x, _LEFT) + 11
    bold = one.status == "running"
    first = words(x, y + min(height / 2 + 4, 18), one.name, tone="ink", bold=bold)
    if height < 34:
        return first if height >= 14 else Markup("")
    return join((first, words(x, y + 33, _state(one, now, hidden=hidden))))


def span_of(one: Experiment, now: datetime) -> tuple[datetime, datetime]:
    """Give from when to when an experiment is drawn: what runs ends now, what is planned begins.

    Parameters
    ----------
    one : Experiment
        Of any status.
    now : datetime
        Aware.
    """
    begin = datetime.fromisoformat(one.started) if one.started else now
    end = datetime.fromisoformat(one.ended) if one.ended else now
    if one.status == "draft":
        end = begin + timedelta(weeks=52)
    if one.status == "running":
        end = max(now, begin) + timedelta(days=1)
    return begin, end


def _state(one: Experiment, now: datetime, *, hidden: bool) -> str:
    share = percents(one.reserved)
    if hidden:
        return f"{share}, results hidden"
    if one.status == "running":
        begin, _ = span_of(one, now)
        return f"{share}, day {max((now - begin).days, 0) + 1}"
    return f"{share}, {'planned' if one.status == 'draft' else 'ended'}"


def percents(share: float) -> str:
    """Write a share of slots.

    >>> percents(0.4).split(), percents(0.0005).split()
    (['40', '%'], ['0.05', '%'])
    """
    return f"{share * 100:.3g}\u2009%"


def slots_words(one: Experiment) -> str:
    """Say which slots an experiment holds, in percent: ``35 to 75``."""
    ranges = (f"{low / BUCKETS * 100:g} to {high / BUCKETS * 100:g}" for low, high in one.slots)
    return ", ".join(ranges) or "none yet"


def _said(one: Experiment) -> str:
    return f"{shorten(one.name)}, {one.status}, slots {slots_words(one)}"


def _item(one: Experiment, now: datetime, hidden: bool) -> Markup:
    drawn = _glyph(one, hidden=hidden)
    return element(
        "li",
        glyph(drawn) if drawn else None,
        " ",
        element("b", name(one.name, 30, class_="")),
        element("span", f" {_state(one, now, hidden=hidden)}, slots {slots_words(one)}"),
    )


def _glyph(one: Experiment, *, hidden: bool) -> Glyph | None:
    if hidden:
        return "error"
    return {"running": "running", "draft": "queued"}.get(one.status)  # type: ignore[return-value]


def experiments_view(experiments: Sequence[Experiment], now: datetime) -> Markup:
    """Draw the experiments as a list; each can be opened."""
    order = {"running": 0, "draft": 1, "stopped": 2}
    found = sorted(experiments, key=lambda one: (order[one.status], one.name))
    if not found:
        return join((part_head("Experiments"), element("p", "None yet.", class_="jl-2")))
    rows = (
        element(
            "li",
            _verdict(one),
            element(
                "div",
                element(
                    "button",
                    name(one.name, 32, class_=""),
                    type="button",
                    class_="jl-link",
                    data_jl=f"open:{one.name}",
                ),
                element("div", _line(one, now), class_="jl-cap"),
            ),
        )
        for one in found
    )
    note = f"{len(found)}, {sum(one.status == 'running' for one in found)} running"
    return join((part_head("Experiments", note), element("ul", *rows, class_="jl-trials")))


def _verdict(one: Experiment) -> Markup:
    drawn = _glyph(one, hidden=False)
    return glyph(drawn) if drawn else element("span", class_="jl-no-glyph")


def _line(one: Experiment, now: datetime) -> Child:
    where = f" on {shorten(one.endpoint, 30)}" if one.endpoint else ""
    return f"{_state(one, now, hidden=False)} of {shorten(one.layer, 24)}{where}"


def holdouts_view(holdouts: Sequence[Holdout]) -> Markup:
    """Draw what no experiment of any layer may touch."""
    if not holdouts:
        return Markup("")
    rows = ((name(one.name, 24), name(one.unit, 20), percents(one.share)) for one in holdouts)
    return join((part_head("Held back from all"), table(("holdout", "unit", "share"), rows)))


def slots_bar(
    layer: Layer, experiments: Sequence[Experiment], mine: tuple[int, int] | None, own: str
) -> Markup:
    """Draw the slots of a layer as one bar: taken, this experiment's, free, held back.

    Parameters
    ----------
    layer : Layer
        Whose.
    experiments : sequence of Experiment
        Those that hold slots of it.
    mine : (int, int), optional
        The slots that the experiment in hand would take.
    own : str
        Its name.
    """
    across = Scale(0, BUCKETS, 1, 701)
    parts: list[Markup] = []
    marks = {0, BUCKETS}
    taken = [
        (low, high, one.name) for one in experiments if one.status != "stopped"
        for low, high in one.slots
    ]  # fmt: skip
    for low, high, holder in taken:
        parts.append(_segment(across, low, high, holder, "taken"))
        marks |= {low, high}
    for low, high in free(layer, experiments):
        parts.append(_segment(across, low, high, "free", "free"))
        marks |= {low, high}
    if layer.holdout:
        low = BUCKETS - layer.holdout
        parts.append(hatched(across(low) + 1, 1, across(BUCKETS) - across(low) - 2, 36))
        marks.add(low)
    if mine is not None:
        parts.append(_segment(across, *mine, own, "mine"))
        marks |= set(mine)
    parts += _bar_marks(sorted(marks), across)
    said = f"layer {layer.name}: " + ", ".join(f"{who} {_range(a, b)}" for a, b, who in taken)
    if mine is not None:
        said += f", {own} {_range(*mine)}"
    return drawing(702, 56, said, *parts)


def _range(low: int, high: int) -> str:
    return f"{low / BUCKETS * 100:g} to {high / BUCKETS * 100:g}"


def _bar_marks(marks: Sequence[int], across: Scale) -> list[Markup]:
    """Write the ends in percent, those that stand too near to the one before left out."""
    drawn: list[Markup] = []
    last = -100.0
    for mark in marks:
        x = across(mark)
        if x - last < 26 and mark != BUCKETS:
            continue
        if mark == BUCKETS and x - last < 26:
            drawn.pop()
        anchor = "start" if mark == 0 else "end" if mark == BUCKETS else "middle"
        drawn.append(words(x, 52, f"{mark / BUCKETS * 100:g}", anchor))  # type: ignore[arg-type]
        last = x
    return drawn


def _segment(across: Scale, low: int, high: int, label: str, kind: str) -> Markup:
    x, width = across(low) + 1, across(high) - across(low) - 2
    plain: dict[str, str | float] = {"rx": 3, "fill": "var(--jl-sunken,#f5f5f5)", "stroke": STRONG}
    if kind == "free":
        plain |= {"fill": "none", "stroke": INK_3, "stroke_dasharray": "1.5 3"}
    elif kind == "mine":
        plain |= {"fill": "var(--jl-accent-tint,#e3f0fb)", "stroke": ACCENT, "stroke_width": 1.5}
    parts = [rect(x, 1, width, 36, **plain)]
    if kind == "mine":
        parts.insert(0, rect(x, 1, width, 36, fill=SURFACE, stroke=SURFACE, stroke_width=2))
    room = int(width / 7)
    if room >= 4:
        said = shorten(label, room)
        parts.append(words(x + 8, 16, said, tone="ink", bold=kind == "mine"))
        parts.append(words(x + 8, 30, percents((high - low) / BUCKETS)))
    return join(parts)
