"""What the registry browser shows beside its table: one envelope, as markup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets import charts
from jupyter_lifecycle.widgets.icons import glyph
from jupyter_lifecycle.widgets.introspection import quoted
from jupyter_lifecycle.widgets.markup import Markup, element, join
from jupyter_lifecycle.widgets.views import (
    action,
    chips,
    code_block,
    copied_id,
    listed,
    mono,
    short,
    table,
)
from jupyter_lifecycle.widgets.words import count, moment, number, size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry import Envelope
    from jupyter_lifecycle.widgets.markup import Child

FIELDS = 5
"""Inputs that are shown before all are asked for."""


def detail_view(
    envelope: Envelope,
    state: Sequence[str] | None,
    history: Sequence[tuple[datetime, float]],
    metric: str,
    now: datetime,
    opened: frozenset[str] = frozenset(),
) -> Markup:
    """Draw one envelope: facts, where it came from, schema, its name's metric over time.

    Parameters
    ----------
    envelope : Envelope
        The chosen one.
    state : sequence of str or None
        Tone, words and endpoint where it serves or is wanted.
    history : sequence of (datetime, float)
        The metric of the envelopes of this name, oldest first.
    metric : str
        Its name.
    now : datetime
        Aware.
    opened : frozenset of str
        Parts that are shown whole.
    """
    manifest = envelope.manifest
    head = element(
        "div",
        element("h3", element("bdi", envelope.name, dir="auto")),
        copied_id(envelope.id),
        class_="jl-detail-head",
    )
    facts = join(
        join((element("dt", key), element("dd", value)))
        for key, value in _facts(envelope, manifest, state, now)
        if value
    )
    parts = (
        head,
        element("dl", facts, class_="jl-facts"),
        element("div", chips(envelope.tags), class_="jl-chip-list") if envelope.tags else None,
        _metrics(envelope),
        _schema(manifest["schema"], whole="schema" in opened),
        _over_time(history, metric, now),
    )
    return element("div", *parts, class_="jl-registry-detail")


def _facts(
    envelope: Envelope, manifest: Mapping[str, Any], state: Sequence[str] | None, now: datetime
) -> list[tuple[str, Child]]:
    environment = manifest["environment"]
    packages = count(len(environment["packages"]), "package")
    place = f"{size(envelope.size)}, Python {environment['python']}, {packages}"
    return [
        ("saved", f"{moment(envelope.created_at, now)} by {envelope.author}"),
        ("from", _origin(manifest.get("lineage", {}))),
        ("model", mono(str(manifest["model"]["kind"]))),
        ("size", place),
        ("state", _state(state)),
    ]


def _origin(lineage: Mapping[str, Any]) -> Child:
    git, features = lineage.get("git") or {}, lineage.get("features") or {}
    said: list[Child] = []
    if git.get("commit"):
        changed = " with unsaved changes" if git.get("dirty") else ""
        said.append(join(("commit ", mono(git["commit"][:7]), changed)))
    if features.get("count"):
        said.append(count(features["count"], "feature"))
    return join(said, ", ")


def _state(state: Sequence[str] | None) -> Child:
    if state is None:
        return None
    tone, words, where = state
    drawn = glyph(tone) if tone in ("fresh", "running", "error", "queued", "stale") else None  # type: ignore[arg-type]
    return join((drawn, f" {words} at ", element("b", where)))


def _metrics(envelope: Envelope) -> Markup | None:
    if not envelope.metrics:
        return None
    rows = ((mono(key), number(value)) for key, value in sorted(envelope.metrics.items()))
    return join((element("h4", "Metrics", class_="jl-over"), table((), rows, right=1)))


def _schema(schema: Mapping[str, Any], *, whole: bool) -> Markup:
    inputs, outputs = schema["inputs"], schema["outputs"]
    shown = inputs if whole else inputs[:FIELDS]
    rows = [(mono(one["name"]), one["type"], _field_note(one)) for one in shown]
    if whole:
        rows += [(mono(one["name"]), one["type"], "output") for one in outputs]
    rest = len(inputs) - FIELDS
    if whole:
        label = "Fewer"
    elif rest > 0:
        label = f"{count(rest, 'more input', 'more inputs')}, {count(len(outputs), 'output')}"
    else:
        label = count(len(outputs), "output")
    link = action(label, "show:schema", expanded=whole)
    return join((element("h4", "Schema", class_="jl-over"), table((), rows), link))


def _field_note(field: Mapping[str, Any]) -> Child:
    if field.get("categories"):
        return count(len(field["categories"]), "value")
    if field.get("nullable"):
        return "may be null"
    return "required" if field.get("required", True) else "may be left out"


def _over_time(history: Sequence[tuple[datetime, float]], metric: str, now: datetime) -> Markup:
    if len(history) < 2:
        return Markup("")
    (first, low), (last, high) = history[0], history[-1]
    ends = (f"{moment(first, now)} {number(low)}", f"{moment(last, now)} {number(high)}")
    label = f"{metric} of this name over time, from {ends[0]} to {ends[1]}"
    return join(
        (
            element("h4", element("bdi", metric, dir="auto"), " of this name", class_="jl-over"),
            charts.line([value for _, value in history], label=label),
            element("div", *(element("span", end) for end in ends), class_="jl-ends jl-cap"),
        )
    )


def search_code(query: str, alias: str, registry: str) -> str:
    """Write the call that asks the same."""
    return f"{registry or f'{alias}.Registry()'}.search({quoted(query)})"


def result_table(found: Sequence[Envelope], total: int, now: datetime) -> Markup:
    """Draw the rows that were in view as a plain table, for a file."""
    rows = (
        (
            mono(short(one.id)),
            element("bdi", one.name, dir="auto"),
            moment(one.created_at, now),
            one.author,
            ", ".join(f"{key} {number(value)}" for key, value in list(one.metrics.items())[:3]),
            chips(one.tags),
        )
        for one in found
    )
    said = f"{len(found):,} of {count(total, 'envelope')}" if total >= 0 else ""
    head = ("id", "name", "saved", "by", "metrics", "tags")
    return join((table(head, rows), element("p", said, class_="jl-2")))


def ticked_words(ticked: Sequence[str]) -> Markup:
    """Say what is ticked."""
    if not ticked:
        return Markup("")
    names = listed([short(one) for one in ticked], most=5)
    return element("span", f"{len(ticked)} ticked: ", names, class_="jl-2")


def code_view(query: str, alias: str, registry: str) -> Markup:
    """Draw the line that asks the same."""
    return code_block(search_code(query, alias, registry), wrap=True)
