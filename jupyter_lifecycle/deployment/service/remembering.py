"""What was decided for a unit, remembered while memory is bounded: the same unit comes again."""

from __future__ import annotations

from typing import Generic, TypeVar

Decided = TypeVar("Decided")

MOST = 50_000


class Remembered(Generic[Decided]):
    """Two generations of a dictionary: when the younger is full the older one goes.

    Threads may use it at once: what two of them decide for one key is the same.
    """

    __slots__ = ("_before", "_now")

    def __init__(self) -> None:
        self._now: dict[object, Decided] = {}
        self._before: dict[object, Decided] = {}

    def get(self, key: object, missing: Decided) -> Decided:
        """Give what was decided, or `missing`."""
        found = self._now.get(key, missing)
        return self._before.get(key, missing) if found is missing else found

    def put(self, key: object, decided: Decided) -> None:
        """Remember it."""
        if len(self._now) >= MOST:
            self._before, self._now = self._now, {}
        self._now[key] = decided
