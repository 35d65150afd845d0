"""Connections of HTTP/1.1, one rule a test, by moments worked out by hand; for both engines."""

from __future__ import annotations

from typing import Any

import pytest
from planes import Move, Setup, answers, at, rows, served, versions

from sim.spec.mesh import Mesh

pytestmark = pytest.mark.parametrize("kind", ["compiled", "reference"])


def mesh(attempts: int = 0, **keys: Any) -> Mesh:
    retries = {"attempts": attempts, "backoff": 0, "retry_on": keys.pop("retry_on", ("5xx", "connect-failure"))}
    return Mesh(load_balancer="roundRobin", retries=retries, **keys)


def connected(moments: tuple[float, ...], pods: int = 1, pending: int | None = None, **keys: Any) -> Setup:
    """Return a plane with pods that take any number of requests at once, 1 s each, on one connection to a version."""
    http = {} if pending is None else {"http1_max_pending_requests": pending}
    limits = {"tcp": {"max_connections": 1}, "http": http}
    many = versions(latency=1.0, concurrency=99)
    return Setup(at(*moments), many, pods=(pods,), mesh=mesh(connection_pool=limits, **keys))


def test_a_connection_carries_one_request_at_a_time(kind: str) -> None:
    given = answers(kind, connected((0.0, 0.25, 0.5)))
    assert rows(given, "request", "start", "finish") == [(0, 0.0, 1.0), (1, 1.0, 2.0), (2, 2.0, 3.0)]


def test_too_many_that_wait_for_a_connection_are_turned_away_without_a_retry(kind: str) -> None:
    given = answers(kind, connected((0.0, 0.25, 0.5, 1.5), pending=1, attempts=3))
    assert rows(given, "request", "finish", "attempts", "status", "reason") == [
        (2, 0.5, 1, 503, "CIRCUIT_OPEN"),
        (0, 1.0, 1, 200, "OK"),
        (1, 2.0, 1, 200, "OK"),
        (3, 3.0, 1, 200, "OK"),
    ]


def test_the_first_connection_to_a_pod_is_always_possible(kind: str) -> None:
    given = answers(kind, connected((0.0, 0.25, 0.5, 0.75), pods=2))
    assert rows(given, "request", "pod", "start") == [(0, 0, 0.0), (1, 1, 0.25), (2, 0, 1.0), (3, 1, 1.25)]


def test_who_gives_up_waiting_for_a_connection_never_reaches_the_pod(kind: str) -> None:
    engine = served(kind, connected((0.0, 0.25), timeout=1.0))
    assert rows(engine.answers(), "request", "finish", "reason") == [(0, 1.0, "OK"), (1, 1.25, "TIMEOUT")]
    assert engine.pod_load().started.tolist() == [2]  # at 1.0 the connection was free, just in time
    engine = served(kind, connected((0.0, 0.25), timeout=0.5))
    assert engine.pod_load().started.tolist() == [2]  # the connection of a request given up is closed, and made anew
    assert rows(engine.answers(), "request", "finish", "start") == [(0, 0.5, 0.0), (1, 0.75, 0.5)]


def test_a_kill_resets_who_has_a_connection_and_refuses_who_waits_for_one(kind: str) -> None:
    given = answers(kind, connected((0.0, 0.25)).but(moves=[Move(0.5, "kill", (0,))]))
    assert rows(given, "request", "finish", "reason") == [(0, 0.5, "RESET"), (1, 0.5, "REFUSED")]


def test_all_who_wait_for_a_connection_to_a_pod_that_stopped_listening_are_refused_at_once(kind: str) -> None:
    moments = tuple(n / 4096 for n in range(3000))  # more than there is room for at the start
    setup = connected(moments).but(moves=[Move(0.75, "stop_listening", (0,))])
    given = answers(kind, setup)
    assert (rows(given, "reason")[0], set(rows(given, "finish", "reason")[1:])) == (("OK",), {(1.0, "REFUSED")})
