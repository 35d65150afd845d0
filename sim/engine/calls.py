"""A call is a user request, or a mirrored copy of one, on its way through the compiled engine: attempt by attempt.

t: time. c: call. r: request. p: pod. w: worker slot. v: version. n: a count. u...: the call's own numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.balancers import BALANCERS, consistent_hash
from sim.engine.cache import compiled
from sim.engine.connections import give_back, held_slot, pend, slot, take_connection, unpend
from sim.engine.heap import push
from sim.engine.keyed import ATTEMPT, ENTRY_PATH, MIRROR, U, block, high, low, uniform
from sim.engine.latency import cost, observe
from sim.engine.layout import (
    ABANDONED,
    BACKOFF,
    BACKOFF_SECONDS,
    BALANCER,
    BUDGET,
    CIRCUIT_OPEN,
    COPY,
    ERROR,
    FREE,
    FREE_CALLS,
    GROW,
    HAS_BUDGET,
    HAS_CONNECTIONS,
    HAS_OUTLIERS,
    HAS_WARMUP,
    HTTP_ABANDONED,
    HTTP_OK,
    HTTP_TIMEOUT,
    HTTP_TOO_MANY,
    HTTP_UNAVAILABLE,
    IN_BACKOFF,
    IN_FLIGHT,
    KIND_SHIFT,
    LIMITS_PODS,
    MIN_HEALTH,
    MIN_RETRYING,
    MORE,
    MOST_PENDING,
    MOST_REQUESTS,
    MOST_RETRIES,
    MOST_RETRYING,
    NEAR_FULL,
    NO_ENDPOINT,
    NO_SLOT,
    OK,
    ORIGINAL,
    PENDING,
    PENDING_ROOM,
    PER_TRY,
    PER_TRY_SECONDS,
    POD_ROOM,
    RATE_LIMITED,
    REFUSED,
    REQUEST_BITS,
    RETRYING,
    RING_HEAD,
    RING_ROOM,
    RING_TAIL,
    RING_WAITS,
    ROW_ROOM,
    ROWS,
    SHED,
    SPLITS,
    TIMED_OUT,
    VERSIONS,
    WAITING,
)
from sim.engine.outliers import connect, panics, report
from sim.engine.rate_limit import take_token
from sim.engine.schedule import pick_due
from sim.engine.sharing import leave, share
from sim.engine.users import react
from sim.engine.workers import change_busy, enqueue, go_on, leave_queue, new_worker, start

LONGEST_BACKOFF = 10.0
"""In units of the base. Source: Envoy, the maximum of the jittered exponential back-off when only the base is given."""

OTHER_POOLS = 2
"""The whole service's and the empty one come after the versions'; then the same pools with ejected pods."""

ROUND_ROBIN, RANDOM = BALANCERS["roundRobin"].code, BALANCERS["random"].code
LEAST_REQUEST, CONSISTENT_HASH = BALANCERS["leastRequest"].code, BALANCERS["consistentHash"].code
EWMA = BALANCERS["ewma"].code
pick_round_robin = compiled(BALANCERS["roundRobin"].pick_compiled)
pick_random = compiled(BALANCERS["random"].pick_compiled)
pick_least_request = compiled(BALANCERS["leastRequest"].pick_compiled)
pick_consistent_hash = compiled(BALANCERS["consistentHash"].pick_compiled)
pick_ewma = compiled(BALANCERS["ewma"].pick_compiled)
build_ring = compiled(consistent_hash.build_compiled)
another_on_ring = compiled(consistent_hash.another_compiled)


@compiled
def pick(state: Any, t: float, pool: int, base: int, n: int, first: float, second: float, user: int) -> int:
    """Return a place among the n ready pods of a pool."""
    if state.iv[HAS_WARMUP] == 1 and state.pool_weighted[pool] == 1:
        return pick_due(state, t, pool, base, n)
    policy = state.iv[BALANCER]
    if policy == ROUND_ROBIN:
        return pick_round_robin(state, t, pool, base, n, first, second, user)
    if policy == RANDOM:
        return pick_random(state, t, pool, base, n, first, second, user)
    if policy == LEAST_REQUEST:
        return pick_least_request(state, t, pool, base, n, first, second, user)
    if policy == EWMA:
        return pick_ewma(cost, state, t, base, n, first, second)
    if state.pool_ring[pool] == 0:
        build_ring(state, pool, base, n)
    return pick_consistent_hash(state, t, pool, base, n, first, second, user)


@compiled
def another(state: Any, pool: int, base: int, n: int, place: int) -> int:
    """Return the place of another pod, for a retry that must not go to this one again."""
    if state.iv[BALANCER] == CONSISTENT_HASH:
        return another_on_ring(state, pool, base, place)
    return place + 1 if place + 1 < n else 0


@compiled
def new_call(state: Any, r: int, copy: int, pool: int) -> int:
    """Return a call of request r, ready for its first attempt in the pool."""
    n = state.iv[FREE_CALLS] - 1
    state.iv[FREE_CALLS] = n
    if n < NEAR_FULL:
        state.iv[GROW] = 1
    c = state.free_call[n]
    state.call_request[c] = r
    state.call_copy[c] = copy
    state.call_attempt[c] = 0
    state.call_pool[c] = pool
    return c  # type: ignore[no-any-return]


@compiled
def attempt(state: Any, t: float, c: int) -> None:
    """Send call c to a pod of its pool."""
    pool = state.call_pool[c]
    if state.fv[MIN_HEALTH] > 0.0 and panics(state, pool):
        pool += state.iv[VERSIONS] + OTHER_POOLS
    n = state.pool_ready[pool]
    state.call_start[c] = math.nan
    if n == 0:
        state.call_version[c] = -1
        state.call_pod[c] = -1
        end_attempt(state, t, c, NO_ENDPOINT, HTTP_UNAVAILABLE)
        return
    first, second = draw(state, c)
    base = pool * state.iv[POD_ROOM]
    user: Any = np.int64(state.request_user[state.call_request[c]])
    place = pick(state, t, pool, base, n, first, second, user)
    p = state.ready[base + place]
    if n > 1 and state.call_attempt[c] > 0 and p == state.call_pod[c]:
        p = state.ready[base + another(state, pool, base, n, place)]
    state.call_pod[c] = p
    state.call_version[c] = state.pod_version[p]
    state.call_sent[c] = t
    generation = state.call_generation[c]
    if state.iv[HAS_CONNECTIONS] == 1:
        ask_for_connection(state, t, c)
    else:
        offer(state, t, c, p)
    if (
        state.fv[PER_TRY_SECONDS] < math.inf
        and state.call_copy[c] == ORIGINAL
        and state.call_generation[c] == generation  # else it has ended already
    ):
        set_per_try(state, t + state.fv[PER_TRY_SECONDS], c)


@compiled
def ask_for_connection(state: Any, t: float, c: int) -> None:
    """Send call c on a connection to its pod, or let it wait for one, unless too many wait already."""
    k = slot(state, c)
    if state.slot_idle[k] == 0 and state.pool_pending[state.call_pool[c]] >= state.iv[MOST_PENDING]:
        end_attempt(state, t, c, CIRCUIT_OPEN, HTTP_UNAVAILABLE)
        return
    pend(state, c, k)
    serve_pending(state, t, k)


@compiled
def serve_pending(state: Any, t: float, k: int) -> None:
    """Send the calls that wait at slot k, in order, as long as there are connections."""
    p = k >> 1
    while state.slot_head[k] >= 0 and take_connection(state, k):
        c = state.slot_head[k]
        unpend(state, c, k)
        generation = state.call_generation[c]
        offer(state, t, c, p)
        if state.call_generation[c] != generation:  # turned away
            give_back(state, k, state.pod_listens[p] == 0)


@compiled
def release(state: Any, t: float, k: int, is_closed: bool) -> None:
    """A call of slot k needs its connection no longer; the first that waits does."""
    give_back(state, k, is_closed)
    serve_pending(state, t, k)


@compiled
def draw(state: Any, c: int) -> tuple[float, float]:
    """Leave the numbers of this attempt in the call; return the balancer's two."""
    purpose = MIRROR if state.call_copy[c] == COPY else ATTEMPT
    w0, w1, w2, w3 = block(
        state.key[0], state.key[1], U(state.call_request[c]), U(ENTRY_PATH), U(state.call_attempt[c]), U(purpose)
    )
    state.call_u_service[c] = uniform(w0)
    state.call_u_error[c] = high(w1)
    state.call_u_jitter[c] = high(w3)
    state.call_u_extra[c] = low(w3)
    return high(w2), low(w2)


