"""What an experiment is judged by."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.errors import ExperimentError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["mean", "proportion", "ratio", "quantile"]
Role = Literal["primary", "secondary", "guardrail"]
Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Metric:
    """One number of each unit, and what is asked of it.

    Parameters
    ----------
    name : str
        What people call it, and the outcomes' column unless ``column`` says another.
    kind : str
        ``mean``; ``proportion`` (of units whose value is not zero); ``ratio`` of two sums
        (``denominator``); ``quantile`` of the units' values (``quantile``).
    role : str
        ``primary`` decides, ``guardrail`` may not be worse than ``margin``, ``secondary`` informs.
    better : str
        ``higher`` or ``lower``.
    column : str, optional
        The outcomes' column.
    denominator : str, optional
        The column that a ratio divides by.
    quantile : float, optional
        Between 0 and 1.
    covariate : str, optional
        The same or another number of each unit from before the experiment, for CUPED.
    margin : float, optional
        How much worse a guardrail may be, in the metric's own unit, not negative.
    effect : float, optional
        The smallest effect that matters, as a part of control's mean.
    unit : str
        Shown beside the numbers: ``ms``, ``%``.

    Raises
    ------
    ExperimentError
        A part that the kind or role needs is missing, or one that it has no use for is there.
    """

    name: str
    kind: Kind = "mean"
    role: Role = "secondary"
    better: Better = "higher"
    column: str | None = None
    denominator: str | None = None
    quantile: float | None = None
    covariate: str | None = None
    margin: float | None = None
    effect: float | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        for said, allowed in (
            (self.kind, ("mean", "proportion", "ratio", "quantile")),
            (self.role, ("primary", "secondary", "guardrail")),
            (self.better, ("higher", "lower")),
        ):
            if said not in allowed:
                raise self._wrong(f"has {said!r} where one of {', '.join(allowed)} belongs")
        if not self.name:
            raise self._wrong("needs a name")
        if (self.kind == "ratio") != (self.denominator is not None):
            raise self._wrong("needs a denominator if, and only if, it is a ratio")
        if (self.kind == "quantile") != (self.quantile is not None):
            raise self._wrong("needs a quantile if, and only if, its kind is quantile")
        if self.quantile is not None and not 0 < self.quantile < 1:
            raise self._wrong(f"has quantile {self.quantile!r}, which is not between 0 and 1")
        if self.kind == "quantile" and self.covariate is not None:
            raise self._wrong("is a quantile, which a covariate cannot adjust")
        if (self.role == "guardrail") != (self.margin is not None) or (self.margin or 0) < 0:
            raise self._wrong("needs a margin of 0 or more if, and only if, it is a guardrail")
        if self.effect is not None and self.effect <= 0:
            raise self._wrong(f"has effect {self.effect!r}: the smallest that matters is over 0")

    def _wrong(self, what: str) -> ExperimentError:
        return ExperimentError(f"Metric {self.name!r} {what}.", metric=self.name)

    @property
    def source(self) -> str:
        """The outcomes' column."""
        return self.column or self.name

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Metric:
        """Read the JSON form; what is unknown is refused, never dropped."""
        names = [part.name for part in fields(cls)]
        odd = sorted(set(value) - set(names))
        if odd:
            raise ExperimentError(
                f"Metric {value.get('name')!r} has {odd[0]!r}, which is not known here."
                + did_you_mean(odd[0], names),
                metric=value.get("name"),
            )
        return cls(**value)
