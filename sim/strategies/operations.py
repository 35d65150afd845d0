"""What an operator's commands do to a rollout; each returns why it is refused, None when it is carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sim.spec.operation import Operation
    from sim.strategies.rollout import Rollout

Carry: TypeAlias = "Callable[[Rollout, Operation], str | None]"


def promote(rollout: Rollout, operation: Operation) -> str | None:
    """End a pause, whether it waits for time or for a person."""
    return None if rollout.end_pause() else "the rollout is not paused"


def undo(rollout: Rollout, operation: Operation) -> str | None:
    """Go back to the old version in the strategy's own way."""
    return None if rollout.request_undo("an operator undid the release", "operator") else "there is nothing to undo"


def scale(rollout: Rollout, operation: Operation) -> str | None:
    """Want another number of pods, in the middle of the rollout too."""
    assert operation.replicas is not None
    world = rollout.world
    world.want(operation.service or world.service, operation.replicas, f"an operator wants {operation.replicas}")
    return None


ACTIONS: Mapping[str, Carry] = {"promote": promote, "abort": undo, "undo": undo, "scale": scale}