@compiled
def offer(state: Any, t: float, c: int, p: int) -> None:
    """Hand call c to pod p: served, waiting, or turned away at once."""
    v = state.pod_version[p]
    pool = state.call_pool[c]
    if state.iv[MOST_REQUESTS] > 0 and state.pool_requests[pool] >= state.iv[MOST_REQUESTS]:
        end_attempt(state, t, c, CIRCUIT_OPEN, HTTP_UNAVAILABLE)
        return
    if state.pod_listens[p] == 0:
        turn_away(state, t, c, p, REFUSED)
        return
    if state.iv[SPLITS] == 1:
        connect(state, t, p)
    if state.iv[LIMITS_PODS] == 1 and not take_token(state, t, p + 1):
        turn_away(state, t, c, p, RATE_LIMITED)
        return
    is_full = state.pod_busy[p] >= state.version_workers[v]
    if is_full and state.pod_waiting[p] >= state.version_queue[v]:
        turn_away(state, t, c, p, SHED)
        return
    if state.version_shares[v] == 1:
        share(state, t, c, p)
    elif is_full:
        enqueue(state, c, p)
    else:
        change_busy(state, t, p, MORE)
        start(state, t, c, p, new_worker(state, p))
    state.pod_requests[p] += 1
    state.pool_requests[pool] += 1


