"""What the deploy panel shows, as markup: pure functions of what a registry says of an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.icons import glyph, icon
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.tag_views import order_words
from jupyter_lifecycle.widgets.views import action, band, mono, part_head, short, state_chip, table
from jupyter_lifecycle.widgets.words import duration, moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry.records import (
        Deployment,
        EndpointRecord,
        EndpointState,
        Rule,
        Step,
    )
    from jupyter_lifecycle.widgets.icons import Glyph
    from jupyter_lifecycle.widgets.views import Tone

DRAWN = 2
"""Deployments that are drawn with their steps; older ones are a line."""

_STATES: dict[EndpointState, tuple[Tone, str]] = {
    "waiting": ("queued", "Waiting"),
    "deploying": ("running", "Deploying"),
    "serving": ("fresh", "Serving"),
    "unmatched": ("stale", "No match, still serving"),
    "failed": ("error", "Last attempt failed"),
    "retired": ("away", "Retired"),
    "down": ("error", "Down"),
}


def state_of(record: EndpointRecord) -> Markup:
    """Draw the state of an endpoint as a chip."""
    tone, words = _STATES[record.state]
    if record.state == "failed" and record.serving:
        tone, words = "fresh", "Serving"
    if record.state == "unmatched" and not record.serving:
        words = "No match"
    return state_chip(tone, words)


def head_extras(record: EndpointRecord, now: datetime) -> tuple[Markup, ...]:
    """Draw what stands beside the endpoint's name: state, envelope, since when and where."""
    extras = [state_of(record)]
    if record.serving:
        extras.append(mono(short(record.serving)))
        extras.append(element("span", _since(record, now), f"on {record.target}", class_="jl-cap"))
    else:
        extras.append(element("span", f"on {record.target}", class_="jl-cap"))
    return tuple(extras)


def _since(record: EndpointRecord, now: datetime) -> Markup | None:
    """Say how long it serves; the page goes on counting."""
    if record.serving_since is None:
        return None
    seconds = max((now - record.serving_since).total_seconds(), 0)
    at = f"{record.serving_since.timestamp():.0f}"
    return join(("for ", element("span", duration(seconds), data_jl_since=at), " "))


def failure_band(record: EndpointRecord) -> Markup:
    """Draw why the last attempt failed and what serves instead; empty while all is well."""
    last = record.last_deployment
    failed = last is not None and last.state == "failed"
    if record.state not in ("failed", "down", "unmatched") or not (record.failure or failed):
        return _unmatched(record)
    reason = record.failure or (last.reason if last else "")
    if record.state == "down":
        return band("error", f"{record.name} does not answer.", reason)
    what = short(last.envelope) if last else record.name
    keeps = f" {short(record.serving)} keeps serving." if record.serving else " Nothing is served."
    can_again = record.state == "failed" and record.rule is not None and record.pin is None
    again = action("Try again", "rule:again") if can_again else None
    return band("error", f"{what} was not deployed.{keeps}", reason, again)


def _unmatched(record: EndpointRecord) -> Markup:
    if record.state != "unmatched":
        return Markup("")
    keeps = f" {short(record.serving)} keeps serving." if record.serving else ""
    return band("stale", "No envelope matches the rule any more.", f"{keeps.strip()}")


def rule_view(rule: Rule, now: datetime) -> Markup:
    """Draw a rule as sentences."""
    changed = f", changed {moment(rule.updated_at, now)}" if rule.updated_at else ""
    by = f" by {rule.author}" if rule.author else ""
    head = element(
        "div",
        element("h3", "Rule"),
        element("span", f"version {rule.version}{changed}{by}", class_="jl-cap"),
        element("span", class_="jl-grow"),
        action("Edit", "rule:edit"),
        class_="jl-part-head",
    )
    none = "the last one keeps serving" if rule.on_none == "keep" else "the endpoint answers 503"
    sentences: tuple[tuple[str, str | Markup], ...] = (
        ("serve", mono_long(rule.when)),
        ("order", join((order_words(rule.order_by),))),
        ("on", rule.target),
        ("switch", "after the example was replayed; on any mismatch nothing changes"),
        ("no match", none),
    )
    pairs = join(join((element("dt", key), element("dd", text))) for key, text in sentences)
    return join((head, element("dl", pairs, class_="jl-rule")))


def mono_long(text: str) -> Markup:
    """Draw code of any length whole, wrapped where needed."""
    return element("bdi", text, class_="jl-m", dir="auto")


def rule_code(rule: Rule, alias: str, registry: str = "") -> str:
    """Write the call that makes a rule."""
    opening = f"{alias}.rule("
    parts = [f"{quoted(rule.endpoint)}, when={quoted(rule.when)}"]
    if rule.order_by != "created_at desc":
        parts.append(f"order_by={quoted(rule.order_by)}")
    if rule.on_none != "keep":
        parts.append(f"on_none={quoted(rule.on_none)}")
    if registry:
        parts.append(f"registry={registry}")
    return opening + (",\n" + " " * len(opening)).join(parts) + ")"


