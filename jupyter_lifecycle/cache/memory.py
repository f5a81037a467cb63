"""The tier in memory: what was used last, up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any


class Memory:
    """Values by key, the least recently used leaving first.

    Parameters
    ----------
    limit : int
        Bytes to hold at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()
        self.bytes = 0
        self.evictions = 0
        """How many values had to leave."""

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: bytes) -> bool:
        return key in self._held

    def get(self, key: bytes) -> Any:
        """Return the value, now the most recently used; None where there is none."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: bytes, value: Any, size: int) -> None:
        """Hold a value; one that is larger than all that may be held is not."""
        with self._lock:
            self._remove(key)
            if size > self._limit:
                return
            self._held[key] = (value, size)
            self.bytes += size
            while self.bytes > self._limit:
                _, (_, freed) = self._held.popitem(last=False)
                self.bytes -= freed
                self.evictions += 1

    def drop(self, key: bytes) -> None:
        """Let a value go."""
        with self._lock:
            self._remove(key)

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._held.clear()
            self.bytes = 0

    def _remove(self, key: bytes) -> None:
        found = self._held.pop(key, None)
        if found is not None:
            self.bytes -= found[1]
