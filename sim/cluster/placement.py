"""All that a new pod needs before its container can start: a place, and its volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.cluster.clock import Steps
from sim.cluster.room import Room
from sim.cluster.volumes import Volumes

if TYPE_CHECKING:
    from sim.cluster.pod import Pod
    from sim.cluster.world import World


class Placement:
    """Places pods and gives them their volumes."""

    def __init__(self, world: World) -> None:
        cluster = world.scenario.cluster
        self.room = Room(world, cluster) if cluster else None
        self._volumes = Volumes(world)

    def take_warm(self, pod: Pod) -> None:
        """Give a pod that has run for long what it needs."""
        pod.is_placed = True
        if self.room is not None:
            self.room.take_warm(pod)
        self._volumes.take_warm(pod)

    def arrive(self, pod: Pod) -> None:
        """Let a new pod ask for a place."""
        if self.room is not None:
            self.room.arrive(pod)
        else:
            pod.is_placed = True

    def place(self, pod: Pod) -> Steps:
        """Wait for a place, then for the volumes."""
        if self.room is not None:
            yield from self.room.await_place(pod)
        if pod.version.volumes:
            yield from self._volumes.attach(pod)

    def release(self, pod: Pod) -> None:
        """Give what a pod had, or waited for, to others."""
        self._volumes.release(pod)
        if self.room is not None:
            self.room.release(pod)


def placement_of(world: World) -> Placement | None:
    """Return the placement of a scenario; None where room is without limit and nobody has a volume."""
    scenario = world.scenario
    needs_volumes = any(replica_set.resolved.volumes for replica_set in world.replica_sets)
    return Placement(world) if scenario.cluster is not None or needs_volumes else None
