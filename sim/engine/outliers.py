"""What the compiled engine's mesh counts of each pod, and when that is enough to eject it.

t: time. p: pod. n: a number of pods. origin: who saw a failure, the caller (EXTERNAL, an answer) or the proxy (LOCAL).

Source: Envoy, outlier_detection_impl.cc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.engine.cache import compiled
from sim.engine.heap import push
from sim.engine.layout import (
    BY_PODS,
    EJECTION_ROOM,
    EJECTIONS,
    EXTERNAL,
    GROW,
    HAS_RATES,
    HEAP_ROOM,
    HEAP_SIZE,
    HTTP_ERROR,
    KIND_SHIFT,
    LOCAL,
    MIN_HEALTH,
    MOST_5XX,
    MOST_GATEWAY,
    MOST_LOCAL,
    NEAR_FULL,
    NOBODY,
    PERCENTAGE_HOSTS,
    PERCENTAGE_THRESHOLD,
    PERCENTAGE_VOLUME,
    PODS,
    RATE_FACTOR,
    RATE_HOSTS,
    RATE_VOLUME,
    REFUSED,
    RESET,
    ROUTED,
    SPLITS,
    TICK,
    TICK_SECONDS,
    TICK_WAITS,
    TIMED_OUT,
    VERSIONS,
)
from sim.engine.pods import PERCENT, eject_unless_too_many, first_tick
from sim.engine.whole import whole

BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504
UNKNOWN = -1.0


@compiled
def panics(state: Any, pool: int) -> bool:
    """True when so few pods of a pool are left that all are used."""
    left = state.pool_ready[pool]
    return PERCENT * left < state.fv[MIN_HEALTH] * (left + state.pool_ejected[pool])  # type: ignore[no-any-return]


@compiled
def report(state: Any, t: float, p: int, pool: int, reason: int, status: int) -> None:
    """Count how an attempt at a pod ended, and eject the pod when it was one failure too many."""
    if state.iv[SPLITS] == 1 and reason in (TIMED_OUT, RESET, REFUSED):
        count_local_failure(state, t, p, pool)
    else:
        count_answer(state, t, p, pool, status)


@compiled
def count_answer(state: Any, t: float, p: int, pool: int, status: int) -> None:
    """A count starts anew when it is reached, even when too many pods are ejected already."""
    if state.iv[HAS_RATES] == 1:
        count_request(state, t, p, EXTERNAL, status < HTTP_ERROR)
    if status < HTTP_ERROR:
        state.pod_5xx[p] = 0
        state.pod_gateway[p] = 0
        return
    if BAD_GATEWAY <= status <= GATEWAY_TIMEOUT:
        state.pod_gateway[p] += 1
        if state.pod_gateway[p] == state.iv[MOST_GATEWAY] and is_watched(state, p):
            state.pod_gateway[p] = 0
            eject_unless_too_many(state, t, p, pool)
    else:
        state.pod_gateway[p] = 0
    state.pod_5xx[p] += 1
    if state.pod_5xx[p] == state.iv[MOST_5XX] and is_watched(state, p):
        state.pod_5xx[p] = 0
        eject_unless_too_many(state, t, p, pool)


@compiled
def count_local_failure(state: Any, t: float, p: int, pool: int) -> None:
    if state.iv[HAS_RATES] == 1:
        count_request(state, t, p, LOCAL, False)
    state.pod_local[p] += 1
    if state.pod_local[p] == state.iv[MOST_LOCAL] and is_watched(state, p):
        state.pod_local[p] = 0
        eject_unless_too_many(state, t, p, pool)


@compiled
def connect(state: Any, t: float, p: int) -> None:
    """The pod has accepted a connection: for the proxy itself a success."""
    state.pod_local[p] = 0
    if state.iv[HAS_RATES] == 1:
        count_request(state, t, p, LOCAL, True)


@compiled
def is_watched(state: Any, p: int) -> bool:
    return state.pod_endpoint[p] == 1 and state.pod_ejected[p] == 0  # type: ignore[no-any-return]


@compiled
def count_request(state: Any, t: float, p: int, origin: int, is_good: bool) -> None:
    """Count a request for the rates; the first one after a look sets off the next look."""
    if origin == EXTERNAL:
        state.pod_total[p] += 1
        state.pod_good[p] += is_good
    else:
        state.pod_local_total[p] += 1
        state.pod_local_good[p] += is_good
    if state.iv[TICK_WAITS] == 0:
        state.iv[TICK_WAITS] = 1
        tick = first_tick(t, state.fv[TICK_SECONDS])
        if tick * state.fv[TICK_SECONDS] <= t:
            tick += 1
        push(state, tick * state.fv[TICK_SECONDS], TICK << KIND_SHIFT)


@compiled
def on_tick(state: Any, t: float) -> None:
    """Look at the rates of all pods since the last look; all could be ejected, so there must be room for all."""
    needed = state.iv[PODS] + NEAR_FULL
    if state.iv[HEAP_SIZE] + needed > state.iv[HEAP_ROOM] or state.iv[EJECTIONS] + needed > state.iv[EJECTION_ROOM]:
        state.iv[GROW] = 1
        push(state, t, TICK << KIND_SHIFT)
        return
    state.iv[TICK_WAITS] = 0
    look(state, t, EXTERNAL)
    if state.iv[SPLITS] == 1:
        look(state, t, LOCAL)


@compiled
def look(state: Any, t: float, origin: int) -> None:
    """Take the rates of one origin, and judge the pods of each pool that requests are balanced over."""
    for p in range(state.iv[PODS]):
        take_rate(state, p, origin)
    for place in range(state.iv[NOBODY]):
        pool: Any = np.int64(place)
        if is_balanced(state, pool):
            judge_rates(state, t, pool)
            judge_percentages(state, t, pool)


@compiled
def is_balanced(state: Any, pool: int) -> bool:
    """True when requests are balanced over this pool: a version's, or all of the routed service by its pods."""
    if state.iv[BY_PODS] == 0:
        return pool < state.iv[VERSIONS]  # type: ignore[no-any-return]
    routed = state.iv[VERSIONS] + state.iv[ROUTED]
    return pool == routed or (pool < state.iv[VERSIONS] and state.version_whole[pool] != routed)  # type: ignore[no-any-return]


