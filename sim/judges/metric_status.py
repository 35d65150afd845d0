"""How many measurements went which way, and what that makes of their metric: Argo's counters and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from sim.judges.phase import FINAL, Phase

DEFAULT_CONSECUTIVE_ERROR_LIMIT = 4
"""Source: argo-rollouts utils/defaults/defaults.go, DefaultConsecutiveErrorLimit."""


@dataclass(frozen=True)
class Limits:
    """When a metric ends. failure: negative is off. consecutive_success: 0 is off. count: None is without end."""

    failure: int = 0
    inconclusive: int = 0
    consecutive_error: int = DEFAULT_CONSECUTIVE_ERROR_LIMIT
    consecutive_success: int = 0
    count: int | None = None


@dataclass(frozen=True)
class Counters:
    """Measurements so far by phase. count leaves out errors, which are tried again."""

    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    count: int = 0

    def after(self, phase: Phase) -> Counters:
        """Return the counters with one more measurement."""
        if phase == "Error":
            return replace(
                self, error=self.error + 1, consecutive_error=self.consecutive_error + 1, consecutive_success=0
            )
        counted = replace(self, count=self.count + 1, consecutive_error=0, consecutive_success=0)
        if phase == "Successful":
            return replace(counted, successful=self.successful + 1, consecutive_success=self.consecutive_success + 1)
        if phase == "Failed":
            return replace(counted, failed=self.failed + 1)
        return replace(counted, inconclusive=self.inconclusive + 1)


SAID: Mapping[Phase, str] = {
    "Failed": "failed {times}",
    "Inconclusive": "was inconclusive {times}",
    "Error": "was an error {times} in a row",
}


class Exceeded(NamedTuple):
    """A limit that a counter is above, and what that makes of the metric."""

    phase: Phase
    limit: str
    counter: int
    allowed: int

    def __str__(self) -> str:
        times = {1: "once", 2: "twice"}.get(self.counter, f"{self.counter} times")
        return f"{SAID[self.phase].format(times=times)}, {self.limit} is {self.allowed}"


def effective_count(count: int | None, interval: float | None) -> int | None:
    """Return how many measurements a metric takes: one without count and interval, without end with an interval alone.

    Source: argo-rollouts pkg/apis/rollouts/v1alpha1/analysis_types.go, EffectiveCount.
    """
    if count:
        return count
    return 1 if interval is None else None


def exceeded(limits: Limits, counters: Counters) -> Exceeded | None:
    """Return the limit that ends the metric; of several, error comes before inconclusive before failed."""
    if counters.consecutive_error > limits.consecutive_error:
        return Exceeded("Error", "consecutiveErrorLimit", counters.consecutive_error, limits.consecutive_error)
    if counters.inconclusive > limits.inconclusive:
        return Exceeded("Inconclusive", "inconclusiveLimit", counters.inconclusive, limits.inconclusive)
    if 0 <= limits.failure < counters.failed:
        return Exceeded("Failed", "failureLimit", counters.failed, limits.failure)
    return None


def metric_phase(limits: Limits, counters: Counters, last: Phase | None, terminating: bool) -> Phase:
    """Return the phase of a metric whose last measurement ended (or stands) in `last`; None: none was taken.

    Source: argo-rollouts analysis/analysis.go, assessMetricStatus.
    """
    if last is None:
        return "Successful" if terminating else "Pending"
    if last not in FINAL:
        return "Running"
    if (limit := exceeded(limits, counters)) is not None:
        return limit.phase
    if 0 < limits.consecutive_success <= counters.consecutive_success:
        return "Successful"
    if limits.count is not None and counters.count >= limits.count:
        return "Inconclusive" if limits.consecutive_success > 0 else "Successful"
    return "Successful" if terminating else "Running"
