"""The compiled engine's loop: one event after another.

t: time. c: call. r: request. p: pod. w: worker slot. k: place in the ring.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.engine.cache import compiled, entry_point
from sim.engine.calls import (
    abandon,
    answer,
    attempt,
    depart,
    end_attempt,
    finish_service,
    give_up,
    new_call,
    release,
    serve_pending,
    time_out,
)
from sim.engine.connections import held_slot
from sim.engine.heap import drop_root, push
from sim.engine.keyed import ENTRY_PATH, ROUTE, U, block, uniform
from sim.engine.layout import (
    AFTER_ARRIVALS,
    BACKOFF,
    BY_PODS,
    COPY,
    DONE,
    FOLLOW,
    GROW,
    HAS_CONNECTIONS,
    HAS_OUTLIERS,
    HOLE,
    HTTP_TIMEOUT,
    HTTP_TOO_MANY,
    HTTP_UNAVAILABLE,
    IN_BACKOFF,
    IN_FLIGHT,
    INDEX_MASK,
    KIND_SHIFT,
    LEAVING,
    LIMITS_PROXY,
    MATCHES,
    NEXT_ARRIVAL,
    NEXT_REQUEST,
    ORIGINAL,
    OWN,
    PER_TRY,
    PROXY_BUCKET,
    RATE_LIMITED,
    REQUEST_BITS,
    REQUEST_MASK,
    REQUESTS,
    RESET,
    RETURN,
    RING_HEAD,
    RING_ROOM,
    RING_TAIL,
    RING_WAITS,
    STICKY,
    TICK,
    TIMED_OUT,
    TIMEOUT,
    TIMEOUT_HEAD,
    TIMEOUT_SECONDS,
    TIMEOUT_WAITS,
    VERSIONS,
    WORKER_MASK,
)
from sim.engine.outliers import on_tick, report
from sim.engine.pods import come_back
from sim.engine.rate_limit import take_token
from sim.engine.users import wait_at_most
from sim.routers import ROUTERS

match_version = compiled(ROUTERS["match"].choose_compiled)
weighted_version = compiled(ROUTERS["weighted"].choose_compiled)
sticky_version = compiled(ROUTERS["sticky"].choose_compiled)
mirror_version = compiled(ROUTERS["mirror"].choose_compiled)


@compiled
def route(state: Any, r: int) -> int:
    """Return the pool that serves request r."""
    user: Any = np.int64(state.request_user[r])
    if state.iv[MATCHES] == 1:
        segment: Any = np.int64(state.user_segment[user])
        version = match_version(state, 0.0, segment)
        if version >= 0:
            return version
    if state.iv[BY_PODS] == 1:
        return state.iv[VERSIONS]  # type: ignore[no-any-return]
    if state.kept_version[0] >= 0 and state.user_kept[user] == 1:
        return state.kept_version[0]  # type: ignore[no-any-return]
    if state.iv[STICKY] == 1:
        version = sticky_version(state, state.user_sticky[user], -1)
    elif state.route_choices[0] == 1:
        version = state.route_version[0]
    else:
        version = weighted_version(state, split_number(state, r), -1)
    if version >= 0 and version == state.kept_version[0]:
        state.user_kept[user] = 1
    return version if version >= 0 else state.iv[VERSIONS] + 1


@compiled
def split_number(state: Any, r: int) -> float:
    w0, _w1, _w2, _w3 = block(state.key[0], state.key[1], U(r), U(ENTRY_PATH), U(0), U(ROUTE))
    return uniform(w0)  # type: ignore[no-any-return]


@compiled
def mirror_number(state: Any, r: int) -> float:
    _w0, w1, _w2, _w3 = block(state.key[0], state.key[1], U(r), U(ENTRY_PATH), U(0), U(ROUTE))
    return uniform(w1)  # type: ignore[no-any-return]


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
    state.iv[IN_FLIGHT] += 1
    c = new_call(state, r, ORIGINAL, route(state, r))
    state.request_call[r] = c
    if state.iv[LIMITS_PROXY] == 1 and not take_token(state, t, PROXY_BUCKET):
        refuse_entry(state, t, c)
        return
    attempt(state, t, c)
    if state.request_call[r] >= 0:
        if state.fv[TIMEOUT_SECONDS] < math.inf:
            limit(state, t, r)
        if state.users_leave[0] == 1:
            wait_at_most(state, t, r)
    if state.mirror_version[0] >= 0:
        mirror(state, t, r)


@compiled
def refuse_entry(state: Any, t: float, c: int) -> None:
    """The proxy in front has no token for call c: an answer at once, that is not tried again."""
    state.call_version[c] = state.call_pod[c] = -1
    state.call_start[c] = math.nan
    answer(state, t, c, 1, RATE_LIMITED, HTTP_TOO_MANY)


@compiled
def mirror(state: Any, t: float, r: int) -> None:
    version = mirror_version(state, mirror_number(state, r), -1)
    if version >= 0:
        attempt(state, t, new_call(state, r, COPY, version))


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
def on_per_try(state: Any, t: float) -> None:
    """The attempt at the ring's head has had its time; the next one that is still under way takes the head's place."""
    mask = state.iv[RING_ROOM] - 1
    head = state.iv[RING_HEAD]
    expired = -1
    while head < state.iv[RING_TAIL]:
        k = head & mask
        c = state.ring_call[k]
        if state.ring_generation[k] == state.call_generation[c]:
            if expired >= 0 or state.ring_time[k] > t:
                break
            expired = c
        head += 1
    state.iv[RING_HEAD] = head
    if head < state.iv[RING_TAIL]:
        push(state, state.ring_time[head & mask], PER_TRY << KIND_SHIFT)
    else:
        state.iv[RING_WAITS] = 0
    if expired >= 0:
        k = held_slot(state, expired)
        give_up(state, t, expired)
        end_attempt(state, t, expired, TIMED_OUT, HTTP_TIMEOUT)
        if k >= 0:
            release(state, t, k, True)


@compiled
def on_backoff(state: Any, t: float, code: int) -> None:
    c = state.request_call[code & REQUEST_MASK]
    retry = (code & INDEX_MASK) >> REQUEST_BITS
    if c >= 0 and state.call_state[c] == IN_BACKOFF and state.call_attempt[c] == retry and state.call_due[c] == t:
        attempt(state, t, c)


@compiled
def on_event(state: Any, t: float, code: int) -> None:
    """Do what the root of the heap stands for."""
    kind = code >> KIND_SHIFT
    if kind == DONE:
        w = code & WORKER_MASK
        if state.worker_due[w] == t and state.worker_code[w] == code:
            finish_service(state, t, w)
    elif kind == RETURN:
        come_back(state, t, code & INDEX_MASK)
    elif kind == FOLLOW:
        receive(state, t, code & INDEX_MASK)
    elif kind == TIMEOUT:
        if code & INDEX_MASK == 0:
            on_timeout(state, t)
        else:
            on_end_of_time(state, t, code & INDEX_MASK)
    elif kind == PER_TRY:
        on_per_try(state, t)
    elif kind == BACKOFF:
        on_backoff(state, t, code)
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
            if state.iv[HOLE] == 1:  # it added nothing
                state.iv[HOLE] = 0
                drop_root(state)


@entry_point
def reset(state: Any, t: float, p: int, calls: Any) -> None:
    """Reset the calls that the killed pod p held, in this order."""
    for i in range(len(calls)):
        c = calls[i]
        depart(state, t, c, p)
        if state.iv[HAS_OUTLIERS] == 1:
            report(state, t, p, state.call_pool[c], RESET, HTTP_UNAVAILABLE)
        end_attempt(state, t, c, RESET, HTTP_UNAVAILABLE)
    if state.iv[HAS_CONNECTIONS] == 1:
        for kind in range(2):
            k: Any = np.int64(2 * p + kind)
            serve_pending(state, t, k)
