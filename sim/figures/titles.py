"""Sentences that several figures share: which strategy, how it ended, how the figure was made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sim.figures.results import Results
from sim.figures.sources import ComparisonSource, RunSource
from sim.figures.words import Wording

if TYPE_CHECKING:
    from sim.scenario import Scenario


def strategy_label(run: RunSource, words: Wording) -> str:
    """Return the label of the run's strategy."""
    return words.strategy(run.record.strategy)


def outcome_at(run: RunSource, words: Wording) -> str:
    """Return how the rollout ended and when."""
    record = run.record
    if record.candidate is None:
        return words("plain")
    if math.isnan(record.settled_at):
        return words(record.outcome)
    return words("ended_at", outcome=words(record.outcome), clock=words.clock(record.settled_at))


def traffic(scenario: Scenario, words: Wording) -> str:
    """Return the rate of the traffic."""
    spec = scenario.traffic
    if spec.trace is not None:
        return words("rate_trace")
    rates = [spec.rate] if spec.rate is not None else [point.rate for point in spec.profile]
    if min(rates) == max(rates):
        return words("rate_constant", rate=words.count(rates[0]))
    return words("rate_varying", low=words.count(min(rates)), high=words.count(max(rates)))


def made(scenario: Scenario, seed: int, words: Wording) -> str:
    """Return the traffic, the pods and the seed of a run."""
    release = scenario.release
    service = release.service if release else scenario.traffic.entry or next(iter(scenario.services))
    version = release.from_version if release else next(iter(scenario.services[service].versions))
    replicas = scenario.services[service].resolved(version).replicas
    pods = words("pods_one" if replicas == 1 else "pods_many", count=replicas, version=version)
    return words("made", rate=traffic(scenario, words), pods=pods, seed=seed)


def sentence(text: str) -> str:
    """Return the text with a capital first letter, unless it begins with a name such as errorRate."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.islower() else text


def scenario_title(scenario: Scenario) -> str:
    """Return the scenario's title in English, or in the first language it has, or its name."""
    titles = scenario.metadata.title
    return titles.get("en") or next(iter(titles.values()), scenario.metadata.name)


def comparison_made(comparison: ComparisonSource, found: Results, words: Wording) -> tuple[str, ...]:
    """Return what was compared, and how the numbers were made."""
    scenario = comparison.scenario
    users = words("users_count", count=words.count(scenario.users.count))
    return (f"{scenario_title(scenario)}: {made(scenario, found.seed, words)}, {users}.", intervals(found, words))


def intervals(found: Results, words: Wording) -> str:
    """Return where the intervals come from, or why there are none."""
    return words("means", n=found.replications) if found.replications > 1 else words("one_run")
