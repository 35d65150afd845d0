"""The operator: gives the commands that the scenario names, at their moments, to the rollout under way."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sim.cluster.clock import PERSON

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.spec.operation import Operation


def start_operations(world: World) -> None:
    """Plan every operation; those of one moment come in the order of the file, after the person on call."""
    for number, operation in enumerate(world.scenario.operations):
        world.env.call(operation.at, PERSON, 1 + number, partial(_carry_out, world, operation))


def _carry_out(world: World, operation: Operation) -> None:
    world.log("operator", "operation", operation.text, f"An operator says: {operation.text}.")
    refusal = world.rollout.operate(operation)
    if refusal is not None:
        world.log("operator", "refused", operation.text, f"Refused: {refusal}.")
