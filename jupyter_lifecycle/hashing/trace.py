"""What a walk through code has met: the parts for people, impurity, and what to check next time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from jupyter_lifecycle.hashing import impurity
from jupyter_lifecycle.hashing.summary import summary
from jupyter_lifecycle.hashing.values import SCALARS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_lifecycle.hashing.packages import Home

Kind: TypeAlias = Literal[
    "code", "default", "closure", "constant", "helper", "class", "module", "package"
]

Space: TypeAlias = Literal[
    "globals", "members", "library", "closure", "defaults", "keywords", "bases"
]
"""Where a name stands: in a function's globals, among a module's members, and so on."""

ABSENT: Final[Any] = type("Absent", (), {"__repr__": lambda _: "(not defined)", "__slots__": ()})()
"""Stands for a name that nothing defines yet."""

_SETTLED: Final = (property, staticmethod, classmethod)


class CodePart:
    """One thing that a function's answer depends on.

    Parameters
    ----------
    kind : str
        What it is.
    label : str
        What people call it: ``constant KNOTS``, ``helper previous_hour``, ``package pandas``.
    digest : bytes
        Of this part alone, not of what it names in turn: the part that differs is what changed.
    text : str or callable
        Its source, or its value in short; a callable is asked when the text is first wanted.
    """

    __slots__ = ("_text", "digest", "kind", "label")

    def __init__(
        self, kind: Kind, label: str, digest: bytes, text: str | Callable[[], str]
    ) -> None:
        self.kind = kind
        self.label = label
        self.digest = digest
        self._text = text

    @property
    def text(self) -> str:
        """Its source, or its value in short, for a diff."""
        if not isinstance(self._text, str):
            self._text = self._text()
        return self._text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CodePart):
            return NotImplemented
        mine = (self.kind, self.label, self.digest)
        return mine == (other.kind, other.label, other.digest)

    def __hash__(self) -> int:
        return hash((self.kind, self.label, self.digest))

    def __repr__(self) -> str:
        return f"CodePart({self.kind!r}, {self.label!r}, {self.digest.hex()[:8]})"


@dataclass(frozen=True, slots=True)
class CodeKey:
    """What a function's answer depends on besides its arguments."""

    digest: bytes
    parts: tuple[CodePart, ...]
    """The code itself first, then in the order in which it was met."""
    impure: tuple[str, ...]
    """Why the same arguments may not give the same answer; empty for a pure function."""
    reads: tuple[str, ...] = ()
    """Where it names what reads files: no reason, as which ones is seen when it's called."""
    follow: bool = False
    """Whether it names readers that open files out of Python's sight, to be followed in a call."""
    touches: bool = False
    """Whether it reads attributes by which a column's memory can be written to."""


@cache
def _package(origin: Home) -> CodePart:
    return CodePart("package", f"package {origin.name}", origin.digest, origin.text)


@dataclass(slots=True)
class Trace:
    """Filled while code is walked."""

    parts: dict[str, CodePart] = field(default_factory=dict)
    impure: dict[str, None] = field(default_factory=dict)
    reads: dict[str, None] = field(default_factory=dict)
    """Where it names what reads files: no reason, as long as the files are seen while it runs."""
    follow: bool = False
    touches: bool = False
    memoised: bool = False
    """Whether a helper keeps its answers, so that what it reads isn't seen each time."""
    functions: list[FunctionType] = field(default_factory=list)
    classes: list[type] = field(default_factory=list)
    whole: set[tuple[int, Space]] = field(default_factory=set)
    """Places that no name may be added to."""
    reflective: bool = False
    """Whether code reads names, docstrings or annotations of code."""
    _watched: dict[tuple[int, Space], tuple[Any, dict[Any, Any]]] = field(default_factory=dict)

    def impurity(self, why: str, place: str) -> None:
        """Note why the same arguments may not give the same answer, and where that stands."""
        if why in {impurity.READS, impurity.FOLLOWED}:
            self.reads[f"{impurity.READS} ({place})"] = None
            self.follow = self.follow or why == impurity.FOLLOWED
        else:
            self.impure[f"{why} ({place})"] = None

    def reasons(self) -> tuple[str, ...]:
        """Give all that makes the code impure."""
        kept = [f"keeps what it reads: {each}" for each in self.reads] if self.memoised else []
        return (*self.impure, *kept)

    def watch(self, owner: Any, space: Space, name: Any, value: Any) -> None:
        """Remember what a name stands for.

        Parameters
        ----------
        owner : function, class or module
            Whose place it is.
        space : str
            Which of its places.
        name : str or int
            The name there, or the position.
        value : object
            What it stands for; :data:`ABSENT` where it's not defined.
        """
        key = (id(owner), space)
        found = self._watched.get(key)
        if found is None:
            found = self._watched[key] = (owner, {})
        found[1][name] = value

    def watched(self) -> Iterator[tuple[Any, Space, dict[Any, Any], bool]]:
        """Give each owner's places, the names there, and whether none may be added."""
        for key, (owner, names) in self._watched.items():
            yield owner, key[1], names, key in self.whole

    def package(self, origin: Home) -> None:
        """Note an installed package."""
        found = _package(origin)
        self.parts.setdefault(found.label, found)

    def part(self, kind: Kind, name: str, digest: bytes, text: str | Callable[[], str]) -> None:
        """Note something that the answer depends on; the first mention stays."""
        label = name if kind == "code" else f"{kind} {name}"
        known = self.parts.get(label)
        if known is not None and known.digest != digest:
            label = f"{label} ({len(self.parts)})"
            known = None
        if known is None:
            self.parts[label] = CodePart(kind, label, digest, text)

    def value(self, kind: Kind, name: str, value: Any, digest: bytes) -> None:
        """Note a value that code holds; code itself is noted when it's walked."""
        if not is_code(value):
            self.part(kind, name, digest, summary(value))


def is_code(value: Any) -> bool:
    """Tell whether a value is code by itself: nothing of it changes without being seen."""
    if isinstance(value, BuiltinFunctionType):
        return value.__self__ is None or isinstance(value.__self__, ModuleType)
    return isinstance(value, (FunctionType, ModuleType, type))


def is_frozen(value: Any) -> bool:
    """Tell whether a value can't change in place."""
    kind = type(value)
    if kind in SCALARS or kind in _SETTLED:
        return True
    return kind in {tuple, frozenset} and SCALARS.issuperset(map(type, value))


def contents(cell: Any) -> Any:
    """Return what a closure's cell holds, or that it holds nothing yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT
