"""A HorizontalPodAutoscaler at work: it looks every sync period and changes the count that its service is to have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.cluster.autoscaling.horizontal import Limits, Memory, Verdict, decide
from sim.cluster.autoscaling.measures import Measure, View
from sim.cluster.autoscaling.policies import SCALE_DOWN, SCALE_UP, Policy, Rules
from sim.cluster.autoscaling.replicas import MetricError, Proposal
from sim.cluster.clock import AUTOSCALER

if TYPE_CHECKING:
    from sim.cluster.autoscaling.metrics_server import MetricsServer
    from sim.cluster.autoscaling.workload import Workload
    from sim.cluster.world import World
    from sim.spec.autoscaling import HpaController, ScalingBehavior, ScalingRules


class Autoscaler:
    """Watches the pods of one service from its creation on."""

    def __init__(
        self,
        world: World,
        workload: Workload,
        measures: Sequence[Measure],
        limits: Limits,
        controller: HpaController,
        server: MetricsServer,
    ) -> None:
        self._world = world
        self._workload = workload
        self._measures = measures
        self._limits = limits
        self._controller = controller
        self._server = server
        self._memory = Memory()
        self._turn = math.ceil(world.now / controller.sync_period)
        self._told: str | None = None
        self._plan()

    def _plan(self) -> None:
        self._world.env.call(self._turn * self._controller.sync_period, AUTOSCALER, self._workload.key, self._sync)

    def _sync(self) -> None:
        self._turn += 1
        self._plan()
        current = self._workload.wanted
        view = View(
            self._world.now,
            current,
            self._workload.counted_pods(),
            self._server.window(self._controller.metric_lag),
            self._workload.queue,
            self._controller,
        )
        proposals = [_proposal(measure, view) for measure in self._measures]
        asks = [lambda found=found: _raised(found) for found in proposals]
        verdict = decide(current, asks, self._limits, self._memory, view.now)
        because = self._because(proposals, verdict, len(view.pods))
        if verdict.replicas != current:
            self._told = None
            self._workload.want(verdict.replicas, "autoscaler", because)
        else:
            self._tell_bound(verdict, because)

    def _because(self, proposals: Sequence[Proposal | MetricError], verdict: Verdict, pods: int) -> str:
        """Return why, in words: what the metric said that asks for most, and what limits the answer."""
        if verdict.asked is None:
            return f"it may have {self._limits.low} to {self._limits.high}"
        told = [
            measure.tell(found, pods)
            for measure, found in zip(self._measures, proposals, strict=True)
            if isinstance(found, Proposal) and found.replicas == verdict.asked
        ]
        return "; ".join([told[0], *self._limit_words(verdict)])

    def _limit_words(self, verdict: Verdict) -> list[str]:
        words = {
            "ScaleUpStabilized": "fewer were enough shortly before",
            "ScaleDownStabilized": "more were needed shortly before",
            "ScaleUpLimit": "it may not grow faster",
            "ScaleDownLimit": "it may not shrink faster",
            "TooFewReplicas": f"minReplicas is {self._limits.low}",
            "TooManyReplicas": f"maxReplicas is {self._limits.high}",
        }
        return [words[reason] for reason in verdict.reasons if reason in words]

    def _tell_bound(self, verdict: Verdict, because: str) -> None:
        """Record once that the maximum keeps the autoscaler from what it wants."""
        if "TooManyReplicas" not in verdict.reasons:
            self._told = None
        elif self._told is None:
            self._told = because
            message = f"Wants {verdict.asked} pods and stays at {verdict.replicas}: {because}."
            self._world.log("autoscaler", "limit", self._workload.name, message)


def _proposal(measure: Measure, view: View) -> Proposal | MetricError:
    try:
        return measure.propose(view)
    except MetricError as error:
        return error


def _raised(found: Proposal | MetricError) -> Proposal:
    if isinstance(found, MetricError):
        raise found
    return found


def limits_of(low: int, high: int, behavior: ScalingBehavior | None, controller: HpaController) -> Limits:
    """Return what bounds the decisions."""
    stabilization = controller.downscale_stabilization
    if behavior is None:
        return Limits(low, high, downscale_stabilization=stabilization)
    up, down = _rules(behavior.scale_up, SCALE_UP), _rules(behavior.scale_down, SCALE_DOWN)
    return Limits(low, high, up, down, stabilization)


def _rules(given: ScalingRules, default: Rules) -> Rules:
    policies = default.policies
    if given.policies is not None:
        policies = tuple(
            Policy("pods" if policy.type == "Pods" else "percent", policy.value, policy.period_seconds)
            for policy in given.policies
        )
    window = given.stabilization_window_seconds
    select = {"Max": "max", "Min": "min", "Disabled": "disabled"}[given.select_policy]
    return Rules(policies, select, default.window_seconds if window is None else window)  # type: ignore[arg-type]
