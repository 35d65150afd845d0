"""The network between proxies and pods, one rule a test, by moments worked out by hand; for both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from planes import Move, Setup, answers, at, drawn, rows, served, versions
from scipy import stats

from sim.engine.protocol import Reason
from sim.spec.mesh import Mesh

FALSE_ALARM = 1e-4
ONE_SECOND = versions(latency=1.0)

pytestmark = pytest.mark.parametrize("kind", ["compiled", "reference"])


def mesh(attempts: int = 0, loss: float = 0.0, setup: float = 0.0, **keys: Any) -> Mesh:
    retries = {"attempts": attempts, "backoff": 0}
    network = {"proxy_latency": 0.25, "loss": loss, "connection_setup": setup}
    return Mesh(load_balancer="roundRobin", retries=retries, network=network, **keys)


def test_each_way_takes_its_time(kind: str) -> None:
    given = answers(kind, Setup(at(0.0, 0.125), ONE_SECOND, mesh=mesh()))
    assert rows(given, "request", "start", "finish") == [(0, 0.25, 1.5), (1, 1.25, 2.5)]


def test_a_worker_goes_on_while_the_answer_is_on_its_way(kind: str) -> None:
    engine = served(kind, Setup(at(0.0, 0.125), ONE_SECOND, mesh=mesh()))
    assert engine.load().busy_seconds.tolist() == [2.0]


def test_a_pod_that_refuses_says_so_over_the_network(kind: str) -> None:
    setup = Setup(at(1.0), ONE_SECOND, mesh=mesh(), moves=[Move(1.125, "stop_listening", (0,))])
    assert rows(answers(kind, setup), "finish", "reason") == [(1.5, "REFUSED")]


def test_a_reset_comes_over_the_network(kind: str) -> None:
    setup = Setup(at(0.0), ONE_SECOND, mesh=mesh(), moves=[Move(0.5, "kill", (0,))])
    assert rows(answers(kind, setup), "finish", "reason") == [(0.75, "RESET")]


def test_an_answer_on_its_way_outlives_its_pod(kind: str) -> None:
    setup = Setup(at(0.0), ONE_SECOND, mesh=mesh(), moves=[Move(1.375, "kill", (0,))])
    assert rows(answers(kind, setup), "finish", "reason") == [(1.5, "OK")]


def test_what_is_given_up_on_its_way_never_arrives(kind: str) -> None:
    engine = served(kind, Setup(at(0.0), ONE_SECOND, mesh=mesh(timeout=0.125)))
    assert rows(engine.answers(), "finish", "reason") == [(0.125, "TIMEOUT")]
    assert engine.pod_load().started.tolist() == [0]


def test_a_completion_comes_before_an_arrival_and_that_before_a_hop_of_the_same_instant(kind: str) -> None:
    one_in_line = versions(latency=1.0, queue_capacity=0)
    # At 1.25 the first has finished at the pod; at that moment the second arrives at the pod, and is served.
    given = answers(kind, Setup(at(0.0, 1.0), one_in_line, mesh=mesh()))
    assert given.reason.tolist() == [Reason.OK, Reason.OK]


def test_lost_requests_look_like_refused_connections_after_the_connect_timeout(kind: str) -> None:
    timed = mesh(loss=1.0, connection_pool={"tcp": {"connect_timeout": 2.0}})
    assert rows(answers(kind, Setup(at(0.0), ONE_SECOND, mesh=timed)), "finish", "status", "reason") == [
        (2.0, 503, "REFUSED")
    ]
    assert answers(kind, Setup(at(0.0), ONE_SECOND, mesh=mesh(loss=1.0))).finish.tolist() == [10.0]


def test_the_share_of_lost_requests_is_binomial_and_istios_retries_make_up_for_them(kind: str) -> None:
    quick = versions(latency=1e-4, concurrency=100)
    lost = []
    for attempts in (0, 2):
        given = answers(kind, Setup(drawn(400, 10), quick, pods=(2,), mesh=mesh(attempts, loss=0.1)))
        lost.append(int(np.sum(given.reason == Reason.REFUSED)))
    assert stats.binomtest(lost[0], len(given), 0.1).pvalue > FALSE_ALARM
    assert stats.binomtest(lost[1], len(given), 0.1**3).pvalue > FALSE_ALARM


def test_only_a_new_connection_takes_time_to_be_made(kind: str) -> None:
    one = {"tcp": {"max_connections": 1}}
    given = answers(kind, Setup(at(0.0, 5.0), ONE_SECOND, mesh=mesh(setup=0.5, connection_pool=one)))
    assert rows(given, "start", "finish") == [(0.75, 2.0), (5.25, 6.5)]


def test_a_connection_that_takes_too_long_is_refused(kind: str) -> None:
    one = {"tcp": {"max_connections": 1, "connect_timeout": 0.125}}
    given = answers(kind, Setup(at(0.0), ONE_SECOND, mesh=mesh(setup=0.5, connection_pool=one)))
    assert rows(given, "finish", "reason") == [(0.125, "REFUSED")]


def test_least_request_counts_what_is_on_its_way(kind: str) -> None:
    by_load = mesh().model_copy(update={"load_balancer": "leastRequest"})
    given = answers(kind, Setup(at(0.0, 0.0625), versions(latency=1.0, concurrency=9), pods=(2,), mesh=by_load))
    assert sorted(given.pod.tolist()) == [0, 1]
