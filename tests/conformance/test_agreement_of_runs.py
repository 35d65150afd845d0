"""A whole run is the same with either engine: rows, events, decisions, ejections and samples."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from planes import columns
from small_world import scenario

import sim
from sim.cluster.world import World
from sim.record import Record

ENGINES: tuple[Literal["compiled", "reference"], ...] = ("compiled", "reference")
STRATEGIES = ("recreate", "rollingUpdate", "blueGreen", "canary", "abTest", "shadow")


def story(record: Record) -> tuple[object, ...]:
    """Return everything that a run leaves behind."""
    # nan differs from itself, its repr does not.
    seen = (record.events, record.decisions, record.ejections, record.pods, record.routes, record.outcome_reason)
    return columns(record.answers), repr(seen), record.samples.busy_seconds.tobytes()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_runs_agree(root: Path, strategy: str) -> None:
    loaded = sim.load(root / "scenarios" / "bad-release.yaml")
    short = loaded.replace("spec.duration", "3m").replace("spec.traffic.rate", "20rps")
    compiled, reference = (World(short, strategy, seed=1, replication=0, engine=kind).run() for kind in ENGINES)
    assert story(compiled) == story(reference)


WAIT = {"pause": {"duration": 20}}
LADDER = [{"setWeight": 25}, WAIT, {"setWeight": 75}, WAIT]
TRIAL = {"duration": 20, "templates": [{"name": "trial", "specRef": "canary", "weight": 10}]}
CANARIES = {
    "routes": [
        {"setCanaryScale": {"replicas": 2}},
        {"setMirrorRoute": {"name": "copies", "percentage": 50}},
        {
            "setHeaderRoute": {
                "name": "testers",
                "match": [{"headerName": "x-role", "headerValue": {"exact": "tester"}}],
            }
        },
        WAIT,
        {"experiment": TRIAL},
    ],
    "ladder": LADDER,
}


@pytest.mark.parametrize("steps", CANARIES)
def test_runs_of_canaries_agree_whatever_an_operator_does(steps: str) -> None:
    given = scenario(
        {"type": "canary"}, mesh={"propagationDelay": "1s"}, startup={"distribution": "exponential", "mean": 3}
    )
    given = given.replace("spec.users.segments.testers.headers", {"x-role": "tester"})
    given = given.replace(
        "spec.strategies.it", {"type": "canary", "dynamicStableScale": True, "steps": CANARIES[steps]}
    )
    orders = [{"at": 50, "action": "abort"}, {"at": 80, "action": "retry"}, {"at": 200, "action": "undo"}]
    given = given.replace("spec.operations", orders)
    compiled, reference = (World(given, "it", engine=kind).run() for kind in ENGINES)
    assert story(compiled) == story(reference)
