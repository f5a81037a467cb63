"""What a feature's values must satisfy, as frozen values; looking at data is left to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Importance = Literal["warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One condition on a feature's values."""

    kind: str
    """``range``, ``data_type``, ``max_fraction_nans``, ``own``, …: what is looked at."""
    limit: Any
    """What the kind needs to know: bounds, a type, a share, allowed values, a function."""
    importance: Importance = "warn"
    """``fail`` raises, ``warn`` notes it on the node."""
    label: str = ""
    """What people call it; the kind where it is empty."""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.label or self.kind


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an own check answers where yes or no is not enough."""

    passes: bool
    message: str = ""
