"""Which column a computation means: keys that are known, keys that become known, and content.

A feature without a key of its own parents is known by the content of what they gave; one whose
parents were computed again, but gave what they gave before, is found by that content.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import CacheError, FingerprintError
from jupyter_lifecycle.hashing import combine, fingerprint, with_sources
from jupyter_lifecycle.materialise.checking import remark_on
from jupyter_lifecycle.materialise.keys import SourceDigests, key_of, output_key_of, resolve
from jupyter_lifecycle.materialise.memory import OriginsWriter
from jupyter_lifecycle.materialise.openings import Openings
from jupyter_lifecycle.materialise.recall import leave_origins

if TYPE_CHECKING:
    from jupyter_lifecycle.cache import ColumnCache, Entry
    from jupyter_lifecycle.materialise.binding import Binding
    from jupyter_lifecycle.materialise.keys import Node
    from jupyter_lifecycle.materialise.memory import Memory


class LostError(Exception):
    """A column that was in the cache a moment ago is not there any more."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Identities:
    """The identities of one computation's values; used once.

    Parameters
    ----------
    binding : Binding
    cache : ColumnCache
    memory : Memory
        Of the session.
    """

    def __init__(self, binding: Binding, cache: ColumnCache, memory: Memory) -> None:
        self._binding = binding
        self._cache = cache
        self._memory = memory
        self._digests = SourceDigests(binding.sources)
        self._openings = Openings(cache)
        self._writer = OriginsWriter()
        self._moved: set[str] = set()
        """Features whose key became another one while they ran."""
        self._tainted: dict[str, str] = {}
        """Values that a feature changed in place, and which one did."""
        self._nodes = self._resolved()
        self._entries: dict[str, Entry] = {}
        self._contents: dict[str, bytes] = {}
        self._values: dict[str, Any] = {}

    def _resolved(self) -> dict[str, Node]:
        return resolve(self._binding, self._digests, openings=self._openings)

    def _identified(self, node: Node) -> str:
        """Give a node its key, now that its parents are there; else return why it has none."""
        for each in self._tainted.keys() & node.arguments:
            node.code = replace(
                node.code, reason=f"not cached: {self._tainted[each]} changed {each}"
            )
            node.key = node.entry = None
        for each in self._moved.intersection(node.arguments):
            node.tokens.pop(each, None)
            node.open_parents = tuple(dict.fromkeys([*node.open_parents, each]))
            node.key = node.entry = None
        reason = node.reason
        for each in node.open_parents:
            parent = self._nodes.get(each)
            token = parent.key if parent is not None and parent.key else self._content(each)
            if token is not None:
                node.tokens[each] = token
            else:
                reason = reason or self._digests.reasons.get(
                    each, f"not cached: the value of {each} has no fingerprint"
                )
        node.open_parents = tuple([e for e in node.open_parents if e not in node.tokens])
        if node.key is None:
            node.key = node.plain = key_of(node)
            self._moved.add(node.name)
        return reason

    def _found_late(self, node: Node) -> Entry | None:
        """Look again: its parents are identified now, and others may have computed the same."""
        if node.entry is None and node.key is not None:
            before, node.key = node.key, node.plain
            self._openings.settle(node)
            if node.key != before:
                self._moved.add(node.name)
        if node.key is None:
            return None
        if node.entry is not None and node.key not in self._memory.forgotten:
            return node.entry
        if node.name in self._memory.invalidated:
            return None
        return self._found_by_content(node)

    def _found_by_content(self, node: Node) -> Entry | None:
        """Find what the same code made of parents that gave the same as now."""
        by_content = self._output_key(node)
        if by_content is None or node.plain is None:
            return None
        entry, files = self._openings.find(by_content, node.feature)
        if entry is None:
            return None
        if files:
            self._openings.leave(node.plain, (), files)
            node.files = files
            node.key = with_sources(node.plain, files)
            self._moved.add(node.name)
        assert node.key is not None
        self._memory.forgotten.discard(node.key)
        entry = self._cache.alias(node.key, entry)
        remark = remark_on(node.feature, entry.load()) if node.feature.checks else ""
        origins = self._writer.of(node, node.key, self._binding.sources, remark)
        leave_origins(self._cache, node.key, origins)
        return entry

    def _content_key(self, node: Node) -> bytes:
        """Return the other key of a column that is kept: by the content of its parents."""
        by_content = None if node.overruled else self._output_key(node)
        if by_content is not None and node.key != node.plain:
            self._openings.leave(by_content, (), node.files)
            by_content = with_sources(by_content, node.files)
        return by_content or b""

    def _output_key(self, node: Node) -> bytes | None:
        outputs = {}
        for each in node.arguments:
            content = self._content(each)
            if content is None:
                return None
            outputs[each] = content
        return output_key_of(node, outputs)

    def _content(self, name: str) -> bytes | None:
        """Return the identity of a value's content; hashes it only where no cache knows it."""
        if name in self._digests:
            return self._digests[name]
        known = self._contents.get(name)
        if known is None and name in self._entries:
            known = self._contents[name] = combine("value", self._entries[name].output)
        if known is None and name in self._values:
            try:
                known = self._contents[name] = combine("value", fingerprint(self._values[name]))
            except FingerprintError:
                return None
        return known

    def _value(self, name: str) -> Any:
        if name in self._binding.sources:
            return self._binding.sources[name]
        try:
            return self._values[name]
        except KeyError:
            pass
        try:
            value = self._entries[name].load()
        except CacheError as error:
            raise LostError(name) from error
        self._values[name] = value
        return value
