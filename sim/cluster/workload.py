"""A Deployment as those see it who wait for it: its numbers, since when it lacks pods, and whether it is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.cluster.arithmetic import max_unavailable
from sim.cluster.clock import Steps
from sim.cluster.progress import ProgressDeadline
from sim.units import IntOrPercent

if TYPE_CHECKING:
    from sim.cluster.replica_set import ReplicaSet
    from sim.cluster.world import World

QUARTER = IntOrPercent(25, True)
"""Source: Kubernetes, a Deployment's maxSurge and maxUnavailable by default."""


class WatchedDeployment:
    """A Deployment that moves its pods to `new`, from `old` if there is one, watched from now until `stop`."""

    def __init__(self, world: World, new: ReplicaSet, old: ReplicaSet | None) -> None:
        self.has_timed_out = False
        self._world = world
        self._new = new
        self._old = old
        self._unavailable_since: float | None = None
        self._is_watched = True
        self._deadline = ProgressDeadline(world, new, old or new, self._time_out)
        world.env.process(self._watch())

    @property
    def wanted(self) -> int:
        """Return the pods that the new version is to have."""
        return self._new.wanted

    @property
    def total(self) -> int:
        """Return the pods asked for."""
        return self._new.replicas + (self._old.replicas if self._old else 0)

    @property
    def updated(self) -> int:
        """Return the pods of the new version."""
        return self._new.replicas

    @property
    def available(self) -> int:
        """Return the available pods."""
        return self._new.available + (self._old.available if self._old else 0)

    @property
    def unavailable_seconds(self) -> float | None:
        """Return for how long too few pods have been available; None: enough are.

        Source: Kubernetes progress.go, the condition Available with reason MinimumReplicasUnavailable.
        """
        return None if self._unavailable_since is None else self._world.now - self._unavailable_since

    def stop(self) -> None:
        """Watch no longer."""
        self._is_watched = False
        self._deadline.stop()

    def _watch(self) -> Steps:
        while self._is_watched:
            self._look()
            yield self._world.changed()

    def _look(self) -> None:
        wanted = self.wanted
        if self.updated == self.total == self.available == wanted:
            self._deadline.stop()
        else:
            self._deadline.look()
        if self.available >= wanted - max_unavailable(QUARTER, QUARTER, wanted):
            self._unavailable_since = None
        elif self._unavailable_since is None:
            self._unavailable_since = self._world.now

    def _time_out(self, seconds: float) -> None:
        self.has_timed_out = True
