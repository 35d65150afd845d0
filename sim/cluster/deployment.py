"""A controller that exchanges pods: Kubernetes' rolling update."""

from __future__ import annotations

from typing import Protocol

from sim.cluster.arithmetic import (
    Count,
    Status,
    is_complete,
    next_new_set_size,
    next_old_set_sizes,
    resolve_fenceposts,
)
from sim.cluster.proportional import Sized, sizes_for_count
from sim.cluster.replica_set import ReplicaSet
from sim.units import IntOrPercent


class Controller(Protocol):
    """What moves pods between sets, a step at a time."""

    def sizes(self) -> dict[ReplicaSet, int]:
        """Return the sizes to ask for now; a set that is left out keeps its size."""

    def is_done(self) -> bool:
        """Return whether there is nothing left to move or to wait for."""


class RollingUpdate:
    """A Deployment that replaces `old` by `new` within the bounds of surge and unavailability."""

    def __init__(
        self, new: ReplicaSet, old: ReplicaSet, max_surge: IntOrPercent, max_unavailable: IntOrPercent
    ) -> None:
        self._new = new
        self._old = old
        self._max_surge = max_surge
        self._max_unavailable = max_unavailable
        self._sized_for = new.wanted

    def sizes(self) -> dict[ReplicaSet, int]:
        """Return one of the two steps of a reconcile: the new set grows, or else the old one shrinks.

        Source: Kubernetes rolling.go, rolloutRolling; before it, deployment_controller.go looks for a scaling event.
        """
        new, old, desired = self._new, self._old, self._new.wanted
        surge, unavailable = resolve_fenceposts(self._max_surge, self._max_unavailable, desired)
        if desired != self._sized_for:
            return self._scaled(desired, surge)
        grown = next_new_set_size(desired, surge, new.replicas, new.replicas + old.replicas)
        if grown != new.replicas:
            return {new: grown}
        shrunk = next_old_set_sizes(desired, unavailable, count_of(new), [count_of(old)])
        return {old: shrunk[0]}

    def _scaled(self, desired: int, surge: int) -> dict[ReplicaSet, int]:
        """Return the sizes for another wanted count: the mix of versions stays as it is."""
        before = self._sized_for
        most = before + resolve_fenceposts(self._max_surge, self._max_unavailable, before)[0]
        self._sized_for = desired
        new, old = (Sized(each.replicas, most, each.available) for each in (self._new, self._old))
        sizes = sizes_for_count(desired, surge, new, [old])
        return dict(zip((self._new, self._old), sizes, strict=True))

    def is_done(self) -> bool:
        """Return whether the Deployment is complete."""
        new, old = self._new, self._old
        total, ready = new.replicas + old.replicas, new.ready + old.ready
        status = Status(total=total, updated=new.replicas, ready=ready, available=new.available + old.available)
        return is_complete(new.wanted, status)


def count_of(replica_set: ReplicaSet) -> Count:
    """Return the set in numbers."""
    return Count(replica_set.replicas, replica_set.available)
