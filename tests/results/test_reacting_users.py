"""Runs whose users leave, try again and come back: counted like any other, and paired by who they are."""

from __future__ import annotations

import numpy as np
import pytest

from sim.app.stage.events import encode
from sim.batch import compare
from sim.blast_radius import compare_runs
from sim.outcomes import Outcomes
from sim.pairs import paired
from sim.run import simulate
from sim.scenario import Scenario

RELEASE = """
apiVersion: rollsim/v1
kind: Scenario
metadata: {name: reacting}
spec:
  duration: 1m
  warmup: 10s
  users: {count: 500, HABITS}
  traffic: {TRAFFIC}
  services:
    shop:
      replicas: 4
      concurrency: 2
      queueCapacity: 20
      startup: 3s
      latency: {distribution: exponential, mean: 80ms}
      versions:
        v1: {conversion: {rate: 20%}}
        v2: {conversion: {rate: 20%}, faults: [{errorRate: 20%}, {latencyFactor: 1.5}]}
  mesh: {timeout: 1s}
  release: {service: shop, from: v1, to: v2}
  strategies:
    rollingUpdate: {maxSurge: 0, maxUnavailable: 2}
    canary:
      steps: [{setWeight: 20}, {pause: {duration: 20s}}]
      analysis: {metric: errorRate, interval: 10s, failureCondition: result > 0.05}
    shadow: {mirrorPercentage: 50, duration: 20s, then: rollingUpdate}
"""
ALL = "retries: {attempts: 2}, patience: 400ms, sessions: {requests: 3, thinkTime: 2s}"
HABITS = {
    "repeats": ("retries: {attempts: 3, backoff: 500ms}", "rate: 50rps"),
    "everything": (ALL, "rate: 60rps"),
    "a closed loop": ("retries: {attempts: 1}", "arrivals: closedLoop, closedLoop: {callers: 30, thinkTime: 500ms}"),
}


def scenario(habits: str) -> Scenario:
    own, traffic = HABITS[habits]
    return Scenario.from_text(RELEASE.replace("HABITS", own).replace("TRAFFIC", traffic))


@pytest.mark.parametrize("habits", ["everything", "a closed loop"])
@pytest.mark.parametrize("strategy", ["canary", "shadow"])
def test_both_engines_come_to_the_same_result(habits: str, strategy: str) -> None:
    compiled = simulate(scenario(habits), strategy)
    reference = simulate(scenario(habits), strategy, engine="reference")
    assert compiled.summary() == reference.summary()
    assert compiled.record.requests.arrival.tobytes() == reference.record.requests.arrival.tobytes()


@pytest.mark.parametrize("habits", HABITS)
@pytest.mark.parametrize("strategy", ["rollingUpdate", "canary", "shadow"])
def test_excess_is_what_was_caused_less_what_was_healed(habits: str, strategy: str) -> None:
    run = simulate(scenario(habits), strategy)
    found = run.summary()
    assert found["excess_failed_requests"] == found["caused_failures"] - found["healed_failures"]  # type: ignore[operator]
    assert found["offered_requests"] == len(run.requests)
    arrival = run.record.requests.arrival
    assert np.all(np.diff(arrival) >= 0)
    assert arrival[-1] < run.record.duration
    itself = compare_runs(run.none.observed, simulate(scenario(habits).without_release(), "none").observed)
    assert not itself.pairs.caused.any()
    assert not itself.pairs.healed.any()


def test_a_bad_release_makes_users_try_again() -> None:
    run = simulate(scenario("repeats"), "rollingUpdate")
    assert len(run.requests) > 1.03 * len(run.none.requests)
    # A repeat is a request of the same user, soon after the failure.
    assert run.summary()["users_affected"] > 0  # type: ignore[operator]


def test_a_comparison_draws_the_same_users_for_every_strategy() -> None:
    both = compare(scenario("everything"), strategies=["rollingUpdate", "canary"], replications=1, keep=False)
    alone = simulate(scenario("everything"), "canary").summary()
    for field in ("offered_requests", "excess_failed_requests"):
        assert both.strategies["canary"][field] == alone[field]


def test_who_has_left_has_failed_but_no_monitoring_sees_it() -> None:
    run = simulate(scenario("everything"), "rollingUpdate")
    left = run.requests[run.requests["reason"] == "abandoned"]
    assert len(left) > 0
    assert set(left["status"]) == {499}
    assert not left["converted"].any()
    assert run.summary()["error_requests"] >= len(left)  # type: ignore[operator]


def test_the_stage_shows_users_who_react() -> None:
    run = simulate(scenario("everything"), "canary")
    events = encode(run.record, run.none.record, run.scenario)
    assert events


def outcomes(*rows: tuple[int, float, int, bool]) -> Outcomes:
    key, arrival, user, failed = (np.array(column) for column in zip(*rows, strict=True))
    nothing = np.zeros(len(rows), np.int64)
    no = np.zeros(len(rows), np.bool_)
    return Outcomes(nothing, user.astype(np.int32), arrival, arrival, nothing, nothing, failed, no, nothing, key)  # type: ignore[arg-type]


def test_pairs_worked_by_hand() -> None:
    run = outcomes((0, 1.0, 7, True), (5, 2.0, 7, False), (1, 3.0, 8, False))
    none = outcomes((0, 1.0, 7, False), (1, 2.5, 8, True), (9, 4.0, 8, True))
    found = paired(run, none)
    assert found.user.tolist() == [7, 7, 8, 8]
    assert found.arrival.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert found.caused.tolist() == [True, False, False, False]
    assert found.healed.tolist() == [False, False, True, True]
