"""What intervals say when several are read, or when one is held against a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jupyter_lifecycle.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_lifecycle.experiments.effects import Effect
    from jupyter_lifecycle.experiments.metrics import Better

Verdict = Literal["holds", "broken", "not enough data"]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values, so that all of them together err as seldom as one alone.

    Sorted upwards, the ``i``-th of ``m`` is multiplied by ``m - i + 1``, and none is under the one
    before it. S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6 (1979), 65-70.

    Parameters
    ----------
    p_values : sequence of float
        (m,) of tests that may depend on each other.

    Returns
    -------
    list of float
        (m,) in the same order, at most 1.

    Raises
    ------
    AnalysisError
        One is not between 0 and 1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    _check(p_values)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def holm_levels(p_values: Sequence[float], alpha: float) -> list[float]:
    """Give each test the ``alpha`` at which Holm's procedure asks it, so that its interval agrees.

    A test that is asked after one that was not rejected gets that one's level.

    Parameters
    ----------
    p_values : sequence of float
        (m,).
    alpha : float
        Of all together.
    """
    _check(p_values)
    levels = [0.0] * len(p_values)
    going = True
    level = alpha
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if going:
            level = alpha / (len(p_values) - rank)
            going = p_values[index] <= level
        levels[index] = level
    return levels


def non_inferior(effect: Effect, margin: float, better: Better = "higher") -> Verdict:
    """Say whether treatment is not worse than control by more than a margin.

    The interval's end on the bad side is held against the margin: one-sided at ``alpha / 2``.
    G. Piaggio et al., "Reporting of Noninferiority and Equivalence Randomized Trials", JAMA 308
    (2012), 2594-2604, figure 1.

    Parameters
    ----------
    effect : Effect
        With any kind of interval.
    margin : float
        How much worse it may be, in the metric's unit.
    better : str
        ``higher`` or ``lower``.

    Returns
    -------
    str
        ``holds``: the whole interval is on the margin's good side; ``broken``: it is on its bad
        side; ``not enough data``: it reaches over it.

    Raises
    ------
    AnalysisError
        A margin under zero.
    """
    if margin < 0:
        raise AnalysisError(f"The margin is {margin!r}: it says how much worse, from 0 up.")
    low, high = effect.interval
    worst, best = (-low, -high) if better == "higher" else (high, low)
    if worst < margin:
        return "holds"
    return "broken" if best > margin else "not enough data"


def _check(p_values: Sequence[float]) -> None:
    for p_value in p_values:
        if not 0 <= p_value <= 1:
            raise AnalysisError(f"{p_value!r} is no p-value: they are between 0 and 1.")
