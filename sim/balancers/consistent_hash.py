"""Always the same pod for a user, as long as it is ready: a ring of points, ketama's, made anew when pods come or go.

Every pod has as many points on the ring; a user is served by the pod of the first point at or after the user's own.
When one of n pods leaves, its users move to its neighbours on the ring, and a few others because the number of points
a pod changes; they return when it comes back. A retry goes on along the ring to the next point of another pod.

Source: Envoy, ring_hash_lb.cc: ceil(minimum size / pods) points a pod.
Model: points are hashes of a pod's number, not of its address, 32 bits wide instead of 64. The multiplier is below
2^27, so no product leaves the 64-bit integers of the kernel. Source of the mixing steps: T. Mueller's 32-bit hash of
integers, as in the H2 database.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.balancers import Ask, Pool

WORD = 0xFFFFFFFF
MIX, GOLDEN = 0x45D9F3B, 0x9E3779B1
PLACE_BITS = 21
PLACES = (1 << PLACE_BITS) - 1
"""A point of the ring is one number: its hash, then the place of its pod."""


def mixed(value: int) -> int:
    """Return 32 bits that depend on all bits of a value."""
    value &= WORD
    value = (value ^ value >> 16) * MIX & WORD
    value = (value ^ value >> 16) * MIX & WORD
    return value ^ value >> 16


def ring(pods: list[int], ring_size: int, salt: int) -> list[int]:
    """Return the points of pods, by their numbers, in order."""
    points = range(-(-ring_size // len(pods)))
    hashes = [[mixed(mixed(mixed(pod) ^ salt) + point * GOLDEN) for point in points] for pod in pods]
    return sorted(value << PLACE_BITS | place for place, own in enumerate(hashes) for value in own)


def pick(pool: Pool, ask: Ask) -> int:
    """Return the place of the user's pod."""
    rules = pool.rules
    if pool.ring is None:
        pool.ring = ring([pod.number for pod in pool.ready], rules.ring_size, rules.salt)
    pool.cursor = bisect_left(pool.ring, mixed(ask.user ^ rules.salt) << PLACE_BITS) % len(pool.ring)
    return pool.ring[pool.cursor] & PLACES


def another(pool: Pool, place: int) -> int:
    """Return the place of the next point after the last pick that is of another pod."""
    assert pool.ring is not None
    while pool.ring[pool.cursor] & PLACES == place:
        pool.cursor = (pool.cursor + 1) % len(pool.ring)
    return pool.ring[pool.cursor] & PLACES


def build_compiled(state: Any, pool: int, base: int, n: int) -> None:
    """Lay the points of a pool's n pods, and put them in order (Shell's sort)."""
    size = -(-state.ring_least[0] // n) * n
    start = pool * state.ring_least[0] + base
    for k in range(size):
        value = state.ready[base + k % n] & WORD
        for step in range(3):
            value = (value + (k // n) * GOLDEN) & WORD if step == 2 else value
            value = ((value ^ (value >> 16)) * MIX) & WORD
            value = ((value ^ (value >> 16)) * MIX) & WORD
            value = value ^ (value >> 16) ^ (state.salt[0] if step == 0 else 0)
        state.ring[start + k] = (value << PLACE_BITS) | (k % n)
    gap = size >> 1
    while gap > 0:
        for k in range(gap, size):
            value = state.ring[start + k]
            j = k
            while j >= gap and state.ring[start + j - gap] > value:
                state.ring[start + j] = state.ring[start + j - gap]
                j -= gap
            state.ring[start + j] = value
        gap >>= 1
    state.pool_ring[pool] = size


def pick_compiled(state: Any, t: float, pool: int, base: int, n: int, first: float, second: float, user: int) -> int:
    """Return the place of the user's pod."""
    own = (user ^ state.salt[0]) & WORD
    own = ((own ^ (own >> 16)) * MIX) & WORD
    own = ((own ^ (own >> 16)) * MIX) & WORD
    own = (own ^ (own >> 16)) << PLACE_BITS
    start = pool * state.ring_least[0] + base
    low = 0
    high = state.pool_ring[pool]
    while low < high:
        middle = (low + high) >> 1
        if state.ring[start + middle] < own:
            low = middle + 1
        else:
            high = middle
    state.pool_cursor[pool] = low if low < state.pool_ring[pool] else 0
    return state.ring[start + state.pool_cursor[pool]] & PLACES  # type: ignore[no-any-return]


def another_compiled(state: Any, pool: int, base: int, place: int) -> int:
    """Return the place of the next point after the last pick that is of another pod."""
    start = pool * state.ring_least[0] + base
    k = state.pool_cursor[pool]
    while state.ring[start + k] & PLACES == place:
        k = k + 1 if k + 1 < state.pool_ring[pool] else 0
    state.pool_cursor[pool] = k
    return state.ring[start + k] & PLACES  # type: ignore[no-any-return]
