"""Room and volumes: who waits, for whom, and how long."""

from __future__ import annotations

import math

import pytest
from small_world import run, scenario, story

from sim.cluster.clock import PERSON
from sim.cluster.world import World
from sim.record import Record
from sim.scenario import Scenario

SURGE = {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}
TAKE_AWAY = {"type": "rollingUpdate", "maxSurge": 0, "maxUnavailable": 1}
DATA = [{"name": "data", "accessMode": "ReadWriteOnce", "attach": "10s"}]


def most_pods(record: Record) -> int:
    """Return the largest number of pods that existed at once."""
    now, most = {0: 0, 1: 0}, 0
    for change in record.pod_changes:
        now[change.version] = change.existing
        most = max(most, sum(now.values()))
    return most


def with_room(given: Scenario, **cluster: object) -> Scenario:
    return given.replace("spec.cluster", cluster)


def test_a_rolling_update_waits_for_the_volume_of_the_pod_that_waits_for_it():
    record = run(scenario(SURGE, replicas=1, volumes=DATA, progressDeadlineSeconds=60))
    assert story(record, "pending") == [(0, "pending", "web-v2-0")]
    assert "in use by web-v1-0" in next(event.message for event in record.events if event.kind == "pending")
    assert record.outcome == "failed"
    assert math.isnan(record.pods[0].terminating_at)
    assert math.isnan(record.pods[1].ready_at)


def test_recreate_hands_the_volume_over():
    record = run(scenario({"type": "recreate"}, replicas=1, volumes=DATA))
    old, new = record.pods
    # Gone at 1, attached at 11, started at 13, ready with the probe of 16.
    assert (old.gone_at, new.created_at, new.started_at, new.ready_at) == (1, 1, 13, 16)
    assert story(record, "pending") == []


def test_a_pod_that_waits_for_a_volume_gets_it_when_its_holder_is_gone():
    record = run(scenario(TAKE_AWAY, replicas=1, volumes=DATA, preStop=20))
    old, new = record.pods
    assert (old.gone_at, new.created_at, new.started_at) == (21, 0, 33)
    assert record.outcome == "promoted"


def test_pods_of_one_node_share_a_volume():
    record = run(with_room(scenario(SURGE, replicas=1, volumes=DATA), nodes={"count": 1}))
    assert record.outcome == "promoted"
    assert record.pods[1].started_at == 12


def test_any_number_of_pods_hold_a_volume_for_many():
    shared = [{"name": "data", "accessMode": "ReadWriteMany", "attach": "3s"}]
    record = run(scenario({"type": "blueGreen"}, mesh={}, volumes=shared))
    assert {row.started_at for row in record.pods if row.version == "v2"} == {5}


@pytest.mark.parametrize("cluster", [{"resourceQuota": {"pods": 4}}, {"nodes": {"count": 2, "pods": 2}}])
def test_surge_without_room_stays_pending_until_the_deadline(cluster):
    record = run(with_room(scenario(SURGE, progressDeadlineSeconds=60), **cluster))
    assert [kind for _, kind, _ in story(record, "pending", "deadline")] == ["pending", "deadline"]
    assert (record.outcome, record.detections) == ("failed", (61.0,))
    assert record.settled_at != record.settled_at


def test_who_takes_pods_away_first_never_has_more_than_the_quota():
    record = run(with_room(scenario(TAKE_AWAY, preStop=3), resourceQuota={"pods": 4}))
    assert record.outcome == "promoted"
    assert most_pods(record) == 4
    # Each new pod is admitted when an old one is gone, 4 s after its deletion.
    second = next(row for row in record.pods if row.version == "v2")
    assert (second.created_at, second.started_at) == (0, 6)


def test_a_pod_that_was_never_placed_is_gone_at_once():
    world = World(with_room(scenario(SURGE), resourceQuota={"pods": 4}), "it")
    world.env.call(20.0, PERSON, 0, lambda: world.request_undo("a person thought better of it", "person"))
    record = world.run()
    waiting = record.pods[4]
    assert record.outcome == "rolled_back"
    assert waiting.gone_at == waiting.terminating_at == 20
    assert max(change.existing for change in record.pod_changes if change.version == 1) == 0


def test_nodes_take_no_more_than_they_can_and_share_a_service():
    given = with_room(scenario({"type": "blueGreen"}, mesh={}), nodes={"count": 3, "pods": 2})
    record = run(given)
    # Six places, four taken: two of the four new pods start, two wait.
    started = [row for row in record.pods if row.version == "v2" and row.started_at == row.started_at]
    assert len(started) == 2
    assert len(story(record, "pending")) == 2


@pytest.mark.parametrize("strategy", [SURGE, TAKE_AWAY, {"type": "recreate"}])
def test_ample_room_changes_nothing(strategy):
    given = scenario(strategy)
    free, roomy = run(given), run(with_room(given, nodes={"count": 3}, resourceQuota={"pods": 50}))
    assert (free.pod_changes, free.events) == (roomy.pod_changes, roomy.events)
    assert (free.answers.finish == roomy.answers.finish).all()


def test_both_engines_agree_on_waiting():
    given = with_room(scenario(TAKE_AWAY, preStop=3), nodes={"count": 2, "pods": 2})
    fast, readable = run(given), run(given, engine="reference")
    assert fast.events == readable.events
    assert (fast.answers.finish == readable.answers.finish).all()
