"""Flagger's documented timelines, its ways of ending, and what people report about it.

Source of the timelines: Flagger's documentation, Deployment Strategies (canary release, A/B testing, blue/green) and
How it works: the time to promotion is interval x maxWeight / stepWeight, the time to roll back interval x threshold.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from small_world import SERVICE, run, scenario, story

from sim.record import Record
from sim.scenario import Scenario

MESH: dict[str, Any] = {"propagationDelay": "1s"}
MINUTE = 60.0
SUCCESS_RATE = {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"}
DURATION = {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "30s"}
BAD = {"faults": [{"errorRate": "20%"}]}


def progressive(**keys: Any) -> dict[str, Any]:
    return {"type": "progressive", "interval": "1m", "metrics": [SUCCESS_RATE, DURATION], **keys}


def release(strategy: dict[str, Any], **given: Any) -> Scenario:
    return scenario(strategy, **{"mesh": MESH, "duration": 3600, **given})


def weights(record: Record) -> list[tuple[float, float]]:
    return [(change.at_seconds, change.requested) for change in record.routes if change.at_seconds >= 0]


def phases(record: Record) -> list[tuple[float, str]]:
    return [(at, subject) for at, _, subject in story(record, "phase")]


def failed_users(record: Record, start: float = 0, end: float = math.inf) -> int:
    answers, arrival = record.answers, record.requests.arrival[record.answers.request]
    return int(((answers.copy == 0) & (answers.status >= 500) & (arrival >= start) & (arrival < end)).sum())


def share_of_new(record: Record, start: float, end: float) -> float:
    answers, arrival = record.answers, record.requests.arrival[record.answers.request]
    rows = (answers.copy == 0) & (arrival >= start) & (arrival < end)
    return float(np.mean(answers.version[rows] == record.candidate))


def test_a_canary_takes_interval_times_max_weight_over_step_weight() -> None:
    """Flagger: interval 1m, maxWeight 50, stepWeight 2: 25 minutes from the first weight to the promotion."""
    record = run(release(progressive(stepWeight=2, maxWeight=50, threshold=10)))
    first_weight, promotion = MINUTE, 26 * MINUTE
    assert promotion - first_weight == 25 * MINUTE
    rising = [(first_weight + 60.0 * step, 2.0 * (step + 1)) for step in range(25)]
    assert weights(record) == [*rising, (promotion + 60, 0.0)]
    assert phases(record) == [
        (0, "Progressing"),
        (promotion, "Promoting"),
        (promotion + 60, "Finalising"),
        (promotion + 120, "Succeeded"),
    ]
    assert (record.outcome, record.settled_at) == ("promoted", promotion + 120)


def test_the_weights_of_the_first_page_of_the_documentation() -> None:
    """Flagger, Istio canary: maxWeight 50, stepWeight 10: 10, 20, 30, 40, 50, copy, back to the primary, gone."""
    record = run(release(progressive(stepWeight=10, maxWeight=50, threshold=5)))
    assert [weight for _, weight in weights(record)] == [10, 20, 30, 40, 50, 0]
    assert [phase for _, phase in phases(record)] == ["Progressing", "Promoting", "Finalising", "Succeeded"]


def test_step_weights_go_up_the_ladder_and_step_weight_promotion_down() -> None:
    """Flagger, step weights: 1, 2, 10, 80, then promotion by so many percent an interval."""
    record = run(release(progressive(stepWeights=[1, 2, 10, 80], stepWeightPromotion=30, threshold=5, metrics=[])))
    assert [weight for _, weight in weights(record)] == [1, 2, 10, 80, 50, 20, 0]
    assert [at for at, phase in phases(record) if phase in ("Promoting", "Finalising")] == [300, 480]


def test_an_ab_test_sends_the_matched_users_for_all_iterations() -> None:
    """Flagger, A/B testing: interval 1m, iterations 10, threshold 2: ten minutes, then the promotion."""
    strategy = progressive(iterations=10, threshold=2, match=[{"segment": "testers"}])
    record = run(release(strategy))
    assert story(record, "match")[0][0] == MINUTE
    assert phases(record) == [
        (0, "Progressing"),
        (11 * MINUTE, "Promoting"),
        (12 * MINUTE, "Finalising"),
        (13 * MINUTE, "Succeeded"),
    ]
    testers = record.requests.segment_of_user[record.requests.user[record.answers.request]] == 0
    arrival = record.requests.arrival[record.answers.request]
    during = (arrival > MINUTE + 1) & (arrival < 11 * MINUTE)
    assert np.array_equal(record.answers.version[during] == record.candidate, testers[during])


def test_blue_green_checks_then_switches_all_users_and_back_to_the_primary() -> None:
    """Flagger, blue/green with a mesh: iterations x interval, all to the canary, copy, all to the primary."""
    strategy = progressive(interval="30s", iterations=10, threshold=2, mirror=True)
    record = run(release(strategy))
    assert story(record, "mirror")[0][0] == 30
    assert weights(record)[1:] == [(330, 100), (390, 0)]
    assert phases(record) == [(0, "Progressing"), (360, "Promoting"), (390, "Finalising"), (420, "Succeeded")]
    assert share_of_new(record, 30, 330) == 0


def test_blue_green_without_a_mesh_moves_users_with_the_pods_of_the_primary() -> None:
    """Flagger, blue/green with plain Kubernetes: no request reaches the canary; the primary rolls after the checks."""
    strategy = progressive(interval="30s", iterations=10, threshold=2, metrics=[])
    record = run(release(strategy, mesh=None, preStop="5s"))
    assert phases(record) == [(0, "Progressing"), (360, "Promoting"), (390, "Finalising"), (420, "Succeeded")]
    assert share_of_new(record, 0, 360) == 0
    assert share_of_new(record, 380, 420) == 1
    assert failed_users(record) == 0


@pytest.mark.parametrize("threshold", [1, 2, 5])
def test_a_release_is_rolled_back_interval_times_threshold_after_the_first_failed_check(threshold: int) -> None:
    record = run(release(progressive(stepWeight=10, maxWeight=50, threshold=threshold), new=BAD))
    failures = [decision.at_seconds for decision in record.decisions if decision.verdict == "fail"]
    assert len(failures) == threshold
    [(undone, _, _)] = story(record, "undo")
    assert undone - failures[0] == threshold * MINUTE
    assert weights(record) == [(MINUTE, 10.0), (undone, 0.0)]
    assert record.outcome == "rolled_back"
    assert record.pod_changes[-1].existing == 0


def test_a_failed_check_holds_the_weight_and_a_good_one_goes_on() -> None:
    fault = {"faults": [{"errorRate": "50%", "at": "80s", "for": "60s"}]}
    record = run(release(progressive(stepWeight=10, maxWeight=20, threshold=5, metrics=[SUCCESS_RATE]), new=fault))
    assert [at for at, _, _ in story(record, "halt")] == [120, 180]
    assert [at for at, _ in weights(record)[:2]] == [60, 240]
    assert record.outcome == "promoted"


def test_the_primary_has_its_own_new_pods_and_keeps_its_number() -> None:
    """Replicas 2 to 4 in one change: the canary has 4 pods, the primary stays at 2 (a report about Flagger)."""
    record = run(release(progressive(stepWeight=50, threshold=5), old={"replicas": 2}, new={"replicas": 4}))
    names = {pod.name.rpartition("-")[0] for pod in record.pods}
    assert names == {"web-v1", "web-v2", "web-v2-primary"}
    assert sum(pod.name.startswith("web-v2-primary") for pod in record.pods) == 2
    assert max(change.existing for change in record.pod_changes if change.version == 1) == 6
    assert record.pod_changes[-1].existing == 2


def test_users_stay_on_the_canary_until_a_slow_primary_is_ready() -> None:
    """Start-up of 120 s: the canary goes only when the primary's new pods are there (a report about Flagger)."""
    record = run(release(progressive(stepWeight=50, threshold=5), startup="120s", preStop="5s"))
    promoted, finalised = (at for at, phase in phases(record) if phase in ("Promoting", "Finalising"))
    ready = [pod.ready_at for pod in record.pods if pod.name.startswith("web-v2-primary")]
    assert max(ready) > promoted + 120
    assert finalised >= max(ready)
    removed = {
        pod.terminating_at for pod in record.pods if pod.name.startswith("web-v2-") and "primary" not in pod.name
    }
    assert removed == {finalised + MINUTE}
    assert failed_users(record) == 0


