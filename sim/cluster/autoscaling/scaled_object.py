"""KEDA at work: it polls the queue, and moves a service from nothing and to nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sim.cluster.autoscaling.keda import KedaRules, replicas
from sim.cluster.clock import AUTOSCALER
from sim.units import format_duration

if TYPE_CHECKING:
    from sim.cluster.autoscaling.workload import Workload
    from sim.cluster.world import World
    from sim.spec.autoscaling import ScaledObject


class KedaOperator:
    """Watches the queue of one service from its creation on."""

    def __init__(self, world: World, workload: Workload, spec: ScaledObject) -> None:
        self._world = world
        self._workload = workload
        self._interval = spec.polling_interval
        self._activation = spec.triggers[0].metadata.activation_queue_length
        self._rules = rules_of(spec)
        # Whatever the service did before the run counts as activity at its start.
        self._active_at = self._polled_at = world.now
        self._turn = math.ceil(world.now / self._interval)
        self._plan()

    def _plan(self) -> None:
        self._world.env.call(self._turn * self._interval, AUTOSCALER, self._workload.key, self._poll)

    def _poll(self) -> None:
        now, current = self._world.now, self._workload.wanted
        self._turn += 1
        self._plan()
        queue = self._workload.queue()
        if current == 0:
            queue += self._workload.turned_away_since(self._polled_at)
        self._polled_at = now
        is_active = queue > self._activation
        wanted = replicas(current, is_active, self._rules, now - self._active_at)
        if is_active:
            self._active_at = now
        if wanted != current:
            self._workload.want(wanted, "keda", self._because(wanted > current, queue))

    def _because(self, wakes: bool, queue: int) -> str:
        if wakes:
            return f"the queue holds {queue}, more than {self._activation:g} wake it"
        return f"nothing to do for longer than the cooldown, {format_duration(self._rules.cooldown_seconds)}"


def rules_of(spec: ScaledObject) -> KedaRules:
    """Return what bounds KEDA's decisions."""
    return KedaRules(spec.min_replica_count, spec.max_replica_count, spec.idle_replica_count, spec.cooldown_period)
