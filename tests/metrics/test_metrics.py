"""What holds for every metric."""

import math

import pytest
from nine_rows import window

from sim.metrics import METRICS


@pytest.mark.parametrize("name", METRICS)
def test_nothing_measures_nothing(name: str) -> None:
    metric = METRICS[name]
    assert (math.isnan(metric.value(window(20, 30))), metric.samples(window(20, 30))) == (True, 0)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_its_unit_and_source(name: str) -> None:
    assert METRICS[name].name == name
    assert METRICS[name].unit
    assert METRICS[name].source
