"""How many pods there were over time: the price of a rollout in pods, and when two versions or none served."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.record import PodChange, Record, WantedChange

EVERYBODY = 100.0
"""The weight, in percent, with which every user goes to the new version."""


@dataclass(frozen=True)
class PodCounts:
    """Pods over [0, duration), constant between two moments.

    at: float64 (t,), seconds, the first 0. seconds: float64 (t,), how long each state held. ready, existing: int64
    (t, versions). released: numbers of the released service's versions. wanted: changes of the pods it is to have.
    """

    at: NDArray[np.float64]
    seconds: NDArray[np.float64]
    ready: NDArray[np.int64]
    existing: NDArray[np.int64]
    released: tuple[int, ...]
    wanted: tuple[WantedChange, ...] = ()

    @property
    def pod_seconds(self) -> float:
        """Return the time that pods existed, added up over the pods of every service."""
        return float(self.existing.sum(axis=1) @ self.seconds)

    @property
    def fewest_ready(self) -> int:
        """Return the fewest ready pods of the released service at any moment."""
        return int(self._ready_together.min())

    def fewest_ready_fraction(self, replicas: int) -> float:
        """Return the fewest ready pods at any moment as a part of those wanted then, `replicas` to begin with.

        Where none is wanted none is missing.
        """
        changed = np.array([change.at_seconds for change in self.wanted])
        at = np.union1d(self.at, changed[(changed > 0) & (changed < self.at[-1] + self.seconds[-1])])
        counts = np.array([replicas, *(change.replicas for change in self.wanted)])
        wanted = counts[np.searchsorted(changed, at, side="right")]
        ready = self._ready_together[np.searchsorted(self.at, at, side="right") - 1]
        is_wanted = wanted > 0
        return float((ready[is_wanted] / wanted[is_wanted]).min()) if is_wanted.any() else 1.0

    @property
    def most_existing(self) -> int:
        """Return the most pods of the released service that existed at one moment."""
        return int(self.existing[:, self.released].sum(axis=1).max())

    @property
    def downtime_seconds(self) -> float:
        """Return the time in which no pod of the released service was ready."""
        return float(self.seconds[self._ready_together == 0].sum())

    @property
    def _ready_together(self) -> NDArray[np.int64]:
        return np.asarray(self.ready[:, self.released].sum(axis=1))


def pod_counts(record: Record) -> PodCounts:
    """Return the pods of the record over [0, duration)."""
    changed = np.array([change.at_seconds for change in record.pod_changes])
    at = np.unique(np.append(changed[(changed > 0) & (changed < record.duration)], 0.0))
    versions = range(len(record.service_versions))
    ready = [_in_force(record.pod_changes, changed, version, at, "ready") for version in versions]
    existing = [_in_force(record.pod_changes, changed, version, at, "existing") for version in versions]
    return PodCounts(
        at=at,
        seconds=np.diff(at, append=record.duration),
        ready=np.stack(ready, axis=1),
        existing=np.stack(existing, axis=1),
        released=tuple(v for v in versions if record.service_versions[v][0] == record.service),
        wanted=tuple(change for change in record.wanted if change.service == record.service),
    )


def mixed_version_seconds(
    record: Record, pods: PodCounts, arrival: NDArray[np.float64], version: NDArray[np.int16]
) -> float:
    """Return the time in which two versions (or more) served users.

    Ready pods alone do not serve: blue-green keeps both. So time is cut where a split of the users starts or ends and
    where a second version gets or loses its ready pods; a stretch counts when two versions have pods and were reached.

    arrival: float64 (n,), seconds of the user requests, non-decreasing. version: int16 (n,), the version each reached.
    """
    if record.candidate is None:
        return 0.0
    released = list(pods.released)
    is_ready: NDArray[np.bool_] = pods.ready[:, released] > 0
    both_ready: NDArray[np.bool_] = np.count_nonzero(is_ready, axis=1) > 1
    flips = pods.at[np.flatnonzero(np.diff(both_ready, prepend=both_ready[:1]))]
    cuts = np.unique(np.concatenate([[0.0, record.duration], flips, _split_changes(record)]))
    reached = np.stack([_count_between(cuts, arrival[version == one]) > 0 for one in released], axis=1)
    ready = is_ready[np.searchsorted(pods.at, cuts[:-1], side="right") - 1]
    return float(np.diff(cuts)[np.count_nonzero(ready & reached, axis=1) > 1].sum())


def _split_changes(record: Record) -> NDArray[np.float64]:
    """Return when, inside the run, the weight in force became none, all, or something between."""
    in_force = [(route.in_force_at, route.requested) for route in record.routes if route.in_force_at < record.duration]
    at, weight = np.array(sorted(in_force), dtype=np.float64).reshape(-1, 2).T
    kind = (weight > 0).astype(np.int64) + (weight >= EVERYBODY)
    changed = np.diff(kind, prepend=0) != 0
    return np.asarray(at[changed & (at > 0)])


def _in_force(
    changes: tuple[PodChange, ...], changed: NDArray[np.float64], version: int, at: NDArray[np.float64], what: str
) -> NDArray[np.int64]:
    """Return the count of the version that held from each moment on: the last one said, 0 before the first."""
    rows = [row for row, change in enumerate(changes) if change.version == version]
    said = np.array([0, *(getattr(changes[row], what) for row in rows)], dtype=np.int64)
    return said[np.searchsorted(changed[rows], at, side="right")]


def _count_between(cuts: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.diff(np.searchsorted(moments, cuts))
