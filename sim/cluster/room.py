"""Room for pods: the quota that admits them, the nodes that take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import simpy

from sim.cluster.clock import POD, Steps
from sim.spec.cluster import Cluster

if TYPE_CHECKING:
    from sim.cluster.pod import Pod
    from sim.cluster.world import World


@dataclass(eq=False)
class Node:
    """A node and the pods on it, leaving ones included. Cordoned, it takes no more. images: from when it has each."""

    name: str
    capacity: int
    pods: dict[Pod, None] = field(default_factory=dict)
    images: dict[tuple[str, str], float] = field(default_factory=dict)
    is_cordoned: bool = False


class Room:
    """What is left of quota and nodes. Pods that find none wait, first come first served.

    Model: what the quota refuses is admitted as soon as there is room; a real ReplicaSet tries again after ever longer
    times. Pods differ in no resource: a node takes a number of them.
    """

    def __init__(self, world: World, cluster: Cluster) -> None:
        nodes = cluster.nodes
        self.nodes = [Node(name, nodes.pods) for name in nodes.names] if nodes else []
        self._quota = cluster.resource_quota.pods if cluster.resource_quota else None
        self._world = world
        self._admitted: dict[Pod, None] = {}
        self._waiting: dict[Pod, simpy.Event] = {}

    def take_warm(self, pod: Pod) -> None:
        """Give a pod its place without ado: the scenario was checked to have enough."""
        self._admitted[pod] = None
        self._put(pod)
        if pod.node is not None:
            pod.node.images[pod.image] = self._world.now

    def arrive(self, pod: Pod) -> None:
        """Give a new pod its place, or let it wait for one."""
        if not self._try(pod):
            self._world.log("cluster", "pending", pod.name, self._why(pod))
            self._waiting[pod] = self._world.env.event()

    def await_place(self, pod: Pod) -> Steps:
        """Wait for the quota, then for a node."""
        if pod in self._waiting:
            yield self._waiting[pod]

    def release(self, pod: Pod) -> None:
        """Take a pod's place away, and give it to who waits."""
        self._waiting.pop(pod, None)
        if pod not in self._admitted and self._quota is not None:
            pod.replica_set.refused -= 1
        self._admitted.pop(pod, None)
        if pod.node is not None:
            pod.node.pods.pop(pod, None)
        self.look_again()

    def look_again(self) -> None:
        """Place whoever waits and now fits."""
        for pod in list(self._waiting):
            if self._try(pod):
                self._world.env.fire(self._waiting.pop(pod), POD, pod.number)

    def _try(self, pod: Pod) -> bool:
        if pod not in self._admitted:
            if self._quota is not None and len(self._admitted) >= self._quota:
                self._refuse(pod)
                return False
            self._admit(pod)
        return self._put(pod)

    def _admit(self, pod: Pod) -> None:
        self._admitted[pod] = None
        if pod in self._waiting:
            pod.replica_set.refused -= 1
            self._world.pods_changed(pod.replica_set)

    def _refuse(self, pod: Pod) -> None:
        if pod not in self._waiting:
            pod.replica_set.refused += 1

    def _put(self, pod: Pod) -> bool:
        """Put a pod on the node with the fewest of its service, then the fewest at all; without nodes, anywhere.

        Source: Kubernetes PodTopologySpread and NodeResourcesFit (LeastAllocated), by their usual outcome.
        """
        if self.nodes:
            free = [node for node in self.nodes if not node.is_cordoned and len(node.pods) < node.capacity]
            if not free:
                return False
            pod.node = min(free, key=lambda node: (_of_service(node, pod.version.service), len(node.pods)))
            pod.node.pods[pod] = None
        pod.is_placed = True
        return True

    def _why(self, pod: Pod) -> str:
        if pod not in self._admitted:
            return f"FailedCreate: exceeded quota, {len(self._admitted)} of {self._quota} pods exist; it waits."
        cordoned = sum(node.is_cordoned for node in self.nodes)
        closed = f", {cordoned} of them cordoned" if cordoned else ""
        return f"FailedScheduling: 0 of {len(self.nodes)} nodes have room{closed}; the pod is Pending."


def _of_service(node: Node, service: str) -> int:
    return sum(pod.version.service == service for pod in node.pods)
