"""A Deployment's arithmetic, as pure functions: how many pods each version may have next.

Source: kubernetes/kubernetes pkg/controller/deployment (rolling.go, util/deployment_util.go). Checked against tables of
its own test suite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sim.units import IntOrPercent

FULL_WEIGHT = 100.0
NEVER = 2**31 - 1
"""Source: Kubernetes HasProgressDeadline: this many seconds mean no deadline."""


class Count(NamedTuple):
    """A replica set in numbers: pods asked for, and those of them that are available."""

    replicas: int
    available: int = 0


class Status(NamedTuple):
    """A deployment in numbers: all pods, those of the new version, ready and available ones of either."""

    total: int
    updated: int
    ready: int
    available: int


def resolve_fenceposts(surge: IntOrPercent | None, unavailable: IntOrPercent | None, desired: int) -> tuple[int, int]:
    """Return surge and unavailability in pods; both zero would never move, so then one pod may be unavailable.

    Source: deployment_util.go, ResolveFenceposts.
    """
    above = surge.of(desired, round_up=True) if surge else 0
    below = unavailable.of(desired, round_up=False) if unavailable else 0
    return (0, 1) if above == 0 and below == 0 else (above, below)


def max_unavailable(
    surge: IntOrPercent | None, unavailable: IntOrPercent | None, desired: int, is_rolling: bool = True
) -> int:
    """Return how many pods may be unavailable: never more than are wanted; none where nothing rolls.

    Source: deployment_util.go, MaxUnavailable.
    """
    return min(resolve_fenceposts(surge, unavailable, desired)[1], desired) if is_rolling and desired else 0


def new_set_size(desired: int, surge: int | None, new: int, total: int) -> int:
    """Return how many pods the new set may have, `total` being asked for by all sets; without surge (Recreate), all.

    Source: deployment_util.go, NewRSNewReplicas.
    """
    if surge is None:
        return desired
    room = desired + surge - total
    return new if room <= 0 else new + min(room, desired - new)


def next_new_set_size(desired: int, surge: int, new: int, total: int) -> int:
    """Return the next size of the new set: what surge allows, or what is wanted when it is larger.

    Source: rolling.go, reconcileNewReplicaSet.
    """
    return desired if new >= desired else new_set_size(desired, surge, new, total)


def next_old_set_sizes(desired: int, unavailable: int, new: Count, old: Sequence[Count]) -> list[int]:
    """Return the next sizes of the old sets: unhealthy pods go first, then available ones as far as allowed.

    Source: rolling.go, reconcileOldReplicaSets.
    """
    minimum = desired - unavailable
    total = new.replicas + sum(count.replicas for count in old)
    limit = total - minimum - (new.replicas - new.available)
    if limit <= 0:
        return [count.replicas for count in old]
    removed = unhealthy_removed(old, limit)
    left = [count.replicas - gone for count, gone in zip(old, removed, strict=True)]
    available = new.available + sum(count.available for count in old)
    return scaled_down(left, available - minimum)


def unhealthy_removed(old: Sequence[Count], limit: int) -> list[int]:
    """Return how many unavailable pods of each old set go, at most `limit` in all.

    Source: rolling.go, cleanupUnhealthyReplicas.
    """
    removed: list[int] = []
    for count in old:
        removed.append(max(0, min(limit - sum(removed), count.replicas - count.available)))
    return removed


def scaled_down(sizes: Sequence[int], count: int) -> list[int]:
    """Return the sizes after `count` pods have gone, from the first sets first.

    Source: rolling.go, scaleDownOldReplicaSetsForRollingUpdate.
    """
    left: list[int] = []
    for size in sizes:
        gone = max(0, min(size, count))
        count -= gone
        left.append(size - gone)
    return left


def is_complete(desired: int, status: Status) -> bool:
    """Return whether all pods wanted are of the new version and available, and no other is left.

    Source: deployment_util.go, DeploymentComplete.
    """
    return status.updated == status.total == status.available == desired


def has_progressed(before: Status, after: Status) -> bool:
    """Return whether pods were updated, old ones removed, or more became ready or available.

    Source: deployment_util.go, DeploymentProgressing.
    """
    return (
        after.updated > before.updated
        or after.total - after.updated < before.total - before.updated
        or after.ready > before.ready
        or after.available > before.available
    )


def has_timed_out(deadline_seconds: float | None, elapsed_seconds: float, complete: bool = False) -> bool:
    """Return whether the last progress is longer ago than the deadline.

    Source: deployment_util.go, DeploymentTimedOut.
    """
    if complete or deadline_seconds is None or deadline_seconds == NEVER:
        return False
    return elapsed_seconds > deadline_seconds
