"""What a canary does with a fresh baseline: the old version in as many new pods as its own, with as much traffic."""

from __future__ import annotations

from sim.cluster.clock import Steps
from sim.cluster.replica_set import ReplicaSet
from sim.cluster.world import World
from sim.strategies.batch_verbs import BatchVerbs
from sim.strategies.story import Story


class BaselineVerbs(BatchVerbs):
    """The verbs for a baseline, on top of the others: it follows the canary by itself until it is stopped."""

    def __init__(self, world: World, story: Story) -> None:
        super().__init__(world, story)
        self._has_baseline = False

    @property
    def has_baseline(self) -> bool:
        """Return whether a baseline runs beside the canary."""
        return self._has_baseline

    def start_baseline(self) -> None:
        """Let a baseline follow the canary's pods and weight from now on; one that does goes on."""
        number = self.world.baseline
        if number is None or self._has_baseline:
            return
        self._has_baseline = True
        self.world.traffic.run_beside((self.candidate.number, number))
        self.world.env.process(self._keep_baseline(self.world.replica_sets[number]))

    def stop_baseline(self, why: str) -> None:
        """Give its users back to the other old pods, then remove it; nothing where there is none."""
        if self._has_baseline:
            self._has_baseline = False
            self.world.traffic.run_beside(None)
            self._ask(self.weight)
            self.world.env.process(self._remove_baseline(why))

    def _keep_baseline(self, baseline: ReplicaSet) -> Steps:
        while self._has_baseline:
            self._resize(baseline, self.candidate.replicas, "a baseline as large as the canary")
            yield self.world.changed()

    def _remove_baseline(self, why: str) -> Steps:
        yield from self.await_route()
        number = self.world.baseline
        if number is not None and not self._has_baseline:
            self._resize(self.world.replica_sets[number], 0, why)
