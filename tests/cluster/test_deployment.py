from __future__ import annotations

import pytest
from small_world import run, scenario, story


def scales(record):
    return [(at, subject) for at, _, subject in story(record, "scale")]


def replicas_over_time(record):
    """Return (moment, old pods, new pods) asked for after each moment at which they changed."""
    moments = sorted({row.created_at for row in record.pods} | {row.terminating_at for row in record.pods} - {-10})
    counts = []
    for at in moments:
        alive = [row.version for row in record.pods if row.created_at <= at and not row.terminating_at <= at]
        if at >= 0:
            counts.append((at, alive.count("v1"), alive.count("v2")))
    return counts


def test_a_rolling_update_with_one_pod_more_goes_pod_by_pod():
    record = run(scenario({"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}))
    assert replicas_over_time(record) == [(0, 4, 1), (5, 3, 2), (10, 2, 3), (15, 1, 4), (20, 0, 4)]
    assert record.settled_at == 20


def test_a_rolling_update_with_one_pod_fewer_first_lets_one_go():
    record = run(scenario({"type": "rollingUpdate", "maxSurge": 0, "maxUnavailable": 1}))
    assert replicas_over_time(record) == [(0, 3, 1), (5, 2, 2), (10, 1, 3), (15, 0, 4)]
    assert record.settled_at == 20


def test_a_rolling_update_to_more_replicas_grows_to_them():
    record = run(scenario({"type": "rollingUpdate", "maxSurge": "100%"}, new={"replicas": 6}))
    assert replicas_over_time(record)[-1][1:] == (0, 6)


def test_a_rolling_update_waits_for_min_ready_seconds():
    record = run(scenario({"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}, minReadySeconds=3))
    assert record.settled_at == 32


def test_a_rolling_update_that_never_gets_ready_is_reported_and_not_undone():
    given = scenario({"type": "rollingUpdate"}, new={"faults": [{"neverReady": True}]}, progressDeadlineSeconds=60)
    record = run(given)
    assert replicas_over_time(record) == [(0, 3, 2)]
    assert (record.outcome, record.detections) == ("failed", (61.0,))
    assert "2 of 2 pods of v2 are not available" in record.outcome_reason


def test_progress_resets_the_deadline():
    given = scenario({"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}, progressDeadlineSeconds=6)
    assert run(given).detections == ()


@pytest.mark.parametrize(
    ("replicas", "weight", "pods"),
    [(4, 25, (3, 1)), (4, 10, (4, 1)), (3, 20, (3, 1)), (10, 50, (5, 5)), (10, 1, (10, 1))],
)
def test_without_a_mesh_pods_make_the_weight(replicas, weight, pods):
    steps = [{"setWeight": weight}, {"pause": {}}]
    record = run(scenario({"type": "canary", "steps": steps, "maxSurge": 1, "maxUnavailable": 0}, replicas=replicas))
    assert replicas_over_time(record)[-1][1:] == pods
    assert record.outcome == "paused"
