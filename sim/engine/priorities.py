"""Queues of the compiled engine's pods in which some requests come before others: the higher priority first, in order
of arrival among equals, and the lower shed sooner.

c, before: call. p: pod. v: version. level: rank of a priority, 0 for the highest.

Waiting calls are one list in order; for each level its last call is known, so that a call finds its place at once.
Source: Cobham (1954), priority assignment in waiting line problems: without preemption.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.cache import compiled
from sim.engine.protocol import Requests

UNLIMITED = int(np.iinfo(np.int64).max)
NONE = -1


@compiled
def level_of(state: Any, c: int) -> int:
    return state.endpoint_level[state.request_endpoint[state.call_request[c]]]  # type: ignore[no-any-return]


@compiled
def room_for(state: Any, v: int, c: int) -> int:
    """Return how many may wait at a pod before call c is shed; see sim.spec.endpoint.room_of."""
    room = state.version_queue[v]
    levels = state.levels[0]
    if levels == 1 or room == UNLIMITED:
        return room  # type: ignore[no-any-return]
    return room * (levels - level_of(state, c)) // levels  # type: ignore[no-any-return]


@compiled
def last_before(state: Any, c: int, p: int) -> int:
    """Return the call behind which c waits, -1 for none; c is the last of its level now."""
    level = level_of(state, c)
    base = p * state.levels[0]
    found = level - level - 1
    while level >= 0 and found < 0:
        found = state.level_tail[base + level]
        level -= 1
    state.level_tail[base + level_of(state, c)] = c
    return found


@compiled
def leave_level(state: Any, c: int, p: int) -> None:
    """Call c, still in the queue, leaves it."""
    level = level_of(state, c)
    k = p * state.levels[0] + level
    if state.level_tail[k] == c:
        before = state.call_previous[c]
        is_same = before >= 0 and level_of(state, before) == level
        state.level_tail[k] = before if is_same else before - before - 1


def priority_arrays(requests: Requests, pods: int) -> dict[str, NDArray[np.int64]]:
    """Return the level of each endpoint, and room for the last call of each level at so many pods."""
    priorities = [endpoint.priority for endpoint in requests.endpoints.values()]
    levels = sorted(set(priorities), reverse=True)
    return {
        "levels": np.array([max(len(levels), 1)], np.int64),
        "endpoint_level": np.array([levels.index(priority) for priority in priorities], np.int64),
        "level_tail": np.full(pods * max(len(levels), 1), NONE, np.int64),
    }
