"""What an autoscaler scales: the pods of one service, whichever version they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.cluster.arithmetic import FULL_WEIGHT
from sim.engine.protocol import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.cluster.pod import Pod
    from sim.cluster.replica_set import ReplicaSet
    from sim.cluster.wanted import Part
    from sim.cluster.world import World

NAMES = {"autoscaler": "the autoscaler", "keda": "KEDA"}


class Workload:
    """One service, or a part of it, with the count that is wanted. key: its turn among those of one instant."""

    def __init__(self, world: World, service: str, key: int, part: Part = "") -> None:
        self.service = service
        self.key = key
        self.name = f"{service}-{part}" if part else service
        self._part = part
        self._world = world

    @property
    def _sets(self) -> list[ReplicaSet]:
        sets = self._world.sets_of(self.service)
        return [each for each in sets if each.part == self._part] if self._part else sets

    @property
    def wanted(self) -> int:
        """Return the count that it is to have; 0 for a canary that has been scaled to zero."""
        is_idle = self._part == "canary" and all(each.replicas == 0 for each in self._sets)
        return 0 if is_idle else self._sets[0].wanted

    def want(self, replicas: int, source: Literal["autoscaler", "keda"], because: str) -> None:
        """Have another count from now on."""
        pods = "1 pod" if replicas == 1 else f"{replicas} pods"
        message = f"Wants {pods} of {self.name} instead of {self.wanted}: {because}."
        self._world.log(source, "scale", self.name, message)
        self._world.want(self.service, replicas, f"{NAMES[source]} wants {replicas}", self._part)

    def counted_pods(self) -> Sequence[Pod]:
        """Return the pods that an autoscaler looks at: all that are asked for, of blue-green those that users reach.

        Source: Argo Rollouts rollout/bluegreen.go, syncRolloutStatusBlueGreen (the selector is the active set's).
        """
        world = self._world
        if self.service == world.service and world.strategy.kind == "blueGreen" and world.candidate is not None:
            switched = world.traffic.requested_weight == FULL_WEIGHT
            return world.replica_sets[world.candidate if switched else world.stable].pods
        return [pod for each in self._sets for pod in each.pods]

    def queue(self) -> int:
        """Return the requests that wait at its pods or are in service there."""
        self._world.settle()
        load, numbers = self._world.engine.load(), sorted({each.number for each in self._sets})
        return int(load.waiting[numbers].sum() + load.in_service[numbers].sum())

    def turned_away_since(self, at: float) -> int:
        """Return the requests that found no pod after `at`.

        Model: nothing holds requests for a service that has no pods, as a message queue (or the interceptor of KEDA's
        HTTP add-on) would.
        """
        if not self._sets[0].is_called:
            return 0
        answers = self._world.calls_to(self.service)
        first = np.searchsorted(answers.finish, at, side="right")
        return int(np.count_nonzero(answers.reason[first:] == Reason.NO_ENDPOINT))
