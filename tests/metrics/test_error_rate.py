"""errorRate, worked by hand."""

from nine_rows import CANDIDATE, window

from sim.metrics import METRICS
from sim.metrics.window import Expected


def test_error_rate_counts_5xx_and_no_4xx() -> None:
    metric = METRICS["errorRate"]
    assert metric.value(window(0, 10, CANDIDATE)) == 1 / 5
    assert metric.value(window(0, 10)) == 3 / 8
    assert metric.samples(window(0, 10)) == 8


def test_error_rate_takes_in_what_was_expected_before_the_history() -> None:
    assert METRICS["errorRate"].value(window(0, 10, expected=Expected(92.0, 2.0))) == 5 / 100
