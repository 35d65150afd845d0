"""Ranks against published values and SciPy's binomial."""

import math

import numpy as np
import pytest

from sim.judges.quantiles import quantile_interval, quantile_ranks


@pytest.mark.parametrize(
    ("count", "probability", "ranks"), [(1000, 0.99, (983, 997)), (10_000, 0.99, (9880, 9920)), (10, 0.5, (2, 9))]
)
def test_ranks_are_the_published_ones(count: int, probability: float, ranks: tuple[int, int]) -> None:
    low, high = quantile_ranks(count, probability)
    assert abs(low - ranks[0]) <= 1
    assert abs(high - ranks[1]) <= 1


@pytest.mark.parametrize("count", [1, 10, 299, 367, 368, 1000, 100_000])
@pytest.mark.parametrize("probability", [0.5, 0.99])
def test_the_interval_holds_its_confidence(count: int, probability: float) -> None:
    binom = pytest.importorskip("scipy.stats").binom(count, probability)
    low, high = quantile_ranks(count, probability)
    assert binom.cdf(low - 1) <= 0.025 < binom.cdf(low)
    assert binom.sf(high - 1) <= 0.025
    assert binom.sf(high - 2) > 0.025


def test_a_p99_has_an_upper_end_from_368_values_on() -> None:
    assert math.isnan(quantile_interval(np.arange(367.0), 0.99).high)
    assert quantile_interval(np.arange(368.0), 0.99).high == 367.0


def test_nothing_has_no_quantile() -> None:
    assert all(math.isnan(end) for end in quantile_interval(np.empty(0), 0.5))
