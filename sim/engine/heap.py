"""A binary heap of events, ordered by time and then by code.

t: time. code: see layout. n: number of entries. i, k, parent: places.
"""

from __future__ import annotations

import math
from typing import Any

from sim.engine.cache import compiled
from sim.engine.layout import GROW, HEAP_ROOM, HEAP_SIZE, HOLE, NEAR_FULL, PENDING_ROOM


@compiled
def is_before(t: float, code: int, other_t: float, other_code: int) -> bool:
    return t < other_t or (t == other_t and code < other_code)


@compiled
def put_from_root(state: Any, n: int, t: float, code: int) -> None:
    """Put an entry into a heap of n whose root is free."""
    i = 0
    while True:
        k = 2 * i + 1
        if k >= n:
            break
        if k + 1 < n and is_before(
            state.heap_time[k + 1], state.heap_code[k + 1], state.heap_time[k], state.heap_code[k]
        ):
            k += 1
        if is_before(t, code, state.heap_time[k], state.heap_code[k]):
            break
        state.heap_time[i] = state.heap_time[k]
        state.heap_code[i] = state.heap_code[k]
        i = k
    state.heap_time[i] = t
    state.heap_code[i] = code


@compiled
def push(state: Any, t: float, code: int) -> None:
    """Add an entry. The first one that an event adds takes that event's own place at the root."""
    n = state.iv[HEAP_SIZE]
    if state.iv[HOLE] == 1:
        state.iv[HOLE] = 0
        put_from_root(state, n, t, code)
        return
    state.iv[HEAP_SIZE] = n + 1
    if n + NEAR_FULL + state.iv[PENDING_ROOM] > state.iv[HEAP_ROOM]:
        state.iv[GROW] = 1
    i = n
    while i > 0:
        parent = (i - 1) >> 1
        if not is_before(t, code, state.heap_time[parent], state.heap_code[parent]):
            break
        state.heap_time[i] = state.heap_time[parent]
        state.heap_code[i] = state.heap_code[parent]
        i = parent
    state.heap_time[i] = t
    state.heap_code[i] = code


@compiled
def drop_root(state: Any) -> None:
    """Take away the root; an empty heap's first time is infinite."""
    n = state.iv[HEAP_SIZE] - 1
    state.iv[HEAP_SIZE] = n
    if n == 0:
        state.heap_time[0] = math.inf
    else:
        put_from_root(state, n, state.heap_time[n], state.heap_code[n])
