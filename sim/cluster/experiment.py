"""Two groups of users side by side: how many each has, how many converted, and which is better."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import simpy

from sim.cluster.clock import STRATEGY
from sim.cluster.scrape import nobody_answered, versions_in
from sim.judges import difference
from sim.judges.difference import Difference, Group
from sim.judges.phase import VERDICTS
from sim.metrics.window import Selection, cut
from sim.record import Decision

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.spec.analysis import Role


class Found(NamedTuple):
    """The difference between the groups, and the same in one sentence."""

    difference: Difference
    reason: str


class Experiment:
    """Treatment (the candidate) against control (the stable version) from now on.

    The first ok answer from now on decides for a user. What users did while the treatment's pods were starting is no
    part of the comparison: all of them were with the old version then.
    """

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._began_at = world.now
        self._first_answers = nobody_answered(world, since=world.now)

    def next_look(self) -> simpy.Event:
        """Return an event for the next scrape, in the strategy's turn."""
        world = self._world
        interval = world.scenario.monitoring.scrape_interval
        return world.env.moment((round(world.last_scrape(world.now) / interval) + 1) * interval, STRATEGY)

    def smallest_group(self) -> int:
        """Return how many users (requests) the smaller group has, as of the last scrape."""
        return min(self._group("candidate").exposed, self._group("stable").exposed)

    def compare(self, alpha: float) -> Found:
        """Return what the groups' conversions say, and record it."""
        treatment, control = self._group("candidate"), self._group("stable")
        found = difference.judge(treatment, control, alpha)
        reason = sentence(treatment, control, found)
        self._record(found, treatment.exposed + control.exposed, reason)
        return Found(found, reason)

    def _group(self, role: Role) -> Group:
        world = self._world
        end = max(self._began_at, world.last_scrape(world.now))
        self._first_answers.extend(world.answers(), end)
        selection = Selection(versions_in(world, role))
        window = cut(world.answers(), world.requests, self._began_at, end, selection, first_answers=self._first_answers)
        return Group(*window.exposed)

    def _record(self, found: Difference, samples: int, reason: str) -> None:
        world, verdict = self._world, VERDICTS[found.judgement.phase]
        ends = (found.value, found.low, found.high, found.judgement.threshold)
        world.decide(Decision(world.now, self._name, "conversion", *ends, samples, verdict, reason))
        if verdict == "fail":
            world.detect(world.now)


def sentence(treatment: Group, control: Group, found: Difference) -> str:
    """Return the comparison in one sentence."""
    rates = [
        f"{group.converted} of {group.exposed} ({100 * group.converted / max(1, group.exposed):.3g} %)"
        for group in (treatment, control)
    ]
    interval = f"difference {100 * found.low:+.3g} to {100 * found.high:+.3g} points"
    return f"Treatment converts {rates[0]}, control {rates[1]}, {interval}: {found.judgement.reason}."
