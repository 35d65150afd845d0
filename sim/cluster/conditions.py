"""The conditions of a Deployment: is it progressing, is it available, and why.

Source: kubernetes/kubernetes pkg/controller/deployment/progress.go, sync.go and deployment_controller.go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sim.cluster.arithmetic import Status, has_progressed, has_timed_out, is_complete

Reason = Literal[
    "NewReplicaSetCreated",
    "ReplicaSetUpdated",
    "NewReplicaSetAvailable",
    "ProgressDeadlineExceeded",
    "DeploymentPaused",
    "DeploymentResumed",
    "MinimumReplicasAvailable",
    "MinimumReplicasUnavailable",
    "FailedCreate",
]
TRUTH: dict[Reason, Literal["True", "False", "Unknown"]] = {
    "NewReplicaSetCreated": "True",
    "ReplicaSetUpdated": "True",
    "NewReplicaSetAvailable": "True",
    "ProgressDeadlineExceeded": "False",
    "DeploymentPaused": "Unknown",
    "DeploymentResumed": "Unknown",
    "MinimumReplicasAvailable": "True",
    "MinimumReplicasUnavailable": "False",
    "FailedCreate": "True",
}


@dataclass(frozen=True)
class Condition:
    """One condition. updated_at: when its reason was last given; changed_at: since when its status is what it is."""

    reason: Reason
    updated_at: float
    changed_at: float

    @property
    def status(self) -> str:
        """Return True, False or Unknown."""
        return TRUTH[self.reason]

    def now(self, reason: Reason, at: float) -> Condition:
        """Return the condition for another reason."""
        if TRUTH[reason] == self.status:
            return replace(self, reason=reason, updated_at=at)
        return Condition(reason, at, at)


def progressing(
    before: Condition, deadline_seconds: float | None, desired: int, old: Status, new: Status, at: float
) -> Condition:
    """Return the condition Progressing after a look at the pods.

    Source: progress.go, syncRolloutStatus.
    """
    if before.reason == "NewReplicaSetAvailable" and new.total == new.updated:
        # Nothing rolls out: a pod that is lost and replaced is no news.
        return before
    if is_complete(desired, new):
        return before.now("NewReplicaSetAvailable", at)
    if has_progressed(old, new):
        return before.now("ReplicaSetUpdated", at)
    if before.reason == "ProgressDeadlineExceeded":
        return before
    is_over = before.reason == "NewReplicaSetAvailable"
    if has_timed_out(deadline_seconds, at - before.updated_at, complete=is_over):
        return before.now("ProgressDeadlineExceeded", at)
    return before


def paused(before: Condition, is_paused: bool, at: float) -> Condition:
    """Return the condition Progressing after a look at the pause; a missed deadline is not hidden by one.

    Source: sync.go, checkPausedConditions.
    """
    if before.reason == "ProgressDeadlineExceeded" or is_paused == (before.reason == "DeploymentPaused"):
        return before
    return before.now("DeploymentPaused" if is_paused else "DeploymentResumed", at)


def availability(before: Condition, desired: int, unavailable: int, available: int, at: float) -> Condition:
    """Return the condition Available: as many pods as must be, or not.

    Source: sync.go, calculateStatus.
    """
    enough = available >= desired - unavailable
    reason: Reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    return before if reason == before.reason else before.now(reason, at)
