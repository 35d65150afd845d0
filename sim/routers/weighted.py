"""A random split: the first version whose cumulative percent exceeds 100 x the request's number.

The weight is never rounded, so the counts are binomial; a version of weight 0 is never chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.engine.protocol import Route


def choose(route: Route, number: float, segment: int) -> int:
    """Return the version for the number; -1 when all weights are 0."""
    chosen, cumulative = -1, 0.0
    for version, percent in route.weights:
        if percent > 0:
            chosen, cumulative = version, cumulative + percent
            if 100.0 * number < cumulative:
                break
    return chosen


def choose_compiled(state: Any, number: float, segment: int) -> int:
    """Return the version for the number; -1 when all weights are 0."""
    last = state.route_choices[0] - 1
    if last < 0:
        return -1
    i = 0
    while i < last and 100.0 * number >= state.route_cumulative[i]:
        i += 1
    return state.route_version[i]  # type: ignore[no-any-return]
