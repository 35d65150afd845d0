"""Starts and finishes of calls without an event heap: while nothing feeds back, a call's fate is known when it arrives.

Each pod remembers when its busy workers will be free, in order. Who arrives starts at once when a worker is free, else
when the first of them will be: the next one who waits starts no earlier, because a pod serves first come, first served.
What the control plane or a balancer asks of a pod is brought up to date at that moment.

t: time. r: request. c: call. p: pod. f: fate. v: version. b: busy workers. n: a count. k: place in the plan. i: place.

Source: Kiefer and Wolfowitz, On the theory of queues with many servers (1955).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.engine.cache import compiled, entry_point, inlined
from sim.engine.calls import pick
from sim.engine.fate_rows import write_rows
from sim.engine.fates import (
    ENDS_BY_COMPLETION,
    FATES_FREE,
    FATES_OPEN,
    FEWEST_ROWS,
    MOST_PLANNED,
    PLANNED,
    POD_SHIFT,
    POOL_SHIFT,
    ROWS_AT,
    STATUS_SHIFT,
    WORKERS,
)
from sim.engine.keyed import MIRROR, U, block, high, low, uniform
from sim.engine.layout import (
    COPY,
    ENTRY_PATH,
    ERROR,
    FREE_CALLS,
    GROW,
    HTTP_OK,
    HTTP_UNAVAILABLE,
    NEAR_FULL,
    NEXT_ARRIVAL,
    NEXT_REQUEST,
    NO_ENDPOINT,
    OK,
    ORIGINAL,
    POD_ROOM,
    PODS,
    REFUSED,
    REQUESTS,
    ROW_ROOM,
    ROWS,
    SHED,
)
from sim.engine.luck import first_words
from sim.engine.routes import mirrored_to, route
from sim.engine.service import decide

UNKNOWN = -1.0  # how long a call is served, until it is known when


@inlined
def open_fate(state: Any, f: int) -> None:
    """The row of fate f may be written as soon as it is due."""
    n = state.ahead[FATES_OPEN]
    state.open_fate[n] = f
    state.ahead[FATES_OPEN] = n + 1


@inlined
def new_fate(state: Any, code: int, start: float, finish: float, answer: int) -> int:
    n = state.ahead[FATES_FREE] - 1
    state.ahead[FATES_FREE] = n
    f = state.free_fate[n]
    state.fate_code[f] = code
    state.fate_start[f] = start
    state.fate_finish[f] = finish
    state.fate_answer[f] = answer
    return f  # type: ignore[no-any-return]


@compiled
def free_fate(state: Any, f: int) -> None:
    n = state.ahead[FATES_FREE]
    state.free_fate[n] = f
    state.ahead[FATES_FREE] = n + 1


@compiled
def answer_at_once(state: Any, k: int, reason: int) -> None:
    """Nobody serves the call of place k in the plan."""
    pool = state.plan_pool[k]
    answer = (state.plan_pod[k] << POD_SHIFT) | (pool << POOL_SHIFT) | (HTTP_UNAVAILABLE << STATUS_SHIFT) | reason
    open_fate(state, new_fate(state, state.plan_code[k], math.nan, state.plan_time[k], answer))


@inlined
def bring_up(state: Any, t: float, p: int) -> None:
    """Let pod p be as it is at t: who has waited until then has started, and who had nobody to serve is free."""
    f = state.pod_head[p]
    while f >= 0 and state.fate_start[f] <= t:
        open_fate(state, f)
        state.pod_started[p] += 1
        state.pod_waiting[p] -= 1
        f = state.fate_next[f]
        state.pod_head[p] = f
    b = state.pod_busy[p]
    base = p * state.ahead[WORKERS]
    if b == 0 or state.pod_turn[base] > t:
        return
    k = 0
    while k < b and state.pod_turn[base + k] <= t:
        count_busy(state, state.pod_turn[base + k], p, b - k - 1)
        k += 1
    for i in range(k, b):
        state.pod_turn[base + i - k] = state.pod_turn[base + i]


@inlined
def count_busy(state: Any, t: float, p: int, b: int) -> None:
    """From t on, b workers of pod p are busy."""
    state.pod_area[p] += state.pod_busy[p] * (t - state.pod_busy_since[p])
    state.pod_busy_since[p] = t
    state.pod_busy[p] = b


@inlined
def put_turn(state: Any, i: int, b: int, finish: float) -> None:
    """Put a finish among the b moments from place i on, in order. NOTE: without a branch that depends on times."""
    for k in range(i, i + b):
        other = state.pod_turn[k]
        state.pod_turn[k] = other if other < finish else finish
        finish = finish if other < finish else other
    state.pod_turn[i + b] = finish


@inlined
def replace_first_turn(state: Any, i: int, b: int, finish: float) -> None:
    """Replace the first of the b moments from place i on by a later finish, in order."""
    for k in range(i + 1, i + b):
        other = state.pod_turn[k]
        state.pod_turn[k - 1] = other if other < finish else finish
        finish = finish if other < finish else other
    state.pod_turn[i + b - 1] = finish


@inlined
def wait(state: Any, p: int, f: int) -> None:
    """Fate f starts last of all that wait at pod p."""
    state.pod_waiting[p] += 1
    state.fate_next[f] = -1
    if state.pod_head[p] < 0:
        state.pod_head[p] = f
    else:
        state.fate_next[state.pod_tail[p]] = f
    state.pod_tail[p] = f


@inlined
def serve(state: Any, k: int, t: float, p: int) -> None:
    """Let pod p serve the call of place k in the plan, at once or as soon as it can, unless too many wait."""
    v = state.pod_version[p]
    b = state.pod_busy[p]
    i = p * state.ahead[WORKERS]
    waits = b == state.version_workers[v]
    start = state.pod_turn[i] if waits else t
    if not waits:
        count_busy(state, t, p, b + 1)
    elif state.pod_waiting[p] >= state.version_queue[v]:
        answer_at_once(state, k, SHED)
        return
    if state.plan_seconds[k] == UNKNOWN:
        look_up_service(state, k, start, p)
    finish = start + state.plan_seconds[k]
    answer = served(state.plan_pool[k], p, state.plan_status[k])
    f = new_fate(state, state.plan_code[k] + ENDS_BY_COMPLETION, start, finish, answer)
    if waits:
        replace_first_turn(state, i, b, finish)
        wait(state, p, f)
    else:
        put_turn(state, i, b, finish)
        state.pod_started[p] += 1
        open_fate(state, f)


@inlined
def look_up_service(state: Any, k: int, start: float, p: int) -> None:
    """Note how long the call of place k is served and how it ends if it starts now."""
    c = spare_call(state)
    state.call_request[c] = state.plan_code[k] >> 2
    state.call_u_service[c] = state.plan_service[k]
    state.call_u_error[c] = state.plan_error[k]
    state.call_u_extra[c] = state.plan_extra[k]
    state.plan_seconds[k] = decide(state, start, c, p)
    state.plan_status[k] = state.call_status[c]


@inlined
def spare_call(state: Any) -> int:
    """Return a call that nobody has, to say there what other modules read of a call."""
    return state.free_call[state.iv[FREE_CALLS] - 1]  # type: ignore[no-any-return]


@inlined
def served(pool: int, p: int, status: int) -> int:
    """Return the answer of a call that pod p finishes."""
    reason = OK if status == HTTP_OK else ERROR
    return (p << POD_SHIFT) | (pool << POOL_SHIFT) | (status << STATUS_SHIFT) | reason


@inlined
def plan(state: Any, t: float, r: int, copy: int, pool: int) -> None:
    """Note where request r, or its copy, goes when it arrives, and its numbers.

    NOTE: many calls are planned before the first is served, so that the processor works on several at once.
    """
    k = state.ahead[PLANNED]
    state.ahead[PLANNED] = k + 1
    state.plan_time[k] = t
    state.plan_code[k] = 4 * r + copy
    state.plan_pool[k] = pool
    state.plan_pod[k] = -1
    n = state.pool_ready[pool]
    if n == 0:
        return
    if copy == COPY:
        w0, w1, w2, w3 = block(state.key[0], state.key[1], U(r), U(ENTRY_PATH), U(0), U(MIRROR))
    else:
        w0, w1, w2, w3 = first_words(state, r)
    state.plan_service[k] = uniform(w0)
    state.plan_error[k] = high(w1)
    state.plan_extra[k] = low(w3)
    base = pool * state.iv[POD_ROOM]
    user: Any = np.int64(state.request_user[r])
    state.plan_pod[k] = state.ready[base + pick(state, t, pool, base, n, high(w2), low(w2), user)]


@compiled
def plan_service(state: Any) -> None:
    """Note how long the planned calls are served, where no moment matters to it."""
    for k in range(state.ahead[PLANNED]):
        p = state.plan_pod[k]
        if p >= 0:
            v = state.pod_version[p]
            state.plan_seconds[k] = UNKNOWN
            if state.version_faults_from[v] == state.version_faults_to[v]:
                look_up_service(state, k, state.plan_time[k], p)


@compiled
def plan_arrivals(state: Any, until: float) -> None:
    """Plan what arrives up to `until`, as much as there is room for."""
    state.ahead[PLANNED] = 0
    t = state.fv[NEXT_ARRIVAL]
    r = state.iv[NEXT_REQUEST]
    while t <= until and state.ahead[PLANNED] < MOST_PLANNED - 1:
        plan(state, t, r, ORIGINAL, route(state, r, ENTRY_PATH))
        if state.mirror_version[0] >= 0:
            version = mirrored_to(state, r, ENTRY_PATH)
            if version >= 0:
                plan(state, t, r, COPY, version)
        r += 1
        t = state.arrival[r] if r < state.iv[REQUESTS] else math.inf
    state.iv[NEXT_REQUEST] = r
    state.fv[NEXT_ARRIVAL] = t


@compiled
def carry_out(state: Any) -> None:
    """Serve the calls of the plan in order."""
    for k in range(state.ahead[PLANNED]):
        p = state.plan_pod[k]
        if p < 0:
            answer_at_once(state, k, NO_ENDPOINT)
        elif state.pod_listens[p] == 0:
            answer_at_once(state, k, REFUSED)
        else:
            bring_up(state, state.plan_time[k], p)
            serve(state, k, state.plan_time[k], p)


@entry_point
def advance_ahead(state: Any, until: float) -> int:
    """Foresee every call that arrives up to `until`. Return 1 when the host must make room and call again."""
    while state.fv[NEXT_ARRIVAL] <= until:
        if state.ahead[FATES_OPEN] >= state.ahead[ROWS_AT] and write_due_rows(state, state.fv[NEXT_ARRIVAL]) == 1:
            return 1
        if state.ahead[FATES_FREE] < MOST_PLANNED:
            return 1
        plan_arrivals(state, until)
        plan_service(state)
        carry_out(state)
    return 0


@compiled
def write_due_rows(state: Any, t: float) -> int:
    """Write the rows of all that ends by t, before anything else arrives. Return 1 if there is no room for them."""
    for p in range(state.iv[PODS]):
        bring_up(state, t, p)
    if state.iv[ROWS] + state.ahead[FATES_OPEN] + NEAR_FULL > state.iv[ROW_ROOM]:
        state.iv[GROW] = 1
        return 1
    left = write_rows(state, t)
    state.ahead[ROWS_AT] = max(FEWEST_ROWS, 2 * left, 2 * state.iv[PODS])
    return 0


@entry_point
def bring_up_all(state: Any, t: float) -> None:
    """Let every pod be as it is at t."""
    for p in range(state.iv[PODS]):
        bring_up(state, t, p)


@entry_point
def write_rows_until(state: Any, t: float) -> int:
    """Write the rows of all that ends by t, up to which everything has arrived; return 1 if there is no room."""
    return write_due_rows(state, t)
