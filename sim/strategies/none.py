"""None: nothing is deployed; what the others are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sim.strategies.story import Story

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout


class NoRelease(Story):
    """Deploy nothing."""

    kind: ClassVar[str] = "none"
    summary: ClassVar[str] = "Deploy nothing: what would have happened anyway."

    type: Literal["none"] = Field("none", description="The strategy; may be left out where the name says it.")

    def roll_out(self, rollout: Rollout) -> Steps:
        """Do nothing."""
        rollout.finish("kept", "Nothing is deployed.")
        yield from ()

    def undo(self, rollout: Rollout) -> Steps:
        """Do nothing: there is nothing to undo."""
        yield from ()
