"""Tables of an experiment: guardrails, what else was measured, the split, what speaks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets import trial_charts as charts
from jupyter_lifecycle.widgets.icons import glyph
from jupyter_lifecycle.widgets.markup import Markup, element, join, name, shorten
from jupyter_lifecycle.widgets.plots import signed
from jupyter_lifecycle.widgets.series import legend
from jupyter_lifecycle.widgets.trial_views import (
    SILENT,
    figures_of,
    point_of,
    primary,
    split_words,
    unit_of,
)
from jupyter_lifecycle.widgets.views import part_head, table
from jupyter_lifecycle.widgets.words import count, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.experiments import Experiment
    from jupyter_lifecycle.experiments.results import Comparison, Interaction, Results
    from jupyter_lifecycle.widgets.icons import Glyph
    from jupyter_lifecycle.widgets.markup import Child

_TONES: dict[str, Glyph] = {
    "better": "fresh",
    "worse": "stale",
    "within noise": "fresh",
    "holds": "fresh",
    "broken": "error",
    "not enough data": "queued",
}


def guardrails_view(results: Results) -> Markup:
    """Draw the guardrails against their margins; nothing where effects hide."""
    found = [one for one in results.comparisons if one.metric.role == "guardrail"]
    if not found or results.status in SILENT:
        return Markup("")
    head = part_head("Guardrails", "may not be worse than the dashed margin")
    cells = ("metric", "control", "treatment", "difference", "against its margin", "verdict")
    return join((head, element("div", table(cells, map(_guardrail, found)), class_="jl-scroll")))


def _guardrail(one: Comparison) -> tuple[Child, ...]:
    effect = one.effect
    metric = join((name(one.metric.name, 28), f" {one.metric.unit}"))
    point = None if effect is None else (effect.estimate, *effect.interval)
    strip = charts.margin_strip(
        point,
        one.metric.margin or 0.0,
        better=one.metric.better,
        known=one.verdict != "not enough data",
    )
    if effect is None:
        return metric, "–", "–", "–", strip, verdict_words(one.verdict)
    difference = f"{signed(effect.estimate)}, {_interval(effect.interval)}"
    values = number(figures_of(effect.control)), number(figures_of(effect.treatment))
    return metric, *values, difference, strip, verdict_words(one.verdict)


def _interval(ends: tuple[float, float]) -> str:
    return f"{signed(ends[0])} to {signed(ends[1])}"


def verdict_words(verdict: str) -> Markup:
    """Draw a verdict as glyph and words."""
    drawn = glyph(_TONES.get(verdict, "queued"))
    return element("span", drawn, " ", verdict.capitalize(), class_="jl-verdict")


def others_view(results: Results) -> Markup:
    """Draw what else was measured, corrected together."""
    if results.status in SILENT:
        return Markup("")
    first = primary(results)
    found = [
        one for one in results.comparisons if one is not first and one.metric.role != "guardrail"
    ]
    if not found:
        return Markup("")
    head = part_head("Also measured", f"{len(found)}, corrected together (Holm)")
    rows = (
        (
            join((name(one.metric.name, 28), f" {shorten(one.arm, 16)}")),
            "–" if one.effect is None else f"{signed(point_of(one)[0])}{unit_of(one)}",
            "" if one.effect is None else _interval(point_of(one)[1:]),
            verdict_words(one.verdict),
        )
        for one in found
    )
    return join((head, table((), rows, right=1)))


def segments_view(results: Results) -> Markup:
    """Draw parts of the units, corrected together."""
    found = [one for one in results.segments if one.effect is not None]
    if not found or results.status in SILENT:
        return Markup("")
    rows = (
        (
            join((name(one.segment[0], 20), " ", name(one.segment[1], 20))) if one.segment else "",
            name(one.metric.name, 24),
            f"{signed(point_of(one)[0])}{unit_of(one)}",
            _interval(point_of(one)[1:]),
            verdict_words(one.verdict),
        )
        for one in found[:20]
    )
    return join((part_head("Segments", f"{len(found)}, corrected together"), table((), rows)))


def split_view(experiment: Experiment, results: Results) -> Markup:
    """Draw exposures and the split by day, or where units are missing."""
    names = list(results.units)
    daily = _daily(results)
    parts = []
    if daily:
        keys = element("span", legend([chr(65 + p) for p in range(min(len(names), 5))]))
        head = element("div", element("h3", "Exposures"), keys, class_="jl-part-head")
        parts += [head, charts.exposures_by_day(daily, names)]
    counts = ", ".join(f"{shorten(arm, 20)} {units:,}" for arm, units in results.units.items())
    parts.append(element("p", counts, class_="jl-2", dir="auto"))
    if len(names) == 2 and daily:
        weights = {arm.name: arm.weight for arm in experiment.arms}
        both = sum(weights.get(one, 0.0) for one in names) or 1.0
        planned = weights.get(names[1], 0.5) / both
        pairs = [(one[0], one[1]) for one in daily]
        parts.append(part_head("Split", "treatment's share; hatched: fair in 999 of 1,000"))
        parts.append(charts.split_by_day(pairs, planned, broken=results.split.broken))
    parts.append(element("p", _split_sentence(results), class_="jl-2"))
    return join(parts)


def _daily(results: Results) -> list[list[int]]:
    """Give units up to each day, by arm, as the series counted them."""
    found: dict[str, Mapping[str, int]] = {one.day: one.units for one in results.series}
    names = list(results.units)
    return [[found[day].get(arm, 0) for arm in names] for day in sorted(found)]


def _split_sentence(results: Results) -> str:
    if results.split.broken:
        return "Results stay hidden until a restart with a new seed."
    chance = min(max(results.split_now.p_value, 0.0), 1.0)
    return (
        f"A fair split is at least this uneven in {chance * 10:.0f} of 10 experiments. Results "
        "hide themselves if it breaks."
    )


def gaps_view(results: Results) -> Markup:
    """Draw where units are missing, largest gap first; only where the split is broken."""
    if not results.gaps or results.status not in SILENT:
        return Markup("")
    names = list(results.units)
    rows = (
        (
            join((name(one.column, 20), " ", name(one.value, 24))),
            *(f"{one.counts.get(arm, 0):,}" for arm in names),
            join((f"{one.gap * 100:+.1f}\u2009% of ".replace("-", "−"), name(one.arm, 20))),
        )
        for one in results.gaps[:10]
    )
    head = ("where", *(shorten(one, 20) for one in names), "against the plan")
    note = "where units are missing, largest gap first"
    return join((part_head("Where to look", note), table(head, rows)))


def trust_view(results: Results) -> Markup:
    """Draw what speaks for reading the effect: split, crossed units, interactions, notes."""
    facts: list[tuple[Glyph, str, Child]] = [
        ("error" if results.split.broken else "fresh", "split", split_words(results)),
        (
            "fresh" if results.crossed == 0 else "stale",
            "saw both arms",
            count(results.crossed, "unit"),
        ),
    ]
    if results.status not in SILENT:
        facts += [_interaction(one) for one in results.interactions[:10]]
    facts += [("stale", "note", one) for one in results.notes[:10]]
    rows = (
        element(
            "li",
            glyph(tone),
            element("span", label, class_="jl-2", dir="auto"),
            element("span", said, dir="auto"),
        )
        for tone, label, said in facts
    )
    return join((part_head("Can it be trusted"), element("ul", *rows, class_="jl-trust")))


def _interaction(one: Interaction) -> tuple[Glyph, str, Child]:
    low, high = (end * 100 for end in one.relative_interval)
    said = (
        f"interaction on {shorten(one.metric, 20)} between {signed(low)} and {signed(high)}\u2009%"
    )
    said += ", flagged" if one.flagged else ", within noise"
    return ("stale" if one.flagged else "fresh"), f"with {shorten(one.experiment, 24)}", said
