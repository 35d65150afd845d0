"""Who changes the number of pods: a HorizontalPodAutoscaler (autoscaling/v2), or KEDA's ScaledObject."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from sim.spec.model import Model, PlacedError
from sim.units import MOST_REPLICAS, Duration, PositiveDuration, PositiveSeconds, Quantity, Seconds

MOST_METRICS = 10
MOST_POLICIES = 10
MOST_PERCENT = 10_000
LONGEST_PERIOD = 1_800
LONGEST_STABILIZATION = 3_600
"""Source: Kubernetes validation of HPAScalingRules."""

Pods = Annotated[int, Quantity("count", low=1, high=MOST_REPLICAS)]
Amount = Annotated[float, Quantity("quantity", high=1_000_000, above=True)]


class ResourceTarget(Model):
    """What the average CPU of a pod is to be: a percentage of its request, or cores."""

    type: Literal["Utilization", "AverageValue"] = Field(description="Utilization: a percentage; AverageValue: cores.")
    average_utilization: Annotated[int, Quantity("count", low=1, high=MOST_PERCENT)] | None = Field(
        None, description="For Utilization: percent of resources.requests.cpu."
    )
    average_value: Amount | None = Field(None, description="For AverageValue: cores, such as 500m.")

    @model_validator(mode="after")
    def _fits_its_type(self) -> ResourceTarget:
        given = {"averageUtilization": self.average_utilization, "averageValue": self.average_value}
        wanted, other = given if self.type == "Utilization" else reversed(given)
        if given[wanted] is None or given[other] is not None:
            raise ValueError(f"is of type {self.type}; must have {wanted} and no {other}")
        return self


class Resource(Model):
    """A metric of the pods' resources."""

    name: Literal["cpu"] = Field(description="cpu; memory is not simulated.")
    target: ResourceTarget = Field(description="What it is to be.")


class PodsTarget(Model):
    """What the average over the pods is to be."""

    type: Literal["AverageValue"] = Field("AverageValue", description="The only type of a Pods metric.")
    average_value: Amount = Field(description="The metric's value per pod.")


class PodsMetricName(Model):
    """Which metric."""

    name: Literal["requestsPerSecond", "queueLength"] = Field(
        description="requestsPerSecond: requests that a pod begins; queueLength: requests that wait at a pod."
    )


class PodsMetric(Model):
    """A metric that the pods tell of themselves."""

    metric: PodsMetricName = Field(description="Which one.")
    target: PodsTarget = Field(description="What it is to be.")


class ScalingMetric(Model):
    """One metric of an autoscaler; of several, the one that asks for most pods counts."""

    not_simulated: ClassVar[tuple[str, ...]] = ("object", "external", "containerResource")

    type: Literal["Resource", "Pods"] = Field(description="Resource: CPU; Pods: what the pods tell of themselves.")
    resource: Resource | None = Field(None, description="For Resource.")
    pods: PodsMetric | None = Field(None, description="For Pods.")

    @model_validator(mode="after")
    def _fits_its_type(self) -> ScalingMetric:
        key, other = ("resource", "pods") if self.type == "Resource" else ("pods", "resource")
        if getattr(self, key) is None or getattr(self, other) is not None:
            raise ValueError(f"is of type {self.type}; must have {key} and no {other}")
        return self


class ScalingPolicy(Model):
    """No more than so much change within a period."""

    type: Literal["Pods", "Percent"] = Field(description="What value counts.")
    value: Annotated[int, Quantity("count", low=1, high=MOST_REPLICAS)] = Field(description="Pods, or percent of them.")
    period_seconds: Annotated[float, Quantity("duration", high=LONGEST_PERIOD, above=True, bare=True)] = Field(
        description="The period; at most 1800."
    )


class ScalingRules(Model):
    """How the number may change in one direction."""

    stabilization_window_seconds: (
        Annotated[float, Quantity("duration", high=LONGEST_STABILIZATION, bare=True)] | None
    ) = Field(
        None,
        description="The most careful wish of this window counts; by default 0 up and downscaleStabilization down.",
    )
    select_policy: Literal["Max", "Min", "Disabled"] = Field(
        "Max", description="Max: the policy that allows most counts; Min: least; Disabled: no change this way."
    )
    policies: tuple[ScalingPolicy, ...] | None = Field(
        None,
        min_length=1,
        max_length=MOST_POLICIES,
        description="By default 4 pods or 100 % per 15 s upwards, 100 % per 15 s downwards.",
    )


class ScalingBehavior(Model):
    """How fast the number may change."""

    scale_up: ScalingRules = Field(ScalingRules(), description="Upwards.")
    scale_down: ScalingRules = Field(ScalingRules(), description="Downwards.")


