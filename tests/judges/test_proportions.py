"""Intervals against published values, and their coverage."""

import math

import numpy as np
import pytest

from sim.judges.proportions import newcombe, wilson


def test_wilson_gives_newcombes_published_interval() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_newcombe_gives_the_published_difference() -> None:
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (1, 3), (5, 5000)])
def test_wilson_agrees_with_scipy(successes: int, trials: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    theirs = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson(successes, trials) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_an_interval_of_nothing_is_missing() -> None:
    assert all(math.isnan(end) for end in (*wilson(0, 0), *newcombe(0, 0, 3, 10)))


def test_arrays_are_judged_element_by_element() -> None:
    low, high = newcombe(np.array([56.0, 0.0]), np.array([70.0, 9.0]), 48, 80)
    assert (low[0], high[0]) == pytest.approx(newcombe(56, 70, 48, 80))
    assert (low[1], high[1]) == pytest.approx(newcombe(0, 9, 48, 80))


@pytest.mark.parametrize("shares", [(0.1, 0.1), (0.17, 0.24), (0.01, 0.02)])
def test_newcombe_covers_the_true_difference(shares: tuple[float, float]) -> None:
    """Band: the exact binomial 99.9 % quantiles of 20,000 draws around 93 % at the least: a false alarm in 1,000."""
    rng = np.random.Generator(np.random.Philox(1))
    first, other = rng.binomial(500, shares[0], 20_000), rng.binomial(500, shares[1], 20_000)
    low, high = newcombe(first, np.full(20_000, 500), other, np.full(20_000, 500))
    covered = np.mean((low <= shares[0] - shares[1]) & (shares[0] - shares[1] <= high))
    assert 0.924 < covered < 0.985
