"""Requests that share a pod's cores, by moments worked out by hand; for both engines."""

from __future__ import annotations

import math

import pytest
from planes import BARE_MESH, Move, Setup, answers, at, rows, served, started, versions

from sim.spec.mesh import Mesh

pytestmark = pytest.mark.parametrize("kind", ["compiled", "reference"])

ONE_CORE = versions(latency=1.0, discipline="processorSharing")


def test_two_take_twice_as_long(kind: str) -> None:
    given = answers(kind, Setup(at(0.0, 0.0), ONE_CORE))
    assert rows(given, "request", "start", "finish") == [(0, 0.0, 2.0), (1, 0.0, 2.0)]


def test_who_comes_later_ends_later(kind: str) -> None:
    # Alone until 0.5; two share until the first has had 1 s of work at 1.5; the second has had 0.5 s by then.
    given = answers(kind, Setup(at(0.0, 0.5), ONE_CORE))
    assert rows(given, "request", "start", "finish") == [(0, 0.0, 1.5), (1, 0.5, 2.0)]


def test_nobody_waits_while_there_are_cores(kind: str) -> None:
    given = answers(kind, Setup(at(0.0, 0.25), versions(latency=1.0, concurrency=2, discipline="processorSharing")))
    assert given.finish.tolist() == [1.0, 1.25]


def test_three_on_two_cores_go_at_two_thirds(kind: str) -> None:
    own = versions(latency=1.0, concurrency=2, discipline="processorSharing")
    assert answers(kind, Setup(at(0.0, 0.0, 0.0), own)).finish.tolist() == [1.5, 1.5, 1.5]


def test_more_than_the_queue_holds_are_turned_away(kind: str) -> None:
    own = versions(latency=1.0, queue_capacity=1, discipline="processorSharing")
    given = answers(kind, Setup(at(0.0, 0.0, 0.0), own))
    assert rows(given, "request", "finish", "reason") == [(2, 0.0, "SHED"), (0, 2.0, "OK"), (1, 2.0, "OK")]


def test_abandoned_work_slows_the_others_to_its_end(kind: str) -> None:
    mesh = Mesh(load_balancer="roundRobin", retries={"attempts": 0}, timeout=1.75)
    given = answers(kind, Setup(at(0.0, 0.5), ONE_CORE, mesh=mesh))
    assert rows(given, "request", "finish", "reason") == [(0, 1.5, "OK"), (1, 2.0, "OK")]
    impatient = Mesh(load_balancer="roundRobin", retries={"attempts": 0}, timeout=1.25)
    given = answers(kind, Setup(at(0.0, 0.5, 1.5), ONE_CORE, mesh=impatient))
    # The first gives up at 1.25 and is worked on until 1.5; the second ends at 1.75 + ... only after its time is up.
    assert rows(given, "request", "finish", "reason")[0] == (0, 1.25, "TIMEOUT")


def test_load_counts_cores_as_busy_and_the_rest_as_waiting(kind: str) -> None:
    engine = started(kind, Setup(at(0.0, 0.0, 0.0), ONE_CORE, mesh=BARE_MESH))
    engine.advance(1.0)
    assert (engine.load().waiting.tolist(), engine.load().in_service.tolist()) == ([2], [1])
    assert (engine.pod_load().started.tolist(), engine.pod_load().waiting.tolist()) == ([3], [2])
    assert not engine.is_idle(0)
    engine.advance(math.inf)
    assert engine.load().busy_seconds.tolist() == [3.0]
    assert engine.is_idle(0)


def test_a_kill_resets_all_that_share(kind: str) -> None:
    moves = [Move(0.5, "kill", (0,)), Move(0.5, "listen", (0, 0.5))]
    engine = served(kind, Setup(at(0.0, 0.25, 1.0), ONE_CORE, moves=moves))
    assert rows(engine.answers(), "request", "finish", "reason") == [
        (0, 0.5, "RESET"),
        (1, 0.5, "RESET"),
        (2, 2.0, "OK"),
    ]
    assert engine.load().busy_seconds.tolist() == [1.5]
