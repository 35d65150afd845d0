"""The values of a metric, one an interval: what a judge compares that looks at more than one measurement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.cluster.scrape import busy_workers, expected_before_history, nobody_answered, segment_index
from sim.metrics import METRICS
from sim.metrics.window import Busy, Selection, Window, cut

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.spec.analysis import MetricSpec

UNKNOWN = Busy(math.nan, math.nan, 0)


class Series:
    """A metric of some versions since `began_at`: its value at each interval, nan where there were too few samples.

    is_apart: a baseline's answers are its own, not the old version's.
    """

    def __init__(
        self, world: World, spec: MetricSpec, versions: tuple[int, ...], began_at: float, *, is_apart: bool = False
    ) -> None:
        self._world = world
        self._is_apart = is_apart
        self._spec = spec
        self._selection = Selection(versions, segment_index(world, spec.segment))
        self._began_at = began_at
        self._interval = spec.window if spec.interval is None else spec.interval
        self._first_answers = nobody_answered(world) if spec.metric == "conversion" else None
        self._values: list[float] = []

    def values(self, lookback: float | None = None) -> NDArray[np.float64]:
        """Return the values so far, or the last of them, of `lookback` seconds: each of what was scraped by then."""
        while (at := self._began_at + (len(self._values) + 1) * self._interval) <= self._world.now:
            self._values.append(self._measured(self._window(self._world.last_scrape(at))))
        kept = len(self._values) if lookback is None else max(1, math.floor(lookback / self._interval))
        return np.array(self._values[-kept:] if kept else [], dtype=np.float64)

    def _measured(self, window: Window) -> float:
        metric = METRICS[self._spec.metric]
        return metric.value(window) if round(metric.samples(window)) >= self._spec.minimum_samples else math.nan

    def _window(self, end: float) -> Window:
        world, selection, spec = self._world, self._selection, self._spec
        start = end - self._spec.window
        if self._first_answers is not None:
            self._first_answers.extend(world.answers_apart() if self._is_apart else world.answers(), end)
        return cut(
            world.calls_to(spec.service or world.service, is_apart=self._is_apart),
            world.requests,
            start,
            end,
            selection,
            first_answers=self._first_answers,
            expected=expected_before_history(world, start, end, selection),
            busy=busy_workers(world, start, end, selection) if self._spec.metric == "saturation" else UNKNOWN,
        )
