"""What the reference engine is made of: answers, pools, pods, calls and attempts; reference.py says what they do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sim.balancers import Rules
from sim.engine.edges import ATTEMPT_BITS, Edge
from sim.engine.protocol import Reason
from sim.engine.reference_connections import Connections, Count
from sim.engine.reference_latency import Latency
from sim.engine.reference_outlier import NO_RATES, Outlier, Rates
from sim.engine.reference_rate_limit import Bucket
from sim.engine.reference_schedule import Schedule
from sim.engine.reference_service import Luck
from sim.engine.reference_sharing import Sharing
from sim.spec.reaction import ABANDONED_STATUS

COPY_SHIFT, REQUEST_SHIFT = 61, 64


@dataclass(frozen=True)
class Answer:
    """How an attempt, or the whole request, ended. is_final: the mesh does not even think of a retry."""

    reason: Reason
    status: int
    is_final: bool = False


OK = Answer(Reason.OK, 200, is_final=True)
SHED, RESET, REFUSED = Answer(Reason.SHED, 503), Answer(Reason.RESET, 503), Answer(Reason.REFUSED, 503)
NO_ENDPOINT = Answer(Reason.NO_ENDPOINT, 503, is_final=True)
CIRCUIT_OPEN = Answer(Reason.CIRCUIT_OPEN, 503, is_final=True)
ABANDONED = Answer(Reason.ABANDONED, ABANDONED_STATUS, is_final=True)
RATE_LIMITED, RATE_LIMITED_BY_PROXY = Answer(Reason.RATE_LIMITED, 429), Answer(Reason.RATE_LIMITED, 429, is_final=True)
DEPENDENCY, CANCELLED = Answer(Reason.DEPENDENCY, 500), Answer(Reason.CANCELLED, 499, is_final=True)
ATTEMPT_TIMED_OUT, REQUEST_TIMED_OUT = Answer(Reason.TIMEOUT, 504), Answer(Reason.TIMEOUT, 504, is_final=True)


@dataclass(eq=False)
class Pool:
    """Pods among which a balancer picks. ejected: how many more there are that the mesh does not use at present.

    every: all of them, for a balancer that takes what it can get. rates: how the pods compared at the last look.
    requests: under way. ring: for the consistent hash, None until it is made.
    schedule: while pods may warm up. joined: when the last one came.
    """

    ready: list[Pod] = field(default_factory=list)
    cursor: int = 0
    ejected: int = 0
    every: Pool | None = None
    rates: Rates = NO_RATES
    requests: int = 0
    rules: Rules = field(default_factory=Rules)
    ring: list[int] | None = None
    schedule: Schedule | None = None
    joined: float = -math.inf
    connections: Count = field(default_factory=Count)

    def add(self, pod: Pod) -> None:
        """Use a pod, last."""
        self.ready.append(pod)
        self.ring = None

    def remove(self, pod: Pod) -> None:
        """Use a pod no longer."""
        self.ready.remove(pod)
        self.ring = None


def new_pool(rules: Rules, start: float) -> Pool:
    """Return a pool without pods."""
    return Pool(rules=rules, joined=start, every=Pool(rules=rules, joined=start))


@dataclass(eq=False)
class Callee:
    """A service as its callers see it: the pool of all its pods, calls under way, and retries among them."""

    whole: Pool
    in_flight: int = 0
    retrying: int = 0


@dataclass
class Busy:
    """The number of busy workers of a version or of a pod, and its integral over time."""

    since: float = 0.0
    workers: int = 0
    area: float = 0.0

    def change(self, now: float, change: int) -> None:
        """Change the number."""
        self.area, self.since = self.seconds(now), now
        self.workers += change

    def seconds(self, now: float) -> float:
        """Return the integral up to now."""
        return self.area + self.workers * (now - self.since)


@dataclass(eq=False)
class Pod:
    """A pod: its workers, its queue, and what the mesh remembers of it.

    serving, waiting: attempts whose caller still waits, in order. calling: those whose own work is done and that wait
    for the calls they have made. lost: those that are about to be reset. travelling: those on the network.
    busy: workers, those with abandoned work included. lives: how often it was killed. ordinal: how many of its version
    came before. luck: decides about faults.
    """

    number: int
    version: int
    ordinal: int = 0
    luck: float = 0.0
    listens: bool = False
    since: float = math.nan
    lives: int = 0
    serving: dict[Attempt, None] = field(default_factory=dict)
    waiting: dict[Attempt, None] = field(default_factory=dict)
    calling: dict[Attempt, None] = field(default_factory=dict)
    lost: dict[Attempt, None] = field(default_factory=dict)
    travelling: dict[Attempt, None] = field(default_factory=dict)
    busy: Busy = field(default_factory=Busy)
    sharing: Sharing = field(default_factory=Sharing)
    started: int = 0
    is_endpoint: bool = False
    outlier: Outlier = field(default_factory=Outlier)
    latency: Latency = field(default_factory=Latency)
    joined: float = -math.inf
    bucket: Bucket | None = None
    connections: dict[Pool, Connections[Attempt]] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """Return the number of requests here that nobody has given up."""
        return len(self.serving) + len(self.waiting) + len(self.calling) + len(self.travelling)

    @property
    def places(self) -> tuple[dict[Attempt, None], ...]:
        """Return where an attempt can be at the pod."""
        return self.serving, self.waiting, self.calling, self.lost, self.travelling

    @property
    def at_pod(self) -> tuple[dict[Attempt, None], ...]:
        """Return where those are that a kill resets."""
        return self.serving, self.waiting, self.calling

    @property
    def held_up(self) -> int:
        """Return how many requests there are beyond its busy workers."""
        return len(self.waiting) + max(len(self.sharing.running) - self.busy.workers, 0)

    def cost(self, now: float) -> float:
        """Return what one more request here costs the ewma balancer."""
        return self.latency.cost(now, self.requests)


@dataclass(eq=False)
class Call:
    """A request of a user or of a service, or a mirrored copy of one.

    copy: 1 for a mirrored copy, and for what it calls in its turn. mirrored: nobody waits for it. at: when it was made.
    news: the SimPy event that wakes the caller.
    """

    request: int
    copy: int
    pool: Pool
    edge: Edge
    path: int = 0
    mirrored: bool = False
    at: float = math.nan
    attempts: list[Attempt] = field(default_factory=list)
    news: Any = None
    is_over: bool = False

    @property
    def key(self) -> int:
        """Return its place among the retries of one instant: by request, a copy after its original, by path."""
        return self.request << REQUEST_SHIFT | self.copy << COPY_SHIFT | self.path << ATTEMPT_BITS


@dataclass(eq=False)
class Attempt:
    """One try of a call: at which pod, with which numbers, served since when.

    stages: the calls it still has to make. asked: those it waits for. over: the event for which its worker waits.
    """

    call: Call
    luck: Luck
    pod: Pod | None = None
    start: float = math.nan
    sent: float = math.nan
    stages: Iterator[tuple[Edge, ...]] = field(default_factory=lambda: iter(()))
    asked: list[Call] = field(default_factory=list)
    over: Any = None
    back: float = math.nan  # its number for the network's way back

    @property
    def number(self) -> int:
        """Return which try it is, from 0."""
        return self.call.attempts.index(self)

    @property
    def key(self) -> int:
        """Return its place among completions of one instant."""
        return self.call.key | self.number
