"""What the experiment panel shows of one that was started: pure functions of value and results."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

from jupyter_lifecycle.widgets import trial_charts as charts
from jupyter_lifecycle.widgets.charts import percent
from jupyter_lifecycle.widgets.icons import glyph
from jupyter_lifecycle.widgets.layers_views import slots_words
from jupyter_lifecycle.widgets.markup import Markup, element, join, name, shorten
from jupyter_lifecycle.widgets.plots import signed
from jupyter_lifecycle.widgets.series import letter
from jupyter_lifecycle.widgets.views import band, mono, part_head, short, state_chip, title
from jupyter_lifecycle.widgets.words import count, moment, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_lifecycle.experiments import Experiment, Layer
    from jupyter_lifecycle.experiments.results import Comparison, Results
    from jupyter_lifecycle.widgets.markup import Child
    from jupyter_lifecycle.widgets.views import Tone

SILENT = ("hidden", "invalid")
_LIMIT = 1_000


def day_of(experiment: Experiment, now: datetime) -> int:
    """Give the day on which an experiment is, from 1; 0 before it starts."""
    if experiment.started is None:
        return 0
    end = datetime.fromisoformat(experiment.ended) if experiment.ended else now
    return max((end - datetime.fromisoformat(experiment.started)).days, 0) + 1


def state_of(experiment: Experiment, results: Results | None, now: datetime) -> Markup:
    """Draw where an experiment stands, as a chip."""
    if results is not None and results.status in SILENT:
        return state_chip("error", "Results hidden")
    if experiment.status == "draft":
        return state_chip("queued", "Planned")
    day = day_of(experiment, now)
    if results is not None and results.status == "not enough data":
        return state_chip("queued", f"Not enough data yet, day {day}")
    tone: Tone = "running" if experiment.status == "running" else "fresh"
    return state_chip(tone, f"Day {day}" if tone == "running" else f"Ended on day {day}")


def head_view(
    experiment: Experiment, layer: Layer | None, results: Results | None, now: datetime
) -> Markup:
    """Draw name, state, where it runs and its arms."""
    said = [shorten(experiment.endpoint, 30)] if experiment.endpoint else []
    said.append(f"layer {shorten(experiment.layer, 24)}, slots {slots_words(experiment)}")
    if layer is not None:
        said.append(f"unit {shorten(layer.unit, 24)}")
    arms = join(
        (
            element("span", letter(chr(65 + place)), " ", _arm_word(arm), class_="jl-lettered")
            for place, arm in enumerate(experiment.arms[:5])
        ),
        " ",
    )
    caption = element("span", " · ".join(said), class_="jl-cap", dir="auto")
    return title("split", experiment.name, state_of(experiment, results, now), caption, arms)


def _arm_word(arm: object) -> Markup:
    envelope = getattr(arm, "envelope", None)
    return mono(short(envelope)) if envelope else name(str(getattr(arm, "name", "")), 24)


def figures_view(experiment: Experiment, results: Results) -> Markup:
    """Draw the figures of the head; an effect only where it may be read."""
    total = sum(results.units.values())
    split = results.split
    parts = [
        _figure("Exposed", f"{total:,}", count(len(results.units), "arm")),
        _figure("Split", split_words(results), _split_note(results)),
    ]
    first = primary(results)
    if first is not None and first.effect is not None and results.status not in SILENT:
        value, low, high = point_of(first)
        note = f"{signed(low)} to {signed(high)}, {first.verdict}"
        label = f"Effect on {shorten(first.metric.name, 24)}"
        parts.append(_figure(label, f"{signed(value)}{unit_of(first)}", note))
    guards = [one for one in results.comparisons if one.metric.role == "guardrail"]
    if guards:
        holds = sum(one.verdict == "holds" for one in guards)
        broken = sum(one.verdict == "broken" for one in guards)
        rest = len(guards) - holds - broken
        note = f"{broken} broken" if broken else f"{rest} need more data" if rest else "all hold"
        parts.append(_figure("Guardrails", f"{holds}", f"of {len(guards)} hold, {note}"))
    if first is not None:
        known = sum(results.known.get(first.metric.name, {}).values())
        parts.append(_figure("Outcomes known", percent(known / total if total else 0), ""))
    del split, experiment
    return element("dl", *parts, class_="jl-figures jl-figures-any")


def _figure(label: str, value: str, note: Child) -> Markup:
    shown = element("b", value, class_="jl-num")
    return element("div", element("dt", label), element("dd", shown, element("span", note)))


def split_words(results: Results) -> str:
    """Say how units were split: ``50.0 : 50.0``."""
    total = sum(results.units.values()) or 1
    return " : ".join(f"{units / total * 100:.1f}" for units in results.units.values())


def _split_note(results: Results) -> Markup:
    broken = results.split.broken
    said = "not as planned" if broken else "as planned"
    drawn = glyph("error" if broken else "fresh")
    return element("span", drawn, f" {said}", class_="jl-t-error" if broken else None)


def primary(results: Results) -> Comparison | None:
    """Give the comparison that decides: of the primary metric, else the first."""
    found = [one for one in results.comparisons if one.metric.role == "primary"]
    return next(iter(found or results.comparisons), None)


def _relative(one: Comparison) -> bool:
    effect = one.effect
    return (
        effect is not None
        and one.metric.role != "guardrail"
        and math.isfinite(effect.relative_estimate)
    )


def point_of(one: Comparison) -> charts.Point:
    """Give estimate and interval: in percent of control where that is known."""
    assert one.effect is not None
    if _relative(one):
        low, high = one.effect.relative_interval
        return one.effect.relative_estimate * 100, low * 100, high * 100
    return one.effect.estimate, *one.effect.interval


def unit_of(one: Comparison) -> str:
    """Give what stands behind an effect: a percent sign, or the metric's own unit."""
    if _relative(one):
        return "\u2009%"
    return f" {one.metric.unit}" if one.metric.unit else ""


