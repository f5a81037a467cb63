"""What the fleet dashboard shows, as markup: what runs where, since when, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets.charts import line
from jupyter_lifecycle.widgets.deploy_views import state_of
from jupyter_lifecycle.widgets.fleet_seen import Seen
from jupyter_lifecycle.widgets.icons import glyph, icon
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.views import mono, part_head, short
from jupyter_lifecycle.widgets.words import count, duration, moment, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry.observations import SkewState
    from jupyter_lifecycle.registry.records import EndpointRecord, Event
    from jupyter_lifecycle.widgets.icons import Glyph
    from jupyter_lifecycle.widgets.markup import Child

_LOOK_FIRST = ("down", "failed", "deploying", "unmatched")


def in_order(records: Sequence[EndpointRecord]) -> list[EndpointRecord]:
    """Put what needs a look first, then by name."""

    def rank(record: EndpointRecord) -> tuple[int, str]:
        if record.state in _LOOK_FIRST:
            return _LOOK_FIRST.index(record.state), record.name
        return len(_LOOK_FIRST) + (record.pin is None), record.name

    return sorted(records, key=rank)


def figures_view(
    records: Sequence[EndpointRecord], envelopes: int, events: Sequence[Event], now: datetime
) -> Markup:
    """Draw the four figures of the head."""
    states = [record.state for record in records]
    serving = sum(record.serving is not None and record.state != "down" for record in records)
    parts = [f"{serving} serving"]
    parts += [
        f"{number} {word}" for word in ("deploying", "down") if (number := states.count(word))
    ]
    today = [event for event in events if event.at.astimezone(now.tzinfo).date() == now.date()]
    failed = sum(_failed(event) for event in today)
    pinned = sum(record.pin is not None for record in records)
    changed = sum(event.kind in _CHANGES for event in today)
    bad = element("span", f"{failed} failed", class_="jl-t-error") if failed else "none failed"
    return element(
        "dl",
        _figure("Endpoints", len(records), ", ".join(parts)),
        _figure("Envelopes", envelopes, "in this registry"),
        _figure("Pinned", pinned, "their rules are not followed" if pinned else "rules decide"),
        _figure("Changes today", changed, bad),
        class_="jl-figures",
    )


def _figure(label: str, value: int, note: Child) -> Markup:
    shown = element("b", f"{value:,}", class_="jl-num")
    return element("div", element("dt", label), element("dd", shown, element("span", note)))


def fleet_view(
    records: Sequence[EndpointRecord],
    newer: dict[str, int],
    now: datetime,
    seen: Mapping[str, Seen] | None = None,
) -> Markup:
    """Draw the endpoints as rows; a narrow page draws them as cards.

    Parameters
    ----------
    records : sequence of EndpointRecord
        All of them.
    newer : dict
        For each pinned endpoint, how many newer envelopes match its rule.
    now : datetime
        Aware.
    seen : Mapping, optional
        Requests and skew by endpoint.
    """
    seen = seen or {}
    if not records:
        line = element("code", "jl.rule(…)", class_="jl-m")
        return element("p", "No endpoint yet. ", line, " makes one.", class_="jl-fleet-none jl-2")
    head = element(
        "div",
        *(
            element("span", word)
            for word in ("endpoint", "state", "envelope", "why", "rows, 24 h", "skew")
        ),
        class_="jl-fleet-row jl-fleet-head",
        aria_hidden="true",
    )
    rows = (
        _row(record, newer.get(record.name, 0), now, seen.get(record.name, Seen()))
        for record in in_order(records)
    )
    return element("div", head, *rows, class_="jl-fleet", role="list")


def _row(record: EndpointRecord, newer: int, now: datetime, seen: Seen) -> Markup:
    since = ""
    if record.serving_since is not None:
        since = f"for {duration(max((now - record.serving_since).total_seconds(), 0))}"
    tone, news = news_of(record, newer)
    news_line = (
        element("div", glyph(tone), " ", news, class_=f"jl-t-{tone} jl-fleet-news")
        if tone
        else None
    )
    bad = " jl-fleet-down" if record.state == "down" else ""
    return element(
        "div",
        element(
            "div",
            element("b", record.name, dir="auto"),
            element("span", record.target, class_="jl-cap"),
            class_="jl-fleet-name",
        ),
        element("div", state_of(record), class_="jl-fleet-state"),
        element(
            "div",
            mono(short(record.serving)) if record.serving else "nothing",
            element("span", since, class_="jl-cap"),
            class_="jl-fleet-envelope",
        ),
        element("div", element("div", why(record)), news_line, class_="jl-fleet-why"),
        element("div", *_requests(seen), class_="jl-fleet-rows"),
        element("div", skew_words(seen.skew), class_="jl-fleet-skew"),
        class_=f"jl-fleet-row{bad}",
        role="listitem",
    )


def _requests(seen: Seen) -> tuple[Child, ...]:
    """Draw the rows of the last hours as a line, with their number."""
    if not seen.hours:
        return (element("span", "–", class_="jl-2"),)
    said = f"rows an hour over the last {len(seen.hours)} hours, {seen.rows:,} in all"
    drawn = line(seen.hours, label=said, width=96, height=22)
    return drawn, element("b", number(seen.rows), class_="jl-num")


def skew_words(state: SkewState | None) -> Markup:
    """Say how an endpoint's inputs stand against training: moved and which, or quiet."""
    if state is None:
        return element("span", "–", class_="jl-2")
    if state.max is None:
        return element("span", glyph("queued"), " not enough data", class_="jl-2")
    if not state.moved:
        return element("span", glyph("fresh"), " quiet")
    rest = len(state.moved) - 1
    more = f" and {rest} more" if rest else ""
    words = (mono(state.moved[0]), f"{more} moved, {state.max:.2g} bit")
    return element("span", glyph("stale"), " ", *words, class_="jl-t-stale")


