"""What was computed under a name, kept in the cache so that a new kernel can tell.

A name leads to the key of its last column; a key leads to what that column was computed from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_lifecycle.hashing import combine
from jupyter_lifecycle.materialise.memory import Known, Memory, Origins
from jupyter_lifecycle.materialise.records import NodeReport

if TYPE_CHECKING:
    from jupyter_lifecycle.cache import ColumnCache


def leave_name(cache: ColumnCache, scope: str, name: str, key: bytes) -> None:
    """Let a name lead to a key, for later sessions."""
    cache.note(_name_key(scope, name), key)


def named(cache: ColumnCache, scope: str, name: str) -> bytes | None:
    """Return the key to which a name led last, in any session."""
    return cache.noted(_name_key(scope, name))


def leave_origins(cache: ColumnCache, key: bytes, origins: Origins) -> None:
    """Keep what a key was made of where its column was stored under another one."""
    cache.tell(_origins_key(key), origins.to_json())


def stored_origins(cache: ColumnCache, key: bytes) -> Origins | None:
    """Return what the column with this key was computed from, where the cache still knows."""
    return Origins.from_json(cache.explain(key) or cache.explain(_origins_key(key)))


def recalled(memory: Memory, cache: ColumnCache, scope: str, name: str) -> Known | None:
    """Return the last column of a feature: of this session, else of an earlier one.

    The cache is asked once a session for each name.
    """
    known = memory.last.get(name)
    if known is not None or name in memory.asked:
        return known
    memory.asked.add(name)
    key = named(cache, scope, name)
    if key is None:
        return None
    origins = stored_origins(cache, key)
    if origins is None:
        return None
    entry = cache.lookup(key)
    report = NodeReport(name, "cached", origins.remark)
    if entry is not None:
        meta = entry.meta
        report = NodeReport(
            name,
            "cached",
            origins.remark,
            meta.seconds,
            meta.rows,
            meta.nulls,
            meta.bytes,
            meta.dtype,
        )
    known = memory.last[name] = Known(origins, report, None, None)
    memory.note(origins)
    return known


def _name_key(scope: str, name: str) -> bytes:
    return combine("name", scope.encode(), name.encode())


def _origins_key(key: bytes) -> bytes:
    return combine("origins", key)
