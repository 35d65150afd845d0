"""Shadow: copies of requests go to the new version, users get the old one's answers."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from sim.spec.analysis import AnalysisSpec, MetricSpec, unflattened
from sim.spec.model import StrategyName, from_mapping
from sim.strategies.story import Story
from sim.units import Percent, PositiveDuration

DEFAULT_CONDITION = "result > 0.01"


class Shadow(Story):
    """Mirror requests to the new version, judge its answers, then release it another way or not at all."""

    kind: ClassVar[str] = "shadow"
    summary: ClassVar[str] = "Send copies of the requests to the new version: no user sees its answers."

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
