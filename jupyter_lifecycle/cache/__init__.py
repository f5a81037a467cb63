"""Columns by key, in memory and on disk; what isn't exactly what was stored is never served."""

from __future__ import annotations

from jupyter_lifecycle.cache.entries import CacheStatus, Entry
from jupyter_lifecycle.cache.records import ColumnMeta
from jupyter_lifecycle.cache.store import ColumnCache

__all__ = ["CacheStatus", "ColumnCache", "ColumnMeta", "Entry"]
