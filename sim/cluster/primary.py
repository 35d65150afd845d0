"""Pods of the new version apart from the canary's: those of the workload that users are on, once it is updated.

The data plane knows them as a version of their own, so that weights can divide users between canary and primary; to
whoever looks at answers and pods they run the new version.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from sim.engine.protocol import Answers
from sim.record import PodChange, Record, Samples
from sim.spec.service import ResolvedVersion


def updated_primary(old: ResolvedVersion, new: ResolvedVersion) -> ResolvedVersion:
    """Return what the primary runs once the new version's template is copied to it: its number of pods stays.

    Source: fluxcd/flagger pkg/canary/deployment_controller.go, Promote.
    """
    return new.model_copy(update={"replicas": old.replicas})


def answers_of_versions(answers: Answers, primary: int, candidate: int) -> Answers:
    """Return the answers with the primary's new pods counted to the new version."""
    return replace(answers, version=np.where(answers.version == primary, np.int16(candidate), answers.version))


def record_of_versions(record: Record, primary: int) -> Record:
    """Return the record with the primary's new pods, the last of the versions, counted to the new version."""
    candidate = record.candidate
    assert candidate is not None
    return replace(
        record,
        service_versions=record.service_versions[:primary],
        pod_changes=changes_of_versions(record.pod_changes, primary, candidate),
        samples=samples_of_versions(record.samples, primary, candidate),
    )


def changes_of_versions(changes: Iterable[PodChange], primary: int, candidate: int) -> tuple[PodChange, ...]:
    """Return the pod counts with the primary's new pods counted to the new version."""
    last = {number: PodChange(0.0, number, 0, 0) for number in (primary, candidate)}
    merged: list[PodChange] = []
    for change in changes:
        if change.version not in last:
            merged.append(change)
            continue
        last[change.version] = change
        ready, existing = (sum(getattr(each, what) for each in last.values()) for what in ("ready", "existing"))
        both = PodChange(change.at_seconds, candidate, ready, existing)
        if merged and (merged[-1].at_seconds, merged[-1].version) == (both.at_seconds, candidate):
            merged.pop()
        merged.append(both)
    return tuple(merged)


def samples_of_versions(samples: Samples, primary: int, candidate: int) -> Samples:
    """Return the samples with the primary's column, the last one, added to the new version's."""
    columns = {}
    for name in ("pods_ready", "waiting", "busy_seconds", "worker_seconds"):
        column = np.delete(getattr(samples, name), primary, axis=1)
        column[:, candidate] += getattr(samples, name)[:, primary]
        column.flags.writeable = False
        columns[name] = column
    return replace(samples, **columns)
