"""One scenario, as ordered: loaded, changed, its cost looked at, run, and held against what it expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.endings import say
from sim.cli.order import Order, change
from sim.cli.progress import progress_bar

if TYPE_CHECKING:
    from sim.comparison import Comparison
    from sim.scenario import Scenario

EXPECTATION_FAILED = 1
MANY_REQUESTS = 200_000_000
"""A scenario that simulates more in all is warned of, and run."""


@dataclass(frozen=True)
class Task:
    """A scenario as it will be run. strategies: names, in the order of the results."""

    scenario: Scenario
    strategies: tuple[str, ...]

    def settings(self, order: Order) -> dict[str, Any]:
        """Return what decides the result besides the scenario."""
        return {
            "strategies": list(self.strategies),
            "seed": self.scenario.seed,
            "replications": order.replications,
            "engine": order.engine,
        }


def prepare(order: Order, path: Path) -> Task:
    """Return the scenario with the changes of the order.

    Raises:
        ScenarioError: the file or what `--set` makes of it is not valid.
        UsageError: a strategy is not in the file, or `run` cannot tell which one is meant.
    """
    from sim.scenario import load

    scenario = change(load(path), order.changes)
    if order.seed is not None:
        scenario = scenario.replace("spec.seed", order.seed)
    return Task(scenario, _strategies(order, scenario))


def simulate(order: Order, task: Task) -> Comparison:
    """Return the result of the task, showing progress meanwhile."""
    from sim.batch import compare

    task.scenario.check_budget(order.max_requests)
    _warn(order, task)
    announce_compiler(order)
    with progress_bar(task.scenario.name, order.quiet) as advance:
        return compare(
            task.scenario,
            strategies=task.strategies,
            replications=order.replications,
            engine=order.engine,
            progress=advance,
            max_requests=order.max_requests,
        )


def announce_compiler(order: Order) -> None:
    """Say what the first run on a machine waits for."""
    from sim.engine import is_compiled

    if order.engine == "compiled" and not order.quiet and not is_compiled():
        say("compiling the engine, once on this machine: up to a minute")


def expectations(comparison: Comparison) -> list[dict[str, Any]]:
    """Return each `expect:` line that speaks only of the strategies that were run, and whether it holds."""
    return [{"line": check.line, "holds": check.holds, "found": check.found} for check in comparison.checks()]


def report_expectations(name: str, checked: Sequence[Mapping[str, Any]]) -> int:
    """Say which expectations failed; return the exit code."""
    failed = [check for check in checked if not check["holds"]]
    for check in failed:
        say(f"{name}: expected {check['line']}; found {check['found']}")
    return EXPECTATION_FAILED if failed else 0


def _warn(order: Order, task: Task) -> None:
    """Say what the reader of the file found odd, and when the work is going to be long."""
    if order.quiet:
        return
    for warning in task.scenario.warnings:
        say(f"{task.scenario.name}: {warning}")
    runs = order.replications * (2 * len(task.strategies) + 1)  # each strategy with its good release; one run without
    requests = runs * task.scenario.expected_requests()
    if requests > MANY_REQUESTS:
        say(f"{task.scenario.name}: simulates about {requests:,.0f} requests in {runs:,} runs; this takes long")


def _strategies(order: Order, scenario: Scenario) -> tuple[str, ...]:
    from sim.run import the_strategy

    if order.is_run:
        return (the_strategy(scenario, order.strategies[0] if order.strategies else None),)
    return tuple(the_strategy(scenario, name) for name in order.strategies or scenario.strategies)
