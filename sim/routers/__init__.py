"""Which version answers a request: one file per rule, each in two forms.

`choose` is plain Python over a Route, for the reference engine; `choose_compiled` reads the arrays of the compiled
engine's state. Both take a number in (0, 1) and the user's segment, and return a version, or NOBODY when the rule has
nothing to say. In order: match, then weights (by the request's number, or the user's own when sticky); mirror says
which version gets a copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.routers import match, mirror, sticky, weighted

if TYPE_CHECKING:
    from sim.engine.protocol import Route

NOBODY = -1


@dataclass(frozen=True)
class Router:
    """A rule."""

    kind: str
    summary: str
    choose: Callable[[Route, float, int], int]
    choose_compiled: Callable[[Any, float, int], int]


ROUTERS = {
    router.kind: router
    for router in (
        Router("match", "the version of the user's segment", match.choose, match.choose_compiled),
        Router("weighted", "a random split, each request for itself", weighted.choose, weighted.choose_compiled),
        Router("sticky", "a split by the user's own number", sticky.choose, sticky.choose_compiled),
        Router("mirror", "a copy to another version", mirror.choose, mirror.choose_compiled),
    )
}
