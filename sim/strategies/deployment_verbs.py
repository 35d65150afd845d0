"""What a strategy does that is a Deployment of Kubernetes: it wants a template, and the controller moves the pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sim.cluster.clock import Steps
from sim.cluster.controller import Controller
from sim.cluster.deployment import Deployment, Recreate, RollingUpdate
from sim.cluster.deployment_watch import DeploymentWatch
from sim.cluster.replica_set import ReplicaSet
from sim.cluster.world import World
from sim.strategies.pod_verbs import PodVerbs, Why
from sim.strategies.story import Story
from sim.units import format_duration

if TYPE_CHECKING:
    from sim.strategies.deployment_story import DeploymentStory


class DeploymentVerbs(PodVerbs):
    """The verbs for the Deployment, on top of those for pods."""

    def __init__(self, world: World, story: Story) -> None:
        super().__init__(world, story)
        self._paused: str | None = None
        self._deployment: Deployment | None = None
        self._watch: DeploymentWatch | None = None

    @property
    def deployment(self) -> Deployment:
        """Return the strategy's Deployment, which runs the old version until it is told otherwise."""
        if self._deployment is None:
            limit = self.world.scenario.services[self.world.service].revision_history_limit
            bounds = cast("DeploymentStory", self.story).bounds
            kind = Recreate if bounds is None else RollingUpdate
            surge, unavailable = bounds or (None, None)
            self._deployment = kind(self.stable, surge, unavailable, limit)
            self._watch = DeploymentWatch(self.world, self._deployment, self._report_deadline)
        return self._deployment

    @property
    def watch(self) -> DeploymentWatch:
        """Return the conditions of the Deployment."""
        assert self.deployment is not None
        assert self._watch is not None
        return self._watch

    def roll_to(self, target: ReplicaSet) -> Steps:
        """Want the template of `target`, and wait until the Deployment is complete."""
        deployment = self.deployment
        deployment.target, deployment.goes_back = target, target.version == self.stable.version
        self.watch.turn()
        self._controller, self._is_controlled = deployment, True
        try:
            while not self._reconcile(deployment, deployment.why):
                yield self.world.changed()
            self._stalled = None
        finally:
            self._is_controlled = False

    def hold(self, is_paused: bool) -> None:
        """Pause the Deployment, or let it go on."""
        deployment = self.deployment
        deployment.is_paused = is_paused
        self._paused = "An operator paused the Deployment." if is_paused else None
        self.watch.look()
        self.world.pods_changed(deployment.target)

    def _reconcile(self, controller: Controller, why: Why) -> bool:
        is_done = super()._reconcile(controller, why)
        if controller is self._deployment:
            self.watch.look()
        return is_done

    def _report_deadline(self, seconds: float) -> None:
        deployment = self.deployment
        new, lacking = deployment.target, deployment.target.replicas - deployment.target.available
        missing = f"{lacking} of {new.replicas} pods of {new.version} are not available"
        if lacking == 0:
            staying = [each for each in deployment.old if each.existing]
            versions = " and ".join(dict.fromkeys(each.version for each in staying))
            missing = f"{sum(each.existing for each in staying)} pods of {versions} have not left"
        self._stalled = f"No progress for {format_duration(seconds)}: {missing}."
        self.world.detect(self.now)
        self.say("deadline", new.version, self._stalled)
