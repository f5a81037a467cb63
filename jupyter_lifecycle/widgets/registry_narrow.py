"""Shortcuts that write into the browser's query: facets, and the columns to choose from."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_lifecycle.registry.query.fields import path_of
from jupyter_lifecycle.widgets.registry_rows import split_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from jupyter_lifecycle.registry.records import Facet
    from jupyter_lifecycle.widgets.saved_before import Saved

MOST_TAGS = 3
MOST_VALUES = 12
_KNOWN = 100
_AGES = (("today", 0), ("last 7 days", 7), ("last 30 days", 30), ("last 365 days", 365))
_WORDS = re.compile(
    r"(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`)"
    r"|(?P<open>\()|(?P<close>\))|(?P<word>[^\W\d][\w.-]*)|.",
    re.DOTALL,
)


class Facets(Protocol):
    """The part of a registry that knows what fields hold."""

    def facet(self, field: str, prefix: str = "", *, limit: int = 20) -> Facet:
        """Describe a field."""
        ...


def facets_of(
    registry: Facets, found: Sequence[Saved], endpoints: Sequence[str], query: str
) -> list[dict[str, str]]:
    """Choose what a result can be narrowed by: name, author, its commonest tags, serving, time.

    Parameters
    ----------
    registry : Facets
        Counts the values of each.
    found : sequence of Saved
        The first page.
    endpoints : sequence of str
        Those that there are.
    query : str
        What it says of each already.

    Returns
    -------
    list of dict
        ``key``, ``label``, ``note`` (how many values) and ``chosen`` of each.
    """
    used = Counter(key for saved in found for key in saved.tags)
    tags = [path_of("tags", key) for key, _ in used.most_common(MOST_TAGS)]
    labels = {"name": "name", "author": "author"}
    labels |= dict(zip(tags, [key for key, _ in used.most_common(MOST_TAGS)], strict=True))
    made = []
    for field, label in labels.items():
        number = len(registry.facet(field, limit=_KNOWN).values)
        if number > 1 or _said(query, field):
            many = f"{number}+" if number == _KNOWN else str(number)
            made.append({"key": field, "label": label, "note": many, "chosen": _said(query, field)})
    if endpoints:
        on = next((name for name in endpoints if _said(query, path_of("deployment", name))), "")
        note = str(len(endpoints))
        made.append({"key": "serving", "label": "serving", "note": note, "chosen": on})
    saved = "since then" if _about(query, "created_at") else ""
    made.append({"key": "created_at", "label": "saved", "note": "any time", "chosen": saved})
    return made


def values_of(
    registry: Facets, field: str, endpoints: Sequence[str], query: str
) -> list[dict[str, Any]]:
    """Give the values of a facet: what a click writes, how many have it, whether it's written.

    Raises
    ------
    LifecycleError
        The registry does not answer, or there is no such field.
    """
    if field == "created_at":
        return [{"value": label, "count": None, "on": False} for label, _ in _AGES]
    if field == "serving":
        return [
            {"value": name, "count": None, "on": bool(_said(query, path_of("deployment", name)))}
            for name in endpoints
        ]
    said = _said(query, field)
    values = registry.facet(field, limit=MOST_VALUES).values
    return [{"value": value, "count": count, "on": value == said} for value, count in values]


def narrowed(query: str, field: str, value: str, now: datetime) -> str:
    """Write a value of a facet into a query in the place of what it said; again takes it out.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2025, 11, 24, tzinfo=UTC)
    >>> narrowed("tags.a or tags.b order by name", "name", "bob's", now)
    "(tags.a or tags.b) and name = 'bob''s' order by name"
    >>> narrowed("name = 'x' and tags.a", "name", "x", now)
    'tags.a'
    """
    if field == "serving":
        field, value = path_of("deployment", value), "serving"
    condition = f"{field} = {_quoted(value)}"
    if field == "created_at":
        days = dict(_AGES).get(value, 0)
        start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
        condition = f"created_at > '{start:%Y-%m-%d}'"
    where, keys = split_order(query)
    parts = _conjuncts(where)
    about = [part for part in parts if _is_about(part, field)]
    kept = [part for part in parts if part not in about]
    if condition not in about:
        kept.append(condition)
    order = f"order by {', '.join(keys)}" if keys else ""
    return " ".join(filter(None, (" and ".join(kept), order)))


def without_order(query: str) -> str:
    """Take the order out of a query: newest first again.

    >>> without_order("tags.a order by name desc")
    'tags.a'
    """
    return split_order(query)[0]


def _conjuncts(where: str) -> list[str]:
    """Split a condition at each ``and`` that stands in no brackets; an ``or`` keeps it whole."""
    if not where:
        return []
    parts, depth, start = [], 0, 0
    for match in _WORDS.finditer(where):
        depth += (match["open"] is not None) - (match["close"] is not None)
        word = (match["word"] or "").lower()
        if depth or word not in ("and", "or"):
            continue
        if word == "or":
            return [f"({where})"]
        parts.append(where[start : match.start()].strip())
        start = match.end()
    return [*parts, where[start:].strip()]


def _is_about(part: str, field: str) -> bool:
    return re.match(rf"{re.escape(field)}\s*[^\w.`\s]", part) is not None


def _about(query: str, field: str) -> bool:
    return any(_is_about(part, field) for part in _conjuncts(split_order(query)[0]))


def _said(query: str, field: str) -> str:
    """Give the value that a query asks of a field with ``=``; empty where it asks none."""
    for part in _conjuncts(split_order(query)[0]):
        match = re.fullmatch(rf"{re.escape(field)}\s*=\s*'((?:[^']|'')*)'", part)
        if match:
            return match[1].replace("''", "'")
    return ""


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def choosable(found: Iterable[Saved]) -> Iterator[tuple[str, str]]:
    """Give what could be a column beside the fixed ones: each metric and tag of these envelopes."""
    envelopes = list(found)
    for family in ("metric", "tag"):
        used = Counter(
            key
            for saved in envelopes
            for key in (saved.metrics if family == "metric" else saved.tags)
        )
        for key, _ in used.most_common(MOST_VALUES):
            yield f"{family}:{key}", key
