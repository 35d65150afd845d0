from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.engine import warm_up

SMALL = """\
apiVersion: rollsim/v1
kind: Scenario
metadata: {{name: {name}, title: {{en: A small bad release}}}}
spec:
  duration: 3m
  warmup: 30s
  users: {{count: 50}}
  traffic: {{entry: shop, rate: 20rps}}
  services:
    shop:
      replicas: 4
      startup: 2s
      latency: 20ms
      versions:
        v1: {{}}
        v2: {{faults: [{{errorRate: 20%}}]}}
  mesh: {{}}
  release: {{service: shop, from: v1, to: v2}}
  strategies:
    recreate: {{}}
    canary:
      steps: [{{setWeight: 20}}, {{pause: {{duration: 1m}}}}]
      analysis: {{metric: errorRate, interval: 30s, failureCondition: result > 0.05}}
  expect: [{expect}]
"""
HOLDS = "canary.excess_failed_requests < recreate.excess_failed_requests"
FAILS = "canary.outcome == promoted"

Rollsim = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def write_scenario(tmp_path) -> Callable[..., Path]:
    """Return what writes a small scenario file under a name, with an expectation."""

    def write(name: str = "small", expect: str = HOLDS, folder: str = ".") -> Path:
        path = tmp_path / folder / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(SMALL.format(name=name, expect=expect))
        return path

    return write


@pytest.fixture
def small(write_scenario) -> Path:
    return write_scenario()


@pytest.fixture(scope="session", autouse=True)
def _compiled_engine() -> None:
    """Compile the engine, if this is its first use here: the commands under test would say so on stderr."""
    warm_up()


@pytest.fixture
def rollsim(tmp_path) -> Rollsim:
    """Return what runs the command as a user does: another process, another folder, no terminal."""

    def call(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sim", *map(str, words)]
        env = {**os.environ, "COLUMNS": "200", **environment}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240)

    return call
