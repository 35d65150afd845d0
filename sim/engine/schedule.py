"""Pods that warm up get less, in the compiled engine: each is due again after one over its weight.

t: time. p: pod. place: in a ready list. k: place of an entry.

Source: Envoy, EdfLoadBalancerBase and EdfScheduler: whenever pods of a pool come, go, are ejected or return, the
schedule begins anew if a pod came within the warm-up, else the balancer is asked as always.
Model: it begins with the first pod, not with one at random; there is one proxy.
"""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.layout import (
    BY_REQUESTS,
    POD_ROOM,
    POOLS,
    WARMUP_LEAST,
    WARMUP_POWER,
    WARMUP_SECONDS,
)
from sim.engine.portable import ppow
from sim.engine.whole import whole

SHORTEST_AGE = 0.001
"""Seconds; Envoy counts whole milliseconds, and a pod's first one as one."""


@compiled
def weight(state: Any, t: float, p: int) -> float:
    """Return the share of a pod; under least request the busier ones get less."""
    own = 1.0 / (state.pod_requests[p] + 1) if state.iv[BY_REQUESTS] == 1 else 1.0
    age = t - state.pod_joined[p]
    if age >= state.fv[WARMUP_SECONDS]:
        return own
    part = max(age, SHORTEST_AGE) / state.fv[WARMUP_SECONDS]
    if state.fv[WARMUP_POWER] != 1.0 and part < 1.0:
        part = ppow(part, state.fv[WARMUP_POWER])
    return own * max(part, state.fv[WARMUP_LEAST])  # type: ignore[no-any-return]


@compiled
def join(state: Any, t: float, p: int) -> None:
    """A pod comes to its pools and begins to warm up."""
    state.pod_joined[p] = t
    every = state.iv[POOLS]
    state.pool_joined[state.pod_version[p]] = state.pool_joined[whole(state, p)] = t
    state.pool_joined[every + state.pod_version[p]] = state.pool_joined[every + whole(state, p)] = t


@compiled
def begin_schedules(state: Any, t: float, p: int) -> None:
    """The pools of a pod have changed."""
    every = state.iv[POOLS]
    begin_schedule(state, t, state.pod_version[p])
    begin_schedule(state, t, whole(state, p))
    begin_schedule(state, t, every + state.pod_version[p])
    begin_schedule(state, t, every + whole(state, p))


@compiled
def begin_schedule(state: Any, t: float, pool: int) -> None:
    """Make the schedule of a pool anew, if any of its pods may be warming up."""
    n = state.pool_ready[pool]
    state.pool_weighted[pool] = 0
    if n < 2 or t - state.pool_joined[pool] > state.fv[WARMUP_SECONDS]:
        return
    state.pool_weighted[pool] = 1
    base = pool * state.iv[POD_ROOM]
    state.pool_entries[pool] = n
    for place in range(n):
        state.entry_due[base + place] = 1.0 / weight(state, t, state.ready[base + place])
        state.entry_order[base + place] = place


@compiled
def pick_due(state: Any, t: float, pool: int, base: int, n: int) -> int:
    """Return the place of the pod that is due next, the one that has waited longest among equals."""
    best = 0
    for place in range(1, n):
        k = base + place
        if state.entry_due[k] < state.entry_due[base + best] or (
            state.entry_due[k] == state.entry_due[base + best] and state.entry_order[k] < state.entry_order[base + best]
        ):
            best = place
    k = base + best
    state.entry_due[k] = state.entry_due[k] + 1.0 / weight(state, t, state.ready[k])
    state.entry_order[k] = state.pool_entries[pool]
    state.pool_entries[pool] += 1
    return best