_STEP_TITLES = {
    "decide": "Decide",
    "build": "Build",
    "start": "Start",
    "replay": "Replay",
    "switch": "Switch",
}
_STEP_TONES: dict[str, Glyph] = {
    "waiting": "queued",
    "running": "running",
    "done": "fresh",
    "failed": "error",
}


def deployments_view(deployments: Sequence[Deployment], now: datetime) -> Markup:
    """Draw the attempts of an endpoint, newest first."""
    head = part_head("Deployments", f"last {len(deployments)}" if deployments else None)
    if not deployments:
        return join((head, element("p", "Nothing was deployed yet.", class_="jl-2")))
    drawn = join(deployment_view(item, now) for item in deployments[:DRAWN])
    rows = (
        (
            join((icon("minus"), " ", mono(short(item.envelope)))),
            _old(item),
            moment(item.created_at, now),
        )
        for item in deployments[DRAWN:]
    )
    older = element("div", table((), rows, right=2), class_="jl-old")
    return join((head, drawn, older if len(deployments) > DRAWN else None))


def _old(item: Deployment) -> str:
    words = {
        "failed": "failed",
        "replaced": "was serving, then replaced",
        "retired": "retired",
        "serving": "serving",
        "running": "running",
    }[item.state]
    return f"{words}: {item.reason}" if item.reason else words


def deployment_view(item: Deployment, now: datetime) -> Markup:
    """Draw one attempt with its steps."""
    tone, words = _deployment_state(item)
    head = element(
        "div",
        element("b", mono(short(item.envelope))),
        state_chip(tone, words),
        element("span", class_="jl-grow"),
        element("span", moment(item.created_at, now), class_="jl-cap"),
        class_="jl-dep-head",
    )
    steps = join(_step(step, item) for step in item.steps)
    return element("div", head, element("ol", steps, class_="jl-line"), class_=f"jl-dep jl-{tone}")


def _deployment_state(item: Deployment) -> tuple[Tone, str]:
    if item.state == "failed":
        failed = next((step.name for step in item.steps if step.state == "failed"), None)
        return "error", f"Failed at {failed}" if failed else "Failed"
    if item.state == "running":
        now = next((step.name for step in item.steps if step.state == "running"), None)
        return "running", _DOING.get(now or "", "Deploying")
    if item.state == "serving":
        return "fresh", "Serving"
    return "away", "Replaced" if item.state == "replaced" else "Retired"


_DOING = {
    "decide": "Deciding",
    "build": "Building",
    "start": "Starting",
    "replay": "Replaying",
    "switch": "Switching",
}


def _step(step: Step, item: Deployment) -> Markup:
    tone = _STEP_TONES[step.state]
    if step.state == "running":
        since = f"{item.updated_at.timestamp():.1f}"
        time = element("span", data_jl_since=since)
    else:
        time = element("span", duration(step.seconds) if step.seconds is not None else "")
    said = f"{_STEP_TITLES[step.name]}: {step.state}"
    fact = element("span", step.fact) if step.fact else None
    return element(
        "li",
        glyph(tone),
        element("b", _STEP_TITLES[step.name], aria_label=said),
        time,
        fact,
        class_=f"jl-{tone}",
    )


def log_view(item: Deployment | None) -> Markup:
    """Draw the last lines of an attempt's log; empty where it has none."""
    if item is None or not item.log:
        return Markup("")
    rows = join(element("div", line) for line in item.log)
    lines = element("div", rows, class_="jl-log", tabindex="0", role="log", aria_label="Log")
    return join((part_head("Log", mono(short(item.envelope))), lines))


def matches_words(matching: int, total: int, newest: str | None) -> Markup:
    """Say what a rule's query finds now."""
    lead = f"matches {matching:,} of {total:,}"
    return join((lead, ", first ", mono(short(newest))) if newest else (lead,))


def empty_view(endpoint: str) -> Markup:
    """Draw the head of a panel whose endpoint has no rule yet."""
    return join(
        (element("b", "No rule yet. "), "A rule says which envelope ", mono(endpoint), " serves.")
    )


def answer_words(answer: str, seconds: float) -> Markup:
    """Say what was answered and how fast."""
    return join((element("b", answer, class_="jl-num"), f" in {duration(seconds)}"))


def summary(record: EndpointRecord) -> str:
    """Say how an endpoint stands in one line of text."""
    state = _STATES[record.state][1].lower()
    serves = f", serves {short(record.serving)}" if record.serving else ""
    at = f" at {record.address}" if record.address else ""
    return f"{record.name}: {state}{serves}{at}"


def deployments_text(deployments: Sequence[Deployment], now: datetime) -> Markup:
    """Draw attempts as a plain table, for a file."""
    rows = (
        (
            mono(short(item.envelope)),
            _deployment_state(item)[1],
            item.reason,
            moment(item.created_at, now),
        )
        for item in deployments
    )
    return table(("envelope", "state", "why", "when"), rows) if deployments else Markup("")
