"""Releases in batches: OpenKruise's documented timelines, its gates, its traffic and its way back.

Source of the timelines: OpenKruise Rollouts' documentation, Multi-Batch Release and Canary Release (a batch is 20%,
40%, 60%, 80%, 100% of the pods or a count; a pause without duration waits for `kubectl-kruise rollout approve`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_world import run, scenario, story

from sim.cluster.clock import SCRAPE
from sim.cluster.world import World
from sim.record import Record
from sim.scenario import Scenario

MESH: dict[str, Any] = {"propagationDelay": "1s"}
READY_AFTER = 5.0
"""Start-up takes 2 s, and the probe of every fifth second finds it."""
NEVER_READY = {"faults": [{"neverReady": True}]}


def batches(*steps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"type": "batches", "steps": list(steps), **keys}


def batch(replicas: int | str, seconds: float | None = 20, **keys: Any) -> dict[str, Any]:
    return {"replicas": replicas, "pause": {} if seconds is None else {"duration": seconds}, **keys}


def release(strategy: dict[str, Any], **given: Any) -> Scenario:
    return scenario(strategy, **{"replicas": 10, "preStop": "1s", **given})


def steps_at(record: Record) -> list[float]:
    return [at for at, _, _ in story(record, "step")]


def pods_of(record: Record, at: float) -> tuple[int, int]:
    """Return how many pods of the old and the new version were asked for at a moment."""
    alive = [pod for pod in record.pods if pod.created_at <= at and not pod.terminating_at <= at]
    return sum(pod.version == "v1" for pod in alive), sum(pod.version == "v2" for pod in alive)


def weights(record: Record) -> list[tuple[float, float]]:
    return [(change.at_seconds, change.requested) for change in record.routes if change.at_seconds >= 0]


def share_of_new(record: Record, start: float, end: float) -> float:
    answers, arrival = record.answers, record.requests.arrival[record.answers.request]
    rows = (arrival >= start) & (arrival < end)
    return float(np.mean(answers.version[rows] == record.candidate))


def failed(record: Record) -> int:
    return int((record.answers.status >= 500).sum())


def test_five_batches_of_two_pods_with_a_pause_after_each() -> None:
    """OpenKruise, multi-batch release: 20%, 40%, 60%, 80%, 100% with a pause of 60 s; the last needs none."""
    strategy = batches(*(batch(f"{percent}%", 60) for percent in (20, 40, 60, 80, 100)))
    record = run(release(strategy, duration=600))
    gap = READY_AFTER + 60
    assert steps_at(record) == [0, gap, 2 * gap, 3 * gap, 4 * gap, 4 * gap + READY_AFTER]
    assert [pods_of(record, at - 1) for at in steps_at(record)[1:5]] == [(8, 2), (6, 4), (4, 6), (2, 8)]
    assert weights(record) == [*((gap * place, 20.0 * (place + 1)) for place in range(5)), (265, 100)]
    assert (record.outcome, pods_of(record, 599)) == ("promoted", (0, 10))
    assert failed(record) == 0


def test_users_follow_the_pods_where_no_step_says_how_many() -> None:
    for mesh in (None, MESH):
        record = run(release(batches(batch("30%", 200)), mesh=mesh, rate=100, duration=190))
        assert share_of_new(record, 20, 190) == pytest.approx(0.3, abs=0.02)


def test_a_count_is_so_many_pods_and_a_percentage_below_100_leaves_an_old_one() -> None:
    record = run(release(batches(batch(1), batch(3), batch("99%"), batch("100%"))))
    assert [pods_of(record, at - 1) for at in steps_at(record)[1:4]] == [(9, 1), (7, 3), (1, 9)]


def test_what_the_batches_leave_follows_as_a_rolling_update() -> None:
    record = run(release(batches(batch("50%"))))
    assert steps_at(record) == [0, READY_AFTER + 20]
    assert (record.outcome, pods_of(record, 299)) == ("promoted", (0, 10))


def test_a_pause_without_duration_waits_for_a_person() -> None:
    strategy = batches({"replicas": "20%"}, {"replicas": "100%"})
    assert run(release(strategy)).outcome == "paused"
    record = run(release(strategy, monitoring={"approver": {"reaction": "40s"}}))
    assert [at for at, _, _ in story(record, "approve")] == [READY_AFTER + 40]
    assert record.outcome == "promoted"


def test_a_version_that_never_starts_stays_in_its_batch() -> None:
    record = run(release(batches(batch("20%"), batch("100%")), new=NEVER_READY))
    assert record.outcome == "in_progress"
    assert max(pods_of(record, at)[1] for at in range(0, 300, 5)) == 2
    assert failed(record) == 0


@pytest.mark.parametrize(("threshold", "goes_on"), [(None, False), (1, False), ("50%", True), (2, True)])
def test_a_failure_threshold_lets_pods_be_unready_but_not_all(threshold: int | str | None, goes_on: bool) -> None:
    """Two pods are ready when the next two, which never will be, are made: they may fail or they hold the release."""
    probe = {"periodSeconds": 5, "failureThreshold": 999}
    new = {"faults": [{"neverReady": True, "at": "7s"}], "readinessProbe": probe}
    keys = {} if threshold is None else {"failureThreshold": threshold}
    strategy = batches(batch(4), batch("100%"), maxSurge=2, maxUnavailable=0, **keys)
    record = run(release(strategy, new=new))
    assert pods_of(record, READY_AFTER + 1) == (8, 4)
    assert steps_at(record) == ([0, READY_AFTER + 20] if goes_on else [0])


def test_traffic_goes_to_new_pods_by_weight_once_they_are_ready() -> None:
    """OpenKruise, canary release: 5 % of the requests on one pod of ten, then the others as a rolling update."""
    record = run(release(batches(batch("10%", 60, traffic="5%"), batch("100%")), mesh=MESH, rate=100))
    assert weights(record) == [(READY_AFTER, 5.0), (66, 100.0), (66 + 1 + READY_AFTER * 2, 100.0)]
    assert share_of_new(record, 0, READY_AFTER) == 0
    assert share_of_new(record, READY_AFTER + 1, 66) == pytest.approx(0.05, abs=0.01)
    assert record.outcome == "promoted"
    assert failed(record) == 0


def test_matches_send_segments_to_the_new_pods_and_nobody_else() -> None:
    record = run(release(batches(batch("10%", 60, matches=[{"segment": "testers"}]), batch("100%")), mesh=MESH))
    arrival = record.requests.arrival[record.answers.request]
    during = (arrival > READY_AFTER + 1) & (arrival < 60)
    testers = record.requests.segment_of_user[record.requests.user[record.answers.request]] == 0
    assert np.array_equal(record.answers.version[during] == record.candidate, testers[during])


def test_a_bad_batch_is_undone_by_the_analysis_and_the_pods_go_back() -> None:
    analysis = {"metric": "errorRate", "interval": 10, "failureCondition": "result > 0.1"}
    strategy = batches(batch("20%", 60), batch("100%"), analysis=analysis)
    record = run(release(strategy, new={"faults": [{"errorRate": "50%"}]}))
    assert record.outcome == "rolled_back"
    assert max(pods_of(record, at)[1] for at in range(0, 300, 5)) == 2
    assert (pods_of(record, 299), weights(record)[-1][1]) == ((10, 0), 0)


def test_a_rollback_sends_all_users_to_the_old_pods_that_are_left_first() -> None:
    strategy = batches(batch("50%", 100, traffic="50%"), batch("100%"))
    world = World(release(strategy, mesh=MESH, rate=100), "it")
    world.env.call(60.0, SCRAPE, 0, lambda: world.request_undo("a person decided"))
    record = world.run()
    gone_at = min(pod.terminating_at for pod in record.pods if pod.version == "v2")
    assert weights(record)[-1] == (60, 0.0)
    assert gone_at >= 61
    assert share_of_new(record, 61, 300) == 0
    assert pods_of(record, 60.9) == (5, 5)
    assert (record.outcome, pods_of(record, 299)) == ("rolled_back", (10, 0))


def test_a_person_can_undo_a_release_that_is_through() -> None:
    for mesh, keys in ((None, {}), (MESH, {"traffic": "5%"})):
        world = World(release(batches(batch("20%", **keys), batch("100%")), mesh=mesh), "it")
        world.env.call(150.0, SCRAPE, 0, lambda world=world: world.request_undo("a person decided"))
        record = world.run()
        assert record.outcome == "rolled_back"
        assert failed(record) == 0
        assert share_of_new(record, record.settled_at + 5, 300) == 0


def test_an_operator_approves_a_batch_scales_in_it_and_takes_it_back() -> None:
    """`kubectl-kruise rollout approve`, another number of pods in the middle, and back to the old version."""
    operations = [
        {"at": 50, "action": "scale", "replicas": 20},
        {"at": 100, "action": "promote"},
        {"at": 200, "action": "undo"},
    ]
    strategy = batches(batch("20%", None), batch("50%", None), batch("100%"))
    record = run(release(strategy).replace("spec.operations", operations))
    assert [pods_of(record, at) for at in (49, 80, 150, 299)] == [(8, 2), (16, 4), (10, 10), (20, 0)]
    assert record.outcome == "rolled_back"


def test_the_bounds_hold_in_every_batch() -> None:
    strategy = batches(batch("35%", 5), batch("70%", 5), batch("100%"), maxSurge=2, maxUnavailable=1)
    record = run(release(strategy))
    ready = [0, 0]
    for change in record.pod_changes:
        ready[change.version] = change.ready
        assert sum(ready) >= 9 or change.at_seconds < 0
    assert max(sum(pods_of(record, at / 2)) for at in range(600)) <= 12


def test_the_plan_is_what_a_good_release_does() -> None:
    given = release(batches(batch(1, 10, traffic="5%"), batch("50%", 10), batch("100%")), mesh=MESH)
    record = run(given)
    texts = given.strategies["it"].steps_text()  # type: ignore[attr-defined]
    assert [event.message for event in record.events if event.kind == "step"] == list(texts)
    assert texts == (
        "1 pod for 5 % of the users, for 10s",
        "50% of the pods, for 10s",
        "100% of the pods",
        "All pods",
    )


def test_batches_are_the_same_in_either_engine() -> None:
    steps = (batch(1, 10, traffic="5%"), batch("40%", 10), batch("50%", 10, traffic="30%"), batch("100%"))
    given = release(batches(*steps), mesh=MESH, new={"faults": [{"errorRate": "5%"}]})
    compiled, reference = run(given), run(given, engine="reference")
    for name in ("request", "version", "pod", "finish", "status"):
        assert np.array_equal(getattr(compiled.answers, name), getattr(reference.answers, name))
    assert compiled.events == reference.events
