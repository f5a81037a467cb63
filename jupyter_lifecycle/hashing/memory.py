"""Keys that are remembered, and what must still be so for them to hold.

What is watched is held weakly where it's large or may be defined anew: functions, classes and
modules by reference, values that may change in place by their fingerprint alone. So a remembered
key keeps nothing alive that the user has let go.
"""

from __future__ import annotations

from itertools import repeat
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from jupyter_lifecycle.hashing.extensions import sizes
from jupyter_lifecycle.hashing.trace import ABSENT, contents, is_code, is_frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FunctionType

    from jupyter_lifecycle.hashing.trace import CodeKey, Space, Trace

_LOOK: Final = attrgetter("__code__", "__kwdefaults__", "__defaults__", "__dict__")
_ABSENT: Final = repeat(ABSENT)
_GONE: Final[Any] = type("Gone", (), {})()


class Memory:
    """One key, with what it was made from.

    Parameters
    ----------
    key : CodeKey
        The key.
    trace : Trace
        What was met on the way to it.
    fingerprint : callable
        Gives the fingerprint of a value that may change in place.
    """

    __slots__ = ("_functions", "_sizes", "_watches", "key")

    def __init__(self, key: CodeKey, trace: Trace, fingerprint: Callable[[Any], bytes]) -> None:
        self.key = key
        self._sizes = sizes()
        # Tuples, as there are many: the collector of garbage has less to look at.
        self._functions = tuple(
            [
                (ref(f), f.__code__, f.__kwdefaults__, len(f.__dict__), _settled(f.__defaults__))
                for f in trace.functions
            ]
        )
        self._watches = tuple(
            [
                _Watch(owner, space, names, whole=whole, fingerprint=fingerprint)
                for owner, space, names, whole in trace.watched()
            ]
        )

    @property
    def functions(self) -> list[FunctionType]:
        """The functions that are looked at, as far as they are still there."""
        return [f for f in [each[0]() for each in self._functions] if f is not None]

    @property
    def watches(self) -> tuple[_Watch, ...]:
        """The places that are looked at."""
        return self._watches

    def holds(self) -> bool:
        """Tell whether the key is still right."""
        if self._sizes != sizes():
            return False
        for reference, code, keywords, attributes, defaults in self._functions:
            function = reference()
            if function is None:
                return False
            code_now, keywords_now, defaults_now, attributes_now = _LOOK(function)
            if (
                code_now is not code
                or keywords_now is not keywords
                or (defaults_now is not defaults and defaults is not _GONE)
                or len(attributes_now) != attributes
            ):
                return False
        for watch in self._watches:  # noqa: SIM110 - a generator would cost as much again
            if not watch.holds():
                return False
        return True


def _settled(defaults: tuple[Any, ...] | None) -> Any:
    """Give defaults that identity can watch; those that may change are watched one by one."""
    return defaults if all(map(is_frozen, defaults or ())) else _GONE


class _Watch:
    """Names in one place, and what they stood for."""

    __slots__ = (
        *("_by_digest", "_fingerprint", "_look", "_names", "_owner", "_references"),
        *("_size", "_values"),
    )

    def __init__(
        self,
        owner: Any,
        space: Space,
        names: Mapping[Any, Any],
        *,
        whole: bool,
        fingerprint: Callable[[Any], bytes],
    ) -> None:
        self._owner = ref(owner)
        self._look = _LOOKS[space]
        self._fingerprint = fingerprint
        self._size = len(self._look(owner)) if whole else -1
        same: dict[Any, Any] = {}
        code: dict[Any, ref[Any]] = {}
        changing: list[tuple[Any, bytes]] = []
        for name, value in names.items():
            if value is ABSENT or space == "library" or is_frozen(value):
                same[name] = value
            elif is_code(value):
                code[name] = ref(value)
            else:
                changing.append((name, fingerprint(value)))
        self._names, self._values = tuple(same), tuple(same.values())
        self._references = tuple(code.items())
        self._by_digest = tuple(changing)

    @property
    def identity(self) -> Any:
        """Equal for two that look at the same names in one place, for the same values."""
        owner = self._owner()
        space = None if owner is None else self._look(owner)
        place = space if space is not None and space is self._look(owner) else self._owner
        return (
            *(id(place), self._size, self._names, tuple(map(id, self._values))),
            *(tuple([(n, id(r())) for n, r in self._references]), self._by_digest),
        )

    def holds(self) -> bool:
        owner = self._owner()
        if owner is None:
            return False
        space = self._look(owner)
        get = space.get
        if 0 <= self._size != len(space):
            return False
        if self._names and not all(map(is_, map(get, self._names, _ABSENT), self._values)):
            return False
        for name, reference in self._references:
            if get(name, _GONE) is not reference():
                return False
        for name, digest in self._by_digest:
            found = get(name, ABSENT)
            if found is ABSENT or self._fingerprint(found) != digest:
                return False
        return True


def _closure(function: FunctionType) -> dict[int, Any]:
    return dict(enumerate(map(contents, function.__closure__ or ())))


_LOOKS: Final[dict[Space, Callable[[Any], Mapping[Any, Any]]]] = {
    "globals": attrgetter("__globals__"),
    "members": vars,
    "library": vars,
    "keywords": lambda owner: owner.__kwdefaults__ or {},
    "defaults": lambda owner: dict(enumerate(owner.__defaults__ or ())),
    "bases": lambda owner: dict(enumerate(owner.__bases__)),
    "closure": _closure,
}
"""Names, or positions, in each place of an owner, and what they stand for now."""
