"""How many pods a metric asks for.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/replica_calculator.go and metrics/utilization.go. Amounts are
integers in milli units, as there; a ratio is use over target.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sim.cluster.autoscaling.samples import Groups, PodSeen

PERCENT = 100


class MetricError(Exception):
    """The metric cannot be told: why."""


class Proposal(NamedTuple):
    """The pods that a metric asks for, and what it said: an amount in milli; for CPU the percent of requests too."""

    replicas: int
    value: int
    utilization_percent: int | None = None


class Use(NamedTuple):
    """Use over target, as a ratio, in percent of the requests, and on average."""

    ratio: float
    utilization_percent: int
    average: int


def utilization(uses: Sequence[int], requests: Sequence[int], target_percent: int) -> Use:
    """Return how much of what they request pods use; percent and average are truncated.

    Raises:
        MetricError: nothing is requested.

    Source: metrics/utilization.go, GetResourceUtilizationRatio.
    """
    if not sum(requests):
        raise MetricError("no metrics returned matched known pods")
    percent = sum(uses) * PERCENT // sum(requests)
    return Use(percent / target_percent, percent, sum(uses) // len(uses))


def is_near(ratio: float, tolerance: float) -> bool:
    """Return whether a ratio is near enough to 1 to leave everything as it is."""
    return abs(1.0 - ratio) <= tolerance


def replicas_for_utilization(
    current: int, target_percent: int, groups: Groups, tolerance: float, *, has_strangers: bool = False
) -> Proposal:
    """Return the pods that a CPU target in percent of the requests asks for.

    has_strangers: there are samples of pods that are not in the groups.

    Raises:
        MetricError: the metric cannot be told.

    Source: GetResourceReplicas.
    """
    if any(pod.request is None for pod in groups.all):
        raise MetricError("missing request for cpu")
    if not groups.counted and not has_strangers:
        raise MetricError("did not receive metrics for any ready pods")

    def used(uses: Sequence[int], pods: Sequence[PodSeen]) -> Use:
        return utilization(uses, [pod.request or 0 for pod in pods], target_percent)

    use = used(_uses(groups.counted), groups.counted)
    # Above a target of all they request, who is missing counts with the target.
    fallback = max(PERCENT, target_percent)
    pods, uses = filled(groups, use.ratio, lambda pod: (pod.request or 0) * fallback // PERCENT)
    replicas = scaled(current, use.ratio, used(uses, pods).ratio, groups, tolerance)
    return Proposal(replicas, use.average, use.utilization_percent)


def replicas_for_average(current: int, target: int, groups: Groups, tolerance: float) -> Proposal:
    """Return the pods that a target for the average per pod asks for.

    Raises:
        MetricError: no pod has a sample that counts.

    Source: calcPlainMetricReplicas.
    """
    if not groups.counted:
        raise MetricError("did not receive metrics for any ready pods")
    uses = _uses(groups.counted)
    average = sum(uses) // len(uses)
    _, all_uses = filled(groups, average / target, lambda _: target)
    replicas = scaled(current, average / target, sum(all_uses) // len(all_uses) / target, groups, tolerance)
    return Proposal(replicas, average)


def replicas_for_total(current: int, total: int, target: int, ready: int, tolerance: float) -> Proposal:
    """Return the pods that a target for one number of the whole service asks for, when `ready` pods led to it.

    Source: GetObjectMetricReplicas, GetExternalMetricReplicas, getUsageRatioReplicaCount.
    """
    ratio = total / target
    if current == 0:
        return Proposal(math.ceil(ratio), total)
    return Proposal(current if is_near(ratio, tolerance) else math.ceil(ratio * ready), total)


def replicas_for_total_per_pod(current: int, total: int, target: int, tolerance: float) -> Proposal:
    """Return the pods among which one number parts so that each has its target; the part told is rounded up.

    Source: GetObjectPerPodMetricReplicas, GetExternalPerPodMetricReplicas.
    """
    if current > 0 and is_near(total / (target * current), tolerance):
        return Proposal(current, -(-total // current))
    return Proposal(-(-total // target), -(-total // max(current, 1)))


def filled(groups: Groups, ratio: float, when_low: Callable[[PodSeen], int]) -> tuple[list[PodSeen], list[int]]:
    """Return pods and uses with what is assumed of those left out, so that no change is larger than it must be.

    When the others want more, who is set aside or missing uses nothing; when they want fewer, who is missing uses
    `when_low`. At the very target, who is missing stays out (or, which is the same to the caller, counts nothing).
    """
    pods, uses = list(groups.counted), _uses(groups.counted)
    if ratio < 1:
        pods += groups.missing
        uses += [when_low(pod) for pod in groups.missing]
    elif ratio > 1:
        idle = [*groups.missing, *groups.set_aside]
        pods += idle
        uses += [0] * len(idle)
    return pods, uses


def scaled(current: int, ratio: float, second: float, groups: Groups, tolerance: float) -> int:
    """Return the count: by `ratio` of those that count, or by `second`, which counts those left out too.

    Where that turns the direction, or a count of more or fewer pods than are wanted (as in a rolling update) does,
    nothing changes.
    """
    included = len(groups.counted) + len(groups.missing) + (len(groups.set_aside) if ratio > 1 else 0)
    if included == len(groups.counted):
        return current if is_near(ratio, tolerance) else math.ceil(ratio * included)
    if is_near(second, tolerance) or (ratio < 1 < second) or (ratio > 1 > second):
        return current
    replicas = math.ceil(second * included)
    return current if (second < 1 and replicas > current) or (second > 1 and replicas < current) else replicas


def _uses(pods: Sequence[PodSeen]) -> list[int]:
    return [pod.sample.value for pod in pods if pod.sample is not None]
