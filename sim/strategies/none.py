"""None: nothing is deployed; what the others are compared with."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sim.spec.strategy import StrategySpec


class NoRelease(StrategySpec):
    """Deploy nothing."""

    kind: ClassVar[str] = "none"
    summary: ClassVar[str] = "Deploy nothing: what would have happened anyway."

    type: Literal["none"] = Field("none", description="The strategy; may be left out where the name says it.")
