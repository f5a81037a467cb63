"""Near misses of names: one slip of the finger, found without comparing each name with each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHORTEST = 4


class NearNames:
    """Known names, indexed by what is left of each when one letter is taken away.

    Two names share an entry exactly if a letter was added, lost, changed or two neighbours were
    swapped (the symmetric deletion index of W. Garbe's SymSpell, at distance one). Names shorter
    than four letters, and names that differ in digits only (``lag_1``, ``lag_2``), are never near.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._index: dict[str, list[str]] = {}
        for name in names:
            if len(name) >= _SHORTEST:
                for key in _keys(name):
                    self._index.setdefault(key, []).append(name)

    def find(self, name: str) -> str | None:
        """Return the nearest known name, or None; the same name is not a near miss."""
        if len(name) < _SHORTEST:
            return None
        for key in _keys(name):
            for known in self._index.get(key, ()):
                if known != name and _plausible(name, known):
                    return known
        return None


def _keys(name: str) -> Iterator[str]:
    yield name
    for place in range(len(name)):
        yield name[:place] + name[place + 1 :]


def _plausible(name: str, known: str) -> bool:
    if abs(len(name) - len(known)) > 1 or _letters(name) == _letters(known):
        return False
    if len(name) != len(known):
        return True
    differing = [place for place, (a, b) in enumerate(zip(name, known, strict=True)) if a != b]
    if len(differing) == 1:
        return True
    first, last = differing[0], differing[-1]
    swapped = name[first] == known[last] and name[last] == known[first]
    return len(differing) == 2 and swapped and last == first + 1


def _letters(name: str) -> str:
    return "".join([letter for letter in name if not letter.isdigit()])
