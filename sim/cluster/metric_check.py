"""One look at a metric and its range, as Flagger's scheduler takes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sim.cluster.scrape import Scraped
from sim.judges.metric_range import is_in_range
from sim.judges.uncertainty import interval
from sim.metrics import METRICS
from sim.record import Decision, Verdict
from sim.units import format_duration

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.spec.metric_check import MetricCheck


class Checker:
    """Looks at the new version's metrics; every look is a decision."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._scraped = Scraped(world)

    def first_failure(self, checks: tuple[MetricCheck, ...]) -> str | None:
        """Return what the first metric outside its range says; the rest are then not looked at. None: all pass."""
        for check in checks:
            found = self._look(check)
            if found is not None:
                return found
        return None

    def _look(self, check: MetricCheck) -> str | None:
        world, metric = self._world, METRICS[check.metric]
        window = self._scraped.window(check, "candidate")
        value, samples = metric.value(window), round(metric.samples(window))
        allowed = check.threshold_range
        has_passed = is_in_range(check.written(value), allowed.min, allowed.max)
        verdict: Verdict = "error" if math.isnan(value) else "pass" if has_passed else "fail"
        low, high = (math.nan, math.nan) if math.isnan(value) else map(float, interval(metric, window, value))
        reason = sentence(check, value, samples)
        world.decide(
            Decision(
                world.now, "analysis", check.metric, value, low, high, check.bound(), samples, verdict, f"{reason}."
            )
        )
        if verdict == "fail":
            world.detect(world.now)
        return None if has_passed else reason


def sentence(check: MetricCheck, value: float, samples: int) -> str:
    """Return what one look found, in Flagger's units."""
    over = format_duration(check.window)
    if math.isnan(value):
        return f"no values found for {check.name} over {over}: the new version probably receives no traffic"
    given, unit, allowed = check.written(value), check.scale.unit, check.threshold_range
    shown = f"{check.name} over {over} is {given:.4g} {unit}".rstrip()
    if allowed.min is not None and given < allowed.min:
        return f"{shown}, below {allowed.min:g} ({samples} samples)"
    if allowed.max is not None and given > allowed.max:
        return f"{shown}, above {allowed.max:g} ({samples} samples)"
    return f"{shown}, inside its range ({samples} samples)"
