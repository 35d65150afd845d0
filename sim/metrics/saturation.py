"""saturation: busy workers over workers of ready pods."""

import math

from sim.metrics.metric import Metric
from sim.metrics.window import Window


def saturation(window: Window) -> float:
    """Return the mean share of busy workers over the window; nan when no pod was ready."""
    busy = window.busy
    return busy.busy_seconds / busy.worker_seconds if busy.worker_seconds > 0 else math.nan


def sampled_seconds(window: Window) -> float:
    """Return how many of the window's seconds were sampled with a pod ready."""
    return window.busy.seconds if window.busy.worker_seconds > 0 else 0


METRIC = Metric("saturation", "share, 0 to 1", "workers, sampled each second", "level", saturation, sampled_seconds)
