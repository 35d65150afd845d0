"""Blue-green: the new version stands beside the old one, then all users switch at once."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool

from sim.spec.analysis import InlineAnalysis
from sim.spec.strategy import SegmentMatch, StrategySpec
from sim.units import Duration, Quantity


class BlueGreen(StrategySpec):
    """Start a full second set of pods, look at it, switch, keep the old one for a while."""

    kind: ClassVar[str] = "blueGreen"
    summary: ClassVar[str] = "Start the new version beside the old one and switch all users at once: quick undo, twice the pods."

    type: Literal["blueGreen"] = Field("blueGreen", description="The strategy; may be left out where the name says it.")
    preview_match: tuple[SegmentMatch, ...] = Field(
        (), max_length=50, description="Segments that reach the new version before the switch; needs a mesh."
    )
    preview_replica_count: Annotated[int, Quantity("count", low=1, high=10_000)] | None = Field(
        None, description="Pods of the new version before the switch; without it, all."
    )
    auto_promotion_enabled: StrictBool = Field(True, description="false: a person ends the preview (monitoring.approver).")
    auto_promotion_seconds: Duration | None = Field(
        None, description="How long the preview lasts; without it, the switch follows at once when all is ready."
    )
    pre_promotion_analysis: InlineAnalysis | None = Field(None, description="Must succeed before the switch.")
    post_promotion_analysis: InlineAnalysis | None = Field(None, description="Switches back when it fails after the switch.")
    scale_down_delay_seconds: Duration = Field(30.0, description="How long the old pods live on after the switch.")
    abort_scale_down_delay_seconds: Duration = Field(
        30.0, description="How long the new pods live on after an abort; 0 means for ever."
    )
