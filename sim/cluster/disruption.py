"""Whether a pod may be evicted, as pure functions of a budget and of numbers of pods.

Source: Kubernetes pkg/controller/disruption/disruption.go and pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from typing import NamedTuple

from sim.spec.disruption_budget import PodDisruptionBudget


class Guarded(NamedTuple):
    """The pods that a budget guards: what their controllers want, how many exist, how many of them are ready."""

    wanted: int
    existing: int
    ready: int


def desired_healthy(budget: PodDisruptionBudget, wanted: int) -> int:
    """Return how many ready pods must stay; both percentages round up, so that 50% of 7 unavailable are 4.

    Source: disruption.go, getExpectedPodCount.
    """
    if budget.max_unavailable is not None:
        return max(0, wanted - budget.max_unavailable.of(wanted, round_up=True))
    return budget.min_available.of(wanted, round_up=True) if budget.min_available is not None else 0


def disruptions_allowed(budget: PodDisruptionBudget, guarded: Guarded) -> int:
    """Return how many ready pods may be evicted now.

    Source: disruption.go, updatePdbStatus; a count in minAvailable needs no controller's scale.
    """
    is_counted = budget.min_available is not None and not budget.min_available.is_percent
    expected = guarded.existing if is_counted else guarded.wanted
    return max(0, guarded.ready - desired_healthy(budget, guarded.wanted)) if expected > 0 else 0


def may_evict(budget: PodDisruptionBudget | None, guarded: Guarded, is_pending: bool, is_ready: bool) -> bool:
    """Return whether an eviction is carried out; refused ones are answered 429.

    is_pending: its container has not started yet, so nobody misses it. Source: eviction.go, Create.
    """
    if budget is None or is_pending:
        return True
    if not is_ready:
        if budget.unhealthy_pod_eviction_policy == "AlwaysAllow":
            return True
        if guarded.ready >= desired_healthy(budget, guarded.wanted) > 0:
            return True
    return disruptions_allowed(budget, guarded) > 0
