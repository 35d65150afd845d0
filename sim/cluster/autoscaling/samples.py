"""Which pods an autoscaler counts: by what it knows of each, and by whether it trusts the sample.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/replica_calculator.go (groupPods).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Sample(NamedTuple):
    """A measurement of one pod. value: milli units. age_seconds: None where it has no moment; over window_seconds."""

    value: int
    age_seconds: float | None = None
    window_seconds: float = 0.0


class PodSeen(NamedTuple):
    """A pod as an autoscaler sees it; ages in seconds before now.

    ready, ready_changed_age: None where nothing is known of readiness. request: milli units, None for none.
    """

    start_age: float
    ready: bool | None
    ready_changed_age: float | None
    sample: Sample | None
    request: int | None = None
    is_pending: bool = False
    is_failed: bool = False
    is_deleted: bool = False


class Groups(NamedTuple):
    """Pods parted by how their samples count: as they are, set aside as not trusted yet, or missing."""

    counted: list[PodSeen]
    set_aside: list[PodSeen]
    missing: list[PodSeen]

    @property
    def all(self) -> list[PodSeen]:
        """Return every pod that exists."""
        return [*self.counted, *self.set_aside, *self.missing]


def group(
    pods: Sequence[PodSeen], *, is_cpu: bool, initialization_seconds: float, readiness_delay_seconds: float
) -> Groups:
    """Return the pods in groups; failed and deleted ones do not exist. CPU of a pod that starts is not trusted."""
    groups = Groups([], [], [])
    for pod in pods:
        if pod.is_deleted or pod.is_failed:
            continue
        if pod.is_pending:
            groups.set_aside.append(pod)
        elif pod.sample is None:
            groups.missing.append(pod)
        elif is_cpu and is_untrusted(pod, pod.sample, initialization_seconds, readiness_delay_seconds):
            groups.set_aside.append(pod)
        else:
            groups.counted.append(pod)
    return groups


def is_untrusted(pod: PodSeen, sample: Sample, initialization_seconds: float, readiness_delay_seconds: float) -> bool:
    """Return whether a CPU sample shows a pod that starts rather than one that serves."""
    if pod.ready is None or pod.ready_changed_age is None:
        return True
    if pod.start_age < initialization_seconds:
        # Until then it counts only when it is ready, and was for all of the sample's window.
        began = None if sample.age_seconds is None else sample.age_seconds + sample.window_seconds
        return not pod.ready or began is None or pod.ready_changed_age < began
    # Later only a pod that never was ready is set aside: it became unready right after its start.
    return not pod.ready and pod.start_age - readiness_delay_seconds < pod.ready_changed_age
