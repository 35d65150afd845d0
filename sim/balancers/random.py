"""Any pod, all alike: what kube-proxy does without a mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.balancers import Ask, Pool


def pick(pool: Pool, ask: Ask) -> int:
    """Return a random place."""
    return int(ask.first * len(pool.ready))


def pick_compiled(state: Any, t: float, pool: int, base: int, n: int, first: float, second: float, user: int) -> int:
    """Return a random place."""
    return int(first * n)
