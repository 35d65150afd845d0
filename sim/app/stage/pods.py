"""Pods as places in the mesh: a place is free again when its pod has gone."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sim.app.stage.marks import BEYOND, SHOWN_PODS
from sim.record import PodRow

STARTING, READY, ENDING, GONE = range(4)
BEYOND_INTERVAL = 1.0
"""Seconds between two counts of the pods that are not shown one by one."""


@dataclass(frozen=True)
class Places:
    """Where the mesh shows each pod.

    of_pod: pod number to place. slots: shown places by version. has_beyond: whether some pods of it are not shown.
    """

    of_pod: dict[int, int]
    slots: tuple[int, ...]
    has_beyond: tuple[bool, ...]


def places(pods: Sequence[Sequence[PodRow]]) -> Places:
    """Return a place for every pod; `pods` by version, stable first."""
    chosen = [_places_of(rows) for rows in pods]
    of_pod = {pod: place for version in chosen for pod, place in version.items()}
    slots = tuple(1 + max((p for p in version.values() if p != BEYOND), default=-1) for version in chosen)
    return Places(of_pod, slots, tuple(BEYOND in version.values() for version in chosen))


def phases(pods: Sequence[Sequence[PodRow]], where: Places) -> list[list[int]]:
    """Return [milliseconds, version, place, phase] for the shown pods, in order; what was before 0 is told at 0."""
    lives = ((version, pod) for version, those in enumerate(pods) for pod in sorted(those, key=_age))
    rows = [
        [milliseconds(at), version, where.of_pod[pod.pod], phase]
        for version, pod in lives
        if where.of_pod[pod.pod] != BEYOND
        for at, phase in _life(pod)
    ]
    # Stable: at one moment a pod that goes comes before the younger one that takes its place.
    return sorted(rows, key=lambda row: row[0])


def beyond(pods: Sequence[Sequence[PodRow]], where: Places) -> list[list[int]]:
    """Return [milliseconds, version, starting, ready, ending] of the pods that are not shown, once a second at most."""
    rows = []
    for version, those in enumerate(pods):
        lives = sorted(
            (at, i, phase) for i, pod in enumerate(those) if where.of_pod[pod.pod] == BEYOND for at, phase in _life(pod)
        )
        rows += [[milliseconds(at), version, *counts] for at, counts in _thinned(lives)]
    return sorted(rows, key=lambda row: row[0])


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds since the release started; earlier is 0."""
    return max(0, round(seconds * 1000))


def _places_of(pods: Sequence[PodRow]) -> dict[int, int]:
    places: dict[int, int] = {}
    free, busy = list(range(SHOWN_PODS)), list[tuple[float, int]]()
    for pod in sorted(pods, key=_age):
        while busy and busy[0][0] <= pod.created_at:
            heapq.heappush(free, heapq.heappop(busy)[1])
        places[pod.pod] = heapq.heappop(free) if free else BEYOND
        if places[pod.pod] != BEYOND:
            heapq.heappush(busy, (math.inf if math.isnan(pod.gone_at) else pod.gone_at, places[pod.pod]))
    return places


def _age(pod: PodRow) -> tuple[float, int]:
    return pod.created_at, pod.pod


def _life(pod: PodRow) -> Iterator[tuple[float, int]]:
    moments = ((pod.created_at, STARTING), (pod.ready_at, READY), (pod.terminating_at, ENDING), (pod.gone_at, GONE))
    return ((at, phase) for at, phase in moments if not math.isnan(at))


def _thinned(lives: Sequence[tuple[float, int, int]]) -> Iterator[tuple[float, list[int]]]:
    phase_of: dict[int, int] = {}
    for second, changes in itertools.groupby(lives, key=lambda change: math.ceil(change[0] / BEYOND_INTERVAL)):
        phase_of |= {pod: phase for _, pod, phase in changes}
        yield (
            second * BEYOND_INTERVAL,
            [sum(p == phase for p in phase_of.values()) for phase in (STARTING, READY, ENDING)],
        )
