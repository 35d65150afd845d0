"""One run: the clock, the pods, the traffic and the record, and the one place where the engine is driven."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, cast

import simpy

from sim.cluster.alert import start_alerts
from sim.cluster.autoscaling.start import start_autoscalers
from sim.cluster.cast import cast_of
from sim.cluster.clock import STRATEGY, Clock, Rank
from sim.cluster.guard import WALL_CLOCK_LIMIT_SECONDS, Guard
from sim.cluster.incidents import start_incidents
from sim.cluster.journal import Journal
from sim.cluster.operator import start_operations
from sim.cluster.placement import placement_of
from sim.cluster.pod import Pod
from sim.cluster.primary import answers_of_versions, record_of_versions
from sim.cluster.replica_set import ReplicaSet
from sim.cluster.sampler import Sampler
from sim.cluster.tally import Tally
from sim.cluster.traffic import Traffic
from sim.cluster.wanted import Part, Wanted
from sim.engine import build, draw_requests
from sim.engine.called import called_services, calls_to, services_of
from sim.engine.fault_pods import meets, pod_luck
from sim.engine.keyed import Purpose, uniforms
from sim.engine.protocol import Answers, Calls, PlaneConfig, Requests, Route
from sim.engine.settled import settled
from sim.engine.variates import quantile
from sim.record import Decision, Event, Outcome, PodRow, Record, Samples
from sim.spec.distributions import Constant, Law
from sim.spec.fault import Fault
from sim.spec.service import ResolvedVersion

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.strategies.rollout import Rollout

DIGEST_BYTES = 7
"""A name becomes a number below 2^56: exact in every integer type."""


class Strategy(Protocol):
    """What a run needs to know of a strategy's spec."""

    kind: ClassVar[str]
    has_primary: ClassVar[bool]

    @property
    def has_baseline(self) -> bool:
        """Return whether a fresh baseline runs beside the canary."""

    @property
    def followed_by(self) -> str | None:
        """Return the name of the strategy that goes on when this one has done its part."""

    def shares_by_pods(self, has_mesh: bool) -> bool:
        """Return whether the share of users follows the pods."""

    def begin(self, world: World) -> Rollout:
        """Return the rollout, not yet started."""