def bands(experiment: Experiment, results: Results | None) -> Markup:
    """Draw what is to be known before anything else: a broken split, a broken guardrail."""
    if results is None:
        return Markup("")
    if results.status == "hidden":
        counts = " and ".join(
            f"{units:,} in {shorten(arm, 24)}" for arm, units in results.units.items()
        )
        weights = " : ".join(f"{arm.weight * 100:g}" for arm in experiment.arms)
        odds = max(round(1 / max(results.split.p_value, 1e-12)), _LIMIT)
        text = (
            f"{counts} where {weights} was planned. A fair split is at least this uneven once in "
            f"{odds:,} experiments; the limit is once in {_LIMIT:,}."
        )
        return band("error", "The split is not what was planned, so no effect is shown.", text)
    if results.status == "invalid":
        return band("error", "No effect is shown.", results.reason)
    broken = [one for one in results.comparisons if one.verdict == "broken"]
    if broken:
        return band("error", "A guardrail is broken.", " ".join(one.sentence for one in broken))
    return Markup("")


def effect_view(experiment: Experiment, results: Results) -> Markup:
    """Draw the effect on the primary metric: sentence, interval, how it got there."""
    if results.status in SILENT:
        return _hidden()
    first = primary(results)
    if first is None or first.effect is None:
        return _not_enough(experiment, results, first)
    value = point_of(first)
    decide = _decide(first)
    place = _place(experiment, first.arm)
    said = first.sentence
    lead = element("h3", said, class_="jl-decision", dir="auto")
    note = _decision_note(first, value, decide)
    strip = _at_widths(
        lambda width: charts.decided_strip(value, decide, place=place, label=said, width=width)
    )
    parts = [lead, element("p", note, class_="jl-2"), strip]
    points = _series(results, first)
    if len(points) > 1:
        head = part_head(
            "How it got there",
            f"{shorten(first.arm, 20)} against {shorten(first.control, 20)}, sequential interval",
        )
        parts += [
            head,
            _at_widths(
                lambda width: charts.effect_by_day(
                    points,
                    place=place,
                    decide=decide,
                    label=f"effect by day: {said}",
                    width=width,
                )
            ),
            element("p", _READ, class_="jl-2"),
        ]
    return join(parts)


def _at_widths(draw: Callable[[int], Markup]) -> Markup:
    """Draw for a wide place and for a narrow one; the style sheet shows one of both."""
    wide = element("div", draw(720), class_="jl-when-wide")
    return join((wide, element("div", draw(330), class_="jl-when-narrow", style="display:none")))


