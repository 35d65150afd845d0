"""A Deployment: its ReplicaSets, old and new, and one step of its controller at a time.

Source: kubernetes/kubernetes pkg/controller/deployment (deployment_controller.go, sync.go, rolling.go, recreate.go).

Model: minReadySeconds and progressDeadlineSeconds go with a version, which stands for the manifest that brings it; in
Kubernetes they are the Deployment's, and an undo leaves them as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sim.cluster.arithmetic import (
    Count,
    Status,
    is_complete,
    max_unavailable,
    new_set_size,
    next_new_set_size,
    next_old_set_sizes,
    resolve_fenceposts,
)
from sim.cluster.proportional import Sized, sizes_for_count
from sim.cluster.recreate import old_pods_running
from sim.cluster.replica_set import ReplicaSet
from sim.cluster.revisions import Kept, forgotten, revision_of_new
from sim.units import IntOrPercent

HISTORY_LIMIT = 10
"""Source: Kubernetes, a Deployment's revisionHistoryLimit by default."""


class SizedFor(NamedTuple):
    """What a set was last sized for: the count that was wanted, and the most pods, surge included."""

    desired: int
    most: int


class Deployment:
    """A Deployment that runs the pods of `target`; other sets are old and on their way out.

    target: the set of the wanted template, which may not have been created yet. created: the sets that there are,
    oldest first. revisions: their numbers. goes_back: whether the target is what ran before the release.
    """

    is_rolling = False

    def __init__(
        self,
        running: ReplicaSet,
        max_surge: IntOrPercent | None = None,
        max_unavailable: IntOrPercent | None = None,
        history_limit: int = HISTORY_LIMIT,
    ) -> None:
        self.target = running
        self.created = [running]
        self.revisions = {running: 1}
        self.is_paused = False
        self.goes_back = False
        self.when_created: Callable[[], None] = lambda: None
        self.when_growing: Callable[[], None] = lambda: None
        self._max_surge = max_surge
        self._max_unavailable = max_unavailable
        self._history_limit = history_limit
        self._sized_for: dict[ReplicaSet, SizedFor] = {}
        self._note(running)

    @property
    def desired(self) -> int:
        """Return the pods that are wanted."""
        return self.target.wanted

    @property
    def old(self) -> list[ReplicaSet]:
        """Return the sets of other templates, oldest first."""
        return [each for each in self.created if each is not self.target]

    @property
    def status(self) -> Status:
        """Return the Deployment in numbers; what a quota refuses is not there."""
        return Status(
            total=sum(each.replicas - each.refused for each in self.created),
            updated=self.target.replicas - self.target.refused,
            ready=sum(each.ready for each in self.created),
            available=sum(each.available for each in self.created),
        )

    @property
    def surge(self) -> int:
        """Return the pods that there may be above the wanted ones."""
        return resolve_fenceposts(self._max_surge, self._max_unavailable, self.desired)[0] if self.is_rolling else 0

    @property
    def unavailable(self) -> int:
        """Return how many of the wanted pods may be unavailable."""
        return max_unavailable(self._max_surge, self._max_unavailable, self.desired, self.is_rolling)

    def sizes(self) -> dict[ReplicaSet, int]:
        """Return the sizes to ask for now; a set that is left out keeps its size.

        Source: deployment_controller.go, syncDeployment: while it is paused, and after the wanted count has changed,
        sets are resized and nothing rolls.
        """
        if self.target in self.created:
            self._new_set()
        if self.is_paused or self._is_scaling():
            scaled = self._scaled()
            if self.is_paused or any(size != each.replicas for each, size in scaled.items()):
                return scaled
        return self._noted(self._rolled())

    def is_done(self) -> bool:
        """Return whether the Deployment is complete; its history is then cut to its limit."""
        if self.is_paused or self.target not in self.created or not is_complete(self.desired, self.status):
            return False
        self._forget()
        return True

    def why(self, replica_set: ReplicaSet) -> str:
        """Return the reason for another size of a set."""
        return "within surge and unavailability"

    def _rolled(self) -> dict[ReplicaSet, int]:
        """Return the sizes of one step of the strategy."""
        raise NotImplementedError

    def _new_set(self) -> ReplicaSet:
        """Return the set of the wanted template, created if there is none; its revision is above all others."""
        new = self.target
        if new not in self.created:
            self.created.append(new)
            self._note(new)
            self.when_created()
        self.revisions[new] = revision_of_new(self.revisions.get(new, 0), [self.revisions[old] for old in self.old])
        return new

    def _is_scaling(self) -> bool:
        """Return whether the wanted count has changed since a set with pods was last sized.

        Source: sync.go, isScalingEvent.
        """
        return any(each.replicas > 0 and self._sized_for[each].desired != self.desired for each in self.created)

    def _scaled(self) -> dict[ReplicaSet, int]:
        """Return the sizes that follow from the wanted count alone: the mix of versions stays as it is.

        Source: sync.go, scale.
        """
        new = [self.target] if self.target in self.created else []
        old = self.old[::-1]
        sized = [self._sized(each) for each in (*new, *old)]
        first = sized[0] if new else None
        sizes = sizes_for_count(self.desired, self.surge, first, sized[len(new) :], self.is_rolling)
        for each in self.created:
            if each.replicas > 0:
                self._note(each)
        return self._noted(dict(zip((*new, *old), sizes, strict=True)))

    def _sized(self, each: ReplicaSet) -> Sized:
        noted = self._sized_for[each]
        return Sized(each.replicas, noted.most, each.available, noted.desired, self.created.index(each))

    def _noted(self, sizes: dict[ReplicaSet, int]) -> dict[ReplicaSet, int]:
        """Take note of the count for which sets change their size now."""
        for each, size in sizes.items():
            if size != each.replicas:
                self._note(each)
        return sizes

    def _note(self, each: ReplicaSet) -> None:
        self._sized_for[each] = SizedFor(self.desired, self.desired + self.surge)

    def _forget(self) -> None:
        old = self.old
        kept = [Kept(self.revisions[each], each.replicas, each.replicas - each.refused) for each in old]
        for place in forgotten(kept, self._history_limit):
            self.created.remove(old[place])
            del self.revisions[old[place]]


