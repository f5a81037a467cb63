"""What ``%compute`` and ``%why`` show: progress, summary line, reason, a failure on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets.cards import View, act, names_and_more, output
from jupyter_lifecycle.widgets.icons import Glyph, glyph
from jupyter_lifecycle.widgets.markup import Markup, element, escape_lines, join, name
from jupyter_lifecycle.widgets.words import count, duration, sentence, size

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Summary:
    """A finished computation."""

    recomputed: int
    cached: int
    seconds: float
    rows: int | None = None
    columns: int | None = None
    bytes: int | None = None
    why: Sequence[str] = ()
    """Plain chains of reasons, one a recomputed target."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A computation that runs."""

    done: int
    total: int
    cached: int
    running: Sequence[str]
    seconds: float
    left: float | None = None
    """Seconds left, as far as is known."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a cause to the asked feature."""

    feature: str
    origin: str
    cause: str
    seconds: float | None = None
    diff: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a feature recomputed, or did not."""

    title: str
    chains: Sequence[Sequence[Step]] = ()
    """One for each cause, the cause first; the shortest first."""
    summary: str = ""
    """The answer where there is no chain."""
    aside: str = ""
    """At the right of the title: ``3 steps back to the cause``."""
    text: str = ""
    """The chain on one line."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter's value when the feature raised."""

    name: str
    dtype: str
    rows: int | None
    first: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A feature that raised."""

    feature: str
    origin: str
    message: str
    """Class and words of the user's own exception."""
    place: str = ""
    """``cell [4], line 12, in tail_turnaround``."""
    code: Sequence[tuple[int, str]] = ()
    line: int = 0
    arguments: Sequence[Argument] = ()
    notes: Sequence[str] = ()
    waits: Sequence[str] = ()
    seconds: float | None = None
    traceback: str = ""
    cell: str = ""
    """Id of the cell that defines it, where the front end sends one."""


def summary_line(summary: Summary) -> View:
    """``4 recomputed, 15 from cache, 0.14 s.`` with shape and bytes at the right."""
    lead, rest = _summary_words(summary)
    state: Glyph = "fresh" if summary.recomputed else "cached"
    words = element("span", element("b", lead), rest)
    why = None
    if summary.why:
        chains = element("pre", escape_lines("\n".join(summary.why)), class_="jl-code")
        why = element("details", element("summary", "Why"), chains)
    shape = _shape(summary)
    right = element("span", shape, class_="jl-mut jl-num") if shape else None
    grow = element("span", class_="jl-grow")
    html = element("div", glyph(state), words, why, grow, right, class_="jl-sum")
    return View(output(html), lead + rest + (f" {shape}." if shape else ""))


def _summary_words(summary: Summary) -> tuple[str, str]:
    took = _took(summary.seconds)
    if summary.recomputed:
        cached = f", {summary.cached:,} from cache" if summary.cached else ""
        return f"{summary.recomputed:,} recomputed", f"{cached}, {took}."
    if summary.cached:
        return f"All {summary.cached:,} from cache", f", {took}."
    return "Nothing to compute", f": only inputs were asked for, {took}."


def _took(seconds: float) -> str:
    return f"{seconds:.2f} s" if 0.0995 <= seconds < 0.995 else duration(seconds)


def _shape(summary: Summary) -> str:
    parts = []
    if summary.rows is not None and summary.columns is not None:
        parts.append(f"{count(summary.rows, 'row')} × {count(summary.columns, 'column')}")
    if summary.bytes is not None:
        parts.append(size(summary.bytes))
    return ", ".join(parts)


