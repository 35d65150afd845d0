"""What moves pods between sets of a service."""

from __future__ import annotations

from typing import Protocol

from sim.cluster.replica_set import ReplicaSet


class Controller(Protocol):
    """What moves pods between sets, a step at a time."""

    def sizes(self) -> dict[ReplicaSet, int]:
        """Return the sizes to ask for now; a set that is left out keeps its size."""

    def is_done(self) -> bool:
        """Return whether there is nothing left to move or to wait for."""


class RoutingController(Controller, Protocol):
    """A controller that also tells a router how many users each version gets."""

    def moves_users(self) -> bool:
        """Tell the router another weight, if it is time for one; return whether it was told."""
