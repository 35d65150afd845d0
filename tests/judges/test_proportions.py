"""Intervals against published values, and their coverage."""

import math

import numpy as np
import pytest

from sim.judges.proportions import newcombe, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "published"), [(81, 263, (0.2553, 0.3662)), (0, 20, (0, 0.1611)), (1, 29, (0.0061, 0.1718))]
)
def test_wilson_gives_the_published_interval(successes: int, trials: int, published: tuple[float, float]) -> None:
    """Source: Newcombe (1998), Statistics in Medicine 17:857-872, Table I, method 3."""
    assert wilson(successes, trials) == pytest.approx(published, abs=6e-5)


@pytest.mark.parametrize(
    ("counts", "published"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_newcombe_gives_the_published_difference(
    counts: tuple[int, int, int, int], published: tuple[float, float]
) -> None:
    """Source: Newcombe (1998), Statistics in Medicine 17:873-890, Table II, method 10."""
    assert newcombe(*counts) == pytest.approx(published, abs=6e-5)


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