def progress_line(progress: Progress) -> View:
    """``Recomputing 2 of 4. 16 from cache, about 0.5 s left.`` with a bar of what is done."""
    at = min(progress.done + 1, progress.total)
    lead = (
        f"Recomputing {at:,} of {progress.total:,}" if progress.total else "Looking what is known"
    )
    cached = f" {progress.cached:,} from cache," if progress.cached else ""
    known = progress.left
    left = duration(progress.seconds) if known is None else f"about {_tenths(known)} left"
    rest = f".{cached} {left}."
    now = names_and_more(progress.running)
    share = 100 * progress.done / progress.total if progress.total else 0.0
    bar = element(
        "div",
        element("span", style=f"width:{share:.0f}%"),
        class_="jl-bar",
        role="progressbar",
        aria_valuenow=f"{share:.0f}",
        aria_valuetext=f"{progress.done} of {progress.total}",
    )
    html = element(
        "div",
        glyph("running"),
        element("span", element("b", lead), rest),
        element("span", now, class_="jl-m jl-mut jl-trunc jl-grow") if now else None,
        act("Interrupt", "interrupt"),
        bar,
        class_="jl-sum",
    )
    return View(output(html), lead + rest + (f" {now}" if now else ""))


def _tenths(seconds: float) -> str:
    """Say a time that is only guessed: no milliseconds."""
    return f"{max(seconds, 0.1):.1f} s" if seconds < 9.95 else duration(seconds)


def stopped_line(done: int, total: int) -> View:
    """After an interrupt: ``Stopped after 1 of 4. What was finished is kept.``."""
    lead, rest = f"Stopped after {done:,} of {total:,}", ". What was finished is kept."
    html = element(
        "div", glyph("stale"), element("span", element("b", lead), rest), class_="jl-sum"
    )
    return View(output(html), lead + rest)


def message_line(words: str, *, state: Glyph | None = None) -> View:
    """One line of what was done or is so, with the glyph of its state."""
    mark = glyph(state) if state is not None else None
    html = element("div", mark, element("span", words, class_="jl-grow"), class_="jl-sum")
    return View(output(html), words)


def why_view(reason: Reason, *, foot: str = "") -> View:
    """Draw the chain from the cause to the asked feature, the cause on top with its diff."""
    head = element(
        "div",
        element("b", reason.title, dir="auto"),
        element("span", class_="jl-grow"),
        element("span", reason.aside, class_="jl-mut jl-num") if reason.aside else None,
        class_="jl-head",
    )
    chains = [_chain(steps) for steps in reason.chains]
    said = sentence(reason.summary)
    words = element("div", said, class_="jl-inner jl-mut") if said else None
    last = (
        element("div", glyph("cached"), element("span", foot), class_="jl-foot") if foot else None
    )
    html = element("div", head, words, *chains, last, class_="jl-panel")
    return View(output(html), reason.text or _why_text(reason))


def _why_text(reason: Reason) -> str:
    lines = [f"  {step.feature}: {step.cause}" for steps in reason.chains for step in steps]
    return "\n".join([reason.title, *([f"  {reason.summary}"] if reason.summary else []), *lines])


def _chain(steps: Sequence[Step]) -> Markup:
    items = (_step(step, root=not index) for index, step in enumerate(steps))
    return element("ol", join(items), class_="jl-why")


def _step(step: Step, *, root: bool) -> Markup:
    mark = element("span", "~", class_="jl-cause", aria_hidden="true") if root else glyph("fresh")
    cause = element("span", step.cause, class_="jl-mut")
    where = element("span", f" {step.origin}", class_="jl-mut") if root and step.origin else None
    head = [element("b", name(step.feature)), where, element("div", step.cause) if root else None]
    if not root:
        head = [element("b", name(step.feature)), Markup(" "), cause]
    took = duration(step.seconds) if step.seconds is not None else ""
    words = element("div", join(head), _diff(step.diff) if step.diff else None)
    return element("li", mark, words, element("span", took, class_="jl-mut jl-num"))


def _diff(diff: str) -> Markup:
    kinds = {"-": "jl-del", "+": "jl-add"}
    lines = [
        element("div", escape_lines(line), class_=kinds.get(line[:1])) for line in diff.splitlines()
    ]
    return element("div", join(lines), class_="jl-diff")


