"""When the compiled engine's mesh tries a call again. c: call. s: service. n: number of the retry. edge: see calls."""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.heap import push
from sim.engine.layout import (
    BACKOFF,
    BUDGET,
    DEPENDENCY,
    ERROR,
    HAS_BUDGET,
    IN_BACKOFF,
    KIND_SHIFT,
    MIN_RETRYING,
    MOST_RETRYING,
    RATE_LIMITED,
    REASONS,
    REQUEST_BITS,
    SHED,
    SLOT_BITS,
)
from sim.engine.protocol import STATUS_CODES

LONGEST_BACKOFF = 10.0
"""In units of the base. Source: Envoy, the maximum of the jittered exponential back-off when only the base is given."""


@compiled
def is_retried(state: Any, c: int, reason: int, status: int) -> bool:
    """True when the mesh tries again."""
    edge = state.call_edge[c]
    s = state.edge_service[edge]
    retrying = state.service_retrying[s]
    if state.call_attempt[c] >= state.edge_retries[edge] or retrying >= state.iv[MOST_RETRYING]:
        return False
    if reason in (ERROR, SHED, RATE_LIMITED, DEPENDENCY):
        if state.retried_status[edge * STATUS_CODES + status] == 0:
            return False
    elif state.retried_reason[edge * REASONS + reason] == 0:
        return False
    if state.iv[HAS_BUDGET] == 0:
        return True
    allowed = max(float(state.iv[MIN_RETRYING]), state.fv[BUDGET] * state.service_in_flight[s])
    return retrying < allowed  # type: ignore[no-any-return]


@compiled
def back_off(state: Any, t: float, c: int) -> None:
    """The n-th retry begins after a random part of (2^n - 1) times the base, of ten times at most."""
    n = state.call_attempt[c] + 1
    edge = state.call_edge[c]
    base = state.edge_backoff[edge]
    due = t + state.call_u_jitter[c] * min(((1 << n) - 1) * base, LONGEST_BACKOFF * base)
    state.service_retrying[state.edge_service[edge]] += 1
    state.call_attempt[c] = n
    state.call_state[c] = IN_BACKOFF
    state.call_in_heap[c] = 1
    place = (n << REQUEST_BITS) | state.call_request[c]
    push(state, due, (BACKOFF << KIND_SHIFT) | (place << SLOT_BITS) | c)
