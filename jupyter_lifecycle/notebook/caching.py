"""What ``%cache`` does, in plain calls that answer in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.notebook.cachefolder import status_words
from jupyter_lifecycle.widgets.words import count, duration, moment, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.cache import CacheStatus, ColumnCache
    from jupyter_lifecycle.materialise import Materialiser

NAMING: Final = frozenset(["explain", "pin", "unpin"])
"""What is done with features."""


def cache_words(
    cache: ColumnCache, materialiser: Materialiser, action: str, names: Sequence[str]
) -> str:
    """Do what is asked with a cache, and say what is so now.

    Parameters
    ----------
    cache : ColumnCache
    materialiser : Materialiser
        Knows which column is the current one of a feature.
    action : {"status", "explain", "pin", "unpin"}
    names : sequence of str
        Features; for ``unpin`` what was pinned under these names.

    Returns
    -------
    str
        A line for each name.

    Raises
    ------
    CacheError
        If a column is not in the cache, or can't be pinned; if names are missing, or too many.
    """
    if action not in NAMING:
        if names:
            raise CacheError(f"%cache {action} takes no names: {', '.join(names)}.")
        return status_words(cache.status())
    if not names:
        raise CacheError(f"%cache {action} needs a feature, such as: %cache {action} my_feature")
    if action == "unpin":
        for name in names:
            cache.unpin(name)
        return f"Unpinned {', '.join(names)}."
    if action == "pin":
        for name in names:
            cache.pin(name, _key(materialiser, name))
        words = f"Pinned {', '.join(names)}: no eviction removes them."
        return f"{words} {_pinned_words(cache.status())}"
    return "\n".join([_explained(cache, materialiser, name) for name in names])


def _key(materialiser: Materialiser, name: str) -> bytes:
    entry = materialiser.entry(name)
    if entry is None:
        raise CacheError(f"{name} is not in the cache. Compute it first; %why {name} says why.")
    return entry.key


def _explained(cache: ColumnCache, materialiser: Materialiser, name: str) -> str:
    entry = materialiser.entry(name)
    why = materialiser.why(name).text
    if entry is None:
        return f"{name}: not in the cache. {why}."
    meta, now = entry.meta, datetime.now(UTC).astimezone()
    rows = "" if meta.rows is None else f", {count(meta.rows, 'row')}"
    stored = moment(datetime.fromtimestamp(meta.created, UTC), now)
    pinned = " Pinned." if cache.pins.get(name) == entry.key else ""
    return (
        f"{name}: {meta.dtype}{rows}, {size(meta.bytes)}, key {entry.key.hex()[:12]}. "
        f"Computed in {duration(meta.seconds)}, stored {stored}.{pinned} {why}."
    )


def _pinned_words(status: CacheStatus) -> str:
    return f"{count(len(status.pinned), 'column is', 'columns are')} pinned."
