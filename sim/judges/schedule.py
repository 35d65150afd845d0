"""When a metric is measured next, as Argo Rollouts decides it."""

from __future__ import annotations

from typing import NamedTuple

from sim.judges.phase import Phase

ERROR_RETRY_SECONDS = 10.0
"""Source: argo-rollouts analysis/analysis.go, DefaultErrorRetryInterval."""


class Last(NamedTuple):
    """The measurement taken last."""

    finished_at: float
    phase: Phase


def due_at(started_at: float, initial_delay: float, interval: float | None, last: Last | None) -> float | None:
    """Return the moment of the next measurement; None when there is none to come.

    After an error it is tried again soon, whatever the interval. Source: argo-rollouts analysis/analysis.go,
    generateMetricTasks and calculateNextReconcileTime.
    """
    if last is None:
        return started_at + initial_delay
    if last.phase == "Error":
        return last.finished_at + ERROR_RETRY_SECONDS
    return None if interval is None else last.finished_at + interval
