"""Blue-green: the new version stands beside the old one, then all users switch at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, StrictBool

from sim.spec.analysis import InlineAnalysis
from sim.spec.strategy import SegmentMatch
from sim.strategies.story import Story
from sim.units import Quantity, Seconds, format_duration

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout


class BlueGreen(Story):
    """Start a full second set of pods, look at it, switch, keep the old one for a while."""

    kind: ClassVar[str] = "blueGreen"
    summary: ClassVar[str] = (
        "Start the new version beside the old one and switch all users at once: quick undo, twice the pods."
    )
    actions: ClassVar[tuple[str, ...]] = ("promote", "abort", "undo", "scale")

    type: Literal["blueGreen"] = Field("blueGreen", description="The strategy; may be left out where the name says it.")
    preview_match: tuple[SegmentMatch, ...] = Field(
        (), max_length=50, description="Segments that reach the new version before the switch; needs a mesh."
    )
    preview_replica_count: Annotated[int, Quantity("count", low=1, high=10_000)] | None = Field(
        None, description="Pods of the new version before the switch; without it, all."
    )
    auto_promotion_enabled: StrictBool = Field(
        True, description="false: a person ends the preview (monitoring.approver)."
    )
    auto_promotion_seconds: Seconds | None = Field(
        None, description="How long the preview lasts; without it, the switch follows at once when all is ready."
    )
    pre_promotion_analysis: InlineAnalysis | None = Field(None, description="Must succeed before the switch.")
    post_promotion_analysis: InlineAnalysis | None = Field(
        None, description="Switches back when it fails after the switch."
    )
    scale_down_delay_seconds: Seconds = Field(30.0, description="How long the old pods live on after the switch.")
    abort_scale_down_delay_seconds: Seconds = Field(
        30.0, description="How long the new pods live on after an abort; 0 means for ever."
    )

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        return (
            "Start the new version beside the old one",
            *(("Analyse the preview",) if self.pre_promotion_analysis else ()),
            *((self._preview_text(),) if self._has_preview() else ()),
            "Switch all users",
            *(("Analyse after the switch",) if self.post_promotion_analysis else ()),
        )

    def roll_out(self, rollout: Rollout) -> Steps:
        """Start the new pods, look at them, switch, look again."""
        steps = rollout.steps()
        steps.begin()
        if self.preview_match:
            # As in Argo, the preview address is there at once: who uses it before its first pod is ready meets none.
            rollout.match(self.preview_match)
        yield from self._start_preview(rollout)
        ready_at = rollout.now
        if self.pre_promotion_analysis:
            steps.begin()
            yield from rollout.judge(self.pre_promotion_analysis, "prePromotionAnalysis")
        if self._has_preview():
            steps.begin()
            yield from rollout.pause(self._rest_of_preview(rollout.now - ready_at))
        steps.begin()
        why = "The new pods are available and the preview is over."
        if self.post_promotion_analysis is None:
            yield from rollout.promote(why, self.scale_down_delay_seconds)
            return
        yield from rollout.scale_to_full(rollout.candidate, "to carry all users")
        yield from rollout.switch(why)
        steps.begin()
        yield from rollout.judge(self.post_promotion_analysis, "postPromotionAnalysis")
        rollout.finish("promoted", "The analysis after the switch succeeded.")
        rollout.scale_down_later(rollout.stable, self.scale_down_delay_seconds, "the old pods are no longer needed")

    def undo(self, rollout: Rollout) -> Steps:
        """Switch back, at once while the old pods live."""
        yield from rollout.abort(self.abort_scale_down_delay_seconds)

    def _start_preview(self, rollout: Rollout) -> Steps:
        why = "to stand beside the old pods"
        if self.preview_replica_count is None:
            yield from rollout.scale_to_full(rollout.candidate, why)
        else:
            yield from rollout.scale_and_wait(rollout.candidate, self.preview_replica_count, why)

    def _has_preview(self) -> bool:
        return not self.auto_promotion_enabled or bool(self.auto_promotion_seconds)

    def _rest_of_preview(self, elapsed: float) -> float | None:
        """Return what is left of the preview, which an analysis does not lengthen; None: until a person comes.

        Source: Argo Rollouts bluegreen.go, reconcileBlueGreenPause: autoPromotionSeconds also ends a manual pause.
        """
        return max(0.0, self.auto_promotion_seconds - elapsed) if self.auto_promotion_seconds else None

    def _preview_text(self) -> str:
        seconds = self.auto_promotion_seconds
        return f"Preview for {format_duration(seconds)}" if seconds else "Preview until a person approves"
