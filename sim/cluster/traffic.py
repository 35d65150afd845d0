"""Where requests go: the route asked for, and the route in force once the change has propagated."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import simpy

from sim.cluster.baseline import baseline_weight
from sim.cluster.clock import PROPAGATION, STRATEGY
from sim.engine.protocol import Route
from sim.record import RouteChange

if TYPE_CHECKING:
    from sim.cluster.world import World


class Traffic:
    """The released service's route: asked for now, in force after the mesh's delay (or the Service selector's)."""

    def __init__(self, world: World, route: Route) -> None:
        self.route = route
        self.changes: list[RouteChange] = [RouteChange(world.now, 0.0, world.now)]
        self._world = world
        self._asked = 0
        self._applied = 0
        self._settled: simpy.Event | None = None
        self._in_force = route
        self._pool: tuple[int, ...] = ()
        self._beside_asked: tuple[int, int] | None = None
        self._beside: tuple[int, int] | None = None
        self._endpoints: Counter[int] = Counter()

    @property
    def requested_weight(self) -> float:
        """Return the percent of users asked for the candidate."""
        return self.changes[-1].requested

    @property
    def is_in_force(self) -> bool:
        """True when the route asked for last is in force."""
        return self._applied == self._asked

    def in_force(self) -> simpy.Event:
        """Return an event for the moment when the route asked for is in force."""
        if self._settled is None or self._settled.triggered:
            self._settled = self._world.env.event()
            if self.is_in_force:
                self._world.env.fire(self._settled, STRATEGY)
        return self._settled

    def request(self, route: Route, weight: float, pool: tuple[int, ...] | None = None) -> None:
        """Ask for `route`; `weight` is the percent it asks for the candidate.

        pool: two versions that share from then on what is asked for the first, () for none; None: as before.
        """
        world = self._world
        self.route = route
        self._asked += 1
        self.changes.append(RouteChange(world.now, weight, math.nan))
        change, beside = self._asked, self._beside_asked
        at = world.now + self._delay(change)
        world.env.call(at, PROPAGATION, change, lambda: self._apply(change, route, pool, beside))

    def note(self, weight: float) -> None:
        """Record that `weight` percent is asked for where pods make the share: nothing propagates."""
        self.changes.append(RouteChange(self._world.now, weight, self._world.now))
        self._asked += 1
        self._applied = self._asked

    def pool(self, version: int, other: int) -> None:
        """Divide what is asked for `version` between its endpoints and those of `other`: one workload, two versions.

        Model: users meet one of the two by their share of the endpoints; a balancer that counts requests counts them
        within each.
        """
        self._pool = (version, other)
        self._divide()

    def run_beside(self, versions: tuple[int, int] | None) -> None:
        """From the next route on, give a baseline, the second version, as much as the first, the canary; None: none."""
        self._beside_asked = versions

    def endpoints_changed(self, version: int, by: int) -> None:
        """Take note of endpoints that have come or gone."""
        self._endpoints[version] += by
        if version in self._pool or version in (self._beside or ()):
            self._divide()

    def _divide(self) -> None:
        self._world.settle()
        self._world.engine.set_route(self._divided(self._in_force))

    def _divided(self, route: Route) -> Route:
        if self._beside is not None:
            return self._with_baseline(route, *self._beside)
        if not self._pool:
            return route
        first, other = self._pool
        counts = self._endpoints[first], self._endpoints[other]
        if counts[1] == 0:
            return route
        weights: list[tuple[int, float]] = []
        for version, weight in route.weights:
            if version == first:
                part = weight * counts[1] / sum(counts)
                weights += [(other, part), (first, weight - part)]
            else:
                weights.append((version, weight))
        return replace(route, weights=tuple(weights))

    def _with_baseline(self, route: Route, canary: int, baseline: int) -> Route:
        weight = dict(route.weights).get(canary, 0.0)
        part = baseline_weight(weight, self._endpoints[canary], self._endpoints[baseline])
        weights: list[tuple[int, float]] = []
        for version, share in route.weights:
            is_stable = version == self._world.stable
            weights += [(baseline, part), (version, share - part)] if is_stable else [(version, share)]
        return replace(route, weights=tuple(weights))

    def share_by_pods(self) -> None:
        """Let the pods make the share, at once."""
        self.route = Route(by_pods=True)
        self.note(0.0)
        self._world.settle()
        self._world.engine.set_route(self.route)

    def _delay(self, change: int) -> float:
        mesh = self._world.scenario.mesh
        law = mesh.propagation_delay if mesh else self._world.resolved(self._world.stable).endpoint_propagation
        return self._world.law(law, change, "route")

    def _apply(self, change: int, route: Route, pool: tuple[int, ...] | None, beside: tuple[int, int] | None) -> None:
        # A later change may have overtaken this one: it never came into force.
        if change < self._applied:
            return
        self._applied = change
        self.changes[change] = replace(self.changes[change], in_force_at=self._world.now)
        self._in_force = route
        self._pool = self._pool if pool is None else pool
        self._beside = beside
        self._divide()
        if self.is_in_force and self._settled is not None and not self._settled.triggered:
            self._world.env.fire(self._settled, STRATEGY)
