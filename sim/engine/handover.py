"""Calls under way, from the recursion to the event heap and back, at a moment at which every pod is up to date.

c: call. f: fate. p: pod. r: request. w: worker slot. b: busy workers. i, n: places.
"""

from __future__ import annotations

import math
from typing import Any

from sim.engine.cache import compiled, entry_point
from sim.engine.calls import draw, new_call
from sim.engine.fates import (
    ENDS_BY_COMPLETION,
    FATES_OPEN,
    POD_SHIFT,
    POOL_MASK,
    POOL_SHIFT,
    STATUS_MASK,
    STATUS_SHIFT,
    WORKERS,
)
from sim.engine.heap import order_of, push
from sim.engine.layout import (
    DONE,
    ENTRY_EDGE,
    ENTRY_PATH,
    KIND_SHIFT,
    MIRRORED,
    ORIGINAL,
    PODS,
    RUNNING,
    SLOT_BITS,
    USERS,
)
from sim.engine.recursion import free_fate, new_fate, open_fate, put_turn, replace_first_turn, served, wait
from sim.engine.service import decide
from sim.engine.workers import enqueue, new_worker


@entry_point
def hand_to_heap(state: Any) -> None:
    """Make calls of all open and waiting fates. There is room for them."""
    for i in range(state.ahead[FATES_OPEN]):
        f = state.open_fate[i]
        run_in_heap(state, f, call_of(state, f))
        free_fate(state, f)
    state.ahead[FATES_OPEN] = 0
    for p in range(state.iv[PODS]):
        f = state.pod_head[p]
        state.pod_head[p] = -1
        state.pod_tail[p] = -1
        state.pod_waiting[p] = 0
        while f >= 0:
            enqueue(state, call_of(state, f), p)
            free_fate(state, f)
            f = state.fate_next[f]


@compiled
def call_of(state: Any, f: int) -> int:
    """Return a call at its pod with what is known of fate f."""
    answer = state.fate_answer[f]
    copy = state.fate_code[f] & 1
    r = state.fate_code[f] >> 2
    p = answer >> POD_SHIFT
    pool = (answer >> POOL_SHIFT) & POOL_MASK
    c = new_call(state, r, copy, pool, ENTRY_EDGE, USERS if copy == ORIGINAL else MIRRORED, ENTRY_PATH)
    draw(state, c)
    state.call_pod[c] = p
    state.call_version[c] = state.pod_version[p]
    state.call_sent[c] = state.arrival[r]
    state.call_start[c] = math.nan
    state.pod_requests[p] += 1
    state.pool_requests[pool] += 1
    if copy == ORIGINAL:
        state.request_call[r] = c
    return c


@compiled
def run_in_heap(state: Any, f: int, c: int) -> None:
    """Call c has a worker until its fate's finish."""
    w = new_worker(state, state.call_pod[c])
    code = (DONE << KIND_SHIFT) | (state.call_request[c] << SLOT_BITS) | w
    state.call_state[c] = RUNNING
    state.call_worker[c] = w
    state.call_start[c] = state.fate_start[f]
    state.call_status[c] = (state.fate_answer[f] >> STATUS_SHIFT) & STATUS_MASK
    state.worker_call[w] = c
    state.worker_due[w] = state.fate_finish[f]
    state.worker_code[w] = code
    state.worker_order[w] = order_of(state, c)
    push(state, state.fate_finish[f], code)


@entry_point
def take_from_heap(state: Any, workers: int) -> None:
    """Make fates of all calls, which wait or are served, each in its first attempt. There is room for them.

    workers: how many worker slots there are. The heap, the calls and the slots are the host's to clear.
    """
    for p in range(state.iv[PODS]):
        state.pod_busy[p] = 0
    for w in range(workers):
        if state.worker_pod[w] >= 0:
            foresee_running(state, w)
    for p in range(state.iv[PODS]):
        c = state.pod_head[p]
        state.pod_head[p] = -1
        state.pod_tail[p] = -1
        state.pod_waiting[p] = 0
        while c >= 0:
            foresee_waiting(state, c, p)
            c = state.call_next[c]


@compiled
def foresee_running(state: Any, w: int) -> None:
    """The call of worker w ends when its work is done."""
    c = state.worker_call[w]
    p = state.worker_pod[w]
    finish = state.worker_due[w]
    put_turn(state, p * state.ahead[WORKERS], state.pod_busy[p], finish)
    state.pod_busy[p] += 1
    open_fate(state, fate_of(state, c, p, state.call_start[c], finish))


@compiled
def foresee_waiting(state: Any, c: int, p: int) -> None:
    """Call c, the next that waits at pod p, is served by the first worker that will be free."""
    i = p * state.ahead[WORKERS]
    start = state.pod_turn[i]
    finish = start + decide(state, start, c, p)
    replace_first_turn(state, i, state.pod_busy[p], finish)
    wait(state, p, fate_of(state, c, p, start, finish))


@compiled
def fate_of(state: Any, c: int, p: int, start: float, finish: float) -> int:
    code = 4 * state.call_request[c] + ENDS_BY_COMPLETION + state.call_copy[c]
    return new_fate(state, code, start, finish, served(state.call_pool[c], p, state.call_status[c]))
