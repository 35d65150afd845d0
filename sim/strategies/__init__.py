"""The ways of releasing, one file each; STRATEGIES is the list."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Tag

from sim.spec.strategy import StrategySpec
from sim.strategies.ab_test import ABTest
from sim.strategies.batches import Batches
from sim.strategies.blue_green import BlueGreen
from sim.strategies.canary import Canary
from sim.strategies.none import NoRelease
from sim.strategies.progressive import Progressive
from sim.strategies.recreate import Recreate
from sim.strategies.rolling_update import RollingUpdate
from sim.strategies.shadow import Shadow

STRATEGIES: dict[str, type[StrategySpec]] = {
    strategy.kind: strategy
    for strategy in (Recreate, RollingUpdate, BlueGreen, Canary, ABTest, Shadow, Progressive, Batches, NoRelease)
}


def _type(value: Any) -> Any:
    return value.get("type") if isinstance(value, dict) else getattr(value, "kind", None)


Strategy: TypeAlias = Annotated[
    Annotated[Recreate, Tag("recreate")]
    | Annotated[RollingUpdate, Tag("rollingUpdate")]
    | Annotated[BlueGreen, Tag("blueGreen")]
    | Annotated[Canary, Tag("canary")]
    | Annotated[ABTest, Tag("abTest")]
    | Annotated[Shadow, Tag("shadow")]
    | Annotated[Progressive, Tag("progressive")]
    | Annotated[Batches, Tag("batches")]
    | Annotated[NoRelease, Tag("none")],
    Discriminator(_type),
]
"""Any of them, told apart by `type`."""
