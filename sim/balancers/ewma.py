"""The cheaper of two different pods at random: latency, averaged with a memory that fades, times requests under way.

The average is "peak": a longer latency than it counts in full at once, shorter ones only as time passes, and it fades
whenever it is looked at. A pod without any latency so far costs nothing, but very much while its first request is out.

Source: Finagle, PeakEwma.scala and P2C, whose decay time is 10 s; Linkerd balances by the same rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.balancers import Ask, Pool


def pick(pool: Pool, ask: Ask) -> int:
    """Return the place of the cheaper of two."""
    n = len(pool.ready)
    one = int(ask.first * n)
    if n == 1:
        return one
    other = [place for place in range(n) if place != one][int(ask.second * (n - 1))]
    return min(one, other, key=lambda place: pool.ready[place].cost(ask.now))


def pick_compiled(
    cost: Callable[..., float], state: Any, t: float, base: int, n: int, first: float, second: float
) -> int:
    """Return the place of the cheaper of two."""
    one = int(first * n)
    if n == 1:
        return one
    other = int(second * (n - 1))
    if other >= one:
        other += 1
    cost_of_one = cost(state, t, state.ready[base + one])
    return other if cost(state, t, state.ready[base + other]) < cost_of_one else one