def test_promotion_in_one_move_shakes_cold_pods_more_than_promotion_in_steps() -> None:
    """The traffic of a warm canary goes to the primary at once, or bit by bit (a report about Flagger)."""
    slow = {"latency": "20ms", "faults": [{"coldStart": {"factor": 30, "halfLife": "60s"}}]}

    def longest(**keys: Any) -> float:
        strategy = progressive(interval="20s", stepWeight=50, threshold=50, metrics=[], **keys)
        record = run(release(strategy, new=slow, rate=60, duration=400, concurrency=2, startup="1s"))
        arrival = record.requests.arrival[record.answers.request]
        back = arrival > next(at for at, weight in weights(record) if at > 60 and weight < 100)
        return float(np.quantile((record.answers.finish - arrival)[back], 0.99))

    assert longest(stepWeightPromotion=10) < longest()


@pytest.mark.parametrize(
    ("testers", "rate", "samples", "verdict"),
    [(0, 0.5, (0, 0), "error"), (20, 0.5, (1, 10), "pass"), (20, 30, (100, 300), "pass")],
)
def test_no_traffic_fails_a_check_and_two_requests_pass_it(
    testers: int, rate: float, samples: tuple[int, int], verdict: str
) -> None:
    """No values found is a failed check; two good answers are a passed one, however little they say (a report)."""
    strategy = progressive(iterations=3, threshold=3, match=[{"segment": "testers"}], metrics=[SUCCESS_RATE])
    given = release(strategy, rate=rate, duration=900).replace("spec.users.segments.testers", {"count": testers})
    record = run(given)
    assert {decision.verdict for decision in record.decisions} == {verdict}
    assert all(samples[0] <= decision.samples <= samples[1] for decision in record.decisions)
    assert record.outcome == ("rolled_back" if verdict == "error" else "promoted")
    assert ("No values found" in record.outcome_reason) == (verdict == "error")


