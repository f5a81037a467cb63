"""Whether as many units were seen in each arm as the weights say: if not, nothing else counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments.distributions import chi2_sf
from jupyter_lifecycle.experiments.effects import check_alpha

LIMIT = 0.001
"""A fair split that is this uneven less than once in a thousand experiments is no fair split."""

CONCENTRATION = 3_000.0
"""How near the planned weights the alternatives of the check over all looks lie, in units."""


@dataclass(frozen=True)
class SampleRatio:
    """How the units of an experiment were split.

    Parameters
    ----------
    counts : tuple of int
        Units seen in each arm.
    expected : tuple of float
        Units that the weights say.
    p_value : float
        Of a split at least as uneven, where the weights hold; of the check over all looks, at
        any look.
    limit : float
        Under it the split is broken.
    method : str
        ``chi-square`` or ``all looks``.
    """

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    p_value: float
    limit: float
    method: str

    @property
    def broken(self) -> bool:
        """Whether the split is not the planned one."""
        return self.p_value < self.limit

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {**asdict(self), "broken": self.broken}


def sample_ratio(
    counts: Sequence[int] | Mapping[Any, int],
    weights: Sequence[float] | Mapping[Any, float] | None = None,
    alpha: float = LIMIT,
    *,
    all_looks: bool = False,
) -> SampleRatio:
    """Check that as many units were seen in each arm as the weights say.

    One look: Pearson's ``χ² = Σ (seen - expected)² / expected``, with one degree of freedom less
    than arms. A. Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled
    Experiments", KDD 2019. All looks together: a Bayes factor of Dirichlet alternatives about the
    weights against the weights, whose inverse is under ``alpha`` at any look of a fair split with
    probability ``alpha`` at most. M. Lindon and A. Malek, "Anytime-Valid Inference for Multinomial
    Count Data", NeurIPS 2022, section 3.

    Parameters
    ----------
    counts : sequence or mapping
        Units seen in each arm, each once.
    weights : sequence or mapping, optional
        Of the arms, in the same order or by the same keys; equal by default. They need not add up
        to 1.
    alpha : float
        Under this p-value the split is broken.
    all_looks : bool
        Whether the check is made again and again as units come in.

    Returns
    -------
    SampleRatio
        With ``.broken``.

    Raises
    ------
    AnalysisError
        Fewer than two arms, counts that are none, or weights that do not fit.

    Examples
    --------
    >>> f"{sample_ratio([821588, 815482]).p_value:.1e}"
    '1.8e-06'
    """
    check_alpha(alpha)
    seen, parts = _matched(counts, weights)
    total = sum(seen)
    expected = tuple(part * total for part in parts)
    if total == 0:
        p_value = 1.0
    elif all_looks:
        p_value = _all_looks(seen, parts)
    else:
        square = sum((s - e) ** 2 / e for s, e in zip(seen, expected, strict=True))
        p_value = chi2_sf(square, len(seen) - 1)
    method = "all looks" if all_looks else "chi-square"
    return SampleRatio(seen, expected, p_value, alpha, method)


def _all_looks(seen: Sequence[int], parts: Sequence[float]) -> float:
    """One over the Bayes factor, at most 1."""
    total = sum(seen)
    evidence = math.lgamma(CONCENTRATION) - math.lgamma(CONCENTRATION + total)
    for count, part in zip(seen, parts, strict=True):
        prior = CONCENTRATION * part
        evidence += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(part)
    return math.exp(min(0.0, -evidence))


def _matched(
    counts: Sequence[int] | Mapping[Any, int],
    weights: Sequence[float] | Mapping[Any, float] | None,
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    keys = list(counts) if isinstance(counts, Mapping) else None
    seen = [counts[key] for key in keys] if isinstance(counts, Mapping) and keys else list(counts)
    if isinstance(weights, Mapping):
        if keys is None or set(weights) != set(keys):
            raise AnalysisError(
                f"Weights are of {sorted(map(str, weights))}, counts of"
                f" {sorted(map(str, keys or range(len(seen))))}: give both for the same arms."
            )
        given = [weights[key] for key in keys]
    else:
        given = [1.0] * len(seen) if weights is None else list(weights)
    if len(seen) < 2 or len(given) != len(seen):
        raise AnalysisError(
            f"There are {len(seen)} counts and {len(given)} weights: two arms or more have one of"
            " each."
        )
    if any(int(count) != count or count < 0 for count in seen) or not all(w > 0 for w in given):
        raise AnalysisError(
            f"Counts are whole numbers from 0 and weights are over 0, but these are {seen} and"
            f" {given}."
        )
    return tuple(int(count) for count in seen), tuple(w / sum(given) for w in given)
