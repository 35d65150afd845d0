"""The weights that an Argo canary tells the traffic router.

Source: argoproj/argo-rollouts rollout/trafficrouting.go and utils/replicaset/canary.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sim.cluster.argo.counts import (
    Bounds,
    Weights,
    basic_canary_pods,
    carries_weight,
    pods_for_weight,
    routed_canary_pods,
    threshold_is_met,
)
from sim.cluster.argo.plan import (
    Plan,
    Status,
    current_step,
    experiment_in_force,
    replicas_or_weight,
    threshold_in_force,
    weight_before,
    weight_in_force,
)
from sim.cluster.arithmetic import Count


class Sight(NamedTuple):
    """What the controller sees: the wanted count, the sets, the weights in force and how its runs are doing.

    canary, stable: None where there is no such set; a canary that is the stable version itself has no other.
    stable_created: pods of the stable set that exist; None: as many as are asked for.
    """

    replicas: int
    bounds: Bounds
    canary: Count | None
    stable: Count | None
    older: tuple[Count, ...] = ()
    weights: Weights | None = None
    stable_created: int | None = None
    analysis_phase: str = ""
    experiment_phase: str = ""


class RouterWeight(NamedTuple):
    """What the router gets: the canary's weight and those of an experiment's sets."""

    canary: float
    extra: tuple[float, ...] = ()


def wanted_pods(plan: Plan, status: Status, sight: Sight, weights: Weights | None) -> tuple[int, int]:
    """Return the pods (canary, stable) to ask for next, given these weights of the router."""
    scale, weight = replicas_or_weight(plan, status)
    if not plan.is_routed:
        canary = sight.canary or Count(0)
        return basic_canary_pods(
            sight.replicas, weight, sight.bounds, canary, sight.stable, sight.older, plan.max_weight
        )
    if status.is_aborted and plan.is_dynamic:
        weight = abort_weight(plan, sight)
    return routed_canary_pods(
        sight.replicas,
        scale,
        weight,
        weights=weights,
        is_dynamic=plan.is_dynamic,
        is_aborted=status.is_aborted,
        minimum=plan.minimum,
        max_weight=plan.max_weight,
    )


def is_at_desired_counts(plan: Plan, status: Status, sight: Sight, weights: Weights | None) -> bool:
    """Return whether the sets have the pods of the current step: the canary available, the stable ones created.

    Source: canary.go, AtDesiredReplicaCountsForCanary.
    """
    canary, stable = wanted_pods(plan, status, sight, weights)
    if not threshold_is_met(threshold_in_force(plan, status), sight.canary, canary):
        return False
    if not (plan.is_routed and plan.is_dynamic) and not _is_created(sight, stable):
        return False
    return plan.is_routed or not any(each.available for each in sight.older)


def abort_weight(plan: Plan, sight: Sight) -> float:
    """Return the weight that an aborted dynamic canary goes back to next: down the setWeight steps, one after another.

    The first step from the end that needs fewer pods than the canary still has to carry. Its own pods count with it,
    unless they stay for a time after the abort: then they never get fewer by themselves.

    Source: canary.go, GetDesiredCanaryWeight.
    """
    if sight.canary is None or sight.stable is None:
        return 0.0
    held = sight.replicas - sight.stable.available
    if not plan.scales_down_late_after_abort:
        held = max(held, sight.canary.available)
    ladder = reversed(_ladder(plan))
    return next((each for each in ladder if pods_for_weight(each, sight.replicas, plan.max_weight) < held), 0.0)


def weight_on_abort(plan: Plan, status: Status, sight: Sight) -> float:
    """Return the canary's weight while users go back to the stable version.

    A stable set of full size takes all at once. A dynamic one takes what it can carry: the weight goes down the steps
    as its pods become available, and stays where it is until they are.

    Source: trafficrouting.go, calculateDesiredWeightOnAbortOrStableRollback.
    """
    if not plan.is_dynamic or sight.stable is None or sight.replicas == 0:
        return 0.0
    unmet = plan.max_weight - plan.max_weight * sight.stable.available // sight.replicas
    now = plan.max_weight if sight.weights is None else sight.weights.canary
    if unmet <= 0:
        return 0.0
    if not status.is_aborted or not _ladder(plan):
        return min(unmet, now)
    wanted = abort_weight(plan, sight)
    return now if unmet > wanted else min(wanted, now)


def is_rolling_back_to_stable(
    plan: Plan, wanted: str | None, stable: str | None, router_canary: str | None, set_version: str | None
) -> bool:
    """Return whether a dynamic canary was given up for the stable version while the router still knows the other.

    Source: rollout/canary.go, isDynamicallyRollingBackToStable.
    """
    if not (plan.is_routed and plan.is_dynamic) or wanted != stable:
        return False
    return router_canary is not None and router_canary != set_version


def router_weight(plan: Plan, status: Status, sight: Sight, is_rolling_back: bool = False) -> RouterWeight:
    """Return the weights for the router now.

    Source: trafficrouting.go, reconcileTrafficRouting.
    """
    if is_rolling_back:
        return RouterWeight(weight_on_abort(plan, status, sight))
    if status.is_stable:
        return RouterWeight(0.0)
    if status.is_aborted:
        return RouterWeight(weight_on_abort(plan, status, sight))
    if sight.canary is None or sight.canary.available == 0:
        return RouterWeight(0.0, _experiment_weights(plan, status, sight))
    if status.promote_full:
        return RouterWeight(_weight_on_full_promotion(plan, sight))
    return _weight_of_step(plan, status, sight)


def _weight_of_step(plan: Plan, status: Status, sight: Sight) -> RouterWeight:
    extra = _experiment_weights(plan, status, sight)
    if not is_at_desired_counts(plan, status, sight, None):
        weight = weight_before(plan, status)
    elif current_step(plan.steps, status.step_index) is None:
        weight, extra = plan.max_weight, ()
    else:
        weight = weight_in_force(plan, status)
    rest = plan.max_weight - weight
    threshold = threshold_in_force(plan, status)
    if sight.weights is None or carries_weight(sight.stable, rest, sight.replicas, threshold, plan.max_weight):
        return RouterWeight(weight, extra)
    return RouterWeight(sight.weights.canary, extra)


def _weight_on_full_promotion(plan: Plan, sight: Sight) -> float:
    assert sight.canary is not None
    if plan.is_dynamic and sight.replicas:
        return min(plan.max_weight, plan.max_weight * sight.canary.available // sight.replicas)
    return 0.0 if sight.weights is None else sight.weights.canary


def _experiment_weights(plan: Plan, status: Status, sight: Sight) -> tuple[float, ...]:
    step = experiment_in_force(plan, status)
    if step is None or sight.experiment_phase != "Running":
        return ()
    return tuple(each.weight for each in step.experiment if each.weight is not None)


def _is_created(sight: Sight, desired: int) -> bool:
    if sight.stable is None:
        return False
    created = sight.stable.replicas if sight.stable_created is None else sight.stable_created
    return sight.stable.replicas == created == desired


def _ladder(plan: Plan) -> Sequence[float]:
    return [step.weight for step in plan.steps if step.word == "setWeight"]
