"""Recreate: all old pods go, then all new pods come."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.spec.strategy import StrategySpec


class Recreate(StrategySpec):
    """Stop everything, then start the new version."""

    kind: ClassVar[str] = "recreate"
    summary: ClassVar[str] = "Stop all pods of the old version, then start the new one: simple, with downtime."

    type: Literal["recreate"] = Field("recreate", description="The strategy; may be left out where the name says it.")
