"""What the services of the compiled engine ask of each other: an attempt whose own work is done makes its calls, stage
by stage, and goes on as it hears of them.

t: time. c: call. q: the call that made it. r: request. p: pod. w: worker slot. v: version. s: service. edge: who calls
whom, see sim.engine.edges.

A call that ends is put into a line and its caller hears of it before the next event, so nothing here calls itself.
"""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.calls import attempt, conclude, end_work, free_call, new_call
from sim.engine.giving_up import let_go, take_back
from sim.engine.keyed import ATTEMPT, MIRROR, U, block, low
from sim.engine.layout import (
    ANSWERED,
    CALLING,
    COPY,
    DEPENDENCY,
    ERROR,
    GROW,
    HEAP_ROOM,
    HEAP_SIZE,
    HELD,
    HTTP_ERROR,
    HTTP_OK,
    MIRRORED,
    NEAR_FULL,
    NEWS_HEAD,
    NO_WORKER,
    OK,
    ORPHAN,
    ROUTED,
)
from sim.engine.routes import mirrored_to, pool_of
from sim.engine.timers import wait_in_ring


@compiled
def finish_service(state: Any, t: float, w: int) -> None:
    """Worker w has finished its own work on a call; the calls that this needs come next, or its answer."""
    c = state.worker_call[w]
    if c < 0:
        end_work(state, t, w)
        return
    status = state.call_status[c]
    v = state.pod_version[state.worker_pod[w]]
    if status != HTTP_OK:
        conclude(state, t, c, w, ERROR, status)
    elif state.version_calls[v] == 0:
        conclude(state, t, c, w, OK, status)
    else:
        begin_calls(state, t, c, w, v)


@compiled
def begin_calls(state: Any, t: float, c: int, w: int, v: int) -> None:
    state.call_state[c] = CALLING
    state.call_next_edge[c] = state.version_edges_from[v]
    state.call_pending[c] = 0
    if state.version_holds[v] == 1:
        state.iv[HELD] += 1
        if state.iv[HEAP_SIZE] + state.iv[HELD] + NEAR_FULL > state.iv[HEAP_ROOM]:
            state.iv[GROW] = 1
    else:
        state.call_worker[c] = NO_WORKER
        end_work(state, t, w)
    make_calls(state, t, c)


@compiled
def make_calls(state: Any, t: float, q: int) -> None:
    """Make the calls of the next stage of q in which there is one; without one, q has its answer."""
    last = state.version_edges_to[state.call_version[q]]
    edge = state.call_next_edge[q]
    while edge < last and state.call_pending[q] == 0:
        stage = state.edge_stage[edge]
        while edge < last and state.edge_stage[edge] == stage:
            ask(state, t, q, edge)
            edge += 1
    state.call_next_edge[q] = edge
    if state.call_pending[q] == 0:
        conclude(state, t, q, let_go(state, q), OK, HTTP_OK)


@compiled
def ask(state: Any, t: float, q: int, edge: int) -> None:
    """Make one call for q, unless its number says that this one does not need it."""
    path = (state.call_path[q] << 8) | (state.call_attempt[q] << 4) | state.edge_number[edge]
    r = state.call_request[q]
    if state.edge_probability[edge] < 1.0 and need(state, q, r, path) >= state.edge_probability[edge]:
        return
    s = state.edge_service[edge]
    c = new_call(state, r, state.call_copy[q], pool_of(state, r, s, path), edge, q, path)
    state.call_at[c] = t
    adopt(state, q, c)
    attempt(state, t, c)
    ring = state.edge_whole_ring[edge]
    if ring >= 0 and state.call_state[c] != ANSWERED:
        wait_in_ring(state, t, c, ring)
    if s == state.iv[ROUTED] and state.mirror_version[0] >= 0:
        mirror(state, t, r, edge, path)


@compiled
def need(state: Any, q: int, r: int, path: int) -> float:
    """Return the number that says whether a call is made."""
    purpose = MIRROR if state.call_copy[q] == COPY else ATTEMPT
    _w0, w1, _w2, _w3 = block(state.key[0], state.key[1], U(r), U(path), U(0), U(purpose))
    return low(w1)  # type: ignore[no-any-return]


@compiled
def mirror(state: Any, t: float, r: int, edge: int, path: int) -> None:
    """Send a copy of a call of the routed service, if this one is to be mirrored."""
    version = mirrored_to(state, r, path)
    if version >= 0:
        c = new_call(state, r, COPY, version, edge, MIRRORED, path)
        state.call_at[c] = t
        attempt(state, t, c)


@compiled
def adopt(state: Any, q: int, c: int) -> None:
    """Call c is the newest that q waits for."""
    older = state.call_child[q]
    state.call_older[c] = older
    state.call_younger[c] = -1
    if older >= 0:
        state.call_younger[older] = c
    state.call_child[q] = c
    state.call_pending[q] += 1


@compiled
def release(state: Any, q: int, c: int) -> None:
    """Call q waits for c no longer."""
    older = state.call_older[c]
    younger = state.call_younger[c]
    if older >= 0:
        state.call_younger[older] = younger
    if younger >= 0:
        state.call_older[younger] = older
    else:
        state.call_child[q] = older
    state.call_pending[q] -= 1


@compiled
def spread_news(state: Any, t: float) -> None:
    """Let all callers hear of the calls that have ended, in the order in which these have."""
    while state.iv[NEWS_HEAD] >= 0:
        c = state.iv[NEWS_HEAD]
        state.iv[NEWS_HEAD] = state.call_next[c]
        q = state.call_parent[c]
        if q != ORPHAN:
            release(state, q, c)
        reason = state.call_reason[c]
        edge = state.call_edge[c]
        free_call(state, c)
        if q != ORPHAN:
            hear(state, t, q, edge, reason)


@compiled
def hear(state: Any, t: float, q: int, edge: int, reason: int) -> None:
    """A call that q has made has ended: q fails with it, waits for others, or goes on."""
    if reason != OK and state.edge_required[edge] == 1:
        take_back(state, t, q)
        conclude(state, t, q, let_go(state, q), DEPENDENCY, HTTP_ERROR)
    elif state.call_pending[q] == 0:
        make_calls(state, t, q)
