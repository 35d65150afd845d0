"""Records written by hand: a few rows in, a real Record out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.engine.protocol import Answers, Reason, Requests
from sim.record import PodChange, PodRow, Record, Samples

USERS = 10
TESTERS = (8, 9)
GOLD = (7,)
DURATION = 180.0


class Answered(NamedTuple):
    """A user request and its answer; `copies` of it went to the new version."""

    arrival: float
    user: int = 0
    version: int = 0
    latency: float = 0.1
    status: int = 200
    reason: Reason = Reason.OK
    attempts: int = 1
    pod: int = 0
    copies: int = 0


def failed(arrival: float, user: int = 0, version: int = 0, **more: Any) -> Answered:
    return Answered(arrival, user, version, status=500, reason=Reason.ERROR, **more)


def unreached(arrival: float, user: int = 0) -> Answered:
    return Answered(arrival, user, version=-1, latency=0.0, status=503, reason=Reason.NO_ENDPOINT, pod=-1)


def record(rows: Sequence[Answered], **changes: Any) -> Record:
    """Return a record of those requests: version 0 is v1 and stable, 1 is v2."""
    values: dict[str, Any] = {
        "scenario_name": "hand-worked",
        "strategy": "canary",
        "type": "canary",
        "seed": 1,
        "replication": 0,
        "engine": "compiled",
        "warmup": 10.0,
        "duration": DURATION,
        "service": "shop",
        "service_versions": (("shop", "v1"), ("shop", "v2")),
        "stable": 0,
        "candidate": 1,
        "requests": requests(rows),
        "answers": answers(rows),
        "ejections": (),
        "pods": (PodRow(0, "shop-v1-0", "shop", "v1", -10.0, -10.0, -10.0, -10.0),),
        "pod_changes": (PodChange(-10.0, 0, 4, 4),),
        "routes": (),
        "events": (),
        "decisions": (),
        "samples": samples(),
        "outcome": "rolled_back",
        "outcome_reason": "",
        "settled_at": 100.0,
        "detections": (),
    }
    return Record(**(values | changes))


def requests(rows: Sequence[Answered]) -> Requests:
    segment = np.full(USERS, -1, np.int16)
    segment[list(TESTERS)] = 0
    segment[list(GOLD)] = 1
    return Requests(
        seed=1,
        replication=0,
        arrival=np.array([row.arrival for row in rows], np.float64),
        user=np.array([row.user for row in rows], np.int32),
        segment_of_user=segment,
        sticky_of_user=np.linspace(0.05, 0.95, USERS),
        conversion_of_user=np.linspace(0.05, 0.95, USERS),
        conversion=np.full(len(rows), 0.3),
    )


def answers(rows: Sequence[Answered]) -> Answers:
    told = [(row.arrival + row.latency, number, 0, row) for number, row in enumerate(rows)]
    told += [
        (row.arrival + row.latency, number, 1, row._replace(version=1))
        for number, row in enumerate(rows)
        for _ in range(row.copies)
    ]
    told.sort(key=lambda one: one[:3])
    return Answers(
        request=np.array([number for _, number, _, _ in told], np.int64),
        copy=np.array([copy for _, _, copy, _ in told], np.int8),
        version=np.array([row.version for *_, row in told], np.int16),
        pod=np.array([row.pod for *_, row in told], np.int32),
        attempts=np.array([row.attempts for *_, row in told], np.int16),
        start=np.array([row.arrival for *_, row in told], np.float64),
        finish=np.array([finish for finish, *_ in told], np.float64),
        status=np.array([row.status for *_, row in told], np.int16),
        reason=np.array([row.reason for *_, row in told], np.int8),
    )


def samples() -> Samples:
    """Return samples in which version 0 has 4 half-busy workers and one request waiting, version 1 nothing."""
    at = np.arange(-10.0, DURATION + 1)
    shape = (len(at), 2)
    ready, waiting, busy, workers = (
        np.zeros(shape, np.int64),
        np.zeros(shape, np.int64),
        np.zeros(shape),
        np.zeros(shape),
    )
    ready[:, 0], waiting[:, 0] = 4, 1
    busy[:, 0], workers[:, 0] = 2 * (at + 10), 4 * (at + 10)
    return Samples(at, ready, waiting, busy, workers)
