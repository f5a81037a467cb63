"""What the save panel shows, as markup: pure functions of what was found and what was saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jupyter_lifecycle.widgets.icons import glyph
from jupyter_lifecycle.widgets.markup import element, join
from jupyter_lifecycle.widgets.views import (
    action,
    chips,
    code_block,
    copied_id,
    mono,
    short,
    table,
)
from jupyter_lifecycle.widgets.words import duration, number, size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_lifecycle.widgets.icons import Glyph
    from jupyter_lifecycle.widgets.markup import Child, Markup


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of what the panel found by itself; ``text`` is None while it is looked for."""

    key: str
    title: str
    state: Literal["queued", "fresh", "stale", "error"] = "queued"
    text: Child = None
    detail: Markup | None = None


@dataclass(frozen=True, slots=True)
class DoneStep:
    """A step of a save and one fact about it."""

    title: str
    state: Literal["running", "done", "failed"]
    fact: str = ""
    seconds: float | None = None
    since: float = 0.0
    """Unix time of its start, for a step that runs."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What follows from a save: which rule serves it, or would once its tags are set."""

    endpoint: str = ""
    tags: Mapping[str, str] | None = None
    serving: str | None = None
    wanted: bool = False
    """Whether the rule asks for it already."""


@dataclass(frozen=True, slots=True)
class Result:
    """A save that ended well."""

    name: str
    id: str
    size: int
    seconds: float
    steps: Sequence[DoneStep]
    existed: str = ""
    """When the same content was saved before; empty where it is new."""
    outlook: Outlook | None = None
    tags: Mapping[str, str] | None = None
    metrics: Mapping[str, float] | None = None


def found_list(findings: Sequence[Finding], opened: frozenset[str] = frozenset()) -> Markup:
    """Draw the right column: what the panel found by itself."""
    rows = join(_found(item, opened=item.key in opened) for item in findings)
    head = element("h3", "Found by itself", class_="jl-over")
    return join((head, element("ul", rows, class_="jl-found")))


def _found(item: Finding, *, opened: bool) -> Markup:
    ghost = element("span", class_="jl-ghost-line", role="img", aria_label="Being looked for")
    show = action("Hide" if opened else "Show", f"show:{item.key}", expanded=opened)
    detail = element("div", item.detail, class_="jl-detail") if item.detail and opened else None
    return element(
        "li",
        glyph(item.state),
        element("div", element("b", item.title), ghost if item.text is None else item.text),
        show if item.detail else element("span"),
        detail,
    )


def metric_note(words: str, tone: str) -> Markup:
    """Draw how a metric compares with the last save."""
    return element("span", words, class_="jl-t-fresh" if tone == "fresh" else "jl-2")


def steps_list(steps: Sequence[DoneStep]) -> Markup:
    """Draw the steps of a save with their times."""
    return element("ul", join(_step(step) for step in steps), class_="jl-steps")


_GLYPHS: dict[str, Glyph] = {"running": "running", "done": "fresh", "failed": "error"}


def _step(step: DoneStep) -> Markup:
    words = f"{step.title}: {step.fact}" if step.fact else step.title
    if step.state == "running":
        time = element("span", class_="jl-num", data_jl_since=f"{step.since:.1f}")
    else:
        told = "" if step.seconds is None else duration(step.seconds)
        time = element("span", told, class_="jl-num")
    wrong = "jl-error-lines" if step.state == "failed" else None
    return element("li", glyph(_GLYPHS[step.state]), element("span", words, class_=wrong), time)


def saving_view(name: str, steps: Sequence[DoneStep]) -> Markup:
    """Draw a save that runs."""
    return element(
        "div",
        glyph("running", size=28),
        element("h3", "Saving ", mono(name)),
        steps_list(steps),
        class_="jl-result",
    )


def result_view(result: Result, alias: str, registry: str) -> Markup:
    """Draw a save that ended: id, size, steps, what to do with it and what happens next."""
    lead = (
        join(("Nothing new: this is ", mono(short(result.id)), f", saved {result.existed}."))
        if result.existed
        else join(("Saved ", mono(result.name), f" in {duration(result.seconds)}"))
    )
    facts = element(
        "div",
        copied_id(result.id),
        element("span", size(result.size), class_="jl-2 jl-num"),
        element("span", chips(result.tags)) if result.tags else None,
        class_="jl-result-facts",
    )
    top = element(
        "div",
        glyph("fresh", size=28),
        element("div", element("h3", lead), facts),
        steps_list(result.steps),
        class_="jl-result",
    )
    return join(
        (top, element("div", _usage(result, alias, registry), _next(result), class_="jl-two"))
    )


def usage_code(envelope_id: str, alias: str, registry: str) -> str:
    """Write the two lines that use an envelope anywhere."""
    source = registry or f"{alias}.Registry()"
    return f'envelope = {source}.get("{short(envelope_id)}")\nenvelope.predict(rows)'


def _usage(result: Result, alias: str, registry: str) -> Markup:
    block = code_block(usage_code(result.id, alias, registry))
    return element("div", element("h4", "Use it anywhere", class_="jl-over"), block)


def _next(result: Result) -> Markup:
    words = outlook_words(result.outlook)
    return element("div", element("h4", "What happens next", class_="jl-over"), element("p", words))


def outlook_words(outlook: Outlook | None) -> Markup:
    """Say what a save leads to and which rule says so."""
    if outlook is None:
        return join(("Nothing is deployed: no rule asks for it.",))
    rule = join(("The rule ", element("b", outlook.endpoint)))
    if outlook.wanted:
        return join((rule, " serves it now: watch it in the deploy panel."))
    asked = join((mono(f"{key} = {value}") for key, value in (outlook.tags or {}).items()), " and ")
    today = (
        join(("; today that is ", mono(short(outlook.serving)), "."))
        if outlook.serving
        else "; today there is none."
    )
    return join(
        ("Nothing is deployed. ", rule, " serves the newest envelope tagged ", asked, today)
    )


def failure_view(name: str, steps: Sequence[DoneStep], message: str, text: str = "") -> Markup:
    """Draw a save that failed at a step: the step in red, the ones before kept."""
    lines = element("pre", text) if text else None
    words = element("div", element("p", message), lines, class_="jl-error-lines", role="note")
    return element(
        "div",
        glyph("error", size=28),
        element("h3", mono(name), " was not saved"),
        element("div", steps_list(steps), words, style="grid-column:2"),
        class_="jl-result",
    )


def fields_table(fields: Sequence[tuple[str, str]]) -> Markup:
    """Draw names and type words of a schema."""
    return table(("name", "type"), ((mono(name), word) for name, word in fields))


def packages_table(packages: Sequence[tuple[str, str]]) -> Markup:
    """Draw packages and versions."""
    rows = ((mono(name), mono(version)) for name, version in packages)
    return table(("package", "version"), rows)


def metrics_text(metrics: Mapping[str, float]) -> str:
    """Write metrics in a line: ``mae 13.28, rmse 35.91``."""
    return ", ".join(f"{key} {number(value)}" for key, value in metrics.items())
