"""``jl.compare``: two to five envelopes side by side, as a value that any front end can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import InvalidValueError
from jupyter_lifecycle.widgets.introspection import direction_of
from jupyter_lifecycle.widgets.saved_before import round_to
from jupyter_lifecycle.widgets.words import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jupyter_lifecycle.envelope import EnvelopeDiff, Expectation
    from jupyter_lifecycle.envelope.overlap import Overlap
    from jupyter_lifecycle.registry import Envelope, Registry
    from jupyter_lifecycle.widgets.introspection import Direction

LETTERS = "ABCDE"
MOST = len(LETTERS)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the envelopes: its letter stays when another one is removed."""

    letter: str
    id: str
    name: str
    author: str
    created_at: datetime
    serving: tuple[str, ...] = ()
    """Endpoints that serve it now."""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric at all sides; None where it was not measured."""

    key: str
    values: tuple[float | None, ...]
    direction: Direction | None
    """``lower``, ``higher`` or ``zero`` is better; None where that is not known."""

    @property
    def equal(self) -> bool:
        """Whether all sides have the same value."""
        return len(set(self.values)) == 1


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tag at all sides; None where it is not set."""

    key: str
    values: tuple[str | None, ...]

    @property
    def equal(self) -> bool:
        """Whether all sides have the same value."""
        return len(set(self.values)) == 1


