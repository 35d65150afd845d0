"""The conditions of a Deployment while it rolls, and the report when it makes no progress for too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from sim.cluster.clock import STRATEGY
from sim.cluster.conditions import Condition, availability, paused, progressing
from sim.cluster.progress import SKEW_SECONDS

if TYPE_CHECKING:
    from sim.cluster.deployment import Deployment
    from sim.cluster.world import World

WAITING = ("NewReplicaSetCreated", "ReplicaSetUpdated", "DeploymentResumed")
"""Reasons under which the deadline runs."""


class ConditionChange(NamedTuple):
    """From this moment on a condition said this; None: it was taken away."""

    at_seconds: float
    type: Literal["Progressing", "Available", "ReplicaFailure"]
    condition: Condition | None


class DeploymentWatch:
    """Looks at a Deployment whenever `look` is called and when its deadline passes, and calls `report` then.

    changes: what the conditions said, and when.
    """

    def __init__(self, world: World, deployment: Deployment, report: Callable[[float], None]) -> None:
        self.changes: list[ConditionChange] = []
        self._world = world
        self._deployment = deployment
        self._report = report
        self._status = deployment.status
        self._progressing = Condition("NewReplicaSetAvailable", world.now, world.now)
        self._available = Condition("MinimumReplicasAvailable", world.now, world.now)
        self._is_timed = False
        self._failure: Condition | None = None
        deployment.when_created = self._created

    def turn(self) -> None:
        """Take note that another template is wanted: progress counts from the pods that it has by now."""
        self._status = self._deployment.status

    def look(self) -> None:
        """Compare the pods with the last look."""
        deployment, now, status = self._deployment, self._world.now, self._deployment.status
        self._progress(paused(self._progressing, deployment.is_paused, now))
        if not deployment.is_paused:
            desired, old = deployment.desired, self._status
            self._progress(progressing(self._progressing, self._deadline, desired, old, status, now))
        self._status = status
        enough = availability(self._available, deployment.desired, deployment.unavailable, status.available, now)
        if enough is not self._available:
            self._available = enough
            self.changes.append(ConditionChange(now, "Available", enough))
        self._look_at_failures(now)
        self._look_later()

    def _look_at_failures(self, now: float) -> None:
        """Take note of pods that a quota refuses. Source: Kubernetes sync.go, getReplicaFailures."""
        is_refused = any(each.refused for each in self._deployment.created)
        if is_refused != (self._failure is not None):
            self._failure = Condition("FailedCreate", now, now) if is_refused else None
            self.changes.append(ConditionChange(now, "ReplicaFailure", self._failure))

    @property
    def _deadline(self) -> float:
        return self._deployment.target.resolved.progress_deadline_seconds

    def _created(self) -> None:
        """Take note of a new set. Source: Kubernetes sync.go, getNewReplicaSet."""
        self._progress(self._progressing.now("NewReplicaSetCreated", self._world.now))

    def _progress(self, condition: Condition) -> None:
        before, self._progressing = self._progressing, condition
        if condition.reason == before.reason:
            return
        self.changes.append(ConditionChange(self._world.now, "Progressing", condition))
        if condition.reason == "ProgressDeadlineExceeded":
            self._report(self._deadline)

    def _look_later(self) -> None:
        if self._is_timed or self._progressing.reason not in WAITING:
            return
        self._is_timed = True
        at = self._progressing.updated_at + self._deadline + SKEW_SECONDS
        self._world.env.call(at, STRATEGY, 0, self._look_at_clock)

    def _look_at_clock(self) -> None:
        self._is_timed = False
        if self._progressing.reason in WAITING:
            self.look()
