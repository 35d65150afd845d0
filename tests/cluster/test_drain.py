"""Incidents: nodes that are drained within budgets, and faults of every version, in the run and beside it alike."""

from __future__ import annotations

from typing import Any

import pytest
from small_world import run, scenario, story

from sim.cluster.disruption import Guarded, desired_healthy, disruptions_allowed, may_evict
from sim.cluster.world import World
from sim.record import Record
from sim.scenario import Scenario
from sim.spec.disruption_budget import PodDisruptionBudget

ROLLING = {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}
DRAIN = {"at": "10s", "drainNode": "node-1"}


def drained(given: Scenario, *incidents: dict[str, Any], **nodes: int) -> Scenario:
    """Return a scenario with two nodes (or others) of which one is drained."""
    return given.replace("spec.cluster", {"nodes": {"count": 2, **nodes}}).replace("spec.incidents", list(incidents))


def plain(**service: Any) -> Scenario:
    """Return a scenario in which nothing is released."""
    return scenario({"type": "none"}, **service)


def fewest_ready(record: Record) -> int:
    ready: dict[int, int] = {}
    fewest = 0
    for change in record.pod_changes:
        ready[change.version] = change.ready
        fewest = min(fewest, sum(ready.values())) if change.at_seconds > 0 else sum(ready.values())
    return fewest


def budget(**keys: Any) -> PodDisruptionBudget:
    return PodDisruptionBudget.model_validate(keys)


@pytest.mark.parametrize(
    ("keys", "wanted", "desired"),
    [
        # Kubernetes docs, Specifying a disruption budget: percentages round up.
        ({"minAvailable": "50%"}, 7, 4),
        ({"maxUnavailable": "50%"}, 7, 3),
        ({"maxUnavailable": "30%"}, 10, 7),
        ({"maxUnavailable": "0%"}, 10, 10),
        ({"minAvailable": "100%"}, 10, 10),
        # disruption_test.go: 10 pods, maxUnavailable 30%; 7 pods, minAvailable 28%; a count above the replicas.
        ({"minAvailable": "28%"}, 7, 2),
        ({"maxUnavailable": 5}, 3, 0),
        ({"minAvailable": 4}, 3, 4),
    ],
)
def test_healthy_pods_that_must_stay(keys, wanted, desired):
    assert desired_healthy(budget(**keys), wanted) == desired


def test_evictions_that_a_budget_allows():
    assert disruptions_allowed(budget(maxUnavailable="30%"), Guarded(10, 10, 10)) == 3
    assert disruptions_allowed(budget(maxUnavailable="30%"), Guarded(10, 10, 8)) == 1
    assert disruptions_allowed(budget(minAvailable=3), Guarded(3, 3, 3)) == 0
    # Surge counts as healthy: more than are wanted may go.
    assert disruptions_allowed(budget(minAvailable=3), Guarded(3, 5, 5)) == 2
    # disruption_test.go: a percentage of a scale of 0 allows none.
    assert disruptions_allowed(budget(minAvailable="0%"), Guarded(0, 2, 2)) == 0


@pytest.mark.parametrize(
    ("policy", "ready", "goes"),
    [("IfHealthyBudget", 3, True), ("IfHealthyBudget", 2, False), ("AlwaysAllow", 2, True)],
)
def test_a_pod_that_is_not_ready_goes_while_the_budget_is_kept(policy, ready, goes):
    given = budget(minAvailable=3, unhealthyPodEvictionPolicy=policy)
    assert may_evict(given, Guarded(4, 4, ready), is_pending=False, is_ready=False) is goes
    assert may_evict(given, Guarded(4, 4, ready), is_pending=True, is_ready=False)
    assert may_evict(None, Guarded(4, 4, ready), is_pending=False, is_ready=True)


def test_without_a_budget_all_pods_of_a_node_go_at_once():
    record = run(drained(plain(), DRAIN))
    assert story(record, "cordon", "evict", "refused", "drained") == [
        (10, "cordon", "node-1"),
        (10, "evict", "web-v1-0"),
        (10, "evict", "web-v1-2"),
        (11, "drained", "node-1"),
    ]
    assert fewest_ready(record) == 2
    # Created at 10, started at 12, ready with the probe of 15.
    assert [row.ready_at for row in record.pods[4:]] == [15, 15]


def test_with_a_budget_they_go_one_by_one_as_replacements_get_ready():
    record = run(drained(plain(podDisruptionBudget={"maxUnavailable": 1}), DRAIN))
    assert story(record, "cordon", "evict", "refused", "drained") == [
        (10, "cordon", "node-1"),
        (10, "evict", "web-v1-0"),
        (10, "refused", "web-v1-2"),
        (15, "evict", "web-v1-2"),
        (16, "drained", "node-1"),
    ]
    assert fewest_ready(record) == 3


def test_a_budget_that_allows_nothing_blocks_the_drain_until_it_ends():
    given = drained(plain(podDisruptionBudget={"minAvailable": 4}), {**DRAIN, "for": "60s"})
    record = run(given)
    assert given.warnings == (
        "spec.services.web.podDisruptionBudget lets none of 4 pods go: a drain waits until it is over",
    )
    assert story(record, "evict", "drained", "uncordon") == [(70, "uncordon", "node-1")]
    assert fewest_ready(record) == 4
    assert "needs 4 healthy pods and has 4" in next(e.message for e in record.events if e.kind == "refused")


def test_pods_that_find_no_other_node_wait_until_this_one_is_open_again():
    record = run(drained(plain(), {**DRAIN, "for": "60s"}, pods=2))
    assert [row.started_at for row in record.pods[4:]] == [72, 72]
    assert "1 of them cordoned" in next(e.message for e in record.events if e.kind == "pending")


