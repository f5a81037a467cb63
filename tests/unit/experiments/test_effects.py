"""Tests of means and ratios, held against numbers that others published.

- R: the output of ``example(t.test)`` in the documentation of R's ``stats::t.test`` (sleep data).
- gbstats: GrowthBook's packages/stats/tests/frequentist/test_tests.py (MIT), five decimals.
- tea-tasting: docs/user-guide.md of version 1.14 (MIT), on its own ``make_users_data(rng=42)``;
  further digits by running it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats

from jupyter_lifecycle.errors import AnalysisError
from jupyter_lifecycle.experiments import (
    Moments,
    always_valid,
    cuped,
    moments,
    ratio,
    sequential,
    welch,
)
from jupyter_lifecycle.experiments.effects import at_level, theta

SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def of_sums(total: float, squares: float, n: int) -> Moments:
    return Moments(n, total / n, (squares - total**2 / n) / (n - 1))


def proportion(hits: int, n: int) -> Moments:
    return Moments(n, hits / n, hits / n * (1 - hits / n))


B = of_sums(2422.7, 134698.29, 3461)
A = of_sums(1396.87, 52377.9767, 3407)
A_3000 = of_sums(1396.87, 52377.9767, 3000)


def test_welch_as_r_prints_it() -> None:
    found = welch(SLEEP_1, SLEEP_2)
    assert found.estimate == pytest.approx(2.33 - 0.75)
    assert found.interval == pytest.approx((-0.2054832, 3.3654832), abs=5e-8)
    assert found.p_value == pytest.approx(0.07939, abs=5e-6)
    assert found.df == pytest.approx(17.776, abs=5e-4)
    assert (found.n_control, found.n_treatment, found.method) == (10, 10, "Welch")
    assert (found.control, found.treatment) == pytest.approx((0.75, 2.33))


def test_welch_as_gbstats_tests_it() -> None:
    found = welch(A, B)
    assert found.interval == pytest.approx((0.04538, 0.53462), abs=5e-6)
    assert found.standard_error == pytest.approx(0.12478, abs=5e-6)
    assert found.p_value == pytest.approx(0.02016, abs=5e-6)
    assert found.relative_estimate == pytest.approx(0.70732, abs=5e-6)
    assert found.relative_interval == pytest.approx((-0.03526, 1.44989), abs=5e-6)
    assert found.relative_standard_error == pytest.approx(0.37879, abs=5e-6)


def test_proportions_as_gbstats_tests_them() -> None:
    found = welch(proportion(14, 28), proportion(16, 30))
    assert found.relative_estimate == pytest.approx(0.06667, abs=5e-6)
    assert found.relative_interval == pytest.approx((-0.47767, 0.61101), abs=5e-6)


@pytest.mark.parametrize(
    ("control", "treatment", "expected_n", "estimate", "interval", "error"),
    [
        (A_3000, B, 1000, 0.50336, (-0.55844, 1.56516), 0.33341),
        (
            proportion(1396, 3000),
            proportion(2422, 3461),
            5000,
            0.50386,
            (0.40098, 0.60675),
            0.03386,
        ),
    ],
)
def test_sequential_as_gbstats_tests_it(
    control: Moments,
    treatment: Moments,
    expected_n: float,
    estimate: float,
    interval: Any,
    error: float,
) -> None:
    found = sequential(control, treatment, expected_n=expected_n)
    assert found.relative_estimate == pytest.approx(estimate, abs=5e-6)
    assert found.relative_interval == pytest.approx(interval, abs=5e-6)
    assert found.relative_standard_error == pytest.approx(error, abs=5e-6)


# tea-tasting's users: orders with orders_covariate, orders with sessions, revenue with its covariate
ORDERS = (
    Moments(2023, 0.5304003954522986, 0.7437588405933154, 0.5388037567968363, 1.0547497057821207, 0.5503776305425305),
    Moments(1977, 0.5730905412240769, 0.7447815874459115, 0.5088517956499747, 0.9453922538340717, 0.49315329733227586),
)  # fmt: skip
PER_SESSION = (
    Moments(2023, 0.5304003954522986, 0.7437588405933154, 1.9960454770143352, 1.0078973114817582, 0.2503675584389811),
    Moments(1977, 0.5730905412240769, 0.7447815874459115, 1.982802225594335, 0.974400443152939, 0.24467868340162915),
)  # fmt: skip
REVENUE = (
    Moments(2023, 5.241028175976273, 93.060287567455, 5.278512110726644, 172.65817122722714, 67.9744027669683),
    Moments(1977, 5.730111279716743, 107.8525933074486, 4.7202630247850275, 121.77507766357648, 59.99167461646493),
)  # fmt: skip


@pytest.mark.parametrize(
    ("test", "arms", "control", "treatment", "interval", "p_value", "published"),
    [
        (welch, ORDERS, 0.5304003954522986, 0.5730905412240769, (-0.010800201598205522, 0.09618049314176216), 0.11773177998716207, (0.530, 0.573, 0.118)),
        (cuped, ORDERS, 0.5226833010781681, 0.5809871936868316, (0.015696510168618664, 0.1009112750487084), 0.007330409808687461, (0.523, 0.581, 0.00733)),
        (ratio, PER_SESSION, 0.2657256067360079, 0.28903061224489796, (-0.0024594336679094504, 0.04906944468568951), 0.07623759978168303, (0.266, 0.289, 0.0762)),
        (cuped, REVENUE, 5.121453608942883, 5.852468057212222, (0.20228702469056814, 1.25974187184811), 0.0067439292812049734, (5.12, 5.85, 0.00674)),
    ],
    ids=["mean", "CUPED, orders", "ratio", "CUPED, revenue"],
)  # fmt: skip
def test_as_tea_tasting_publishes_it(
    test: Any, arms: Any, control: float, treatment: float, interval: Any, p_value: float, published: Any
) -> None:  # fmt: skip
    found = test(*arms)
    assert (found.control, found.treatment) == pytest.approx((control, treatment), rel=1e-9)
    assert found.interval == pytest.approx(interval, rel=1e-9)
    assert found.p_value == pytest.approx(p_value, rel=1e-9)
    assert [float(f"{x:.3g}") for x in (found.control, found.treatment, found.p_value)] == list(
        published
    )


RNG = np.random.default_rng(11)
Y_A, Y_B = RNG.gamma(2, 3, 400), RNG.gamma(2, 3.3, 500)
X_A, X_B = Y_A * 0.6 + RNG.normal(size=400), Y_B * 0.6 + RNG.normal(size=500)


def test_welch_is_scipys() -> None:
    found = welch(Y_A, Y_B, alpha=0.1)
    peer = scipy.stats.ttest_ind(Y_B, Y_A, equal_var=False)
    low, high = peer.confidence_interval(0.9)
    assert found.p_value == pytest.approx(peer.pvalue, rel=1e-10)
    assert found.interval == pytest.approx((low, high), rel=1e-10)
    assert found.df == pytest.approx(peer.df)
    assert found.alpha == 0.1


def test_cuped_is_welch_of_adjusted_values_with_the_slope_of_all_units() -> None:
    y, x = np.concatenate([Y_A, Y_B]), np.concatenate([X_A, X_B])
    slope = np.cov(y, x)[0, 1] / x.var(ddof=1)
    plain = welch(Y_A - slope * (X_A - x.mean()), Y_B - slope * (X_B - x.mean()))
    found = cuped(Y_A, Y_B, X_A, X_B)
    assert theta(moments(Y_A, X_A), moments(Y_B, X_B)) == pytest.approx(slope)
    assert found.interval == pytest.approx(plain.interval)
    assert found.p_value == pytest.approx(plain.p_value)
    assert found.relative_interval == pytest.approx(plain.relative_interval)
    assert found.standard_error < 0.5 * welch(Y_A, Y_B).standard_error
    assert found.method == "CUPED, Welch"


def test_a_covariate_that_is_constant_changes_nothing() -> None:
    found = cuped(Y_A, Y_B, np.ones(400), np.ones(500))
    assert found.interval == welch(Y_A, Y_B).interval


def test_ratio_is_welch_of_linearised_values() -> None:
    parts = []
    for y, x in ((Y_A, X_A), (Y_B, X_B)):
        r = y.mean() / x.mean()
        parts.append(r + (y - r * x) / x.mean())
    plain, found = welch(*parts), ratio(Y_A, Y_B, X_A, X_B)
    assert found.interval == pytest.approx(plain.interval)
    assert found.method == "delta method"


def test_moments_are_those_of_the_arrays() -> None:
    found = moments(Y_A, X_A)
    assert moments({"n": 400, "mean": found.mean, "variance": found.variance}).n == 400
    assert welch(found, moments(Y_B)) == welch(Y_A, Y_B)
    assert cuped(found, moments(Y_B, X_B)) == cuped(Y_A, Y_B, X_A, X_B)
    assert found.covariance == pytest.approx(np.cov(Y_A, X_A)[0, 1])
    assert cuped((Y_A, X_A), (Y_B, X_B)) == cuped(Y_A, Y_B, X_A, X_B)


def test_sequential_is_the_formula_of_the_paper() -> None:
    fixed, found = welch(Y_A, Y_B), sequential(Y_A, Y_B, alpha=0.05, expected_n=2_000)
    rho2 = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / 2_000
    t, s2 = 900, fixed.standard_error**2 * 900
    half = math.sqrt(s2) * math.sqrt(
        2 * (t * rho2 + 1) / (t**2 * rho2) * math.log(math.sqrt(t * rho2 + 1) / 0.05)
    )
    assert found.interval == pytest.approx((fixed.estimate - half, fixed.estimate + half))
    assert found.method == "Welch, sequential"


@pytest.mark.parametrize("scale", [0.5, 1, 2, 8])
def test_the_sequential_p_value_is_where_its_interval_meets_zero(scale: float) -> None:
    fixed = welch(Moments(500, 0, 1), Moments(500, 0.1 * scale, 1))
    found = always_valid(fixed, 1_500, 0.05)
    growth = 1_000 * (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / 1_500
    p = found.p_value
    if p == 1:
        assert found.interval[0] < 0
        return
    half = fixed.standard_error * math.sqrt(
        2 * (growth + 1) / growth * math.log(math.sqrt(growth + 1) / p)
    )
    assert half == pytest.approx(fixed.estimate)
    assert (found.p_value < 0.05) == (found.interval[0] > 0)


def test_sequential_with_covariates_adjusts_first() -> None:
    adjusted, found = cuped(Y_A, Y_B, X_A, X_B), sequential(Y_A, Y_B, X_A, X_B, expected_n=900)
    assert found.estimate == adjusted.estimate
    assert found.method == "CUPED, Welch, sequential"
    assert found.interval[0] < adjusted.interval[0]
    assert found == sequential(moments(Y_A, X_A), moments(Y_B, X_B), expected_n=900)
    assert found == sequential(Y_A, Y_B, X_A, X_B)  # one look: tuned to what is there


def test_another_level_is_the_same_test() -> None:
    assert at_level(welch(Y_A, Y_B), 0.01) == welch(Y_A, Y_B, 0.01)


def test_where_nothing_varies() -> None:
    same, other = welch([1, 1, 1], [1, 1]), sequential([1, 1, 1], [2, 2], expected_n=5)
    assert (same.p_value, same.interval) == (1, (0, 0))
    assert (other.p_value, other.interval, other.relative_estimate) == (0, (1, 1), 1)


def test_a_control_of_zero_has_no_relative_effect() -> None:
    found = welch([-1, 1], [1, 2])
    assert math.isnan(found.relative_estimate)
    sent = found.to_json()
    assert sent["relative_estimate"] is None
    assert sent["relative_interval"] == [None, None]
    assert sent["estimate"] == 1.5


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: welch([1], [1, 2]), "has 1 unit: a variance needs two"),
        (lambda: welch([], [1, 2]), "has 0 units"),
        (lambda: welch([1, float("nan")], [1, 2]), "Value 1 of an arm is nan; 1 of 2 are not"),
        (lambda: welch([[1, 2]], [1, 2]), r"of shape \(1, 2\)"),
        (lambda: welch(["a", "b"], [1, 2]), "must be numbers"),
        (lambda: welch([1, 2], [1, 2], alpha=0), "alpha is 0"),
        (lambda: welch([1, 2], [1, 2], alpha=1.5), "alpha is 1.5"),
        (lambda: cuped([1, 2], [1, 2], [1, 2], [1]), "2 values and 1 second ones"),
        (lambda: cuped([1], [1, 2], [1], [1, 2]), "has 1 unit"),
        (lambda: cuped([1, 2], [1, 2]), "A covariate or a denominator is needed"),
        (lambda: ratio([1, 2], [1, 2]), "A covariate or a denominator is needed"),
        (lambda: ratio([1, 2], [1, 2], [0, 0], [1, 1]), "denominator has mean 0"),
        (lambda: welch({"n": 3, "meen": 1}, [1, 2]), "given were n, meen"),
        (lambda: cuped(Moments(3, 1, 1), [1, 2], [1, 2, 3], [1, 2]), "give no array of it"),
        (lambda: Moments(3, 1, 1, other_mean=2), "give all three"),
        (lambda: Moments(3, math.nan, 1), "must be finite"),
        (lambda: Moments(3, 1, -1), "cannot be under zero"),
        (lambda: Moments(3, 1, 1, 1, -1, 0), "cannot be under zero"),
        (lambda: sequential([1, 2], [1, 2], expected_n=0), "expected_n is 0"),
    ],
)
def test_what_cannot_be_tested_is_refused(call: Any, said: str) -> None:
    with pytest.raises(AnalysisError, match=said):
        call()