_READ = (
    "Read it on any day: at all looks together the interval misses the true effect at most once in "
    "20 experiments."
)


def _decide(one: Comparison) -> float | None:
    if one.metric.effect is None or not _relative(one):
        return None
    sign = 1 if one.metric.better == "higher" else -1
    return one.metric.effect * 100 * sign


def _place(experiment: Experiment, arm: str) -> int:
    names = [one.name for one in experiment.arms]
    return min(names.index(arm), 4) if arm in names else 1


def _decision_note(one: Comparison, point: charts.Point, decide: float | None) -> str:
    effect = one.effect
    assert effect is not None
    said = f"From {number(figures_of(effect.control))} to {number(figures_of(effect.treatment))}"
    said += f" {one.metric.unit}." if one.metric.unit else "."
    value, low, high = point
    del value
    if low <= 0 <= high:
        said += " The interval includes no effect: not decided."
    else:
        side = "above" if low > 0 else "below"
        said += f" The whole interval is {side} no effect."
    if decide is not None and low <= decide <= high and not low <= 0 <= high:
        said += (
            f" It includes effects under the {abs(decide):g}\u2009% that you wanted to decide on."
        )
    return said


def figures_of(value: float) -> float:
    """Leave four digits of a value: more are not known."""
    return float(f"{value:.4g}") if math.isfinite(value) else value


def _series(results: Results, first: Comparison) -> list[charts.Point]:
    mine = [
        one for one in results.series if (one.metric, one.arm) == (first.metric.name, first.arm)
    ]
    if _relative(first):
        return [
            (
                one.relative_estimate * 100,
                one.relative_interval[0] * 100,
                one.relative_interval[1] * 100,
            )
            for one in mine
            if math.isfinite(one.relative_estimate)
        ]
    return [(one.estimate, *one.interval) for one in mine]


def _hidden() -> Markup:
    text = "Hidden, not lost. Counting goes on."
    return join((part_head("Effect"), element("div", text, class_="jl-hidden-effect")))


def _not_enough(experiment: Experiment, results: Results, first: Comparison | None) -> Markup:
    lead = "Nobody exposed yet." if not sum(results.units.values()) else "Not enough data yet"
    lines = []
    needed = int(results.settings.get("least") or 0)
    for place, (arm, units) in enumerate(results.units.items()):
        known = results.known.get(first.metric.name, {}).get(arm, 0) if first else 0
        said = f"{units:,} exposed, {known:,} known"
        bar = charts.progress(known / needed, said) if needed else None
        lines.append(element("li", letter(chr(65 + min(place, 4))), " ", said, " ", bar))
    del experiment
    return join(
        (
            element("h3", lead, class_="jl-decision"),
            element("p", results.reason or "An interval comes with known outcomes.", class_="jl-2"),
            element("ul", *lines, class_="jl-progress"),
        )
    )


def sentence(experiment: Experiment, results: Results | None, now: datetime) -> str:
    """Say in one line how an experiment stands."""
    if results is None:
        return f"{experiment.name}: {experiment.status}, {len(experiment.arms)} arms"
    first = primary(results)
    said = results.reason or (first.sentence if first is not None else "no metric was analysed")
    at = moment(now, now).removeprefix("today ")
    return f"As of {at}: {experiment.name}: {said}"


def winner(experiment: Experiment, results: Results | None) -> tuple[str, str]:
    """Say which arm may be shipped, and, where none may, why.

    Returns
    -------
    (str, str)
        The arm's name, empty where none is decided; and what is missing.
    """
    if results is None:
        return "", "There are no outcomes yet."
    if results.status != "valid":
        return "", "" if results.status in SILENT else results.reason
    first = primary(results)
    if first is None or first.verdict != "better":
        return "", "The primary metric is not decided."
    broken = [one for one in results.comparisons if one.arm == first.arm and _blocks(one)]
    if broken:
        return "", f"{broken[0].metric.name}: {broken[0].verdict}."
    arm = next((one for one in experiment.arms if one.name == first.arm), None)
    if arm is None or arm.envelope is None:
        return "", "The arm is no envelope that could be tagged."
    return first.arm, ""


def _blocks(one: Comparison) -> bool:
    return one.metric.role == "guardrail" and one.verdict != "holds"