def test_a_rolling_update_and_a_drain_take_pods_away_without_asking_each_other():
    by_both = drained(scenario({"type": "rollingUpdate", "maxSurge": 0, "maxUnavailable": 1}), {**DRAIN, "at": "1s"})
    record = run(by_both)
    assert record.outcome == "promoted"
    assert fewest_ready(record) == 1
    # One is away already for the update: the budget lets nobody go until it is back.
    guarded = run(by_both.replace("spec.services.web.podDisruptionBudget", {"maxUnavailable": 1}))
    assert guarded.outcome == "promoted"
    assert fewest_ready(guarded) == 3


def test_replacements_are_of_the_version_that_went():
    record = run(drained(scenario(ROLLING), {**DRAIN, "at": "1s"}))
    evicted = [row.version for row in record.pods if row.reason.startswith("evicted")]
    created = [row.version for row in record.pods if row.created_at == 1]
    # The first new pod came to node-1 before it was drained, and started there.
    assert evicted == created == ["v1", "v1", "v2"]
    assert record.outcome == "promoted"


def test_users_of_a_canary_on_the_drained_node_go_back_until_it_is_replaced():
    steps = [{"setWeight": 25}, {"pause": {"duration": "40s"}}]
    given = drained(scenario({"type": "canary", "steps": steps}, mesh={}), {**DRAIN, "at": "20s"})
    # Four old pods on two nodes; the canary comes to the first of two that have as few.
    record = run(given)
    assert (20, "evict", "web-v2-0") in story(record, "evict")
    # Source: Argo Rollouts: no weight for a canary without an available pod. Ready again with the probe of 25.
    weights = [(change.at_seconds, change.requested) for change in record.routes if change.at_seconds > 0]
    assert weights[:3] == [(5, 25), (20, 0), (25, 25)]
    assert record.outcome == "promoted"


def test_a_budget_guards_flaggers_primary_and_canary_together():
    strategy = {"type": "progressive", "interval": "60s", "stepWeight": 50}
    given = drained(scenario(strategy, mesh={}, podDisruptionBudget={"maxUnavailable": 1}), {**DRAIN, "at": "30s"})
    record = run(given)
    ready = [change for change in record.pod_changes if 30 <= change.at_seconds < 60]
    # Four pods each, half of them on node-1: they go one at a time, as their replacements get ready.
    assert min(change.ready for change in ready) == 3
    assert [at for at, *_ in story(record, "evict")] == [30, 35, 40, 45]


def test_the_run_in_which_nothing_is_released_meets_the_same_incidents():
    given = drained(
        scenario(ROLLING), {**DRAIN, "at": "100s"}, {"at": "50s", "for": "20s", "faults": [{"errorRate": 0.5}]}
    )
    beside = World(given.without_release(), "none").run()
    assert story(beside, "cordon", "evict") == [
        (100, "cordon", "node-1"),
        (100, "evict", "web-v1-0"),
        (100, "evict", "web-v1-2"),
    ]
    assert story(beside, "begins", "ends") == [(50, "begins", "web"), (70, "ends", "web")]
    failed = beside.requests.arrival[beside.answers.status == 500]
    assert 50 <= failed.min() <= failed.max() < 70


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_an_incident_hits_every_version_equally(engine):
    trouble = {"at": "1s", "for": "30s", "faults": [{"errorRate": 1, "statusCode": 502}]}
    given = scenario(ROLLING, preStop=2).replace("spec.incidents", [trouble])
    statuses = {}
    for name, each in (("run", given), ("good", given.with_good_release()), ("none", given.without_release())):
        record = World(each, next(iter(each.strategies)), engine=engine).run()
        statuses[name] = record.answers.status.tolist()
    assert statuses["run"] == statuses["good"] == statuses["none"]
    assert 502 in statuses["run"]


def test_trouble_of_a_called_service_reaches_the_users_of_the_one_that_calls_it():
    stock = {"replicas": 2, "concurrency": 4, "latency": "10ms", "versions": {"v1": {}}}
    data = plain().as_dict()
    data["spec"]["services"]["web"]["calls"] = [{"service": "stock"}]
    data["spec"]["services"]["stock"] = stock
    data["spec"]["traffic"]["entry"] = "web"
    data["spec"]["incidents"] = [{"at": "50s", "for": "20s", "service": "stock", "faults": [{"errorRate": 1}]}]
    record = run(Scenario.from_dict(data))
    assert story(record, "begins", "ends") == [(50, "begins", "stock"), (70, "ends", "stock")]
    failed = record.requests.arrival[record.answers.request[record.answers.status >= 500]]
    assert len(failed) > 300
    assert 50 <= failed.min() <= failed.max() < 70


def test_an_incident_can_crash_pods():
    given = plain().replace("spec.incidents", [{"at": "20s", "for": "5s", "faults": [{"crash": True}]}])
    record = run(given)
    # Again at the start of the next container; the one after it starts when the fault is over.
    assert [at for at, *_ in story(record, "crash")] == [20, 22]
    assert fewest_ready(record) == 0


@pytest.mark.parametrize("strategy", [ROLLING, {"type": "recreate"}])
def test_both_engines_agree_on_a_drain(strategy):
    given = drained(scenario(strategy, podDisruptionBudget={"maxUnavailable": "25%"}), {**DRAIN, "at": "3s"})
    fast, readable = run(given), run(given, engine="reference")
    assert fast.events == readable.events
    assert (fast.answers.finish == readable.answers.finish).all()
