"""Rolling update: pods are exchanged a few at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from sim.strategies.story import Story
from sim.units import IntOrPercent

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout


class RollingUpdate(Story):
    """Exchange pods within the bounds of surge and unavailability, as a Kubernetes Deployment does."""

    kind: ClassVar[str] = "rollingUpdate"
    summary: ClassVar[str] = "Exchange pods a few at a time: no downtime, users move to the new version with the pods."
    actions: ClassVar[tuple[str, ...]] = ("undo", "scale")

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

    def shares_by_pods(self, has_mesh: bool) -> bool:
        """Return True: users follow the pods."""
        return True

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        return (f"Exchange the pods, at most {self.max_surge} more and {self.max_unavailable} fewer at a time",)

    def roll_out(self, rollout: Rollout) -> Steps:
        """Exchange old pods for new ones."""
        rollout.set_weight(100.0)
        rollout.step(0)
        yield from rollout.exchange(rollout.candidate, self.max_surge, self.max_unavailable)
        rollout.finish("promoted", "Every pod runs the new version.")

    def undo(self, rollout: Rollout) -> Steps:
        """Exchange them back, pod by pod, within the same bounds."""
        rollout.set_weight(0.0)
        yield from rollout.exchange(rollout.stable, self.max_surge, self.max_unavailable)
