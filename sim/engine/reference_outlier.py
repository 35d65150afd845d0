"""What a mesh remembers of a pod's failures, in plain form.

Source: Envoy, outlier_detection_impl.cc. The k-th ejection in a row lasts k times the base, up to a maximum, and ends
at the first tick after that; every tick at which the pod is in use takes one off k.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.spec.mesh import OutlierDetection

LONGEST_EJECTION = 300.0
"""Source: Envoy, max_ejection_time; never below the base."""


@dataclass
class Outlier:
    """failures: in a row. ejections: in a row. return_tick: number of the tick at which the pod came or comes back."""

    failures: int = 0
    ejections: int = 0
    is_ejected: bool = False
    return_tick: int = 0
    return_at: float = 0.0

    def eject(self, now: float, rule: OutlierDetection) -> float:
        """Note an ejection; return the moment at which the pod comes back."""
        longest = max(LONGEST_EJECTION, rule.base_ejection_time)
        in_use = max(first_tick(now, rule.interval) - 1 - self.return_tick, 0)
        in_a_row = max(self.ejections - in_use, 0)
        if in_a_row * rule.base_ejection_time < longest + rule.base_ejection_time:
            in_a_row += 1
        self.ejections, self.is_ejected = in_a_row, True
        self.return_tick = first_tick(now + min(in_a_row * rule.base_ejection_time, longest), rule.interval)
        self.return_at = self.return_tick * rule.interval
        return self.return_at

    def returns_at(self, now: float) -> bool:
        """True when the pod comes back at this moment; its failures are forgotten."""
        if not self.is_ejected or self.return_at != now:
            return False
        self.is_ejected, self.failures = False, 0
        return True


def first_tick(moment: float, interval: float) -> int:
    """Return the number of the first tick at or after a moment; ticks are multiples of the interval."""
    tick = round(moment / interval)
    while tick * interval < moment:
        tick += 1
    while (tick - 1) * interval >= moment:
        tick -= 1
    return tick
