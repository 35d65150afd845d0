"""The range of a metric, as Flagger's thresholdRange: inside it a check passes."""

from __future__ import annotations

import math


def is_in_range(value: float, low: float | None, high: float | None) -> bool:
    """Return whether a metric's value passes, bounds included; nan, which is no value, never does.

    Source: fluxcd/flagger pkg/controller/scheduler_metrics.go, runMetricChecks.
    """
    return (low is None or value >= low) and (high is None or value <= high) and not math.isnan(value)
