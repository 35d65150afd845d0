"""What metrics-server knows: each pod's work between its last scrapes that are old enough to have arrived."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from sim.cluster.clock import SCRAPE

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.engine.protocol import PodLoad

RESOLUTION_SECONDS = 15.0
"""Source: metrics-server's --metric-resolution: so often it scrapes, and a sample is the mean since the last scrape."""


class Window(NamedTuple):
    """The pods' work between two scrapes."""

    begin: float
    end: float
    before: PodLoad
    after: PodLoad

    @property
    def seconds(self) -> float:
        """Return how long it is."""
        return self.end - self.begin

    def holds(self, pod: int) -> bool:
        """Return whether both scrapes saw the pod: a sample takes two."""
        return pod < len(self.before.started)

    def busy_workers(self, pod: int) -> float:
        """Return the mean number of the pod's busy workers."""
        return float(self.after.busy_seconds[pod] - self.before.busy_seconds[pod]) / self.seconds

    def begun_per_second(self, pod: int) -> float:
        """Return the requests per second that the pod began."""
        return float(self.after.started[pod] - self.before.started[pod]) / self.seconds

    def waiting(self, pod: int) -> int:
        """Return the requests that waited at the pod at the second scrape."""
        return int(self.after.waiting[pod])


class MetricsServer:
    """Scrapes the pods at multiples of its resolution; what it tells is `lag` old at least."""

    def __init__(self, world: World, longest_lag: float) -> None:
        self._world = world
        kept = math.ceil(longest_lag / RESOLUTION_SECONDS) + 2
        self._readings: deque[tuple[float, PodLoad]] = deque(maxlen=kept + 1)
        self._turn = math.ceil(world.now / RESOLUTION_SECONDS)
        self._plan()

    def window(self, lag: float) -> Window | None:
        """Return the newest window that is known now; None while there are not two scrapes."""
        known = [reading for reading in self._readings if reading[0] <= self._world.now - lag]
        if len(known) < 2:
            return None
        (begin, before), (end, after) = known[-2:]
        return Window(begin, end, before, after)

    def _plan(self) -> None:
        self._world.env.call(self._turn * RESOLUTION_SECONDS, SCRAPE, 0, self._scrape)

    def _scrape(self) -> None:
        self._world.settle()
        self._readings.append((self._world.now, self._world.engine.pod_load()))
        self._turn += 1
        self._plan()
