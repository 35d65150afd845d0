"""One decision of a HorizontalPodAutoscaler: from what its metrics ask for to the count that it sets.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go (reconcileAutoscaler).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sim.cluster.autoscaling import policies, stabilization
from sim.cluster.autoscaling.policies import SCALE_UP_FACTOR, Change, Rules
from sim.cluster.autoscaling.replicas import MetricError, Proposal
from sim.cluster.autoscaling.stabilization import Recommendation

DOWNSCALE_STABILIZATION_SECONDS = 300.0

Ask = Callable[[], Proposal]
"""Measure one metric: the pods that it asks for, or a MetricError."""


@dataclass
class Memory:
    """What an autoscaler remembers. recommendations: None until its first look."""

    recommendations: list[Recommendation] | None = None
    added: list[Change] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)


class Limits(NamedTuple):
    """What bounds the decisions. up, down: the rules of `behavior`; both None where there is none."""

    low: int
    high: int
    up: Rules | None = None
    down: Rules | None = None
    downscale_stabilization: float = DOWNSCALE_STABILIZATION_SECONDS
    scale_up_factor: float = SCALE_UP_FACTOR


class Verdict(NamedTuple):
    """The count, and why: conditions in Kubernetes' words, and what the metrics asked for (None where it was not)."""

    replicas: int
    reasons: tuple[str, ...]
    asked: int | None = None


def decide(current: int, metrics: Sequence[Ask], limits: Limits, memory: Memory, now: float) -> Verdict:
    """Return the count to set now; what it does is remembered.

    A count outside the bounds moves straight to them; 0 switches the autoscaler off.
    """
    if memory.recommendations is None:
        # The first look holds for what is there: a new autoscaler does not shrink at once.
        memory.recommendations = [Recommendation(current, now)]
    if current == 0 and limits.low != 0:
        return Verdict(0, ("SucceededGetScale", "ScalingDisabled"))
    if not limits.low <= current <= limits.high:
        return _rescaled(current, min(max(current, limits.low), limits.high), (), None, limits, memory, now)
    try:
        asked = asked_for(current, metrics)
    except MetricError:
        return Verdict(current, ("SucceededGetScale", "FailedGetResourceMetric"))
    stable, decision = _bounded(current, asked, limits, memory.recommendations, memory, now)
    turned = "ReadyForNewScale" if stable == asked else _stabilized(limits, asked >= current)
    return _rescaled(current, decision.replicas, (turned, decision.limit), asked, limits, memory, now)


def asked_for(current: int, metrics: Sequence[Ask]) -> int:
    """Return the largest count that a metric asks for.

    Raises:
        MetricError: none can be told, or one of them cannot while the others ask for less than there is.

    Source: computeReplicasForMetrics.
    """
    counts: list[int] = []
    failure: MetricError | None = None
    for metric in metrics:
        try:
            counts.append(metric().replicas)
        except MetricError as error:
            failure = failure or error
    if failure is not None and (not counts or max(counts) < current):
        raise failure
    return max(counts)


def _bounded(
    current: int, asked: int, limits: Limits, log: list[Recommendation], memory: Memory, now: float
) -> tuple[int, policies.Decision]:
    """Return the stabilized recommendation, and the count within rates and bounds."""
    default = limits.downscale_stabilization
    if limits.up is None or limits.down is None:
        stable = stabilization.stabilized_down(log, now, asked, default)
        return stable, policies.within_bounds(current, stable, limits.low, limits.high, limits.scale_up_factor)
    down_window = default if limits.down.window_seconds is None else limits.down.window_seconds
    stable = stabilization.stabilized(log, now, current, asked, limits.up.window_seconds or 0.0, down_window)
    up = policies.up_limit(current, limits.up, memory.added, memory.removed, now)
    down = policies.down_limit(current, limits.down, memory.added, memory.removed, now)
    return stable, policies.within_rates(current, stable, limits.low, limits.high, up, down)


def _rescaled(
    current: int,
    desired: int,
    reasons: tuple[str, ...],
    asked: int | None,
    limits: Limits,
    memory: Memory,
    now: float,
) -> Verdict:
    if desired > current:
        policies.remember(memory.added, desired - current, now, limits.up)
    elif desired < current:
        policies.remember(memory.removed, current - desired, now, limits.down)
    else:
        return Verdict(current, ("SucceededGetScale", *reasons), asked)
    return Verdict(desired, ("SucceededGetScale", *reasons, "SucceededRescale"), asked)


def _stabilized(limits: Limits, upwards: bool) -> str:
    return "ScaleUpStabilized" if upwards and limits.up is not None else "ScaleDownStabilized"
