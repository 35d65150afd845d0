"""State at every whole second, for the record and for metrics that look at pods instead of answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.record import Samples

if TYPE_CHECKING:
    from sim.cluster.world import World


T = TypeVar("T", bound=np.generic)


class Sampler:
    """One row per whole second, taken after everything else of that moment; rows are never changed again."""

    def __init__(self, world: World, start: float, end: float) -> None:
        self.next_at = float(math.ceil(start))
        self._world = world
        self._taken = 0
        self._sampled_up_to = -math.inf
        self._versions = len(world.replica_sets)
        # One row more than seconds: `so_far` puts the present moment there.
        rows = max(0, math.floor(end) - math.ceil(start) + 1) + 1
        shape = (rows, self._versions)
        self._at = np.zeros(rows)
        self._pods_ready = np.zeros(shape, np.int64)
        self._waiting = np.zeros(shape, np.int64)
        self._busy_seconds = np.zeros(shape)
        self._worker_seconds = np.zeros(shape)

    def take_before(self, at: float) -> None:
        """Take every row that is due before `at`; no control event lies between the last one and `at`."""
        first = self._taken
        while self.next_at < at:
            self._world.settle(self.next_at)
            self._fill(self.next_at)
            self._taken += 1
            self.next_at += 1.0
        self._fill_pods(slice(first, self._taken))

    def so_far(self) -> Samples:
        """Return all rows and, last, the present moment."""
        now = self._world.now
        self._world.settle()
        self._fill(now)
        self._fill_pods(slice(self._taken, self._taken + 1))
        return self._rows(self._taken + 1)

    def rows(self) -> Samples:
        """Return the rows of whole seconds."""
        return self._rows(self._taken)

    def _fill(self, at: float) -> None:
        row = self._taken
        load = self._world.engine.load()
        self._at[row] = at
        self._waiting[row] = load.waiting
        self._busy_seconds[row] = load.busy_seconds

    def _fill_pods(self, rows: slice) -> None:
        """Fill in what only control events change, for all rows since the last of them at once."""
        world = self._world
        self._pods_ready[rows] = [world.tally.ready(version) for version in range(self._versions)]
        for version in range(self._versions):
            self._worker_seconds[rows, version] = world.tally.worker_seconds(version, self._at[rows])

    def _rows(self, count: int) -> Samples:
        return Samples(
            at=_view(self._at, count),
            pods_ready=_view(self._pods_ready, count),
            waiting=_view(self._waiting, count),
            busy_seconds=_view(self._busy_seconds, count),
            worker_seconds=_view(self._worker_seconds, count),
        )


def _view(column: NDArray[T], count: int) -> NDArray[T]:
    view = column[:count]
    view.flags.writeable = False
    return view
