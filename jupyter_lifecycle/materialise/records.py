"""What a computation tells about itself, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

NodeState = Literal["fresh", "cached", "stale", "queued", "running", "error", "new"]


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What is known about one feature's column; ``None`` where it is not known."""

    name: str
    state: NodeState
    """``fresh``: computed in this session; ``cached``: can be read from the cache; ``stale``: was
    computed, but not from this code and these inputs; ``new``: never computed; ``error``: raised.
    """
    note: str = ""
    """In a few words why: ``parent changed``, ``not cached: it reads the clock (line 3)``."""
    seconds: float | None = None
    """What it took to compute, seconds, whenever that was."""
    rows: int | None = None
    nulls: int | None = None
    bytes: int | None = None
    dtype: str = ""
    hit: bool | None = None
    """Whether the last computation took it from the cache."""
    error: str = ""
    """Class and words of the exception, for state ``error``."""


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """One step of one feature, told to the listener of a run."""

    name: str
    state: NodeState
    report: NodeReport | None = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What a computation would do about one feature."""

    name: str
    action: Literal["compute", "read"]
    """``read``: from the cache."""
    note: str = ""
    """Why it is computed each time, where it is."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished computation."""

    values: Mapping[str, Any]
    """The targets."""
    reports: Mapping[str, NodeReport]
    """Of every feature that was computed or found in the cache, in topological order."""
    recomputed: tuple[str, ...]
    cached: tuple[str, ...]
    seconds: float
    remarks: Mapping[str, str] = field(default_factory=dict)
    """What checks said, of the features that did not pass all of theirs."""


@dataclass(frozen=True, slots=True)
class WhyStep:
    """One link from a cause to the feature that was asked about."""

    feature: str
    cause: str
    """``constant KNOTS changed (0.8690 → 0.868976)``; for the links after the first, what they
    read: ``reads wind_gust``."""
    diff: str = ""
    """Lines with ``-`` and ``+``, where there is text to compare."""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Why a feature was, or would be, computed again; or why it was not.

    ``chains`` holds one chain for each cause, the shortest first, at most three.
    """

    name: str
    chains: tuple[tuple[WhyStep, ...], ...] = ()
    summary: str = ""
    """The answer where there is no chain: ``it was never computed``."""

    @property
    def steps(self) -> tuple[WhyStep, ...]:
        """The shortest chain, cause first."""
        return self.chains[0] if self.chains else ()

    @property
    def text(self) -> str:
        """The chains in plain text, one a line, the asked feature first and its cause last."""
        if not self.chains:
            return f"{self.name}: {self.summary}"
        lines = []
        for chain in self.chains:
            names = " ← ".join([step.feature for step in reversed(chain)])
            lines.append(f"{names}: {chain[0].cause}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column in a few figures, ready to show."""

    dtype: str
    rows: int
    nulls: int
    min: str = ""
    max: str = ""
    median: str = ""
    p95: str = ""
    distinct: int | None = None
    """Number of distinct values, not counting nulls; None where it was not counted."""
    histogram: list[float] = field(default_factory=list)
    """Heights of 24 bars, 0 to 1; empty where it has none."""
    categories: list[tuple[str, float]] = field(default_factory=list)
    """The five most frequent values with their share of all rows."""
    head: list[str] = field(default_factory=list)
    """The first values."""
