"""Always the same pod for a user, as long as it is ready: highest random weight over a keyed hash of (user, pod).

When a pod leaves, only its users move, and each to a pod of its own; when it comes back, they return.
Model: Envoy's ring hash and Maglev tables share these properties up to the size of their tables.

The hash is 32 bits wide and its multiplier below 2^27, so no product leaves the 64-bit integers of the kernel.
Source of the mixing steps: T. Mueller's 32-bit hash of integers, as in the H2 database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.balancers import Pool

WORD = 0xFFFFFFFF
MIX, GOLDEN = 0x45D9F3B, 0x9E3779B1


def weight(user: int, pod: int, salt: int) -> int:
    """Return the weight of a pod for a user."""
    return _mixed(_mixed(user ^ salt) + pod * GOLDEN)


def _mixed(value: int) -> int:
    value &= WORD
    value = (value ^ value >> 16) * MIX & WORD
    value = (value ^ value >> 16) * MIX & WORD
    return value ^ value >> 16


def pick(pool: Pool, first: float, second: float, user: int, salt: int) -> int:
    """Return the place of the pod with the highest weight for the user; the earlier place in a tie."""
    weights = [weight(user, pod.number, salt) for pod in pool.ready]
    return weights.index(max(weights))


def pick_compiled(state: Any, pool: int, base: int, n: int, first: float, second: float, user: int) -> int:
    """Return the place of the pod with the highest weight for the user; the earlier place in a tie."""
    own = (user ^ state.salt[0]) & WORD
    own = ((own ^ (own >> 16)) * MIX) & WORD
    own = ((own ^ (own >> 16)) * MIX) & WORD
    own ^= own >> 16
    best = -1
    highest = -1
    for place in range(n):
        value = (own + state.ready[base + place] * GOLDEN) & WORD
        value = ((value ^ (value >> 16)) * MIX) & WORD
        value = ((value ^ (value >> 16)) * MIX) & WORD
        value ^= value >> 16
        if value > highest:
            best = place
            highest = value
    return best
