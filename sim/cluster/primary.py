"""Pods of a version apart from its others: a primary that got the new one, or a fresh baseline of the old one.

The data plane knows them as a version of their own, so that weights can divide users between both; to whoever looks at
answers and pods they run the version that they run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from sim.engine.protocol import Answers, Calls
from sim.record import PodChange, Record, Samples
from sim.spec.service import ResolvedVersion


def updated_primary(old: ResolvedVersion, new: ResolvedVersion) -> ResolvedVersion:
    """Return what the primary runs once the new version's template is copied to it: its number of pods stays.

    Source: fluxcd/flagger pkg/canary/deployment_controller.go, Promote.
    """
    return new.model_copy(update={"replicas": old.replicas})


Rows = TypeVar("Rows", Answers, Calls)


def answers_of_versions(answers: Rows, apart: int, version: int) -> Rows:
    """Return the answers with the pods apart counted to their version."""
    return replace(answers, version=np.where(answers.version == apart, np.int16(version), answers.version))


def record_of_versions(record: Record, apart: int, version: int) -> Record:
    """Return the record with the pods apart, the last of the versions, counted to their version."""
    return replace(
        record,
        service_versions=record.service_versions[:apart],
        pod_changes=changes_of_versions(record.pod_changes, apart, version),
        samples=samples_of_versions(record.samples, apart, version),
    )


def changes_of_versions(changes: Iterable[PodChange], apart: int, version: int) -> tuple[PodChange, ...]:
    """Return the pod counts with the pods apart counted to their version."""
    last = {number: PodChange(0.0, number, 0, 0) for number in (apart, version)}
    merged: list[PodChange] = []
    for change in changes:
        if change.version not in last:
            merged.append(change)
            continue
        last[change.version] = change
        ready, existing = (sum(getattr(each, what) for each in last.values()) for what in ("ready", "existing"))
        both = PodChange(change.at_seconds, version, ready, existing)
        if merged and (merged[-1].at_seconds, merged[-1].version) == (both.at_seconds, version):
            merged.pop()
        merged.append(both)
    return tuple(merged)


def samples_of_versions(samples: Samples, apart: int, version: int) -> Samples:
    """Return the samples with the column of the pods apart, the last one, added to their version's."""
    columns = {}
    for name in ("pods_ready", "waiting", "busy_seconds", "worker_seconds"):
        column = np.delete(getattr(samples, name), apart, axis=1)
        column[:, version] += getattr(samples, name)[:, apart]
        column.flags.writeable = False
        columns[name] = column
    return replace(samples, **columns)
