"""How long an attempt holds its worker and how it answers, decided when the worker starts it.

t: time. c: call. p: pod. v: version. f: fault.
"""

from __future__ import annotations

import math
from typing import Any

from sim.engine.cache import compiled, inlined
from sim.engine.keyed import OF_FAULTS, ROUTE, USER, U, block, uniform
from sim.engine.layout import (
    ANY_LOAD,
    ENTRY_PATH,
    EVERYONE,
    HTTP_ERROR,
    HTTP_OK,
    NEVER_AGAIN,
    NO_LAW,
    PER_ATTEMPT,
    PER_USER,
)
from sim.engine.portable import half_power
from sim.engine.variates import variate


@inlined
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
    if state.endpoint_of_version[v] == 1:
        seconds *= state.endpoint_factor[state.request_endpoint[state.call_request[c]]]
    state.call_status[c] = HTTP_ERROR if state.call_u_error[c] < state.version_error[v] else HTTP_OK
    if state.version_faults_from[v] == state.version_faults_to[v]:
        return seconds
    return with_faults(state, t, c, p, seconds)


@compiled
def with_faults(state: Any, t: float, c: int, p: int, seconds: float) -> float:
    """Return the service time with the faults of the version; factors multiply, extra latencies add.

    One number decides about errors: the version's own come first, then each fault's in order; errors drawn for
    requests or users have a number of their own.
    """
    v = state.pod_version[p]
    of_attempts = state.version_error[v]
    of_requests = 0.0
    of_users = 0.0
    factor = 1.0
    extra = 0.0
    for f in range(state.version_faults_from[v], state.version_faults_to[v]):
        size = size_of(state, f, t, c, p)
        if size == 0.0:
            continue
        rate = state.fault_error[f] * size
        if state.fault_drawn[f] == PER_ATTEMPT:
            of_attempts += rate
            fails = state.call_u_error[c] < of_attempts
        elif state.fault_drawn[f] == PER_USER:
            of_users += rate
            fails = user_number(state, c, 1) < of_users
        else:
            of_requests += rate
            fails = request_number(state, c) < of_requests
        if fails and state.call_status[c] == HTTP_OK:
            state.call_status[c] = state.fault_status[f]
            if state.error_law[f] != NO_LAW:
                return error_latency(state, f, c)
        factor *= 1.0 + (state.fault_factor[f] - 1.0) * size
        factor *= 1.0 + (state.fault_cold[f] - 1.0) * size * half_power(
            (t - state.pod_since[p]) / state.fault_half_life[f]
        )
        if state.fault_law[f] != NO_LAW:
            extra += size * extra_latency(state, f, c)
    return seconds * factor + extra


@compiled
def size_of(state: Any, f: int, t: float, c: int, p: int) -> float:
    """Return how much of fault f call c meets at pod p at t, from 0 (none) to 1."""
    segment = state.fault_segment[f]
    if segment != EVERYONE and segment != state.user_segment[state.request_user[state.call_request[c]]]:
        return 0.0
    endpoint = state.fault_endpoint[f]
    if endpoint != EVERYONE and endpoint != state.request_endpoint[state.call_request[c]]:
        return 0.0
    if t < state.fault_from[f] or t - state.pod_since[p] < state.fault_age[f]:
        return 0.0
    if state.pod_ordinal[p] >= state.fault_pods[f] or state.pod_luck[p] >= state.fault_luck[f]:
        return 0.0
    if state.fault_users[f] < 1.0 and user_number(state, c, 0) >= state.fault_users[f]:
        return 0.0
    return size_in_time(state, f, t) * size_under_load(state, f, p)


@compiled
def size_in_time(state: Any, f: int, t: float) -> float:
    begins = state.fault_from[f]
    if state.fault_every[f] != NEVER_AGAIN:
        begins += math.floor((t - begins) / state.fault_every[f]) * state.fault_every[f]
    if t >= begins + state.fault_for[f]:
        return 0.0
    if state.fault_ramp[f] == 0.0:
        return 1.0
    return min((t - begins) / state.fault_ramp[f], 1.0)  # type: ignore[no-any-return]


@compiled
def size_under_load(state: Any, f: int, p: int) -> float:
    """Return 1, or for a fault that comes with load the part of the way from its threshold to all workers busy."""
    threshold = state.fault_load[f]
    if threshold == ANY_LOAD:
        return 1.0
    busy = state.pod_busy[p] / state.version_workers[state.pod_version[p]]
    return max(busy - threshold, 0.0) / (1.0 - threshold)  # type: ignore[no-any-return]


@compiled
def user_number(state: Any, c: int, word: int) -> float:
    user = state.request_user[state.call_request[c]]
    w0, w1, _w2, _w3 = block(state.key[0], state.key[1], U(user), U(OF_FAULTS), U(0), U(USER))
    return uniform(w0) if word == 0 else uniform(w1)  # type: ignore[no-any-return]


@compiled
def request_number(state: Any, c: int) -> float:
    r = state.call_request[c]
    _w0, _w1, w2, _w3 = block(state.key[0], state.key[1], U(r), U(ENTRY_PATH), U(0), U(ROUTE))
    return uniform(w2)  # type: ignore[no-any-return]


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


@compiled
def error_latency(state: Any, f: int, c: int) -> float:
    return variate(
        state.error_law[f],
        state.error_a[f],
        state.error_b[f],
        state.law_table,
        state.error_table[f],
        state.call_u_service[c],
    )