class RollingUpdate(Deployment):
    """A Deployment that replaces pods within the bounds of surge and unavailability."""

    is_rolling = True

    def _rolled(self) -> dict[ReplicaSet, int]:
        """Return one of the two steps of a reconcile: the new set grows, or else the old ones shrink.

        Source: rolling.go, rolloutRolling.
        """
        new, desired = self._new_set(), self.desired
        total = sum(each.replicas for each in self.created)
        grown = next_new_set_size(desired, self.surge, new.replicas, total)
        if grown != new.replicas:
            return {new: grown}
        active = [each for each in self.old if each.replicas > 0]
        counts = [count_of(each) for each in active]
        return dict(zip(active, next_old_set_sizes(desired, self.unavailable, count_of(new), counts), strict=True))


class Recreate(Deployment):
    """A Deployment that stops every old pod before it starts a new one."""

    def why(self, replica_set: ReplicaSet) -> str:
        """Return the reason for another size of a set."""
        if replica_set is self.target:
            return f"no {'new' if self.goes_back else 'old'} pod is left"
        how = "goes back by stopping everything again" if self.goes_back else "stops everything first"
        return f"recreate {how}"

    def _rolled(self) -> dict[ReplicaSet, int]:
        """Return one step: old pods are asked to go, then, when none runs any more, new ones to come.

        Source: recreate.go, rolloutRecreate.
        """
        old = self.old
        if any(each.replicas > 0 for each in old):
            return dict.fromkeys(old, 0)
        if old_pods_running([each.replicas for each in old], (pod.phase for each in old for pod in each.leaving)):
            return {}
        new = self._new_set()
        total = sum(each.replicas for each in self.created)
        size = new_set_size(self.desired, None, new.replicas, total)
        if size > new.replicas:
            self.when_growing()
        return {new: size}


def count_of(replica_set: ReplicaSet) -> Count:
    """Return the set in numbers."""
    return Count(replica_set.replicas, replica_set.available)
