"""What an analysis measures again and again, counted by Argo's limits: a metric, or a score over several."""

from __future__ import annotations

import math

from sim.judges.metric_status import Counters, Exceeded, Limits, exceeded, metric_phase
from sim.judges.phase import FINAL, Phase
from sim.judges.run_status import MetricState
from sim.judges.schedule import Last


class CountedMetric:
    """Measurements so far and the phase they add up to; who derives from it takes them."""

    def __init__(self, name: str, dry_run: bool, limits: Limits) -> None:
        self.state = MetricState(name, "Pending", dry_run, was_measured=False)
        self._limits = limits
        self._counters = Counters()
        self._last: Last | None = None

    @property
    def due_at(self) -> float:
        """Return the moment of the next measurement, infinite when there is none."""
        at = None if self.state.phase in FINAL else self._next_at()
        return math.inf if at is None else at

    @property
    def has_data(self) -> bool:
        """Return whether there was anything to measure so far."""
        return self._counters.count > 0

    def measure(self) -> None:
        """Take one measurement and judge it."""
        raise NotImplementedError

    def assess(self, terminating: bool) -> None:
        """Bring the phase up to date; a final one stays."""
        if self.state.phase in FINAL:
            return
        last = None if self._last is None else self._last.phase
        phase = metric_phase(self._limits, self._counters, last, terminating)
        limit = exceeded(self._limits, self._counters)
        reason = "" if limit is None else self._reason(limit)
        self.state = self.state._replace(phase=phase, reason=reason, exceeded=limit, was_measured=last is not None)

    def _count(self, phase: Phase, at: float) -> None:
        """Add a measurement."""
        self._counters = self._counters.after(phase)
        self._last = Last(at, phase)

    def _next_at(self) -> float | None:
        """Return the moment of the next measurement, None when the schedule has no more."""
        raise NotImplementedError

    def _reason(self, limit: Exceeded) -> str:
        """Return in words which limit was exceeded."""
        return str(limit)
