from __future__ import annotations

from functools import cache

import pytest

import sim
from sim.app.stage.events import encode
from sim.resources import builtin_scenarios


@cache
def short_release() -> sim.Scenario:
    """Return the bad release, cut to four minutes of little traffic."""
    scenario = sim.load(builtin_scenarios()["bad-release"])
    return scenario.replace("spec.duration", "4m").replace("spec.traffic.rate", "60rps").replace("spec.seed", 7)


@cache
def played(strategy: str) -> tuple[sim.Run, dict]:
    """Return a run of it and its events."""
    run = sim.simulate(short_release(), strategy=strategy)
    return run, encode(run.record, run.none.record, run.scenario)


@pytest.fixture
def release() -> sim.Scenario:
    return short_release()


@pytest.fixture(params=list(short_release().strategies))
def play(request) -> tuple[sim.Run, dict]:
    return played(request.param)


@pytest.fixture
def play_of():
    return played
