"""Blue-green: the new version stands beside the old one, then all users switch at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, StrictBool

from sim.cluster.argo.blue_green import pause_is_over, preview_pods
from sim.cluster.argo.status import needs_person
from sim.spec.analysis import InlineAnalysis
from sim.spec.strategy import SegmentMatch
from sim.strategies.story import Story
from sim.units import Quantity, Seconds, format_duration

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.spec.operation import Operation
    from sim.strategies.rollout import Rollout


class BlueGreen(Story):
    """Start a full second set of pods, look at it, switch, keep the old one for a while."""

    kind: ClassVar[str] = "blueGreen"
    summary: ClassVar[str] = (
        "Start the new version beside the old one and switch all users at once: quick undo, twice the pods."
    )
    actions: ClassVar[tuple[str, ...]] = ("promote", "abort", "retry", "undo", "scale")

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
        None,
        description="How long the preview lasts; without it, the switch follows at once when all is ready. It counts "
        "only where autoPromotionEnabled is true.",
    )
    pre_promotion_analysis: InlineAnalysis | None = Field(None, description="Must succeed before the switch.")
    post_promotion_analysis: InlineAnalysis | None = Field(
        None, description="Switches back when it fails after the switch."
    )
    progress_deadline_abort: StrictBool = Field(
        False, description="Undo the release when it meets progressDeadlineSeconds; else it is reported only."
    )
    scale_down_delay_seconds: Seconds = Field(30.0, description="How long the old pods live on after the switch.")
    abort_scale_down_delay_seconds: Seconds = Field(
        30.0, description="How long the new pods live on after an abort; 0 means for ever."
    )

    @property
    def aborts_at_deadline(self) -> bool:
        """Return whether a rollout without progress is undone."""
        return self.progress_deadline_abort

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
            yield from self._preview(rollout, ready_at)
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

    def operate(self, rollout: Rollout, operation: Operation) -> str | None:
        """Do what kubectl argo rollouts does; return why it is refused, None when it is done."""
        if operation.action == "retry":
            if rollout.outcome != "rolled_back":
                return "the rollout is not aborted"
            rollout.turn(lambda: self._again(rollout))
            return None
        if operation.full:
            if rollout.outcome == "promoted":
                return "the new version is the stable one already"
            rollout.turn(lambda: self._promote_full(rollout))
            return None
        return super().operate(rollout, operation)

    def _again(self, rollout: Rollout) -> Steps:
        rollout.begin_again()
        yield from self.roll_out(rollout)

    def _promote_full(self, rollout: Rollout) -> Steps:
        """Switch as soon as the new version has all its pods, whatever preview and analyses are left."""
        rollout.begin_again()
        yield from rollout.promote("An operator promoted the release in full.", self.scale_down_delay_seconds)

    def undo(self, rollout: Rollout) -> Steps:
        """Switch back, at once while the old pods live."""
        yield from rollout.abort(self.abort_scale_down_delay_seconds)

    def _start_preview(self, rollout: Rollout) -> Steps:
        def pods(wanted: int) -> int:
            return preview_pods(wanted, self.preview_replica_count, "other")

        yield from rollout.scale_and_wait(rollout.candidate, pods, "to stand beside the old pods")

    def _has_preview(self) -> bool:
        return not pause_is_over(self.auto_promotion_enabled, self._seconds, 0.0, is_past_checkpoint=False)

    @property
    def _seconds(self) -> float:
        return self.auto_promotion_seconds or 0.0

    def _preview(self, rollout: Rollout, ready_at: float) -> Steps:
        """Wait for what is left of the preview, which an analysis does not lengthen, or for a person."""
        if needs_person("blue_green_pause", auto_promotion=self.auto_promotion_enabled):
            yield from rollout.pause(None)
        else:
            yield from rollout.pause(max(0.0, self._seconds - (rollout.now - ready_at)))

    def _preview_text(self) -> str:
        by_time = not needs_person("blue_green_pause", auto_promotion=self.auto_promotion_enabled)
        return f"Preview for {format_duration(self._seconds)}" if by_time else "Preview until a person approves"
