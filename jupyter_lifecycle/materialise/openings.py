"""What features open besides their arguments, as a part of their keys.

Where a call opened files, its column lies under a key that counts what they held, and under the
key of code and arguments alone lies an :class:`~jupyter_lifecycle.hashing.Opening`: the paths to
look at before the column can be found. Where a call did what makes it impure, the opening holds the
reasons, and later sessions know before they run it.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import CacheError, FingerprintError
from jupyter_lifecycle.hashing import Opening, Watch, holds, noticed, sources_of, with_sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from jupyter_lifecycle.cache import ColumnCache, Entry
    from jupyter_lifecycle.graph import Feature
    from jupyter_lifecycle.hashing import Source
    from jupyter_lifecycle.materialise.keys import Node

_KEPT = 8
"""Trails of one key: as many versions of what decides which files are read."""


def uncached(reasons: Sequence[str]) -> str:
    """Say why a feature's columns are not cached, in the words that stand on its node."""
    return f"not cached: it {', and '.join(reasons)}"


def watch_of(node: Node) -> AbstractContextManager[Watch | None]:
    """Return what looks at a node's call; nothing does where its column isn't kept anyway."""
    if node.key is None:
        return nullcontext()
    function = node.feature.function
    follow = node.code.key is not None and node.code.key.follow
    return Watch(getattr(function, "__code__", None), follow=follow)


class Openings:
    """Keys of what opens something, by what the cache knows of earlier calls.

    Parameters
    ----------
    cache : ColumnCache
    """

    def __init__(self, cache: ColumnCache) -> None:
        self._cache = cache

    def settle(self, node: Node) -> None:
        """Give a node that opened something before the key that counts what is there now.

        The entry under its key is left with it, so that nobody needs to look it up again.
        """
        node.plain = node.key
        if node.key is None:
            return
        entry = self._cache.lookup(node.key)
        if entry is None or not entry.is_opening:
            node.entry = entry
            return
        opening = _opening(entry)
        if opening is None:
            return
        if opening.reasons and node.feature.cache != "always":
            node.code = replace(node.code, reason=uncached(opening.reasons))
            node.key = None
            return
        node.overruled = bool(opening.reasons)
        key, node.files, node.entry = self._found(node.key, opening)
        node.key = key

    def find(self, key: bytes, feature: Feature) -> tuple[Entry | None, tuple[Source, ...]]:
        """Find a column by its key without sources, with what it was made from."""
        entry = self._cache.lookup(key)
        if entry is None or not entry.is_opening:
            return entry, ()
        opening = _opening(entry)
        if opening is None or (opening.reasons and feature.cache != "always"):
            return None, ()
        _, files, found = self._found(key, opening)
        return found, files

    def _found(
        self, key: bytes, opening: Opening
    ) -> tuple[bytes, tuple[Source, ...], Entry | None]:
        """Try the trails, the newest first; the first one's key is where the next column goes."""
        first: tuple[bytes, tuple[Source, ...], Entry | None] | None = None
        for trail in opening.trails:
            files = sources_of(trail)
            if files is None:
                continue
            noticed(files)
            counted = with_sources(key, files)
            entry = self._cache.lookup(counted)
            if entry is not None:
                return counted, files, entry
            first = first or (counted, files, None)
        return first or (key, (), None)

    def leave(self, key: bytes, reasons: Sequence[str], files: tuple[Source, ...]) -> None:
        """Keep what a call opened under its key without sources, for the next one."""
        trail = tuple([(each.way, each.path) for each in files])
        entry = self._cache.lookup(key)
        known = _opening(entry) if entry is not None and entry.is_opening else None
        trails = [trail, *[each for each in (known.trails if known else ()) if each != trail]]
        opening = Opening(tuple(reasons), tuple(trails[:_KEPT]))
        if opening != known:
            self._cache.store(key, opening, seconds=0.0)

    def looked_at(self, node: Node, watch: Watch | None, changed: Sequence[str] = ()) -> str:
        """Take in what a call opened: give its node the key that counts it, or none.

        Parameters
        ----------
        node : Node
            Its key becomes what the column is kept under.
        watch : Watch or None
            What looked at the call.
        changed : sequence of str
            Parameters that the call changed in place.

        Returns
        -------
        str
            Why the column can't be kept; empty where it can.
        """
        if node.plain is None or node.key is None or watch is None:
            return ""
        function: Any = node.feature.function
        if node.code.key is not None and not holds(function, node.code.key):
            return _unkeyed(node, ["changes what it names, or something else did while it ran"])
        for each in changed:
            watch.reasons[f"changes its parameter {each} in place"] = None
        if not watch.is_quiet:
            return self._counted(node, node.plain, watch)
        if not node.files:
            return ""
        path = node.files[0].path
        return _unkeyed(node, [f"read {path} when it ran before, and not this time"])

    def _counted(self, node: Node, plain: bytes, watch: Watch) -> str:
        files, unsettled = watch.sources()
        if unsettled:
            return _unkeyed(node, [unsettled])
        reasons = list(watch.reasons)
        self.leave(plain, reasons, files)
        if reasons and node.feature.cache != "always":
            return _unkeyed(node, reasons)
        node.key, node.files = with_sources(plain, files), files
        node.overruled = bool(reasons)
        return ""


def _unkeyed(node: Node, reasons: Sequence[str]) -> str:
    reason = uncached(reasons)
    node.code = replace(node.code, reason=reason)
    node.key = None
    return reason


def _opening(entry: Entry) -> Opening | None:
    try:
        found = entry.load()
    except (CacheError, FingerprintError):  # gone meanwhile
        return None
    return found if isinstance(found, Opening) else None