class World:
    """A scenario under one strategy, from the warm-up to the end. `run` may be called once."""

    def __init__(
        self,
        scenario: Scenario,
        strategy: str,
        *,
        seed: int | None = None,
        replication: int = 0,
        engine: Literal["compiled", "reference"] = "compiled",
        requests: Requests | None = None,
        wall_clock_limit: float = WALL_CLOCK_LIMIT_SECONDS,
    ) -> None:
        self.scenario = scenario
        self.strategy_name = strategy
        self.strategy = cast("Strategy", scenario.strategies[strategy])
        self.seed = scenario.seed if seed is None else seed
        self.replication = replication
        self.engine_kind = engine
        self.release = scenario.release
        self.env = Clock(initial_time=0.0 - scenario.warmup)
        told = self._told()
        self._cast = who = cast_of(scenario, any(s.has_primary for s in told), any(s.has_baseline for s in told))
        self.service, self.stable, self.candidate = who.service, who.stable, who.candidate
        self.primary, self.baseline, self.applied = who.primary, who.baseline, who.applied
        drawn = requests if requests is not None and requests.key is None else self._draw_requests()
        route = self._first_route()
        routed = None if self.is_released_service_entry else self.service
        config = PlaneConfig(who.versions, drawn, scenario.mesh, route, start=self.now, routed=routed)
        self.engine = build(engine, config)
        self.requests = self.engine.requests
        self.wanted = Wanted()
        self.replica_sets = self._first_sets()
        self._twins: list[ReplicaSet] = []
        self.pods: list[Pod] = []
        self.placement = placement_of(self)
        self.tally = Tally(self.replica_sets, self.now)
        self.traffic = Traffic(self, route)
        self._settled_up_to = self.now
        self._changed = self.env.event()
        self._sampler = Sampler(self, self.now, scenario.duration)
        self._guard = Guard(wall_clock_limit)
        self._journal = Journal()
        self._digests: dict[str, int] = {}
        self.rollout: Rollout = self.strategy.begin(self)

    def run(self) -> Record:
        """Return the record of the whole run."""
        for number in self._cast.at_first:
            self.replica_sets[number].start_warm(self.replica_sets[number].wanted)
        start_autoscalers(self)
        self.env.call(0.0, STRATEGY, 0, self.rollout.start)
        start_alerts(self)
        start_incidents(self)
        start_operations(self)
        self._run_control(self.scenario.duration)
        self.rollout.close()
        self.engine.advance(math.inf)
        record = self._record()
        # A world refers to itself and goes when the collector comes; its tables of requests must not wait for that.
        del self.engine, self.requests
        return record

    def _run_control(self, end: float) -> None:
        """Carry out control events before `end` and take samples up to it, `end` included."""
        env, sampler, guard = self.env, self._sampler, self._guard
        while (at := env.peek()) < end:
            if sampler.next_at < at:
                guard.check_time(at)
                sampler.take_before(at)
            env.step()
            guard.check(at)
        sampler.take_before(math.nextafter(end, math.inf))
        env.pass_until(end)
        self.settle()

    def settle(self, until: float | None = None) -> None:
        """Serve all requests up to now (or `until`): before any change of the data plane and any measurement."""
        at = self.env.now if until is None else until
        if at > self._settled_up_to:
            self.engine.advance(at)
            self._settled_up_to = at

    @property
    def now(self) -> float:
        """Return seconds since the release started."""
        return self.env.now

    @property
    def is_released_service_entry(self) -> bool:
        """True when users call the released service itself."""
        return self.service == self._cast.versions[0].service

    @property
    def versions(self) -> tuple[ResolvedVersion, ...]:
        """Return the specs of all versions, by number."""
        return self._cast.versions

    def resolved(self, version: int) -> ResolvedVersion:
        """Return the spec of a version by number."""
        return self._cast.versions[version]

    def answers(self) -> Answers:
        """Return every answer up to now."""
        self.settle()
        return self._answers()

    def answers_apart(self) -> Answers:
        """Return every answer up to now to users, a baseline's with a version of its own."""
        self.settle()
        return self.engine.answers()

    def calls_to(self, service: str, *, is_apart: bool = False) -> Answers | Calls:
        """Return every answer up to now to those who call a service: users, or other services.

        is_apart: a baseline's with a version of its own.
        """
        if service == self._cast.versions[0].service:
            return self.answers_apart() if is_apart else self.answers()
        self.settle()
        calls = calls_to(self.engine.calls(), services_of(self._cast.versions).index(service))
        apart = self._cast.apart if service == self.service and not is_apart else None
        return calls if apart is None else answers_of_versions(calls, *apart)

    def load_samples(self) -> Samples:
        """Return the samples of whole seconds so far and, as the last row, the present moment."""
        return self._sampler.so_far()

    def last_scrape(self, now: float) -> float:
        """Return the last moment at or before `now` at which metrics were scraped."""
        interval = self.scenario.monitoring.scrape_interval
        scrape = math.floor(now / interval)
        # The division may round a scrape's own moment to just below it.
        return (scrape + 1 if (scrape + 1) * interval <= now else scrape) * interval

    def changed(self) -> simpy.Event:
        """Return an event for the next change of any pod, in the strategy's turn of that instant."""
        return self._changed

    def at(self, delay: float, rank: Rank, key: int = 0) -> simpy.Event:
        """Return an event `delay` seconds from now, in the turn of its rank."""
        return self.env.after(delay, rank, key)

    def want(self, service: str, replicas: int, why: str, part: Part = "") -> None:
        """Want `replicas` pods of a service (or a part of it) from now on: whoever moves its pods follows."""
        self.wanted.change(self.now, service, replicas, part)
        if service == self.service:
            self.rollout.follow_wanted(why)
            return
        for replica_set in self.sets_of(service):
            replica_set.scale(replicas, why)

    def request_undo(self, reason: str, source: str = "person") -> bool:
        """Undo the release, unless that was done already or there is nothing to undo; return whether it is."""
        return self.rollout.request_undo(reason, source)

    def log(self, source: str, kind: str, subject: str, message: str) -> None:
        """Record an event now."""
        self._journal.events.append(Event(self.now, source, kind, subject, message))

    def decide(self, decision: Decision) -> None:
        """Record one look of a judge or alert."""
        self._journal.decisions.append(decision)

    def detect(self, at: float) -> None:
        """Record that somebody or something noticed."""
        self._journal.detections.append(at)

    def pods_changed(self, replica_set: ReplicaSet) -> None:
        """Count the pods of a set again and wake whoever waits for pods."""
        self.tally.count(replica_set, self.now)
        if not self._changed.triggered:
            # First of all: who is woken and waits again must wait for the change after this one.
            self._changed.callbacks.insert(0, self._expect_next_change)
            self.env.fire(self._changed, STRATEGY)

    def new_pod(self, replica_set: ReplicaSet, ordinal: int) -> Pod:
        """Return a new pod with the next number."""
        pod = Pod(self, replica_set, len(self.pods), ordinal)
        self.pods.append(pod)
        return pod

    def faults_of(self, replica_set: ReplicaSet) -> tuple[Fault, ...]:
        """Return the faults that the next pod of a set meets; some are for a few pods of the version only."""
        faults, number = replica_set.resolved.faults, replica_set.number
        if all(fault.pods is None for fault in faults):
            return faults
        ordinal = sum(pod.version_number == number for pod in self.pods)
        luck = pod_luck(self.seed, self.replication, number, ordinal)
        return tuple(fault for fault in faults if meets(fault, ordinal, luck))

    def law(self, law: Law, ordinal: int, what: str) -> float:
        """Return a delay of the control plane: the `ordinal`-th of what it is for."""
        if isinstance(law, Constant):
            return law.value
        key = self._digests.get(what)
        if key is None:
            key = self._digests[what] = int.from_bytes(blake2b(what.encode(), digest_size=DIGEST_BYTES).digest(), "big")
        return quantile(law, uniforms(self.seed, self.replication, Purpose.CONTROL, key, ordinal, 0)[0])

    def pod_startup(self, law: Law, version: int, ordinal: int) -> float:
        """Return the start-up time of a version's pod."""
        if isinstance(law, Constant):
            return law.value
        service = list(self.scenario.services).index(self._cast.versions[version].service)
        return quantile(law, uniforms(self.seed, self.replication, Purpose.POD, service, version, ordinal)[0])

    def replica_set_of(self, version: str) -> ReplicaSet:
        """Return the first set of a version of the released service."""
        return self.replica_sets[self._cast.number(version)]

    def another_set(self, like: ReplicaSet, restarted_at: float | None = None) -> ReplicaSet:
        """Return a new set of the same version under a template of its own: that of a restart, by default now."""
        made = like.twin(self, self.now if restarted_at is None else restarted_at)
        self._twins.append(made)
        return made

    def sets_of(self, service: str) -> list[ReplicaSet]:
        """Return every set of a service."""
        return [each for each in (*self.replica_sets, *self._twins) if each.resolved.service == service]

    def _told(self) -> list[Strategy]:
        """Return the strategy and the one that may follow it."""
        then = self.strategy.followed_by
        return [self.strategy, *([] if then is None else [cast("Strategy", self.scenario.strategies[then])])]

    def _first_sets(self) -> tuple[ReplicaSet, ...]:
        """Return a set for each version, those of a primary, a canary and a baseline told apart."""
        versions = self._cast.versions
        called = called_services(versions)
        sets = tuple(
            ReplicaSet(self, number, version, version.service in called) for number, version in enumerate(versions)
        )
        if self.primary is not None and self.candidate is not None:
            sets[self.primary].name += "-primary"
            sets[self.primary].part = sets[self.stable].part = "primary"
            sets[self.candidate].part = "canary"
        if self.baseline is not None:
            sets[self.baseline].name += "-baseline"
        return sets

    def _answers(self) -> Answers:
        answers, apart = self.engine.answers(), self._cast.apart
        return answers if apart is None else answers_of_versions(answers, *apart)

    def _draw_requests(self) -> Requests:
        given = self.scenario
        traffic, users, trace = given.traffic, given.users, given.trace
        return draw_requests(traffic, users, trace, self.seed, self.replication, given.warmup, given.duration)

    def _first_route(self) -> Route:
        if self.strategy.shares_by_pods(self.scenario.mesh is not None):
            return Route(by_pods=True)
        return Route(weights=((self.stable, 100.0),))

    def _expect_next_change(self, _: simpy.Event) -> None:
        self._changed = self.env.event()

    def _record(self) -> Record:
        scenario, rollout = self.scenario, self.rollout
        outcome: Outcome = rollout.outcome
        requests, answers = settled(self.requests, self._answers())
        record = Record(
            scenario_name=scenario.name,
            strategy=self.strategy_name,
            type=self.strategy.kind,
            seed=self.seed,
            replication=self.replication,
            engine=self.engine_kind,
            warmup=scenario.warmup,
            duration=scenario.duration,
            service=self.service,
            service_versions=tuple((version.service, version.name) for version in self._cast.versions),
            stable=self.stable,
            candidate=self.candidate,
            requests=requests,
            answers=answers,
            ejections=tuple(self.engine.ejections()),
            pods=self._pod_rows(),
            pod_changes=tuple(self.tally.changes),
            routes=tuple(self.traffic.changes),
            events=tuple(self._journal.events),
            decisions=tuple(self._journal.decisions),
            samples=self._sampler.rows(),
            outcome=outcome,
            outcome_reason=rollout.outcome_reason,
            settled_at=rollout.settled_at,
            detections=tuple(self._journal.detections),
            provenance=self._provenance(),
            wanted=tuple(self.wanted.changes),
        )
        apart = self._cast.apart
        return record if apart is None else record_of_versions(record, *apart)

    def _pod_rows(self) -> tuple[PodRow, ...]:
        return tuple(pod.row for pod in self.pods)

    def _provenance(self) -> Mapping[str, str]:
        return {"engine": self.engine_kind, "foreseen_requests": str(self.engine.foreseen())}
