"""Timeouts of the compiled engine that are equally long, in rings: they end in the order in which they are set, so only
the first of a ring is in the heap.

t: time. c: call. ring: its number; those of attempts come before those of whole calls. k: place in it.
"""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled
from sim.engine.heap import push
from sim.engine.layout import GROW, KIND_SHIFT, NEAR_FULL, PER_TRY, RING_ROOM, TIMEOUT, TRY_RINGS


@compiled
def wait_in_ring(state: Any, t: float, c: int, ring: int) -> None:
    """Call c, or its present attempt, has so long from now as the ring says."""
    tail = state.ring_tail[ring]
    k = ring * state.iv[RING_ROOM] + (tail & (state.iv[RING_ROOM] - 1))
    state.ring_time[k] = t + state.ring_seconds[ring]
    state.ring_call[k] = c
    state.ring_stamp[k] = stamp(state, ring, c)
    state.ring_tail[ring] = tail + 1
    if tail + NEAR_FULL - state.ring_head[ring] > state.iv[RING_ROOM]:
        state.iv[GROW] = 1
    if state.ring_waits[ring] == 0:
        state.ring_waits[ring] = 1
        push(state, state.ring_time[k], ring_code(state, ring))


@compiled
def stamp(state: Any, ring: int, c: int) -> int:
    """Return what changes when the attempt, or the whole call, ends."""
    return state.call_generation[c] if ring < state.iv[TRY_RINGS] else state.call_life[c]  # type: ignore[no-any-return]


@compiled
def ring_code(state: Any, ring: int) -> int:
    if ring < state.iv[TRY_RINGS]:
        return (PER_TRY << KIND_SHIFT) | ring
    return (TIMEOUT << KIND_SHIFT) | (ring + 1)


@compiled
def expired(state: Any, t: float, ring: int) -> int:
    """Return the call whose time is up, -1 for none; the next one that still counts takes the head's place."""
    base = ring * state.iv[RING_ROOM]
    mask = state.iv[RING_ROOM] - 1
    head = state.ring_head[ring]
    found = -1
    while head < state.ring_tail[ring]:
        k = base + (head & mask)
        c = state.ring_call[k]
        if state.ring_stamp[k] == stamp(state, ring, c):
            if found >= 0 or state.ring_time[k] > t:
                break
            found = c
        head += 1
    state.ring_head[ring] = head
    if head < state.ring_tail[ring]:
        push(state, state.ring_time[base + (head & mask)], ring_code(state, ring))
    else:
        state.ring_waits[ring] = 0
    return found
