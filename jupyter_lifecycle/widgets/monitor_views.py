"""What the monitor shows, as markup: pure functions of what was compared, everything escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets import monitor_charts as charts
from jupyter_lifecycle.widgets.charts import percent
from jupyter_lifecycle.widgets.icons import glyph, icon
from jupyter_lifecycle.widgets.markup import Markup, element, join, name, shorten
from jupyter_lifecycle.widgets.monitor_values import in_order, missing_share, outside, unseen
from jupyter_lifecycle.widgets.views import (
    band,
    code_block,
    mono,
    part_head,
    short,
    state_chip,
    title,
)
from jupyter_lifecycle.widgets.words import count, duration, moment, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from jupyter_lifecycle.widgets.markup import Child
    from jupyter_lifecycle.widgets.monitor_values import Began, Column, Live, Monitored
    from jupyter_lifecycle.widgets.views import Tone

WINDOWS = {"hour": "1h", "day": "24h", "week": "7d"}
"""Windows that can be chosen, and how a call says them."""

_STATES: dict[str, Tone] = {
    "serving": "fresh",
    "deploying": "running",
    "down": "error",
    "failed": "error",
    "unmatched": "stale",
}


def head_view(shown: Monitored, now: datetime) -> Markup:
    """Draw name, state, envelope and what it is compared with."""
    extras: list[Child] = []
    if shown.state:
        extras.append(state_chip(_STATES.get(shown.state, "queued"), shown.state.capitalize()))
    if shown.envelope:
        extras.append(mono(short(shown.envelope)))
    said = []
    if shown.since is not None:
        said.append(f"for {duration(max((now - shown.since).total_seconds(), 0))}")
    if shown.reference_rows:
        said.append(f"compared with its {count(shown.reference_rows, 'training row')}")
    extras.append(element("span", ", ".join(said), class_="jl-cap"))
    return title("pulse", shown.endpoint, *extras)


def figures_view(shown: Monitored) -> Markup:
    """Draw the figures of the head: rows, refused, moved, live metric, outcomes."""
    compared = [one for one in shown.columns if one.effect is not None]
    parts = [_figure("Rows", number(shown.rows), f"in the last {shown.window}")]
    if shown.refused is not None:
        asked = shown.refused + shown.rows
        share = percent(shown.refused / asked) if asked else "0 %"
        parts.append(_figure("Refused 400", share, count(shown.refused, "request")))
    parts.append(_moved_figure(shown, len(compared)))
    if shown.live is not None:
        parts += _live_figures(shown.live)
    return element("dl", *parts, class_="jl-figures jl-figures-any")


def _moved_figure(shown: Monitored, compared: int) -> Markup:
    moved = len(shown.moved)
    note: Child = "nothing moved" if compared else "nothing to compare"
    if moved:
        after = f"and {count(shown.followed, 'feature')} after it"
        if not shown.followed:
            after = shorten(shown.moved[0].name, 24)
        note = element("span", glyph("stale"), f" {after}", class_="jl-t-stale")
    return _figure("Moved", f"{moved}", join((f"of {len(shown.columns)} ", note)))


def _live_figures(live: Live) -> list[Markup]:
    made = []
    if live.now is not None:
        value, low, high = live.now
        tone = "jl-t-stale" if charts.worse(live, low, high) else None
        said: Child = element("span", _between(low, high), class_=tone)
        if live.at_save is not None:
            said = join((said, f"; at save {number(live.at_save[0])}"))
        made.append(_figure(f"Live {shorten(live.metric, 24)}", number(value), said))
    share = percent(live.known / live.asked) if live.asked else "0\u2009%"
    made.append(_figure("Outcomes known", share, count(live.known, "answer")))
    return made


def _figure(label: str, value: str, note: Child) -> Markup:
    shown = element("b", value, class_="jl-num")
    return element("div", element("dt", label), element("dd", shown, element("span", note)))


def _between(low: float, high: float) -> str:
    return f"{number(_rounded(low))} to {number(_rounded(high))}"


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def list_view(shown: Monitored, chosen: str) -> Markup:
    """Draw the inputs and outputs by effect, the chosen one marked; a click sends ``choose:``."""
    columns = in_order(shown.columns)
    if not columns:
        lead = "No requests in this window." if not shown.note else shown.note
        return join((part_head("Inputs and output"), element("p", lead, class_="jl-2 jl-part")))
    note = element("span", charts.legend_effect(), class_="jl-keys")
    head = element(
        "div",
        element("h3", "Inputs and output"),
        element("span", f"{len(columns)}, by effect", class_="jl-cap"),
        note,
        class_="jl-part-head",
    )
    days = f"{_days(columns)} days" if _days(columns) else ""
    first: tuple[Child, ...] = ("name", "verdict", "bit", charts.strip_head())
    cells = (*first, "missing, %", "unseen", "outside, %", days)
    top = element("tr", *(element("th", cell, class_=_right(i)) for i, cell in enumerate(cells)))
    rows = (_row(one, chosen=one.name == chosen) for one in columns)
    table = element(
        "table", element("thead", top), element("tbody", *rows), class_="jl-table jl-watch"
    )
    return join((head, element("div", table, class_="jl-scroll")))


def _days(columns: Sequence[Column]) -> int:
    return max((len(one.days) for one in columns), default=0)


def _right(place: int) -> str | None:
    return {2: "jl-r", 4: "jl-r", 5: "jl-r jl-watch-new", 6: "jl-r"}.get(place)


def _row(one: Column, *, chosen: bool) -> Markup:
    moved = one.verdict == "moved"
    button = element(
        "button",
        name(one.name, 32),
        type="button",
        class_="jl-row-button",
        data_jl=f"choose:{one.name}",
        aria_pressed=str(chosen).lower(),
    )
    kind = element("span", " output", class_="jl-cap") if one.output else None
    strip: Child = charts.strip(one)
    if one.effect is None:
        strip = element("span", one.sentence or "–", class_="jl-cap jl-why", dir="auto")
    gone = outside(one.reference, one.observed)
    cells = (
        (join((button, kind)), "jl-watch-name"),
        (verdict_words(one), f"jl-watch-verdict{' jl-t-stale' if moved else ''}"),
        (element("b", "–" if one.effect is None else _bit(one.effect)), "jl-r jl-num"),
        (strip, "jl-watch-strip"),
        (_missing(one), "jl-r jl-num jl-watch-more"),
        (_plain(unseen(one.observed)), "jl-r jl-num jl-watch-more jl-watch-new"),
        (_outside(gone), "jl-r jl-num jl-watch-more"),
        (charts.spark(one), "jl-watch-spark"),
    )
    line = (element("td", cell, class_=style) for cell, style in cells)
    return element("tr", *line, class_="jl-chosen" if chosen else None)


def verdict_words(one: Column) -> Markup:
    """Draw a verdict as glyph and words."""
    tone = one.tone
    drawn = icon("minus") if tone == "away" else glyph(tone)  # type: ignore[arg-type]
    return element("span", drawn, " ", one.verdict.capitalize(), class_="jl-verdict")


def _bit(value: float) -> str:
    return f"{value:.2g}"


def _missing(one: Column) -> Child:
    then, now = missing_share(one.reference), missing_share(one.observed)
    if now is None:
        return "–"
    before = "–" if then is None else _points(then)
    return join((element("span", f"{before} → ", class_="jl-2"), _points(now)))


def _points(share: float) -> str:
    return f"{share * 100:.1f}".removesuffix(".0")


def _plain(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _outside(share: float | None) -> Child:
    if share is None:
        return "–"
    text = _points(share)
    return element("b", text, class_="jl-t-stale") if share >= 0.01 else text


def detail_view(shown: Monitored, chosen: Column | None, now: datetime) -> Markup:
    """Draw one input: its values then and now, its effect by day, the facts."""
    if chosen is None:
        return Markup("")
    head = element(
        "div",
        element("h3", name(chosen.name)),
        state_chip(chosen.tone, chosen.verdict.capitalize()),
        class_="jl-detail-head",
    )
    parts = [head]
    values = charts.values(chosen, shown.window)
    if values:
        keys = element("span", charts.legend_values(shown.window), class_="jl-keys")
        lead = element("div", element("h4", "Values"), keys, class_="jl-part-head")
        parts.append(element("div", lead, values, class_="jl-detail-part"))
    days = charts.by_day(chosen, shown.marks, now)
    if days:
        floor = element("span", f"bit, noise floor {_bit(chosen.floor)}", class_="jl-cap")
        lead = element("div", element("h4", "Effect by day"), floor, class_="jl-part-head")
        parts.append(element("div", lead, days, class_="jl-detail-part"))
    parts.append(element("dl", _facts(chosen), class_="jl-facts jl-detail-part"))
    return join(parts)


def _facts(chosen: Column) -> Markup:
    facts: list[tuple[str, Child]] = [("verdict", chosen.sentence)]
    expected = _expected(chosen)
    if expected:
        facts.append(("expected", expected))
    if chosen.effect is not None:
        said = f"effect {_bit(chosen.effect)} bit"
        if chosen.interval:
            said += f", {_bit(chosen.interval[0])} to {_bit(chosen.interval[1])}"
        said += f"; floor {_bit(chosen.floor)}, limit {chosen.limit:g}"
        facts.append(("now", said))
    if chosen.observed is not None:
        facts.append(("counted", count(chosen.observed.present, "value")))
    if chosen.observed is not None and chosen.observed.new:
        found = sorted(chosen.observed.new, key=lambda one: -one[1])[:5]
        listed = join((mono(str(value)) for value, _ in found), ", ")
        facts.append(("unseen", listed))
    return join(
        join((element("dt", key), element("dd", value, dir="auto")))
        for key, value in facts
        if value
    )


def _expected(chosen: Column) -> str:
    then = chosen.reference
    if then is None:
        return ""
    said = []
    if then.plan.edges:
        said.append(f"values {number(then.plan.edges[0])} to {number(then.plan.edges[-1])}")
    elif then.plan.kind == "category":
        said.append(count(len(then.plan.categories), "category", "categories"))
    missing = missing_share(then)
    if missing is not None:
        said.append(f"missing {percent(missing)}")
    return ", ".join(said)


def origin_view(shown: Monitored) -> Markup:
    """Draw where it began: the earliest that moved and what follows it, down to the model."""
    by_name = {one.name: one for one in shown.columns}
    if not shown.moved:
        return Markup("")
    if not shown.origins:
        note = "The envelope has no graph of its features, so nothing is known upstream."
        return join((part_head("Where it began"), element("p", note, class_="jl-2")))
    first = shown.origins[0].chain[0]
    head = part_head("Where it began", join((mono(first), " is the earliest that moved")))
    return join((head, *(_chain(one, by_name) for one in shown.origins[:3]), _around(shown)))


def _chain(began: Began, by_name: Mapping[str, Column]) -> Markup:
    links = (
        _link(one, by_name.get(one), began=place == 0) for place, one in enumerate(began.chain)
    )
    return join((element("ol", *links, class_="jl-chain"), element("p", _CAUSES[began.cause])))


_CAUSES = {
    "data": "It is a raw input: the data changed.",
    "code": "Nothing that it is computed from moved: its code or its environment changed.",
    "unknown": "Something that it is computed from was not compared.",
}


def _link(what: str, column: Column | None, *, began: bool) -> Markup:
    moved = column is not None and column.verdict == "moved"
    said = "began here" if began else "reads it"
    if column is not None and column.effect is not None:
        said = f"{_bit(column.effect)} bit, floor {_bit(column.floor)}"
    classes = "jl-chain-link" + (" jl-began" if began else "") + (" jl-moved" if moved else "")
    drawn = glyph("stale") if moved or began else None
    return element(
        "li",
        element("div", name(what, 30), drawn, class_="jl-chain-name"),
        element("div", said, class_="jl-cap"),
        class_=classes,
    )


def _around(shown: Monitored) -> Markup:
    """Say whether a deployment fell into the window."""
    said = "No deployment in this window." if not shown.recent else "Deployed in this window: "
    names = join((mono(short(one.envelope)) for one in shown.recent), ", ")
    return element("p", said, names, class_="jl-2")


def live_view(shown: Monitored, now: datetime) -> Markup:
    """Draw the metric of what was served, or the line that makes it."""
    if shown.live is None or shown.live.now is None:
        line = f'jl.endpoint("{shown.endpoint}").log_outcomes(frame)'
        head = part_head("Live metric", "comes with outcomes")
        return join((head, code_block(line, wrap=True)))
    drawn = charts.live(shown.live, now)
    head = part_head(f"Live {shorten(shown.live.metric, 24)}", "by day, from outcomes")
    return join((head, drawn, element("p", _change(shown.live), class_="jl-2")))


def _change(live: Live) -> Child:
    if live.now is None or live.at_save is None:
        return "Nothing was said of it at save."
    difference = live.now[0] - live.at_save[0]
    low, high = live.now[1] - live.at_save[0], live.now[2] - live.at_save[0]
    if charts.worse(live, live.now[1], live.now[2]):
        said = f"{number(_rounded(abs(difference)))} worse, "
        ends = sorted((abs(low), abs(high)))
        return element("b", f"{said}{_between(ends[0], ends[1])}.", class_="jl-t-stale")
    return f"{number(_rounded(live.at_save[0]))} at save; no worse beyond its interval."


def bands(shown: Monitored) -> Markup:
    """Draw what is to be known before the rest: several envelopes, nothing to compare."""
    if shown.note and not shown.columns:
        return band("stale", "Nothing is compared.", shown.note)
    if shown.others:
        many = f"{shown.others + 1} envelopes served in this window, one is shown."
        return band("stale", many)
    return Markup("")


def sentence(shown: Monitored, now: datetime) -> str:
    """Say in one line how an endpoint stands."""
    if not shown.columns:
        return f"{shown.endpoint}: {shown.note or 'no requests in this window'}"
    at = f"As of {moment(now, now).removeprefix('today ')}, last {shown.window}: "
    if not shown.moved:
        return f"{at}{shown.endpoint}: none of {len(shown.columns)} moved"
    moved = ", ".join(shorten(one.name, 32) for one in shown.moved[:3])
    rest = f" and {len(shown.moved) - 3} more" if len(shown.moved) > 3 else ""
    began = f"; it began at {shorten(shown.origins[0].chain[0], 32)}" if shown.origins else ""
    return f"{at}{shown.endpoint}: {moved}{rest} moved{began}"
