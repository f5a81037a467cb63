"""The values of a finished computation: what came from the cache is read when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.materialise.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jupyter_lifecycle.cache import Entry


class Answers(Mapping[str, Any]):
    """Values by name, so that changing one changes nothing here.

    Parameters
    ----------
    targets : sequence of str
        Their names, in order.
    values : mapping of str to any
        Those that are at hand.
    entries : mapping of str to Entry
        Where the others are.
    lost : callable
        Computes one that is not there any more.
    """

    def __init__(
        self,
        targets: Sequence[str],
        values: Mapping[str, Any],
        entries: Mapping[str, Entry],
        lost: Callable[[str, Entry, CacheError], Any],
    ) -> None:
        self._targets = dict.fromkeys(targets)
        self._values = {name: values[name] for name in targets if name in values}
        self._entries = entries
        self._lost = lost
        self._guard = Guard()

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            if name not in self._targets:
                raise KeyError(name)
            entry = self._entries[name]
            try:
                self._values[name] = entry.load()
            except CacheError as error:
                self._values[name] = self._lost(name, entry, error)
        return self._guard(self._values[name])

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)

    def __repr__(self) -> str:
        return f"<values of {', '.join(self._targets)}>"
