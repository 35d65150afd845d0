"""What judges and alerts can know at a moment: windows over what finished by the last scrape."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from sim.engine.called import calls_per_request
from sim.engine.protocol import Answers, Calls
from sim.metrics.first_answers import FirstAnswers, Per
from sim.metrics.status import SERVER_ERROR
from sim.metrics.window import Busy, Expected, Selection, Window, cut, pods_that_answered

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.spec.analysis import MetricName, Role
    from sim.spec.service import ResolvedVersion
    from sim.spec.traffic import Traffic


class Measured(Protocol):
    """What is to be measured, over which window, of whom."""

    @property
    def metric(self) -> MetricName:
        """Return the metric's name."""

    @property
    def window(self) -> float:
        """Return the seconds to look back on."""

    @property
    def service(self) -> str | None:
        """Return the service; None: the released one."""

    @property
    def segment(self) -> str | None:
        """Return the users' segment; None: all of them."""


class Grouped(Measured, Protocol):
    """What is to be measured of each segment or pod by itself."""

    @property
    def by(self) -> Literal["segment", "pod"] | None:
        """Return what it is measured of; None: of all together."""


class Scraped:
    """What one observer knows of the data plane."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._first_answers: FirstAnswers | None = None

    def window(self, metric: Measured, role: Role) -> Window:
        """Return the metric's window up to the last scrape, for the version in `role`: only what the metric needs."""
        return self._cut(metric, self._selection(metric, role))

    def windows(self, metric: Grouped, role: Role) -> list[Window]:
        """Return a window of each segment, users of none last, or of each pod that answered; one of all otherwise."""
        world, whole = self._world, self._selection(metric, role)
        if metric.by is None:
            return [self._cut(metric, whole)]
        if metric.by == "segment":
            segments = (*range(len(world.scenario.users.segments)), -1)
            return [self._cut(metric, replace(whole, segment=segment)) for segment in segments]
        end = world.last_scrape(world.now)
        pods = pods_that_answered(self._answers(metric), world.requests, end - metric.window, end, whole)
        return [self._cut(metric, replace(whole, pod=pod)) for pod in pods]

    def _answers(self, metric: Measured) -> Answers | Calls:
        return self._world.calls_to(metric.service or self._world.service)

    def _selection(self, metric: Measured, role: Role) -> Selection:
        world = self._world
        return Selection(versions_in(world, role, metric.service), segment_index(world, metric.segment))

    def _cut(self, metric: Measured, selection: Selection) -> Window:
        world = self._world
        end = world.last_scrape(world.now)
        start = end - metric.window
        return cut(
            self._answers(metric),
            world.requests,
            start,
            end,
            selection,
            first_answers=self._answered_first(end) if metric.metric == "conversion" else None,
            expected=expected_before_history(world, start, end, selection),
            busy=busy_workers(world, start, end, selection)
            if metric.metric == "saturation"
            else Busy(math.nan, math.nan, 0),
        )

    def _answered_first(self, until: float) -> FirstAnswers:
        world = self._world
        if self._first_answers is None:
            self._first_answers = nobody_answered(world)
        self._first_answers.extend(world.answers(), until)
        return self._first_answers


def nobody_answered(world: World, since: float = -math.inf) -> FirstAnswers:
    """Return who has converted `since` then: nobody yet. What one version says of `per` holds for all."""
    laws = [each.resolved.conversion for each in world.replica_sets]
    per: Per = next((law.per for law in laws if law is not None), "user")
    return FirstAnswers(world.requests, [0.0 if law is None else law.rate for law in laws], per, since)


def versions_in(world: World, role: Role, service: str | None = None) -> tuple[int, ...] | None:
    """Return the versions that play `role`; None for every user request of the service."""
    if service is not None and service != world.service:
        return version_numbers(world, service)
    if role == "all":
        return None
    if world.candidate is None:
        return () if role == "candidate" else (world.stable,)
    # A release that goes back step by step has the old version as its candidate.
    return (world.rollout.candidate.number if role == "candidate" else world.rollout.stable.number,)


def version_numbers(world: World, service: str) -> tuple[int, ...]:
    """Return the numbers of the service's versions."""
    return tuple(each.number for each in world.replica_sets if each.resolved.service == service)


def segment_index(world: World, segment: str | None) -> int | None:
    """Return the segment's place in the scenario; None for all users."""
    return None if segment is None else list(world.scenario.users.segments).index(segment)


def expected_before_history(world: World, start: float, end: float, selection: Selection) -> Expected:
    """Return what a window holds from before the warm-up: of a steady history the stable version's expected rates."""
    scenario = world.scenario
    seconds = min(end, -scenario.warmup) - start
    is_stable = selection.versions is None or world.stable in selection.versions
    if seconds <= 0 or not is_stable or selection.pod is not None or scenario.monitoring.history == "none":
        return Expected()
    requests = seconds * first_rate(world) * _share(world, selection)
    if selection.versions is not None:
        requests *= calls_per_request(world.versions, world.service)
    return Expected(requests, requests * expected_error_rate(world.resolved(world.stable)))


def first_rate(world: World) -> float:
    """Return the requests per second before the release; of a trace its mean, as nothing is known from before it."""
    scenario = world.scenario
    if scenario.trace is not None:
        return scenario.expected_requests() / scenario.duration
    traffic: Traffic = scenario.traffic
    if traffic.closed_loop is not None:
        return scenario.expected_requests() / (scenario.warmup + scenario.duration)
    return traffic.rate_at(-scenario.warmup)


def expected_error_rate(version: ResolvedVersion) -> float:
    """Return the share of 5xx that a version answers at all times.

    Model: retries, and faults that are limited in any way, are left out.
    """
    lasting = [fault for fault in version.faults if fault.is_general]
    return min(1.0, version.error_rate + sum(f.error_rate for f in lasting if f.status_code >= SERVER_ERROR))


def busy_workers(world: World, start: float, end: float, selection: Selection) -> Busy:
    """Return how busy the workers were between the samples at or before `start` and `end`."""
    samples = world.load_samples()
    first, last = np.maximum(np.searchsorted(samples.at, (start, end), side="right") - 1, 0)
    numbers = version_numbers(world, world.service) if selection.versions is None else selection.versions
    columns = list(numbers)
    busy = samples.busy_seconds[last, columns] - samples.busy_seconds[first, columns]
    workers = samples.worker_seconds[last, columns] - samples.worker_seconds[first, columns]
    return Busy(float(busy.sum()), float(workers.sum()), int(last - first))


def _share(world: World, selection: Selection) -> float:
    """Return the share of all requests that a segment makes, or an endpoint gets."""
    share = 1.0
    if selection.segment is not None:
        shares = world.scenario.users.request_shares()
        share = 1.0 - sum(shares) if selection.segment < 0 else shares[selection.segment]
    if selection.endpoint is not None:
        share *= list(world.requests.endpoints.values())[selection.endpoint].share
    return share
