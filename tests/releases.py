"""A small release for tests of whoever notices it: two versions, five pods, 50 requests a second, one strategy."""

from __future__ import annotations

from typing import Any

from sim.cluster.world import World
from sim.record import Decision, Record
from sim.scenario import Scenario

HEAD = """
apiVersion: rollsim/v1
kind: Scenario
metadata: {name: small}
spec:
  duration: 5m
  warmup: 1m
  users: {count: 500, segments: {testers: {share: 20%}}}
  traffic: {rate: 50rps}
  services:
    shop:
      replicas: 5
      concurrency: 2
      startup: 2s
      readinessProbe: {periodSeconds: 1}
      latency: 20ms
      versions:
        v1: {conversion: {rate: 20%}}
        v2: VERSION
  mesh: {loadBalancer: roundRobin, propagationDelay: 1s, retries: {attempts: 0}}
  monitoring: MONITORING
  release: {service: shop, from: v1, to: v2}
  strategies: {STRATEGIES}
"""
GOOD = "{conversion: {rate: 20%}}"
BAD = "{conversion: {rate: 20%}, faults: [{errorRate: 20%}]}"


def scenario(strategies: str, version: str = GOOD, monitoring: str = "{scrapeInterval: 5s}", **spec: Any) -> Scenario:
    """Return the release with these strategies (flow YAML, without the braces); `spec` replaces keys of spec."""
    text = HEAD.replace("VERSION", version).replace("MONITORING", monitoring).replace("STRATEGIES", strategies)
    found = Scenario.from_text(text)
    for key, value in spec.items():
        found = found.replace(f"spec.{key}", value)
    return found


def world(strategies: str, *args: Any, seed: int = 1, **spec: Any) -> World:
    """Return the world of the first of the strategies, not yet run."""
    found = scenario(strategies, *args, **spec)
    return World(found, next(iter(found.strategies)), seed=seed)


def run(strategies: str, *args: Any, seed: int = 1, **spec: Any) -> Record:
    """Return the record of the first of the strategies."""
    return world(strategies, *args, seed=seed, **spec).run()


def decisions(record: Record, judge: str) -> list[Decision]:
    """Return what one judge decided."""
    return [decision for decision in record.decisions if decision.judge == judge]


def told(record: Record, source: str, kind: str) -> list[tuple[float, str]]:
    """Return when and what one source said of one kind."""
    return [
        (event.at_seconds, event.message) for event in record.events if (event.source, event.kind) == (source, kind)
    ]
