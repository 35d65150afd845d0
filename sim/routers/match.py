"""The version that a route keeps for the user's segment: what header and cookie matches come to here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.engine.protocol import Route


def choose(route: Route, number: float, segment: int) -> int:
    """Return the version of the first match for the segment; -1 when none matches."""
    return next((version for matched, version in route.match if matched == segment), -1)


def choose_compiled(state: Any, number: float, segment: int) -> int:
    """Return the version of the first match for the segment; -1 when none matches."""
    if segment < 0:
        return -1
    return state.match_version[segment]  # type: ignore[no-any-return]
