"""What a walk through code has met: the parts for people, impurity, and what to check next time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FunctionType, ModuleType

    from jupyter_lifecycle.hashing.packages import Home

Kind: TypeAlias = Literal[
    "code", "default", "closure", "constant", "helper", "class", "module", "package"
]

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "(not defined)", "__slots__": ()})()
"""Stands for a name that nothing defines yet."""


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

    def __init__(self, kind: Kind, label: str, digest: bytes, text: str | Callable[[], str]):
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


@cache
def _package(origin: Home) -> CodePart:
    return CodePart("package", f"package {origin.name}", origin.digest, origin.text)


@dataclass(slots=True)
class Trace:
    """Filled while code is walked."""

    parts: dict[str, CodePart] = field(default_factory=dict)
    impure: dict[str, None] = field(default_factory=dict)
    names: list[tuple[Mapping[str, Any], str, Any]] = field(default_factory=list)
    """Namespaces with a name and what it stood for."""
    functions: list[FunctionType] = field(default_factory=list)
    classes: list[type] = field(default_factory=list)
    modules: list[ModuleType] = field(default_factory=list)
    """Those that count as a whole."""
    cells: list[tuple[Any, Any]] = field(default_factory=list)
    mutable: list[Any] = field(default_factory=list)
    """Values that may change without their name standing for something else."""
    reflective: bool = False
    """Whether code reads names, docstrings or annotations of code."""

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