def test_without_a_metric_nothing_is_checked_and_that_is_said() -> None:
    """A faulty version passes an analysis without a usable metric (a report about Flagger)."""
    given = release(progressive(stepWeight=50, metrics=[]), new=BAD)
    assert given.warnings == ("spec.strategies.it has no metrics: nothing is checked, and a bad version passes",)
    record = run(given)
    assert (record.outcome, record.decisions) == ("promoted", ())


def test_skipped_analysis_updates_the_primary_as_soon_as_the_canary_is_ready() -> None:
    record = run(release(progressive(skipAnalysis=True, stepWeight=10), new=BAD))
    assert phases(record) == [(0, "Progressing"), (MINUTE, "Succeeded")]
    assert record.outcome == "promoted"
    assert MINUTE < record.settled_at < 2 * MINUTE
    assert weights(record) == []
    assert record.decisions == ()


def test_a_canary_that_never_gets_ready_is_rolled_back_at_its_deadline() -> None:
    strategy = progressive(stepWeight=10, progressDeadlineSeconds=100)
    record = run(release(strategy, new={"faults": [{"neverReady": True}]}))
    assert story(record, "undo") == [(120, "undo", "v2")]
    assert "not ready" in record.outcome_reason
    assert weights(record) == [(120, 0.0)]
    assert record.detections[0] == 120


def test_a_primary_that_breaks_while_it_is_updated_leaves_all_users_on_the_canary() -> None:
    new = {
        "faults": [{"neverReady": True, "at": "125s"}],
        "readinessProbe": {"periodSeconds": 5, "failureThreshold": 999},
    }
    strategy = progressive(stepWeight=50, maxWeight=50, progressDeadlineSeconds=60, metrics=[])
    record = run(release(strategy, new={**new, "progressDeadlineSeconds": 90}, duration=900))
    assert phases(record)[-2:] == [(120, "Promoting"), (240, "Failed")]
    assert weights(record) == [(60, 50.0), (240, 100.0)]
    assert record.outcome == "failed"
    assert "the canary keeps all users" in record.outcome_reason
    assert share_of_new(record, 242, 900) == 1


def test_gates_wait_for_a_person_while_the_checks_go_on() -> None:
    approver = {"approver": {"reaction": "90s"}}
    hooks = [{"type": "confirm-rollout"}, {"type": "confirm-promotion"}]
    record = run(release(progressive(stepWeight=50, maxWeight=50, webhooks=hooks), monitoring=approver))
    assert [at for at, _, _ in story(record, "approve")] == [90, 330]
    assert [(at, phase) for at, phase in phases(record)][:4] == [
        (0, "Waiting"),
        (120, "Progressing"),
        (240, "WaitingPromotion"),
        (360, "Promoting"),
    ]
    assert {decision.at_seconds for decision in record.decisions} == {240, 300, 360}


