"""The seam between control plane and data plane: what both engines take, offer and leave behind.

A data plane serves the requests of one service graph between two control events. `reference` (plain SimPy) and
`compiled` (Numba) keep this protocol and agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sim.spec.endpoint import Endpoint
from sim.spec.mesh import Mesh
from sim.spec.model import EMPTY
from sim.spec.service import ResolvedVersion


class Reason(IntEnum):
    """How an attempt ended. TIMEOUT answers 504, RATE_LIMITED 429, ERROR the fault's own status, ABANDONED (the
    user has left) and CANCELLED (the caller has ended) 499 to nobody, DEPENDENCY (a required call failed) 500, all
    others but OK 503.
    """

    OK = 0
    ERROR = 1
    SHED = 2
    TIMEOUT = 3
    RESET = 4
    REFUSED = 5
    NO_ENDPOINT = 6
    CIRCUIT_OPEN = 7
    ABANDONED = 8
    RATE_LIMITED = 9
    DEPENDENCY = 10
    CANCELLED = 11


STATUS_CODES = 600


@dataclass(frozen=True)
class Reactions:
    """What users do after an answer: further requests, numbered after those that arrive by themselves.

    roots: how many arrive by themselves. after_failure, after_success: int64 (n,), the request that follows an answer,
    -1 for none; a failure is an answer of one of `failures`: bool (600,), by status. wait: float64 (n,), seconds from
    the answer to this request. Nothing arrives from `end` on.
    """

    roots: int
    after_failure: NDArray[np.int64]
    after_success: NDArray[np.int64]
    wait: NDArray[np.float64]
    failures: NDArray[np.bool_]
    end: float


@dataclass(frozen=True)
class Requests:
    """The users' requests of one run, drawn before it: the same for every strategy and for both engines.

    arrival: float64 (n,), seconds since the release started, non-decreasing, from -warmup to below duration.
    user: int32 (n,), index of the user. segment_of_user: int16 (users,), index of the segment in the order of the
    scenario, -1 for none. sticky_of_user, conversion_of_user: float64 (users,), strictly inside (0, 1).
    conversion: float64 (n,), the request's own number, for conversion per request. segments: their names, by index.
    endpoint: int16 (n,), index of what the request asks for; None where there are no endpoints. endpoints: by name.
    patience: float64 (n,), seconds after which the user leaves without an answer; None where all wait. reactions: what
    follows answers; then arrival is nan for what has not come (yet), and the others are not in order. key: int64 (n,),
    what a request was numbered before those that never came were left out; None where all came.
    """

    seed: int
    replication: int
    arrival: NDArray[np.float64]
    user: NDArray[np.int32]
    segment_of_user: NDArray[np.int16]
    sticky_of_user: NDArray[np.float64]
    conversion_of_user: NDArray[np.float64]
    conversion: NDArray[np.float64]
    segments: tuple[str, ...] = ()
    endpoint: NDArray[np.int16] | None = None
    endpoints: Mapping[str, Endpoint] = EMPTY
    patience: NDArray[np.float64] | None = None
    reactions: Reactions | None = None
    key: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Route:
    """Where the requests of the routed service go from now on.

    weights: (version, percent) in order, adding to 100: the first version whose cumulative percent exceeds
    100 x the request's number (the user's own when `sticky`) serves it. match: (segment, version), looked at first.
    mirror: (version, percent) or None, a copy of each user request. by_pods: one pool of all endpoints of the
    service, weights unused (the share follows the pods). keeps: a version whose weight keeps the users it has once
    been given to (a cookie), until its weight is 0 or another one keeps; -1: none does.
    """

    weights: tuple[tuple[int, float], ...] = ()
    match: tuple[tuple[int, int], ...] = ()
    mirror: tuple[int, float] | None = None
    sticky: bool = False
    by_pods: bool = False
    keeps: int = -1

    @property
    def keeps_users(self) -> bool:
        """Return whether a version keeps its users."""
        return any(version == self.keeps and percent > 0 for version, percent in self.weights)


@dataclass(frozen=True)
class PlaneConfig:
    """All a data plane needs to know before it starts.

    versions: index = version number, resolved; users call the service of the first one, which may call the others.
    mesh: None is plain Kubernetes (random pod, no retries, no timeout). routed: the service that `route` is of, None
    for the first; any other one is served by its first version.
    """

    versions: tuple[ResolvedVersion, ...]
    requests: Requests
    mesh: Mesh | None
    route: Route
    start: float
    routed: str | None = None


@dataclass(frozen=True)
class Answers:
    """One row per finished user request or mirrored copy, in order of finish; a view, valid until the next `advance`.

    request: int64, its number. copy: int8, 1 for a mirrored copy. version: int16 and pod: int32, of the last attempt
    (-1: not reached). attempts: int16. start: float64 seconds, service start of the last attempt (nan: never started).
    finish: float64 seconds, non-decreasing. status: int16, HTTP status. reason: int8, see Reason.
    """

    request: NDArray[np.int64]
    copy: NDArray[np.int8]
    version: NDArray[np.int16]
    pod: NDArray[np.int32]
    attempts: NDArray[np.int16]
    start: NDArray[np.float64]
    finish: NDArray[np.float64]
    status: NDArray[np.int16]
    reason: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.request)


@dataclass(frozen=True)
class Calls:
    """One row per call of one service by another that has ended, in order of finish; a view as Answers.

    request: int64, the user's. copy: int8, 1 for what a mirrored copy calls, and for mirrored copies of calls. path:
    int64, who called whom, attempt by attempt (see sim.engine.edges). service: int16, who was called, by number.
    at: float64 seconds, when the call was made. version, pod, attempts, start, finish, status, reason: as in Answers.
    """

    request: NDArray[np.int64]
    copy: NDArray[np.int8]
    path: NDArray[np.int64]
    service: NDArray[np.int16]
    at: NDArray[np.float64]
    version: NDArray[np.int16]
    pod: NDArray[np.int32]
    attempts: NDArray[np.int16]
    start: NDArray[np.float64]
    finish: NDArray[np.float64]
    status: NDArray[np.int16]
    reason: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.request)


@dataclass(frozen=True)
class Ejection:
    """A pod that the mesh stopped using (or took back) at a moment, by outlier detection."""

    at: float
    pod: int
    returned: bool


@dataclass(frozen=True)
class Load:
    """State per version at the engine's moment: waiting and in_service requests (abandoned work included in service),
    busy_seconds = integral of busy workers since the start, the sum over the version's pods in order.
    """

    waiting: NDArray[np.int64]
    in_service: NDArray[np.int64]
    busy_seconds: NDArray[np.float64]


@dataclass(frozen=True)
class PodLoad:
    """State per pod at the engine's moment, by number of the pod: attempts started so far (int64), the integral of busy
    workers so far, abandoned work included (float64, seconds), and attempts waiting now (int64).
    """

    started: NDArray[np.int64]
    busy_seconds: NDArray[np.float64]
    waiting: NDArray[np.int64]


class Engine(Protocol):
    """A data plane. Every change takes effect at the moment of the last `advance`."""

    def advance(self, until: float) -> None:
        """Serve every event with time <= until (seconds). `math.inf`: until nothing is in flight."""

    def add_pod(self, pod: int, version: int) -> None:
        """Make pod `pod` (numbers count up from 0) known: no endpoint yet, and refusing connections."""

    def listen(self, pod: int, since: float) -> None:
        """The application of the pod accepts connections; its age for cold starts counts from `since` (-inf: warm)."""

    def stop_listening(self, pod: int) -> None:
        """SIGTERM: new connections are refused, what the pod holds is finished."""

    def add_endpoint(self, pod: int) -> None:
        """Balancers now use the pod (appended to the ready list of its version and of its service)."""

    def remove_endpoint(self, pod: int) -> None:
        """Balancers stop using the pod; what it holds is finished."""

    def kill(self, pod: int) -> None:
        """SIGKILL or crash: all that the pod holds is reset, in request order; it refuses everything until `listen`."""

    def is_idle(self, pod: int) -> bool:
        """True when the pod serves nothing, and nothing waits at it or for calls that it has made."""

    def set_route(self, route: Route) -> None:
        """Use `route` for requests from now on; a request that has arrived keeps its version."""

    def load(self) -> Load:
        """Return queue and busy workers per version now."""

    def pod_load(self) -> PodLoad:
        """Return what each pod has worked so far."""

    @property
    def requests(self) -> Requests:
        """Return the requests; of those that follow answers, `arrival` is filled in as they come."""

    def answers(self) -> Answers:
        """Return all rows so far."""

    def calls(self) -> Calls:
        """Return the rows of all calls between services so far."""

    def foreseen(self) -> int:
        """Return how many requests so far were served without an event heap, to the same rows."""

    def ejections(self) -> Sequence[Ejection]:
        """Return all ejections and returns so far, in order."""
