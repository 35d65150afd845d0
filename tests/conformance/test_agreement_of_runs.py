"""A whole run is the same with either engine: rows, events, decisions, ejections and samples."""

from __future__ import annotations

from pathlib import Path

import pytest
from planes import columns

import sim
from sim.cluster.world import World
from sim.record import Record

STRATEGIES = ("recreate", "rollingUpdate", "blueGreen", "canary", "abTest", "shadow")


def story(record: Record) -> tuple[object, ...]:
    """Return everything that a run leaves behind."""
    # nan differs from itself, its repr does not.
    seen = (record.events, record.decisions, record.ejections, record.pods, record.routes, record.outcome_reason)
    return columns(record.answers), repr(seen), record.samples.busy_seconds.tobytes()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_runs_agree(root: Path, strategy: str) -> None:
    scenario = sim.load(root / "scenarios" / "bad-release.yaml")
    short = scenario.replace("spec.duration", "3m").replace("spec.traffic.rate", "20rps")
    engines = ("compiled", "reference")
    compiled, reference = (World(short, strategy, seed=1, replication=0, engine=kind).run() for kind in engines)
    assert story(compiled) == story(reference)
