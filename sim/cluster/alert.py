"""Alerts: rules over what was scraped; one that begins to hold pages the person on call."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.cluster.clock import ALERT
from sim.cluster.pager import Pager
from sim.cluster.scrape import expected_before_history
from sim.engine.protocol import Answers, Calls
from sim.judges.proportions import wilson
from sim.metrics.failure_counts import Counts, FailureCounts
from sim.metrics.window import Selection
from sim.record import Decision
from sim.spec import condition
from sim.units import format_duration

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.spec.monitoring import Alert, BurnWindow, By


@dataclass(frozen=True)
class Firing:
    """Why a rule holds: what was counted, what it was held against, in words."""

    counts: Counts
    threshold: float
    reason: str


def start_alerts(world: World) -> None:
    """Look at every alert of the scenario from now on."""
    monitoring = world.scenario.monitoring
    if monitoring.alerts:
        Alerts(world).start()


class Alerts:
    """All alerts of a run and the counters they share."""

    def __init__(self, world: World) -> None:
        self._world = world
        monitoring = world.scenario.monitoring
        self._interval = monitoring.evaluation_interval or monitoring.scrape_interval
        self._turn = math.ceil(world.now / self._interval)
        self._sources = {by: sources(world, by) for by in dict.fromkeys(alert.by for alert in monitoring.alerts)}
        pager = Pager(world)
        self._rules = [Rule(world, alert, self._sources[alert.by], pager) for alert in monitoring.alerts]

    def start(self) -> None:
        """Wait for the next moment at which rules are evaluated."""
        self._world.env.call(self._turn * self._interval, ALERT, 0, self._look)

    def _look(self) -> None:
        now = self._turn * self._interval
        users, versions = self._world.answers(), self._world.calls_to(self._world.service)
        for by, each in self._sources.items():
            for source in each:
                source.scrape(versions if by == "version" else users, self._world.last_scrape(now))
        for rule in self._rules:
            rule.look(now)
        self._turn += 1
        self.start()


def sources(world: World, by: By) -> list[Source]:
    """Return whose errors are counted: the service's, or those of each of its versions, segments or endpoints."""
    if by == "version":
        numbers = [number for number in (world.stable, world.candidate, *world.applied) if number is not None]
        return [Source(world, Selection((number,)), world.replica_sets[number].name) for number in numbers]
    if by == "segment":
        return [Source(world, Selection(None, index), name) for index, name in enumerate(world.requests.segments)]
    if by == "endpoint":
        return [Source(world, Selection(endpoint=n), name) for n, name in enumerate(world.requests.endpoints)]
    return [Source(world, Selection(), world.service)]


class Source:
    """The error counts of what is selected."""

    def __init__(self, world: World, selection: Selection, name: str) -> None:
        self.name = name
        self._world = world
        self._selection = selection
        self._counts = FailureCounts(world.requests, selection)
        self._scraped_at = -math.inf
        self._answers: Answers | Calls

    def scrape(self, answers: Answers | Calls, at: float) -> None:
        """Read the counters as the scrape at `at` found them."""
        self._answers = answers
        if at > self._scraped_at:
            self._scraped_at = at
            self._counts.scrape(answers, at)

    def over(self, seconds: float) -> Counts:
        """Return the counts of the window that ends with the last scrape."""
        end = self._scraped_at
        found = self._counts.between(self._answers, end - seconds, end)
        before = expected_before_history(self._world, end - seconds, end, self._selection)
        return Counts(found.requests + before.requests, found.failed + before.failed)


class Rule:
    """One alert: inactive, pending (it holds, but not yet for long enough) or firing."""

    def __init__(self, world: World, alert: Alert, sources: list[Source], pager: Pager) -> None:
        self.is_firing = False
        self._world = world
        self._alert = alert
        self._sources = sources
        self._pager = pager
        self._holds_since = math.nan
        self._condition = None if alert.condition is None else condition.parse(alert.condition)
        self._budget = 1 - world.scenario.objectives.availability

    def look(self, at: float) -> None:
        """Evaluate the rule at `at`; page the person when it begins to fire."""
        found = next(((source, firing) for source in self._sources if (firing := self._held(source))), None)
        if found is None:
            self._holds_since = math.nan
            if self.is_firing:
                self.is_firing = False
                self._world.log("alert", "resolved", self._alert.name, f"Alert {self._alert.name} no longer holds.")
            return
        if math.isnan(self._holds_since):
            self._holds_since = at
        if not self.is_firing and at - self._holds_since >= self._alert.for_:
            self.is_firing = True
            self._fire(*found)

    def _held(self, source: Source) -> Firing | None:
        if self._condition is not None and self._alert.window is not None:
            return self._holds(source, self._condition, self._alert.window)
        return next((firing for pair in self._alert.windows if (firing := self._burns(source, pair))), None)

    def _burns(self, source: Source, pair: BurnWindow) -> Firing | None:
        """Source: Google, The Site Reliability Workbook, chapter 5, multiwindow, multi-burn-rate alerts."""
        short = source.over(pair.short)
        if not short.error_rate / self._budget > pair.factor:
            return None
        long = source.over(pair.long)
        burn = long.error_rate / self._budget
        if not burn > pair.factor:
            return None
        windows = f"{format_duration(pair.long)} and {format_duration(pair.short)}"
        reason = f"burns the error budget {burn:.3g} times too fast over {windows}; the limit is {pair.factor:g}"
        return Firing(long, pair.factor * self._budget, reason)

    def _holds(self, source: Source, rule: condition.Condition, window: float) -> Firing | None:
        counts = source.over(window)
        try:
            holds = rule.evaluate(counts.error_rate)
        except condition.ConditionError:
            return None
        return Firing(counts, rule.threshold(), f"{rule.text} over {format_duration(window)}") if holds else None

    def _fire(self, source: Source, firing: Firing) -> None:
        world, counts = self._world, firing.counts
        reason = f"errorRate of {source.name} is {100 * counts.error_rate:.3g} %: {firing.reason}."
        low, high = wilson(counts.failed, counts.requests)
        world.decide(
            Decision(
                world.now,
                f"alert {self._alert.name}",
                self._alert.metric,
                counts.error_rate,
                float(low),
                float(high),
                firing.threshold,
                round(counts.requests),
                "fail",
                reason,
            )
        )
        world.log("alert", "firing", self._alert.name, f"Alert {self._alert.name} fires: {reason}")
        # Before the release starts there is nothing to notice and nothing to undo.
        if world.now >= 0:
            world.detect(world.now)
            self._pager.tell(self)

    @property
    def name(self) -> str:
        """Return the alert's name."""
        return self._alert.name
