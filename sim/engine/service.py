"""How long an attempt holds its worker and how it answers, decided when the worker starts it.

t: time. c: call. p: pod. v: version. f: fault.
"""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.layout import EVERYONE, HTTP_ERROR, HTTP_OK, NO_LAW
from sim.engine.portable import half_power
from sim.engine.variates import variate


@compiled
def decide(state: Any, t: float, c: int, p: int) -> float:
    """Return the service time of call c; its status is left in the call."""
    v = state.pod_version[p]
    seconds = variate(
        state.version_law[v],
        state.version_a[v],
        state.version_b[v],
        state.law_table,
        state.version_table[v],
        state.call_u_service[c],
    )
    state.call_status[c] = HTTP_ERROR if state.call_u_error[c] < state.version_error[v] else HTTP_OK
    if state.version_faults_from[v] == state.version_faults_to[v]:
        return seconds
    return with_faults(state, t, c, p, seconds)


@compiled
def with_faults(state: Any, t: float, c: int, p: int, seconds: float) -> float:
    """Return the service time with the faults of the version; factors multiply, extra latencies add.

    One number decides about errors: the version's own come first, then each fault's in order.
    """
    v = state.pod_version[p]
    threshold = state.version_error[v]
    factor = 1.0
    extra = 0.0
    for f in range(state.version_faults_from[v], state.version_faults_to[v]):
        size = size_of(state, f, t, c)
        if size > 0.0:
            threshold += state.fault_error[f] * size
            if state.call_status[c] == HTTP_OK and state.call_u_error[c] < threshold:
                state.call_status[c] = state.fault_status[f]
            factor *= 1.0 + (state.fault_factor[f] - 1.0) * size
            factor *= 1.0 + (state.fault_cold[f] - 1.0) * size * half_power(
                (t - state.pod_since[p]) / state.fault_half_life[f]
            )
            if state.fault_law[f] != NO_LAW:
                extra += size * extra_latency(state, f, c)
    return seconds * factor + extra


@compiled
def size_of(state: Any, f: int, t: float, c: int) -> float:
    """Return how much of fault f call c meets at t, from 0 (none) to 1."""
    segment = state.fault_segment[f]
    if segment != EVERYONE and segment != state.user_segment[state.request_user[state.call_request[c]]]:
        return 0.0
    if t < state.fault_from[f] or t >= state.fault_to[f]:
        return 0.0
    if state.fault_ramp[f] == 0.0:
        return 1.0
    return min((t - state.fault_from[f]) / state.fault_ramp[f], 1.0)  # type: ignore[no-any-return]


@compiled
def extra_latency(state: Any, f: int, c: int) -> float:
    return variate(
        state.fault_law[f],
        state.fault_a[f],
        state.fault_b[f],
        state.law_table,
        state.fault_table[f],
        state.call_u_extra[c],
    )
