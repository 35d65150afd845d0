"""Pods counted over time: the log of their numbers, and the workers that ready pods offer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.cluster.replica_set import ReplicaSet
from sim.record import PodChange


class Tally:
    """Ready and existing pods per version, each change with its moment."""

    def __init__(self, replica_sets: tuple[ReplicaSet, ...], start: float) -> None:
        versions = len(replica_sets)
        self.changes: list[PodChange] = []
        self._workers = [0] * versions
        self._worker_seconds = [0.0] * versions
        self._counted_at = [start] * versions
        self._last: list[PodChange | None] = [None] * versions

    def count(self, replica_set: ReplicaSet, now: float) -> None:
        """Take note of a set that has changed."""
        version, sets = replica_set.number, replica_set.of_version
        ready, existing = sum(each.ready for each in sets), sum(each.existing for each in sets)
        last = self._last[version]
        if last is not None and (last.ready, last.existing) == (ready, existing):
            return
        change = PodChange(now, version, ready, existing)
        if last is not None and self.changes[-1] is last and last.at_seconds == now:
            self.changes[-1] = change
        else:
            self.changes.append(change)
        self._last[version] = change
        self._worker_seconds[version] += self._workers[version] * (now - self._counted_at[version])
        self._counted_at[version] = now
        self._workers[version] = ready * replica_set.resolved.concurrency

    def ready(self, version: int) -> int:
        """Return the ready pods of a version."""
        last = self._last[version]
        return 0 if last is None else last.ready

    def worker_seconds(self, version: int, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the workers of a version's ready pods integrated up to moments since its last change."""
        return self._worker_seconds[version] + self._workers[version] * (at - self._counted_at[version])
