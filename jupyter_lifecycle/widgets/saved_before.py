"""What a registry knows of a name before it is saved again: pure questions and their words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from jupyter_lifecycle.errors import NotFoundError
from jupyter_lifecycle.widgets.introspection import direction_of, keys_read, tags_asked
from jupyter_lifecycle.widgets.save_views import Outlook
from jupyter_lifecycle.widgets.words import count, moment, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry.records import Preview, Rule, Want


class Saved(Protocol):
    """The part of a saved envelope that a panel shows."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def author(self) -> str:
        """Who saved it."""
        ...

    @property
    def created_at(self) -> datetime:
        """When it was saved."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        ...

    @property
    def metrics(self) -> Mapping[str, float]:
        """The latest value of each metric."""
        ...


class Shelf(Protocol):
    """The part of a registry that is asked before a save."""

    def names(self) -> Sequence[str]:
        """Give the names in use."""
        ...

    def count(self, query: str) -> int:
        """Count what matches."""
        ...

    def latest(self, query: str) -> Any:
        """Give the newest match."""
        ...

    def rules(self) -> Sequence[Rule]:
        """Give all rules."""
        ...


class OutlookShelf(Shelf, Protocol):
    """The part of a registry that tells what a save leads to."""

    def wants(self) -> Sequence[Want]:
        """Give what each endpoint should serve."""
        ...

    def preview(self, envelope_id: str, *, set: Mapping[str, str]) -> Preview:  # noqa: A002
        """Tell what changed tags would move."""
        ...


@dataclass(frozen=True, slots=True)
class Before:
    """What was saved under a name before."""

    saves: int = 0
    at: datetime | None = None
    author: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    kept_back: tuple[str, ...] = ()
    """Tags that a rule reads: they are never copied."""


def named(name: str) -> str:
    """Write the query for all envelopes of a name.

    >>> named("bob's")
    "name = 'bob''s'"
    """
    doubled = name.replace("'", "''")
    return f"name = '{doubled}'"


def ask_before(shelf: Shelf, name: str) -> Before:
    """Ask a registry what was saved under a name.

    Raises
    ------
    RegistryError
        Where it does not answer.
    """
    read = keys_read(rule.when for rule in shelf.rules())
    try:
        last: Saved = shelf.latest(named(name))
    except NotFoundError:
        return Before(kept_back=tuple(sorted(read)))
    return Before(
        saves=shelf.count(named(name)),
        at=last.created_at,
        author=last.author,
        tags={key: value for key, value in last.tags.items() if key not in read},
        metrics=dict(last.metrics),
        kept_back=tuple(sorted(read)),
    )


def saved_words(before: Before, now: datetime) -> str:
    """Say how often and when a name was saved.

    >>> from datetime import datetime, timezone
    >>> saved_words(Before(), datetime(2025, 3, 1, tzinfo=timezone.utc))
    'Not saved before'
    """
    if before.at is None:
        return "Not saved before"
    often = "once" if before.saves == 1 else count(before.saves, "time")
    last = "" if before.saves == 1 else "last "
    return f"Saved {often}, {last}{moment(before.at, now)} by {before.author}"


def metric_words(
    name: str, value: float, before: Mapping[str, float]
) -> tuple[str, Literal["", "fresh"]]:
    """Compare a metric with the last save in words.

    >>> metric_words("mae", 13.28, {"mae": 13.41})
    ('0.13 better than the last save', 'fresh')
    >>> metric_words("auc", 0.8, {"auc": 0.81})
    ('0.01 worse', '')
    >>> metric_words("rows", 5, {"rows": 3}), metric_words("rows", 5, {})
    (('2 more than the last save', ''), ('', ''))
    """
    last = before.get(name)
    if last is None:
        return "", ""
    change = value - last
    if change == 0:
        return "as in the last save", ""
    direction = direction_of(name)
    words = number(round_to(abs(change), last))
    if direction is None:
        return f"{words} {'more' if change > 0 else 'less'} than the last save", ""
    if direction == "zero":
        change = abs(value) - abs(last)
        words = number(round_to(abs(change), last))
    better = change > 0 if direction == "higher" else change < 0
    return (f"{words} better than the last save", "fresh") if better else (f"{words} worse", "")


def round_to(change: float, scale: float) -> float:
    """Round a difference to what matters beside the value: two digits, or a hundredth of it."""
    if change >= abs(scale) / 1000:
        return float(f"{change:.2g}")
    return float(f"{change:.1g}")


def outlook_of(shelf: OutlookShelf, saved: Saved) -> Outlook | None:
    """Find which rule serves an envelope, or would once its tags are set.

    Parameters
    ----------
    shelf : OutlookShelf
        The registry; it is only asked.
    saved : Saved
        The envelope that was just saved.

    Returns
    -------
    Outlook or None
        None where no rule would ever ask for it by its tags.
    """
    wants = {want.endpoint: want.envelope for want in shelf.wants()}
    for endpoint, envelope in wants.items():
        if envelope == saved.id:
            return Outlook(endpoint, wanted=True)
    for rule in shelf.rules():
        missing = {
            key: value
            for key, value in tags_asked(rule.when).items()
            if saved.tags.get(key) != value
        }
        if not missing:
            continue
        changes = shelf.preview(saved.id, set=missing).changes
        if any(item.endpoint == rule.endpoint and item.after == saved.id for item in changes):
            return Outlook(rule.endpoint, missing, wants.get(rule.endpoint))
    return None
