from __future__ import annotations

import math
from dataclasses import dataclass, field

from small_world import scenario

from sim.cluster.clock import PERSON
from sim.cluster.replica_set import deletion_order
from sim.cluster.world import World


@dataclass
class Row:
    created_at: float


@dataclass
class Candidate:
    """The part of a pod by which Kubernetes decides which goes first."""

    number: int
    is_ready: bool = True
    ready_since: float = 5.0
    restarts: int = 0
    row: Row = field(default_factory=lambda: Row(0.0))


def test_pods_go_not_ready_first_then_ready_for_less_long_then_restarted_then_younger():
    pods = [
        Candidate(0),
        Candidate(1, row=Row(1.0)),
        Candidate(2, restarts=1),
        Candidate(3, ready_since=9.0),
        Candidate(4, is_ready=False),
    ]
    assert [pod.number for pod in sorted(pods, key=deletion_order)] == [4, 3, 2, 1, 0]


def test_an_undo_lets_the_pod_go_that_never_became_ready():
    given = scenario({"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}, startup="60s")
    world = World(given, "it")
    world.env.call(70.0, PERSON, 0, lambda: world.request_undo("a person decided"))
    first, second = (row for row in world.run().pods if row.version == "v2")
    # The second was about to start; the first serves until an old pod is back, 60 s later.
    assert math.isnan(second.ready_at)
    assert second.terminating_at == 70
    assert first.terminating_at == 130
