"""The progress deadline: a rollout that waits for pods and sees no progress for too long is reported, never undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sim.cluster.arithmetic import Status, has_progressed, has_timed_out
from sim.cluster.clock import STRATEGY

if TYPE_CHECKING:
    from sim.cluster.replica_set import ReplicaSet
    from sim.cluster.world import World

SKEW_SECONDS = 1.0
"""Source: Kubernetes progress.go, requeueStuckDeployment: looked at a second after the deadline."""


class ProgressDeadline:
    """Watches two sets from its creation until `stop`, and calls `report` once when the deadline passes."""

    def __init__(self, world: World, new: ReplicaSet, old: ReplicaSet, report: Callable[[float], None]) -> None:
        self._world = world
        self._new = new
        self._old = old
        self._report = report
        self._seconds = new.resolved.progress_deadline_seconds
        self._status = self._count()
        self._progressed_at = world.now
        self._is_watching = True
        self._look_later()

    def look(self) -> None:
        """Compare the pods with the last look."""
        status = self._count()
        if has_progressed(self._status, status):
            self._progressed_at = self._world.now
        self._status = status

    def stop(self) -> None:
        """Watch no longer."""
        self._is_watching = False

    def _count(self) -> Status:
        new, old = self._new, self._old
        return Status(
            total=new.replicas + old.replicas,
            updated=new.replicas,
            ready=new.ready + old.ready,
            available=new.available + old.available,
        )

    def _look_later(self) -> None:
        at = self._progressed_at + self._seconds + SKEW_SECONDS
        self._world.env.call(at, STRATEGY, 0, self._look_at_clock)

    def _look_at_clock(self) -> None:
        if not self._is_watching:
            return
        if has_timed_out(self._seconds, self._world.now - self._progressed_at):
            self._is_watching = False
            self._report(self._seconds)
        else:
            self._look_later()
