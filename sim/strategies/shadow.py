"""Shadow: copies of requests go to the new version, users get the old one's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from sim.spec.analysis import AnalysisSpec, MetricSpec, unflattened
from sim.spec.model import StrategyName, from_mapping
from sim.strategies.story import Story
from sim.units import Percent, PositiveDuration, format_duration, plain

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout

DEFAULT_CONDITION = "result > 0.01"


class Shadow(Story):
    """Mirror requests to the new version, judge its answers, then release it another way or not at all."""

    kind: ClassVar[str] = "shadow"
    summary: ClassVar[str] = "Send copies of the requests to the new version: no user sees its answers."
    actions: ClassVar[tuple[str, ...]] = ("promote", "abort", "undo", "scale")

    type: Literal["shadow"] = Field("shadow", description="The strategy; may be left out where the name says it.")
    mirror_percentage: Percent = Field(100.0, description="Percentage of the requests that are copied.")
    duration: PositiveDuration = Field(description="How long copies are sent.")
    analysis: AnalysisSpec = Field(
        AnalysisSpec(metrics=(MetricSpec(metric="errorRate", failure_condition=DEFAULT_CONDITION),)),
        description="Judges the copies; without an interval, once at the end over the whole time of mirroring.",
    )
    then: StrategyName | None = Field(None, description="The strategy that follows when the copies were good.")

    @model_validator(mode="before")
    @classmethod
    def _over_the_whole_time(cls, data: Any) -> Any:
        return from_mapping(_with_window)(data)

    @property
    def followed_by(self) -> str | None:
        """Return the strategy that follows when the copies were good."""
        return self.then

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words; those of the strategy that follows are its own."""
        copies = f"Copy {plain(self.mirror_percentage)} % of the requests for {format_duration(self.duration)}"
        return ("Start pods for the copies", copies, "Judge the copies and remove the pods")

    def roll_out(self, rollout: Rollout) -> Steps:
        """Copy requests to the new version, judge its answers, clear up, and go on only when they were good."""
        steps = rollout.steps()
        steps.begin()
        yield from rollout.scale_to_weight(self.mirror_percentage)
        rollout.mirror(self.mirror_percentage)
        yield from rollout.await_route()
        steps.begin()
        fault = yield from rollout.observe(self._observed(), "analysis", self.duration)
        steps.begin()
        yield from self._clear_up(rollout)
        if fault is not None:
            rollout.finish("kept", f"The copies were judged bad: {fault}")
        elif self.then is None:
            rollout.finish("kept", "The copies were good, and nothing was planned to follow.")
        else:
            yield from rollout.hand_over(self.then)

    def undo(self, rollout: Rollout) -> Steps:
        """End the copies; no user has met the new version."""
        yield from self._clear_up(rollout)

    def _clear_up(self, rollout: Rollout) -> Steps:
        rollout.mirror(0.0)
        yield from rollout.await_route()
        yield from rollout.stop(rollout.candidate, "no copies are sent any more")

    def _observed(self) -> AnalysisSpec:
        """Return the analysis with metrics without an interval measured once, at the end of the copies."""
        at_the_end = {"initial_delay": self.duration, "consecutive_error_limit": 0}
        metrics = [m.model_copy(update=at_the_end) if m.interval is None else m for m in self.analysis.metrics]
        return self.analysis.model_copy(update={"metrics": tuple(metrics)})


def _with_window(shadow: dict[str, Any]) -> dict[str, Any]:
    """Let a metric without an interval look back on the whole time of mirroring."""
    analysis = shadow.get("analysis")
    if "duration" not in shadow:
        return shadow
    if analysis is None:
        metric = {"metric": "errorRate", "failureCondition": DEFAULT_CONDITION, "window": shadow["duration"]}
        return {**shadow, "analysis": {"metrics": [metric]}}
    if not isinstance(analysis, dict):
        return shadow
    analysis = unflattened(AnalysisSpec, analysis)
    if isinstance(analysis["metrics"], (list, tuple)):
        metrics = [_over(shadow["duration"], metric) for metric in analysis["metrics"]]
        analysis = {**analysis, "metrics": metrics}
    return {**shadow, "analysis": analysis}


def _over(duration: Any, metric: Any) -> Any:
    return {"window": duration, **metric} if isinstance(metric, dict) and "interval" not in metric else metric
