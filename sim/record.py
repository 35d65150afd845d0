"""What a run leaves behind: append-only rows, nothing that still runs. Everything shown is a function of this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.engine.protocol import Answers, Ejection, Requests

Outcome = Literal["promoted", "rolled_back", "kept", "paused", "failed", "in_progress"]
Verdict = Literal["pass", "inconclusive", "fail", "error"]


@dataclass
class PodRow:
    """The life of one pod; moments in seconds since the release started, nan = not (yet)."""

    pod: int
    name: str
    service: str
    version: str
    created_at: float
    started_at: float = np.nan
    ready_at: float = np.nan
    available_at: float = np.nan
    terminating_at: float = np.nan
    gone_at: float = np.nan
    reason: str = ""


@dataclass(frozen=True)
class Event:
    """One thing that happened. source: who did it; kind: one word; subject: to what; message: one sentence.

    From a strategy (source: its type): `step` (a planned step begins; subject: its index in `steps_text()`), `scale`
    (pods asked for), `weight` (percent asked for the new version), `match`, `mirror`, `pause` (waits for time or a
    person), `promote`, `abort`, `deadline` (no progress for too long), `phase` (subject: Flagger's word), `halt` (a
    failed check holds the release), `outcome` (settled; subject: the outcome).
    From who decides (source: analysis, person or the strategy itself): `undo` (subject: the version), `approve`.
    From `analysis`: `successful`, `failed`, `error`, `inconclusive`. From `alert`: `firing`, `resolved`. From `person`:
    `looks`. From the `kubelet` (subject: the pod): `pod` (unready by its probe), `restart` (by its liveness or startup
    probe), `crash`, `kill`. From the `cluster` (subject: the pod): `pending` (no room, or its volume is in use), and
    of a drained node `evict`, `refused` (by its budget); (subject: the node) `cordon`, `drained`, `uncordon`.
    From `incident` (subject: the service): `begins`, `ends`.
    From `operator` (subject: the command): `operation`, `refused`; what it sets off comes from the strategy.
    """

    at_seconds: float
    source: str
    kind: str
    subject: str
    message: str


@dataclass(frozen=True)
class Decision:
    """One look of a judge or alert. value, low, high, threshold: in the metric's unit, nan when unknown."""

    at_seconds: float
    judge: str
    metric: str
    value: float
    low: float
    high: float
    threshold: float
    samples: int
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class RouteChange:
    """requested: percent asked for the new version at `at_seconds`; in_force_at: when it was followed (nan: never).

    Where pods make the share nothing propagates: what is asked for counts as in force, and the pods say the rest.
    """

    at_seconds: float
    requested: float
    in_force_at: float


@dataclass(frozen=True)
class Samples:
    """State per version at whole seconds, after everything else of that moment.

    at: float64 (t,). pods_ready, waiting: int64 (t, versions). busy_seconds, worker_seconds: float64 (t, versions),
    integrals since the start of busy workers and of workers of ready pods.
    """

    at: NDArray[np.float64]
    pods_ready: NDArray[np.int64]
    waiting: NDArray[np.int64]
    busy_seconds: NDArray[np.float64]
    worker_seconds: NDArray[np.float64]


@dataclass(frozen=True)
class PodChange:
    """From this moment `ready` pods of the version were ready and `existing` existed (any phase but gone)."""

    at_seconds: float
    version: int
    ready: int
    existing: int


@dataclass(frozen=True)
class WantedChange:
    """From this moment a service was to have `replicas` pods; before the first, as many as its file says."""

    at_seconds: float
    service: str
    replicas: int


@dataclass(frozen=True)
class Record:
    """Everything a run left behind.

    service: the released service (the entry service in a plain run). service_versions: (service, version) by version
    number of the data plane; stable and candidate are such numbers.
    settled_at: when the rollout ended either way (nan: it did not).
    """

    scenario_name: str
    strategy: str
    type: str
    seed: int
    replication: int
    engine: str
    warmup: float
    duration: float
    service: str
    service_versions: tuple[tuple[str, str], ...]
    stable: int
    candidate: int | None
    requests: Requests
    answers: Answers
    ejections: tuple[Ejection, ...]
    pods: tuple[PodRow, ...]
    pod_changes: tuple[PodChange, ...]
    routes: tuple[RouteChange, ...]
    events: tuple[Event, ...]
    decisions: tuple[Decision, ...]
    samples: Samples
    outcome: Outcome
    outcome_reason: str
    settled_at: float
    detections: tuple[float, ...]
    """Moments at which somebody or something noticed: first FAIL of a judge, alert, progress deadline, crash loop."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """How the run was made. foreseen_requests: served by a recursion instead of the event heap, to the same rows."""
    wanted: tuple[WantedChange, ...] = ()
