"""A metric with the range that it must stay in, in the words and units of Flagger."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from sim.spec.analysis import MetricName
from sim.spec.model import Model
from sim.units import PositiveDuration, Quantity

CheckName = Literal[
    "request-success-rate", "request-duration", "errorRate", "latencyP50", "latencyP99", "conversion", "saturation"
]
Bound = Annotated[float, Quantity("number", high=1_000_000_000)]


class Scale(NamedTuple):
    """How a value of ours is written in a range: offset + factor x value."""

    metric: MetricName
    factor: float = 1.0
    offset: float = 0.0
    unit: str = ""


SCALES: dict[CheckName, Scale] = {
    "request-success-rate": Scale("errorRate", -100.0, 100.0, "%"),
    "request-duration": Scale("latencyP99", 1000.0, unit="ms"),
    "errorRate": Scale("errorRate"),
    "latencyP50": Scale("latencyP50"),
    "latencyP99": Scale("latencyP99"),
    "conversion": Scale("conversion"),
    "saturation": Scale("saturation"),
}


class ThresholdRange(Model):
    """The bounds of a metric, themselves allowed."""

    min: Bound | None = Field(None, description="A value below this fails the check.")
    max: Bound | None = Field(None, description="A value above this fails the check.")

    @model_validator(mode="after")
    def _has_room(self) -> ThresholdRange:
        if self.min is None and self.max is None:
            raise ValueError("is empty; must have min or max, else the metric is never checked")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"has min {self.min:g} above max {self.max:g}; no value is inside")
        return self


class MetricCheck(Model):
    """One metric that is looked at with every check."""

    not_simulated: ClassVar[tuple[str, ...]] = ("templateRef", "templateVariables", "query")

    name: CheckName = Field(
        description="request-success-rate (percent of answers below 500), request-duration (milliseconds, 99th "
        "percentile), or a metric of an analysis in its own unit."
    )
    threshold_range: ThresholdRange = Field(description="What the metric may be; no value at all fails too.")
    interval: PositiveDuration = Field(60.0, description="What a check looks back on.")

    @property
    def scale(self) -> Scale:
        """Return which metric of ours it is, and how that is written."""
        return SCALES[self.name]

    @property
    def metric(self) -> MetricName:
        """Return the metric of ours."""
        return self.scale.metric

    @property
    def window(self) -> float:
        """Return the seconds a check looks back on."""
        return self.interval

    @property
    def service(self) -> None:
        """Return None: the released service is measured."""
        return None

    @property
    def segment(self) -> None:
        """Return None: all users are measured."""
        return None

    def written(self, value: float) -> float:
        """Return a value of ours as the range writes it; whole digits, so that 99 % of 100 answers is 99."""
        return round(self.scale.offset + self.scale.factor * value, 9)

    def bound(self) -> float:
        """Return the bound that matters, in our unit: the lower one, or else the upper one."""
        given = self.threshold_range.min if self.threshold_range.min is not None else self.threshold_range.max
        assert given is not None
        return (given - self.scale.offset) / self.scale.factor
