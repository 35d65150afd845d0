"""Any pod, all alike: what kube-proxy does without a mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.balancers import Pool


def pick(pool: Pool, first: float, second: float, user: int, salt: int) -> int:
    """Return a random place."""
    return int(first * len(pool.ready))


def pick_compiled(state: Any, pool: int, base: int, n: int, first: float, second: float, user: int) -> int:
    """Return a random place."""
    return int(first * n)
