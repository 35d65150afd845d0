"""The same split by the user's own number: raising a weight moves users one way, lowering it returns the last ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.routers import weighted

if TYPE_CHECKING:
    from sim.engine.protocol import Route


def choose(route: Route, number: float, segment: int) -> int:
    """Return the version for the user's own number; -1 when all weights are 0."""
    return weighted.choose(route, number, segment)


def choose_compiled(state: Any, number: float, segment: int) -> int:
    """Return the version for the user's own number; -1 when all weights are 0."""
    last = state.route_choices[0] - 1
    if last < 0:
        return -1
    i = last
    while i > 0 and 100.0 * number < state.route_cumulative[i - 1]:
        i -= 1
    return state.route_version[i]  # type: ignore[no-any-return]
