"""Analysis of a release while it goes out: what is measured, how often, and when it has failed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    StrictBool,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema

from sim.spec import condition
from sim.spec.kayenta import CanaryMetric, CanaryScore
from sim.spec.model import Model, Name, PlacedError, Text, from_mapping
from sim.spec.monitoring import ConditionText
from sim.units import Duration, PositiveDuration, Quantity

MetricName = Literal["errorRate", "latencyP50", "latencyP99", "conversion", "saturation"]
Role = Literal["candidate", "stable", "all"]
MOST_METRICS = 50
WINDOW_WITHOUT_INTERVAL = 60.0
FULL = 100.0

Limit = Annotated[int, Quantity("count", high=1_000_000)]


def _with_derived_defaults(metric: dict[str, Any]) -> dict[str, Any]:
    """Fill in what another key decides: name from metric, window from interval."""
    interval = metric.get("interval")
    if "metric" in metric:
        metric.setdefault("name", metric["metric"])
    metric.setdefault("window", WINDOW_WITHOUT_INTERVAL if interval is None else interval)
    return metric


class MetricSpec(Model):
    """One metric of an analysis, measured once or at an interval."""

    name: Text = Field("", max_length=100, description="Its name; by default the metric's.")
    metric: MetricName = Field(
        description="errorRate (0 to 1), latencyP50 and latencyP99 (seconds), conversion (0 to 1), saturation (0 to 1)."
    )
    version: Role = Field("candidate", description="Whose answers are measured.")
    service: Name | None = Field(None, description="Of this service; by default the released one.")
    segment: Name | None = Field(None, description="Of users of this segment only.")
    by: Literal["segment", "pod"] | None = Field(
        None, description="Measured of each segment or pod by itself: then result is a list, a value of each with data."
    )
    interval: PositiveDuration | None = Field(None, description="Between measurements; without it, measured once.")
    window: PositiveDuration = Field(
        WINDOW_WITHOUT_INTERVAL,
        description="What a measurement looks back on; by default the interval, without one 60s.",
    )
    count: Limit | None = Field(
        None, description="Number of measurements; by default, or 0, 1 without an interval, else no end."
    )
    initial_delay: Duration = Field(0.0, description="Before the first measurement.")
    success_condition: ConditionText | None = Field(
        None, description="A measurement succeeds when it holds, such as result < 0.01 or all(result, # < 0.01)."
    )
    failure_condition: ConditionText | None = Field(
        None, description="A measurement fails when it holds, such as result > 0.01."
    )
    failure_limit: Annotated[int, Quantity("count", low=-1, high=1_000_000)] = Field(
        0, description="Failures that are tolerated, the next one fails the analysis; -1: any number."
    )
    inconclusive_limit: Limit = Field(0, description="Inconclusive measurements that are tolerated.")
    consecutive_error_limit: Limit = Field(4, description="Measurements in a row without data that are tolerated.")
    consecutive_success_limit: Limit = Field(0, description="Successes in a row that end the metric well; 0: not used.")
    minimum_samples: Annotated[int, Quantity("count", low=1, high=1_000_000_000)] = Field(
        1, description="Fewer samples than this are no data."
    )
    kayenta: CanaryMetric | None = Field(
        None, description="How kayenta judges it: a value each interval, of the new version and of the old."
    )

    @model_validator(mode="before")
    @classmethod
    def _derived_defaults(cls, data: Any) -> Any:
        return from_mapping(_with_derived_defaults)(data)

    @model_validator(mode="after")
    def _has_a_condition(self) -> MetricSpec:
        if self.kayenta is not None:
            return self._has_a_series()
        if self.success_condition is None and self.failure_condition is None:
            raise ValueError("has no condition; must have successCondition or failureCondition")
        if self.interval is None and self.count not in (None, 0, 1):
            raise ValueError(f"has count {self.count} without an interval; count must be 1, or give an interval")
        return self._is_a_list()._can_fail()

    def _is_a_list(self) -> MetricSpec:
        """Check that a metric by segment or pod has such values, and conditions on all of them."""
        if self.by is None:
            return self
        if self.metric == "saturation" or (self.by == "pod" and self.metric == "conversion"):
            raise PlacedError(("by",), f"is {self.by}, and {self.metric} has no value of each {self.by}; delete it")
        if self.by == "segment" and self.segment is not None:
            raise PlacedError(("by",), f"is segment, and only {self.segment} is measured; delete one of the two")
        for key, text in (("successCondition", self.success_condition), ("failureCondition", self.failure_condition)):
            if text is not None and condition.parse(text).needs_one_value:
                hint = "all(result, # < 0.01), any(result, # > 0.01) or result[0]"
                raise PlacedError((key,), f"takes result for one number; by {self.by} it is a list: write {hint}")
        return self

    def _can_fail(self) -> MetricSpec:
        """Check that the limits can be reached.

        Source: argo-rollouts utils/analysis/factory.go, ValidateMetric.
        """
        for key, limit in (("failureLimit", self.failure_limit), ("inconclusiveLimit", self.inconclusive_limit)):
            if self.count and limit > self.count:
                raise PlacedError((key,), f"is {limit}; must be at most count, {self.count}, else it is never exceeded")
        if self.failure_limit < 0 and self.consecutive_success_limit == 0:
            message = "is -1; must be 0 or more, or give consecutiveSuccessLimit, else nothing decides"
            raise PlacedError(("failureLimit",), message)
        return self

    def _has_a_series(self) -> MetricSpec:
        """Check that a metric of kayenta has an interval, and nothing that kayenta does not use."""
        if self.interval is None:
            raise ValueError("has no interval; kayenta needs one, the time between two values of its series")
        fields = type(self).model_fields
        unused = next((n for n in NOT_OF_KAYENTA if getattr(self, n) != fields[n].default), None)
        if unused is not None:
            hint = "score has its own" if unused in CanaryScore.model_fields else "it compares the versions by itself"
            raise PlacedError((fields[unused].alias or unused,), f"is not used by the judge kayenta: {hint}; delete it")
        return self

    def conditions(self) -> tuple[condition.Condition, ...]:
        """Return the conditions it has, success first."""
        texts = (self.success_condition, self.failure_condition)
        return tuple(condition.parse(text) for text in texts if text is not None)


NOT_OF_KAYENTA = (
    "version",
    "service",
    "by",
    "count",
    "initial_delay",
    "success_condition",
    "failure_condition",
    "failure_limit",
    "inconclusive_limit",
    "consecutive_error_limit",
    "consecutive_success_limit",
)
"""What a metric of the threshold judge has and one of kayenta has not."""


class AnalysisSpec(Model):
    """One or more metrics judged together; one metric may be written flat."""

    metrics: tuple[MetricSpec, ...] = Field(
        min_length=1, max_length=MOST_METRICS, description="The metrics; the keys of a single one may be written flat."
    )
    dry_run: tuple[Text, ...] = Field(
        (), max_length=MOST_METRICS, description="Names of metrics that are measured and do not decide."
    )
    judge: Literal["threshold", "kayenta"] = Field(
        "threshold",
        description="threshold: each value against its conditions; kayenta: the series of the new version against those"
        " of the old, summed up in a score.",
    )
    score: CanaryScore | None = Field(None, description="When kayenta judges, and what its score must be.")

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, data: Any) -> Any:
        return from_mapping(lambda mapping: _with_judge(unflattened(cls, mapping)))(data)

    @model_validator(mode="after")
    def _names_fit(self) -> AnalysisSpec:
        names = [metric.name for metric in self.metrics]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"has two metrics named '{repeated}'; names must differ")
        unknown = next((name for name in self.dry_run if name not in names), None)
        if unknown is not None:
            raise ValueError(f"has dryRun of '{unknown}'; must name one of its metrics: {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _fits_the_judge(self) -> AnalysisSpec:
        if self.judge == "kayenta" and self.score is not None:
            return self._has_its_groups(self.score)
        if self.score is not None:
            raise PlacedError(("score",), "needs the judge kayenta; must be left out, or give judge: kayenta")
        for index, metric in enumerate(self.metrics):
            if metric.kayenta is not None:
                message = "needs the judge kayenta; must be left out, or give judge: kayenta"
                raise PlacedError(("metrics", index, "kayenta"), message)
        return self

    def _has_its_groups(self, score: CanaryScore) -> AnalysisSpec:
        counting = [metric for metric in self.metrics if metric.name not in self.dry_run]
        groups = {group for metric in counting if metric.kayenta for group in metric.kayenta.groups}
        if not groups:
            raise PlacedError(("dryRun",), "names every metric; must leave one for the score")
        unknown = next((name for name in score.group_weights if name not in groups), None)
        if unknown is not None:
            known = ", ".join(sorted(groups))
            raise PlacedError(("score", "groupWeights"), f"names the unknown group '{unknown}'; must be of {known}")
        total = sum(score.group_weights.values())
        if total != FULL and set(score.group_weights) == groups:
            raise PlacedError(("score", "groupWeights"), f"are {total:g} in all and no group is left; must be 100")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = handler(schema)
        own = handler.resolve_ref_schema(several)["properties"]
        metric = handler.resolve_ref_schema(own["metrics"]["items"])
        rest = {name: value for name, value in own.items() if name != "metrics"}
        flat = {**metric, "properties": {**metric["properties"], **rest}}
        return {"anyOf": [flat, several]}

    @model_serializer(mode="wrap")
    def _as_flat(self, handler: SerializerFunctionWrapHandler) -> Any:
        data = handler(self)
        metrics = data.get("metrics")
        if not isinstance(metrics, (list, tuple)) or len(metrics) != 1:
            return data
        return {**metrics[0], **{key: value for key, value in data.items() if key != "metrics"}}


def unflattened(model: type[AnalysisSpec], mapping: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping with the keys of a single metric moved into `metrics`."""
    if "metrics" in mapping:
        return mapping
    own = {name for field, info in model.model_fields.items() for name in (field, info.alias)}
    flat = {key: value for key, value in mapping.items() if key not in own}
    return {**{key: value for key, value in mapping.items() if key in own}, "metrics": [flat]}


