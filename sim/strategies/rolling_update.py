"""Rolling update: pods are exchanged a few at a time."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sim.strategies.deployment_story import DeploymentStory
from sim.units import IntOrPercent


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

    @property
    def bounds(self) -> tuple[IntOrPercent, IntOrPercent]:
        """Return surge and unavailability."""
        return self.max_surge, self.max_unavailable