@compiled
def turn_away(state: Any, t: float, c: int, p: int, reason: int) -> None:
    status = HTTP_TOO_MANY if reason == RATE_LIMITED else HTTP_UNAVAILABLE
    if state.iv[HAS_OUTLIERS] == 1:
        report(state, t, p, state.call_pool[c], reason, status)
    end_attempt(state, t, c, reason, status)


@compiled
def finish_service(state: Any, t: float, w: int) -> None:
    """Worker w has finished its work; the caller hears of it if it still waits."""
    c = state.worker_call[w]
    if c < 0:
        end_work(state, t, w)
        return
    p = state.worker_pod[w]
    status = state.call_status[c]
    state.pod_requests[p] -= 1
    depart(state, t, c, p)
    if state.iv[HAS_OUTLIERS] == 1:
        report(state, t, p, state.call_pool[c], ERROR, status)
    end_work(state, t, w)
    k = held_slot(state, c)
    end_attempt(state, t, c, OK if status == HTTP_OK else ERROR, status)
    if k >= 0:
        release(state, t, k, False)


@compiled
def end_work(state: Any, t: float, w: int) -> None:
    """Worker w has done its work: it goes on with another, or is free."""
    if state.version_shares[state.pod_version[state.worker_pod[w]]] == 1:
        leave(state, t, w)
    else:
        go_on(state, t, w)


@compiled
def give_up(state: Any, t: float, c: int) -> None:
    """The caller stops waiting for the attempt, which counts as one that has timed out."""
    is_sent = state.call_state[c] != PENDING
    withdraw(state, t, c)
    if is_sent and state.iv[HAS_OUTLIERS] == 1:
        report(state, t, state.call_pod[c], state.call_pool[c], TIMED_OUT, HTTP_TIMEOUT)


@compiled
def withdraw(state: Any, t: float, c: int) -> None:
    """Nobody waits for the attempt any more: it leaves the queue at once, but a worker goes on to its end."""
    p = state.call_pod[c]
    if state.call_state[c] == PENDING:
        unpend(state, c, slot(state, c))
        return
    if state.call_state[c] == WAITING:
        leave_queue(state, c, p)
    else:
        state.worker_call[state.call_worker[c]] = -1
    state.pod_requests[p] -= 1
    depart(state, t, c, p)


@compiled
def depart(state: Any, t: float, c: int, p: int) -> None:
    """Call c has left pod p, which does not count it any more."""
    state.pool_requests[state.call_pool[c]] -= 1
    if state.iv[BALANCER] == EWMA:
        observe(state, t, p, t - state.call_sent[c])


