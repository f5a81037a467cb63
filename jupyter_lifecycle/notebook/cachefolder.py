"""Where a notebook's columns are kept: one folder for all kernels of a user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle.places import cache_home
from jupyter_lifecycle.widgets.words import count, duration, size

if TYPE_CHECKING:
    from jupyter_lifecycle.cache import CacheStatus, ColumnCache

VARIABLE = "JUPYTER_LIFECYCLE_CACHE"


def cache_folder() -> Path:
    """``$JUPYTER_LIFECYCLE_CACHE``, else a folder in the user's cache folder; not made here."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser() if chosen else cache_home() / "columns"


def open_cache() -> ColumnCache:
    """Open the column cache in :func:`cache_folder`."""
    from jupyter_lifecycle.cache import ColumnCache

    return ColumnCache(cache_folder())


def status_words(status: CacheStatus) -> str:
    """Say what a cache holds and where."""
    columns = count(status.columns, "column")
    hits = f"{status.hits:,} found and {status.misses:,} not found in this kernel"
    if status.saved_seconds:
        hits += f", {duration(status.saved_seconds)} of computing saved"
    pinned = f" Pinned: {', '.join(status.pinned)}." if status.pinned else ""
    if status.path is None:
        return f"Off: {columns} in this kernel's memory, {size(status.memory_bytes)}; {hits}."
    trouble = f" Nothing is written any more: {status.trouble}" if status.trouble else ""
    of = f"{size(status.disk_bytes)} of {size(status.disk_limit)} on disk"
    return f"{columns}, {of} in {status.path}; {hits}.{pinned}{trouble}"
