"""A binary heap of events, ordered by time, then by code, then by the order of what the slots hold.

t: time. code: see layout. n: number of entries. i, k, parent: places. c: call. w: worker slot.
"""

from __future__ import annotations

import math
from typing import Any

from sim.engine.cache import compiled
from sim.engine.layout import (
    BACKOFF,
    DONE,
    GROW,
    HEAP_ROOM,
    HEAP_SIZE,
    HELD,
    HOLE,
    HOP,
    KIND_SHIFT,
    NEAR_FULL,
    PENDING_ROOM,
    SLOT_BITS,
    SLOT_MASK,
)

COPY_SHIFT, ATTEMPT_BITS = 61, 4


@compiled
def order_of(state: Any, c: int) -> int:
    """Return the place of call c among those of its request at one instant: a copy last, then by path and attempt."""
    copy_last = state.call_copy[c] << COPY_SHIFT
    return copy_last | (state.call_path[c] << ATTEMPT_BITS) | state.call_attempt[c]  # type: ignore[no-any-return]


@compiled
def is_first(state: Any, code: int, other: int) -> bool:
    """True when, of two entries of one instant, the one with `code` comes first."""
    kind = code >> KIND_SHIFT
    if code >> SLOT_BITS == other >> SLOT_BITS:
        if kind == DONE:
            return state.worker_order[code & SLOT_MASK] < state.worker_order[other & SLOT_MASK]  # type: ignore[no-any-return]
        if kind == HOP:
            return state.trip_order[code & SLOT_MASK] < state.trip_order[other & SLOT_MASK]  # type: ignore[no-any-return]
        if kind == BACKOFF:
            return order_of(state, code & SLOT_MASK) < order_of(state, other & SLOT_MASK)
    return code < other


@compiled
def is_before(state: Any, t: float, code: int, other_t: float, other_code: int) -> bool:
    return t < other_t or (t == other_t and is_first(state, code, other_code))


@compiled
def put_from_root(state: Any, n: int, t: float, code: int) -> None:
    """Put an entry into a heap of n whose root is free."""
    i = 0
    while True:
        k = 2 * i + 1
        if k >= n:
            break
        if k + 1 < n and is_before(
            state, state.heap_time[k + 1], state.heap_code[k + 1], state.heap_time[k], state.heap_code[k]
        ):
            k += 1
        if is_before(state, t, code, state.heap_time[k], state.heap_code[k]):
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
    if n + state.iv[HELD] + NEAR_FULL + state.iv[PENDING_ROOM] > state.iv[HEAP_ROOM]:  # each held worker may start one
        state.iv[GROW] = 1
    i = n
    while i > 0:
        parent = (i - 1) >> 1
        if not is_before(state, t, code, state.heap_time[parent], state.heap_code[parent]):
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
