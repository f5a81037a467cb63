"""What a comparison shows, as markup: pure functions of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets import series
from jupyter_lifecycle.widgets.comparison import better
from jupyter_lifecycle.widgets.icons import glyph
from jupyter_lifecycle.widgets.markup import Markup, element, join, shorten
from jupyter_lifecycle.widgets.views import action, mono, part_head, short, state_chip, table
from jupyter_lifecycle.widgets.words import count, moment, number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from jupyter_lifecycle.envelope import EnvelopeDiff
    from jupyter_lifecycle.envelope.overlap import Overlap
    from jupyter_lifecycle.widgets.comparison import Comparison, InputRow, MetricRow, Side
    from jupyter_lifecycle.widgets.markup import Child

_LONG = 160
"""Characters of a tag's value that are shown."""

_DIRECTIONS = {
    "lower": "lower is better",
    "higher": "higher is better",
    "zero": "nearer 0 is better",
}
INPUTS = 4
"""Inputs that are drawn before all are asked for."""


def sides_view(comparison: Comparison, now: datetime) -> Markup:
    """Draw the envelopes as a row: a click makes one the baseline."""
    return element(
        "div",
        *(
            _side(side, now, base=place == comparison.baseline)
            for place, side in enumerate(comparison.sides)
        ),
        class_="jl-sides",
    )


def _side(side: Side, now: datetime, *, base: bool) -> Markup:
    serving = ", serving" if side.serving else ""
    words = element("span", f"{moment(side.created_at, now)}{serving}", class_="jl-cap")
    return element(
        "button",
        series.letter(side.letter),
        mono(short(side.id)),
        words,
        element("span", "baseline", class_="jl-chip") if base else None,
        type="button",
        class_=f"jl-side-button{' jl-base' if base else ''}",
        data_jl=f"base:{side.letter}",
        aria_pressed=str(base).lower(),
        title=f"{side.name}, by {side.author}. Make it the baseline",
    )


def metrics_view(comparison: Comparison, *, everything: bool) -> Markup:
    """Draw the metrics: value and difference of each side, all as dots on one scale."""
    sides, base = comparison.sides, comparison.baseline
    rows = [row for row in comparison.metrics if everything or not row.equal]
    note = f"{count(len(comparison.metrics), 'metric')}, against {sides[base].letter}"
    equal = len(comparison.metrics) - len(rows)
    note += f"; {equal} equal" if equal else ""
    if not rows:
        return part_head("Metrics", note if comparison.metrics else "none were logged")
    head = element(
        "tr",
        element("th"),
        *(
            join(
                (
                    element("th", series.letter(side.letter), scope="col"),
                    None if place == base else element("th"),
                )
            )
            for place, side in enumerate(sides)
        ),
        element("th"),
        element("th"),
    )
    body = join(_metric(row, comparison) for row in rows)
    drawn = element(
        "table", element("thead", head), element("tbody", body), class_="jl-table jl-compared"
    )
    return join((part_head("Metrics", note), element("div", drawn, class_="jl-scroll")))


def _metric(row: MetricRow, comparison: Comparison) -> Markup:
    base = comparison.baseline
    cells: list[Markup] = []
    said = []
    for place, value in enumerate(row.values):
        shown = "–" if value is None else number(value)
        cells.append(element("td", shown, class_="jl-r jl-num jl-figure"))
        words, tone = ("", "") if place == base else better(row, value, row.values[base])
        if place != base:
            cells.append(
                element("td", words, class_=f"jl-num {f'jl-t-{tone}' if tone else 'jl-2'}")
            )
        said.append(f"{comparison.sides[place].letter} {shown} {words}".strip())
    dots = series.dots(row.values, base, label=f"{row.key}: {', '.join(said)}")
    way = _DIRECTIONS.get(row.direction or "", "")
    return element(
        "tr",
        element("td", mono(row.key), class_="jl-metric-name"),
        *cells,
        element("td", dots),
        element("td", way, class_="jl-cap"),
    )


