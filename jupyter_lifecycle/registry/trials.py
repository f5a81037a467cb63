"""Layers, experiments and what was seen of them, as a registry keeps them: it knows only documents.

What a document means, and whether two of them go together, is for
:mod:`jupyter_lifecycle.experiments` to say. The registry sees to it that what was looked at is what
is written upon: all documents have one revision together, and who writes says which one was read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("layer", "holdout", "experiment", "report")
"""Kinds of documents; a report is written once and never changes."""


@dataclass(frozen=True, slots=True)
class Document:
    """One layer, holdout, experiment or report.

    ``body`` None removes it, which only what is no report can be. What follows is filled in by
    the registry.
    """

    kind: str
    name: str
    body: Mapping[str, Any] | None = field(default_factory=dict)
    revision: int = 0
    author: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """All documents at one revision."""

    revision: int
    documents: tuple[Document, ...] = ()

    def of(self, kind: str) -> tuple[Document, ...]:
        """Give those of one kind, by name."""
        return tuple(one for one in self.documents if one.kind == kind)

    def get(self, kind: str, name: str) -> Document | None:
        """Give one; None where there is none."""
        return next((one for one in self.documents if (one.kind, one.name) == (kind, name)), None)


@dataclass(frozen=True, slots=True)
class Exposures:
    """Who saw which arm first: a stretch of what one process wrote.

    Of one experiment, source and place the longer one counts, so that what is sent twice counts
    once and what grew meanwhile is whole.
    """

    experiment: str
    source: str
    """The file of one process."""
    place: int
    """Where in it the stretch begins."""
    units: tuple[str, ...]
    arms: tuple[str, ...]
    at: tuple[int, ...]
    """Microseconds since 1970, UTC."""
    seq: int = 0
    """Its number in the registry, for reading on."""


def document(found: Mapping[str, Any]) -> Document:
    """Read a document from JSON."""
    times = {name: _time(found[name]) for name in ("created_at", "updated_at")}
    return Document(**{**found, **times})


def board(found: Mapping[str, Any]) -> Board:
    """Read a board from JSON."""
    return Board(found["revision"], tuple(document(one) for one in found["documents"]))


def exposures(found: Mapping[str, Any]) -> Exposures:
    """Read exposures from JSON."""
    lists = {name: tuple(found[name]) for name in ("units", "arms", "at")}
    return Exposures(**{**found, **lists})


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