class HorizontalPodAutoscaler(Model):
    """Sets the number of pods by what they use."""

    not_simulated: ClassVar[tuple[str, ...]] = ("scaleTargetRef",)

    min_replicas: Pods = Field(1, description="Fewest pods.")
    max_replicas: Pods = Field(description="Most pods.")
    metrics: tuple[ScalingMetric, ...] = Field(
        (),
        max_length=MOST_METRICS,
        description="What it looks at; by default CPU at 80 % of the requests.",
    )
    behavior: ScalingBehavior | None = Field(
        None, description="How fast; without it, at most twice the pods at once, down after downscaleStabilization."
    )

    @model_validator(mode="after")
    def _bounds_in_order(self) -> HorizontalPodAutoscaler:
        if self.min_replicas > self.max_replicas:
            high = self.max_replicas
            raise PlacedError(("minReplicas",), f"is {self.min_replicas}; must be at most maxReplicas, {high}")
        return self

    @property
    def needs_requests(self) -> bool:
        """True when it compares CPU with what the pods request."""
        targets = [metric.resource.target.type for metric in self.metrics if metric.resource is not None]
        return not self.metrics or "Utilization" in targets


class HpaController(Model):
    """How the autoscaler's controller is set up: the flags of the controller manager, and what metrics lag by."""

    sync_period: PositiveDuration = Field(15.0, description="Between two decisions.")
    metric_lag: Duration = Field(15.0, description="How old the newest sample is, each the mean over 15 s.")
    tolerance: Annotated[float, Quantity("share", high=1)] = Field(
        0.1, description="Nothing changes while use over target is this near to 1."
    )
    downscale_stabilization: Duration = Field(
        300.0, description="The highest wish of this time counts when it goes down."
    )
    cpu_initialization_period: Duration = Field(
        300.0, description="For so long after a pod's start only CPU since it was ready counts."
    )
    initial_readiness_delay: Duration = Field(
        30.0, description="A pod that became unready within this time of its start never was ready."
    )


class QueueMetadata(Model):
    """When to wake and how many pods to want."""

    queue_length: Amount = Field(5.0, description="Requests in the queue: per pod, or in all with metricType Value.")
    activation_queue_length: Annotated[float, Quantity("quantity", high=1_000_000)] = Field(
        0.0, description="More than this in the queue wakes a service that has no pods, and keeps it awake."
    )


class QueueTrigger(Model):
    """The service's queue: requests waiting or in service. With no pods, those that found none since the last poll."""

    type: Literal["queue"] = Field(description="The queue of the service.")
    metric_type: Literal["AverageValue", "Value"] = Field(
        "AverageValue",
        description="AverageValue: queueLength is what each pod may have; Value: what the whole queue may hold, and "
        "the pods are multiplied by how far it is off.",
    )
    metadata: QueueMetadata = Field(QueueMetadata(), description="Its target.")


class HorizontalPodAutoscalerConfig(Model):
    """How the autoscaler beneath is set up."""

    behavior: ScalingBehavior | None = Field(None, description="How fast it may change the number.")


class Advanced(Model):
    """KEDA's advanced settings."""

    horizontal_pod_autoscaler_config: HorizontalPodAutoscalerConfig = Field(
        HorizontalPodAutoscalerConfig(), description="The autoscaler beneath."
    )


class ScaledObject(Model):
    """KEDA: an autoscaler on the length of a queue that can also scale to nothing and from it."""

    not_simulated: ClassVar[tuple[str, ...]] = ("scaleTargetRef", "fallback")

    polling_interval: PositiveSeconds = Field(30.0, description="Between two looks at whether there is anything to do.")
    cooldown_period: Seconds = Field(
        300.0, description="From the last activity to the last step, to nothing; other steps do not know it."
    )
    idle_replica_count: Annotated[int, Quantity("count", high=0)] | None = Field(
        None, description="0: no pods while there is nothing to do, though minReplicaCount is above."
    )
    min_replica_count: Annotated[int, Quantity("count", high=MOST_REPLICAS)] = Field(
        0, description="Fewest pods; 0 allows none."
    )
    max_replica_count: Pods = Field(100, description="Most pods.")
    triggers: tuple[QueueTrigger, ...] = Field(min_length=1, max_length=1, description="What it looks at: one queue.")
    advanced: Advanced = Field(Advanced(), description="The autoscaler beneath.")

    @model_validator(mode="after")
    def _bounds_in_order(self) -> ScaledObject:
        low, high = self.min_replica_count, self.max_replica_count
        if low > high:
            raise PlacedError(("minReplicaCount",), f"is {low}; must be at most maxReplicaCount, {high}")
        if self.idle_replica_count is not None and low == 0:
            message = "is 0, and so is minReplicaCount; must be left out, or minReplicaCount above 0"
            raise PlacedError(("idleReplicaCount",), message)
        return self
