"""Whom a fault meets, when, and how hard, by moments worked out by hand; for both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from planes import BARE_MESH, Move, Setup, answers, at, drawn, rows, versions

from sim.engine.fault_pods import pod_luck
from sim.engine.keyed import OF_FAULTS, Purpose, uniforms
from sim.engine.protocol import Answers
from sim.spec.mesh import Mesh

pytestmark = pytest.mark.parametrize("kind", ["compiled", "reference"])

PATIENT = Mesh(load_balancer="roundRobin", retries={"attempts": 3, "backoff": 0, "retry_on": ("5xx",)})


def with_fault(setup: Setup, **fault: Any) -> Setup:
    return setup.but(versions=versions({"faults": [fault]}, latency=1 / 64, concurrency=8))


def failed(given: Answers) -> set[int]:
    return set(given.request[given.status >= 500].tolist())


def test_a_share_of_users_meets_it_whatever_pod_serves_them(kind: str) -> None:
    setup = with_fault(Setup(drawn(200, 5), ()), errorRate=1, userShare=0.3)
    met = {user for user in range(200) if uniforms(1, 0, Purpose.USER, user, OF_FAULTS)[0] < 0.3}
    for pods in (1, 4):
        given = answers(kind, setup.but(pods=(pods,)))
        assert failed(given) == {r for r, user in enumerate(setup.requests.user.tolist()) if user in met}
    assert 30 <= len(met) <= 90  # binomial(200, 30 %): outside once in 10^5 seeds


def test_the_first_pods_of_a_version_meet_it_and_their_successors_do_not(kind: str) -> None:
    moves = [Move(2.0, "remove_endpoint", (0,)), Move(2.0, "add_pod", (3, 0)), Move(2.0, "listen", (3, 2.0)),
             Move(2.0, "add_endpoint", (3,))]  # fmt: skip
    given = answers(kind, with_fault(Setup(drawn(200, 4), (), pods=(3,), moves=moves), errorRate=1, pods=2))
    assert {pod for pod, status in rows(given, "pod", "status") if status == 500} == {0, 1}
    assert {pod for pod, status in rows(given, "pod", "status") if status == 200} == {2, 3}


def test_a_percentage_of_pods_is_drawn_by_the_pods_luck(kind: str) -> None:
    given = answers(kind, with_fault(Setup(drawn(400, 2), (), pods=(20,)), errorRate=1, pods="40%"))
    unlucky = {pod for pod in range(20) if pod_luck(1, 0, 0, pod) < 0.4}
    assert {pod for pod, status in rows(given, "pod", "status") if status == 500} == unlucky


def test_only_old_pods_meet_it(kind: str) -> None:
    moves = [Move(0.0, "listen", (0, 0.0))]
    given = answers(kind, with_fault(Setup(at(0.5, 1.9, 2.0, 3.0), (), moves=moves), errorRate=1, podAge=2))
    assert failed(given) == {2, 3}


def test_it_comes_back_in_its_rhythm(kind: str) -> None:
    moments = np.arange(0.0, 10.0, 0.25).tolist()
    given = answers(kind, with_fault(Setup(at(*moments), ()), errorRate=1, at=1, every=3, **{"for": 0.5}))
    assert failed(given) == {r for r, t in enumerate(moments) if t >= 1 and (t - 1) % 3 < 0.5}


def test_it_ramps_up_anew_each_time_it_comes_back(kind: str) -> None:
    fault = {"latencyFactor": 3, "at": 1, "every": 4, "for": 2, "rampUp": 2}
    given = answers(kind, with_fault(Setup(at(0.5, 1.0, 2.0, 3.5, 6.0), ()), **fault))
    assert (given.finish - given.start).tolist() == [1 / 64, 1 / 64, 2 / 64, 1 / 64, 2 / 64]


def test_it_grows_from_its_threshold_to_all_workers_busy(kind: str) -> None:
    own = {"faults": [{"latencyFactor": 3, "aboveUtilization": 0.5}]}
    given = answers(kind, Setup(at(0.0, 0.0, 0.0, 0.0), versions(own, latency=1, concurrency=4)))
    assert sorted(rows(given, "request", "finish")) == [(0, 1.0), (1, 1.0), (2, 2.0), (3, 3.0)]


def test_a_mirrored_copy_counts_as_load_after_its_original(kind: str) -> None:
    own = {"faults": [{"latencyFactor": 2, "aboveUtilization": 0.5}]}
    setup = Setup(at(0.0), versions(own, latency=1, concurrency=2))
    mirrored = setup.but(route=setup.route.__class__(setup.route.weights, mirror=(0, 100.0)))
    assert rows(answers(kind, mirrored), "copy", "finish") == [(0, 1.0), (1, 2.0)]


def test_its_errors_may_take_their_own_time(kind: str) -> None:
    fault = {"errorRate": 0.5, "errorLatency": 0.5, "latencyFactor": 2}
    given = answers(kind, with_fault(Setup(drawn(20, 5), (), pods=(4,)), **fault))
    took = np.round(given.finish - given.start, 9)
    assert set(took[given.status == 500].tolist()) == {0.5}
    assert set(took[given.status == 200].tolist()) == {2 / 64}


def test_errors_drawn_for_requests_are_not_cured_by_retries(kind: str) -> None:
    given = answers(kind, with_fault(Setup(drawn(200, 5), (), mesh=PATIENT), errorRate=0.4, drawnPer="request"))
    assert {(status, tries) for status, tries in rows(given, "status", "attempts")} == {(500, 4), (200, 1)}


def test_errors_drawn_for_users_hit_the_same_users_always(kind: str) -> None:
    setup = with_fault(Setup(drawn(400, 5), (), mesh=PATIENT), errorRate=0.4, drawnPer="user")
    unlucky = {user for user in range(200) if uniforms(1, 0, Purpose.USER, user, OF_FAULTS)[1] < 0.4}
    assert failed(answers(kind, setup)) == {r for r, u in enumerate(setup.requests.user.tolist()) if u in unlucky}


def test_errors_drawn_for_attempts_requests_and_users_add_up(kind: str) -> None:
    faults = [{"errorRate": 0.2}, {"errorRate": 0.2, "drawnPer": "request"}, {"errorRate": 0.2, "drawnPer": "user"}]
    setup = Setup(drawn(2000, 5), versions({"faults": faults}, latency=0, concurrency=8), mesh=BARE_MESH)
    share = len(failed(answers(kind, setup))) / len(setup.requests.arrival)
    # 1 - 0.8^3; users cluster, 200 of them: standard error 0.64 x sqrt(0.2 x 0.8 / 200) = 0.018; outside once in 10^4.
    assert abs(share - (1 - 0.8**3)) < 0.07
