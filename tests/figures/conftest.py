"""Real runs of the built-in scenarios and of small variants of one, each made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

import pytest

import sim
from sim.comparison import Comparison
from sim.resources import builtin_scenarios
from sim.scenario import Scenario

SCENARIOS = sorted(builtin_scenarios())

Compared = Callable[[str], Comparison]


@lru_cache(maxsize=4)  # a comparison holds the rows of all its runs
def compared(name: str) -> Comparison:
    """Return the strategies of a built-in scenario, run twice each."""
    return sim.compare(sim.load(builtin_scenarios()[name]), replications=2)


@pytest.fixture(scope="session")
def comparison() -> Compared:
    return compared


@pytest.fixture(scope="session")
def bad(comparison: Compared) -> Comparison:
    return comparison("bad-release")


SMALL = """
apiVersion: rollsim/v1
kind: Scenario
metadata: {name: small, title: {en: A small one}}
spec:
  duration: 6m
  warmup: 30s
  users: {count: 300}
  traffic: {rate: 30rps}
  services:
    shop:
      replicas: 4
      concurrency: 4
      startup: 5s
      readinessProbe: {periodSeconds: 5}
      latency: 20ms
      versions:
        v1: {}
        VERSION: {faults: [{errorRate: 5%}]}
  mesh: {loadBalancer: roundRobin}
  release: {service: shop, from: v1, to: VERSION}
  strategies: {STRATEGIES}
"""


@cache
def small_scenario(strategies: str, version: str = "v2") -> Scenario:
    """Return a small bad release under these strategies (flow YAML, without the braces)."""
    return Scenario.from_text(SMALL.replace("STRATEGIES", strategies).replace("VERSION", version))


@cache
def small_comparison(strategies: str, version: str = "v2", replications: int = 1) -> Comparison:
    return sim.compare(small_scenario(strategies, version), replications=replications)


@pytest.fixture(scope="session")
def small() -> Callable[..., Comparison]:
    return small_comparison


@pytest.fixture(scope="session")
def plain() -> Comparison:
    """Return a scenario without a release."""
    lines = SMALL.splitlines()
    text = "\n".join(line for line in lines if not line.startswith(("  release:", "  strategies:")))
    return sim.compare(Scenario.from_text(text.replace("VERSION", "v2")), replications=1)


TEN = ", ".join(
    f"quickCanary{step}: {{type: canary, steps: [{{setWeight: {10 * step}}}, {{pause: {{duration: 30s}}}}]}}"
    for step in range(1, 8)
)
TEN = f"{TEN}, recreate: {{}}, rollingUpdate: {{}}, onlyLooking: {{type: shadow, duration: 1m}}"


@pytest.fixture(scope="session")
def ten() -> Comparison:
    """Return ten strategies under free names, one of which delivers nothing."""
    return small_comparison(TEN, "2026.11-rc1", 2)
