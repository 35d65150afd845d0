"""latencyP99, worked by hand."""

import pytest
from nine_rows import CANDIDATE, window

from sim.metrics import METRICS


def test_the_99th_percentile_is_of_answered_requests() -> None:
    metric, candidate = METRICS["latencyP99"], window(0, 10, CANDIDATE)
    assert metric.value(candidate) == pytest.approx(0.494)  # 0.3 + 0.97 x 0.2
    assert metric.samples(candidate) == 4


def test_one_answer_is_enough() -> None:
    assert METRICS["latencyP99"].value(window(0, 1)) == pytest.approx(0.5)
