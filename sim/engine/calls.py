"""A call is a request of a user or of a service, or a mirrored copy of one, on its way through the compiled engine:
attempt by attempt.

t: time. c: call. q: the call that made it. r: request. p: pod. w: worker slot. v: version. s: service. n: a count.
edge: who calls whom, see sim.engine.edges. u...: the call's own numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.balancers import BALANCERS, consistent_hash
from sim.engine.cache import compiled, inlined
from sim.engine.connections import give_back, held_slot, pend, slot, take_connection, unpend
from sim.engine.hops import free_trip, set_home, set_out
from sim.engine.keyed import ATTEMPT, MIRROR, U, block, high, low, uniform
from sim.engine.latency import cost, observe
from sim.engine.layout import (
    ANSWERED,
    BALANCER,
    CALL_ROOM,
    CALL_ROW_ROOM,
    CALL_ROWS,
    CIRCUIT_OPEN,
    COPY,
    ENTRY_EDGE,
    FREE,
    FREE_CALLS,
    GROW,
    HAS_BUDGET,
    HAS_CONNECTIONS,
    HAS_NETWORK,
    HAS_OUTLIERS,
    HAS_WARMUP,
    HOMEWARD,
    HTTP_TOO_MANY,
    HTTP_UNAVAILABLE,
    LEFT,
    LIMITS_PODS,
    MIN_HEALTH,
    MIRRORED,
    MORE,
    MOST_PENDING,
    MOST_REQUESTS,
    NEAR_FULL,
    NEWS_HEAD,
    NEWS_TAIL,
    NO_ENDPOINT,
    OK,
    OUTWARD,
    PENDING_ROOM,
    POD_ROOM,
    POOLS,
    RATE_LIMITED,
    REFUSED,
    RESET,
    ROW_ROOM,
    ROWS,
    SHED,
    SLOT_MASK,
    SPLITS,
    USERS,
)
from sim.engine.outliers import connect, panics, report
from sim.engine.priorities import room_for
from sim.engine.rate_limit import take_token
from sim.engine.retrying import back_off, is_retried
from sim.engine.schedule import pick_due
from sim.engine.sharing import leave, share
from sim.engine.timers import wait_in_ring
from sim.engine.users import react
from sim.engine.workers import change_busy, enqueue, go_on, new_worker, start

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


@inlined
def new_call(state: Any, r: int, copy: int, pool: int, edge: int, q: int, path: int) -> int:
    """Return a call for request r, ready for its first attempt in the pool."""
    n = state.iv[FREE_CALLS] - 1
    state.iv[FREE_CALLS] = n
    if n < NEAR_FULL:
        state.iv[GROW] = 1
    c = state.free_call[n]
    state.call_request[c] = r
    state.call_copy[c] = copy
    state.call_attempt[c] = 0
    state.call_pool[c] = pool
    state.call_edge[c] = edge
    state.call_parent[c] = q
    state.call_path[c] = path
    if state.iv[HAS_BUDGET] == 1 and q != MIRRORED:
        state.service_in_flight[state.edge_service[edge]] += 1
    return c  # type: ignore[no-any-return]


@compiled
def attempt(state: Any, t: float, c: int) -> None:
    """Send call c to a pod of its pool."""
    pool = state.call_pool[c]
    if state.fv[MIN_HEALTH] > 0.0 and panics(state, pool):
        pool += state.iv[POOLS]
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
        offer(state, t, c, p, False)
    ring = state.edge_try_ring[state.call_edge[c]]
    if ring >= 0 and state.call_parent[c] != MIRRORED and state.call_generation[c] == generation:  # else it has ended
        wait_in_ring(state, t, c, ring)


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
    while state.slot_head[k] >= 0:
        is_new = state.slot_idle[k] == 0
        if not take_connection(state, k):
            break
        c = state.slot_head[k]
        unpend(state, c, k)
        generation = state.call_generation[c]
        offer(state, t, c, p, is_new)
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
    r = U(state.call_request[c])
    w0, w1, w2, w3 = block(state.key[0], state.key[1], r, U(state.call_path[c]), U(state.call_attempt[c]), U(purpose))
    state.call_u_service[c] = uniform(w0)
    state.call_u_error[c] = high(w1)
    state.call_u_jitter[c] = high(w3)
    state.call_u_extra[c] = low(w3)
    return high(w2), low(w2)


@compiled
def offer(state: Any, t: float, c: int, p: int, is_new: bool) -> None:
    """Send call c to pod p, on a new connection or on one that is there, unless too many requests are under way."""
    pool = state.call_pool[c]
    if state.iv[MOST_REQUESTS] > 0 and state.pool_requests[pool] >= state.iv[MOST_REQUESTS]:
        end_attempt(state, t, c, CIRCUIT_OPEN, HTTP_UNAVAILABLE)
        return
    if state.iv[HAS_NETWORK] == 1:
        set_out(state, t, c, is_new)
    else:
        reason = enter(state, t, c, p)
        if reason != OK:
            turn_away(state, t, c, p, reason)
            return
    state.pod_requests[p] += 1
    state.pool_requests[pool] += 1


@compiled
def enter(state: Any, t: float, c: int, p: int) -> int:
    """Hand call c to pod p, where it is served or waits: OK; or return why it is turned away."""
    v = state.pod_version[p]
    if state.pod_listens[p] == 0:
        return REFUSED
    if state.iv[SPLITS] == 1:
        connect(state, t, p)
    if state.iv[LIMITS_PODS] == 1 and not take_token(state, t, p + 1):
        return RATE_LIMITED
    is_full = state.pod_busy[p] >= state.version_workers[v]
    if is_full and state.pod_waiting[p] >= room_for(state, v, c):
        return SHED
    if state.version_shares[v] == 1:
        share(state, t, c, p)
    elif is_full:
        enqueue(state, c, p)
    else:
        change_busy(state, t, p, MORE)
        start(state, t, c, p, new_worker(state, p))
    return OK


@compiled
def on_hop(state: Any, t: float, code: int) -> None:
    """A request has come to its pod, or an answer to the proxy, if it still waits for it."""
    c = free_trip(state, code & SLOT_MASK)
    if c < 0:
        return
    if state.call_state[c] == HOMEWARD:
        come_home(state, t, c, state.call_reason[c], state.call_status[c])
    elif state.call_state[c] == OUTWARD:
        reason = enter(state, t, c, state.call_pod[c])
        if reason != OK:
            set_home(state, t, c, reason, HTTP_TOO_MANY if reason == RATE_LIMITED else HTTP_UNAVAILABLE)


@compiled
def turn_away(state: Any, t: float, c: int, p: int, reason: int) -> None:
    status = HTTP_TOO_MANY if reason == RATE_LIMITED else HTTP_UNAVAILABLE
    if state.iv[HAS_OUTLIERS] == 1:
        report(state, t, p, state.call_pool[c], reason, status)
    end_attempt(state, t, c, reason, status)


@compiled
def conclude(state: Any, t: float, c: int, w: int, reason: int, status: int) -> None:
    """The attempt of call c has its answer from the pod; worker w, if one is still with it, goes on."""
    if w >= 0:
        end_work(state, t, w)
    if state.iv[HAS_NETWORK] == 1:
        set_home(state, t, c, reason, status)
    else:
        come_home(state, t, c, reason, status)


@compiled
def come_home(state: Any, t: float, c: int, reason: int, status: int) -> None:
    """The proxy hears how an attempt has ended that was sent to a pod."""
    p = state.call_pod[c]
    state.pod_requests[p] -= 1
    depart(state, t, c, p)
    if state.iv[HAS_OUTLIERS] == 1:
        report(state, t, p, state.call_pool[c], reason, status)
    k = held_slot(state, c)
    end_attempt(state, t, c, reason, status)
    if k >= 0:
        release(state, t, k, reason in (RESET, REFUSED))


@compiled
def end_work(state: Any, t: float, w: int) -> None:
    """Worker w has done its work: it goes on with another, or is free."""
    if state.version_shares[state.pod_version[state.worker_pod[w]]] == 1:
        leave(state, t, w)
    else:
        go_on(state, t, w)


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
    if state.call_parent[c] == MIRRORED:
        answer(state, t, c, state.call_attempt[c] + 1, reason, status)
        return
    if state.call_attempt[c] > 0:
        state.service_retrying[state.edge_service[state.call_edge[c]]] -= 1
    if reason != OK and is_retried(state, c, reason, status):
        back_off(state, t, c)
    else:
        answer(state, t, c, state.call_attempt[c] + 1, reason, status)


@compiled
def answer(state: Any, t: float, c: int, attempts: int, reason: int, status: int) -> None:
    """The whole call has ended: its row is written, and who made it hears of it."""
    q = state.call_parent[c]
    if state.iv[HAS_BUDGET] == 1 and q != MIRRORED:
        state.service_in_flight[state.edge_service[state.call_edge[c]]] -= 1
    if state.call_edge[c] == ENTRY_EDGE:
        write_row(state, t, c, attempts, reason, status)
        if q == USERS:
            r = state.call_request[c]
            state.request_call[r] = -1
            if state.users_react[0] == 1:
                react(state, t, r, status)
        free_call(state, c)
        return
    write_called(state, t, c, attempts, reason, status)
    if q == MIRRORED:
        free_call(state, c)
    else:
        tell(state, c, reason)


@compiled
def free_call(state: Any, c: int) -> None:
    """Nobody needs call c any more, unless a back-off of it is still in the heap."""
    if state.call_in_heap[c] == 1:
        state.call_state[c] = LEFT
        return
    state.call_state[c] = FREE
    n = state.iv[FREE_CALLS]
    state.free_call[n] = c
    state.iv[FREE_CALLS] = n + 1


@compiled
def tell(state: Any, c: int, reason: int) -> None:
    """Call c has ended and is the last in the line of those whose callers have not heard of it."""
    state.call_life[c] += 1
    state.call_state[c] = ANSWERED
    state.call_reason[c] = reason
    state.call_next[c] = -1
    if state.iv[NEWS_HEAD] < 0:
        state.iv[NEWS_HEAD] = c
    else:
        state.call_next[state.iv[NEWS_TAIL]] = c
    state.iv[NEWS_TAIL] = c


@compiled
def write_row(state: Any, t: float, c: int, attempts: int, reason: int, status: int) -> None:
    """Write the row of a user's request, or of a copy of one."""
    n = state.iv[ROWS]
    state.row_request[n] = state.call_request[c]
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


@compiled
def write_called(state: Any, t: float, c: int, attempts: int, reason: int, status: int) -> None:
    """Write the row of a call between services; all that are under way could end at once, so there is room for all."""
    n = state.iv[CALL_ROWS]
    state.called_request[n] = state.call_request[c]
    state.called_copy[n] = state.call_copy[c]
    state.called_path[n] = state.call_path[c]
    state.called_service[n] = state.edge_service[state.call_edge[c]]
    state.called_at[n] = state.call_at[c]
    state.called_version[n] = state.call_version[c]
    state.called_pod[n] = state.call_pod[c]
    state.called_attempts[n] = attempts
    state.called_start[n] = state.call_start[c]
    state.called_finish[n] = t
    state.called_status[n] = status
    state.called_reason[n] = reason
    state.iv[CALL_ROWS] = n + 1
    if n + state.iv[CALL_ROOM] + NEAR_FULL > state.iv[CALL_ROW_ROOM]:
        state.iv[GROW] = 1
