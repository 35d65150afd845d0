"""Rolling update: pods are exchanged a few at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from sim.strategies.deployment_story import DeploymentStory
from sim.units import IntOrPercent

if TYPE_CHECKING:
    from sim.cluster.deployment import Deployment
    from sim.cluster.replica_set import ReplicaSet


class RollingUpdate(DeploymentStory):
    """Exchange pods within the bounds of surge and unavailability, as a Kubernetes Deployment does."""

    kind: ClassVar[str] = "rollingUpdate"
    summary: ClassVar[str] = "Exchange pods a few at a time: no downtime, users move to the new version with the pods."

    type: Literal["rollingUpdate"] = Field(
        "rollingUpdate", description="The strategy; may be left out where the name says it."
    )
    max_surge: IntOrPercent = Field(IntOrPercent(25, True), description="Pods above replicas; a percentage rounds up.")
    max_unavailable: IntOrPercent = Field(
        IntOrPercent(25, True), description="Pods below replicas; a percentage rounds down."
    )

    @model_validator(mode="after")
    def _can_move(self) -> RollingUpdate:
        if self.max_surge.value == 0 and self.max_unavailable.value == 0:
            raise ValueError(
                "has maxSurge and maxUnavailable 0; must have one of them above 0, else no pod can be exchanged"
            )
        return self

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        return (f"Exchange the pods, at most {self.max_surge} more and {self.max_unavailable} fewer at a time",)

    def deployment(self, running: ReplicaSet, history_limit: int) -> Deployment:
        """Return the Deployment that runs the pods of a set."""
        # The control plane is loaded when a run needs it, not when a file is read.
        from sim.cluster import deployment

        return deployment.RollingUpdate(running, self.max_surge, self.max_unavailable, history_limit)
