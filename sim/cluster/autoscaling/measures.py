"""The metrics of an autoscaler: what each asks for, and how it is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sim.cluster.autoscaling.metrics_server import Window
from sim.cluster.autoscaling.replicas import (
    MetricError,
    Proposal,
    replicas_for_average,
    replicas_for_total,
    replicas_for_total_per_pod,
    replicas_for_utilization,
)
from sim.cluster.autoscaling.samples import Groups, PodSeen, Sample, group

if TYPE_CHECKING:
    from sim.cluster.pod import Pod
    from sim.spec.autoscaling import HpaController, QueueTrigger, ScalingMetric
    from sim.spec.service import ResolvedVersion

MILLI = 1_000
ROUNDING = 6
"""Decimals of a milli unit that are kept: what is only an error of the sum of floats does not round up."""
DEFAULT_PERCENT = 80
"""Source: pkg/apis/autoscaling/v2/defaults.go: CPU at 80 % where no metric is given."""


Value = Callable[["ResolvedVersion", Window, int], float]
"""A pod's value in a window, by its version and its number."""


class View(NamedTuple):
    """What an autoscaler sees at a decision. queue: requests waiting or in service, of all its pods."""

    now: float
    current: int
    pods: Sequence[Pod]
    window: Window | None
    queue: Callable[[], int]
    controller: HpaController


class Measure(Protocol):
    """A metric with its target."""

    def propose(self, view: View) -> Proposal:
        """Return the pods that it asks for.

        Raises:
            MetricError: it cannot be told.
        """

    def tell(self, proposal: Proposal, pods: int) -> str:
        """Return what it said of so many pods, in words."""


@dataclass(frozen=True)
class CpuUtilization:
    """CPU in percent of the requests."""

    percent: int

    def propose(self, view: View) -> Proposal:
        """Return the pods at which CPU would be at its target."""
        groups = grouped(view, cpu_cores, is_cpu=True)
        return replicas_for_utilization(view.current, self.percent, groups, view.controller.tolerance)

    def tell(self, proposal: Proposal, pods: int) -> str:
        """Return it in words."""
        return f"the CPU of {pods} pods is at {proposal.utilization_percent} %, the target is {self.percent} %"


@dataclass(frozen=True)
class Average:
    """A value per pod: of CPU, of requests per second or of the queue."""

    words: str
    target: float
    value: Value
    is_cpu: bool = False

    def propose(self, view: View) -> Proposal:
        """Return the pods at which the average would be at its target."""
        groups = grouped(view, self.value, is_cpu=self.is_cpu)
        return replicas_for_average(view.current, milli(self.target), groups, view.controller.tolerance)

    def tell(self, proposal: Proposal, pods: int) -> str:
        """Return it in words."""
        return f"{self.words} per pod are {proposal.value / MILLI:g}, of {pods} pods, the target is {self.target:g}"


@dataclass(frozen=True)
class QueuePerPod:
    """The length of the service's queue, of which each pod is to have its part."""

    target: float

    def propose(self, view: View) -> Proposal:
        """Return the pods among which the queue parts."""
        total, target = view.queue() * MILLI, milli(self.target)
        return replicas_for_total_per_pod(view.current, total, target, view.controller.tolerance)

    def tell(self, proposal: Proposal, pods: int) -> str:
        """Return it in words."""
        return f"the queue holds {proposal.value / MILLI:g} requests per pod, the target is {self.target:g}"


@dataclass(frozen=True)
class QueueInAll:
    """The length of the service's queue, whatever the number of pods: each look multiplies it by how far it is off."""

    target: float

    def propose(self, view: View) -> Proposal:
        """Return the pods at which the queue would be at its target, were it in proportion to them."""
        ready = sum(pod.is_ready for pod in view.pods)
        return replicas_for_total(
            view.current, view.queue() * MILLI, milli(self.target), ready, view.controller.tolerance
        )

    def tell(self, proposal: Proposal, pods: int) -> str:
        """Return it in words."""
        return f"the queue holds {proposal.value / MILLI:g} requests, the target is {self.target:g}"


def queue_measure(trigger: QueueTrigger) -> Measure:
    """Return the metric of a trigger on the queue."""
    kind = QueueInAll if trigger.metric_type == "Value" else QueuePerPod
    return kind(trigger.metadata.queue_length)


def measures(metrics: Sequence[ScalingMetric]) -> list[Measure]:
    """Return the metrics of an autoscaler."""
    return [_measure(metric) for metric in metrics] or [CpuUtilization(DEFAULT_PERCENT)]


def _measure(metric: ScalingMetric) -> Measure:
    if metric.pods is not None:
        target = metric.pods.target.average_value
        if metric.pods.metric.name == "queueLength":
            return Average("waiting requests", target, lambda _, window, pod: float(window.waiting(pod)))
        return Average("requests per second", target, lambda _, window, pod: window.begun_per_second(pod))
    assert metric.resource is not None
    given = metric.resource.target
    if given.average_utilization is not None:
        return CpuUtilization(given.average_utilization)
    return Average("cores in use", given.average_value or 0.0, cpu_cores, is_cpu=True)


def cpu_cores(version: ResolvedVersion, window: Window, pod: int) -> float:
    """Return the cores that a pod used.

    Model: a held worker uses one core; with cpuPerRequest each request costs its mean, at its begin.
    """
    if version.cpu_per_request is None:
        return window.busy_workers(pod)
    return window.begun_per_second(pod) * version.cpu_per_request.mean_seconds()


def milli(value: float) -> int:
    """Return milli units, rounded up as Kubernetes' quantities are."""
    return math.ceil(round(value * MILLI, ROUNDING))


def grouped(view: View, value: Value, *, is_cpu: bool) -> Groups:
    """Return the pods by how their samples count.

    Raises:
        MetricError: nothing was measured yet.
    """
    if view.window is None:
        raise MetricError("no metrics returned from resource metrics API")
    return group(
        [seen(view, view.window, pod, value) for pod in view.pods],
        is_cpu=is_cpu,
        initialization_seconds=view.controller.cpu_initialization_period,
        readiness_delay_seconds=view.controller.initial_readiness_delay,
    )


def seen(view: View, window: Window, pod: Pod, value: Value) -> PodSeen:
    """Return a pod as the autoscaler sees it now."""
    version = pod.version
    sample = None
    if window.holds(pod.number):
        sample = Sample(milli(value(version, window, pod.number)), view.now - window.end, window.seconds)
    return PodSeen(
        start_age=view.now - pod.row.created_at,
        ready=pod.is_ready,
        ready_changed_age=view.now - pod.ready_changed_at,
        sample=sample,
        request=None if version.resources is None else milli(version.resources.requests.cpu),
    )