def why(record: EndpointRecord) -> Child:
    """Say in one line why an endpoint serves what it serves."""
    if record.pin is not None:
        return join(("pinned to ", mono(short(record.pin.envelope)), f" by {record.pin.author}"))
    if record.rule is None:
        return "its rule was removed"
    if record.want is None or record.want.envelope is None:
        return join(("nothing matches ", element("span", record.rule.when, class_="jl-m")))
    return element("span", record.want.because, dir="auto")


def news_of(record: EndpointRecord, newer: int) -> tuple[Glyph | None, Child]:
    """Give the one thing to know about an endpoint now: tone and words; None where all is quiet."""
    last = record.last_deployment
    if record.state == "down":
        return "error", record.failure or "it does not answer"
    if record.state == "failed":
        what = short(last.envelope) if last else "the last attempt"
        return "error", join((mono(what), f" failed: {record.failure}"))
    if record.state == "deploying" and last is not None:
        step = next((one.name for one in last.steps if one.state == "running"), "decide")
        return "running", join((mono(short(last.envelope)), f" is at {step}"))
    if record.state == "unmatched":
        return "stale", "no envelope matches its rule any more; the last one keeps serving"
    if record.pin is not None and newer:
        return "stale", f"{count(newer, 'newer envelope')} {'matches' if newer == 1 else 'match'}"
    return None, ""


_CHANGES = ("tag.changed", "rule.changed", "pin.changed", "want.changed", "deployment.changed")
_SHOWN = 12


def changes_view(events: Sequence[Event], now: datetime) -> Markup:
    """Draw the last things that happened, newest first."""
    told = [line for event in reversed(events) if (line := _change(event)) is not None][:_SHOWN]
    head = part_head("What changed", f"last {len(told)}" if told else None)
    if not told:
        return join((head, element("p", "Nothing yet.", class_="jl-2")))
    rows = (
        element(
            "li",
            element("span", _short_moment(event.at, now), class_="jl-2 jl-num"),
            drawn,
            element("span", words, dir="auto"),
        )
        for event, drawn, words in told
    )
    return join((head, element("ol", *rows, class_="jl-changes")))


def _short_moment(at: datetime, now: datetime) -> str:
    return moment(at, now).removeprefix("today ")


def _failed(event: Event) -> bool:
    return event.kind == "deployment.changed" and event.payload.get("state") == "failed"


def _change(event: Event) -> tuple[Event, Markup, Markup] | None:
    payload: Any = event.payload
    subject = element("b", event.subject)
    match event.kind:
        case "deployment.changed" if payload["state"] in ("failed", "serving"):
            bad = payload["state"] == "failed"
            name, what = element("b", payload["endpoint"]), mono(short(payload["envelope"]))
            words = (name, " did not take ", what) if bad else (name, " serves ", what)
            reason = f": {payload.get('reason')}" if bad and payload.get("reason") else ""
            return event, glyph("error" if bad else "fresh"), join((*words, reason))
        case "tag.changed":
            set_ = [f"{key} = {_cut(str(value))}" for key, value in payload.get("set", {}).items()]
            gone = [f"without {key}" for key in payload.get("unset", ())]
            tagged = (f"{event.author} tagged ", mono(short(event.subject)), " ")
            return event, icon("tag"), join((*tagged, ", ".join([*set_, *gone])))
        case "rule.changed":
            did = "lost its rule" if payload.get("removed") else "has a new rule"
            return event, icon("serve"), join((subject, f" {did}, by {event.author}"))
        case "pin.changed":
            after = payload.get("after")
            pinned = join((" was pinned to ", mono(short(after)))) if after else " was unpinned"
            return event, glyph("stale"), join((subject, pinned, f" by {event.author}"))
        case "envelope.saved":
            saved = (f"{event.author} saved ", element("b", str(payload.get("name", ""))), " as ")
            return event, icon("envelope"), join((*saved, mono(short(event.subject))))
    return None


def _cut(value: str, most: int = 60) -> str:
    """Leave the beginning of a long value: what changed is a line, the envelope has it whole."""
    return value if len(value) <= most else f"{value[: most - 1]}…"
