"""A computation that found everything, kept to answer the same one by a look at what may change.

What may change: the code of the features and what it names, the contents of the inputs, files that
features read, and what the cache has lost. Where all is as it was, so is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.hashing import noticed, sources_of, together
from jupyter_lifecycle.materialise.keys import SourceDigests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.cache import ColumnCache, Entry
    from jupyter_lifecycle.hashing import Source
    from jupyter_lifecycle.hashing.together import Together
    from jupyter_lifecycle.materialise.binding import Binding
    from jupyter_lifecycle.materialise.keys import Node
    from jupyter_lifecycle.materialise.memory import Known, Memory
    from jupyter_lifecycle.materialise.planning import Plan
    from jupyter_lifecycle.materialise.records import NodeReport

_KEPT: Final = 4


@dataclass(frozen=True, slots=True)
class Finished:
    """What a computation found, and what must still be so for it to be found again."""

    plan: Plan
    nodes: Mapping[str, Node]
    entries: Mapping[str, Entry]
    """Of the targets."""
    reports: Mapping[str, NodeReport]
    known: Mapping[str, Known]
    remarks: Mapping[str, str]
    digests: Mapping[str, bytes]
    """Of the inputs."""
    code: Together
    files: tuple[Source, ...]
    """That features read."""
    losses: int
    """Of the cache."""
    seconds: float
    """That were saved."""

    def holds(self, binding: Binding, cache: ColumnCache) -> bool:
        """Tell whether all is as it was."""
        if cache.losses != self.losses or not self.code.holds():
            return False
        digests = SourceDigests(binding.sources)
        if any(digests[name] != digest for name, digest in self.digests.items()):
            return False
        if self.files:
            noticed(self.files)
        return sources_of(tuple([(each.way, each.path) for each in self.files])) == self.files


class Reruns:
    """The last few computations that found everything; one for each plan."""

    def __init__(self) -> None:
        self._finished: dict[int, Finished] = {}

    def forget(self) -> None:
        """Have everything looked up again."""
        self._finished.clear()

    def find(self, binding: Binding, cache: ColumnCache, memory: Memory) -> Finished | None:
        """Return what the same computation found, where nothing has changed since."""
        if not self._finished:
            return None
        found = self._finished.get(id(binding.plan))
        if found is None or found.plan is not binding.plan or memory.forgotten:
            return None
        if not found.holds(binding, cache):
            del self._finished[id(binding.plan)]
            return None
        return found

    def keep(self, finished: Finished) -> None:
        """Keep what a computation found."""
        self._finished.pop(id(finished.plan), None)
        while len(self._finished) >= _KEPT:
            del self._finished[next(iter(self._finished))]
        self._finished[id(finished.plan)] = finished


def watched(nodes: Mapping[str, Node]) -> Together | None:
    """Return what tells whether the code of nodes changes; None where that can't be told."""
    if any(node.feature.checks or node.code.digest is None for node in nodes.values()):
        return None
    return together([node.feature.function for node in nodes.values()])


def digests_of(binding: Binding, digests: Any) -> dict[str, bytes] | None:
    """Return the digest of each source, None where one has none."""
    found = {}
    for name in binding.sources:
        digest = digests[name]
        if digest is None:
            return None
        found[name] = digest
    return found
