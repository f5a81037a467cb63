"""What an edit of the graph did, as the card's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets.cards import Card, Note, names_and_more

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jupyter_lifecycle.graph import Delta, FeatureGraph
    from jupyter_lifecycle.widgets.cards import FeatureBlock


@dataclass(frozen=True, slots=True)
class Edit:
    """One run of a ``%%feature`` cell."""

    before: FeatureGraph
    after: FeatureGraph
    delta: Delta
    names: tuple[str, ...]
    """Features of the cell."""
    plain: tuple[str, ...]
    """Decorated functions of the cell that stay plain Python."""
    left_out: tuple[str, ...] = ()
    """Functions of the cell that the configuration makes no features of."""


def card_of(
    edit: Edit,
    blocks: Sequence[FeatureBlock],
    became_stale: Sequence[str],
    given: Mapping[str, Any],
) -> Card:
    """Return the card of an edit.

    Parameters
    ----------
    edit : Edit
        What was done.
    blocks : sequence of FeatureBlock
        None where nothing changed.
    became_stale : sequence of str
        Features that were current before and are not now.
    given : mapping of str to any
        The inputs.
    """
    notes = [*_renames(edit), *_removals(edit), *_outside(edit), *_near_misses(edit, given)]
    outside = tuple(name for name in became_stale if name not in edit.names)
    unchanged = 0 if blocks or edit.delta or became_stale else len(edit.names)
    return Card(blocks, outside, tuple(notes), unchanged)


def _renames(edit: Edit) -> Iterator[Note]:
    for old, new in edit.delta.renamed:
        yield Note(f"{old} is now {new}; its columns are kept.{_needed(edit, old)}")


def _removals(edit: Edit) -> Iterator[Note]:
    renamed = {old for old, _ in edit.delta.renamed}
    for name in edit.delta.removed:
        if name not in renamed:
            yield Note(f"{name} was removed.{_needed(edit, name)}")


def _needed(edit: Edit, name: str) -> str:
    readers = [one for one in edit.before.children(name) if one in edit.after.features]
    readers = [one for one in readers if name in edit.after.parents(one)]
    if not readers:
        return ""
    verb = "needs" if len(readers) == 1 else "need"
    return f" {names_and_more(readers)} still {verb} {name}."


def _outside(edit: Edit) -> Iterator[Note]:
    if edit.plain:
        verb = "stays" if len(edit.plain) == 1 else "stay"
        yield Note(f"{names_and_more(edit.plain)} {verb} plain Python: another decorator is on it.")
    if edit.left_out:
        verb = "makes no feature" if len(edit.left_out) == 1 else "make no features"
        yield Note(f"{names_and_more(edit.left_out)} {verb}: the configuration leaves it out.")


def _near_misses(edit: Edit, given: Mapping[str, Any]) -> Iterator[Note]:
    for name, meant in edit.after.near_misses(given).items():
        users = edit.after.children(name)
        if any(user in edit.names for user in users):
            label = edit.after.features[users[0]].origin.label
            yield Note(
                f"No feature or input {name}. Did you mean {meant}? "
                f"Used by {names_and_more(users)} in {label}.",
                "unbound",
            )
