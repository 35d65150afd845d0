"""The compiled engine's connections to its pods, HTTP/1.1: each carries one request at a time.

t: time. c: call. p: pod. k: slot, the connections that one pool has to one pod. Calls that wait for a connection are a
doubly linked list through the calls.

Source: Envoy, conn_pool_base.cc. Model: connections last until a request on them is given up or their pod goes; to be
made takes them no time.
"""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.layout import (
    GROW,
    HAS_CONNECTIONS,
    LESS,
    MORE,
    MOST_CONNECTIONS,
    NO_SLOT,
    PENDING,
    PENDING_CALLS,
    PENDING_ROOM,
    VERSIONS,
)
from sim.engine.whole import whole


@compiled
def slot(state: Any, c: int) -> int:
    """Return the slot of a call."""
    return 2 * state.call_pod[c] + (state.call_pool[c] >= state.iv[VERSIONS])  # type: ignore[no-any-return]


@compiled
def held_slot(state: Any, c: int) -> int:
    """Return the slot of which a call has a connection, -1 without one."""
    if state.iv[HAS_CONNECTIONS] == 0 or state.call_state[c] == PENDING:
        return NO_SLOT
    return slot(state, c)


@compiled
def pool_of(state: Any, k: int) -> int:
    """Return the pool of a slot."""
    return whole(state, k >> 1) if k & 1 else state.pod_version[k >> 1]


@compiled
def change_open(state: Any, k: int, change: int) -> None:
    state.slot_open[k] += change
    state.pool_connections[pool_of(state, k)] += change


@compiled
def take_connection(state: Any, k: int) -> bool:
    """Take an idle connection, or make one; the first to a pod is always possible. False if there is none."""
    if state.slot_idle[k] > 0:
        state.slot_idle[k] -= 1
        return True
    if state.slot_open[k] > 0 and state.pool_connections[pool_of(state, k)] >= state.iv[MOST_CONNECTIONS]:
        return False
    change_open(state, k, MORE)
    return True


@compiled
def give_back(state: Any, k: int, is_closed: bool) -> None:
    """A connection is idle again, or closed; those to a pod that is no endpoint any more end when nobody waits."""
    if is_closed or (state.pod_endpoint[k >> 1] == 0 and state.slot_head[k] < 0):
        change_open(state, k, LESS)
    else:
        state.slot_idle[k] += 1


@compiled
def close_idle(state: Any, p: int) -> None:
    """The pod is no endpoint any more."""
    for kind in range(2):
        k = 2 * p + kind
        state.slot_open[k] -= state.slot_idle[k]
        state.pool_connections[pool_of(state, k)] -= state.slot_idle[k]
        state.slot_idle[k] = 0


@compiled
def pend(state: Any, c: int, k: int) -> None:
    """Call c waits for a connection, last."""
    state.call_state[c] = PENDING
    state.pool_pending[state.call_pool[c]] += 1
    state.iv[PENDING_CALLS] += 1
    if state.iv[PENDING_CALLS] > state.iv[PENDING_ROOM]:
        state.iv[GROW] = 1
    last = state.slot_tail[k]
    state.call_previous[c] = last
    state.call_next[c] = -1
    if last < 0:
        state.slot_head[k] = c
    else:
        state.call_next[last] = c
    state.slot_tail[k] = c


@compiled
def unpend(state: Any, c: int, k: int) -> None:
    """Call c waits for a connection no longer."""
    state.pool_pending[state.call_pool[c]] -= 1
    state.iv[PENDING_CALLS] -= 1
    before = state.call_previous[c]
    after = state.call_next[c]
    if before < 0:
        state.slot_head[k] = after
    else:
        state.call_next[before] = after
    if after < 0:
        state.slot_tail[k] = before
    else:
        state.call_previous[after] = before
