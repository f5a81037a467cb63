"""Why a column is not what it was: from the asked feature back to the causes, with diffs."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from jupyter_lifecycle.materialise.records import Why, WhyStep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from jupyter_lifecycle.materialise.memory import Origins, Part

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_CHAINS = 3
_LONGEST = 60
_KINDS = ("constant", "closure", "default", "code", "helper", "class", "module", "package")
_RANK = {kind: rank for rank, kind in enumerate(_KINDS)}


def change_note(old: Origins, new: Origins) -> str:
    """Say in two words what differs; empty where nothing does."""
    if old.code != new.code:
        return "code changed"
    differing = _differing_parents(old, new)
    if not differing:
        return "file changed" if _differing_files(old, new) else ""
    inputs = {*old.inputs, *new.inputs}
    return "input changed" if any(name in inputs for name in differing) else "parent changed"


@dataclass(frozen=True, slots=True)
class _Visit:
    """One feature on the way back, with its column before and now."""

    name: str
    old: Origins
    new: Origins
    toward: _Visit | None
    """The feature that reads it, one step nearer to what was asked."""


EQUAL_PARENTS = "parents gave the same as before"
"""What stands on a node that was to be computed, and was not."""


def why_it_hit(made: float | None, note: str, now: datetime | None = None) -> str:
    """Say why a column was read from the cache.

    Parameters
    ----------
    made : float or None
        When it was computed, seconds since 1970; None where the cache has let it go meanwhile.
    note : str
        What stands on its node.
    now : datetime, optional
        With a time zone, in which times are told; the local one where not given.

    Returns
    -------
    str
        Such as ``same as the run of 10:42; nothing it depends on has changed``.
    """
    cause = "nothing it depends on has changed"
    if EQUAL_PARENTS in note:
        cause = "what it reads was computed again and gave equal values"
    if made is None:
        return f"read from the cache: {cause}"
    now = datetime.now().astimezone() if now is None else now
    then = datetime.fromtimestamp(made, now.tzinfo)
    if then.date() == now.date():
        moment = f"{then:%H:%M}"
    else:
        moment = f"{then.day} {_MONTHS[then.month - 1]} {then:%H:%M}"
        if then.year != now.year:
            moment = f"{then.day} {_MONTHS[then.month - 1]} {then.year}"
    return f"same as the run of {moment}; {cause}"


def explain(
    old: Origins,
    new: Origins,
    origins_of: Callable[[str, str], Origins | None],
    seconds: Mapping[str, float | None],
) -> Why:
    """Follow what differs between two columns of a feature to its causes.

    Parameters
    ----------
    old, new : Origins
        Of the same feature.
    origins_of : callable
        Gives what a feature's column with a certain token was computed from, where known.
    seconds : mapping of str to float
        What each feature took to compute.

    Returns
    -------
    Why
        At most three chains, found breadth first, so that the shortest comes first.
    """
    chains: list[tuple[WhyStep, ...]] = []
    seen = {new.feature}
    frontier = [_Visit(new.feature, old, new, None)]
    while frontier and len(chains) < _CHAINS:
        further = []
        for visit in frontier:
            for cause, diff in _own_causes(visit, origins_of):
                chains.append(_chain(visit, cause, diff, seconds))
            for parent, before, now in _changed_parents(visit, origins_of):
                if parent not in seen:
                    seen.add(parent)
                    further.append(_Visit(parent, before, now, visit))
        frontier = further
    return Why(
        new.feature, tuple(chains[:_CHAINS]), "" if chains else "nothing that it reads changed"
    )


def _differing_parents(old: Origins, new: Origins) -> list[str]:
    names = dict.fromkeys([*old.parents, *new.parents])
    return [name for name in names if old.parents.get(name) != new.parents.get(name)]


def _differing_files(old: Origins, new: Origins) -> list[str]:
    """Name the files that a column was made from and that hold something else now."""
    return [path for path, held in old.files.items() if new.files.get(path, held) != held]


def _own_causes(
    visit: _Visit, origins_of: Callable[[str, str], Origins | None]
) -> Iterator[tuple[str, str]]:
    """Find what changed here: code, inputs, and parents that cannot be followed further."""
    old, new = visit.old, visit.new
    if old.code != new.code:
        yield from _code_causes(old.parts, new.parts)
    for path in _differing_files(old, new):
        yield f"file {path} changed", ""
    followed = {name for name, _, _ in _changed_parents(visit, origins_of)}
    for name in _differing_parents(old, new):
        if name in followed:
            continue
        if name not in old.parents:
            if old.code == new.code:
                yield f"{name} is given now, before it had its default", ""
        elif name not in new.parents:
            if old.code == new.code:
                yield f"{name} is not given any more and has its default", ""
        elif name in new.inputs:
            yield f"input {name} changed", ""
        else:
            yield f"{name} gives something else than before", ""


def _changed_parents(
    visit: _Visit, origins_of: Callable[[str, str], Origins | None]
) -> list[tuple[str, Origins, Origins]]:
    found = []
    for name in _differing_parents(visit.old, visit.new):
        before, now = visit.old.parents.get(name), visit.new.parents.get(name)
        if before is None or now is None or name in visit.new.inputs:
            continue
        old, new = origins_of(name, before), origins_of(name, now)
        if old is not None and new is not None and change_note(old, new):
            found.append((name, old, new))
    return found


def _chain(
    visit: _Visit, cause: str, diff: str, seconds: Mapping[str, float | None]
) -> tuple[WhyStep, ...]:
    steps = [WhyStep(visit.name, cause, diff, seconds.get(visit.name))]
    below = visit
    while below.toward is not None:
        reader = below.toward
        steps.append(WhyStep(reader.name, f"reads {below.name}", "", seconds.get(reader.name)))
        below = reader
    return tuple(steps)


def _code_causes(old: Sequence[Part], new: Sequence[Part]) -> list[tuple[str, str]]:
    """Name the parts of the code that differ, the most telling kinds first."""
    before = {(part.kind, part.label): part for part in old}
    after = {(part.kind, part.label): part for part in new}
    changed = [
        (before[key], part)
        for key, part in after.items()
        if key in before and before[key].digest != part.digest
    ]
    changed.sort(key=lambda pair: _RANK.get(pair[1].kind, len(_RANK)))
    if changed:
        return [_part_cause(*pair) for pair in changed]
    arrived = [part for key, part in after.items() if key not in before]
    if arrived:
        return [(f"{arrived[0].label} is new in its code", _plus(arrived[0].text))]
    left = [part for key, part in before.items() if key not in after]
    return [(f"{left[0].label} is gone from its code" if left else "its code changed", "")]


def _part_cause(old: Part, new: Part) -> tuple[str, str]:
    if new.kind == "code":
        return "its code changed", _diff(old.text, new.text)
    short = len(old.text) <= _LONGEST and len(new.text) <= _LONGEST
    one_line = "\n" not in old.text.strip() and "\n" not in new.text.strip()
    if short and one_line and old.text != new.text:
        values = f" ({old.text.strip()} → {new.text.strip()})"
    else:
        values = ""
    return f"{new.label} changed{values}", _diff(old.text, new.text)


def _diff(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1)
    return "\n".join([line for line in list(lines)[2:] if not line.startswith("@@")])


def _plus(text: str) -> str:
    return "\n".join([f"+{line}" for line in text.splitlines()])
