"""The interval around a measured value, by what kind of number it is."""

from __future__ import annotations

import math

from sim.judges.proportions import Interval, wilson
from sim.judges.quantiles import quantile_interval
from sim.metrics.metric import Metric
from sim.metrics.window import Window


def interval(metric: Metric, window: Window, value: float) -> Interval:
    """Return the 95 % interval of `value`: Wilson's of a share, order statistics of a quantile, nan of a level."""
    if metric.shape == "share":
        samples = metric.samples(window)
        return wilson(value * samples, samples)
    if metric.shape == "quantile" and metric.probability is not None:
        return quantile_interval(window.answered_latency, metric.probability)
    return Interval(math.nan, math.nan)
