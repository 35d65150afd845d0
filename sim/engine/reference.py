"""The reference data plane: plain SimPy, one process per request, written to be read.

A request arrives, is routed to a version, and makes attempts until one is answered, no retry is left or its time is up.
A pod has workers and one queue, first come first served. What an attempt asks of other services when its own work is
done is in reference_fan_out.py. The compiled engine does the same on flat arrays (sim/engine/calls.py), and both give
the same rows to the last bit.

Two rules make that possible. Every random number is keyed by what it is for, not drawn in order. And what happens at
one instant has a fixed order: completions by request (a copy after its original, then by the path of the call),
arrivals, pod returns, timeouts of users' requests and of other calls, users who leave, timeouts of attempts (the
shorter first), retries; the control plane, outside, comes last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from functools import partial
from heapq import heappush
from typing import Any

import numpy as np
import simpy

from sim.balancers import BALANCERS, Ask
from sim.engine import reference_fan_out as fan_out
from sim.engine.balancing import balancing
from sim.engine.edges import Edge, graph_of, place, timeouts_of
from sim.engine.fault_pods import pod_luck
from sim.engine.keyed import ATTEMPT, MIRROR, NETWORK, OF_FAULTS, ROUTE, USER, U, attempt_luck, uniforms
from sim.engine.protocol import Answers, Calls, Ejection, Load, PlaneConfig, PodLoad, Reason, Route
from sim.engine.reference_connections import Connections
from sim.engine.reference_latency import Latency
from sim.engine.reference_log import CalledRow, Log, Row
from sim.engine.reference_outlier import (
    FIRST_FAILURE,
    GATEWAY_ERRORS,
    LOCAL_REASONS,
    Kind,
    Outlier,
    Requests,
    compare,
    failing,
    first_tick,
    limit,
)
from sim.engine.reference_parts import (
    ABANDONED,
    ATTEMPT_TIMED_OUT,
    CIRCUIT_OPEN,
    NO_ENDPOINT,
    OK,
    RATE_LIMITED,
    RATE_LIMITED_BY_PROXY,
    REFUSED,
    REQUEST_TIMED_OUT,
    RESET,
    SHED,
    Answer,
    Attempt,
    Call,
    Callee,
    Pod,
    Pool,
    new_pool,
)
from sim.engine.reference_rate_limit import full
from sim.engine.reference_schedule import Schedule, warmed
from sim.engine.reference_service import Circumstances, Luck, decide
from sim.engine.reference_sharing import Sharing
from sim.engine.retries import ANSWERED, retried_reasons, retried_statuses
from sim.engine.settled import with_own_arrivals
from sim.engine.variates import quantile
from sim.routers import NOBODY, ROUTERS
from sim.spec.endpoint import room_of
from sim.spec.mesh import Ewma, HttpPool, Network

COMPLETION, ARRIVAL, HOP, RETURN, LOOK, CALL_TIMEOUT, LEAVING, ATTEMPT_TIMEOUT, RETRY = range(1, 10)
KEYS_PER_RANK, KEYS_PER_RETRY = 1 << 104, 1 << 96
FOLLOWING = 1 << 40  # the timeouts of requests that follow answers come after those of all other calls
"""Room for keys below a rank. SimPy's own priorities are 0 and 1, so what an event sets off at once comes before the
next event of that instant."""

LONGEST_BACKOFF = 10.0  # in units of the base. Source: Envoy's jittered exponential back-off


class Clock(simpy.Environment):
    """SimPy's clock with ranked events at exact moments, which stops after all events of a moment."""

    def at(self, moment: float, rank: int, key: int = 0) -> simpy.Event:
        """Return an event at `moment`, among equals in the order of rank, then key, then creation."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        # NOTE: simpy.Environment.schedule takes a delay, and now + (moment - now) is not always `moment`.
        queue: Any = self._queue
        heappush(queue, (moment, rank * KEYS_PER_RANK + key, next(self._eid), event))
        return event

    def call_at(self, moment: float, rank: int, key: int, action: Callable[[], None]) -> None:
        """Do `action` at `moment`."""
        self.at(moment, rank, key).callbacks.append(lambda _: action())

    def run_through(self, until: float) -> None:
        """Let everything happen that is due at `until` or before."""
        while self._queue and self.peek() <= until:
            self.step()
        if until < math.inf:
            self._now = max(self._now, until)

    def run_consequences(self) -> None:
        """Let everything happen that was set off at this very moment."""
        while self._queue and self._queue[0][0] <= self.now and self._queue[0][1] <= 1:
            self.step()


Steps = Generator[simpy.Event, Any, None]
"""What a process yields is sent back as the Answer it waited for."""


class ReferencePlane:
    """A data plane; see sim.engine.protocol.Engine."""

    def __init__(self, config: PlaneConfig) -> None:
        self.config, self.requests, self.mesh = config, with_own_arrivals(config.requests), config.mesh
        self.clock = Clock(config.start)
        self.route = config.route
        self.kept: set[int] = set()
        self.pods: list[Pod] = []
        rules = balancing(config.mesh, config.requests)
        self.graph = graph_of(config)
        self.pools = [new_pool(rules, config.start) for _ in config.versions]
        self.callees = [Callee(new_pool(rules, config.start)) for _ in self.graph.services]
        self.nobody = Pool()
        self.timeouts_of_tries, self.timeouts_of_calls = timeouts_of(self.graph)
        limits = config.mesh.connection_pool if config.mesh else None
        self.limits, self.most_connections = (limits.http, limits.tcp.max_connections) if limits else (HttpPool(), None)
        self.outlier_detection = config.mesh.outlier_detection if config.mesh else None
        limit = config.mesh.rate_limit if config.mesh else None
        self.pod_limit = limit if limit and limit.per == "pod" else None
        self.bucket = full(limit, config.start) if limit and limit.per == "proxy" else None
        self.network = config.mesh.network if config.mesh else None
        self.next_look = -math.inf
        self.balancer = BALANCERS[config.mesh.load_balancer if config.mesh else "random"]
        self.decay = ((config.mesh and config.mesh.ewma) or Ewma()).decay_time
        self.levels = sorted({each.priority for each in self.requests.endpoints.values()} or {0}, reverse=True)
        self.log = Log()
        self.expect(0)

    # A request, from its arrival to its row.

    def expect(self, request: int) -> None:
        """Wait for the next request that comes by itself."""
        follow = self.requests.reactions
        if request < (len(self.requests.arrival) if follow is None else follow.roots):
            moment = float(self.requests.arrival[request])
            self.clock.call_at(moment, ARRIVAL, 0, lambda: self.arrive(request))

    def arrive(self, request: int) -> None:
        """The request comes by itself, and the next one after it."""
        self.expect(request + 1)
        self.receive(request)

    def receive(self, request: int) -> None:
        """Start the request and, if it is mirrored, its copy."""
        entry = self.graph.entry
        if self.bucket is not None and not self.bucket.take(self.clock.now):
            self.refuse_entry(Call(request, 0, self.nobody, entry))
            return
        self.clock.process(self.serve(Call(request, 0, self.pool_of(request, entry.service, 0), entry)))
        if self.route.mirror is not None:
            self.clock.run_consequences()
        self.mirror(request, entry, 0)

    def mirror(self, request: int, edge: Edge, path: int) -> None:
        """Start a copy of a call, if calls of this service are mirrored and this one is to be."""
        if edge.service == self.graph.routed and self.route.mirror is not None:
            version = ROUTERS["mirror"].choose(self.route, self.route_luck(request, path)[1], NOBODY)
            if version != NOBODY:
                self.clock.process(self.serve_copy(Call(request, 1, self.pools[version], edge, path, mirrored=True)))

    def refuse_entry(self, call: Call) -> None:
        """The proxy in front has no token for the request: an answer at once, that is not tried again."""
        call.attempts.append(Attempt(call, self.luck_of(call)))
        self.write(call, RATE_LIMITED_BY_PROXY)
        self.react(call.request, RATE_LIMITED_BY_PROXY)

    def pool_of(self, request: int, service: int, path: int) -> Pool:
        """Return where a call is served: by its only version, or by the route's match, pods or numbers."""
        if service != self.graph.routed:
            return self.pools[self.graph.service_of.index(service)]
        user = self.requests.user[request]
        version = ROUTERS["match"].choose(self.route, 0.0, int(self.requests.segment_of_user[user]))
        if version == NOBODY and self.route.by_pods:
            return self.callees[service].whole
        if version == NOBODY and user in self.kept:
            return self.pools[self.route.keeps]
        if version == NOBODY and self.route.sticky:
            version = ROUTERS["sticky"].choose(self.route, float(self.requests.sticky_of_user[user]), NOBODY)
        elif version == NOBODY:
            version = ROUTERS["weighted"].choose(self.route, self.route_luck(request, path)[0], NOBODY)
        else:
            return self.pools[version]
        if version == self.route.keeps != NOBODY:
            self.kept.add(user)
        return self.nobody if version == NOBODY else self.pools[version]

    def route_luck(self, request: int, path: int) -> tuple[float, float, float, float]:
        """Return the numbers of a call's route: version, mirror, errors drawn for requests."""
        return uniforms(self.requests.seed, self.requests.replication, ROUTE, request, path)

    def serve(self, call: Call) -> Generator[simpy.Event, Any, Answer]:
        """A call that somebody waits for: attempts until one will do, until its time is up or its user has left."""
        callee, call.at = self.callees[call.edge.service], self.clock.now
        callee.in_flight += 1
        self.limit_call(call)
        while True:
            answer = self.send(call) or (yield self.news_for(call))
            retry = len(call.attempts)
            if retry > 1:
                callee.retrying -= 1
            if not self.is_retried(call, answer, retry):
                break
            callee.retrying += 1
            ended = yield self.back_off(call, retry)
            if ended:
                callee.retrying -= 1
                answer = ended
                break
        callee.in_flight -= 1
        self.write(call, answer)
        if call.edge is self.graph.entry:
            self.react(call.request, answer)
        return answer

    def react(self, request: int, answer: Answer) -> None:
        """The user has an answer: the request that follows, if one does, comes after its wait."""
        follow = self.requests.reactions
        if follow is None:
            return
        following = int((follow.after_failure if follow.failures[answer.status] else follow.after_success)[request])
        due = self.clock.now + float(follow.wait[following])
        if following >= 0 and due < follow.end:
            self.requests.arrival[following] = due
            self.clock.call_at(due, ARRIVAL, following, lambda: self.receive(following))

    def serve_copy(self, call: Call) -> Steps:
        """A mirrored copy: one attempt, and nobody who waits for it."""
        call.at = self.clock.now
        self.write(call, self.send(call) or (yield self.news_for(call)))

    def news_for(self, call: Call) -> simpy.Event:
        """Return the event that wakes the caller."""
        news = self.clock.event()
        call.news = news
        return news

    def tell(self, call: Call, answer: Answer) -> None:
        """Wake the caller."""
        assert call.news is not None
        call.news.succeed(answer)

    def write(self, call: Call, answer: Answer) -> None:
        """Add the row of a call, which is over."""
        call.is_over = True
        last = call.attempts[-1]
        pod, version = (-1, -1) if last.pod is None else (last.pod.number, last.pod.version)
        tries, now, who = len(call.attempts), self.clock.now, (call.request, call.copy)
        if call.edge is self.graph.entry:
            row = Row(*who, version, pod, tries, last.start, now, answer.status, answer.reason)
            self.log.rows.append(row)
        else:
            made = (*who, call.path, call.edge.service, call.at)
            self.log.called.append(CalledRow(*made, version, pod, tries, last.start, now, answer.status, answer.reason))

    # One attempt.

    def send(self, call: Call) -> Answer | None:
        """Make an attempt; return its answer if it has one at once."""
        attempt = Attempt(call, self.luck_of(call), sent=self.clock.now)
        attempt.pod = pod = self.pick(call, attempt.luck)
        call.attempts.append(attempt)
        if pod is None:
            return NO_ENDPOINT
        answer = self.offer(attempt, pod) if self.most_connections is None else self.ask_for_connection(attempt, pod)
        if answer is None:
            self.limit_try(attempt)
        return answer

    def offer(self, attempt: Attempt, pod: Pod, *, is_new: bool = False) -> Answer | None:
        """Send an attempt to a pod, on a new connection or on one that is there; return the answer if it has one."""
        call = attempt.call
        most = self.limits.http2_max_requests
        if most is not None and call.pool.requests >= most:
            return CIRCUIT_OPEN
        if self.network is not None:
            self.set_out(attempt, pod, self.network, is_new=is_new)
        else:
            answer = self.enter(attempt, pod)
            if answer is not None:
                self.observe(pod, call.pool, answer)
                return answer
        call.pool.requests += 1
        return None

    def enter(self, attempt: Attempt, pod: Pod) -> Answer | None:
        """Hand an attempt to a pod; return the answer if it is turned away."""
        if not pod.listens:
            return REFUSED
        self.connect(pod)
        if pod.bucket is not None and not pod.bucket.take(self.clock.now):
            return RATE_LIMITED
        version = self.config.versions[pod.version]
        is_full = pod.busy.workers >= version.concurrency
        if is_full and version.queue_capacity is not None and pod.held_up >= self.room(version.queue_capacity, attempt):
            return SHED
        if version.discipline == "processorSharing":
            self.share(pod, attempt)
        elif is_full:
            pod.waiting[attempt] = None
        else:
            pod.busy.change(self.clock.now, 1)
            pod.serving[attempt] = None
            self.clock.process(self.work(pod, attempt, *self.begin(pod, attempt)))
        return None

    # The network, where it takes time.

    def set_out(self, attempt: Attempt, pod: Pod, network: Network, *, is_new: bool) -> None:
        """An attempt sets out to its pod, or is lost: then it looks like a refused connection, after a while."""
        call, mesh = attempt.call, self.mesh
        assert mesh is not None
        number = attempt.number + 16 * call.copy
        seed, replication = self.requests.seed, self.requests.replication
        out, attempt.back, lost, made = uniforms(seed, replication, NETWORK, call.request, call.path, number)
        setup = quantile(network.connection_setup, made) if is_new else 0.0
        pod.travelling[attempt] = None
        if lost < network.loss or setup > mesh.connect_timeout:
            due, then = self.clock.now + mesh.connect_timeout, partial(self.come_home, attempt, REFUSED)
        else:
            delay = quantile(network.proxy_latency, out) + setup
            due, then = self.clock.now + delay, partial(self.reach, attempt, pod)
        self.clock.call_at(due, HOP, attempt.key, then)

    def reach(self, attempt: Attempt, pod: Pod) -> None:
        """An attempt has come to its pod, if somebody still waits for it."""
        if attempt in pod.travelling:
            del pod.travelling[attempt]
            answer = self.enter(attempt, pod)
            if answer is not None:
                self.set_home(attempt, answer)

    def set_home(self, attempt: Attempt, answer: Answer) -> None:
        """An answer sets out to the proxy."""
        pod = attempt.pod
        assert pod is not None
        assert self.network is not None
        for held in pod.places:
            held.pop(attempt, None)
        pod.travelling[attempt] = None
        due = self.clock.now + quantile(self.network.proxy_latency, attempt.back)
        self.clock.call_at(due, HOP, attempt.key, partial(self.come_home, attempt, answer))

    def come_home(self, attempt: Attempt, answer: Answer) -> None:
        """An answer has come to the proxy, if it still waits for it."""
        if attempt.pod is not None and attempt in attempt.pod.travelling:
            self.hear(attempt, answer)

    # Connections, where their number is bounded.

    def ask_for_connection(self, attempt: Attempt, pod: Pod) -> Answer | None:
        """Send an attempt on a connection, or let it wait for one; return the answer if it has one at once."""
        connections, most = self.connections(pod, attempt.call.pool), self.limits.http1_max_pending_requests
        if not connections.idle and most is not None and connections.of_pool.pending >= most:
            return CIRCUIT_OPEN
        is_new = not connections.idle
        if connections.pending or not connections.take():
            connections.pend(attempt)
            self.serve_pending(pod, attempt.call.pool)
            return None
        answer = self.offer(attempt, pod, is_new=is_new)
        if answer is not None:
            self.release(pod, attempt.call.pool, closed=not pod.listens)
        return answer

    def connections(self, pod: Pod, pool: Pool) -> Connections[Attempt]:
        """Return the connections of a pool to a pod."""
        assert self.most_connections is not None
        return pod.connections.setdefault(pool, Connections(pool.connections, self.most_connections))

    def serve_pending(self, pod: Pod, pool: Pool) -> None:
        """Send the attempts that wait for a connection, in order, as long as there are connections."""
        connections = self.connections(pod, pool)
        while connections.pending:
            is_new = not connections.idle
            if not connections.take():
                break
            attempt = next(iter(connections.pending))
            connections.unpend(attempt)
            answer = self.offer(attempt, pod, is_new=is_new)
            if answer is not None:
                self.give_back(pod, pool, closed=not pod.listens)
                self.soon(partial(self.tell, attempt.call, answer))

    def give_back(self, pod: Pod, pool: Pool, *, closed: bool) -> None:
        """A connection is idle again, or closed; those to a pod that is no endpoint any more end when nobody waits."""
        connections = self.connections(pod, pool)
        connections.give_back(closed=closed or not (pod.is_endpoint or connections.pending))

    def release(self, pod: Pod, pool: Pool, *, closed: bool) -> None:
        """A connection is needed no longer; the first that waits for one has it."""
        self.give_back(pod, pool, closed=closed)
        self.serve_pending(pod, pool)

    def soon(self, action: Callable[[], None]) -> None:
        """Do `action` at this very moment, after what has been set off already."""
        event = self.clock.event()
        event.callbacks.append(lambda _: action())
        event.succeed()

    def luck_of(self, call: Call) -> Luck:
        """Return the numbers of the call's next attempt."""
        seed, replication = U(self.requests.seed), U(self.requests.replication)
        purpose = MIRROR if call.copy else ATTEMPT
        return Luck(*attempt_luck(seed, replication, U(call.request), U(call.path), U(len(call.attempts)), U(purpose)))

    def pick(self, call: Call, luck: Luck) -> Pod | None:
        """Return the balancer's pod; a retry goes to another one than the last if there is one."""
        pool = call.pool.every if self.panics(call.pool) else call.pool
        assert pool is not None
        ready = pool.ready
        if not ready:
            return None
        user = int(self.requests.user[call.request])
        if pool.schedule is not None:
            place = pool.schedule.pick(lambda due: self.weight(ready[due]))
        else:
            place = self.balancer.pick(pool, Ask(luck.first_choice, luck.second_choice, user, self.clock.now))
        if call.attempts and len(ready) > 1 and ready[place] is call.attempts[-1].pod:
            place = self.balancer.another(pool, place)
        return ready[place]

    def weight(self, pod: Pod) -> float:
        """Return the share of a pod while pods warm up; under least request the busier ones get less."""
        assert self.mesh is not None
        assert self.mesh.warmup is not None
        own = 1.0 / (pod.requests + 1) if self.mesh.load_balancer == "leastRequest" else 1.0
        return own * warmed(self.mesh.warmup, self.clock.now - pod.joined)

    def begin_schedules(self, pod: Pod) -> None:
        """The pools of a pod have changed: their schedules begin anew, or are not needed any more."""
        if self.mesh is None or self.mesh.warmup is None:
            return
        for pool in self.every_pool_of(pod):
            is_warm = self.clock.now - pool.joined > self.mesh.warmup.duration
            weights = [self.weight(ready) for ready in pool.ready]
            pool.schedule = None if is_warm or len(weights) < 2 else Schedule(weights)

    def panics(self, pool: Pool) -> bool:
        """True when so few pods of a pool are left that all are used."""
        rule, left = self.outlier_detection, len(pool.ready)
        return rule is not None and 100 * left < rule.min_health_percent * (left + pool.ejected)

    def level_of(self, attempt: Attempt) -> int:
        """Return the rank of a request's priority, 0 for the highest."""
        endpoint = self.endpoint_of(attempt.call.request)
        return 0 if endpoint is None else self.levels.index(self.requests.endpoints[endpoint].priority)

    def room(self, queue_capacity: int, attempt: Attempt) -> int:
        """Return how many may wait at a pod before this attempt is shed."""
        return room_of(queue_capacity, self.level_of(attempt), len(self.levels))

    def begin(self, pod: Pod, attempt: Attempt) -> tuple[float, int]:
        """A worker takes the attempt; return how long it works on it, and the status it will answer."""
        attempt.start = self.clock.now
        pod.started += 1
        return self.decide(pod, attempt)

    def work(self, pod: Pod, attempt: Attempt, seconds: float, status: int) -> Generator[simpy.Event, None, None]:
        """One worker: serves this attempt and all that wait, then is free. Abandoned work is done to its end."""
        life = pod.lives
        while True:
            yield self.clock.at(self.clock.now + seconds, COMPLETION, attempt.key)
            if pod.lives != life:
                return
            self.finish(pod, attempt, status)
            if attempt.over is not None:
                yield attempt.over
                if pod.lives != life:
                    return
            if not pod.waiting:
                break
            attempt = min(pod.waiting, key=self.level_of)
            del pod.waiting[attempt]
            pod.serving[attempt] = None
            seconds, status = self.begin(pod, attempt)
        pod.busy.change(self.clock.now, -1)

    def finish(self, pod: Pod, attempt: Attempt, status: int) -> None:
        """The work on an attempt is done; if its caller still waits, its own calls come next, or its answer."""
        if attempt in pod.serving:
            fan_out.begin(self, attempt, OK if status == OK.status else Answer(Reason.ERROR, status))

    def share(self, pod: Pod, attempt: Attempt) -> None:
        """The attempt runs at once, beside all others at the pod."""
        pod.sharing.pass_time(self.clock.now)
        pod.serving[attempt] = None
        if pod.busy.workers < self.config.versions[pod.version].concurrency:
            pod.busy.change(self.clock.now, 1)
        pod.sharing.add(*self.begin(pod, attempt), attempt)
        self.expect_end(pod)

    def expect_end(self, pod: Pod) -> None:
        """Wait for the end of the next that ends at a pod whose requests share its cores."""
        sharing = pod.sharing
        wait = sharing.expect(self.config.versions[pod.version].concurrency)
        if wait is None:
            return
        turn = sharing.turn

        def end() -> None:
            if pod.sharing is sharing and sharing.turn == turn:
                self.end_shared(pod)

        self.clock.call_at(self.clock.now + wait, COMPLETION, sharing.expected.key, end)

    def end_shared(self, pod: Pod) -> None:
        """The next to end at the pod has ended."""
        attempt, status = pod.sharing.pop(self.clock.now)
        self.finish(pod, attempt, status)
        if len(pod.sharing.running) < pod.busy.workers:
            pod.busy.change(self.clock.now, -1)
        self.expect_end(pod)

    def depart(self, attempt: Attempt, pod: Pod) -> None:
        """An attempt is under way at a pod no longer."""
        attempt.call.pool.requests -= 1
        pod.latency.observe(self.clock.now, self.clock.now - attempt.sent)

    def decide(self, pod: Pod, attempt: Attempt) -> tuple[float, int]:
        """Return service time and status, with the faults of this moment."""
        request, version = attempt.call.request, self.config.versions[pod.version]
        user = int(self.requests.user[request])
        segment = int(self.requests.segment_of_user[user])
        endpoint = self.endpoint_of(request) if version.service == self.config.versions[0].service else None
        meets, fails, *_ = uniforms(self.requests.seed, self.requests.replication, USER, user, OF_FAULTS)
        met = Circumstances(
            now=self.clock.now,
            age=self.clock.now - pod.since,
            segment=None if segment < 0 else self.requests.segments[segment],
            endpoint=endpoint,
            endpoint_factor=1.0 if endpoint is None else self.requests.endpoints[endpoint].latency_factor,
            user_meets=meets,
            errors={"attempt": attempt.luck.error, "request": self.route_luck(request, 0)[2], "user": fails},
            pod_ordinal=pod.ordinal,
            pod_luck=pod.luck,
            utilization=pod.busy.workers / version.concurrency,
        )
        return decide(version, attempt.luck, met)

    def endpoint_of(self, request: int) -> str | None:
        """Return what a request asks for, None where there are no endpoints."""
        asked = self.requests.endpoint
        return None if asked is None else list(self.requests.endpoints)[asked[request]]

    def conclude(self, attempt: Attempt, answer: Answer) -> None:
        """An attempt has its answer from its pod; a worker that was held for it is free."""
        if attempt.over is not None and not attempt.over.triggered:
            attempt.over.succeed()
        if self.network is not None:
            self.set_home(attempt, answer)
        else:
            self.hear(attempt, answer)

    def hear(self, attempt: Attempt, answer: Answer) -> None:
        """The proxy hears how an attempt has ended that was sent to a pod."""
        assert attempt.pod is not None
        self.drop(attempt)
        self.observe(attempt.pod, attempt.call.pool, answer)
        self.tell(attempt.call, answer)
        if self.most_connections is not None:
            closed = answer in (RESET, REFUSED)
            self.soon(partial(self.release, attempt.pod, attempt.call.pool, closed=closed))

    def drop(self, attempt: Attempt) -> bool:
        """Take an attempt away from its pod; False if it is not there."""
        for held in attempt.pod.places if attempt.pod is not None else ():
            if attempt in held:
                del held[attempt]
                assert attempt.pod is not None
                self.depart(attempt, attempt.pod)
                return True
        return False

    # Timeouts and retries.

    def limit_call(self, call: Call) -> None:
        """Give the whole call its timeout, if it has one, and let its user leave in time."""
        is_users, now = call.edge is self.graph.entry, self.clock.now
        if call.edge.timeout < math.inf:
            key = self.place_of(call.request) if is_users else 1 + place(self.timeouts_of_calls, call.edge.timeout)
            self.clock.call_at(now + call.edge.timeout, CALL_TIMEOUT, key, lambda: self.time_out(call))
        if is_users and self.requests.patience is not None:
            leaves_at = now + float(self.requests.patience[call.request])
            self.clock.call_at(leaves_at, LEAVING, call.request, lambda: self.abandon(call))

    def place_of(self, request: int) -> int:
        """Return the place of a request among those whose time is up at one instant."""
        follow = self.requests.reactions
        return 0 if follow is None or request < follow.roots else FOLLOWING + request

    def limit_try(self, attempt: Attempt) -> None:
        """Give the attempt its own timeout, if attempts have one."""
        length = attempt.call.edge.retries.per_try_timeout
        if length is None or attempt.call.mirrored:
            return

        def expire() -> None:
            if self.stop_waiting_for_connection(attempt):
                self.tell(attempt.call, ATTEMPT_TIMED_OUT)
            elif self.give_up(attempt):
                self.tell(attempt.call, ATTEMPT_TIMED_OUT)
                self.close(attempt)

        key = place(self.timeouts_of_tries, length)
        self.clock.call_at(self.clock.now + length, ATTEMPT_TIMEOUT, key, expire)

    def time_out(self, call: Call) -> None:
        """The whole call has had its time, in an attempt or between two."""
        if not call.is_over:
            attempt = call.attempts[-1]
            holds_connection = not self.stop_waiting_for_connection(attempt) and self.give_up(attempt)
            self.tell(call, REQUEST_TIMED_OUT)
            if holds_connection:
                self.close(attempt)

    def close(self, attempt: Attempt) -> None:
        """The connection of an attempt that was given up is of no use any more."""
        pod, pool = attempt.pod, attempt.call.pool
        assert pod is not None
        if self.most_connections is not None:
            self.soon(partial(self.release, pod, pool, closed=True))

    def stop_waiting_for_connection(self, attempt: Attempt) -> bool:
        """Give up an attempt that has no connection yet. False if it has one, or has ended."""
        connections = attempt.pod.connections.get(attempt.call.pool) if attempt.pod else None
        if connections is None or attempt not in connections.pending:
            return False
        connections.unpend(attempt)
        return True

    def abandon(self, call: Call) -> None:
        """The user leaves. Model: as with Envoy's outlier detection, no pod is to blame."""
        if not call.is_over:
            attempt = call.attempts[-1]
            holds_connection = not self.stop_waiting_for_connection(attempt) and self.withdraw(attempt)
            self.tell(call, ABANDONED)
            if holds_connection:
                self.close(attempt)

    def give_up(self, attempt: Attempt) -> bool:
        """Stop waiting for an attempt, which counts as one that has timed out. False if it has ended already."""
        if not self.withdraw(attempt):
            return False
        assert attempt.pod is not None
        self.observe(attempt.pod, attempt.call.pool, ATTEMPT_TIMED_OUT)
        return True

    def withdraw(self, attempt: Attempt) -> bool:
        """Nobody waits for an attempt any more, nor for what it has asked for: it leaves the queue, or is served for
        nobody. False if it has ended.
        """
        if attempt.pod is None or not any(attempt in held for held in attempt.pod.places):
            return False
        fan_out.take_back(self, attempt)
        if attempt.over is not None and not attempt.over.triggered:
            attempt.over.succeed()
        self.drop(attempt)
        return True

    def is_retried(self, call: Call, answer: Answer, retry: int) -> bool:
        """True when the retry with this number is made."""
        rules, callee = call.edge.retries, self.callees[call.edge.service]
        if answer.is_final or retry > rules.attempts:
            return False
        if self.limits.max_retries is not None and callee.retrying >= self.limits.max_retries:
            return False
        if answer.reason in ANSWERED:
            is_listed = answer.status in retried_statuses(rules.retry_on)
        else:
            is_listed = answer.reason in retried_reasons(rules.retry_on)
        budget = self.mesh.retry_budget if self.mesh is not None else None
        if not is_listed or budget is None:
            return is_listed
        return callee.retrying < max(budget.min_retry_concurrency, budget.percent / 100 * callee.in_flight)

    def back_off(self, call: Call, retry: int) -> simpy.Event:
        """Return the event at which the call goes on: after its back-off, or as its time is up."""
        base = call.edge.retries.backoff
        wait = call.attempts[-1].luck.jitter * min((2**retry - 1) * base, LONGEST_BACKOFF * base)
        news = self.news_for(call)

        def go_on() -> None:
            if not news.triggered and not call.is_over:
                news.succeed(None)

        self.clock.call_at(self.clock.now + wait, RETRY, retry * KEYS_PER_RETRY + call.key, go_on)
        return news

    # Ejection of pods that fail.

    def observe(self, pod: Pod, pool: Pool, answer: Answer) -> None:
        """Let the mesh count an answer, or what it saw instead of one."""
        rule, seen = self.outlier_detection, pod.outlier
        if rule is None:
            return
        if rule.split_external_local_origin_errors and answer.reason in LOCAL_REASONS:
            self.count(seen.connections, is_good=False)
            self.fail(pod, pool, "local")
            return
        self.count(seen.answers, is_good=answer.status < FIRST_FAILURE)
        if answer.status in GATEWAY_ERRORS:
            self.fail(pod, pool, "gateway")
        else:
            seen.in_a_row["gateway"] = 0
        if answer.status >= FIRST_FAILURE:
            self.fail(pod, pool, "5xx")
        else:
            seen.in_a_row["5xx"] = 0

    def connect(self, pod: Pod) -> None:
        """The pod has accepted a connection: for the proxy itself a success."""
        if self.outlier_detection is not None and self.outlier_detection.split_external_local_origin_errors:
            pod.outlier.in_a_row["local"] = 0
            self.count(pod.outlier.connections, is_good=True)

    def fail(self, pod: Pod, pool: Pool, kind: Kind) -> None:
        """Count a failure; one too many in a row ejects the pod, and the count starts anew even if it does not."""
        assert self.outlier_detection is not None
        seen = pod.outlier
        seen.in_a_row[kind] += 1
        if seen.in_a_row[kind] == limit(kind, self.outlier_detection) and pod.is_endpoint and not seen.is_ejected:
            seen.in_a_row[kind] = 0
            self.eject_unless_too_many(pod, pool)

    def count(self, asked: Requests, *, is_good: bool) -> None:
        """Count a request for the rates; the first one after a look sets off the next look."""
        rule = self.outlier_detection
        assert rule is not None
        if rule.success_rate is None and rule.failure_percentage is None:
            return
        asked.count(is_good)
        if self.next_look == -math.inf:
            tick = first_tick(self.clock.now, rule.interval)
            if tick * rule.interval <= self.clock.now:
                tick += 1
            self.next_look = tick * rule.interval
            self.clock.call_at(self.next_look, LOOK, 0, self.look)

    def look(self) -> None:
        """Look at the rates of all pods since the last look, answers first."""
        assert self.outlier_detection is not None
        self.next_look = -math.inf
        for origin in ("answers", "connections"):
            seen = {pod: getattr(pod.outlier, origin) for pod in self.pods}
            in_use = [pod for pod in self.pods if pod.is_endpoint and not pod.outlier.is_ejected]
            for pod in self.pods:
                setattr(pod.outlier, origin, Requests())
                pod.outlier.success_rate = seen[pod].success_rate() if pod in in_use else -1.0
            for pool in self.balanced_pools():
                self.judge(pool, {pod: seen[pod] for pod in in_use if pool in self.pools_of(pod)})
            if not self.outlier_detection.split_external_local_origin_errors:
                break

    def balanced_pools(self) -> list[Pool]:
        """Return the pools that requests are balanced over."""
        routed = self.graph.routed if self.route.by_pods else NOBODY
        pools = [pool for pool, service in zip(self.pools, self.graph.service_of, strict=True) if service != routed]
        return [*pools, self.callees[routed].whole] if self.route.by_pods else pools

    def judge(self, pool: Pool, seen: dict[Pod, Requests]) -> None:
        """Eject the pods of a pool that succeed far less often than the others, then those that fail too often."""
        rule = self.outlier_detection
        assert rule is not None
        pool.rates, behind = compare(seen, rule.success_rate)
        for pod in behind + failing(seen, rule.failure_percentage):
            self.eject_unless_too_many(pod, pool)

    def eject_unless_too_many(self, pod: Pod, pool: Pool) -> None:
        """Eject a pod that is in use; the first of a pool always may be."""
        rule = self.outlier_detection
        assert rule is not None
        if pod.outlier.is_ejected or not pod.is_endpoint:
            return
        if pool.ejected == 0 or 100 * pool.ejected < rule.max_ejection_percent * (len(pool.ready) + pool.ejected):
            self.eject(pod, pod.outlier.eject(self.clock.now, rule))

    def eject(self, pod: Pod, until: float) -> None:
        """Stop using a pod for a while."""
        for pool in self.pools_of(pod):
            pool.remove(pod)
            pool.ejected += 1
        self.begin_schedules(pod)
        self.log.ejections.append(Ejection(self.clock.now, pod.number, returned=False))
        self.clock.call_at(until, RETURN, pod.number, lambda: self.take_back(pod))

    def take_back(self, pod: Pod) -> None:
        """Use an ejected pod again."""
        if not pod.outlier.returns_at(self.clock.now):
            return
        for pool in self.pools_of(pod):
            pool.add(pod)
            pool.ejected -= 1
        self.begin_schedules(pod)
        self.log.ejections.append(Ejection(self.clock.now, pod.number, returned=True))

    def pools_of(self, pod: Pod) -> tuple[Pool, Pool]:
        """Return the pools a pod belongs to."""
        return self.pools[pod.version], self.callees[self.graph.service_of[pod.version]].whole

    def every_pool_of(self, pod: Pod) -> list[Pool]:
        """Return the pools a pod belongs to, those with ejected pods included."""
        pools = self.pools_of(pod)
        return [*pools, *(pool.every for pool in pools if pool.every is not None)]

    # What the control plane does; see sim.engine.protocol.Engine.

    def advance(self, until: float) -> None:
        """Serve every event with time <= until."""
        self.clock.run_through(until)

    def add_pod(self, pod: int, version: int) -> None:
        """Make a pod known."""
        if pod != len(self.pods):
            raise ValueError(f"pod {pod} is out of turn; the next is {len(self.pods)}")
        ordinal = sum(other.version == version for other in self.pods)
        luck = pod_luck(self.requests.seed, self.requests.replication, version, ordinal)
        self.pods.append(Pod(pod, version, ordinal, luck))

    def listen(self, pod: int, since: float) -> None:
        """The pod accepts connections."""
        self.pods[pod].listens, self.pods[pod].since = True, since
        self.pods[pod].bucket = full(self.pod_limit, self.clock.now) if self.pod_limit else None

    def stop_listening(self, pod: int) -> None:
        """New connections are refused."""
        self.pods[pod].listens = False

    def add_endpoint(self, pod: int) -> None:
        """Balancers now use the pod; the mesh meets it for the first time."""
        added = self.pods[pod]
        if not added.is_endpoint:
            added.is_endpoint, added.outlier = True, Outlier()
            added.latency = Latency(self.decay, looked_at=self.clock.now)
            added.joined = self.clock.now
            for pool in self.every_pool_of(added):
                pool.add(added)
                pool.joined = self.clock.now
            self.begin_schedules(added)

    def remove_endpoint(self, pod: int) -> None:
        """Balancers stop using the pod; what it holds is finished, its ejection forgotten."""
        removed = self.pods[pod]
        if not removed.is_endpoint:
            return
        for pool in self.pools_of(removed):
            assert pool.every is not None
            pool.every.remove(removed)
            if removed.outlier.is_ejected:
                pool.ejected -= 1
            else:
                pool.remove(removed)
        removed.is_endpoint, removed.outlier = False, Outlier()
        self.begin_schedules(removed)
        for connections in removed.connections.values():
            connections.close_idle()

    def kill(self, pod: int) -> None:
        """All that the pod holds is reset, in request order."""
        killed = self.pods[pod]
        held = sorted((attempt for attempts in killed.at_pod for attempt in attempts), key=lambda attempt: attempt.key)
        for attempts in killed.at_pod:
            attempts.clear()
        killed.lost.update(dict.fromkeys(held))
        killed.listens = False
        killed.lives += 1
        killed.sharing = Sharing()
        if killed.busy.workers:
            killed.busy.change(self.clock.now, -killed.busy.workers)
        for connections in killed.connections.values():
            connections.close_idle()
            if self.network is None:
                connections.close(connections.open)
        for attempt in held:
            if attempt in killed.lost:  # not taken back meanwhile
                fan_out.take_back(self, attempt)
                if self.network is not None:
                    self.set_home(attempt, RESET)
                    continue
                self.drop(attempt)
                self.observe(killed, attempt.call.pool, RESET)
                self.tell(attempt.call, RESET)
                self.clock.run_consequences()
        for pool in self.pools_of(killed):
            if pool in killed.connections:
                self.serve_pending(killed, pool)
                self.clock.run_consequences()

    def is_idle(self, pod: int) -> bool:
        """True when the pod serves nothing, and nothing waits at it or for calls that it has made."""
        return not self.pods[pod].busy.workers and not self.pods[pod].requests

    def set_route(self, route: Route) -> None:
        """Use `route` for requests from now on."""
        if not route.keeps_users or route.keeps != self.route.keeps:
            self.kept.clear()
        self.route = route

    def load(self) -> Load:
        """Return queue and busy workers per version now."""
        versions = len(self.pools)
        load = Load(np.zeros(versions, np.int64), np.zeros(versions, np.int64), np.zeros(versions))
        for pod in self.pods:
            load.waiting[pod.version] += pod.held_up
            load.in_service[pod.version] += pod.busy.workers
            load.busy_seconds[pod.version] += pod.busy.seconds(self.clock.now)
        return load

    def pod_load(self) -> PodLoad:
        """Return what each pod has worked so far."""
        return PodLoad(
            np.array([pod.started for pod in self.pods], np.int64),
            np.array([pod.busy.seconds(self.clock.now) for pod in self.pods], np.float64),
            np.array([pod.held_up for pod in self.pods], np.int64),
        )

    def answers(self) -> Answers:
        """Return all rows so far."""
        return self.log.answers()

    def calls(self) -> Calls:
        """Return the rows of all calls between services so far."""
        return self.log.calls()

    def foreseen(self) -> int:
        """Return how many requests were served by a recursion: none."""
        return 0

    def ejections(self) -> Sequence[Ejection]:
        """Return all ejections and returns so far."""
        return tuple(self.log.ejections)
