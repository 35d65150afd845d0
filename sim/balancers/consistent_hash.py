"""Always the same pod for a user, as long as it is ready: highest random weight over a keyed hash of (user, pod).

When a pod leaves, only its users move, and each to a pod of its own; when it comes back, they return.
Model: Envoy's ring hash and Maglev tables share these properties up to the size of their tables.

The hash is 32 bits wide. Multiplications keep only the low 32 bits, which are the same in plain integers and in the
kernel's 64-bit ones. Source of the mixing steps: MurmurHash3's 32-bit finalizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.balancers import Pool

WORD = 0xFFFFFFFF
MIX_1, MIX_2, GOLDEN = 0x85EBCA6B, 0xC2B2AE35, 0x9E3779B1


def weight(user: int, pod: int, salt: int) -> int:
    """Return the weight of a pod for a user."""
    return _mixed(_mixed(user ^ salt) + pod * GOLDEN)


def _mixed(value: int) -> int:
    value &= WORD
    value = (value ^ value >> 16) * MIX_1 & WORD
    value = (value ^ value >> 13) * MIX_2 & WORD
    return value ^ value >> 16


def pick(pool: Pool, first: float, second: float, user: int, salt: int) -> int:
    """Return the place of the pod with the highest weight for the user; the earlier place in a tie."""
    weights = [weight(user, pod.number, salt) for pod in pool.ready]
    return weights.index(max(weights))


def pick_compiled(state: Any, pool: int, base: int, n: int, first: float, second: float, user: int) -> int:
    """Return the place of the pod with the highest weight for the user; the earlier place in a tie."""
    own = (user ^ state.salt[0]) & 0xFFFFFFFF
    own = ((own ^ (own >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    own = ((own ^ (own >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    own ^= own >> 16
    best = -1
    highest = -1
    for place in range(n):
        value = (own + state.ready[base + place] * 0x9E3779B1) & 0xFFFFFFFF
        value = ((value ^ (value >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
        value = ((value ^ (value >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
        value ^= value >> 16
        if value > highest:
            best = place
            highest = value
    return best
