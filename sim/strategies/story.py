"""What every strategy is: parameters, a story in order, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sim.spec.strategy import StrategySpec
from sim.strategies.operations import ACTIONS

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.cluster.world import World
    from sim.spec.operation import Operation
    from sim.strategies.rollout import Rollout


class Story(StrategySpec):
    """A strategy: `roll_out` tells what happens in order, `undo` the way back; both in the rollout's verbs."""

    has_primary: ClassVar[bool] = False
    """True when the workload that users are on gets the new version as well, in pods apart from the canary's."""

    @property
    def has_baseline(self) -> bool:
        """Return whether a fresh baseline of the old version runs beside the canary."""
        return False

    @property
    def followed_by(self) -> str | None:
        """Return the name of the strategy that goes on when this one has done its part."""
        return None

    @property
    def aborts_at_deadline(self) -> bool:
        """Return whether a rollout without progress is undone; else it is reported only."""
        return False

    def shares_by_pods(self, has_mesh: bool) -> bool:
        """Return whether the share of users follows the pods; else the weights of the route."""
        return False

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words; `rollout.step(index)` says which one begins."""
        return ()

    def roll_out(self, rollout: Rollout) -> Steps:
        """Carry out the release."""
        raise NotImplementedError

    def undo(self, rollout: Rollout) -> Steps:
        """Bring all users back to the old version."""
        raise NotImplementedError

    def operate(self, rollout: Rollout, operation: Operation) -> str | None:
        """Do what an operator asks, one of `actions`; return why it is refused, None when it is done."""
        return ACTIONS[operation.action](rollout, operation)

    def begin(self, world: World) -> Rollout:
        """Return the rollout of this strategy in a world, not yet started."""
        # The control plane is loaded when a run needs it, not when a file is read.
        from sim.strategies.rollout import Rollout

        return Rollout(world, self)
