from __future__ import annotations

import pytest

from sim.scenario import Scenario

TEXT = """
apiVersion: rollsim/v1
kind: Scenario
metadata: {name: hand-worked}
spec:
  duration: 180s
  warmup: 10s
  objectives: {availability: 99%, latency: {limit: 1s, target: 90%}}
  users: {count: 10, segments: {testers: {count: 2, public: false}, gold: {count: 1}}}
  traffic: {rate: 1rps}
  services:
    shop:
      replicas: 4
      versions:
        v1: {conversion: {rate: 50%}}
        v2: {conversion: {rate: 10%}}
  mesh: {}
  release: {service: shop, from: v1, to: v2}
  strategies: {canary: {steps: [{setWeight: 50}]}, recreate: {}}
"""


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return Scenario.from_text(TEXT)
