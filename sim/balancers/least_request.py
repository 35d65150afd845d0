"""The least busy of two different pods at random, or of more; the first one of those that are as busy.

Source: Envoy's least-request balancer with its default choice count of 2. With a higher count the further choices may
fall on a pod twice, as in Envoy; they are made of the two numbers of the attempt. A request counts as long
as its caller waits for it: what timed out and still holds a worker does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.balancers import Ask, Pool

WORD, MIX, GOLDEN, ROUNDS = 0xFFFFFFFF, 0x45D9F3B, 0x9E3779B1, 3
"""As in the consistent hash: 32 bits, and a multiplier below 2^27 that no product of the kernel overflows."""


def pick(pool: Pool, ask: Ask) -> int:
    """Return the place of the less busy of two."""
    n = len(pool.ready)
    one = int(ask.first * n)
    if n == 1:
        return one
    other = [place for place in range(n) if place != one][int(ask.second * (n - 1))]
    choices = [one, other, *(further(ask.first, ask.second, number, n) for number in range(2, pool.rules.choices))]
    return min(choices, key=lambda place: pool.ready[place].requests)


def further(first: float, second: float, number: int, n: int) -> int:
    """Return one more choice among n."""
    value = (int(first * WORD) + number * GOLDEN ^ int(second * WORD)) & WORD
    for _ in range(ROUNDS):
        value = (value ^ value >> 16) * MIX & WORD
    return (value ^ value >> 16) * n >> 32


def pick_compiled(state: Any, t: float, pool: int, base: int, n: int, first: float, second: float, user: int) -> int:
    """Return the place of the less busy of two."""
    one = int(first * n)
    if n == 1:
        return one
    other = int(second * (n - 1))
    if other >= one:
        other += 1
    pod_one = state.ready[base + one]
    pod_other = state.ready[base + other]
    best = one
    fewest = state.pod_requests[pod_one]
    if state.pod_requests[pod_other] < fewest:
        best = other
        fewest = state.pod_requests[pod_other]
    for number in range(2, state.choices[0]):
        value = ((int(first * WORD) + number * GOLDEN) ^ int(second * WORD)) & WORD
        for _ in range(ROUNDS):
            value = ((value ^ (value >> 16)) * MIX) & WORD
        place = ((value ^ (value >> 16)) * n) >> 32
        requests = state.pod_requests[state.ready[base + place]]
        if requests < fewest:
            best = place
            fewest = requests
    return best
