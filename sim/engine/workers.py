"""Workers and queues of the compiled engine's pods.

t: time. c: call. p: pod. w: worker slot. v: version. n: a count.

A worker slot owns the call that it serves; -1 means that nobody waits for the work any more. Waiting calls are a doubly
linked list through the calls, so that one that times out leaves it at once.
"""

from __future__ import annotations

import math
from typing import Any

from sim.engine.cache import compiled
from sim.engine.heap import order_of, push
from sim.engine.layout import (
    DONE,
    FREE_WORKERS,
    GROW,
    KIND_SHIFT,
    LESS,
    NEAR_FULL,
    RUNNING,
    SLOT_BITS,
    WAITING,
)
from sim.engine.priorities import last_before, leave_level
from sim.engine.service import decide


@compiled
def change_busy(state: Any, t: float, p: int, change: int) -> None:
    """Change the number of busy workers of a pod, its integral up to date."""
    state.pod_area[p] += state.pod_busy[p] * (t - state.pod_busy_since[p])
    state.pod_busy_since[p] = t
    state.pod_busy[p] += change


@compiled
def new_worker(state: Any, p: int) -> int:
    """Return a worker slot of pod p."""
    n = state.iv[FREE_WORKERS] - 1
    state.iv[FREE_WORKERS] = n
    if n < NEAR_FULL:
        state.iv[GROW] = 1
    w = state.free_worker[n]
    state.worker_pod[w] = p
    return w  # type: ignore[no-any-return]


@compiled
def free_worker(state: Any, w: int) -> None:
    state.worker_pod[w] = -1
    state.worker_due[w] = math.nan
    n = state.iv[FREE_WORKERS]
    state.free_worker[n] = w
    state.iv[FREE_WORKERS] = n + 1


@compiled
def start(state: Any, t: float, c: int, p: int, w: int) -> None:
    """Worker w of pod p begins with call c."""
    state.pod_started[p] += 1
    state.call_state[c] = RUNNING
    state.call_worker[c] = w
    state.call_start[c] = t
    due = t + decide(state, t, c, p)
    code = (DONE << KIND_SHIFT) | (state.call_request[c] << SLOT_BITS) | w
    state.worker_call[w] = c
    state.worker_due[w] = due
    state.worker_code[w] = code
    state.worker_order[w] = order_of(state, c)
    push(state, due, code)


@compiled
def enqueue(state: Any, c: int, p: int) -> None:
    """Call c waits at pod p, last, or last of those with its priority."""
    state.call_state[c] = WAITING
    state.pod_waiting[p] += 1
    before = state.pod_tail[p]
    after = before - before - 1
    if state.levels[0] > 1:
        before = last_before(state, c, p)
        after = state.pod_head[p] if before < 0 else state.call_next[before]
    state.call_previous[c] = before
    state.call_next[c] = after
    if before < 0:
        state.pod_head[p] = c
    else:
        state.call_next[before] = c
    if after < 0:
        state.pod_tail[p] = c
    else:
        state.call_previous[after] = c


@compiled
def leave_queue(state: Any, c: int, p: int) -> None:
    """Call c waits no longer at pod p."""
    if state.levels[0] > 1:
        leave_level(state, c, p)
    before = state.call_previous[c]
    after = state.call_next[c]
    if before < 0:
        state.pod_head[p] = after
    else:
        state.call_next[before] = after
    if after < 0:
        state.pod_tail[p] = before
    else:
        state.call_previous[after] = before
    state.pod_waiting[p] -= 1


@compiled
def go_on(state: Any, t: float, w: int) -> None:
    """Worker w has finished: it takes the first that waits at its pod, or is free."""
    p = state.worker_pod[w]
    c = state.pod_head[p]
    if c >= 0:
        leave_queue(state, c, p)
        start(state, t, c, p, w)
    else:
        change_busy(state, t, p, LESS)
        free_worker(state, w)
