"""What a change of tags would move, and how the next envelope differs from the one that serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from jupyter_lifecycle.errors import NotFoundError
from jupyter_lifecycle.widgets.markup import join
from jupyter_lifecycle.widgets.views import listed, mono, short
from jupyter_lifecycle.widgets.words import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jupyter_lifecycle.registry.records import EndpointChange, EndpointRecord, Preview
    from jupyter_lifecycle.widgets.markup import Child
    from jupyter_lifecycle.widgets.saved_before import Saved


class Movers(Protocol):
    """The part of a registry that tells what a change would move."""

    def get(self, id_or_prefix: str) -> Any:
        """Give an envelope."""
        ...

    def endpoint(self, name: str) -> EndpointRecord:
        """Give an endpoint."""
        ...


@dataclass(frozen=True, slots=True)
class Move:
    """How one endpoint would move, with the envelopes themselves."""

    change: EndpointChange
    before: Saved | None
    """What serves now, else what should."""
    after: Saved | None

    @property
    def retires(self) -> bool:
        """Whether the endpoint would stop answering."""
        return self.after is None and self.change.rule.on_none == "retire"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to know before a move."""

    state: Literal["fresh", "stale", "error", "then"]
    title: str
    text: Child


def moves_of(registry: Movers, preview: Preview) -> tuple[Move, ...]:
    """Look up the envelopes that a preview names.

    Raises
    ------
    RegistryError
        Where the registry does not answer.
    """
    return tuple(_move(registry, change) for change in preview.changes)


def _move(registry: Movers, change: EndpointChange) -> Move:
    try:
        serving = registry.endpoint(change.endpoint).serving
    except NotFoundError:
        serving = None
    before = serving or change.before
    return Move(
        change,
        registry.get(before) if before else None,
        registry.get(change.after) if change.after else None,
    )


def checks_of(move: Move) -> tuple[Check, ...]:
    """Compare what serves with what would: inputs, environment, and what happens then."""
    if move.after is None:
        return (Check("then", "Then", _without(move)),)
    new = _manifest(move.after)
    old = _manifest(move.before) if move.before else None
    return (
        _inputs(old, new),
        _environment(old, new),
        Check("then", "Then", _then(move, new)),
    )


def _manifest(saved: Saved) -> Mapping[str, Any]:
    return saved.manifest  # type: ignore[attr-defined, no-any-return]


def _without(move: Move) -> Child:
    if move.retires:
        return "Nothing matches the rule any more: the endpoint answers 503"
    before = move.before.id if move.before else None
    if before is None:
        return "Nothing matches the rule, and nothing serves"
    return join(("Nothing matches the rule any more; ", mono(short(before)), " keeps serving"))


def _then(move: Move, new: Mapping[str, Any]) -> Child:
    number = int(new["example"]["count"])
    rows = f"{count(number, 'example row')} {'is' if number == 1 else 'are'} replayed"
    if move.before is None:
        return f"{rows}; on any mismatch nothing is served"
    return join((f"{rows}; on any mismatch ", mono(short(move.before.id)), " keeps serving"))


def _inputs(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Check:
    fields = {field["name"]: field for field in new["schema"]["inputs"]}
    lead = count(len(fields), "input")
    if old is None:
        return Check("fresh", "Inputs", join((f"{lead}: ", listed(list(fields)))))
    changes = list(_input_changes({f["name"]: f for f in old["schema"]["inputs"]}, fields))
    if not changes:
        return Check("fresh", "Inputs", f"{lead}, as now")
    breaking = any(breaks for breaks, _ in changes)
    words = join((words for _, words in changes[:3]), "; ")
    rest = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
    return Check("stale" if breaking else "fresh", "Inputs", join((f"{lead}: ", words, rest)))


def _input_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[tuple[bool, Child]]:
    """Each change and whether it refuses requests that are answered now."""
    for name, field in new.items():
        before = old.get(name)
        if before is None:
            needed = field.get("required", True)
            yield needed, join((mono(name), " is new" if needed else " is new and may be left out"))
        elif field["type"] != before["type"]:
            yield True, join((mono(name), f" is {field['type']}, was {before['type']}"))
        elif before.get("nullable", False) and not field.get("nullable", False):
            yield True, join((mono(name), " may no longer be null"))
        elif set(before.get("categories", ())) - set(field.get("categories", ())):
            yield True, join((mono(name), " has lost categories"))
        elif field.get("nullable", False) and not before.get("nullable", False):
            yield False, join((mono(name), " may now be null"))
    for name in old.keys() - new.keys():
        yield True, join((mono(name), " is no longer taken"))


def _environment(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Check:
    packages = _versions(new)
    python = new["environment"]["python"]
    if old is None:
        words = f"Python {python}, {count(len(packages), 'package')}"
        return Check("fresh", "Environment", words)
    before = _versions(old)
    changes = [
        f"{name} {before.get(name, 'none')} → {packages.get(name, 'none')}"
        for name in sorted(before.keys() | packages.keys())
        if before.get(name) != packages.get(name)
    ]
    if old["environment"]["python"] != python:
        changes.insert(0, f"Python {old['environment']['python']} → {python}")
    same = sum(before.get(name) == version for name, version in packages.items())
    if not changes:
        return Check("fresh", "Environment", f"{count(len(packages), 'package')}, as now")
    shown = ", ".join(changes[:3]) + (f" and {len(changes) - 3} more" if len(changes) > 3 else "")
    return Check("fresh", "Environment", f"{shown}; {count(same, 'package')} unchanged")


def _versions(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {item["name"]: item["version"] for item in manifest["environment"]["packages"]}


def lead_words(moves: Sequence[Move], changes: int, *, removing: bool = False) -> str:
    """Say in one line how many services a change of tags moves.

    >>> lead_words([], 1)
    'This tag deploys nothing: no rule asks for it'
    """
    if not moves:
        if removing:
            return "Nothing moves: no rule reads this tag" if changes == 1 else "Nothing moves"
        one = "This tag deploys nothing: no rule asks for it"
        return one if changes == 1 else "These tags deploy nothing: no rule asks for them"
    verb = "Removing" if removing else "Applying"
    what = "this tag" if changes == 1 else count(changes, "change")
    does = "retires" if all(move.retires for move in moves) else "deploys"
    if all(move.after is None and not move.retires for move in moves):
        return f"{verb} {what} leaves {_services(len(moves))} without a match"
    return f"{verb} {what} {does} {_services(len(moves))}"


def _services(number: int) -> str:
    return "one service" if number == 1 else f"{number} services"


def button_words(moves: Sequence[Move], added: int, removed: int) -> str:
    """Say on the button what a click leads to.

    >>> button_words([], 1, 0), button_words([], 0, 2), button_words([], 1, 1)
    ('Apply tag', 'Remove 2 tags', 'Apply 2 changes')
    """
    if added and removed:
        label = f"Apply {added + removed} changes"
    else:
        number = added or removed or 1
        label = f"{'Remove' if removed else 'Apply'} {'tag' if number == 1 else f'{number} tags'}"
    if any(move.after is not None for move in moves):
        return f"{label} and deploy"
    retired = [move.change.endpoint for move in moves if move.retires]
    return f"{label} and retire {retired[0]}" if retired else label
