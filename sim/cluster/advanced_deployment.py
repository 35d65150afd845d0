"""OpenKruise's Deployment controller: a rolling update that stops at a partition."""

from __future__ import annotations

from sim.cluster.arithmetic import max_unavailable, resolve_fenceposts
from sim.cluster.deployment import count_of
from sim.cluster.partition import is_partition_done, next_new_size, next_old_sizes
from sim.cluster.proportional import Sized, sizes_for_count
from sim.cluster.replica_set import ReplicaSet
from sim.units import IntOrPercent


class AdvancedDeployment:
    """A Deployment that replaces `old` by `new`, within surge and unavailability, up to a partition.

    Model: a new set starts without pods. (OpenKruise starts it with one where there is no surge, so that Kubernetes'
    own controller leaves it alone: one pod above the bound.)
    """

    def __init__(
        self,
        new: ReplicaSet,
        old: ReplicaSet,
        partition: IntOrPercent,
        max_surge: IntOrPercent,
        max_unavailable: IntOrPercent,
    ) -> None:
        self._new = new
        self._old = old
        self._partition = partition
        self._bounds = max_surge, max_unavailable
        self._sized_for = new.wanted

    def sizes(self) -> dict[ReplicaSet, int]:
        """Return one of the two steps of a reconcile: the new set grows, or else the old one changes.

        Source: openkruise/rollouts pkg/controller/deployment/rolling.go, rolloutRolling.
        """
        new, old, desired = self._new, self._old, self._new.wanted
        if desired != self._sized_for:
            return self._scaled(desired)
        surge, _ = resolve_fenceposts(*self._bounds, desired)
        grown = next_new_size(desired, surge, self._partition, new.replicas, new.replicas + old.replicas)
        if grown != new.replicas:
            return {new: grown}
        unavailable = max_unavailable(*self._bounds, desired)
        return {old: next_old_sizes(desired, unavailable, self._partition, count_of(new), [count_of(old)])[0]}

    def _scaled(self, desired: int) -> dict[ReplicaSet, int]:
        """Return the sizes for another wanted count: in proportion, without the surge.

        Source: openkruise/rollouts pkg/controller/deployment/sync.go, scale.
        """
        before, self._sized_for = self._sized_for, desired
        new, old = (Sized(each.replicas, before, each.available) for each in (self._new, self._old))
        return dict(zip((self._new, self._old), sizes_for_count(desired, 0, new, [old]), strict=True))

    def is_done(self) -> bool:
        """Return whether the partition is reached, with neither a pod too many nor one too few."""
        new, old = self._new, self._old
        total = new.replicas + old.replicas
        return is_partition_done(new.wanted, self._partition, total, new.replicas, is_observed=True)
