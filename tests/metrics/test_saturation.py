"""saturation, worked by hand."""

import math

from nine_rows import window

from sim.metrics import METRICS
from sim.metrics.window import Busy


def test_saturation_is_busy_over_ready_workers() -> None:
    metric = METRICS["saturation"]
    assert metric.value(window(0, 10, busy=Busy(30.0, 40.0, 10))) == 0.75
    assert (math.isnan(metric.value(window(0, 10, busy=Busy(0.0, 0.0, 10)))), metric.samples(window(0, 10))) == (
        True,
        0,
    )