@dataclass(frozen=True, slots=True)
class InputRow:
    """One input's profile at all sides and how far each lies from the baseline's."""

    name: str
    profiles: tuple[Expectation | None, ...]
    overlaps: tuple[Overlap | None, ...]
    """None at the baseline and where a side has no profile."""

    @property
    def moved(self) -> bool:
        """Whether any side moved."""
        return any(one is not None and one.verdict == "moved" for one in self.overlaps)

    @property
    def bits(self) -> float:
        """The largest distance from the baseline."""
        return max((one.bits for one in self.overlaps if one is not None), default=0.0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Envelopes against a baseline: what differs, in values.

    ``diffs`` has for each side how it differs from the baseline, None for the baseline itself.
    """

    sides: tuple[Side, ...]
    baseline: int
    metrics: tuple[MetricRow, ...]
    tags: tuple[TagRow, ...]
    inputs: tuple[InputRow, ...]
    diffs: tuple[EnvelopeDiff | None, ...]

    @property
    def verdict(self) -> str:
        """In a sentence: how the newest side does against the baseline, and what needs a look."""
        return _verdict(self)

    def markdown(self) -> str:
        """Write the comparison as Markdown: for a pull request, an issue, a mail."""
        return _markdown(self)

    def __str__(self) -> str:
        return self.markdown()

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(self.markdown())

    def _repr_html_(self) -> str:
        from jupyter_lifecycle.widgets.compare_views import snapshot_view

        return str(snapshot_view(self))


def compare(
    *envelopes: Envelope | str,
    baseline: Envelope | str | None = None,
    registry: Registry | None = None,
) -> Comparison:
    """Compare two to five envelopes; only metadata is read, nothing is loaded or run.

    Parameters
    ----------
    *envelopes : Envelope or str
        Envelopes, or ids or the beginnings of ids. They are A, B, C, … in this order.
    baseline : Envelope or str, optional
        What the others are held against; the one that serves, else the oldest.
    registry : Registry, optional
        Where ids are looked up; the user's own by default.

    Returns
    -------
    Comparison
        Metrics, tags, schema, environment, features and profiles, side by side.

    Raises
    ------
    InvalidValueError
        There are not two to five different ones, or the baseline is none of them.
    NotFoundError
        There is no envelope of an id.
    """
    from jupyter_lifecycle.registry import Registry

    shelf = registry
    if shelf is None and any(isinstance(one, str) for one in (*envelopes, baseline)):
        shelf = Registry()
    found = [_found(one, shelf) for one in envelopes]
    unique = list({one.id: one for one in found}.values())
    if not 2 <= len(unique) <= MOST or len(unique) != len(found):
        raise InvalidValueError(
            f"Two to five different envelopes are compared, not {len(found)}"
            f"{' of which some are the same' if len(unique) != len(found) else ''}."
        )
    sides = tuple(
        Side(letter, one.id, one.name, one.author, one.created_at, _serving(one))
        for letter, one in zip(LETTERS, found, strict=False)
    )
    chosen = _baseline(sides, None if baseline is None else _found(baseline, shelf).id)
    return compared(found, sides, chosen)


def compared(found: Sequence[Envelope], sides: tuple[Side, ...], baseline: int) -> Comparison:
    """Hold envelopes against one of them."""
    base = found[baseline]
    diffs = tuple(None if one is base else _diff(base, one) for one in found)
    return Comparison(
        sides=sides,
        baseline=baseline,
        metrics=_metrics(found),
        tags=tuple(
            TagRow(key, tuple(one.tags.get(key) for one in found))
            for key in sorted({key for one in found for key in one.tags})
        ),
        inputs=_inputs(found, baseline),
        diffs=diffs,
    )


def _diff(before: Envelope, after: Envelope) -> EnvelopeDiff:
    from jupyter_lifecycle.envelope import diff

    return diff(before, after)


def _found(one: Envelope | str, shelf: Registry | None) -> Envelope:
    if not isinstance(one, str):
        return one
    assert shelf is not None
    return shelf.get(one)


def _serving(one: Envelope) -> tuple[str, ...]:
    return tuple(record.name for record in one.registry.endpoints() if record.serving == one.id)


def _baseline(sides: Sequence[Side], asked: str | None) -> int:
    if asked is not None:
        places = [index for index, side in enumerate(sides) if side.id == asked]
        if not places:
            raise InvalidValueError(f"The baseline {asked[:10]} is none of the envelopes compared.")
        return places[0]
    serving = [index for index, side in enumerate(sides) if side.serving]
    among = serving or range(len(sides))
    return min(among, key=lambda index: sides[index].created_at)


def _metrics(found: Sequence[Envelope]) -> tuple[MetricRow, ...]:
    keys = sorted({key for one in found for key in one.metrics})
    keys.sort(key=lambda key: (direction_of(key) is None, key))
    return tuple(
        MetricRow(key, tuple(one.metrics.get(key) for one in found), direction_of(key))
        for key in keys
    )


def _inputs(found: Sequence[Envelope], baseline: int) -> tuple[InputRow, ...]:
    from jupyter_lifecycle.envelope import Manifest
    from jupyter_lifecycle.envelope.overlap import overlap

    profiles = [
        {one.name: one for one in Manifest.from_json(dict(side.manifest)).expectations}
        for side in found
    ]
    rows = []
    for name in dict.fromkeys(name for side in profiles for name in side):
        base = profiles[baseline].get(name)
        at = tuple(side.get(name) for side in profiles)
        overlaps = tuple(
            overlap(base, one)
            if index != baseline and base is not None and one is not None
            else None
            for index, one in enumerate(at)
        )
        rows.append(InputRow(name, at, overlaps))
    return tuple(sorted(rows, key=lambda row: (not row.moved, -row.bits, row.name)))


def better(row: MetricRow, value: float | None, base: float | None) -> tuple[str, str]:
    """Say a difference to the baseline: its sign and size, and the word where that is known.

    Returns
    -------
    (str, str)
        Words and tone (``fresh``, ``stale`` or nothing).

    Examples
    --------
    >>> better(MetricRow("mae", (), "lower"), 13.28, 13.41)
    ('−0.13 better', 'fresh')
    >>> better(MetricRow("mae", (), "lower"), 13.41, 13.41), better(MetricRow("n", (), None), 2, 1)
    (('equal', ''), ('+1', ''))
    """
    if value is None or base is None:
        return "", ""
    change = value - base
    if change == 0:
        return "equal", ""
    words = f"{'+' if change > 0 else '−'}{number(round_to(abs(change), base))}"
    if row.direction is None:
        return words, ""
    gain = {"lower": -change, "higher": change, "zero": abs(base) - abs(value)}[row.direction]
    if gain == 0:
        return words, ""
    return (f"{words} better", "fresh") if gain > 0 else (f"{words} worse", "stale")


def _verdict(comparison: Comparison) -> str:
    base = comparison.baseline
    others = [index for index in range(len(comparison.sides)) if index != base]
    newest = max(others, key=lambda index: comparison.sides[index].created_at)
    letter = comparison.sides[newest].letter
    what = "what serves now" if comparison.sides[base].serving else comparison.sides[base].letter
    row = next((one for one in comparison.metrics if one.direction in ("lower", "higher")), None)
    lead = f"{letter} against {what}"
    if row is not None:
        words, tone = better(row, row.values[newest], row.values[base])
        if tone:
            size = words.split(" ")[0].lstrip("+−")
            lead = f"{letter} is {size} {words.split(' ')[1]} than {what} by {row.key}"
        elif words == "equal":
            lead = f"{letter} equals {what} by {row.key}"
    looks = []
    diff = comparison.diffs[newest]
    if diff is not None and diff.verdict == "breaking":
        paths = [one.path.strip("/") for one in diff.schema.changes if one.verdict == "breaking"]
        looks.append(f"{paths[0] or 'its schema'} needs a look before it deploys")
    moved = [
        one.name
        for one in comparison.inputs
        if (side := one.overlaps[newest]) is not None and side.verdict == "moved"
    ]
    if moved:
        looks.append(f"{moved[0]}{f' and {len(moved) - 1} more' if moved[1:] else ''} moved")
    return f"{'; '.join([lead, *looks])}."


def _markdown(comparison: Comparison) -> str:
    sides, base = comparison.sides, comparison.baseline
    heads = [f"{one.letter} {one.id[:10]}" for one in sides]
    lines = [f"**{_cell(sides[base].name)}**: {comparison.verdict}", ""]
    lines += ["| metric | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(sides)]
    for row in comparison.metrics:
        cells = []
        for index, value in enumerate(row.values):
            words = "" if index == base else better(row, value, row.values[base])[0]
            cells.append("" if value is None else f"{number(value)} {words}".strip())
        lines.append(f"| {_cell(row.key)} | " + " | ".join(cells) + " |")
    for tag in comparison.tags:
        values = [_cell(value) if value is not None else "" for value in tag.values]
        lines.append(f"| tag {_cell(tag.key)} | " + " | ".join(values) + " |")
    for side, diff in zip(sides, comparison.diffs, strict=True):
        if diff is not None:
            lines += ["", f"{side.letter} against {sides[base].letter}:", "", "```"]
            lines += [diff.text.replace("```", "'''"), "```"]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Write data into a cell of a Markdown table: one line, no cell or markup of its own."""
    plain = " ".join(text.split())
    return "".join(f"\\{one}" if one in "\\|`*_<>[]" else one for one in plain)
