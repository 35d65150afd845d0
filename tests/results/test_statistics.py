from __future__ import annotations

import math
from statistics import variance

import pytest

from sim.statistics import over_replications, paired_difference, t_interval, t_quantile, word_counts

BANK = [1.53, 1.66, 1.24, 2.34, 2.00, 1.69, 2.69, 2.86, 1.70, 2.60]
"""Ten days of Law's bank, average delays. Source: Law, Simulation Modeling and Analysis, section 9.4.1."""
TEN = [129.35, 127.11, 124.03, 122.13, 120.44, 118.39, 130.17, 129.77, 125.52, 133.75]
"""Ten outputs with their published mean, variance and 95 % half-width."""


def test_the_bank_has_its_published_interval() -> None:
    mean, low, high = t_interval(BANK, 0.90)
    assert (round(mean, 2), round(variance(BANK), 2), round((high - low) / 2, 2)) == (2.03, 0.31, 0.32)


def test_ten_outputs_have_their_published_interval() -> None:
    mean, low, high = t_interval(TEN)
    assert mean == pytest.approx(126.07, abs=0.006)
    assert variance(TEN) == pytest.approx(23.55, abs=0.006)
    assert (high - low) / 2 == pytest.approx(3.47, abs=0.006)


@pytest.mark.parametrize(
    ("probability", "degrees", "value"), [(0.975, 1, 12.706), (0.975, 4, 2.776), (0.95, 9, 1.833), (0.975, 29, 2.045)]
)
def test_t_quantiles_are_those_of_the_tables(probability: float, degrees: int, value: float) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(value, abs=5e-4)


def test_one_replication_has_no_interval() -> None:
    assert over_replications([3.0]) == {"mean": 3.0, "low": None, "high": None, "n": 1, "of": 1}


def test_a_null_is_left_out_and_counted() -> None:
    found = over_replications([1.0, None, 3.0])
    assert (found["mean"], found["n"], found["of"]) == (2.0, 2, 3)


def test_a_null_with_a_stand_in_counts_as_that() -> None:
    found = over_replications([10.0, None, None], [100.0, 50.0, None])
    assert (found["mean"], found["n"], found["of"]) == (30.0, 1, 3)


def test_nothing_but_nulls_has_no_mean() -> None:
    assert over_replications([None, None]) == {"mean": None, "low": None, "high": None, "n": 0, "of": 2}


def test_equal_values_have_an_interval_without_width() -> None:
    assert over_replications([2.0, 2.0, 2.0]) == {"mean": 2.0, "low": 2.0, "high": 2.0, "n": 3, "of": 3}


def test_paired_differences_cancel_the_luck_that_is_shared() -> None:
    found = paired_difference([11.0, 21.0, 33.0], [10.0, 20.0, 30.0])
    assert found.mean == pytest.approx(5 / 3)
    assert found.high - found.mean == pytest.approx(4.3027 * math.sqrt(variance([1, 1, 3]) / 3), rel=1e-4)
    assert found.variance_ratio == pytest.approx(
        (variance([11, 21, 33]) + variance([10, 20, 30])) / variance([1, 1, 3])
    )


def test_pairs_with_a_null_are_left_out() -> None:
    assert paired_difference([1.0, None, 5.0], [0.0, 1.0, None])[:1] == (1.0,)
    assert math.isnan(paired_difference([None], [1.0]).mean)


def test_words_are_counted() -> None:
    assert word_counts(["kept", "promoted", "promoted"]) == {"promoted": 2, "kept": 1}