def inputs_view(comparison: Comparison, *, everything: bool) -> Markup:
    """Draw the profiles of the inputs over each other, what moved first."""
    rows = comparison.inputs
    if not rows:
        return part_head("Expectations", "no profile of the training rows in these envelopes")
    moved = sum(row.moved for row in rows)
    note = f"{moved} of {count(len(rows), 'input')} moved"
    shown = rows if everything else rows[: max(INPUTS, moved)]
    head = element(
        "div",
        element("h3", "Expectations"),
        element("span", note, class_="jl-cap"),
        element("span", class_="jl-grow"),
        series.legend([side.letter for side in comparison.sides]),
        class_="jl-part-head",
    )
    rest = len(rows) - len(shown)
    more = action(f"{rest} more", "show:everything") if rest else None
    grid = element("div", *(_input(row, comparison) for row in shown), class_="jl-overlays")
    return join((head, grid, more))


_VERDICTS = {
    "moved": ("stale", "Moved"),
    "small": ("fresh", "Small"),
    "noise": ("fresh", "Within noise"),
    "few": ("queued", "Not enough data"),
    "none": ("", "Not compared"),
}
_GRAVITY = ("moved", "small", "few", "noise", "none")


def _input(row: InputRow, comparison: Comparison) -> Markup:
    known = [one for one in row.overlaps if one is not None]
    worst = min((one.verdict for one in known), key=_GRAVITY.index, default="none")
    tone, words = _VERDICTS[worst]
    profiles = {place: one for place, one in enumerate(row.profiles) if one is not None}
    label = f"{row.name}: {words.lower()}"
    chart = series.overlay(profiles, label=label)
    numbers = {place: one for place, one in profiles.items() if one.edges}
    low, high = series.ends(numbers) if numbers else (0.0, 0.0)
    under = _ends(low, high) if numbers else None
    mark = glyph(tone) if tone else None  # type: ignore[arg-type]
    said = element("span", mark, " ", words, class_=f"jl-cap jl-t-{tone}")
    head = element("div", mono(row.name), said, class_="jl-overlay-head")
    return element("div", head, chart, under, element("div", _distances(row, comparison)))


def _ends(low: float, high: float) -> Markup:
    ends = (element("span", number(end)) for end in (low, high))
    return element("div", *ends, class_="jl-ends jl-cap")


def _distances(row: InputRow, comparison: Comparison) -> Markup:
    base = comparison.sides[comparison.baseline].letter
    parts = [
        f"{side.letter} to {base}: {_bits(one)}"
        for side, one in zip(comparison.sides, row.overlaps, strict=True)
        if one is not None
    ]
    nulls = {round(one.null_share, 3) for one in row.profiles if one is not None}
    if max(nulls, default=0) > 0:
        shares = ", ".join(f"{share * 100:.3g}\u2009%" for share in sorted(nulls))
        parts.append(f"null {shares}{' in all' if len(nulls) == 1 else ''}")
    return element("span", "; ".join(parts), class_="jl-cap")


def _bits(one: Overlap) -> str:
    if one.verdict == "few":
        return "under 200 values"
    if one.verdict == "none":
        return "not compared"
    return f"{one.bits:.2g} bit, noise floor {one.floor:.2g}"


def differences_view(comparison: Comparison) -> Markup:
    """Draw schema, environment and features of each side against the baseline."""
    base = comparison.sides[comparison.baseline].letter
    parts: list[Child] = []
    for side, diff in zip(comparison.sides, comparison.diffs, strict=True):
        if diff is not None:
            parts += _difference(f"{side.letter} against {base}", diff)
    return join(parts)


def _difference(note: str, diff: EnvelopeDiff) -> list[Markup]:
    return [_schema(note, diff), _environment(note, diff), _features(note, diff)]


_SCHEMA_TONES = {"breaking": "stale", "widening": "", "compatible": "", "same": ""}


