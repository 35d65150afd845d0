"""Rollouts of the Kubernetes documentation, told again: pod counts, revisions and conditions as printed there.

Source: kubernetes.io, Concepts, Workloads, Deployments (kubernetes/website, concepts/workloads/controllers/
deployment.md), and reports of kubernetes/kubernetes where named.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from small_world import scenario

from sim.cluster.world import World
from sim.record import Record

NGINX = {"type": "rollingUpdate"}
ONE_BY_ONE = {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 1}
NEVER_UP = {"faults": [{"neverReady": True}]}
"""An image that cannot be pulled: its pods never get ready."""


def released(
    *operations: dict[str, Any],
    strategy: dict[str, Any] = NGINX,
    versions: dict[str, Any] | None = None,
    duration: float = 900,
    cluster: dict[str, Any] | None = None,
    **service: Any,
) -> World:
    """Return the finished world of a release from v1 to v2, with operations and what is known of later versions."""
    given = scenario(strategy, duration=duration, rate=1, **{"replicas": 3, **service})
    given = given.replace("spec.services.web.versions", {"v1": {}, "v2": {}, "v3": {}, "v4": {}, **(versions or {})})
    if cluster is not None:
        given = given.replace("spec.cluster", cluster)
    world = World(given.replace("spec.operations", list(operations)), "it")
    world.record = world.run()  # type: ignore[attr-defined]
    return world


def record_of(world: World) -> Record:
    return world.record  # type: ignore[attr-defined, no-any-return]


def scalings(world: World) -> list[tuple[float, str, int]]:
    """Return the events ScalingReplicaSet: moment, version, size."""
    events = [event for event in record_of(world).events if event.kind == "scale"]
    sizes = [re.search(r"to (\d+) pods", event.message) for event in events]
    return [(event.at_seconds, event.subject, int(size[1])) for event, size in zip(events, sizes, strict=True) if size]


def sets_at(world: World, at: float) -> dict[str, int]:
    """Return what `kubectl get rs` shows as DESIRED, without the empty ones."""
    rows = record_of(world).pods
    alive = [row.version for row in rows if row.created_at <= at and not row.terminating_at <= at]
    return {version: alive.count(version) for version in sorted(set(alive))}


def ready_at(world: World, at: float) -> int:
    rows = record_of(world).pods
    return sum(row.ready_at <= at and not row.terminating_at <= at for row in rows)


def conditions_at(world: World, at: float) -> dict[str, tuple[str, str]]:
    """Return the conditions as `kubectl describe` shows them."""
    shown = {"Available": ("True", "MinimumReplicasAvailable"), "Progressing": ("True", "NewReplicaSetAvailable")}
    for change in world.rollout.watch.changes:
        if change.at_seconds <= at:
            condition = change.condition
            shown[change.type] = ("", "") if condition is None else (condition.status, condition.reason)
    return {kind: said for kind, said in shown.items() if said[0]}


def revisions(world: World) -> dict[str, int]:
    deployment = world.rollout.deployment
    return {each.version: deployment.revisions[each] for each in deployment.created}


GOOD = {"Available": ("True", "MinimumReplicasAvailable"), "Progressing": ("True", "NewReplicaSetAvailable")}


def test_updating_a_deployment() -> None:
    world = released()
    assert [(version, size) for _, version, size in scalings(world)] == [
        ("v2", 1),
        ("v1", 2),
        ("v2", 2),
        ("v1", 1),
        ("v2", 3),
        ("v1", 0),
    ]
    assert conditions_at(world, 899) == GOOD
    assert revisions(world) == {"v1": 1, "v2": 2}


@pytest.mark.parametrize(("replicas", "least", "most"), [(3, 3, 4), (4, 3, 5)])
def test_by_default_so_many_pods_are_up_and_so_many_exist(replicas: int, least: int, most: int) -> None:
    world = released(replicas=replicas)
    moments = [at for at, *_ in scalings(world)]
    assert max(sum(sets_at(world, at).values()) for at in moments) == most
    assert min(ready_at(world, at) for at in moments) == least


def test_rollover_does_not_wait_for_the_version_it_replaces() -> None:
    world = released({"at": 7, "action": "apply", "version": "v3"}, strategy=ONE_BY_ONE, replicas=5, startup=20)
    assert sets_at(world, 6) == {"v1": 4, "v2": 2}
    # At once the two pods of v2 that were coming go, and those of v3 come.
    assert sets_at(world, 7) == {"v1": 4, "v3": 2}
    assert conditions_at(world, 7)["Progressing"] == ("True", "ReplicaSetUpdated")
    assert sets_at(world, 899) == {"v3": 5}
    assert max(size for _, version, size in scalings(world) if version == "v2") == 2


def test_a_stuck_rollout_stops_by_itself_and_an_undo_takes_only_its_pod_back() -> None:
    world = released(
        {"at": 60, "action": "apply", "version": "v3"},
        {"at": 100, "action": "undo"},
        versions={"v3": NEVER_UP},
    )
    assert sets_at(world, 99) == {"v2": 3, "v3": 1}
    assert ready_at(world, 99) == 3
    assert conditions_at(world, 99) == {**GOOD, "Progressing": ("True", "ReplicaSetUpdated")}
    assert [(at, version, size) for at, version, size in scalings(world) if at >= 60] == [(60, "v3", 1), (100, "v3", 0)]
    assert conditions_at(world, 899) == GOOD
    assert revisions(world) == {"v1": 1, "v2": 4, "v3": 3}


def test_undo_to_revision_2_is_what_the_undo_does_here() -> None:
    operations = {"at": 60, "action": "apply", "version": "v3"}, {"at": 100, "action": "undo", "toRevision": 2}
    world = released(*operations, versions={"v3": NEVER_UP})
    assert sets_at(world, 100) == {"v2": 3}


def test_proportional_scaling() -> None:
    world = released(
        {"at": 60, "action": "scale", "replicas": 15},
        strategy={"type": "rollingUpdate", "maxSurge": 3, "maxUnavailable": 2},
        versions={"v2": NEVER_UP},
        replicas=10,
    )
    assert (sets_at(world, 59), ready_at(world, 59)) == ({"v1": 8, "v2": 5}, 8)
    assert (sets_at(world, 60), ready_at(world, 60)) == ({"v1": 11, "v2": 7}, 8)


def test_pausing_and_resuming() -> None:
    world = released(
        {"at": 60, "action": "pause"},
        {"at": 70, "action": "apply", "version": "v4"},
        {"at": 80, "action": "apply", "version": "v3"},
        {"at": 100, "action": "resume"},
        strategy=ONE_BY_ONE,
    )
    assert sets_at(world, 99) == {"v2": 3}
    assert conditions_at(world, 99) == {**GOOD, "Progressing": ("Unknown", "DeploymentPaused")}
    assert sets_at(world, 100) == {"v2": 2, "v3": 2}
    assert sets_at(world, 899) == {"v3": 3}
    # Two updates while it was paused, and one revision.
    assert revisions(world) == {"v1": 1, "v2": 2, "v3": 3}
    assert conditions_at(world, 899) == GOOD


def test_a_failed_deployment_is_reported_and_nothing_else_happens() -> None:
    world = released(versions={"v2": NEVER_UP}, progressDeadlineSeconds=600)
    assert conditions_at(world, 600) == {**GOOD, "Progressing": ("True", "ReplicaSetUpdated")}
    assert conditions_at(world, 601) == {**GOOD, "Progressing": ("False", "ProgressDeadlineExceeded")}
    assert sets_at(world, 899) == {"v1": 3, "v2": 1}
    assert record_of(world).outcome == "failed"


def test_a_failed_deployment_that_finds_room_again_completes() -> None:
    late = {"faults": [{"neverReady": True, "for": "700s"}]}
    world = released(versions={"v2": late}, progressDeadlineSeconds=600)
    assert conditions_at(world, 650)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    assert conditions_at(world, 899) == GOOD
    assert record_of(world).outcome == "promoted"


def test_a_quota_that_blocks_the_surge_shows_as_a_failure_to_create_and_then_as_a_missed_deadline() -> None:
    surge_only = {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}
    world = released(strategy=surge_only, cluster={"resourceQuota": {"pods": 3}}, progressDeadlineSeconds=600)
    failed = {"ReplicaFailure": ("True", "FailedCreate")}
    assert conditions_at(world, 599) == {**GOOD, **failed, "Progressing": ("True", "NewReplicaSetCreated")}
    assert conditions_at(world, 899) == {**GOOD, **failed, "Progressing": ("False", "ProgressDeadlineExceeded")}


def test_the_deadline_is_not_looked_at_while_paused() -> None:
    world = released({"at": 60, "action": "pause"}, versions={"v2": NEVER_UP}, progressDeadlineSeconds=600)
    assert conditions_at(world, 899)["Progressing"] == ("Unknown", "DeploymentPaused")


def test_without_history_nothing_can_be_undone() -> None:
    world = released({"at": 60, "action": "undo"}, revisionHistoryLimit=0)
    assert revisions(world) == {"v2": 2}
    assert sets_at(world, 899) == {"v2": 3}


def test_recreate_kills_all_pods_before_new_ones_are_created() -> None:
    world = released(strategy={"type": "recreate"}, preStop=5)
    assert [(version, size) for _, version, size in scalings(world)] == [("v1", 0), ("v2", 3)]
    assert conditions_at(world, 3)["Available"] == ("False", "MinimumReplicasUnavailable")
    assert conditions_at(world, 899) == GOOD


def test_thirty_percent_of_surge_and_of_unavailability_are_used_at_once() -> None:
    """The example of the API reference: up to 130 % of the wanted pods, and at least 70 % of them available."""
    both = {"type": "rollingUpdate", "maxSurge": "30%", "maxUnavailable": "30%"}
    assert sets_at(released(strategy=both, replicas=10), 0) == {"v1": 7, "v2": 6}


def test_min_ready_seconds_set_the_pace() -> None:
    """Report 103258: six pods, two at a time, 550 s each: three rounds, if nothing else delays them."""
    two = {"type": "rollingUpdate", "maxSurge": 0, "maxUnavailable": 2}
    world = released(
        strategy=two, replicas=6, minReadySeconds=550, progressDeadlineSeconds=600, duration=2000, startup=1
    )
    assert record_of(world).settled_at == 3 * (550 + 5)


def test_a_manifest_that_says_replicas_takes_pods_away_at_once() -> None:
    """Report 72231: eight of ten pods vanish, whatever may be unavailable."""
    world = released({"at": 60, "action": "apply", "version": "v3"}, versions={"v3": {"replicas": 2}}, replicas=10)
    assert sets_at(world, 60) == {"v2": 2, "v3": 1}
