"""Many remembered keys looked at as one: what they watch in common is looked at once."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.hashing.extensions import sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lifecycle.hashing.memory import Memory

_LOOK: Final = attrgetter("__code__", "__kwdefaults__", "__defaults__", "__dict__")


class Together:
    """Whether a number of keys still hold.

    Parameters
    ----------
    memories : iterable of Memory
        Of the keys.
    """

    def __init__(self, memories: Iterable[Memory]) -> None:
        functions: dict[int, Any] = {}
        watches: dict[Any, Any] = {}
        for memory in memories:
            for function in memory.functions:
                functions[id(function)] = function
            for watch in memory.watches:
                watches.setdefault(watch.identity, watch)
        self._functions = list(functions.values())
        # Held, so that nothing else gets the identity of what was replaced.
        self._held = [_LOOK(function) for function in self._functions]
        self._state = [_state(function) for function in self._functions]
        self._watches = list(watches.values())
        self._sizes = sizes()

    def holds(self) -> bool:
        """Tell whether all of them are still right."""
        if self._sizes != sizes():
            return False
        if [_state(function) for function in self._functions] != self._state:
            return False
        return all(watch.holds() for watch in self._watches)


def _state(function: Any) -> Any:
    code, keywords, defaults, attributes = _LOOK(function)
    return id(code), id(keywords), id(defaults), len(attributes)
