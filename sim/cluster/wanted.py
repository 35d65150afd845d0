"""How many pods are wanted of a service: what the file says, until an autoscaler or an operator changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from sim.record import WantedChange

if TYPE_CHECKING:
    from sim.cluster.replica_set import ReplicaSet

Part: TypeAlias = Literal["", "primary", "canary"]
"""Which of its Deployments: Flagger has two of a service, with a count each; others have one."""


class Wanted:
    """The wanted count of each Deployment, as its `spec.replicas`: what a set has that carries all its users."""

    def __init__(self) -> None:
        self.changes: list[WantedChange] = []
        self._counts: dict[tuple[str, Part], int] = {}

    def of(self, replica_set: ReplicaSet) -> int:
        """Return how many pods a set is to have when it carries all users of its Deployment."""
        version = replica_set.resolved
        both = self._counts.get((version.service, ""), version.replicas)
        return self._counts.get((version.service, replica_set.part), both)

    def change(self, now: float, service: str, replicas: int, part: Part = "") -> None:
        """Want another count from now on, of every version of a Deployment; without `part`, of all the service's."""
        self._counts[service, part] = replicas
        if part == "":
            for other in ("primary", "canary"):
                self._counts.pop((service, other), None)
        if part != "canary":
            self.changes.append(WantedChange(now, service, replicas))
