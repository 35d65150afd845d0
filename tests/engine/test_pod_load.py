"""What each pod has worked, by moments worked out by hand; for both engines."""

from __future__ import annotations

import pytest
from planes import Move, Setup, at, started, versions

from sim.spec.mesh import Mesh

pytestmark = pytest.mark.parametrize("kind", ["compiled", "reference"])


def load(kind: str, setup: Setup, until: float) -> list[tuple[int, float, int]]:
    """Return (started, busy seconds, waiting) of each pod at a moment."""
    engine = started(kind, setup)
    for move in setup.moves:
        engine.advance(move.at)
        getattr(engine, move.verb)(*move.arguments)
    engine.advance(until)
    values = engine.pod_load()
    return list(zip(values.started.tolist(), values.busy_seconds.tolist(), values.waiting.tolist(), strict=True))


def test_work_counts_as_far_as_it_has_come(kind: str) -> None:
    assert load(kind, Setup(at(0.0, 0.25, 0.5), versions(latency=1.0)), 1.5) == [(2, 1.5, 1)]


def test_each_worker_counts(kind: str) -> None:
    assert load(kind, Setup(at(0.0, 0.25), versions(latency=1.0, concurrency=2)), 0.5) == [(2, 0.75, 0)]


def test_work_that_nobody_waits_for_counts_too(kind: str) -> None:
    mesh = Mesh(load_balancer="roundRobin", timeout=0.5, retries={"attempts": 0})
    assert load(kind, Setup(at(0.0), versions(latency=1.0), mesh=mesh), 2.0) == [(1, 1.0, 0)]


def test_a_killed_pod_works_no_more(kind: str) -> None:
    setup = Setup(at(0.0, 0.25), versions(latency=1.0), pods=(2,), moves=[Move(0.5, "kill", (0,))])
    assert load(kind, setup, 2.0) == [(1, 0.5, 0), (1, 1.0, 0)]
