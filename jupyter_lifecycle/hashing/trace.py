"""What a walk through code has met: the parts for people, impurity, and what to check next time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FunctionType

Kind: TypeAlias = Literal[
    "code", "default", "closure", "constant", "helper", "class", "module", "package"
]

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "(not defined)", "__slots__": ()})()
"""Stands for a name that nothing defines yet."""


@dataclass(frozen=True, slots=True)
class CodePart:
    """One thing that a function's answer depends on.

    ``text`` is its source or its value in short, for a diff; ``label`` is what people call it:
    ``constant KNOTS``, ``helper previous_hour``, ``package pandas``.
    """

    kind: Kind
    label: str
    digest: bytes
    text: str


@dataclass(slots=True)
class Trace:
    """Filled while code is walked."""

    parts: dict[tuple[str, str], CodePart] = field(default_factory=dict)
    impure: dict[str, None] = field(default_factory=dict)
    names: list[tuple[Mapping[str, Any], str, Any]] = field(default_factory=list)
    """Namespaces with a name and what it stood for."""
    functions: list[FunctionType] = field(default_factory=list)
    classes: list[type] = field(default_factory=list)
    cells: list[tuple[Any, Any]] = field(default_factory=list)
    mutable: list[Any] = field(default_factory=list)
    """Values that may change without their name standing for something else."""
    reflective: bool = False
    """Whether code reads names, docstrings or annotations of code."""

    def part(self, kind: Kind, name: str, digest: bytes, text: str) -> None:
        """Note something that the answer depends on; the first mention stays."""
        label = name if kind == "code" else f"{kind} {name}"
        if (kind, label) in self.parts and self.parts[kind, label].digest != digest:
            label = f"{label} ({len(self.parts)})"
        self.parts.setdefault((kind, label), CodePart(kind, label, digest, text))
