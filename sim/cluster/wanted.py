"""How many pods are wanted of a service: what the file says, until an autoscaler or an operator changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.record import WantedChange

if TYPE_CHECKING:
    from sim.spec.service import ResolvedVersion


class Wanted:
    """The wanted count of each service, as `spec.replicas` of its workload: what a set has that carries all users."""

    def __init__(self) -> None:
        self.changes: list[WantedChange] = []
        self._counts: dict[str, int] = {}

    def of(self, version: ResolvedVersion) -> int:
        """Return how many pods a version is to have when it carries all users."""
        return self._counts.get(version.service, version.replicas)

    def change(self, now: float, service: str, replicas: int) -> None:
        """Want another count from now on, of every version of the service."""
        self._counts[service] = replicas
        self.changes.append(WantedChange(now, service, replicas))