def error_view(failure: Failure) -> View:
    """Draw a feature that raised: what, where, with which values, who waits for it; one screen."""
    head = element(
        "div",
        glyph("error"),
        element("b", f"{failure.feature} failed in {failure.origin}", class_="jl-t-error"),
        element("span", class_="jl-grow"),
        element("span", _after(failure), class_="jl-mut jl-num"),
        class_="jl-head",
    )
    foot = [act(f"Go to {failure.origin}", f"cell:{failure.cell}")] if failure.cell else []
    if failure.traceback:
        whole = element("pre", escape_lines(failure.traceback), class_="jl-code")
        foot.append(element("details", element("summary", "Full traceback"), whole))
    if failure.waits:
        foot += [element("span", class_="jl-grow"), element("span", _waits(failure))]
    inner = element(
        "div",
        element("div", escape_lines(failure.message), class_="jl-message"),
        join(element("div", note, class_="jl-mut") for note in failure.notes),
        _code(failure) if failure.code else None,
        _arguments(failure.arguments) if failure.arguments else None,
        element("div", join(foot), class_="jl-sum jl-mut") if foot else None,
        class_="jl-inner",
    )
    html = element("div", head, inner, class_="jl-panel jl-failed", role="alert")
    return View(output(html), "\n".join(error_lines(failure)))


def _after(failure: Failure) -> str:
    return f"after {duration(failure.seconds)}" if failure.seconds is not None else ""


def _waits(failure: Failure) -> str:
    verb = "waits" if len(failure.waits) == 1 else "wait"
    return f"{names_and_more(failure.waits)} {verb} for it."


def _code(failure: Failure) -> Markup:
    lines = [
        element(
            "span",
            element(
                "span", f"{number:>4} │", class_="jl-here" if number == failure.line else "jl-mut"
            ),
            element("b", escape_lines(f" {text}"))
            if number == failure.line
            else escape_lines(f" {text}"),
        )
        for number, text in failure.code
    ]
    place = element("span", f"  {failure.place}", class_="jl-mut")
    return element("pre", join([place, *lines], Markup("\n")), class_="jl-code")


def _arguments(arguments: Sequence[Argument]) -> Markup:
    heads = [
        element("th", "parameter"),
        element("th", "dtype"),
        element("th", "rows", class_="jl-r"),
        element("th", "first value"),
    ]
    rows = [
        element(
            "tr",
            element("td", name(one.name)),
            element("td", one.dtype, class_="jl-m"),
            element("td", "" if one.rows is None else f"{one.rows:,}", class_="jl-r"),
            element("td", one.first, class_="jl-m", dir="auto"),
        )
        for one in arguments
    ]
    head = element("thead", element("tr", join(heads)))
    return element("table", head, element("tbody", join(rows)), class_="jl-grid")


def headlines(failure: Failure) -> list[str]:
    """Say what was raised and where: what stands under :func:`error_view`, which has the rest."""
    here = [f"  > {text.strip()}" for number, text in failure.code if number == failure.line]
    return [failure.message, *([f"  {failure.place}"] if failure.place else []), *here]


def error_lines(failure: Failure) -> list[str]:
    """Say the same as :func:`error_view` in plain lines, the exception's own words first."""
    lines = [failure.message, f"  {failure.feature} failed in {failure.origin}", *failure.notes]
    if failure.code:
        lines.append(f"  {failure.place}")
        lines += [
            f"{'>' if number == failure.line else ' '}{number:>4} | {text}"
            for number, text in failure.code
        ]
    lines += [
        f"  {one.name}: {one.dtype}"
        + ("" if one.rows is None else f", {count(one.rows, 'row')}")
        + (f", first {one.first}" if one.first else "")
        for one in failure.arguments
    ]
    if failure.waits:
        lines.append(_waits(failure))
    return lines
