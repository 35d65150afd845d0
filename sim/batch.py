"""Many runs: every strategy with the same users and the same luck, over replications, on every core."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from sim.blast_radius import Value, compare_runs, floor, measure
from sim.cluster.world import World
from sim.comparison import Comparison, Measured
from sim.engine.protocol import Requests
from sim.errors import UsageError
from sim.record import Record
from sim.run import NO_RELEASE, EngineKind, Run, engine_kind, the_strategy
from sim.scenario import BUDGET, Scenario

Progress = Callable[[int, int], None]
"""Called with how many runs are done, and of how many."""
REPLICATIONS = 5


def compare(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    replications: int = REPLICATIONS,
    seed: int | None = None,
    engine: EngineKind = "compiled",
    progress: Progress | None = None,
    keep: bool = True,
    max_requests: int = BUDGET,
    threads: int | None = None,
) -> Comparison:
    """Return what every strategy came to under the same traffic, over replications 0 .. replications - 1 of one seed.

    An interruption (Ctrl-C) keeps the replications that every strategy has finished.

    Args:
        scenario: The scenario.
        strategies: Names of those to compare, in this order; all of the scenario's when left out.
        replications: How many times, each with other users and other luck.
        seed: Instead of the scenario's own.
        engine: Which data plane serves the requests.
        progress: Called as runs are finished, from the caller's own thread.
        keep: Whether to keep the runs of replication 0, for figures.
        max_requests: A scenario whose one run would draw more is refused.
        threads: How many runs at a time; all cores when left out. Results do not depend on it.

    Raises:
        UsageError: there is no such strategy.
        BudgetError: a run would draw more than `max_requests` requests.
        KeyboardInterrupt: interrupted before one replication was finished.
    """
    if replications < 1:
        raise UsageError(f"replications is {replications}; must be 1 or more")
    names = tuple(the_strategy(scenario, name) for name in strategies or scenario.strategies)
    scenario.check_budget(max_requests)
    study = _Study(scenario, names, replications, scenario.seed if seed is None else seed, engine_kind(engine), keep)
    return study.carry_out(progress, threads or _cores())


@dataclass
class _Study:
    """What is to be run, and what is finished of it."""

    scenario: Scenario
    names: tuple[str, ...]
    replications: int
    seed: int
    engine: EngineKind
    keep: bool

    def __post_init__(self) -> None:
        self._plain = self.scenario.without_release() if self.scenario.release else self.scenario
        self._good = self.scenario.with_good_release() if self.scenario.release else self.scenario
        self._finished: dict[tuple[int, str], Measured] = {}
        self._runs: dict[str, Run] = {}

    def carry_out(self, progress: Progress | None, threads: int) -> Comparison:
        """Run everything; after an interruption, what is finished is what there is."""
        interrupted = False
        with ThreadPoolExecutor(threads) as pool:
            tasks = self._submit(pool)
            try:
                for done, task in enumerate(as_completed(tasks), 1):
                    task.result()
                    if progress:
                        progress(done, len(tasks))
            except KeyboardInterrupt:
                interrupted = True
                pool.shutdown(wait=False, cancel_futures=True)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return self._comparison(interrupted)

    def _submit(self, pool: ThreadPoolExecutor) -> list[Future[None]]:
        """Put every run in line: a replication's run without release two ahead of the runs that are paired with it.

        The pool starts them in order, so who waits for a twin waits for one that has been started.
        """
        twins: dict[int, Future[Run]] = {}
        tasks: list[Future[None]] = []

        def submit_twin(replication: int) -> None:
            if replication < self.replications:
                twins[replication] = pool.submit(self._without_release, replication)

        submit_twin(0)
        submit_twin(1)
        for replication in range(self.replications):
            submit_twin(replication + 2)
            tasks += [pool.submit(self._one, name, replication, twins[replication]) for name in self.names]
        return tasks

    def _without_release(self, replication: int) -> Run:
        """Return N, with what every strategy will ask of it worked out."""
        none = Run(self._plain, self._record(self._plain, NO_RELEASE, replication))
        none.observed.public.failed  # noqa: B018 (worked out once, before several threads ask for it)
        return none

    def _one(self, name: str, replication: int, twin: Future[Run]) -> None:
        """Run a strategy and what stands beside it, and keep the numbers."""
        none = twin.result()
        at_least = floor(self._run(self._good, name, none).observed, none.observed)
        run = self._run(self.scenario, name, none)
        damage = compare_runs(run.observed, none.observed)
        fields: Mapping[str, Value] = measure(run.observed, none.observed, at_least, damage)
        self._finished[replication, name] = Measured(fields, damage.first_harm_at)
        if self.keep and replication == 0:
            self._runs[name] = run.with_summary(fields)

    def _run(self, scenario: Scenario, name: str, none: Run) -> Run:
        record = self._record(scenario, name, none.record.replication, none.record.requests)
        return Run(scenario, record, none=none)

    def _record(self, scenario: Scenario, name: str, replication: int, requests: Requests | None = None) -> Record:
        world = World(scenario, name, seed=self.seed, replication=replication, engine=self.engine, requests=requests)
        return world.run()

    def _comparison(self, interrupted: bool) -> Comparison:
        complete = [
            replication
            for replication in range(self.replications)
            if all((replication, name) in self._finished for name in self.names)
        ]
        if not complete:
            raise KeyboardInterrupt
        return Comparison(
            scenario=self.scenario,
            seed=self.seed,
            engine=self.engine,
            results={name: tuple(self._finished[r, name] for r in complete) for name in self.names},
            runs={name: self._runs[name] for name in self.names if name in self._runs},
            is_partial=interrupted,
        )


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
