"""Recreate: all old pods go, then all new pods come."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sim.strategies.story import Story

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout


class Recreate(Story):
    """Stop everything, then start the new version."""

    kind: ClassVar[str] = "recreate"
    summary: ClassVar[str] = "Stop all pods of the old version, then start the new one: simple, with downtime."
    actions: ClassVar[tuple[str, ...]] = ("undo", "scale")

    type: Literal["recreate"] = Field("recreate", description="The strategy; may be left out where the name says it.")

    def shares_by_pods(self, has_mesh: bool) -> bool:
        """Return True: users follow the pods."""
        return True

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        return ("Stop every old pod", "Start every new pod")

    def roll_out(self, rollout: Rollout) -> Steps:
        """Stop all old pods, then start all new ones."""
        rollout.set_weight(100.0)
        rollout.step(0)
        yield from rollout.stop(rollout.stable, "recreate stops everything first")
        rollout.step(1)
        yield from rollout.scale_to_full(rollout.candidate, "no old pod is left")
        rollout.finish("promoted", "Every pod runs the new version.")

    def undo(self, rollout: Rollout) -> Steps:
        """Recreate the old version: down a second time."""
        rollout.set_weight(0.0)
        yield from rollout.stop(rollout.candidate, "recreate goes back by stopping everything again")
        yield from rollout.scale_to_full(rollout.stable, "no new pod is left")
