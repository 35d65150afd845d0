"""latencyP99: the latency that one answered request in a hundred exceeds."""

import math

import numpy as np

from sim.metrics.latency_p50 import answered
from sim.metrics.metric import Metric
from sim.metrics.window import Window

PROBABILITY = 0.99


def latency_p99(window: Window) -> float:
    """Return the 99th percentile of seconds from arrival to answer; nan when nothing was answered.

    Model: one answer is enough, as for a query in Prometheus; below 368 answers its interval has no upper end, and
    `minimumSamples` is there to ask for more.
    """
    return float(np.quantile(window.answered_latency, PROBABILITY)) if answered(window) else math.nan


METRIC = Metric("latencyP99", "s", "latency of answered requests", "quantile", latency_p99, answered, PROBABILITY)
