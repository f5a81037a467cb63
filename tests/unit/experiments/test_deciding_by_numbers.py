"""Sample ratios, quantiles, several tests together, margins and plans.

Published numbers: the split of R. Kohavi, D. Tang and Y. Xu, Trustworthy Online Controlled
Experiments (2020), chapter 21; the examples of R's ``power.t.test`` and ``p.adjust``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments import (
    Moments,
    detectable,
    holm,
    holm_levels,
    non_inferior,
    power,
    quantile,
    sample_ratio,
    sample_size,
    welch,
)
from jupyter_lifecycle.experiments.sample_ratios import CONCENTRATION


def test_the_split_that_the_book_shows() -> None:
    found = sample_ratio([821_588, 815_482])
    assert found.p_value == pytest.approx(1.8e-6, abs=5e-8)
    assert found.broken
    assert found.expected == (818_535, 818_535)
    assert found.to_json()["broken"] is True


@pytest.mark.parametrize(
    ("counts", "weights"),
    [([105, 95], None), ([10, 20, 30], [1, 2, 3]), ([500, 300, 230], [0.5, 0.3, 0.2])],
)
def test_one_look_is_scipys_chi_square(counts: list[int], weights: Any) -> None:
    parts = np.array(weights or [1] * len(counts), dtype=float)
    peer = scipy.stats.chisquare(counts, parts / parts.sum() * sum(counts))
    assert sample_ratio(counts, weights).p_value == pytest.approx(peer.pvalue)


def test_arms_are_found_by_their_names() -> None:
    found = sample_ratio({"A": 300, "B": 100}, {"B": 0.25, "A": 0.75})
    assert (found.counts, found.expected, found.p_value) == ((300, 100), (300, 100), 1)


def test_all_looks_is_the_bayes_factor_of_its_paper() -> None:
    counts, prior = np.array([5_300, 4_700]), np.array([0.5, 0.5]) * CONCENTRATION
    model = scipy.stats.dirichlet_multinomial(prior, 10_000).logpmf(counts)
    null = scipy.stats.multinomial(10_000, [0.5, 0.5]).logpmf(counts)
    found = sample_ratio([5_300, 4_700], all_looks=True)
    assert found.p_value == pytest.approx(np.exp(null - model), rel=1e-6)
    assert found.method == "all looks"
    assert sample_ratio([5_000, 5_000], all_looks=True).p_value == 1


def test_nobody_yet_is_no_broken_split() -> None:
    for all_looks in (True, False):
        assert not sample_ratio([0, 0], all_looks=all_looks).broken


@pytest.mark.parametrize(
    ("counts", "weights", "said"),
    [
        ([5], None, "1 counts and 1 weights"),
        ([5, 5], [1], "2 counts and 1 weights"),
        ([5, -1], None, "whole numbers from 0"),
        ([5, 1.5], None, "whole numbers from 0"),
        ([5, 5], [1, 0], "weights are over 0"),
        ({"A": 5, "B": 5}, {"A": 1, "C": 1}, "give both for the same arms"),
        ([5, 5], {"A": 1, "B": 1}, "give both for the same arms"),
    ],
)
def test_counts_that_are_none_are_refused(counts: Any, weights: Any, said: str) -> None:
    with pytest.raises(AnalysisError, match=said):
        sample_ratio(counts, weights)


def test_a_quantiles_error_is_that_of_its_density() -> None:
    rng = np.random.default_rng(5)
    one, two = rng.normal(10, 2, 200_000), rng.normal(10.1, 2, 200_000)
    found = quantile(one, two, 0.9)
    density = scipy.stats.norm(0, 2).pdf(scipy.stats.norm(0, 2).ppf(0.9))
    exact = np.sqrt(0.09 / 200_000) / density * np.sqrt(2)
    assert found.standard_error == pytest.approx(exact, rel=0.1)
    assert found.control == np.quantile(one, 0.9)
    assert found.treatment == np.quantile(two, 0.9)
    assert abs(found.estimate - 0.1) < 3 * found.standard_error
    assert found.method == "0.9 quantile"
    assert found.relative_estimate == pytest.approx(found.treatment / found.control - 1)


def test_a_quantiles_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(400):
        low, high = quantile(rng.exponential(size=500), rng.exponential(size=500), 0.8).interval
        hits += low < 0 < high
    assert 0.92 <= hits / 400 <= 0.98


def test_a_quantile_of_zero_has_no_relative_effect() -> None:
    assert np.isnan(quantile(np.zeros(100), np.ones(100), 0.5).relative_estimate)


@pytest.mark.parametrize(
    ("n", "q", "said"),
    [(20, 0.95, "20 units: too few for the 0.95"), (100, 0, "q is 0"), (100, 1.0, "q is 1.0")],
)
def test_quantiles_that_cannot_be_found_are_refused(n: int, q: float, said: str) -> None:
    with pytest.raises(AnalysisError, match=said):
        quantile(np.arange(n), np.arange(n), q)


@pytest.mark.parametrize(
    ("given", "adjusted"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),  # R's p.adjust
        ([0.9, 0.8], [1, 1]),
        ([], []),
    ],
)
def test_holm(given: list[float], adjusted: list[float]) -> None:
    assert holm(given) == pytest.approx(adjusted)


@pytest.mark.parametrize(
    ("given", "levels"),
    [
        ([0.01, 0.04, 0.03], [0.05 / 3, 0.025, 0.025]),
        ([0.001, 0.02, 0.04], [0.05 / 3, 0.025, 0.05]),
        ([0.03, 0.03], [0.025, 0.025]),
    ],
)
def test_holms_levels_reject_what_holm_rejects(given: list[float], levels: list[float]) -> None:
    assert holm_levels(given, 0.05) == pytest.approx(levels)
    rejected = [p <= level for p, level in zip(given, levels, strict=True)]
    assert rejected == [p <= 0.05 for p in holm(given)]


@pytest.mark.parametrize("check", [holm, lambda given: holm_levels(given, 0.05)])
def test_what_is_no_p_value_is_refused(check: Any) -> None:
    with pytest.raises(AnalysisError, match=r"1\.2 is no p-value"):
        check([0.1, 1.2])


@pytest.mark.parametrize(
    ("shift", "better", "margin", "verdict"),
    [
        (0.0, "higher", 0.2, "holds"),
        (-0.19, "higher", 0.2, "not enough data"),
        (-0.4, "higher", 0.2, "broken"),
        (0.4, "lower", 0.2, "broken"),
        (0.4, "higher", 0.0, "holds"),
        (-0.4, "lower", 0.0, "holds"),
        (0.0, "lower", 0.0, "not enough data"),
    ],
)
def test_margins(shift: float, better: Any, margin: float, verdict: str) -> None:
    effect = welch(Moments(1_000, 1, 1), Moments(1_000, 1 + shift, 1))
    assert non_inferior(effect, margin, better) == verdict


def test_a_margin_under_zero_is_refused() -> None:
    with pytest.raises(AnalysisError, match="margin is -1"):
        non_inferior(welch([1, 2], [1, 2]), -1)


def test_power_as_r_prints_it() -> None:
    assert power(1, 1, 20) == pytest.approx(0.8689528, abs=5e-7)  # R leaves out the far tail
    assert sample_size(1, 1, power=0.9) == 45  # n = 22.02110 of each arm
    assert detectable(2 * 22.02110, 1, power=0.9) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("is_sequential", [False, True])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_plans_agree_with_each_other(is_sequential: bool, share: float) -> None:
    n = sample_size(0.02, 0.4, share=share, sequential=is_sequential)
    arms = (n * (1 - share), n * share)
    assert power(0.02, 0.4, *arms, sequential=is_sequential) == pytest.approx(0.8, abs=1e-3)
    assert detectable(n, 0.4, share=share, sequential=is_sequential) == pytest.approx(
        0.02, rel=1e-3
    )


@pytest.mark.parametrize("effect", [0.3, 1, 3, 10])
@pytest.mark.parametrize("is_sequential", [False, True])
def test_the_plan_is_the_fewest_units(effect: float, is_sequential: bool) -> None:
    n = sample_size(effect, 1, sequential=is_sequential)
    assert power(effect, 1, n / 2, sequential=is_sequential) >= 0.8
    if n > 4:
        assert power(effect, 1, (n - 1) / 2, sequential=is_sequential) < 0.8
        assert detectable(n, 1, sequential=is_sequential) <= effect


def test_looking_every_day_costs_units() -> None:
    assert 1.5 < sample_size(0.02, 0.4, sequential=True) / sample_size(0.02, 0.4) < 2.1


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: power(1, 0, 20), "sd"),
        (lambda: power(1, 1, 1), "n"),
        (lambda: sample_size(0, 1), "effect"),
        (lambda: sample_size(1, 1, power=1), "rest"),
        (lambda: sample_size(1, 1, share=0), "share"),
        (lambda: detectable(2, 1), "n"),
        (lambda: detectable(20, -1), "sd"),
    ],
)
def test_plans_that_cannot_be_are_refused(call: Any, field: str) -> None:
    with pytest.raises(AnalysisError, match=f"{field} is") as refusal:
        call()
    assert refusal.value.detail["field"] == field
