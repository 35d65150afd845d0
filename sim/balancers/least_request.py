"""The less busy of two different pods at random; the first one when both are as busy.

Source: Envoy's least-request balancer with its default choice count of 2. A request counts as long as its caller waits
for it: what timed out and still holds a worker does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.balancers import Pool


def pick(pool: Pool, first: float, second: float, user: int, salt: int) -> int:
    """Return the place of the less busy of two."""
    n = len(pool.ready)
    one = int(first * n)
    if n == 1:
        return one
    other = [place for place in range(n) if place != one][int(second * (n - 1))]
    return other if pool.ready[other].requests < pool.ready[one].requests else one


def pick_compiled(state: Any, pool: int, base: int, n: int, first: float, second: float, user: int) -> int:
    """Return the place of the less busy of two."""
    one = int(first * n)
    if n == 1:
        return one
    other = int(second * (n - 1))
    if other >= one:
        other += 1
    pod_one = state.ready[base + one]
    pod_other = state.ready[base + other]
    if state.pod_requests[pod_other] < state.pod_requests[pod_one]:
        return other
    return one
