"""Flagger's scheduler as pure functions: what one tick makes of a release, given what it sees.

Source: fluxcd/flagger pkg/controller/scheduler.go, pkg/canary/deployment_ready.go, pkg/apis/flagger/v1beta1. Checked
against tables of its own test suites.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol

Phase = Literal[
    "Initialized", "Waiting", "Progressing", "WaitingPromotion", "Promoting", "Finalising", "Succeeded", "Failed"
]
Gate = Literal["confirm-rollout", "confirm-promotion"]
ALL = 100.0
ENDED = ("Succeeded", "Failed")


class Analysis(NamedTuple):
    """How a release advances. shifts_traffic: False without a mesh, where only pods and a Service exist."""

    step_weight: float = 0.0
    step_weights: tuple[float, ...] = ()
    max_weight: float = 0.0
    step_weight_promotion: float = 0.0
    iterations: int = 0
    has_match: bool = False
    has_mirror: bool = False
    threshold: int = 1
    skips_analysis: bool = False
    shifts_traffic: bool = True


class Status(NamedTuple):
    """Where a release stands. weight: percent of the traffic for the canary; of the matched users in an A/B test."""

    phase: Phase = "Initialized"
    weight: float = 0.0
    is_mirrored: bool = False
    iterations: int = 0
    failed_checks: int = 0


class Readiness(NamedTuple):
    """Whether a workload is ready, and if not, why and whether waiting is still worthwhile."""

    is_ready: bool
    is_retriable: bool = True
    reason: str = ""


class Workload(NamedTuple):
    """A Deployment's status in numbers. unavailable_seconds: how long too few pods have been available; None: enough.

    wanted: None where it is not said. has_timed_out: its own progress deadline has passed.
    """

    wanted: int | None
    total: int
    updated: int
    available: int
    has_timed_out: bool = False
    unavailable_seconds: float | None = None
    is_observed: bool = True


class Sight(Protocol):
    """What a tick can see; it asks only for what it needs."""

    def primary(self) -> Readiness:
        """Return whether the primary is ready."""

    def canary(self) -> Readiness:
        """Return whether the canary is ready."""

    def has_new_revision(self) -> bool:
        """Return whether what is released has changed since the last tick."""

    def is_open(self, gate: Gate) -> bool:
        """Return whether a person has let the release pass."""

    def passes_checks(self) -> bool:
        """Return whether every metric is inside its range now."""


def kind_of(analysis: Analysis | None) -> Literal["canary", "ab-testing", "blue-green"]:
    """Return which strategy an analysis means.

    Source: canary.go, GetDeploymentStrategy.
    """
    if analysis is None or analysis.iterations == 0:
        return "canary"
    return "ab-testing" if analysis.has_match else "blue-green"


def highest_weight(analysis: Analysis) -> float:
    """Return the weight at which a canary is promoted.

    Source: scheduler.go, maxWeight.
    """
    if analysis.step_weights:
        return min(ALL, analysis.step_weights[-1])
    return analysis.max_weight if analysis.max_weight > 0 else ALL


def step_from(analysis: Analysis, weight: float) -> float:
    """Return what the next tick adds to the canary's weight.

    Source: scheduler.go, nextStepWeight.
    """
    ladder, room = analysis.step_weights, ALL - weight
    if analysis.step_weight > 0 or not ladder:
        return analysis.step_weight
    if weight == 0:
        return min(room, ladder[0])
    for low, high in pairwise(ladder):
        if low == weight:
            return min(room, high - weight)
    return room


def next_weight(analysis: Analysis, weight: float) -> float | None:
    """Return the canary's weight after a tick; None when it is time to promote.

    Source: scheduler.go, runCanary.
    """
    return None if weight >= highest_weight(analysis) else min(ALL, weight + step_from(analysis, weight))


def promotion_step(step_weight_promotion: float, status: Status) -> Status:
    """Return the status after a tick of promotion: traffic goes back to the primary, which is the new version now.

    Source: scheduler.go, runPromotionTrafficShift.
    """
    left = max(0.0, status.weight - step_weight_promotion) if step_weight_promotion > 0 else 0.0
    return status._replace(weight=left, is_mirrored=False, phase="Promoting" if left > 0 else "Finalising")


def readiness(workload: Workload, deadline_seconds: float, ready_threshold: float = ALL) -> Readiness:
    """Return whether a workload is ready: all pods updated, no old one left, enough of them available.

    Source: deployment_ready.go, isDeploymentReady.
    """
    if not workload.is_observed:
        return Readiness(False, reason="the observed generation is older than the desired one")
    if workload.has_timed_out:
        return Readiness(False, False, "it exceeded its progress deadline")
    waited = workload.unavailable_seconds
    reason = _missing(workload, ready_threshold)
    if reason is None:
        return Readiness(True)
    return Readiness(False, waited is None or waited <= deadline_seconds, reason)


def _missing(workload: Workload, ready_threshold: float) -> str | None:
    if workload.wanted is not None and workload.updated < workload.wanted:
        return f"{workload.updated} of {workload.wanted} new replicas have been updated"
    if workload.total > workload.updated:
        return f"{workload.total - workload.updated} old replicas are pending termination"
    # Exact, where a product of floats might fall just below a whole pod.
    if workload.available < math.floor(workload.updated * ready_threshold / ALL):
        return f"{workload.available} of {workload.updated} updated replicas are available"
    return None


def is_checked(status: Status) -> bool:
    """Return whether a tick looks at the metrics: not before the canary has had traffic or an iteration."""
    return status.weight > 0 or status.iterations > 0 or status.is_mirrored


def rolled_back(status: Status) -> Status:
    """Return the status after a rollback: the primary gets all traffic, and the canary goes."""
    return status._replace(phase="Failed", weight=0.0, is_mirrored=False)


def tick(analysis: Analysis, status: Status, sight: Sight) -> Status:
    """Return where a release stands after one run of the scheduler.

    Failed checks are counted in one tick and acted upon in the next: with `threshold` of them the release is rolled
    back `threshold` intervals after the first.

    Source: scheduler.go, advanceCanary.
    """
    if status.phase in ENDED:
        return status
    if not analysis.skips_analysis and not (primary := sight.primary()).is_ready:
        return status if primary.is_retriable else _without_primary(status)
    if status.phase in ("Initialized", "Waiting"):
        return Status("Progressing" if sight.is_open("confirm-rollout") else "Waiting")
    if status.phase in ("Progressing", "WaitingPromotion") and sight.has_new_revision():
        return Status("Progressing")
    if not (canary := sight.canary()).is_ready:
        return status if canary.is_retriable else rolled_back(status)
    if analysis.skips_analysis:
        return status._replace(phase="Succeeded", weight=0.0)
    if status.phase == "Promoting":
        return promotion_step(analysis.step_weight_promotion if analysis.shifts_traffic else 0.0, status)
    if status.phase == "Finalising":
        return status._replace(phase="Succeeded")
    if status.failed_checks >= max(1, analysis.threshold):
        return rolled_back(status)
    if is_checked(status) and not sight.passes_checks():
        return status._replace(failed_checks=status.failed_checks + 1)
    return _advanced(analysis, status, sight)


def _without_primary(status: Status) -> Status:
    """Return the status when the primary is broken for good.

    While promoting, the canary is what works: it keeps running and gets all traffic.
    """
    if status.phase in ("Promoting", "Finalising"):
        return status._replace(phase="Failed", weight=ALL, is_mirrored=False)
    return rolled_back(status)


def _advanced(analysis: Analysis, status: Status, sight: Sight) -> Status:
    match kind_of(analysis):
        case "ab-testing":
            return _next_of_ab_test(analysis, status, sight)
        case "blue-green":
            return _next_of_blue_green(analysis, status, sight)
        case _:
            return _next_of_canary(analysis, status, sight)


def _next_of_canary(analysis: Analysis, status: Status, sight: Sight) -> Status:
    weight = next_weight(analysis, status.weight)
    if weight is None:
        return _promoted(status, sight)
    if analysis.has_mirror and status.weight == 0 and not status.is_mirrored:
        return status._replace(is_mirrored=True)
    return status._replace(weight=weight, is_mirrored=False)


def _next_of_ab_test(analysis: Analysis, status: Status, sight: Sight) -> Status:
    if status.iterations < analysis.iterations:
        return status._replace(weight=ALL, iterations=status.iterations + 1)
    return _promoted(status, sight)


def _next_of_blue_green(analysis: Analysis, status: Status, sight: Sight) -> Status:
    if status.iterations < analysis.iterations:
        is_mirrored = analysis.has_mirror and analysis.shifts_traffic
        return status._replace(iterations=status.iterations + 1, is_mirrored=is_mirrored)
    if not sight.is_open("confirm-promotion"):
        return status._replace(phase="WaitingPromotion")
    if status.iterations == analysis.iterations:
        weight = ALL if analysis.shifts_traffic else 0.0
        return status._replace(iterations=status.iterations + 1, weight=weight, is_mirrored=False)
    return status._replace(phase="Promoting")


def _promoted(status: Status, sight: Sight) -> Status:
    return status._replace(phase="Promoting" if sight.is_open("confirm-promotion") else "WaitingPromotion")


class AllIsWell:
    """A sight in which nothing is wrong and nobody is waited for."""

    def primary(self) -> Readiness:
        """Return that the primary is ready."""
        return Readiness(True)

    def canary(self) -> Readiness:
        """Return that the canary is ready."""
        return Readiness(True)

    def has_new_revision(self) -> bool:
        """Return that nothing has changed."""
        return False

    def is_open(self, gate: Gate) -> bool:
        """Return that the gate is open."""
        return True

    def passes_checks(self) -> bool:
        """Return that every metric is inside its range."""
        return True


def planned(analysis: Analysis) -> tuple[Status, ...]:
    """Return the status after each tick of a release that goes well, from the detection of the new version on."""
    ticks: list[Status] = []
    status = Status()
    while status.phase not in ENDED:
        status = tick(analysis, status, AllIsWell())
        ticks.append(status)
    return tuple(ticks)
