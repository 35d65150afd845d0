"""Each pod in turn; the turn goes on where it was when pods come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.balancers import Ask, Pool


def pick(pool: Pool, ask: Ask) -> int:
    """Return the next place."""
    place = pool.cursor if pool.cursor < len(pool.ready) else 0
    pool.cursor = place + 1
    return place


def pick_compiled(state: Any, t: float, pool: int, base: int, n: int, first: float, second: float, user: int) -> int:
    """Return the next place."""
    place = state.pool_cursor[pool]
    if place >= n:
        place = 0
    state.pool_cursor[pool] = place + 1
    return place  # type: ignore[no-any-return]
