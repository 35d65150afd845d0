from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.spec.distributions import Constant, Law, Lognormal, quantiles_of

LAW: TypeAdapter[Any] = TypeAdapter(Law)


@pytest.mark.parametrize(
    ("written", "mean"),
    [
        ("500ms", 0.5),
        (2, 2.0),
        ({"distribution": "constant", "value": "3s"}, 3.0),
        ({"distribution": "exponential", "mean": "1s"}, 1.0),
        ({"distribution": "lognormal", "mean": "1s", "cv": 0.5}, 1.0),
        ({"distribution": "lognormal", "median": "1s", "p99": "1s1ms"}, 1.0),
        ({"distribution": "gamma", "mean": "1s", "cv": 0.5}, 1.0),
        ({"distribution": "weibull", "mean": "1s", "cv": 0.5}, 1.0),
        ({"distribution": "pareto", "minimum": "1s", "shape": 3}, 1.5),
        ({"distribution": "uniform", "low": "1s", "high": "3s"}, 2.0),
        ({"distribution": "empirical", "quantiles": {"p0": 0, "p50": "1s", "p100": "3s"}}, 1.25),
    ],
)
def test_every_law_is_read_and_knows_its_mean(written: object, mean: float) -> None:
    law = LAW.validate_python(written)
    assert law.mean_seconds() == pytest.approx(mean, rel=1e-6)
    assert LAW.validate_python(LAW.dump_python(law, mode="json")) == law


def test_a_bare_duration_is_constant() -> None:
    assert LAW.validate_python("30ms") == Constant(value=0.03)
    assert LAW.dump_python(Constant(value=0.03), mode="json") == "30ms"


def test_both_forms_of_a_lognormal_are_the_same_law() -> None:
    by_percentile = Lognormal(median=0.03, p99=0.12)
    cv = math.sqrt(math.expm1(by_percentile.sigma**2))
    by_mean = Lognormal(mean=by_percentile.mean_seconds(), cv=cv)
    assert by_mean.mu == pytest.approx(by_percentile.mu)
    assert by_mean.sigma == pytest.approx(by_percentile.sigma)
    # The 99th percentile of a normal is 2.326 standard deviations above its mean.
    assert math.exp(by_percentile.mu + 2.3263478740408408 * by_percentile.sigma) == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"distribution": "lognormal", "median": "1s", "p99": "1s"}, "is 1s; must be above the median, 1s"),
        ({"distribution": "lognormal", "median": 0, "p99": "1s"}, "must be above 0"),
        ({"distribution": "lognormal", "median": "1s", "cv": 1}, "must have median and p99, or mean and cv"),
        ({"distribution": "uniform", "low": "3s", "high": "1s"}, "must be above low"),
        ({"distribution": "pareto", "minimum": "3s", "shape": 1}, "must be above 1"),
        ({"distribution": "empirical", "quantiles": {"p0": 0, "p99.5": 1}}, "must start with p0 and end with p100"),
        ({"distribution": "empirical", "quantiles": {"p0": 0, "p60": 1, "p50": 1, "p100": 2}}, "out of order"),
        ({"distribution": "empirical", "quantiles": {"p0": 2, "p100": 1}}, "durations must increase"),
        ({"distribution": "empirical", "quantiles": {"p0": 2, "p101": 1}}, "must be p0 to p100"),
        ({"distribution": "empirical", "quantiles": {"p0": "fast", "p100": 1}}, "has p0 that is 'fast'"),
        ({"distribution": "empirical", "file": "values.csv"}, "files are not read here"),
        ({"distribution": "normal"}, "has the unknown distribution 'normal'; did you mean 'lognormal'"),
        ({"mean": "1s"}, "is a mapping without 'distribution'"),
        ("soon", "must be a duration"),
        (["1s"], "is a list; must be a duration or a distribution"),
    ],
)
def test_a_law_that_makes_no_sense_is_refused(written: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LAW.validate_python(written)


def test_measured_values_become_evenly_spaced_quantiles() -> None:
    assert quantiles_of((3.0, 1.0, 2.0)) == ((0.0, 1.0), (0.5, 2.0), (1.0, 3.0))
    assert quantiles_of((5.0,)) == ((0.0, 5.0), (1.0, 5.0))
    many = quantiles_of(tuple(range(10_001)))
    assert len(many) == 1_001
    assert many[500] == (0.5, 5000.0)
