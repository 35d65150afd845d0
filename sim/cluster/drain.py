"""A node is drained: cordoned, its pods evicted as far as their budgets allow, and later opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.cluster.clock import PERSON, Steps
from sim.cluster.disruption import Guarded, desired_healthy, may_evict
from sim.spec.incident import Incident

if TYPE_CHECKING:
    from sim.cluster.pod import Pod
    from sim.cluster.replica_set import ReplicaSet
    from sim.cluster.room import Node, Room
    from sim.cluster.world import World

RETRY_SECONDS = 5.0
"""Source: kubectl drain.go, evictPods: what was refused is tried again after 5 s."""


class Drain:
    """One drain of one node. Model: a service's budget guards the pods of all its versions together."""

    def __init__(self, world: World, room: Room, incident: Incident) -> None:
        self._world = world
        self._room = room
        self._node: Node = next(node for node in room.nodes if node.name == incident.drain_node)
        self._ends_at = incident.ends_at
        self._refused: set[Pod] = set()

    def start(self) -> None:
        """Begin now."""
        self._world.env.process(self._run())

    def _run(self) -> Steps:
        """Cordon the node, ask for the eviction of each of its pods until all are granted, wait until they are gone."""
        world, node = self._world, self._node
        node.is_cordoned = True
        asked = list(node.pods)
        world.log("cluster", "cordon", node.name, f"{node.name} is cordoned and drained: {len(asked)} pods must go.")
        if self._ends_at < world.scenario.duration:
            world.env.call(self._ends_at, PERSON, 0, self._uncordon)
        remaining = asked
        while remaining := [pod for pod in remaining if not self._evict(pod)]:
            yield world.env.after(RETRY_SECONDS, PERSON)
            if not node.is_cordoned:
                return
        while node.is_cordoned and any(pod in node.pods for pod in asked):
            yield world.changed()
        if node.is_cordoned:
            world.log("cluster", "drained", node.name, f"{node.name} is drained: no pod is left on it.")

    def _evict(self, pod: Pod) -> bool:
        """Ask for one eviction; return whether the pod is on its way."""
        if pod.is_leaving:
            return True
        budget = self._world.scenario.services[pod.version.service].pod_disruption_budget
        guarded = self._guarded(pod.version.service)
        if may_evict(budget, guarded, pod.is_pending, pod.is_ready):
            self._world.log("cluster", "evict", pod.name, f"{pod.name} is evicted: {self._node.name} is drained.")
            pod.replica_set.replace(pod, f"evicted from {self._node.name}")
            return True
        if pod not in self._refused and budget is not None:
            self._refused.add(pod)
            needed = desired_healthy(budget, guarded.wanted)
            message = f"{pod.name} stays for now: its budget needs {needed} healthy pods and has {guarded.ready}."
            self._world.log("cluster", "refused", pod.name, message)
        return False

    def _guarded(self, service: str) -> Guarded:
        sets = self._world.sets_of(service)
        beside = [each for each in sets if self._is_beside(each)]
        wanted = next(each for each in sets if each not in beside).wanted + sum(each.replicas for each in beside)
        return Guarded(wanted, sum(each.existing for each in sets), sum(each.ready for each in sets))

    def _is_beside(self, replica_set: ReplicaSet) -> bool:
        """Return whether a set is a workload of its own beside the one users are on: Flagger's canary, a baseline."""
        world = self._world
        return replica_set.part == "canary" or replica_set.number == world.baseline

    def _uncordon(self) -> None:
        self._node.is_cordoned = False
        self._world.log("cluster", "uncordon", self._node.name, f"{self._node.name} takes pods again.")
        self._room.look_again()