@compiled
def take_rate(state: Any, p: int, origin: int) -> None:
    """Leave volume and success rate of a pod in it and begin to count anew; what is not in use has no volume."""
    if origin == EXTERNAL:
        total, good = state.pod_total[p], state.pod_good[p]
        state.pod_total[p] = state.pod_good[p] = 0
    else:
        total, good = state.pod_local_total[p], state.pod_local_good[p]
        state.pod_local_total[p] = state.pod_local_good[p] = 0
    state.pod_volume[p] = total if is_watched(state, p) else 0
    state.pod_rate[p] = good * PERCENT / total if state.pod_volume[p] > 0 else UNKNOWN


@compiled
def is_in(state: Any, p: int, pool: int) -> bool:
    return pool == state.pod_version[p] or pool == whole(state, p)


@compiled
def judge_rates(state: Any, t: float, pool: int) -> None:
    """Eject the pods of a pool that succeed far less often than the others."""
    state.pool_average[pool] = UNKNOWN
    state.pool_threshold[pool] = UNKNOWN
    n = 0
    total = 0.0
    for p in range(state.iv[PODS]):
        if is_in(state, p, pool) and state.pod_volume[p] >= state.iv[RATE_VOLUME]:
            n += 1
            total += state.pod_rate[p]
    if n == 0 or n < state.iv[RATE_HOSTS]:
        return
    mean = total / n
    squares = 0.0
    for p in range(state.iv[PODS]):
        if is_in(state, p, pool) and state.pod_volume[p] >= state.iv[RATE_VOLUME]:
            squares += (state.pod_rate[p] - mean) * (state.pod_rate[p] - mean)
    threshold = mean - state.fv[RATE_FACTOR] * math.sqrt(squares / n)
    state.pool_average[pool] = mean
    state.pool_threshold[pool] = threshold
    for place in range(state.iv[PODS]):
        q: Any = np.int64(place)
        if is_in(state, q, pool) and state.pod_volume[q] >= state.iv[RATE_VOLUME] and state.pod_rate[q] < threshold:
            eject_unless_too_many(state, t, q, pool)


@compiled
def judge_percentages(state: Any, t: float, pool: int) -> None:
    """Eject the pods of a pool that fail too often, whatever the others do."""
    n = 0
    for p in range(state.iv[PODS]):
        if is_in(state, p, pool) and state.pod_volume[p] >= state.iv[PERCENTAGE_VOLUME]:
            n += 1
    if n == 0 or n < state.iv[PERCENTAGE_HOSTS]:
        return
    for place in range(state.iv[PODS]):
        q: Any = np.int64(place)
        if (
            is_in(state, q, pool)
            and state.pod_volume[q] >= state.iv[PERCENTAGE_VOLUME]
            and PERCENT - state.pod_rate[q] >= state.fv[PERCENTAGE_THRESHOLD]
        ):
            eject_unless_too_many(state, t, q, pool)
