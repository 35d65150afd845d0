"""A caller of the compiled engine stops waiting: its attempt, and all that was called for it, is taken back.

t: time. c: call. q: the call that made it. p: pod. w: worker slot. s: service.

What waits leaves its queue at once, a worker that only waits for calls is free, a worker at work goes on to its end.
"""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.calls import answer, depart, free_call, release, write_called
from sim.engine.connections import held_slot, slot, unpend
from sim.engine.layout import (
    ABANDONED,
    ANSWERED,
    CALLING,
    CANCELLED,
    HAS_BUDGET,
    HAS_NETWORK,
    HAS_OUTLIERS,
    HELD,
    HTTP_ABANDONED,
    HTTP_CANCELLED,
    HTTP_TIMEOUT,
    IN_BACKOFF,
    LOST,
    NO_SLOT,
    NO_WORKER,
    ORPHAN,
    PENDING,
    RUNNING,
    TIMED_OUT,
    WAITING,
)
from sim.engine.outliers import report
from sim.engine.workers import go_on, leave_queue


@compiled
def give_up(state: Any, t: float, c: int) -> None:
    """The caller stops waiting for the present attempt of call c, which counts as one that has timed out."""
    is_sent = state.call_state[c] != PENDING
    withdraw(state, t, c)
    if is_sent and state.iv[HAS_OUTLIERS] == 1:
        report(state, t, state.call_pod[c], state.call_pool[c], TIMED_OUT, HTTP_TIMEOUT)


@compiled
def withdraw(state: Any, t: float, c: int) -> None:
    """Nobody waits for the present attempt of call c any more."""
    if state.call_state[c] == PENDING:
        unpend(state, c, slot(state, c))
        return
    p = state.call_pod[c]
    if state.call_state[c] == CALLING:
        take_back(state, t, c)
        w = let_go(state, c)
        if w >= 0:
            go_on(state, t, w)
    else:
        stop_waiting(state, c, p)
    state.pod_requests[p] -= 1
    depart(state, t, c, p)


@compiled
def stop_waiting(state: Any, c: int, p: int) -> None:
    if state.call_state[c] == WAITING:
        leave_queue(state, c, p)
    elif state.call_state[c] == RUNNING:
        state.worker_call[state.call_worker[c]] = -1


@compiled
def let_go(state: Any, c: int) -> int:
    """Return the worker that call c has held while it waited for its calls, -1 for none."""
    w = state.call_worker[c]
    if w >= 0:
        state.iv[HELD] -= 1
        state.call_worker[c] = NO_WORKER
    return w  # type: ignore[no-any-return]


@compiled
def time_out(state: Any, t: float, c: int) -> None:
    """The timeout of a whole call: its attempt is given up and there is no other."""
    k = NO_SLOT
    if state.call_state[c] != IN_BACKOFF:
        k = held_slot(state, c)
        give_up(state, t, c)
    stop(state, t, c, k, TIMED_OUT, HTTP_TIMEOUT)


@compiled
def abandon(state: Any, t: float, c: int) -> None:
    """The user leaves. Model: as with Envoy's outlier detection, no pod is to blame."""
    k = NO_SLOT
    if state.call_state[c] != IN_BACKOFF:
        k = held_slot(state, c)
        withdraw(state, t, c)
    stop(state, t, c, k, ABANDONED, HTTP_ABANDONED)


@compiled
def stop(state: Any, t: float, c: int, k: int, reason: int, status: int) -> None:
    """The whole call ends, in an attempt, whose connection of slot k is of no use any more, or between two."""
    tries = state.call_attempt[c]
    if tries > 0:
        state.service_retrying[state.edge_service[state.call_edge[c]]] -= 1
    if state.call_state[c] != IN_BACKOFF:
        tries += 1
    state.call_generation[c] += 1
    answer(state, t, c, tries, reason, status)
    if k >= 0:
        release(state, t, k, True)


@compiled
def take_back(state: Any, t: float, q: int) -> None:
    """Take back all that was called for q, and for that in its turn; then the workers it held go on."""
    state.call_next[q] = -1
    last = q  # callers whose calls are still to be taken back: a list through call_next
    first_free = -1  # workers: a list through worker_call
    last_free = -1
    while last >= 0:
        caller = last
        last = state.call_next[caller]
        c = state.call_child[caller]
        state.call_child[caller] = -1
        while c >= 0:
            older = state.call_older[c]
            if state.call_state[c] == ANSWERED:
                state.call_parent[c] = ORPHAN
            else:
                w = cancel(state, t, c)
                if w >= 0:
                    state.worker_call[w] = -1
                    if last_free < 0:
                        first_free = w
                    else:
                        state.worker_call[last_free] = w
                    last_free = w
                if state.call_child[c] >= 0:
                    state.call_next[c] = last
                    last = c
                else:
                    free_call(state, c)
            c = older
        if caller != q:
            free_call(state, caller)
    while first_free >= 0:
        w = first_free
        first_free = state.worker_call[w]
        go_on(state, t, w)


@compiled
def cancel(state: Any, t: float, c: int) -> int:
    """Call c is over, and nobody hears of it; return the worker that it held, -1 for none."""
    s = state.edge_service[state.call_edge[c]]
    tries = state.call_attempt[c]
    if tries > 0:
        state.service_retrying[s] -= 1
    if state.iv[HAS_BUDGET] == 1:
        state.service_in_flight[s] -= 1
    state.call_generation[c] += 1
    state.call_life[c] += 1
    w = NO_WORKER
    if state.call_state[c] != IN_BACKOFF:
        tries += 1
        p = state.call_pod[c]
        if state.call_state[c] == CALLING:
            w = let_go(state, c)
        elif state.call_state[c] != LOST:
            stop_waiting(state, c, p)
        if state.call_state[c] != LOST or state.iv[HAS_NETWORK] == 1:
            state.pod_requests[p] -= 1
        depart(state, t, c, p)
    write_called(state, t, c, tries, CANCELLED, HTTP_CANCELLED)
    return w
