"""Pods of the compiled engine: their place in the pools, which the mesh takes from them for a while, and gives back.

t: time. p: pod. v: version. n: number of ready pods. A pool is a version's, or the one of a whole service; those
come after the versions'. `every` is the first of the pools that ejected pods stay in.
"""

from __future__ import annotations

import math
from typing import Any

from sim.engine.cache import compiled, entry_point
from sim.engine.connections import close_idle
from sim.engine.heap import push
from sim.engine.layout import (
    BASE_EJECTION,
    EJECTED,
    EJECTION_ROOM,
    EJECTIONS,
    GROW,
    HAS_WARMUP,
    KIND_SHIFT,
    LESS,
    LONGEST_EJECTION,
    MORE,
    MOST_EJECTED,
    NEAR_FULL,
    POD_ROOM,
    POOLS,
    RETURN,
    RETURNED,
    TICK_SECONDS,
)
from sim.engine.schedule import begin_schedules, join
from sim.engine.whole import whole

PERCENT = 100.0


@compiled
def append_ready(state: Any, pool: int, p: int) -> None:
    n = state.pool_ready[pool]
    state.ready[pool * state.iv[POD_ROOM] + n] = p
    state.pool_ready[pool] = n + 1
    state.pool_ring[pool] = 0


@compiled
def take_out(state: Any, pool: int, p: int) -> None:
    """Remove a pod from a pool's ready list; the others keep their order."""
    base = pool * state.iv[POD_ROOM]
    kept = 0
    for i in range(state.pool_ready[pool]):
        other = state.ready[base + i]
        if other != p:
            state.ready[base + kept] = other
            kept += 1
    state.pool_ready[pool] = kept
    state.pool_ring[pool] = 0


@compiled
def use(state: Any, p: int) -> None:
    append_ready(state, state.pod_version[p], p)
    append_ready(state, whole(state, p), p)


@compiled
def disuse(state: Any, p: int) -> None:
    take_out(state, state.pod_version[p], p)
    take_out(state, whole(state, p), p)


@compiled
def count_ejected(state: Any, p: int, change: int) -> None:
    state.pool_ejected[state.pod_version[p]] += change
    state.pool_ejected[whole(state, p)] += change


@compiled
def forget_failures(state: Any, p: int) -> None:
    state.pod_5xx[p] = 0
    state.pod_gateway[p] = 0
    state.pod_local[p] = 0


@entry_point
def add_endpoint(state: Any, t: float, p: int) -> None:
    """Use a pod from now on; the mesh meets it for the first time."""
    if state.pod_endpoint[p] == 0:
        state.pod_endpoint[p] = 1
        forget_failures(state, p)
        state.pod_ejections[p] = 0
        state.pod_cost[p], state.pod_stamp[p] = 0.0, t
        state.pod_total[p] = state.pod_good[p] = state.pod_local_total[p] = state.pod_local_good[p] = 0
        use(state, p)
        every = state.iv[POOLS]
        append_ready(state, every + state.pod_version[p], p)
        append_ready(state, every + whole(state, p), p)
        if state.iv[HAS_WARMUP] == 1:
            join(state, t, p)
            begin_schedules(state, t, p)


@entry_point
def remove_endpoint(state: Any, t: float, p: int) -> None:
    """Forget a pod, its ejection included."""
    if state.pod_endpoint[p] == 1:
        state.pod_endpoint[p] = 0
        every = state.iv[POOLS]
        take_out(state, every + state.pod_version[p], p)
        take_out(state, every + whole(state, p), p)
        if state.pod_ejected[p] == 1:
            state.pod_ejected[p] = 0
            count_ejected(state, p, LESS)
        else:
            disuse(state, p)
        if state.iv[HAS_WARMUP] == 1:
            begin_schedules(state, t, p)
        close_idle(state, p)


@compiled
def eject_unless_too_many(state: Any, t: float, p: int, pool: int) -> None:
    """Eject a pod, unless it is no endpoint or too many of its pool are ejected; the first is always possible.

    Source: Envoy, outlier_detection_impl.cc, DetectorImpl::ejectHost.
    """
    if state.pod_endpoint[p] == 0 or state.pod_ejected[p] == 1:
        return
    ejected = state.pool_ejected[pool]
    if ejected == 0 or PERCENT * ejected < state.fv[MOST_EJECTED] * (ejected + state.pool_ready[pool]):
        eject(state, t, p)


@compiled
def eject(state: Any, t: float, p: int) -> None:
    """Stop using a pod, k-th time in a row for k times the base, until the first tick after that."""
    base = state.fv[BASE_EJECTION]
    longest = state.fv[LONGEST_EJECTION]
    k = ejections_in_a_row(state, t, p)
    if k * base < longest + base:
        k += 1
    tick = first_tick(t + min(k * base, longest), state.fv[TICK_SECONDS])
    state.pod_ejections[p] = k
    state.pod_ejected[p] = 1
    state.pod_return_tick[p] = tick
    state.pod_return_at[p] = tick * state.fv[TICK_SECONDS]
    disuse(state, p)
    if state.iv[HAS_WARMUP] == 1:
        begin_schedules(state, t, p)
    count_ejected(state, p, MORE)
    log_ejection(state, t, p, EJECTED)
    push(state, state.pod_return_at[p], (RETURN << KIND_SHIFT) | p)


@compiled
def ejections_in_a_row(state: Any, t: float, p: int) -> int:
    """Return the count, one less for each tick since the pod's return and before t."""
    k = state.pod_ejections[p]
    if k == 0:
        return 0
    healthy = first_tick(t, state.fv[TICK_SECONDS]) - 1 - state.pod_return_tick[p]
    return max(k - max(healthy, 0), 0)  # type: ignore[no-any-return]


@compiled
def first_tick(t: float, interval: float) -> int:
    """Return the number of the first tick at or after t; ticks are multiples of the interval."""
    tick = math.ceil(t / interval)
    while tick * interval < t:
        tick += 1
    while (tick - 1) * interval >= t:
        tick -= 1
    return tick


@compiled
def come_back(state: Any, t: float, p: int) -> None:
    """Use an ejected pod again, last in the ready lists, its failures forgotten."""
    if state.pod_ejected[p] == 1 and state.pod_return_at[p] == t:
        state.pod_ejected[p] = 0
        forget_failures(state, p)
        count_ejected(state, p, LESS)
        use(state, p)
        if state.iv[HAS_WARMUP] == 1:
            begin_schedules(state, t, p)
        log_ejection(state, t, p, RETURNED)


@compiled
def log_ejection(state: Any, t: float, p: int, returned: int) -> None:
    n = state.iv[EJECTIONS]
    state.ejection_at[n] = t
    state.ejection_pod[n] = p
    state.ejection_returned[n] = returned
    state.iv[EJECTIONS] = n + 1
    if n + NEAR_FULL > state.iv[EJECTION_ROOM]:
        state.iv[GROW] = 1
