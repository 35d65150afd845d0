"""errorRate: failed over finished requests."""

import math

import numpy as np

from sim.metrics.metric import Metric
from sim.metrics.status import SERVER_ERROR
from sim.metrics.window import Window


def error_rate(window: Window) -> float:
    """Return the share that failed: 5xx, timeout, reset, refused, shed, no endpoint; nan when none finished."""
    finished = finished_requests(window)
    failed = np.count_nonzero(window.status >= SERVER_ERROR) + window.expected.failed
    return failed / finished if finished else math.nan


def finished_requests(window: Window) -> float:
    """Return the finished requests, those expected before the history included."""
    return len(window) + window.expected.requests


METRIC = Metric(
    "errorRate",
    "share, 0 to 1",
    "status of finished requests; 4xx is no failure",
    "share",
    error_rate,
    finished_requests,
)
