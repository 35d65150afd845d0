"""The compiled engine's loop: one event after another.

t: time. c: call. r: request. p: pod. w: worker slot. k: place in the ring.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.engine.cache import compiled, entry_point
from sim.engine.calls import (
    answer,
    attempt,
    depart,
    end_attempt,
    free_call,
    new_call,
    on_hop,
    release,
    serve_pending,
)
from sim.engine.connections import held_slot
from sim.engine.fan_out import finish_service, mirror, spread_news
from sim.engine.giving_up import abandon, give_up, take_back, time_out
from sim.engine.heap import drop_root, push
from sim.engine.hops import set_home
from sim.engine.layout import (
    AFTER_ARRIVALS,
    BACKOFF,
    DONE,
    ENTRY_EDGE,
    ENTRY_PATH,
    FOLLOW,
    GROW,
    HAS_CONNECTIONS,
    HAS_NETWORK,
    HAS_OUTLIERS,
    HOLE,
    HOP,
    HTTP_TIMEOUT,
    HTTP_TOO_MANY,
    HTTP_UNAVAILABLE,
    INDEX_MASK,
    KIND_SHIFT,
    LEAVING,
    LEFT,
    LIMITS_PROXY,
    LOST,
    NEWS_HEAD,
    NEXT_ARRIVAL,
    NEXT_REQUEST,
    NOBODY,
    ORIGINAL,
    OWN,
    PER_TRY,
    PROXY_BUCKET,
    RATE_LIMITED,
    REQUEST_MASK,
    REQUESTS,
    RESET,
    RETURN,
    ROUTED,
    SLOT_MASK,
    TICK,
    TIMED_OUT,
    TIMEOUT,
    TIMEOUT_HEAD,
    TIMEOUT_SECONDS,
    TIMEOUT_WAITS,
    TRY_RINGS,
    USERS,
)
from sim.engine.outliers import on_tick, report
from sim.engine.pods import come_back
from sim.engine.rate_limit import take_token
from sim.engine.routes import pool_of
from sim.engine.timers import expired
from sim.engine.users import wait_at_most


@compiled
def arrive(state: Any, t: float) -> None:
    """The next request arrives, and a copy of it after it."""
    r = state.iv[NEXT_REQUEST]
    state.iv[NEXT_REQUEST] = r + 1
    state.fv[NEXT_ARRIVAL] = state.arrival[r + 1] if r + 1 < state.iv[REQUESTS] else math.inf
    receive(state, t, r)


@compiled
def receive(state: Any, t: float, r: int) -> None:
    """Request r arrives, and a copy of it after it."""
    if state.iv[LIMITS_PROXY] == 1 and not take_token(state, t, PROXY_BUCKET):
        refuse_entry(state, t, new_call(state, r, ORIGINAL, state.iv[NOBODY], ENTRY_EDGE, USERS, ENTRY_PATH))
        return
    s = state.edge_service[ENTRY_EDGE]
    c = new_call(state, r, ORIGINAL, pool_of(state, r, s, ENTRY_PATH), ENTRY_EDGE, USERS, ENTRY_PATH)
    state.request_call[r] = c
    attempt(state, t, c)
    if state.request_call[r] >= 0:
        if state.fv[TIMEOUT_SECONDS] < math.inf:
            limit(state, t, r)
        if state.users_leave[0] == 1:
            wait_at_most(state, t, r)
    if state.mirror_version[0] >= 0 and s == state.iv[ROUTED]:
        mirror(state, t, r, ENTRY_EDGE, ENTRY_PATH)


@compiled
def refuse_entry(state: Any, t: float, c: int) -> None:
    """The proxy in front has no token for call c: an answer at once, before it is routed, that is not tried again."""
    state.call_version[c] = state.call_pod[c] = -1
    state.call_start[c] = math.nan
    answer(state, t, c, 1, RATE_LIMITED, HTTP_TOO_MANY)


@compiled
def limit(state: Any, t: float, r: int) -> None:
    """Request r has its timeout from now on: its own, if it follows an answer and so did not arrive in its turn."""
    if r >= state.iv[REQUESTS]:
        push(state, t + state.fv[TIMEOUT_SECONDS], (TIMEOUT << KIND_SHIFT) | OWN | r)
    elif state.iv[TIMEOUT_WAITS] == 0:
        wait_for_timeout(state, r)


@compiled
def on_end_of_time(state: Any, t: float, index: int) -> None:
    """The time of one request is up: for the mesh, or for its user."""
    c = state.request_call[index & REQUEST_MASK]
    if c >= 0 and index < LEAVING:
        time_out(state, t, c)
    elif c >= 0:
        abandon(state, t, c)


@compiled
def wait_for_timeout(state: Any, r: int) -> None:
    """Put the timeout of request r into the heap, for all that arrive after it: theirs come later."""
    state.iv[TIMEOUT_HEAD] = r
    state.iv[TIMEOUT_WAITS] = 1
    push(state, state.arrival[r] + state.fv[TIMEOUT_SECONDS], TIMEOUT << KIND_SHIFT)


@compiled
def on_timeout(state: Any, t: float) -> None:
    """The request at the head has had its time; the next one under way takes the head's place."""
    r = state.iv[TIMEOUT_HEAD]
    c = state.request_call[r]
    state.iv[TIMEOUT_WAITS] = 0
    r += 1
    while r < state.iv[NEXT_REQUEST] and state.request_call[r] < 0:
        r += 1
    if r < state.iv[NEXT_REQUEST]:
        wait_for_timeout(state, r)
    if c >= 0:
        time_out(state, t, c)


