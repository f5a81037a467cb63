"""Our distributions against SciPy's, to ten digits."""

from __future__ import annotations

import doctest
import math
from importlib import import_module

import pytest
import scipy.stats

from jupyter_lifecycle.experiments.distributions import (
    beta_part,
    chi2_sf,
    normal_cdf,
    normal_quantile,
    t_cdf,
    t_power,
    t_quantile,
    t_two_sided,
)

FREEDOMS = [1, 1.5, 2, 3.7, 10, 29.3, 99, 101, 1e3, 1e4, 9.9e5, 1.1e6, 1e7, 3e8]


@pytest.mark.parametrize("df", FREEDOMS)
@pytest.mark.parametrize("x", [-3.0, 0.01, 0.3, 1, 1.96, 3, 5, 8])
def test_students_tails(df: float, x: float) -> None:
    assert t_two_sided(x, df) == pytest.approx(2 * scipy.stats.t.sf(abs(x), df), rel=1e-10)
    assert t_cdf(x, df) == pytest.approx(scipy.stats.t.cdf(x, df), rel=1e-10)


@pytest.mark.parametrize("df", FREEDOMS)
@pytest.mark.parametrize("p", [1e-6, 0.0005, 0.025, 0.1, 0.3, 0.49, 0.6, 0.975, 0.9999])
def test_students_quantiles(df: float, p: float) -> None:
    assert t_quantile(p, df) == pytest.approx(scipy.stats.t.ppf(p, df), rel=1e-10)


@pytest.mark.parametrize("df", [1, 2, 3, 10, 99, 1000])
@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 1, 1.5, 2, 4])
def test_chi_squares_tail(df: int, part: float) -> None:
    assert chi2_sf(df * part, df) == pytest.approx(scipy.stats.chi2.sf(df * part, df), rel=1e-10)


@pytest.mark.parametrize("df", [1, 2, 5, 38, 200, 5000, 1e5, 2e6, 2e9])
@pytest.mark.parametrize("shift", [0.5, 2, 3.16, 6])
def test_the_noncentral_tails(df: float, shift: float) -> None:
    critical = scipy.stats.t.ppf(0.975, df)
    peer = scipy.stats.nct.sf(critical, df, shift) + scipy.stats.nct.cdf(-critical, df, shift)
    assert t_power(shift, df, critical) == pytest.approx(peer, abs=1e-7)


@pytest.mark.parametrize("x", [-8.0, -1.96, 0, 0.5, 3, 7])
def test_the_normal_one(x: float) -> None:
    assert normal_cdf(x) == pytest.approx(scipy.stats.norm.cdf(x), rel=1e-12)
    assert normal_quantile(normal_cdf(min(x, 3))) == pytest.approx(min(x, 3), rel=1e-10)


def test_the_ends() -> None:
    assert t_two_sided(math.inf, 5) == 0
    assert t_two_sided(0, 5) == 1
    assert t_two_sided(1.96, math.inf) == pytest.approx(2 * scipy.stats.norm.sf(1.96))
    assert t_quantile(0.5, 7) == 0
    assert t_quantile(0.025, math.inf) == pytest.approx(-1.959963984540054)
    assert t_quantile(0.975, math.inf) == pytest.approx(1.959963984540054)
    assert chi2_sf(0, 3) == 1
    assert (beta_part(2, 3, 0, 1), beta_part(2, 3, 1, 0)) == (0, 1)


@pytest.mark.parametrize(
    "name",
    ["assignment", "decisions", "effects", "frames", "planning", "sample_ratios"],
)
def test_the_examples_in_the_docstrings(name: str) -> None:
    found = doctest.testmod(import_module(f"jupyter_lifecycle.experiments.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
