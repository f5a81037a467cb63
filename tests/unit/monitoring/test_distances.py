"""Distances, held against numbers that others published, to 1e-5.

Sources of the tables:

- TFDV: TensorFlow Data Validation, ``anomalies/metrics_test.cc`` (github.com/tensorflow/data-validation).
- scipy: the examples in the documentation of ``scipy.spatial.distance.jensenshannon``,
  ``scipy.stats.chi2_contingency``, ``scipy.stats.wasserstein_distance``.
- NIST: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4, critical values of chi-squared.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.errors import DistanceError
from jupyter_lifecycle.monitoring import (
    Histogram,
    chi_square,
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    l_infinity,
    normalized_abs_difference,
    psi,
    wasserstein,
)
from jupyter_lifecycle.monitoring.chi_squared import quantile, survival

ALL = [jensen_shannon, l_infinity, normalized_abs_difference, psi, hellinger]
near = pytest.approx
TOLERANCE = {"abs": 1e-5}


TFDV = {
    "same statistics": (
        Histogram([1.0, 2.3333333, 3.6666667, 5.0], [2.9866667, 1.0066667, 2.0066667]),
        Histogram([1.0, 2.3333333, 3.6666667, 5.0], [2.9866667, 1.0066667, 2.0066667]),
        0.0,
    ),
    "different bucket boundaries": (
        Histogram([1, 2, 3], [2, 2]),
        Histogram([2, 4, 6], [2, 2]),
        0.65563906222,
    ),
    "no overlap": (Histogram([0, 1, 2], [2, 2]), Histogram([3, 4, 6], [2, 2]), 1.0),
    "one has all values in one bucket": (
        Histogram([1, 1], [4]),
        Histogram([2, 4, 6], [2, 2]),
        1.0,
    ),
    "both have all values in one bucket": (Histogram([1, 1], [4]), Histogram([2, 2], [4]), 1.0),
    "one has one bucket the other has many": (
        Histogram([10, 10], [21]),
        Histogram([0, 4, 12, 20], [150, 200, 20]),
        1.0,
    ),
    "with NaNs": (
        Histogram([1, 2], [3], {"nan": 1}),
        Histogram([1, 2], [4]),
        0.13792538096,
    ),
    "rank histogram": (
        {"b": 2.0, "a": 2.0, "c": 1.0},
        {"a": 2.0, "Z": 1.0, "Y": 1.0, "X": 1.0},
        0.6,
    ),
    "multiple point bins, partial overlap": (
        Histogram([], [], {0.0: 1, 1.0: 1}),
        Histogram([], [], {0.0: 1, 2.0: 1}),
        0.5,
    ),
    "mix of point and non-point boundaries": (
        Histogram([1, 2], [1], {0.0: 1}),
        Histogram([], [], {1.0: 1, 2.0: 1}),
        1.0,
    ),
}


@pytest.mark.parametrize(("p", "q", "expected"), TFDV.values(), ids=TFDV)
def test_jensen_shannon_is_what_tfdv_publishes(p, q, expected):
    assert jensen_shannon(p, q) == near(expected, **TOLERANCE)
    assert jensen_shannon(q, p) == near(expected, **TOLERANCE)


@pytest.mark.parametrize(
    "same",
    [Histogram([], [], {"nan": 1}), Histogram([-math.inf, 0.0], [1.0], {"inf": 1})],
    ids=["NaN", "open bins"],
)
def test_a_steady_share_of_nan_is_no_move_where_tfdv_says_1(same):
    assert jensen_shannon(same, same) == 0.0


TFDV_L_INFINITY = [
    ({}, {}, 0.0),
    ({"hello": 0.1, "world": 0.9}, {"hello": 0.3, "world": 0.7}, 0.2),
    ({"b": 0.9, "c": 0.1}, {"a": 0.3, "b": 0.7}, 0.3),
    ({"a": 0.3, "b": 0.7}, {"b": 0.9, "c": 0.1}, 0.3),
]


@pytest.mark.parametrize(("p", "q", "expected"), TFDV_L_INFINITY)
def test_l_infinity_is_what_tfdv_publishes(p, q, expected):
    assert l_infinity(p, q) == near(expected, **TOLERANCE)


TFDV_NORMALIZED = [
    ({}, {}, 0.0),
    ({"hello": 0.1, "world": 0.9}, {"hello": 0.3, "world": 0.7}, 0.1),
    ({"hello": 1.0, "world": 5.0}, {"hello": 10.0, "world": 50.0}, 0.68181818),
]


@pytest.mark.parametrize(("p", "q", "expected"), TFDV_NORMALIZED)
def test_normalized_abs_difference_is_what_tfdv_publishes(p, q, expected):
    assert normalized_abs_difference(p, q) == near(expected, **TOLERANCE)


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], 1.0),
        ([1.0, 0.0], [0.5, 0.5], 0.46450140402245893**2 / math.log(2)),
        ([1.0, 0.0, 0.0], [1.0, 0.0, 0.0], 0.0),
    ],
)
def test_jensen_shannon_is_the_square_of_scipys_distance(p, q, expected):
    assert jensen_shannon(p, q) == near(expected, **TOLERANCE)


def test_chi_square_is_what_scipy_publishes():
    found = chi_square([10, 10, 20], [20, 20, 20])
    assert found.statistic == near(2.7777777777777777, **TOLERANCE)
    assert found.dof == 2
    assert found.p_value == near(0.24935220877729619, **TOLERANCE)


NIST = [
    (1, 0.05, 3.841),
    (1, 0.01, 6.635),
    (10, 0.05, 18.307),
    (10, 0.001, 29.588),
    (100, 0.05, 124.342),
]


@pytest.mark.parametrize(("dof", "tail", "value"), NIST)
def test_the_tail_is_that_of_nists_table(dof, tail, value):
    assert quantile(dof, tail) == near(value, abs=5e-4)
    assert survival(value, dof) == near(tail, rel=2e-3)


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        ([0, 1, 3], [5, 6, 8], 5.0),
        ({0: 3, 1: 1}, {0: 2, 1: 2}, 0.25),
        (
            {3.4: 1.4, 3.9: 0.9, 7.5: 3.1, 7.8: 7.2},
            {4.5: 3.2, 1.4: 3.5},
            4.0781331438047861,
        ),
    ],
)
def test_wasserstein_is_what_scipy_publishes(p, q, expected):
    assert wasserstein(p, q) == near(expected, **TOLERANCE)


def test_against_scipy_itself():
    scipy = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(3)
    one, other = random.normal(size=80), random.normal(0.4, 2, size=55).round(1)
    assert kolmogorov_smirnov(one, other) == near(scipy.ks_2samp(one, other).statistic)
    assert wasserstein(one, other) == near(scipy.wasserstein_distance(one, other))
    for dof, value in product([1, 2, 7, 30, 999], [0.01, 1.0, 9.0, 80.0, 1100.0]):
        assert survival(value, dof) == near(scipy.chi2.sf(value, dof), rel=1e-9, abs=1e-300)


def test_psi_by_hand():
    # (0.3 − 0.2) ln(0.3/0.2) + (0.7 − 0.8) ln(0.7/0.8)
    expected = 0.1 * math.log(1.5) - 0.1 * math.log(0.875)
    assert psi({"a": 20, "b": 80}, {"a": 30, "b": 70}) == near(expected)


def test_psi_of_what_one_side_lacks():
    by_default = (0.5 - 1e-4) * math.log(0.5 / 1e-4) + 0.5 * math.log(2)
    assert psi({"a": 1}, {"a": 1, "b": 1}) == near(by_default)
    assert psi({"a": 1}, {"a": 1, "b": 1}, no_share=0) == math.inf


def test_hellinger_by_hand():
    assert hellinger([1, 0], [0, 1]) == 1.0
    assert hellinger([1, 1], [1, 0]) == near(math.sqrt(1 - math.sqrt(0.5)))


def test_kolmogorov_smirnov_of_histograms():
    assert kolmogorov_smirnov(Histogram([0, 1], [1]), Histogram([0.5, 1.5], [1])) == near(0.5)
    assert kolmogorov_smirnov(Histogram([0, 1], [1], {0.0: 1}), Histogram([0, 1], [1])) == near(0.5)
    one, other = Histogram([0, 1], [1, 2, 1]), Histogram([0, 1], [2, 2, 0])
    assert kolmogorov_smirnov(one, other) == near(0.25)
    assert kolmogorov_smirnov(Histogram([], [8]), Histogram([], [3])) == 0.0


def test_missing_values_have_no_place_on_the_line():
    one, other = Histogram([0, 1], [1], {"missing": 9}), Histogram([0, 1], [1], {"nan": 3})
    assert kolmogorov_smirnov(one, other) == 0.0
    assert wasserstein(one, other) == 0.0


def test_infinite_values_stand_at_the_ends():
    one, other = Histogram([0, 1], [1], {"inf": 1}), Histogram([0, 1], [1], {"-inf": 1})
    assert kolmogorov_smirnov(one, other) == near(0.5)
    assert wasserstein(one, other) == near(0.5)


def test_wasserstein_crosses_within_a_bin():
    # uniform on [0, 1] against one half at each end
    assert wasserstein(Histogram([0, 1], [1]), Histogram([], [], {0.0: 1, 1.0: 1})) == near(0.25)


def test_open_bins_keep_their_mass_outside_of_what_is_bounded():
    # below −5 lies all of the first side's open bin, as a uniform mass would when it widens
    one, other = Histogram([0, 1], [5, 5, 0]), Histogram([-5, 0, 1], [0, 5, 5, 0])
    assert jensen_shannon(one, other) == near(0.5)
    whole, halves = Histogram([], [4]), Histogram([0], [2, 2])
    assert jensen_shannon(whole, halves) == 0.0


def test_cells_that_expect_few_are_pooled_by_both_samples_together():
    p = {"a": 500, "b": 490, **{f"rare {n}": 1 for n in range(10)}}
    q = {"a": 505, "b": 480, **{f"odd {n}": 1 for n in range(15)}}
    # the 25 rare ones expect half a value each: one pool of 10 and 15
    expected = chi_square([500, 490, 10], [505, 480, 15], expected=0)
    assert chi_square(p, q) == near(expected)
    assert chi_square(p, q).dof == 2
    assert chi_square(p, q, expected=0).dof == 26


def test_a_pool_that_is_too_small_takes_the_rarest_cell_in():
    assert chi_square([100, 50, 1], [100, 50, 2]).dof == 1
    assert chi_square([3], [4]) == (0.0, 0, 1.0)
    assert chi_square({}, {}) == (0.0, 0, 1.0)


@pytest.mark.parametrize("distance", [*ALL, chi_square], ids=lambda one: one.__name__)
@pytest.mark.parametrize(
    ("p", "q", "words"),
    [
        ({"a": 1}, {}, "second distribution is empty"),
        ({"a": 0}, {"a": 1}, "first distribution is empty"),
        (Histogram([0, 1], [0]), Histogram([0, 1], [0]), "first distribution is empty"),
        ([], [], "first distribution is empty"),
        ({"a": 1}, Histogram([0, 1], [1]), "have no distance"),
        ({"a": 1}, [1], "have no distance"),
        ([1, 2], [1], "2 cells and 1 cells"),
        ([1, -1], [1, 1], "not negative; one is -1.0"),
        ({"a": math.nan}, {"a": 1}, "one is nan"),
    ],
)
def test_what_has_no_distance_is_an_error(distance, p, q, words):
    with pytest.raises(DistanceError, match=words):
        distance(p, q)


@pytest.mark.parametrize("distance", ALL, ids=lambda one: one.__name__)
def test_two_empty_mappings_are_at_distance_0(distance):
    assert distance({}, {}) == distance({"a": 0}, {"b": 0}) == 0.0


@pytest.mark.parametrize(
    "distance", [kolmogorov_smirnov, wasserstein], ids=lambda one: one.__name__
)
def test_what_has_no_place_on_a_line_is_an_error(distance):
    with pytest.raises(DistanceError, match="'a' has no place on the line"):
        distance({"a": 1}, {"b": 1})
    with pytest.raises(DistanceError, match="without any number"):
        distance(Histogram([0, 1], [0], {"missing": 4}), [1.0])
    with pytest.raises(DistanceError, match="without any number"):
        distance([], [1.0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0, 1], [1, 2]), "2 edges has 1 bins, or 3 where the outer ones are open; got 2"),
        (([1, 0], [1]), "edges rise"),
        (([0, math.nan], [1]), "edges rise"),
        (([0, 1], [-1]), "not negative: -1.0"),
        (([0, 1], [1], {"missing": math.inf}), "not negative: inf"),
    ],
)
def test_what_is_no_histogram_is_refused(arguments, words):
    with pytest.raises(DistanceError, match=words):
        Histogram(*arguments)


def test_atoms_may_be_written_as_what_they_are():
    one = Histogram([], [], {None: 1, math.nan: 2, math.inf: 3, -math.inf: 4, 5: 6})
    assert one.atoms == {"missing": 1, "nan": 2, "inf": 3, "-inf": 4, 5.0: 6}
    assert one.total == 16


counts = st.lists(st.integers(0, 1000), min_size=3, max_size=3).filter(any)


@settings(deadline=None, max_examples=60)
@given(counts, counts)
def test_bounds_and_symmetry(p, q):
    for distance in (jensen_shannon, l_infinity, hellinger, normalized_abs_difference):
        assert 0.0 <= distance(p, q) <= 1.0
        assert distance(p, q) == near(distance(q, p))
        assert distance(p, p) == 0.0
    assert psi(p, q) == near(psi(q, p))
    assert 0.0 <= chi_square(p, q).p_value <= 1.0


@settings(deadline=None, max_examples=60)
@given(counts, counts)
def test_cutting_bins_changes_nothing(p, q):
    edges = [0.0, 1.0, 4.0, 5.0]
    one, other = Histogram(edges, p), Histogram(edges, q)
    cut = Histogram([0.0, 1.0, 2.0, 4.0, 5.0], [p[0], p[1] / 3, p[1] * 2 / 3, p[2]])
    assert jensen_shannon(cut, other) == near(jensen_shannon(one, other), abs=1e-9)
    assert kolmogorov_smirnov(cut, other) == near(kolmogorov_smirnov(one, other), abs=1e-9)
    assert wasserstein(cut, other) == near(wasserstein(one, other), abs=1e-9)
