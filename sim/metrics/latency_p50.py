"""latencyP50: the median latency of answered requests."""

import math

import numpy as np

from sim.metrics.metric import Metric
from sim.metrics.window import Window

PROBABILITY = 0.5


def latency_p50(window: Window) -> float:
    """Return the median seconds from arrival to answer; nan when nothing was answered (one answer is enough)."""
    return float(np.quantile(window.answered_latency, PROBABILITY)) if answered(window) else math.nan


def answered(window: Window) -> float:
    """Return the number of answered requests."""
    return len(window.answered_latency)


METRIC = Metric("latencyP50", "s", "latency of answered requests", "quantile", latency_p50, answered, PROBABILITY)
