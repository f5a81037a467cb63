"""Distances between profiles: laws that hold for any, and what chance alone shows."""

from dataclasses import replace

import numpy as np
import pytest

from jupyter_lifecycle.envelope import Expectation, Field
from jupyter_lifecycle.envelope.expectations import expect
from jupyter_lifecycle.envelope.overlap import LIMIT, binned, cumulative, noise_floor, overlap


def profile(values):
    return expect(Field("a", "number"), np.asarray(values, dtype=float))


@pytest.mark.parametrize("draw", ["normal", "exponential", "lognormal"])
@pytest.mark.parametrize("rows", [300, 3_000, 60_000])
def test_samples_of_one_distribution_are_within_noise(draw, rows):
    rng = np.random.default_rng(7)
    sample = getattr(rng, draw)
    found = [overlap(profile(sample(size=rows)), profile(sample(size=rows))) for _ in range(20)]
    assert sum(one.verdict == "noise" for one in found) >= 16
    assert all(one.verdict in ("noise", "small") for one in found)


def test_a_shift_moves_and_a_small_one_is_small():
    rng = np.random.default_rng(7)
    base = profile(rng.normal(size=5_000))
    far = overlap(base, profile(rng.normal(2, 1, 5_000)))
    near = overlap(base, profile(rng.normal(0.4, 1, 5_000)))
    assert (far.verdict, near.verdict) == ("moved", "small")
    assert near.floor < near.bits < LIMIT < far.bits < 1


def test_equal_profiles_are_at_zero_and_disjoint_ones_far_apart():
    one = profile(np.arange(1_000.0))
    assert overlap(one, one).bits == pytest.approx(0, abs=1e-12)
    beyond = profile(np.arange(5_000.0, 6_000))
    assert overlap(one, beyond).bits > 0.8  # its last bin is open, so a twentieth is shared


def test_categories_by_their_shares_among_what_is_there():
    half = Expectation("o", 1_000, 0.0, categories=(("x", 0.5), ("y", 0.5)))
    nulls = Expectation("o", 1_000, 0.5, categories=(("x", 0.25), ("y", 0.25)))
    other = Expectation("o", 1_000, 0.0, categories=(("x", 0.95),), others=0.05)
    assert overlap(half, nulls) == replace(overlap(half, half), floor=overlap(half, nulls).floor)
    assert overlap(half, other).verdict == "moved"


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (Expectation("a", 100, 0.0, 0.0, 1.0, (0.5,), (50, 50)), None, "few"),
        (Expectation("t", 900, 0.0, "2026-01-01", "2026-02-01"), None, "none"),
        (
            Expectation("a", 900, 0.0, 0.0, 1.0, (0.5,), (450, 450)),
            Expectation("a", 900, 0.0, categories=(("x", 1.0),)),
            "none",
        ),
    ],
)
def test_what_is_not_compared(one, other, verdict):
    assert overlap(one, other or one).verdict == verdict


def test_shares_in_other_bins():
    one = Expectation("a", 100, 0.0, 0.0, 4.0, (1.0, 2.0, 3.0), (25, 25, 25, 25))
    assert [cumulative(one, x) for x in (-1, 0, 1, 1.5, 4, 9)] == [0, 0, 0.25, 0.375, 1, 1]
    assert binned(one, (2.0,)) == [0.5, 0.5]
    assert sum(binned(one, (-5.0, 0.1, 7.0))) == pytest.approx(1)


def test_the_floor_falls_with_the_rows():
    assert noise_floor(20, 100, 100) == pytest.approx(30.14 * 0.02 / (8 * np.log(2)), rel=0.01)
    assert noise_floor(20, 1e5, 1e5) < 0.001
    assert noise_floor(1, 100, 100) > 0
