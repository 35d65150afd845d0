"""Who holds which volume, and who waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import simpy

from sim.cluster.clock import POD, Steps

if TYPE_CHECKING:
    from sim.cluster.pod import Pod
    from sim.cluster.world import World


class Volumes:
    """The volumes of all services. Pods that find one in use wait, first come first served."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._holders: dict[tuple[str, str], list[Pod]] = {}
        self._waiting: dict[Pod, simpy.Event] = {}

    def take_warm(self, pod: Pod) -> None:
        """Let a pod hold its volumes since long."""
        for claim in claims_of(pod):
            self._holders.setdefault(claim, []).append(pod)

    def attach(self, pod: Pod) -> Steps:
        """Wait until nobody else holds the pod's volumes, then until they are attached.

        Source: Kubernetes attachdetach controller: a ReadWriteOnce volume is attached to one node at a time.
        """
        world = self._world
        user = self._user(pod)
        if user is None:
            self.take_warm(pod)
        else:
            message = f"FailedAttachVolume: Multi-Attach error, the volume is in use by {user.name}; it waits."
            world.log("cluster", "pending", pod.name, message)
            self._waiting[pod] = world.env.event()
            yield self._waiting[pod]
        name = pod.replica_set.name
        delays = [world.law(each.attach, pod.ordinal, f"volume {each.name} of {name}") for each in pod.version.volumes]
        yield world.env.after(max(delays), POD, pod.number)

    def release(self, pod: Pod) -> None:
        """Take a pod's volumes away, and give them to who waits."""
        self._waiting.pop(pod, None)
        for claim in claims_of(pod):
            if pod in self._holders.get(claim, ()):
                self._holders[claim].remove(pod)
        for waiting in list(self._waiting):
            if self._user(waiting) is None:
                self.take_warm(waiting)
                self._world.env.fire(self._waiting.pop(waiting), POD, waiting.number)

    def _user(self, pod: Pod) -> Pod | None:
        """Return a pod that keeps this one from a volume."""
        for volume, claim in zip(pod.version.volumes, claims_of(pod), strict=True):
            if volume.access_mode == "ReadWriteMany":
                continue
            for holder in self._holders.get(claim, ()):
                if pod.node is None or holder.node is not pod.node:
                    return holder
        return None


def claims_of(pod: Pod) -> list[tuple[str, str]]:
    """Return the volumes a pod mounts, by service and name."""
    return [(pod.version.service, volume.name) for volume in pod.version.volumes]
