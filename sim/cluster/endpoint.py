"""Whether callers know of a pod: asked for now, true after a delay."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sim.cluster.clock import PROPAGATION

if TYPE_CHECKING:
    from sim.cluster.pod import Pod
    from sim.cluster.world import World


class Endpoint:
    """Whether the balancers use a pod: what was asked last, once it has propagated."""

    def __init__(self, world: World, pod: Pod) -> None:
        self._world = world
        self._pod = pod
        self._asked = 0
        self._applied = 0
        self._is_used = False

    def use_at_once(self) -> None:
        """Be in the endpoints without delay (before the run begins)."""
        self._apply(0, True)

    def ask(self, used: bool) -> None:
        """Be used, or not, after the delay drawn for this change."""
        self._asked += 1
        pod, world = self._pod, self._world
        delay = world.law(pod.version.endpoint_propagation, self._asked, f"endpoint of {pod.name}")
        world.env.call(world.now + delay, PROPAGATION, pod.number, partial(self._apply, self._asked, used))

    def _apply(self, change: int, used: bool) -> None:
        # A later change may have overtaken this one.
        if change < self._applied:
            return
        self._applied = change
        if used == self._is_used or not self._pod.is_routable:
            return
        self._is_used = used
        self._world.settle()
        if used:
            self._world.engine.add_endpoint(self._pod.number)
        else:
            self._world.engine.remove_endpoint(self._pod.number)
        self._world.traffic.endpoints_changed(self._pod.version_number, 1 if used else -1)