@compiled
def on_ring(state: Any, t: float, ring: int) -> None:
    """The attempt, or the whole call, at the ring's head has had its time."""
    c = expired(state, t, ring)
    if c < 0:
        return
    if ring >= state.iv[TRY_RINGS]:
        time_out(state, t, c)
        return
    k = held_slot(state, c)
    give_up(state, t, c)
    end_attempt(state, t, c, TIMED_OUT, HTTP_TIMEOUT)
    if k >= 0:
        release(state, t, k, True)


@compiled
def on_backoff(state: Any, t: float, c: int) -> None:
    state.call_in_heap[c] = 0
    if state.call_state[c] == LEFT:
        free_call(state, c)
    else:
        attempt(state, t, c)


@compiled
def on_event(state: Any, t: float, code: int) -> None:
    """Do what the root of the heap stands for."""
    kind = code >> KIND_SHIFT
    if kind == DONE:
        w = code & SLOT_MASK
        if state.worker_due[w] == t and state.worker_code[w] == code:
            finish_service(state, t, w)
    elif kind == HOP:
        on_hop(state, t, code)
    elif kind == RETURN:
        come_back(state, t, code & INDEX_MASK)
    elif kind == FOLLOW:
        receive(state, t, code & INDEX_MASK)
    elif kind == TIMEOUT:
        if code & INDEX_MASK == 0:
            on_timeout(state, t)
        elif code & INDEX_MASK < OWN:
            on_ring(state, t, (code & INDEX_MASK) - 1)
        else:
            on_end_of_time(state, t, code & INDEX_MASK)
    elif kind == PER_TRY:
        on_ring(state, t, code & INDEX_MASK)
    elif kind == BACKOFF:
        on_backoff(state, t, code & SLOT_MASK)
    elif kind == TICK:
        on_tick(state, t)


@entry_point
def advance(state: Any, until: float) -> int:
    """Serve every event with time <= until. Return 0 when done, 1 when the host must grow the state and call again."""
    while True:
        t = state.heap_time[0]
        arrival = state.fv[NEXT_ARRIVAL]
        arrives = arrival < t or (arrival == t and state.heap_code[0] >= AFTER_ARRIVALS)
        if (arrival if arrives else t) > until:
            return 0
        if state.iv[GROW] == 1:  # before the next event: there is always room for one
            return 1
        if arrives:
            arrive(state, arrival)
        else:
            state.iv[HOLE] = 1
            on_event(state, t, state.heap_code[0])
            if state.iv[NEWS_HEAD] >= 0:
                spread_news(state, t)
            if state.iv[HOLE] == 1:  # it added nothing
                state.iv[HOLE] = 0
                drop_root(state)


@entry_point
def reset(state: Any, t: float, p: int, calls: Any, first: int) -> int:
    """Reset the calls that the killed pod p held, in this order and from `first` on, as far as there is room.

    Return where it ended, one more than there are when all is done. What was taken back meanwhile is lost no longer.
    """
    for i in range(first, len(calls)):
        if state.iv[GROW] == 1:
            return i
        c = calls[i]
        if state.call_state[c] == LOST:
            take_back(state, t, c)
            if state.iv[HAS_NETWORK] == 1:
                set_home(state, t, c, RESET, HTTP_UNAVAILABLE)
                spread_news(state, t)
                continue
            depart(state, t, c, p)
            if state.iv[HAS_OUTLIERS] == 1:
                report(state, t, p, state.call_pool[c], RESET, HTTP_UNAVAILABLE)
            end_attempt(state, t, c, RESET, HTTP_UNAVAILABLE)
            spread_news(state, t)
    if state.iv[HAS_CONNECTIONS] == 1:
        for kind in range(2):
            k: Any = np.int64(2 * p + kind)
            serve_pending(state, t, k)
    return len(calls) + 1
