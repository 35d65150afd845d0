"""A peak-sensitive average of a pod's latencies, in plain form; sim/engine/latency.py is the compiled one.

Source: Finagle, PeakEwma.scala.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.engine.portable import pexp

PENALTY = float((2**63 - 1) >> 16) / 1e9
"""Of a pod that is asked before it has ever answered, in seconds."""


@dataclass
class Latency:
    """The average and the moment of the last look at it, in seconds. It is forgotten as fast as `decay` says."""

    decay: float = 10.0
    average: float = 0.0
    looked_at: float = 0.0

    def observe(self, now: float, latency: float) -> None:
        """Count a latency: in full when it is longer than the average, else by the time since the last look."""
        kept = pexp(-(now - self.looked_at) / self.decay)
        if latency > self.average:
            self.average = latency
        else:
            self.average = self.average * kept + latency * (1.0 - kept)
        self.looked_at = now

    def cost(self, now: float, requests: int) -> float:
        """Return the price of one more request; the average fades by being looked at."""
        self.observe(now, 0.0)
        if self.average == 0.0 and requests > 0:
            return PENALTY + requests
        return self.average * (requests + 1)
