"""What OpenKruise does with one workload: some more of its pods get the new version, then it stops."""

from __future__ import annotations

from collections.abc import Sequence

from sim.cluster.advanced_deployment import AdvancedDeployment
from sim.cluster.arithmetic import FULL_WEIGHT
from sim.cluster.clock import Steps
from sim.cluster.partition import batch_size, batch_target, is_batch_ready
from sim.cluster.world import World
from sim.spec.strategy import SegmentMatch
from sim.strategies.primary_verbs import PrimaryVerbs
from sim.strategies.story import Story
from sim.units import IntOrPercent


class BatchVerbs(PrimaryVerbs):
    """The verbs for batches, on top of those for pods and users.

    The Service finds the pods of both versions and users follow them, or it finds old pods only and the mesh says who
    is sent to the new ones.
    """

    def __init__(self, world: World, story: Story) -> None:
        super().__init__(world, story)
        self._routed_weight = 0.0
        self._finds_both = True

    def covers_all(self, batch: IntOrPercent) -> bool:
        """Return whether a batch leaves no old pod."""
        wanted = self.candidate.wanted
        return batch_size(batch, wanted) >= wanted

    def share_of_batch(self, batch: IntOrPercent) -> float:
        """Return the percent of the pods that run the new version after a batch."""
        wanted = self.candidate.wanted
        return FULL_WEIGHT * batch_target("partition", batch, wanted) / wanted if wanted else 0.0

    def roll_batch(
        self,
        batch: IntOrPercent,
        max_surge: IntOrPercent,
        max_unavailable: IntOrPercent,
        failure_threshold: IntOrPercent | None,
    ) -> Steps:
        """Exchange pods up to a partition, and wait until enough of the new ones are ready.

        Pods that may fail do not hold the release: the controller goes on with the others beside it.
        """
        new, why = self.candidate, f"up to {batch} {'of the pods' if batch.is_percent else 'pods'} get the new version"
        controller = AdvancedDeployment(new, self.stable, batch, max_surge, max_unavailable)
        self._controller = controller
        if not self._reconcile(controller, why):
            self.world.env.process(self._go_on_reconciling(controller, why))

        def is_ready() -> bool:
            desired = batch_target("partition", batch, new.wanted)
            return is_batch_ready(desired, new.replicas, new.ready, failure_threshold)

        yield from self._await(is_ready, new)

    def follow_pods(self, weight: float) -> Steps:
        """Let the Service find the pods of both versions, `weight` percent of them new, and wait until it does.

        Source: openkruise/rollouts pkg/trafficrouting/manager.go, FinalisingTrafficRouting.
        """
        self._match, self._routed_weight = (), 0.0
        version = self.candidate.version
        self.say("weight", version, f"Users follow the pods: {weight:g} % of them on {version}.")
        yield from self._route_batch(weight, finds_both=True)

    def open_service(self) -> Steps:
        """Let the Service find new pods too, before the old ones go; who is sent to the new ones stays as it is.

        Source: openkruise/rollouts pkg/controller/rollout/rollout_canary.go, runCanary.
        """
        yield from self._route_batch(self.weight, finds_both=True)

    def route_to_batch(self, weight: float, segments: Sequence[SegmentMatch]) -> Steps:
        """Send `weight` percent of the users and all of `segments` to the candidate, the others to old pods.

        Source: openkruise/rollouts pkg/trafficrouting/manager.go, DoTrafficRouting and PatchStableService.
        """
        names, version = list(self.world.scenario.users.segments), self.candidate.version
        self._match = tuple((names.index(each.segment), self.candidate.number) for each in segments)
        self._routed_weight = weight
        if segments:
            self.say("match", version, f"Sends {', '.join(each.segment for each in segments)} to {version} by match.")
        else:
            self.say("weight", version, f"Asks for {weight:g} % of the users on {version}.")
        yield from self._route_batch(weight, finds_both=False)

    def route_back(self) -> Steps:
        """Send all users to the old pods that are left, unless the Service finds both versions anyway.

        Source: openkruise/rollouts pkg/controller/rollout/rollout_canary.go, nextCanaryTask: when rolling back, the
        route comes first and the pods after it.
        """
        if self._finds_both:
            yield from self.follow_pods(0.0)
        else:
            yield from self.route_to_batch(0.0, ())

    def _route_batch(self, weight: float, finds_both: bool) -> Steps:
        self._finds_both = finds_both
        if self._is_by_pods:
            self.world.traffic.note(weight)
            return
        pool = (self.stable.number, self.candidate.number) if finds_both else ()
        self.world.traffic.request(self._route(self._routed_weight), weight, pool)
        yield from self.await_route()
