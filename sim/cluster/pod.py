"""The life of one pod: starting, ready, available, leaving, gone; with its probes, crashes and last seconds."""

from __future__ import annotations

import math
from collections.abc import Generator
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import simpy

from sim.cluster.clock import POD, Steps
from sim.cluster.endpoint import Endpoint
from sim.cluster.probes import first_answer, patience_ends, probes_before, silences_of
from sim.cluster.restart_back_off import FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS, RestartBackOff
from sim.record import PodRow

if TYPE_CHECKING:
    from sim.cluster.recreate import Phase
    from sim.cluster.replica_set import ReplicaSet
    from sim.cluster.room import Node
    from sim.cluster.world import World
    from sim.spec.fault import MemoryLeak
    from sim.spec.service import ResolvedVersion

RELIST_SECONDS = 1.0
"""Source: Kubernetes kubelet, genericPlegRelistPeriod: how soon it notices that a container has ended."""
MINIMUM_GRACE_SECONDS = 2.0
"""Source: Kubernetes kuberuntime_container.go, minimumGracePeriodInSeconds: what SIGTERM always gets before SIGKILL."""


class Crashed(Exception):
    """The container ended by itself: why."""


class Unanswered(Exception):
    """A probe lost patience with the container: why."""


class Pod:
    """One pod. Its set creates and deletes it; everything in between is its own."""

    def __init__(self, world: World, replica_set: ReplicaSet, number: int, ordinal: int) -> None:
        name = f"{replica_set.name}-{ordinal}"
        resolved = replica_set.resolved
        self.number = number
        self.ordinal = ordinal
        self.row = PodRow(number, name, resolved.service, resolved.name, created_at=world.now)
        self.is_ready = False
        self.is_available = False
        self.ready_since = math.nan
        self.ready_changed_at = world.now
        self.restarts = 0
        self.is_placed = world.placement is None
        self.node: Node | None = None
        self._world = world
        self._set = replica_set
        self._version: ResolvedVersion = resolved
        self._endpoint = Endpoint(world, self)
        self._has_started = False
        self._is_running = True
        self._faults = world.faults_of(replica_set)
        self._leak = next((fault.memory_leak for fault in self._faults if fault.memory_leak is not None), None)
        self._served_before = 0
        self._crash_at = math.inf
        self._given_up_at = math.inf
        self._given_up_by = ""
        self._began = world.now
        self._restarts = RestartBackOff()
        self._life: simpy.Process | None = None
        world.engine.add_pod(number, replica_set.number)

    @property
    def name(self) -> str:
        """Return service, version and ordinal."""
        return self.row.name

    @property
    def version(self) -> ResolvedVersion:
        """Return the version it runs."""
        return self._version

    @property
    def version_number(self) -> int:
        """Return the number of the version it runs."""
        return self._set.number

    @property
    def replica_set(self) -> ReplicaSet:
        """Return the set it belongs to."""
        return self._set

    @property
    def image(self) -> tuple[str, str]:
        """Return what its containers are made from."""
        return self._version.service, self._version.name

    @property
    def is_routable(self) -> bool:
        """True when users or other services call its service; others move pods only."""
        return self._set.is_called

    @property
    def is_leaving(self) -> bool:
        """True once it has been deleted."""
        return not math.isnan(self.row.terminating_at)

    @property
    def phase(self) -> Phase:
        """Return the word of Kubernetes; a pod that is gone has none."""
        return "Pending" if self.is_pending else "Running"

    @property
    def is_pending(self) -> bool:
        """True until its first container starts: it waits for its place, its volumes or its image."""
        return not self._is_running and self.restarts == 0

    def start(self) -> None:
        """Begin the life of a new pod."""
        if self._world.placement is not None:
            self._world.placement.arrive(self)
        self._life = self._world.env.process(self._live())

    def start_warm(self) -> None:
        """Be ready, available, warm and in the endpoints, as if it had run for long."""
        now = self._world.now
        if self._world.placement is not None:
            self._world.placement.take_warm(self)
        self.row.started_at = now
        self._has_started = True
        if self.is_routable:
            self._world.engine.listen(self.number, -math.inf)
        self._become_ready(min_ready_seconds=0.0, warm=True)
        if self._can_fail():
            self._life = self._world.env.process(self._live_on(now))

    def delete(self, reason: str) -> None:
        """Leave the endpoints and begin to end."""
        self.row.terminating_at = self._world.now
        self.row.reason = reason
        if self._life is not None and self._life.is_alive:
            self._life.interrupt("deleted")
        self._become_unready()
        if self.is_placed:
            self._world.env.process(self._leave())
        else:
            self._vanish()

    def _live(self) -> Steps:
        if self.is_leaving:
            return  # deleted at the instant of its creation
        try:
            yield from self._be_placed()
            while True:
                try:
                    yield from self._run_container()
                except Crashed as crash:
                    yield from self._come_back(str(crash))
                except Unanswered as given_up:
                    yield from self._restart(str(given_up))
        except simpy.Interrupt:
            return

    def _be_placed(self) -> Steps:
        if self._world.placement is not None and math.isnan(self.row.started_at):
            self._is_running = False
            yield from self._world.placement.place(self)
            self._is_running = True

    def _live_on(self, began: float) -> Steps:
        """The life of a pod that was warm when the run began."""
        try:
            try:
                self._expect_end(began, began)
                yield from self._be_probed_on(self._first_readiness_probe(began))
            except Crashed as crash:
                yield from self._come_back(str(crash))
                yield from self._live()
            except Unanswered as given_up:
                yield from self._restart(str(given_up))
                yield from self._live()
        except simpy.Interrupt:
            return

    def _run_container(self) -> Steps:
        yield from self._pull_image()
        began = self._world.now
        started = began + self._startup_seconds()
        has_started_at = self._expect_end(began, started)
        is_ready_at_once = self._version.readiness_probe is None
        if is_ready_at_once and self._version.startup_probe is None:
            # Without a probe a running container is ready, whether or not its application listens yet.
            self._become_ready(self._version.min_ready_seconds)
        yield from self._stay_until(started)
        self._listen()
        if self._version.startup_probe is not None:
            yield from self._stay_until(has_started_at)
            if is_ready_at_once:
                self._become_ready(self._version.min_ready_seconds)
        yield from self._be_probed(self._first_readiness_probe(began, has_started_at))

    def _pull_image(self) -> Steps:
        """Wait for the image; a container that starts again finds it there, and so does another pod of that node.

        Source: Kubernetes docs, Images: IfNotPresent, and one pull of an image at a time.
        """
        law = self._version.image_pull
        if self.restarts:
            return
        yield from self._fail_to_pull()
        if law is None:
            return
        pulled_at = self.node.images.get(self.image) if self.node else None
        if pulled_at is None:
            pulled_at = self._world.now + self._world.law(law, self.ordinal, f"image of {self._set.name}")
            if self.node:
                self.node.images[self.image] = pulled_at
        self._is_running = False
        yield self._world.env.moment(pulled_at, POD, self.number)
        self._is_running = True

    def _fail_to_pull(self) -> Steps:
        """Try again and again while no registry has the image.

        Source: Kubernetes docs, Images: ImagePullBackOff, waits of 10 s that double up to 300 s.
        """
        world, tries = self._world, 0
        self._is_running = False
        while any(fault.image_pull_fails and fault.is_active(world.now) for fault in self._faults):
            if not self._set.has_missed_image:
                self._set.has_missed_image = True
                world.detect(world.now)
                message = f"ErrImagePull, ImagePullBackOff: the image of {self._set.name} cannot be pulled."
                world.log("kubelet", "pull", self.name, message)
            yield world.env.after(min(FIRST_BACK_OFF_SECONDS * 2.0**tries, LONGEST_BACK_OFF_SECONDS), POD, self.number)
            tries += 1
        self._is_running = True

    def _expect_end(self, began: float, started: float) -> float:
        """Work out when this container ends; return when its startup probe has succeeded (without one: its start)."""
        version, now = self._version, self._world.now
        self._began = began
        self._crash_at = self._next_crash(began, started)
        self._given_up_at = math.inf
        answered = started
        probe = version.startup_probe
        # A container that was warm at the beginning has been through its start.
        if probe is not None and started > now:
            first = began + probe.initial_delay_seconds
            answered = first_answer(probe, first, started)
            self._give_up_at(patience_ends(probe, first, silences_of((), started)), "startup")
        probe = version.liveness_probe
        if probe is not None:
            first = began + probe.initial_delay_seconds
            if version.startup_probe is not None:
                first = first_answer(probe, first, answered)
            silences = silences_of(self._faults, started)
            self._give_up_at(patience_ends(probe, first, silences), "liveness")
        return answered

    def _give_up_at(self, at: float, probe: str) -> None:
        if at < self._given_up_at:
            self._given_up_at, self._given_up_by = at, probe

    def _first_readiness_probe(self, began: float, has_started_at: float = -math.inf) -> float:
        """Return the moment of the first probe: with a startup probe, as soon as that has succeeded.

        Source: Kubernetes prober_manager.go, UpdatePodStatus: a started container is probed at once.
        """
        probe = self._version.readiness_probe
        first = began + (probe.initial_delay_seconds if probe else 0.0)
        return first if self._version.startup_probe is None else max(first, has_started_at)

    def _startup_seconds(self) -> float:
        if self.restarts:
            return self._world.law(self._version.startup, self.restarts, f"restart of {self.name}")
        return self._world.pod_startup(self._version.startup, self._set.number, self.ordinal)

    def _stay_until(self, at: float) -> Steps:
        """Wait until `at`, or until the container's end if that comes first.

        Raises:
            Crashed: it ended by itself.
            Unanswered: a probe gave it up.
        """
        until = min(at, self._crash_at, self._given_up_at)
        if self._leak is not None:
            yield from self._leak_until(until, self._leak)
        if until == math.inf:
            yield self._world.env.event()
        yield self._world.env.moment(until, POD, self.number)
        if self._crash_at <= self._world.now:
            raise Crashed("crashes when it should run")
        if self._given_up_at <= self._world.now:
            raise Unanswered(self._given_up_by)

    def _leak_until(self, until: float, leak: MemoryLeak) -> Steps:
        """Look at the container's memory at each whole second of its life, until `until`.

        Raises:
            Crashed: there is no more.
        """
        world = self._world
        for n in count(max(1, math.floor(world.now - self._began))):
            second = self._began + n
            if second >= until:
                return
            if second <= world.now:
                continue
            yield world.env.moment(second, POD, self.number)
            if self._served() - self._served_before > leak.requests:
                raise Crashed("runs out of memory (OOMKilled)")

    def _served(self) -> int:
        """Return how many attempts the pod has begun in all its containers."""
        if not self.is_routable:
            return 0
        self._world.settle()
        return int(self._world.engine.pod_load().started[self.number])

    def _listen(self) -> None:
        now = self._world.now
        self._has_started = True
        if math.isnan(self.row.started_at):
            self.row.started_at = now
        if self.is_routable:
            self._world.settle()
            self._world.engine.listen(self.number, now)

    def _be_probed(self, first: float) -> Steps:
        """Become ready by the first probes that succeed, and stay so unless a fault can make them fail."""
        probe = self._version.readiness_probe
        if probe is None:
            yield from self._stay_until(math.inf)
        elif self._probes_can_fail():
            yield from self._be_probed_on(first)
        else:
            misses = probes_before(probe.period_seconds, first, self._world.now)
            yield from self._stay_until(first + (misses + probe.success_threshold - 1) * probe.period_seconds)
            self._become_ready(self._version.min_ready_seconds)
            yield from self._stay_until(math.inf)

    def _be_probed_on(self, first: float) -> Steps:
        """Go through the probes one by one: a fault may begin or end."""
        probe = self._version.readiness_probe
        if probe is None or not self._probes_can_fail():
            yield from self._stay_until(math.inf)
            return
        passed, failed, turn = 0, 0, 0
        while True:
            at = first + turn * probe.period_seconds
            turn += 1
            if at < self._world.now:
                continue
            yield from self._stay_until(at)
            if any(fault.never_ready and fault.is_active(at) for fault in self._faults):
                passed, failed = 0, failed + 1
            else:
                passed, failed = passed + 1, 0
            if not self.is_ready and passed >= probe.success_threshold:
                self._become_ready(self._version.min_ready_seconds)
            elif self.is_ready and failed >= probe.failure_threshold:
                self._world.log("kubelet", "pod", self.name, f"{failed} readiness probes in a row failed: not ready.")
                self._become_unready()

    def _probes_can_fail(self) -> bool:
        return any(fault.never_ready for fault in self._faults)

    def _can_fail(self) -> bool:
        return any(fault.never_ready or fault.never_live or fault.crash or fault.memory_leak for fault in self._faults)

    def _become_ready(self, min_ready_seconds: float, warm: bool = False) -> None:
        now = self._world.now
        self.is_ready = True
        self.ready_since = self.ready_changed_at = now
        if math.isnan(self.row.ready_at):
            self.row.ready_at = now
        self._set.ready += 1
        if warm:
            self._endpoint.use_at_once()
        else:
            self._endpoint.ask(True)
        if min_ready_seconds == 0:
            self._become_available(now)
        else:
            self._world.env.call(now + min_ready_seconds, POD, self.number, partial(self._become_available, now))
        self._world.pods_changed(self._set)

    def _become_available(self, ready_since: float) -> None:
        if not self.is_ready or self.is_available or self.ready_since != ready_since:
            return
        self.is_available = True
        self._set.available += 1
        if math.isnan(self.row.available_at):
            self.row.available_at = self._world.now
        self._world.pods_changed(self._set)

    def _become_unready(self) -> None:
        if self.is_ready:
            self.ready_changed_at = self._world.now
            self._set.ready -= 1
            self._endpoint.ask(False)
        if self.is_available:
            self._set.available -= 1
        self.is_ready = self.is_available = False
        self._world.pods_changed(self._set)

    def _next_crash(self, began: float, started: float) -> float:
        """Return when a container that begins at `began` crashes: when a fault begins, or, under one, at its start."""
        moments = [math.inf]
        for fault in self._faults:
            if fault.crash:
                moments.append(fault.next_beginning(began))
                if fault.is_active(started) and fault.last_beginning(started) <= began:
                    moments.append(started)
        return min(moments)

    def _come_back(self, why: str) -> Steps:
        """Wait, after the container has ended by itself, until the kubelet starts it again."""
        if not self._set.has_crashed:
            self._set.has_crashed = True
            self._world.log("kubelet", "crash", self.name, f"{self._set.name} {why}.")
        yield from self._be_down_until(self._restarts.after_end(self._world.now), why)

    def _be_down_until(self, at: float, why: str) -> Steps:
        world = self._world
        self._become_unready()
        self._is_running = False
        if self._has_started and self.is_routable:
            world.settle()
            world.engine.kill(self.number)
        self._has_started = False
        self._served_before = self._served() if self._leak is not None else 0
        self.restarts += 1
        if at > world.now and not self._set.is_in_crash_loop:
            self._set.is_in_crash_loop = True
            world.detect(world.now)
            world.log("kubelet", "crash", self.name, f"CrashLoopBackOff: {self._set.name} {why} again and again.")
        yield world.env.moment(at, POD, self.number)
        self._is_running = True

    def _restart(self, probe: str) -> Steps:
        """End the container as a deletion does, then start it again with the kubelet's back-off."""
        message = f"Its {probe} probe failed {self._patience(probe)} times in a row: the container is restarted."
        self._world.log("kubelet", "restart", self.name, message)
        yield from self._end_container()
        at = self._restarts.after_kill(self._world.now)
        yield from self._be_down_until(at, f"is restarted by its {probe} probe")

    def _patience(self, probe: str) -> int:
        found = self._version.startup_probe if probe == "startup" else self._version.liveness_probe
        return found.failure_threshold if found else 0

    def _leave(self) -> Steps:
        if (yield from self._end_container()):
            self.row.reason += "; killed with requests in flight"
        self._vanish()

    def _vanish(self) -> None:
        self.row.gone_at = self._world.now
        self._set.forget(self)
        if self.is_placed:
            # Before its place is given to another: at no moment do both count.
            self._world.pods_changed(self._set)
        if self._world.placement is not None:
            self._world.placement.release(self)
        if not self.is_placed:
            self._world.pods_changed(self._set)

    def _end_container(self) -> Generator[simpy.Event, None, bool]:
        """preStop, SIGTERM, what it still holds, and SIGKILL when that takes too long; return whether it did.

        Source: Kubernetes kuberuntime_container.go, killContainer: preStop counts against the grace period.
        """
        world, version = self._world, self._version
        grace = version.termination_grace_period_seconds
        pre_stop = min(version.pre_stop or 0.0, grace) if self._is_running else 0.0
        if pre_stop > 0:
            yield world.env.after(pre_stop, POD, self.number)
        if self.is_routable:
            world.settle()
            world.engine.stop_listening(self.number)
        killed_at = world.now + max(grace - pre_stop, MINIMUM_GRACE_SECONDS)
        return (yield from self._finish_until(killed_at))

    def _finish_until(self, killed_at: float) -> Generator[simpy.Event, None, bool]:
        world = self._world
        while True:
            yield world.env.moment(min(world.now + RELIST_SECONDS, killed_at), POD, self.number)
            if not self.is_routable:
                return False
            world.settle()
            if world.engine.is_idle(self.number):
                return False
            if world.now >= killed_at:
                world.engine.kill(self.number)
                world.log("kubelet", "kill", self.name, "Killed: its grace period ended with requests in flight.")
                return True
