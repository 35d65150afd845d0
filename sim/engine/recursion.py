"""Starts and finishes of calls without an event heap: while nothing feeds back, a call's fate is known when it arrives.

Each pod remembers when its busy workers will be free, in order. Who arrives starts at once when a worker is free, else
when the first of them will be: the next one who waits starts no earlier, because a pod serves first come, first served.
What the control plane or a balancer asks of a pod is brought up to date at that moment.

t: time. r: request. p: pod. f: fate. v: version. b: busy workers. n: a count. i, k: places.

Source: Kiefer and Wolfowitz, On the theory of queues with many servers (1955).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.engine.cache import compiled, entry_point
from sim.engine.calls import draw, pick
from sim.engine.fate_rows import write_rows
from sim.engine.fates import (
    ENDS_BY_COMPLETION,
    FATES_FREE,
    FATES_OPEN,
    FEWEST_ROWS,
    MUST_GROW,
    NEARLY_ALL,
    POD_SHIFT,
    POOL_SHIFT,
    ROWS_AT,
    STATUS_SHIFT,
    WORKERS,
)
from sim.engine.kernel import mirror_number, mirror_version, route
from sim.engine.layout import (
    COPY,
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
from sim.engine.service import decide

NOBODY: Any = np.int64(-1)


@compiled
def open_fate(state: Any, f: int) -> None:
    """The row of fate f may be written as soon as it is due."""
    n = state.ahead[FATES_OPEN]
    state.open_fate[n] = f
    state.ahead[FATES_OPEN] = n + 1


@compiled
def new_fate(state: Any, code: int, start: float, finish: float, answer: int) -> int:
    n = state.ahead[FATES_FREE] - 1
    state.ahead[FATES_FREE] = n
    if n < NEARLY_ALL:
        state.ahead[MUST_GROW] = 1
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
def answer_at_once(state: Any, t: float, code: int, pool: int, p: int, reason: int) -> None:
    """Nobody serves the call."""
    answer = (p << POD_SHIFT) | (pool << POOL_SHIFT) | (HTTP_UNAVAILABLE << STATUS_SHIFT) | reason
    open_fate(state, new_fate(state, code, math.nan, t, answer))


@compiled
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


@compiled
def count_busy(state: Any, t: float, p: int, b: int) -> None:
    """From t on, b workers of pod p are busy."""
    state.pod_area[p] += state.pod_busy[p] * (t - state.pod_busy_since[p])
    state.pod_busy_since[p] = t
    state.pod_busy[p] = b


@compiled
def put_turn(state: Any, i: int, b: int, finish: float) -> None:
    """Put a finish after the b moments from place i on, in order."""
    k = i + b
    while k > i and state.pod_turn[k - 1] > finish:
        state.pod_turn[k] = state.pod_turn[k - 1]
        k -= 1
    state.pod_turn[k] = finish


@compiled
def replace_first_turn(state: Any, i: int, b: int, finish: float) -> None:
    """Replace the first of the b moments from place i on by a later finish, in order."""
    k = i + 1
    while k < i + b and state.pod_turn[k] < finish:
        state.pod_turn[k - 1] = state.pod_turn[k]
        k += 1
    state.pod_turn[k - 1] = finish


@compiled
def wait(state: Any, p: int, f: int) -> None:
    """Fate f starts last of all that wait at pod p."""
    state.pod_waiting[p] += 1
    state.fate_next[f] = -1
    if state.pod_head[p] < 0:
        state.pod_head[p] = f
    else:
        state.fate_next[state.pod_tail[p]] = f
    state.pod_tail[p] = f


@compiled
def serve(state: Any, t: float, c: int, code: int, pool: int, p: int) -> None:
    """Let pod p serve the call, at once or as soon as it can, unless too many wait."""
    v = state.pod_version[p]
    b = state.pod_busy[p]
    i = p * state.ahead[WORKERS]
    waits = b == state.version_workers[v]
    start = state.pod_turn[i] if waits else t
    if not waits:
        count_busy(state, t, p, b + 1)
    elif state.pod_waiting[p] >= state.version_queue[v]:
        answer_at_once(state, t, code, pool, p, SHED)
        return
    finish = start + decide(state, start, c, p)
    f = new_fate(state, code + ENDS_BY_COMPLETION, start, finish, served(pool, p, state.call_status[c]))
    if waits:
        replace_first_turn(state, i, b, finish)
        wait(state, p, f)
    else:
        put_turn(state, i, b, finish)
        state.pod_started[p] += 1
        open_fate(state, f)


@compiled
def served(pool: int, p: int, status: int) -> int:
    """Return the answer of a call that pod p finishes."""
    reason = OK if status == HTTP_OK else ERROR
    return (p << POD_SHIFT) | (pool << POOL_SHIFT) | (status << STATUS_SHIFT) | reason


@compiled
def foresee(state: Any, t: float, r: int, copy: int, pool: int) -> None:
    """Request r, or its copy, arrives: it is sent to a pod, and its fate is known."""
    code = 4 * r + copy
    n = state.pool_ready[pool]
    if n == 0:
        answer_at_once(state, t, code, pool, NOBODY, NO_ENDPOINT)
        return
    c = state.free_call[state.iv[FREE_CALLS] - 1]  # for what `draw` and `decide` say of it; nobody takes it
    state.call_request[c] = r
    state.call_copy[c] = copy
    state.call_attempt[c] = 0
    first, second = draw(state, c)
    base = pool * state.iv[POD_ROOM]
    user: Any = np.int64(state.request_user[r])
    p = state.ready[base + pick(state, t, pool, base, n, first, second, user)]
    if state.pod_listens[p] == 0:
        answer_at_once(state, t, code, pool, p, REFUSED)
        return
    bring_up(state, t, p)
    serve(state, t, c, code, pool, p)


@entry_point
def advance_ahead(state: Any, until: float) -> int:
    """Foresee every call that arrives up to `until`. Return 1 when the host must make room and call again."""
    while True:
        t = state.fv[NEXT_ARRIVAL]
        if t > until:
            return 0
        if state.ahead[MUST_GROW] == 1:
            return 1
        if state.ahead[FATES_OPEN] >= state.ahead[ROWS_AT] and write_due_rows(state, t) == 1:
            return 1
        r = state.iv[NEXT_REQUEST]
        state.iv[NEXT_REQUEST] = r + 1
        state.fv[NEXT_ARRIVAL] = state.arrival[r + 1] if r + 1 < state.iv[REQUESTS] else math.inf
        foresee(state, t, r, ORIGINAL, route(state, r))
        if state.mirror_version[0] >= 0:
            version = mirror_version(state, mirror_number(state, r), -1)
            if version >= 0:
                foresee(state, t, r, COPY, version)


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
