"""What Flagger does with two workloads: the canary, and the primary that users are on and that gets a version last."""

from __future__ import annotations

from collections.abc import Sequence

from sim.cluster.clock import STRATEGY, Steps
from sim.cluster.deployment import RollingUpdate
from sim.cluster.metric_check import Checker
from sim.cluster.replica_set import ReplicaSet
from sim.cluster.workload import QUARTER, WatchedDeployment
from sim.cluster.world import World
from sim.spec.metric_check import MetricCheck
from sim.spec.strategy import SegmentMatch
from sim.strategies.flagger import Workload
from sim.strategies.pod_verbs import everything
from sim.strategies.story import Story
from sim.strategies.user_verbs import UserVerbs


class PrimaryVerbs(UserVerbs):
    """The verbs for a primary beside the canary, on top of those for pods and users."""

    def __init__(self, world: World, story: Story) -> None:
        super().__init__(world, story)
        self._primary = WatchedDeployment(world, self.stable, None) if world.primary is not None else None
        self._canary: WatchedDeployment | None = None
        self._checker: Checker | None = None

    @property
    def updated_primary(self) -> ReplicaSet:
        """Return the primary's pods of the new version."""
        number = self.world.primary
        assert number is not None
        return self.world.replica_sets[number]

    def rest(self, seconds: float) -> Steps:
        """Let time pass until the next tick."""
        yield self.world.env.after(seconds, STRATEGY)

    def follow_wanted(self, why: str) -> None:
        """Bring every set to its size, the canary's too while the primary's Deployment moves the others."""
        super().follow_wanted(why)
        if self._controller is not None and self._canary is not None:
            self._resize(self.candidate, self._sizes[self.candidate](self.candidate.wanted), why)

    def start_canary(self) -> None:
        """Ask for all the canary's pods; where an autoscaler sets their number, for what it begins with.

        Source: Flagger pkg/canary/deployment_controller.go, ScaleFromZero: what the manifest says, else one.
        """
        service = self.world.scenario.services[self.world.service]
        if service.horizontal_pod_autoscaler is not None:
            manifest = service.versions[self.candidate.version]
            count = manifest.replicas if "replicas" in manifest.model_fields_set else 1
            self.world.want(self.world.service, count, "the canary begins", "canary")
        self.scale(self.candidate, everything, "to be looked at beside the primary")
        self._canary = WatchedDeployment(self.world, self.candidate, None)

    def stop_canary(self, why: str) -> None:
        """Ask for no canary any more."""
        if self._canary is not None:
            self._canary.stop()
        self.scale(self.candidate, 0, why)

    def update_primary(self) -> None:
        """Copy the new version to the primary, whose Deployment then exchanges its pods by itself."""
        new, old = self.updated_primary, self.stable
        self.say("promote", self.candidate.version, f"Copies {self.candidate.version} to the primary.")
        self.world.traffic.pool(old.number, new.number)
        self._sizes[old], self._sizes[new] = (lambda _: 0), everything
        self._exchange_primary(new, old)

    def revert_primary(self) -> Steps:
        """Let the primary's Deployment go back to the old version, and wait until it has."""
        new, old = self.stable, self.updated_primary
        self._sizes[old], self._sizes[new] = (lambda _: 0), everything
        controller = self._exchange_primary(new, old)
        while not controller.is_done():
            yield self.world.changed()

    def _exchange_primary(self, new: ReplicaSet, old: ReplicaSet) -> RollingUpdate:
        self._controller = controller = RollingUpdate(old, QUARTER, QUARTER)
        controller.target = new
        if self._primary is not None:
            self._primary.stop()
        self._primary = WatchedDeployment(self.world, new, old)
        self.world.env.process(self._go_on_reconciling(controller, "the primary's Deployment rolls"))
        return controller

    def await_primary(self) -> Steps:
        """Wait until the primary's Deployment has exchanged its pods."""
        while self._controller is not None and not self._controller.is_done():
            yield self.world.changed()

    def notice(self) -> None:
        """Record that something wrong was noticed now."""
        self.world.detect(self.now)

    def primary_workload(self) -> Workload:
        """Return the primary's status."""
        assert self._primary is not None
        return numbers(self._primary)

    def canary_workload(self) -> Workload:
        """Return the canary's status."""
        assert self._canary is not None
        return numbers(self._canary)

    def divide(self, weight: float, match: Sequence[SegmentMatch], mirror: float) -> None:
        """Ask for `weight` percent of the users, all of `match`, and copies of `mirror` percent for the canary."""
        version = self.candidate.version
        names = list(self.world.scenario.users.segments)
        segments = tuple((names.index(each.segment), self.candidate.number) for each in match)
        copies = (self.candidate.number, mirror) if mirror > 0 else None
        if segments != self._match:
            who = ", ".join(each.segment for each in match) or "nobody"
            self.say("match", version, f"Sends {who} to the canary by match.")
        if copies != self._mirror:
            self.say("mirror", version, f"Asks for copies of {mirror:g} % of the requests to {version}.")
        if weight != self.weight:
            self.say("weight", version, f"Asks for {weight:g} % of the users on the canary, {version}.")
        self._match, self._mirror = segments, copies
        self._ask(weight)

    def first_failed_check(self, checks: tuple[MetricCheck, ...]) -> str | None:
        """Return what the first metric outside its range says; None when all of them pass."""
        if self._checker is None:
            self._checker = Checker(self.world)
        return self._checker.first_failure(checks)


def numbers(watched: WatchedDeployment) -> Workload:
    """Return a Deployment's status in numbers."""
    return Workload(
        wanted=watched.wanted,
        total=watched.total,
        updated=watched.updated,
        available=watched.available,
        has_timed_out=watched.has_timed_out,
        unavailable_seconds=watched.unavailable_seconds,
    )
