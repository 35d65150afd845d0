"""How long something takes: as expected, and between which bounds while nothing is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from sim.cluster.pod import RELIST_SECONDS
from sim.engine.variates import quantile
from sim.scenario import Scenario
from sim.spec.distributions import Law
from sim.spec.service import ResolvedVersion

RARE = 0.005
"""The share of all cases that the bounds of one wait leave out at either end."""


@dataclass(frozen=True)
class Span:
    """Seconds: at least, as expected, at most. A number that is added is known exactly."""

    low: float = 0.0
    expected: float = 0.0
    high: float = 0.0

    def __add__(self, other: Span | float) -> Span:
        """Return one after the other."""
        more = other if isinstance(other, Span) else exactly(other)
        return Span(self.low + more.low, self.expected + more.expected, self.high + more.high)

    def __rmul__(self, times: float) -> Span:
        """Return the same several times over."""
        return self.through(lambda seconds: seconds * times)

    def through(self, rule: Callable[[float], float]) -> Span:
        """Return what a rule makes of each, one that keeps their order."""
        return Span(rule(self.low), rule(self.expected), rule(self.high))

    def since(self, began: Span) -> Span:
        """Return how long after `began` this is, for a time that was added to it."""
        return Span(self.low - began.low, self.expected - began.expected, self.high - began.high)

    def later_of(self, other: Span) -> Span:
        """Return the time until both are over."""
        return Span(max(self.low, other.low), max(self.expected, other.expected), max(self.high, other.high))


def exactly(seconds: float) -> Span:
    """Return a time known beforehand."""
    return Span(seconds, seconds, seconds)


def drawn(law: Law, count: int = 1) -> Span:
    """Return the time until the last of `count` draws is over; at least: that of the first."""
    if count == 0:
        return Span()
    first, middle, last = 1 - (1 - RARE) ** (1 / count), 0.5 ** (1 / count), (1 - RARE) ** (1 / count)
    return Span(*(quantile(law, u) for u in (first, middle, last)))


def seconds_to_ready(version: ResolvedVersion, count: int = 1) -> Span:
    """Return the time from the creation of `count` pods until all are available, where there is room for them."""
    attached = Span()
    for volume in version.volumes:
        attached = attached.later_of(drawn(volume.attach, count))
    pulled = drawn(version.image_pull, count) if version.image_pull else Span()
    return attached + pulled + drawn(version.startup, count).through(lambda started: _ready(version, started))


def _ready(version: ResolvedVersion, started: float) -> float:
    """Return from when a container is available that answers `started` seconds after its start."""
    first = version.readiness_probe.initial_delay_seconds if version.readiness_probe else 0.0
    if version.startup_probe is not None:
        started = next_probe(version.startup_probe.initial_delay_seconds, version.startup_probe.period_seconds, started)
        first = max(first, started)
    probe = version.readiness_probe
    if probe is not None:
        started = next_probe(first, probe.period_seconds, started)
        started += (probe.success_threshold - 1) * probe.period_seconds
    elif version.startup_probe is None:
        # Nobody asks: a pod is ready before it can answer.
        started = 0.0
    return started + version.min_ready_seconds


def next_probe(first: float, period: float, moment: float) -> float:
    """Return when the next of the probes at `first` and every period from there comes."""
    return first + max(0, math.ceil((moment - first) / period)) * period


def seconds_to_stop(version: ResolvedVersion, count: int = 1) -> Span:
    """Return the time from the deletion of `count` pods until all are gone: preStop, then what they still serve.

    Model: requests that wait in a pod's queue are left out.
    """
    grace = version.termination_grace_period_seconds
    before = min(version.pre_stop or 0.0, grace)
    serving = drawn(version.latency, count * version.concurrency)
    relists = Span(0.0, serving.expected, serving.high).through(
        lambda seconds: max(1, math.ceil(seconds / RELIST_SECONDS)) * RELIST_SECONDS
    )
    return (exactly(before) + relists).through(lambda seconds: min(seconds, max(grace, before + 2)))


def seconds_to_route(scenario: Scenario, old: ResolvedVersion) -> Span:
    """Return the time from asking for a weight until requests follow it."""
    return drawn(scenario.mesh.propagation_delay if scenario.mesh else old.endpoint_propagation)