def _schema(note: str, diff: EnvelopeDiff) -> Markup:
    breaking = sum(one.verdict == "breaking" for one in diff.schema.changes)
    chip = state_chip("stale", f"{breaking} breaking") if breaking else None
    rows = (
        (
            mono(one.path.strip("/") or one.side),
            element("span", one.why),
            element("span", one.verdict, class_=_tone_class(_SCHEMA_TONES[one.verdict])),
        )
        for one in diff.schema.changes
    )
    body = table((), rows) if diff.schema.changes else None
    return _block("Schema", note if diff.schema.changes else f"{note}: the same", body, chip)


def _tone_class(tone: str) -> str:
    return f"jl-t-{tone}" if tone else "jl-2"


def _environment(note: str, diff: EnvelopeDiff) -> Markup:
    environment = diff.environment
    rows: list[tuple[Child, ...]] = [
        (name, element("span", f"{pair[0]} → {pair[1]}", class_="jl-m"), "")
        for name, pair in (("Python", environment.python), ("platform", environment.platform))
        if pair is not None
    ]
    order = ("major", "removed", "added", "minor", "patch", "other")
    for one in sorted(environment.packages, key=lambda one: order.index(one.step)):
        versions = f"{one.before or 'none'} → {one.after or 'none'}"
        rows.append((mono(one.name), element("span", versions, class_="jl-m"), one.step))
    equal = f"{count(environment.same, 'package')} equal"
    return _block("Environment", f"{note}: {equal}", table((), rows) if rows else None)


_MARKS = {"added": ("+", "fresh"), "changed": ("~", "stale"), "removed": ("−", "error")}


def _features(note: str, diff: EnvelopeDiff) -> Markup:
    rows = (
        (
            element("span", _MARKS[one.change][0], class_=f"jl-sign jl-{_MARKS[one.change][1]}"),
            mono(one.name),
            _feature_words(one.change, one.diff),
        )
        for one in diff.features
    )
    body = table((), rows) if diff.features else None
    return _block("Features", note if diff.features else f"{note}: the same", body)


def _feature_words(change: str, diff: str) -> Child:
    if not diff:
        return change if change != "changed" else "changed, in what it calls"
    shown = element("pre", diff)
    return element("details", element("summary", f"{change}, diff"), shown)


def _block(title: str, note: str, body: Child, chip: Child = None) -> Markup:
    head = element(
        "div",
        element("h3", title),
        element("span", note, class_="jl-cap"),
        element("span", class_="jl-grow"),
        chip,
        class_="jl-part-head",
    )
    return element("div", head, body, class_="jl-block")


def tags_view(comparison: Comparison, *, everything: bool) -> Markup:
    """Draw the tags at all sides; those that are equal in one line."""
    different = [row for row in comparison.tags if everything or not row.equal]
    equal = [row for row in comparison.tags if row.equal and not everything]
    rows: list[tuple[Child, ...]] = [
        (
            mono(row.key),
            series.steps_words(
                ["none" if value is None else shorten(value, _LONG) for value in row.values]
            ),
        )
        for row in different
    ]
    if equal:
        names = join((mono(row.key) for row in equal), ", ")
        values = ", ".join(str(row.values[0]) for row in equal)
        rows.append((names, element("span", f"equal: {values}", class_="jl-2", dir="auto")))
    return _block("Tags", "" if comparison.tags else "none", table((), rows) if rows else None)


def snapshot_view(comparison: Comparison) -> Markup:
    """Draw a comparison for a file: tables and charts, nothing that can be clicked."""
    named = (
        element("span", series.letter(one.letter), " ", mono(short(one.id)), " ", one.name)
        for one in comparison.sides
    )
    sides = element("p", join(named, "  "))
    parts: Iterable[Child] = (
        element("h3", "Compare"),
        sides,
        element("p", comparison.verdict),
        metrics_view(comparison, everything=True),
        inputs_view(comparison, everything=False),
        differences_view(comparison),
        tags_view(comparison, everything=True),
    )
    return element("div", *parts, class_="jl")
