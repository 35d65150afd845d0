"""A copy of a share of the requests to another version, whose answers nobody waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.engine.protocol import Route


def choose(route: Route, number: float, segment: int) -> int:
    """Return the version that gets a copy; -1 for no copy."""
    if route.mirror is None or 100.0 * number >= route.mirror[1]:
        return -1
    return route.mirror[0]


def choose_compiled(state: Any, number: float, segment: int) -> int:
    """Return the version that gets a copy; -1 for no copy."""
    if state.mirror_version[0] >= 0 and 100.0 * number < state.mirror_percent[0]:
        return state.mirror_version[0]  # type: ignore[no-any-return]
    return -1