def test_a_bad_version_is_rolled_back_while_it_waits_for_a_person() -> None:
    new = {"faults": [{"errorRate": "50%", "at": "260s"}]}
    strategy = progressive(stepWeight=50, maxWeight=50, threshold=2, webhooks=[{"type": "confirm-promotion"}])
    record = run(release(strategy, new=new))
    assert (120, "WaitingPromotion") in phases(record)
    assert record.outcome == "rolled_back"


def test_a_gate_that_nobody_opens_leaves_the_release_paused() -> None:
    record = run(release(progressive(stepWeight=50, webhooks=[{"type": "confirm-rollout"}]), duration=600))
    assert record.outcome == "paused"
    assert [pod.version for pod in record.pods] == ["v1"] * SERVICE["replicas"]


def test_a_person_can_undo_a_release_that_has_succeeded() -> None:
    alert = {"name": "errors", "kind": "threshold", "window": "30s", "condition": "result > 0.05"}
    monitoring = {"alerts": [alert], "onCall": {"reaction": "20s"}}
    fault = {"faults": [{"errorRate": "50%", "at": "400s"}]}
    record = run(release(progressive(stepWeight=50), new=fault, monitoring=monitoring, preStop="5s", duration=900))
    assert record.outcome == "rolled_back"
    assert share_of_new(record, record.settled_at + 5, 900) == 0
    ready = {change.version: change.ready for change in record.pod_changes}
    assert ready == {0: SERVICE["replicas"], 1: 0}


def test_with_cookies_for_both_sides_a_user_only_moves_to_the_canary() -> None:
    affinity = {"cookieName": "canary", "primaryCookieName": "primary"}
    record = run(release(progressive(stepWeight=20, maxWeight=60, sessionAffinity=affinity)))
    arrival = record.requests.arrival[record.answers.request]
    rows = (arrival > 0) & (arrival < 240)
    users, versions = record.requests.user[record.answers.request[rows]], record.answers.version[rows]
    order = np.lexsort((arrival[rows], users))
    went_back = (np.diff(versions[order]) < 0) & (np.diff(users[order]) == 0)
    assert not went_back.any()


def test_with_a_cookie_for_the_canary_alone_the_primary_loses_its_users() -> None:
    """flagger 1532: after n requests a user is still on the primary with probability 0.8 ^ n."""
    affinity = {"cookieName": "canary"}
    given = release(progressive(interval="300s", stepWeight=20, sessionAffinity=affinity), duration=590)
    record = run(given)
    arrival = record.requests.arrival[record.answers.request]
    order = np.lexsort((arrival, record.requests.user[record.answers.request]))
    rows = order[(arrival[order] > 302) & (arrival[order] < 590)]
    users, versions = record.requests.user[record.answers.request[rows]], record.answers.version[rows]
    turn = np.arange(len(rows)) - np.searchsorted(users, users)
    for n in range(6):
        of_turn = versions[turn == n] == record.candidate
        expected = 1 - 0.8 ** (n + 1)
        # Three standard errors: one of the six fails with a probability of 2 %, and the seed is fixed.
        assert abs(of_turn.mean() - expected) < 3 * np.sqrt(expected * (1 - expected) / len(of_turn))
    went_back = (np.diff(versions) < 0) & (np.diff(users) == 0)
    assert not went_back.any()


def test_the_plan_is_what_a_good_release_does() -> None:
    given = release(progressive(stepWeight=30, stepWeightPromotion=40, mirror=True))
    record = run(given)
    texts = given.strategies["it"].steps_text()  # type: ignore[attr-defined]
    told = [event.message for event in record.events if event.kind == "step"]
    assert told == list(texts)
    assert told[:3] == ["Start the canary", "Copy 100 % of the requests", "30 % of the users"]


def test_both_engines_tell_the_same() -> None:
    given = release(progressive(interval="20s", stepWeight=25, stepWeightPromotion=50), new=BAD | {"startup": "3s"})
    given = given.replace("spec.strategies.it.threshold", 50).replace("spec.duration", 300)
    compiled, reference = run(given), run(given, engine="reference")
    for name in ("request", "version", "pod", "finish", "status"):
        assert np.array_equal(getattr(compiled.answers, name), getattr(reference.answers, name))
    assert compiled.events == reference.events
    assert compiled.pod_changes == reference.pod_changes
