"""Recreate: all old pods go, then all new pods come."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sim.strategies.deployment_story import DeploymentStory

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout


class Recreate(DeploymentStory):
    """Stop everything, then start the new version."""

    kind: ClassVar[str] = "recreate"
    summary: ClassVar[str] = "Stop all pods of the old version, then start the new one: simple, with downtime."

    type: Literal["recreate"] = Field("recreate", description="The strategy; may be left out where the name says it.")

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        return ("Stop every old pod", "Start every new pod")

    def roll_out(self, rollout: Rollout) -> Steps:
        """Stop all old pods, then start all new ones."""
        rollout.deployment.when_growing = lambda: rollout.step(1)
        yield from super().roll_out(rollout)

    def undo(self, rollout: Rollout) -> Steps:
        """Recreate the old version: down a second time."""
        rollout.deployment.when_growing = lambda: None
        yield from super().undo(rollout)
