"""Rows of a query's result, page by page from where the last one ended, and their columns."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_lifecycle.registry.query import parse
from jupyter_lifecycle.registry.query.fields import path_of
from jupyter_lifecycle.widgets.introspection import direction_of
from jupyter_lifecycle.widgets.words import moment, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry.records import EndpointRecord, Page
    from jupyter_lifecycle.widgets.saved_before import Saved

PAGE = 200

_MOST_METRICS = 2
_TEXT = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`"
_ORDER = re.compile(rf"(?:{_TEXT}|(?P<order>\border\s+by\b)|.)", re.IGNORECASE | re.DOTALL)


class Shelf(Protocol):
    """The part of a registry that is read."""

    def search(
        self, query: str, *, limit: int, cursor: str | None = None, skip: int = 0
    ) -> Page[Any]:
        """Give one page, so many rows after where the cursor stands."""
        ...


@dataclass
class Result:
    """One query's envelopes: the pages of them that somebody looked at.

    A page is read on from the nearest one above it that is known, so rows that are saved meanwhile
    shift nothing below what was read.
    """

    query: str
    shelf: Shelf
    pages: dict[int, tuple[Saved, ...]] = field(default_factory=dict)
    _cursors: dict[int, str | None] = field(default_factory=dict)

    @property
    def found(self) -> list[Saved]:
        """All that was read, in order."""
        return [saved for page in sorted(self.pages) for saved in self.pages[page]]

    @property
    def ended(self) -> bool:
        """Whether every row was read."""
        return None in self._cursors.values() and len(self.pages) == max(self.pages) + 1

    def more(self, page: int) -> bool:
        """Whether there are rows below a page that was read."""
        return self._cursors.get(page) is not None

    def read(self, page: int) -> tuple[Saved, ...]:
        """Give a page, from 0, of :data:`PAGE` rows; empty where it lies below the last row.

        Raises
        ------
        LifecycleError
            The query does not parse, or the registry does not answer.
        """
        if page not in self.pages:
            above = max((known for known in self.pages if known < page), default=-1)
            cursor = self._cursors.get(above)
            if above >= 0 and cursor is None:
                return ()
            skip = (page - above - 1) * PAGE
            got = self.shelf.search(self.query, limit=PAGE, cursor=cursor, skip=skip)
            self.pages[page], self._cursors[page] = tuple(got), got.cursor
        return self.pages[page]


def columns_of(found: Iterable[Saved], chosen: Sequence[str] = ()) -> list[dict[str, str]]:
    """Choose the columns: the two metrics most used among these envelopes are two of them.

    Parameters
    ----------
    found : iterable of Saved
        Envelopes of the result.
    chosen : sequence of str, optional
        Keys of the columns in their order, as somebody chose them: ``name``, ``metric:mae``,
        ``tag:team``.
    """
    used = Counter(key for saved in found for key in saved.metrics)
    metrics = sorted(used, key=lambda key: (-used[key], *_rank(key)))
    plain = (
        ("id", "id", "id", "92px", "id"),
        ("name", "name", "text", "minmax(124px,1.5fr)", "name"),
        ("saved", "saved", "text", "122px", "created_at"),
        ("by", "by", "text", "minmax(56px,.6fr)", "author"),
    )
    figures = (
        (f"metric:{key}", key, "figure", "66px", path_of("metrics", key))
        for key in metrics[:_MOST_METRICS]
    )
    rest = (
        ("tags", "tags", "tags", "minmax(90px,2fr)", ""),
        ("serving", "serving", "state", "minmax(84px,1.2fr)", ""),
    )
    names = ("key", "label", "kind", "width", "sort")
    usual = [dict(zip(names, one, strict=True)) for one in (*plain, *figures, *rest)]
    known = {one["key"]: one for one in usual}
    return [known.get(key) or _column(key) for key in chosen if _is_column(key, known)] or usual


def _is_column(key: str, known: Mapping[str, object]) -> bool:
    family, _, name = key.partition(":")
    return key in known or (family in ("metric", "tag") and bool(name))


def _column(key: str) -> dict[str, str]:
    """Write the column of a metric or a tag."""
    family, _, name = key.partition(":")
    made = {"key": key, "label": name, "kind": "figure", "width": "66px"}
    if family == "tag":
        made |= {"kind": "text", "width": "minmax(64px,.8fr)"}
    return made | {"sort": path_of("metrics" if family == "metric" else "tags", name)}


def main_metric(metrics: Iterable[str]) -> str:
    """Choose the metric that is drawn: one that says how good a model is, else any.

    >>> main_metric(["bias", "fit_time", "mae"]), main_metric([])
    ('mae', '')
    """
    return next(iter(sorted(metrics, key=_rank)), "")


def _rank(key: str) -> tuple[bool, str]:
    return direction_of(key) not in ("lower", "higher"), key


def row_of(
    saved: Saved,
    columns: Sequence[Mapping[str, str]],
    serving: Mapping[str, EndpointRecord],
    asked: frozenset[str],
    now: datetime,
) -> dict[str, Any]:
    """Write an envelope as a row.

    Parameters
    ----------
    saved : Saved
        The envelope.
    columns : sequence of Mapping
        Of :func:`columns_of`.
    serving : Mapping
        Endpoints by the id of the envelope that they serve or are about to.
    asked : frozenset of str
        Tags that a rule reads: on what is served they are drawn as served.
    now : datetime
        Aware; for the words of times.
    """
    record = serving.get(saved.id)
    plain: dict[str, Any] = {
        "id": saved.id[:10],
        "name": saved.name,
        "saved": moment(saved.created_at, now),
        "by": saved.author or "",
        "tags": [
            [key, value, "serving" if record and key in asked else ""]
            for key, value in sorted(saved.tags.items(), key=lambda one: (one[0] not in asked, one))
        ],
        "serving": [serving_words(record, saved.id)] if record else None,
    }
    cells = [_cell(column["key"], saved, plain) for column in columns]
    return {"id": saved.id, "cells": cells}


def _cell(key: str, saved: Saved, plain: Mapping[str, Any]) -> Any:
    if key.startswith("tag:"):
        return saved.tags.get(key.removeprefix("tag:"))
    if not key.startswith("metric:"):
        return plain[key]
    value = saved.metrics.get(key.removeprefix("metric:"))
    return None if value is None else number(value)


def serving_words(record: EndpointRecord, id_: str) -> list[str]:
    """Say how an envelope stands at an endpoint: tone, words, where."""
    last = record.last_deployment
    if record.serving == id_:
        words = ("error", "Down") if record.state == "down" else ("fresh", "Serving")
    elif last is not None and last.state == "failed" and last.envelope == id_:
        words = ("error", "Failed")
    elif record.state == "deploying":
        words = ("running", "Deploying")
    else:
        words = ("queued", "Waiting")
    return [*words, record.name]


def by_envelope(records: Iterable[EndpointRecord]) -> dict[str, EndpointRecord]:
    """Give for each envelope the endpoint that serves it, else the one that wants it."""
    found: dict[str, EndpointRecord] = {}
    listed = list(records)
    for record in listed:
        if record.want is not None and record.want.envelope is not None:
            found[record.want.envelope] = record
    for record in listed:
        if record.serving is not None:
            found[record.serving] = record
    return found


def ordered(query: str, key: str, *, add: bool) -> str:
    """Write into a query that its result is in the order of a field; asked again, the other way.

    >>> ordered("name = 'x'", "metrics.mae", add=False)
    "name = 'x' order by metrics.mae"
    >>> ordered("order by metrics.mae", "metrics.mae", add=False)
    'order by metrics.mae desc'
    >>> ordered("tags.a order by name", "created_at", add=True)
    'tags.a order by name, created_at desc'
    """
    where, keys = split_order(query)
    named = {
        one.rpartition(" ")[0] if one.endswith((" desc", " asc")) else one: one for one in keys
    }
    before = named.get(key)
    if before is None:
        chosen = f"{key} desc" if _down_first(key) else key
    else:
        chosen = key if before.endswith(" desc") else f"{key} desc"
    kept = [chosen if one == before else one for one in keys] if add else [chosen]
    if add and before is None:
        kept.append(chosen)
    return f"{where} order by {', '.join(kept)}".strip()


def _down_first(key: str) -> bool:
    return key == "created_at" or direction_of(key.removeprefix("metrics.")) == "higher"


def split_order(query: str) -> tuple[str, list[str]]:
    """Split a query that parses into its condition and the keys of its order."""
    place = next((one.start() for one in _ORDER.finditer(query) if one["order"]), len(query))
    order = parse(query).order
    keys = []
    for one in order:
        name = one.field.key if one.field.family == "column" else _path(one.field)
        keys.append(f"{name} desc" if one.descending else name)
    return query[:place].strip(), keys


def _path(field_: Any) -> str:
    path = path_of(field_.family, field_.key)
    return f"{path}.{field_.part}" if field_.part not in ("", "latest") else path
