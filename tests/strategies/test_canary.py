"""Canary by moments known by hand: a new pod is ready 5 s after its creation, a route changes in 1 s."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_world import run, scenario, story

from sim.cluster.clock import PERSON
from sim.cluster.world import World
from sim.record import Record

MESH = {"propagationDelay": "1s"}
BAD = {"faults": [{"errorRate": "50%"}]}
WATCH = {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.1"}


def canary(*steps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"type": "canary", "steps": list(steps), **keys}


def weight(percent: float) -> dict[str, Any]:
    return {"setWeight": percent}


def pause(seconds: float | None = None) -> dict[str, Any]:
    return {"pause": {} if seconds is None else {"duration": seconds}}


def new_pods(record: Record, at: float) -> int:
    return sum(row.created_at <= at and not row.terminating_at <= at for row in record.pods if row.version == "v2")


def test_a_weight_moves_once_its_pods_are_available():
    record = run(scenario(canary(weight(25), pause(20), weight(50), pause(20)), mesh=MESH))
    assert [(change.at_seconds, change.requested, change.in_force_at) for change in record.routes[1:]] == [
        (5, 25, 6),
        (30, 50, 31),
        (55, 100, 56),
    ]
    assert [new_pods(record, at) for at in (0, 25, 50)] == [1, 2, 4]
    assert record.settled_at == 56


def test_stable_keeps_every_pod_until_all_users_have_left():
    record = run(scenario(canary(weight(50), pause(20)), mesh=MESH))
    assert {row.terminating_at for row in record.pods if row.version == "v1"} == {record.settled_at - 1 + 30}


def test_the_share_is_the_weight_and_not_the_share_of_pods():
    record = run(scenario(canary(weight(5), pause()), mesh=MESH, replicas=2, rate=100))
    share = np.mean(record.answers.version[record.requests.arrival[record.answers.request] > 10] == record.candidate)
    # 29,000 requests: five standard errors are 0.64 points; a false alarm once in two million.
    assert share == pytest.approx(0.05, abs=0.0064)


@pytest.mark.parametrize(
    ("steps", "pods"),
    [
        ([{"setCanaryScale": {"replicas": 3}}, weight(25)], 3),
        ([{"setCanaryScale": {"weight": 50}}, weight(25)], 2),
        ([{"setCanaryScale": {"replicas": 3}}, {"setCanaryScale": {"matchTrafficWeight": True}}, weight(25)], 1),
        ([weight(25), {"setCanaryScale": {"replicas": 4}}], 4),
    ],
)
def test_set_canary_scale_parts_pods_from_the_weight(steps, pods):
    record = run(scenario(canary(*steps, pause()), mesh=MESH))
    assert new_pods(record, 200) == pods
    assert record.routes[-1].requested == 25


def test_a_pause_without_duration_waits_for_a_person():
    given = canary(weight(25), pause())
    assert run(scenario(given, mesh=MESH)).outcome == "paused"
    approved = run(scenario(given, mesh=MESH, monitoring={"approver": {"reaction": "40s"}}))
    assert (approved.outcome, approved.settled_at) == ("promoted", 5 + 40 + 5 + 1)


def test_an_inline_analysis_is_waited_for_and_undoes_the_release_when_it_fails():
    look = {"analysis": {"metric": "errorRate", "failureCondition": "result > 0.1", "initialDelay": "30s"}}
    good, bad = (run(scenario(canary(weight(25), look), mesh=MESH, new=new)) for new in ({}, BAD))
    assert (good.outcome, good.settled_at) == ("promoted", 5 + 30 + 5 + 1)
    assert (bad.outcome, bad.settled_at) == ("rolled_back", 5 + 30 + 1)


def test_a_background_analysis_starts_with_its_step():
    late = canary(weight(25), pause(60), weight(50), pause(60), analysis={**WATCH, "startingStep": 2})
    record = run(scenario(late, mesh=MESH, new=BAD))
    assert record.decisions[0].at_seconds == 65
    assert record.outcome == "rolled_back"


def test_an_abort_takes_the_weight_away_at_once_and_the_pods_later():
    record = run(scenario(canary(weight(25), pause(60), analysis=WATCH), mesh=MESH, new=BAD))
    undo = next(event.at_seconds for event in record.events if event.kind == "undo")
    assert story(record, "weight", "outcome")[-2:] == [(undo, "weight", "v2"), (undo + 1, "outcome", "rolled_back")]
    assert {row.terminating_at for row in record.pods if row.version == "v2"} == {undo + 30}
    assert all(np.isnan(row.terminating_at) for row in record.pods if row.version == "v1")


def test_sticky_users_stay_with_the_new_version_once_they_are_there():
    record = run(scenario(canary(weight(20), pause(60), weight(60), pause(60), sticky="user"), mesh=MESH))
    order = np.argsort(record.requests.arrival[record.answers.request])
    version, user = record.answers.version[order], record.requests.user[record.answers.request[order]]
    for each in np.unique(user):
        assert np.all(np.diff(version[user == each]) >= 0)


def test_an_inconclusive_analysis_waits_for_a_person():
    doubt = {
        "metric": "errorRate",
        "interval": "10s",
        "successCondition": "result < 0",
        "failureCondition": "result > 1",
    }
    record = run(scenario(canary(weight(25), pause(60), weight(50), analysis=doubt), mesh=MESH))
    assert record.outcome == "paused"
    assert "inconclusive" in record.outcome_reason
    assert record.routes[-1].requested == 25


def test_without_steps_it_promotes_when_the_new_pods_are_available():
    record = run(scenario({"type": "canary"}, mesh=MESH))
    assert (record.outcome, record.settled_at) == ("promoted", 6)


def test_traffic_routing_none_leaves_the_share_to_the_pods_in_spite_of_a_mesh():
    record = run(scenario(canary(weight(25), pause(), trafficRouting="none"), mesh=MESH))
    assert {row.version for row in record.pods if not np.isnan(row.terminating_at)} == {"v1"}
    assert new_pods(record, 200) == 1


def test_the_first_undo_wins_and_there_is_no_second():
    world, answers = World(scenario(canary(weight(25), pause(60)), mesh=MESH), "it"), []
    for at in (20.0, 20.5, 100.0):
        world.env.call(at, PERSON, 0, lambda at=at: answers.append(world.request_undo(f"decided at {at:g}")))
    record = world.run()
    assert answers == [True, False, False]
    assert [event.message for event in record.events if event.kind == "undo"] == ["Decided at 20."]


def test_before_the_release_there_is_nothing_to_undo():
    world, answers = World(scenario(canary(), mesh=MESH), "it"), []
    world.env.call(-5.0, PERSON, 0, lambda: answers.append(world.request_undo("too early")))
    assert world.run().outcome == "promoted"
    assert answers == [False]


def test_an_undo_that_the_end_cuts_is_still_in_progress():
    world = World(scenario({"type": "recreate"}, duration=60), "it")
    world.env.call(58.0, PERSON, 0, lambda: world.request_undo("late"))
    record = world.run()
    assert (record.outcome, record.outcome_reason) == ("in_progress", "The undo was still under way at the end.")
    assert np.isnan(record.settled_at)


def weights(record: Record) -> list[tuple[float, float]]:
    return [(change.at_seconds, change.requested) for change in record.routes[1:]]


def old_pods(record: Record, at: float) -> int:
    return sum(row.created_at <= at and not row.terminating_at <= at for row in record.pods if row.version == "v1")


LADDER = (weight(20), pause(20), weight(60), pause(60))


def test_old_pods_go_with_their_users_where_the_stable_scale_is_dynamic():
    record = run(scenario(canary(*LADDER, dynamicStableScale=True), mesh=MESH, replicas=10))
    assert [(new_pods(record, at), old_pods(record, at)) for at in (1, 6, 26, 31, 91, 96)] == [
        (2, 10),
        (2, 8),
        (6, 8),
        (6, 4),
        (10, 4),
        (10, 0),
    ]
    assert (record.outcome, record.settled_at) == ("promoted", 96)


def test_an_abort_with_a_dynamic_stable_scale_goes_down_the_ladder_as_old_pods_come_back():
    world = World(scenario(canary(*LADDER, dynamicStableScale=True), mesh=MESH, replicas=10), "it")
    world.env.call(50.0, PERSON, 0, lambda: world.request_undo("decided"))
    record = world.run()
    assert weights(record) == [(5, 20), (30, 60), (55, 20), (60, 0)]
    assert [(new_pods(record, at), old_pods(record, at)) for at in (51, 56, 61)] == [(6, 8), (2, 10), (0, 10)]


def test_new_pods_outlive_an_abort_with_a_dynamic_stable_scale_where_the_file_says_so():
    given = canary(*LADDER, dynamicStableScale=True, abortScaleDownDelaySeconds=20)
    world = World(scenario(given, mesh=MESH, replicas=10), "it")
    world.env.call(50.0, PERSON, 0, lambda: world.request_undo("decided"))
    record = world.run()
    assert weights(record)[2:] == [(60, 0)]
    assert [new_pods(record, at) for at in (61, 79, 81)] == [6, 6, 0]


def test_a_weight_counts_in_parts_of_the_most_and_a_version_has_its_fewest_pods():
    given = canary(weight(50), pause(20), maxTrafficWeight=1000, minPodsPerReplicaSet=2)
    record = run(scenario(given, mesh=MESH, replicas=10))
    assert weights(record) == [(5, 5), (30, 100)]
    assert new_pods(record, 20) == 2


def test_a_threshold_lets_a_canary_go_on_without_its_last_pods():
    stuck = {"faults": [{"neverReady": True, "pods": 1}]}
    steps = (weight(50), pause(20))
    enough = {"type": "Percent", "value": 75}
    waits = run(scenario(canary(*steps), mesh=MESH, new=stuck, replicas=8))
    goes = run(scenario(canary(*steps, replicaProgressThreshold=enough), mesh=MESH, new=stuck, replicas=8))
    step = run(
        scenario(canary({"replicaProgressThreshold": enough}, *steps), mesh=MESH, new=stuck, replicas=8),
    )
    assert (waits.outcome, weights(waits)) == ("in_progress", [])
    assert (goes.outcome, weights(goes)) == ("promoted", [(5, 50), (30, 100)])
    assert weights(step) == weights(goes)


def test_a_header_route_sends_its_segment_to_the_canary_until_it_ends():
    route = {"name": "testers", "match": [{"headerName": "X-Role", "headerValue": {"prefix": "test"}}]}
    steps = [{"setCanaryScale": {"replicas": 1}}, {"setHeaderRoute": route}, pause(60)]
    steps += [{"setHeaderRoute": {"name": "testers"}}, pause(60)]
    given = scenario(canary(), mesh=MESH).replace("spec.users.segments.testers.headers", {"x-role": "tester"})
    record = run(given.replace("spec.strategies.it.steps", steps))
    arrival = record.requests.arrival[record.answers.request]
    segment = record.requests.segment_of_user[record.requests.user[record.answers.request]]
    is_new = record.answers.version == record.candidate
    during, after = (arrival > 7) & (arrival < 64), (arrival > 67) & (arrival < 124)
    assert is_new[during & (segment == 0)].all()
    assert not is_new[during & (segment != 0)].any()
    assert not is_new[after].any()


def test_a_mirror_route_copies_requests_and_answers_no_user():
    steps = ({"setCanaryScale": {"replicas": 4}}, {"setMirrorRoute": {"name": "copies", "percentage": 100}}, pause(60))
    record = run(scenario(canary(*steps, {"setMirrorRoute": {"name": "copies"}}, pause(60)), mesh=MESH))
    arrival = record.requests.arrival[record.answers.request]
    copied = arrival[record.answers.copy == 1]
    assert 5 < copied.min() < copied.max() < 66.5
    assert not (record.answers.version[(arrival < 125) & (record.answers.copy == 0)] == record.candidate).any()


def test_a_rollout_without_progress_is_undone_where_the_file_says_so():
    stuck = {"faults": [{"neverReady": True}]}
    given = {"new": stuck, "mesh": MESH, "progressDeadlineSeconds": 60}
    reported = run(scenario(canary(weight(25), pause()), **given))
    undone = run(scenario(canary(weight(25), pause(), progressDeadlineAbort=True), **given))
    blue_green = run(scenario({"type": "blueGreen", "progressDeadlineAbort": True}, **given))
    assert reported.outcome == "failed"
    assert (undone.outcome, blue_green.outcome) == ("rolled_back", "rolled_back")
    assert story(undone, "deadline", "undo") == [(61, "deadline", "v2"), (61, "undo", "v2")]


def test_a_canary_without_available_pods_has_no_users():
    gone = {"faults": [{"crash": True, "at": 20, "for": 30}]}
    record = run(scenario(canary(weight(25), pause(100)), mesh=MESH, new=gone))
    asked = weights(record)
    assert asked[:2] == [(5, 25), (20, 0)]
    assert asked[2][0] > 50
    assert asked[2][1] == 25


TRIAL = {"name": "trial", "specRef": "canary", "replicas": 2, "weight": 10}
BASELINE = {"name": "baseline", "specRef": "stable"}


def experiment(**keys: Any) -> dict[str, Any]:
    return {"experiment": {"templates": [BASELINE, TRIAL], **keys}}


def test_an_experiment_runs_pods_of_both_versions_and_gives_them_users_for_a_time():
    record = run(scenario(canary(weight(20), experiment(duration=60), weight(60), pause(60)), mesh=MESH, replicas=5))
    assert weights(record) == [(5, 20), (10, 30), (70, 20), (75, 60), (140, 100)]
    assert [(old_pods(record, at), new_pods(record, at)) for at in (4, 6, 69, 71)] == [(5, 1), (6, 3), (6, 3), (5, 3)]
    assert {row.name for row in record.pods if row.terminating_at == 70} == {
        "web-v1-baseline-5",
        "web-v2-trial-1",
        "web-v2-trial-2",
    }
    assert record.outcome == "promoted"


def test_an_experiment_that_fails_undoes_the_release_and_takes_its_pods_along():
    look = {
        "metric": "errorRate",
        "interval": "10s",
        "count": 3,
        "initialDelay": "20s",
        "failureCondition": "result > 0.1",
    }
    for keys in ({"duration": 90}, {}):
        record = run(scenario(canary(weight(20), experiment(analysis=look, **keys)), mesh=MESH, new=BAD, replicas=5))
        assert record.outcome == "rolled_back"
        assert weights(record)[-1] == (30, 0)
        assert [(old_pods(record, at), new_pods(record, at)) for at in (29, 31, 100)] == [(6, 3), (5, 1), (5, 0)]


def test_a_good_experiment_ends_with_its_analysis_where_no_time_is_given():
    look = {"metric": "errorRate", "interval": "10s", "count": 3, "failureCondition": "result > 0.1"}
    record = run(scenario(canary(weight(20), experiment(analysis=look)), mesh=MESH, replicas=5))
    assert (record.outcome, weights(record)[:3]) == ("promoted", [(5, 20), (10, 30), (30, 20)])
