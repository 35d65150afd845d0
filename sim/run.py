"""One run: a scenario under one strategy, its record, and everything that can be worked out from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from sim import tables
from sim.blast_radius import Floor, Observed, Value, compare_runs, floor, measure
from sim.cluster.world import World
from sim.errors import UsageError
from sim.record import Record
from sim.scenario import BUDGET, Scenario
from sim.spec.model import did_you_mean
from sim.summary import sentences

if TYPE_CHECKING:
    import pandas as pd

EngineKind = Literal["compiled", "reference"]
NO_RELEASE = "none"
"""The only strategy of a scenario without a release, and the type of any that deploys nothing."""


class Run:
    """A simulated rollout; its frames, its twins and its summary are worked out when first asked for."""

    def __init__(self, scenario: Scenario, record: Record, *, none: Run | None = None) -> None:
        """Take a record of the scenario; `none` is its run without the release where that was made already."""
        self.scenario = scenario
        self.record = record
        self.observed = Observed(record, scenario)
        if none is not None:
            self.__dict__["none"] = none

    def with_summary(self, fields: Mapping[str, Value]) -> Run:
        """Return this run with its result fields, and without what was held in memory to work them out."""
        run = Run(self.scenario, self.record, none=self.none)
        run.__dict__["_summary"] = fields
        return run

    @cached_property
    def requests(self) -> pd.DataFrame:
        """Return one row per user request."""
        return tables.requests(self.record, self.scenario, self.observed.outcomes)

    @cached_property
    def windows(self) -> pd.DataFrame:
        """Return one row per second and version."""
        return tables.windows(self.record, self.scenario)

    @cached_property
    def pods(self) -> pd.DataFrame:
        """Return one row per pod."""
        return tables.pods(self.record)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Return one row per event."""
        return tables.events(self.record)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """Return one row per look of a judge or an alert."""
        return tables.decisions(self.record)

    @cached_property
    def none(self) -> Run:
        """Return N: the same scenario, seed and replication without the release, everything else running."""
        if self.scenario.release is None:
            return self
        return self._beside(self.scenario.without_release(), NO_RELEASE)

    @cached_property
    def good(self) -> Run:
        """Return G: the same strategy with a new version that behaves as the old one."""
        if self.record.type == NO_RELEASE:
            return self
        return self._beside(self.scenario.with_good_release(), self.record.strategy)

    @cached_property
    def good_floor(self) -> Floor:
        """Return what is kept of G: the floor of noise and the delivery time."""
        return floor(self.good.observed, self.none.observed)

    def summary(self) -> dict[str, Value]:
        """Return every result field by name; makes the runs beside this one when they are missing."""
        return dict(self._summary)

    def in_words(self) -> str:
        """Return in two sentences how the rollout ended and why, and whom it hurt."""
        return sentences(self.record.strategy, self.summary())

    @cached_property
    def _summary(self) -> Mapping[str, Value]:
        damage = compare_runs(self.observed, self.none.observed)
        return measure(self.observed, self.none.observed, self.good_floor, damage)

    def _beside(self, scenario: Scenario, strategy: str) -> Run:
        record = self.record
        beside = World(
            scenario,
            strategy,
            seed=record.seed,
            replication=record.replication,
            engine=engine_kind(record.engine),
            requests=record.requests,
        ).run()
        return Run(scenario, beside)


def simulate(
    scenario: Scenario,
    strategy: str | None = None,
    seed: int | None = None,
    replication: int = 0,
    engine: EngineKind = "compiled",
    max_requests: int = BUDGET,
) -> Run:
    """Return the run of the scenario under one strategy; it may be left out where the scenario has only one.

    Raises:
        UsageError: there is no such strategy, or several to choose from.
        BudgetError: the run would draw more than `max_requests` requests.
    """
    name = the_strategy(scenario, strategy)
    scenario.check_budget(max_requests)
    world = World(scenario, name, seed=seed, replication=replication, engine=engine_kind(engine))
    return Run(scenario, world.run())


def the_strategy(scenario: Scenario, name: str | None) -> str:
    """Return the name of the strategy that is meant."""
    known = list(scenario.strategies)
    if name is None and len(known) == 1:
        return known[0]
    if name in known:
        return str(name)
    if name is None:
        raise UsageError(f"{scenario.name} has several strategies; choose one of {', '.join(known)}")
    raise UsageError(f"{scenario.name} has no strategy '{name}'{did_you_mean(name, known)}")


def engine_kind(name: str) -> EngineKind:
    """Return the name of the engine.

    Raises:
        UsageError: there is no such engine.
    """
    if name == "compiled":
        return "compiled"
    if name == "reference":
        return "reference"
    raise UsageError(f"there is no engine '{name}'; there are compiled and reference")