def _with_judge(mapping: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping with what the judge kayenta has where nothing is said of it."""
    if mapping.get("judge") != "kayenta":
        return mapping
    metrics = mapping.get("metrics")
    if isinstance(metrics, (list, tuple)):
        metrics = [{"kayenta": {}, **metric} if isinstance(metric, dict) else metric for metric in metrics]
    return {"score": {}, **mapping, "metrics": metrics}


class BackgroundAnalysis(AnalysisSpec):
    """An analysis beside the steps of a canary."""

    starting_step: Annotated[int, Quantity("count", high=100)] = Field(
        0, description="The step, from 0, with which it starts."
    )


class CanaryAnalysis(BackgroundAnalysis):
    """An analysis beside the steps of a canary, by kayenta perhaps against a fresh baseline."""

    baseline: StrictBool = Field(
        False,
        description="true: kayenta compares with the old version in as many new pods as the canary's and with as much "
        "traffic, not with production.",
    )

    @model_validator(mode="after")
    def _compares(self) -> CanaryAnalysis:
        if self.baseline and self.judge != "kayenta":
            raise PlacedError(("baseline",), "is of the judge kayenta; must be left out, or give judge: kayenta")
        return self


class Guardrail(AnalysisSpec):
    """An analysis that can end an A/B test early; its interval is 30s unless it says otherwise."""

    @model_validator(mode="before")
    @classmethod
    def _with_interval(cls, data: Any) -> Any:
        return from_mapping(lambda mapping: _every_30_seconds(unflattened(cls, mapping)))(data)


def _every_30_seconds(mapping: dict[str, Any]) -> dict[str, Any]:
    metrics = mapping["metrics"]
    if isinstance(metrics, (list, tuple)):
        mapping["metrics"] = [_with_interval(metric) for metric in metrics]
    return mapping


def _with_interval(metric: Any) -> Any:
    return {"interval": GUARDRAIL_INTERVAL, **metric} if isinstance(metric, dict) else metric


GUARDRAIL_INTERVAL = 30.0


def _ends(analysis: AnalysisSpec) -> AnalysisSpec:
    endless = next((metric.name for metric in analysis.metrics if metric.interval and not metric.count), None)
    if endless is not None and analysis.judge == "threshold":
        raise ValueError(
            f"has an interval and no count in metric '{endless}'; needs a count, the rollout waits for its end"
        )
    return analysis


InlineAnalysis = Annotated[AnalysisSpec, AfterValidator(_ends)]
"""An analysis that the rollout waits for, so that it must end."""
