"""The arithmetic of a release in batches: a partition is the number of pods that may run the new version.

Source: openkruise/rollouts pkg/controller/deployment (rolling.go, util/deployment_util.go) and
pkg/controller/batchrelease (control/util.go, context/context.go). Checked against tables of their own test suites.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sim.cluster.arithmetic import Count, new_set_size, scaled_down, unhealthy_removed
from sim.units import IntOrPercent

WHOLE = IntOrPercent(100, True)


def batch_size(batch: IntOrPercent, replicas: int) -> int:
    """Return the pods of the new version after a batch: a percentage rounds up, never more than there are.

    Source: control/util.go, CalculateBatchReplicas.
    """
    return max(0, min(batch.of(replicas, round_up=True), replicas))


def partition_limit(partition: IntOrPercent, replicas: int) -> int:
    """Return the most pods that the new version may have: only 100% leaves no old pod, of two or more.

    Source: deployment_util.go, NewRSReplicasLimit.
    """
    limit = batch_size(partition, replicas)
    keeps_one = replicas > 1 and partition.is_percent and partition != WHOLE
    return min(limit, replicas - 1) if keeps_one else limit


def batch_target(style: Literal["partition", "canary"], batch: IntOrPercent, replicas: int) -> int:
    """Return the pods wanted of the new version in a batch: inside the workload, or in one of its own beside it.

    Source: control/partitionstyle/deployment/control.go and control/canarystyle/deployment/control.go,
    CalculateBatchContext.
    """
    return partition_limit(batch, replicas) if style == "partition" else batch_size(batch, replicas)


def old_scale_down_limit(desired: int, partition: IntOrPercent, new: int, old: Sequence[int]) -> int:
    """Return how many old pods may go under a partition; below zero: so many must come back.

    Source: rolling.go, ScaleDownLimitForOld.
    """
    return sum(old) - (desired - max(new, partition_limit(partition, desired)))


def next_new_size(desired: int, surge: int, partition: IntOrPercent, new: int, total: int) -> int:
    """Return the next size of the new set, `total` being asked for by all: within surge, up to the partition.

    It shrinks only when it is larger than the whole.

    Source: rolling.go, reconcileNewReplicaSet.
    """
    limit = partition_limit(partition, desired)
    if new >= limit:
        return min(new, desired)
    return max(0, min(new_set_size(desired, surge, new, total), limit))


def next_old_sizes(
    desired: int, unavailable: int, partition: IntOrPercent, new: Count, old: Sequence[Count]
) -> list[int]:
    """Return the next sizes of the old sets: as a rolling update takes pods from them, down to what stays.

    Source: rolling.go, reconcileOldReplicaSets.
    """
    sizes = [count.replicas for count in old]
    if sum(sizes) == 0:
        return sizes
    spare = old_scale_down_limit(desired, partition, new.replicas, sizes)
    if spare <= 0:
        return come_back(sizes, -spare)
    least = desired - unavailable
    spare = min(spare, new.replicas + sum(sizes) - least - (new.replicas - new.available))
    if spare <= 0:
        return sizes
    removed = unhealthy_removed(old, spare)
    left = [size - gone for size, gone in zip(sizes, removed, strict=True)]
    available = new.available + sum(count.available for count in old)
    return scaled_down(left, min(available - least, old_scale_down_limit(desired, partition, new.replicas, left)))


def come_back(sizes: Sequence[int], count: int) -> list[int]:
    """Return the sizes after `count` pods have come back, all of them in the largest set, of equals the first.

    Source: rolling.go, scaleUpOldReplicaSets.
    """
    largest = sizes.index(max(sizes))
    return [size + count if place == largest else size for place, size in enumerate(sizes)]


def is_partition_done(desired: int, partition: IntOrPercent, total: int, updated: int, is_observed: bool) -> bool:
    """Return whether the controller has nothing left to move: all pods wanted, enough of them new.

    Source: deployment_util.go, DeploymentRolloutSatisfied.
    """
    return is_observed and total == desired and updated >= partition_limit(partition, desired)


def is_batch_ready(
    desired: int,
    updated: int,
    ready: int,
    failure_threshold: IntOrPercent | None,
    labeled: int | None = None,
    labels_wanted: int = 0,
) -> bool:
    """Return whether a batch is done: enough pods are updated, and all but those that may fail are ready, one at least.

    labeled: pods that carry the rollout's id; None: it has none.

    Source: context/context.go, IsBatchReady.
    """
    tolerated = 0 if failure_threshold is None else failure_threshold.of(updated, round_up=True)
    if updated < desired or tolerated + ready < desired or (desired > 0 and ready == 0):
        return False
    return labeled is None or labeled >= labels_wanted
