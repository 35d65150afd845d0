"""latencyP50, worked by hand."""

import pytest
from nine_rows import CANDIDATE, window

from sim.metrics import METRICS


def test_the_median_is_of_answered_requests() -> None:
    metric, candidate = METRICS["latencyP50"], window(0, 10, CANDIDATE)
    assert metric.value(candidate) == pytest.approx(0.25)  # of 0.2, 0.2, 0.3 and 0.5
    assert metric.samples(candidate) == 4