@compiled
def end_attempt(state: Any, t: float, c: int, reason: int, status: int) -> None:
    """An attempt has ended: another one later, or the answer."""
    state.call_generation[c] += 1
    if state.call_copy[c] == COPY:
        answer(state, t, c, state.call_attempt[c] + 1, reason, status)
        return
    if state.call_attempt[c] > 0:
        state.iv[RETRYING] -= 1
    if reason != OK and is_retried(state, c, reason, status):
        back_off(state, t, c)
    else:
        answer(state, t, c, state.call_attempt[c] + 1, reason, status)


@compiled
def is_retried(state: Any, c: int, reason: int, status: int) -> bool:
    """True when the mesh tries again."""
    if state.call_attempt[c] >= state.iv[MOST_RETRIES] or state.iv[RETRYING] >= state.iv[MOST_RETRYING]:
        return False
    if reason in (ERROR, SHED, RATE_LIMITED):
        if state.retried_status[status] == 0:
            return False
    elif state.retried_reason[reason] == 0:
        return False
    if state.iv[HAS_BUDGET] == 0:
        return True
    allowed = max(float(state.iv[MIN_RETRYING]), state.fv[BUDGET] * state.iv[IN_FLIGHT])
    return state.iv[RETRYING] < allowed  # type: ignore[no-any-return]


@compiled
def back_off(state: Any, t: float, c: int) -> None:
    """The n-th retry begins after a random part of (2^n - 1) times the base, of ten times at most."""
    n = state.call_attempt[c] + 1
    base = state.fv[BACKOFF_SECONDS]
    due = t + state.call_u_jitter[c] * min(((1 << n) - 1) * base, LONGEST_BACKOFF * base)
    state.iv[RETRYING] += 1
    state.call_attempt[c] = n
    state.call_state[c] = IN_BACKOFF
    state.call_due[c] = due
    push(state, due, (BACKOFF << KIND_SHIFT) | (n << REQUEST_BITS) | state.call_request[c])


@compiled
def time_out(state: Any, t: float, c: int) -> None:
    """The timeout of the whole request: its attempt is given up and there is no other."""
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
    """The whole request ends, in an attempt, whose connection of slot k is of no use any more, or between two."""
    tries = state.call_attempt[c]
    if tries > 0:
        state.iv[RETRYING] -= 1
    if state.call_state[c] != IN_BACKOFF:
        tries += 1
    state.call_generation[c] += 1
    answer(state, t, c, tries, reason, status)
    if k >= 0:
        release(state, t, k, True)


@compiled
def answer(state: Any, t: float, c: int, attempts: int, reason: int, status: int) -> None:
    """Write the row of call c and free it."""
    r = state.call_request[c]
    n = state.iv[ROWS]
    state.row_request[n] = r
    state.row_copy[n] = state.call_copy[c]
    state.row_version[n] = state.call_version[c]
    state.row_pod[n] = state.call_pod[c]
    state.row_attempts[n] = attempts
    state.row_start[n] = state.call_start[c]
    state.row_finish[n] = t
    state.row_status[n] = status
    state.row_reason[n] = reason
    state.iv[ROWS] = n + 1
    if n + NEAR_FULL + state.iv[PENDING_ROOM] > state.iv[ROW_ROOM]:
        state.iv[GROW] = 1
    if state.call_copy[c] == ORIGINAL:
        state.request_call[r] = -1
        state.iv[IN_FLIGHT] -= 1
        if state.users_react[0] == 1:
            react(state, t, r, status)
    state.call_state[c] = FREE
    free = state.iv[FREE_CALLS]
    state.free_call[free] = c
    state.iv[FREE_CALLS] = free + 1


@compiled
def set_per_try(state: Any, due: float, c: int) -> None:
    """Remember the timeout of an attempt. All are equally long, so they end in the order in which they are set."""
    tail = state.iv[RING_TAIL]
    k = tail & (state.iv[RING_ROOM] - 1)
    state.ring_time[k] = due
    state.ring_call[k] = c
    state.ring_generation[k] = state.call_generation[c]
    state.iv[RING_TAIL] = tail + 1
    if tail + NEAR_FULL - state.iv[RING_HEAD] > state.iv[RING_ROOM]:
        state.iv[GROW] = 1
    if state.iv[RING_WAITS] == 0:
        state.iv[RING_WAITS] = 1
        push(state, due, PER_TRY << KIND_SHIFT)
