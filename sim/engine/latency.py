"""What the compiled engine's ewma balancer knows of a pod: a peak-sensitive average of its latencies.

t: time. p: pod. Source: Finagle, PeakEwma.scala.
"""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.layout import DECAY_SECONDS
from sim.engine.portable import pexp

PENALTY = float((2**63 - 1) >> 16) / 1e9
"""Of a pod that is asked before it has ever answered, in seconds."""


@compiled
def observe(state: Any, t: float, p: int, latency: float) -> None:
    """Count a latency: in full when it is longer than the average, else by the time since the last look."""
    old = state.pod_cost[p]
    kept = pexp(-(t - state.pod_stamp[p]) / state.fv[DECAY_SECONDS])
    state.pod_cost[p] = latency if latency > old else old * kept + latency * (1.0 - kept)
    state.pod_stamp[p] = t


@compiled
def cost(state: Any, t: float, p: int) -> float:
    """Return the price of one more request at a pod; the average fades by being looked at."""
    observe(state, t, p, 0.0)
    if state.pod_cost[p] == 0.0 and state.pod_requests[p] > 0:
        return PENALTY + state.pod_requests[p]  # type: ignore[no-any-return]
    return state.pod_cost[p] * (state.pod_requests[p] + 1)  # type: ignore[no-any-return]
