"""How many pods the canary and the stable set of an Argo canary are to have.

Source: argoproj/argo-rollouts utils/replicaset/canary.go and rollout/{canary,replicaset}.go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from sim.cluster.arithmetic import FULL_WEIGHT, Count, resolve_fenceposts
from sim.units import IntOrPercent

EPSILON = 1e-9
"""A share of pods may miss its threshold by the rounding of a division."""


class Bounds(NamedTuple):
    """How many pods above and below the wanted count may be."""

    surge: int
    unavailable: int


class Threshold(NamedTuple):
    """How many pods must be available before a canary goes on: percent of its pods, or pods."""

    kind: Literal["Percent", "Pods"]
    value: float


class Weights(NamedTuple):
    """The weights that the router was last told."""

    canary: float
    stable: float


def bounds(surge: IntOrPercent | None, unavailable: IntOrPercent | None, replicas: int) -> Bounds:
    """Return the bounds in pods: never more unavailable than are wanted.

    Source: replicaset.go, MaxSurge and MaxUnavailable.
    """
    above, below = resolve_fenceposts(surge, unavailable, replicas)
    return Bounds(above, min(below, replicas))


def pods_for_weight(weight: float, replicas: int, max_weight: float = FULL_WEIGHT) -> int:
    """Return how many of `replicas` pods carry a weight.

    Source: canary.go, trafficWeightToReplicas. Exact: 0.1 + 0.2 percent of 1000 pods are 3 pods, not 4.
    """
    return math.ceil(_share(weight, max_weight) * replicas)


def at_least(count: int, minimum: int | None, replicas: int) -> int:
    """Return a count that is raised to the least pods of a set, unless it is 0; no more than are wanted of all.

    Source: canary.go, CheckMinPodsPerReplicaSet.
    """
    return max(count, min(minimum or 0, replicas)) if count else 0


def approximate_weight(replicas: int, weight: float, surge: int, max_weight: float = FULL_WEIGHT) -> tuple[int, int]:
    """Return the pods (canary, stable) whose ratio comes nearest to `weight`; a tie goes to the larger canary.

    With surge there may be one pod more in all. Between 0 and 100 both sides keep a pod where two pods can exist.

    Source: canary.go, approximateWeightedCanaryStableReplicaCounts.
    """
    share = _share(weight, max_weight)
    if share in (0, 1) or replicas == 0 or (replicas == 1 and surge == 0):
        canary = replicas if share >= Fraction(1, 2) else 0
        return canary, replicas - canary
    options = [
        (canary, total)
        for total in ((replicas, replicas + 1) if surge > 0 else (replicas,))
        for canary in (math.ceil(share * replicas), math.floor(share * replicas))
        if 0 < canary < total
    ]
    canary, total = min(options, key=lambda option: abs(Fraction(*option) - share))
    return canary, total - canary


def basic_canary_pods(
    replicas: int,
    weight: float,
    bounds: Bounds,
    canary: Count,
    stable: Count | None,
    older: Sequence[Count] = (),
    max_weight: float = FULL_WEIGHT,
) -> tuple[int, int]:
    """Return the next pods (canary, stable) without a traffic router: towards the weight, within the bounds.

    Without a stable set (None) no weight counts: the canary gets all pods.

    Source: canary.go, CalculateReplicaCountsForBasicCanary.
    """
    wanted_canary, wanted_stable = approximate_weight(replicas, weight, bounds.surge, max_weight)
    if stable is None:
        wanted_canary, wanted_stable = replicas, 0
    most, least = replicas + bounds.surge, replicas - bounds.unavailable
    old = stable or Count(0)
    room = most - canary.replicas - old.replicas - sum(each.replicas for each in older)
    added_stable = max(0, min(room, wanted_stable - old.replicas))
    added_canary = max(0, min(room - added_stable, wanted_canary - canary.replicas))
    next_canary, next_stable = canary.replicas + added_canary, old.replicas + added_stable
    if any(each.replicas for each in older):
        return next_canary, next_stable
    # The side that users move to counts as available only when it is; the side they leave counts what it has.
    grows = wanted_canary >= canary.replicas
    spare = removable(canary, ignore_availability=not grows) + removable(old, ignore_availability=grows) - least
    if spare <= 0 or (grows and stable is None):
        return next_canary, next_stable
    if grows:
        next_stable = _drained(old, wanted_stable, spare, next_stable)
        next_stable, next_canary = _within(old, canary, next_stable, next_canary, most, least)
    else:
        next_canary = _drained(canary, wanted_canary, spare, next_canary)
        next_canary, next_stable = _within(canary, old, next_canary, next_stable, most, least)
    return next_canary, next_stable


def removable(count: Count, ignore_availability: bool) -> int:
    """Return how many pods of a set count when it is asked how many may go.

    Source: canary.go, GetReplicasForScaleDown.
    """
    return count.replicas if ignore_availability else min(count.replicas, count.available)


def older_sets_pods(
    replicas: int, unavailable: int, others: Sequence[Count], older: Sequence[Count], is_routed: bool = False
) -> list[int]:
    """Return the next pods of sets that are neither canary nor stable, oldest first: unhealthy ones go at once.

    others: the canary and the stable set. A router sends nothing to older sets, so there they go altogether.

    Source: canary.go (controller), scaleDownOldReplicaSetsForCanary; replicaset.go, cleanupUnhealthyReplicas.
    """
    left = [min(each.replicas, each.available) for each in older]
    available = sum(each.available for each in (*others, *older))
    spare = available - (replicas - unavailable)
    for place, size in enumerate(left):
        gone = 0 if spare <= 0 else size if is_routed else min(size, spare)
        left[place] -= gone
        spare -= gone
    return left


def routed_canary_pods(
    replicas: int,
    scale: int | None,
    weight: float,
    *,
    weights: Weights | None = None,
    is_dynamic: bool = False,
    is_aborted: bool = False,
    minimum: int | None = None,
    max_weight: float = FULL_WEIGHT,
) -> tuple[int, int]:
    """Return the pods (canary, stable) with a traffic router.

    scale: the canary's pods where a step says how many. weights: what the router was told. is_dynamic: the stable set
    follows the weight as well: it keeps what the larger of its weight now and its weight to be needs.

    Source: canary.go, CalculateReplicaCountsForTrafficRoutedCanary.
    """
    canary = scale
    if canary is None:
        canary = at_least(pods_for_weight(weight, replicas, max_weight), minimum, replicas)
    if not is_dynamic:
        return canary, replicas
    stable = pods_for_weight(max_weight - weight, replicas, max_weight)
    if weights is not None:
        stable = max(stable, pods_for_weight(weights.stable, replicas, max_weight))
        if is_aborted:
            canary = max(canary, pods_for_weight(weights.canary, replicas, max_weight))
    return at_least(canary, minimum, replicas), at_least(stable, minimum, replicas)


def all_are_available(count: Count | None, desired: int) -> bool:
    """Return whether a set has exactly the desired pods, all available.

    Source: canary.go, allDesiredAreAvailable.
    """
    return count is not None and count.replicas == count.available == desired


def threshold_is_met(threshold: Threshold | None, count: Count | None, desired: int) -> bool:
    """Return whether enough of a set is available to go on; without a threshold, all of it.

    Source: canary.go, ReplicaProgressThresholdMet.
    """
    if threshold is None or threshold.value < 0:
        return all_are_available(count, desired)
    if count is None:
        return False
    if threshold.kind == "Pods":
        return count.available >= threshold.value
    return desired == 0 or FULL_WEIGHT * count.available / desired + EPSILON >= threshold.value


def carries_weight(
    count: Count | None,
    weight: float,
    replicas: int,
    threshold: Threshold | None = None,
    max_weight: float = FULL_WEIGHT,
) -> bool:
    """Return whether a set has enough available pods for a weight.

    Source: trafficrouting.go, checkReplicasAvailable.
    """
    needed = pods_for_weight(weight, replicas, max_weight)
    if count is None or threshold is None:
        return count is not None and count.available >= needed
    return threshold_is_met(threshold, count, needed)


def _share(weight: float, max_weight: float) -> Fraction:
    return Fraction(str(weight)) / Fraction(str(max_weight))


def _drained(count: Count, wanted: int, spare: int, planned: int) -> int:
    """Return the pods of the side that is left: as many fewer as may be missing."""
    return max(wanted, count.replicas - spare) if count.replicas > wanted else planned


def _within(left: Count, kept: Count, left_next: int, kept_next: int, most: int, least: int) -> tuple[int, int]:
    """Return both next sizes (of the side that is left, of the other) inside the bounds.

    Source: canary.go, adjustReplicaWithinLimits.
    """
    kept_next -= max(0, kept_next + left_next - most)
    available = min(left.available, left_next) + min(kept.available, kept_next)
    cut = max(0, kept.available - kept_next)
    kept_next += min(cut, max(0, least - available))
    left_next -= max(0, kept_next + left_next - most)
    return left_next, kept_next
