"""What kubectl does to a Deployment in mid-rollout: apply, undo, restart, scale, pause, resume."""

from __future__ import annotations

from typing import Any

import pytest
from small_world import run, scenario, story

from sim.cluster.world import World
from sim.record import Record
from sim.run import simulate
from sim.scenario import Scenario

ONE_MORE = {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}
NEVER_READY = {"faults": [{"neverReady": True}]}


def given(*operations: dict[str, Any], strategy: dict[str, Any] = ONE_MORE, **options: Any) -> Scenario:
    """Return the release of v2, a good v3 and v4 beside it, and what an operator does."""
    small = scenario(strategy, **options)
    versions = {**small.as_dict()["spec"]["services"]["web"]["versions"], "v3": {}, "v4": {"replicas": 6}}
    return small.replace("spec.services.web.versions", versions).replace("spec.operations", list(operations))


def pods(record: Record, at: float) -> dict[str, int]:
    """Return the pods asked for at a moment, by version."""
    alive = [row.version for row in record.pods if row.created_at <= at and not row.terminating_at <= at]
    return {version: alive.count(version) for version in sorted(set(alive))}


def refused(record: Record) -> list[str]:
    return [event.message for event in record.events if event.kind == "refused"]


def test_a_second_release_lands_on_an_unfinished_one_and_replaces_both():
    record = run(given({"at": 7, "action": "apply", "version": "v3"}))
    assert pods(record, 6) == {"v1": 3, "v2": 2}
    # No room for a third version yet: the younger v2 pod is not ready and goes first, in favour of v3.
    assert pods(record, 7) == {"v1": 3, "v2": 1, "v3": 1}
    assert (record.outcome, record.outcome_reason, pods(record, 299)) == ("promoted", "Every pod runs v3.", {"v3": 4})


def test_old_sets_lose_their_unavailable_pods_first_then_the_oldest_set_its_own():
    record = run(given({"at": 60, "action": "apply", "version": "v3"}, new=NEVER_READY, progressDeadlineSeconds=600))
    assert pods(record, 59) == {"v1": 4, "v2": 1}
    assert pods(record, 60) == {"v1": 4, "v3": 1}
    assert record.outcome == "promoted"


def test_a_version_that_mends_the_release_ends_its_exposure():
    fields = simulate(given({"at": 60, "action": "apply", "version": "v3"}), "it").summary()
    assert fields["outcome"] == "promoted"
    assert 60 <= fields["time_to_mitigate_seconds"] <= 90
    assert fields["peak_exposure_fraction"] == 1.0


def test_applying_the_old_version_is_a_way_back_and_finds_its_set_again():
    world = World(given({"at": 60, "action": "apply", "version": "v1"}), "it")
    record = world.run()
    assert (record.outcome, record.outcome_reason) == ("rolled_back", "An operator applied v1.")
    deployment = world.rollout.deployment
    assert [(each.version, deployment.revisions[each]) for each in deployment.created] == [("v1", 3), ("v2", 2)]


def test_undo_goes_to_the_revision_before_and_a_second_undo_comes_back():
    world = World(given({"at": 60, "action": "undo"}, {"at": 120, "action": "undo"}), "it")
    record = world.run()
    assert (record.outcome, pods(record, 119), pods(record, 299)) == ("promoted", {"v1": 4}, {"v2": 4})
    assert list(world.rollout.deployment.revisions.values()) == [3, 4]


def test_undo_of_a_second_release_goes_to_the_first_one_and_not_to_the_old_version():
    record = run(given({"at": 7, "action": "apply", "version": "v3"}, {"at": 9, "action": "undo"}))
    assert (record.outcome, pods(record, 299)) == ("promoted", {"v2": 4})


def test_undo_to_a_revision_goes_there():
    record = run(given({"at": 7, "action": "apply", "version": "v3"}, {"at": 9, "action": "undo", "toRevision": 1}))
    assert (record.outcome, pods(record, 299)) == ("rolled_back", {"v1": 4})


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"at": 60, "action": "undo", "toRevision": 7}, "there is no revision 7"),
        ({"at": 60, "action": "undo", "toRevision": 2}, "it wants the template of revision 2 already"),
        ({"at": 0, "action": "undo"}, "there is no earlier revision"),
        ({"at": 0, "action": "restart"}, "the release has not begun"),
        ({"at": 0, "action": "apply", "version": "v3"}, "the release has not begun"),
        ({"at": 60, "action": "apply", "version": "v2"}, "nothing changes: it wants v2 already"),
        ({"at": 60, "action": "resume"}, "the Deployment is not paused"),
    ],
)
def test_what_kubectl_refuses_is_refused_and_changes_nothing(operation, why):
    record, plain = run(given(operation)), run(given())
    assert refused(record) == [f"Refused: {why}."]
    assert record.pods == plain.pods


def test_a_paused_deployment_refuses_undo_and_restart():
    operations = [
        {"at": 7 + turn, "action": action} for turn, action in enumerate(("pause", "pause", "undo", "restart"))
    ]
    assert refused(run(given(*operations))) == [
        "Refused: the Deployment is paused already.",
        "Refused: a paused Deployment cannot be undone; it must be resumed first.",
        "Refused: a paused Deployment cannot be restarted; it must be resumed first.",
    ]


def test_a_paused_rollout_stands_still_scales_in_proportion_and_goes_on():
    record = run(
        given(
            {"at": 7, "action": "pause"},
            {"at": 60, "action": "scale", "replicas": 8},
            {"at": 90, "action": "resume"},
        )
    )
    assert pods(record, 7) == pods(record, 59) == {"v1": 3, "v2": 2}
    assert pods(record, 60) == pods(record, 89) == {"v1": 5, "v2": 4}
    assert (record.outcome, pods(record, 299)) == ("promoted", {"v2": 8})


def test_a_release_that_stays_paused_waits_for_a_person():
    record = run(given({"at": 7, "action": "pause"}))
    assert (record.outcome, record.outcome_reason) == ("paused", "An operator paused the Deployment.")
    assert record.detections == ()


def test_a_pause_before_the_release_holds_it_from_the_start():
    record = run(given({"at": 0, "action": "pause"}, {"at": 60, "action": "resume"}))
    assert pods(record, 59) == {"v1": 4}
    assert (record.outcome, record.settled_at) == ("promoted", 80)


def test_the_deadline_does_not_run_while_paused_and_starts_anew_after():
    operations = ({"at": 30, "action": "pause"}, {"at": 150, "action": "resume"})
    record = run(given(*operations, new=NEVER_READY, progressDeadlineSeconds=60))
    assert record.detections == (211,)


def test_the_person_on_call_undoes_a_paused_release_all_the_same():
    monitoring = {
        "scrapeInterval": 5,
        "alerts": [{"name": "errors", "kind": "threshold", "window": "30s", "condition": "result > 0.1"}],
        "onCall": {"reaction": "20s"},
    }
    bad = {"faults": [{"errorRate": 0.9}]}
    record = run(given({"at": 12, "action": "pause"}, new=bad, monitoring=monitoring))
    assert (record.outcome, pods(record, 299)) == ("rolled_back", {"v1": 4})


def test_a_restart_replaces_every_pod_by_one_of_the_same_version():
    world = World(given({"at": 60, "action": "restart"}), "it")
    record = world.run()
    assert (record.outcome, record.settled_at, pods(record, 299)) == ("promoted", 80, {"v2": 4})
    assert {row.created_at > 59 for row in record.pods if not row.gone_at <= 299} == {True}
    assert list(world.rollout.deployment.revisions.values()) == [1, 2, 3]
    assert record.service_versions == (("web", "v1"), ("web", "v2"), ("web", "v3"))[:2]
    assert len({row.name for row in record.pods}) == len(record.pods)


def test_ready_pods_of_two_sets_of_a_version_are_counted_together():
    record = run(given({"at": 60, "action": "restart"}))
    later = [change for change in record.pod_changes if 60 < change.at_seconds < 299]
    assert {(change.version, change.ready) for change in later} == {(1, 4)}
    assert max(change.existing for change in later) == 6


def test_a_restart_stays_in_the_template_that_is_applied_afterwards():
    world = World(
        given(
            {"at": 60, "action": "restart"},
            {"at": 120, "action": "apply", "version": "v3"},
            {"at": 180, "action": "apply", "version": "v2"},
        ),
        "it",
    )
    world.run()
    deployment = world.rollout.deployment
    assert [each.version for each in deployment.created] == ["v1", "v2", "v2", "v3"]
    assert deployment.revisions[deployment.target] == 5
    assert deployment.target.restarted_at == 60


def test_a_manifest_that_says_replicas_changes_them_at_once_for_every_set():
    record = run(given({"at": 60, "action": "apply", "version": "v4"}))
    assert pods(record, 60) == {"v2": 6, "v4": 1}
    assert pods(record, 299) == {"v4": 6}


def test_history_is_cut_to_its_limit_when_a_rollout_is_complete():
    operations = (
        {"at": 60, "action": "apply", "version": "v3"},
        {"at": 120, "action": "undo", "toRevision": 1},
        {"at": 121, "action": "undo", "toRevision": 2},
    )
    record = run(given(*operations, revisionHistoryLimit=1))
    assert refused(record) == ["Refused: there is no revision 1."]
    assert pods(record, 299) == {"v2": 4}


def test_recreate_has_no_earlier_revision_until_its_new_set_is_there():
    recreate = {"type": "recreate"}
    record = run(given({"at": 0.5, "action": "undo"}, strategy=recreate, preStop=5))
    assert refused(record) == ["Refused: there is no earlier revision."]
    assert record.outcome == "promoted"


def test_recreate_waits_for_the_last_pod_of_every_old_set():
    recreate = {"type": "recreate"}
    record = run(given({"at": 9, "action": "apply", "version": "v3"}, strategy=recreate, preStop=5, startup=20))
    gone = max(row.gone_at for row in record.pods if row.version in ("v1", "v2"))
    assert min(row.created_at for row in record.pods if row.version == "v3") == gone
    assert (record.outcome, pods(record, 299)) == ("promoted", {"v3": 4})
    assert [subject for _, _, subject in story(record, "step")] == ["0", "1", "1"]


def test_an_undo_takes_back_the_template_and_not_the_number_of_pods():
    record = run(given({"at": 60, "action": "apply", "version": "v4"}, {"at": 120, "action": "undo"}))
    assert pods(record, 299) == {"v2": 6}


def test_a_version_without_replicas_of_its_own_keeps_what_an_operator_wanted():
    record = run(given({"at": 30, "action": "scale", "replicas": 7}, {"at": 60, "action": "apply", "version": "v3"}))
    assert pods(record, 299) == {"v3": 7}


def test_an_alert_by_version_watches_what_is_applied_later_too():
    monitoring = {
        "scrapeInterval": 5,
        "alerts": [{"name": "bad", "kind": "threshold", "by": "version", "window": "30s", "condition": "result > 0.3"}],
        "onCall": {"reaction": "20s"},
    }
    bad = given({"at": 60, "action": "apply", "version": "v3"}, monitoring=monitoring)
    versions = {"v1": {}, "v2": {}, "v3": {"faults": [{"errorRate": 0.9}]}}
    record = run(bad.replace("spec.services.web.versions", versions))
    assert {subject for _, _, subject in story(record, "firing")} == {"bad"}
    assert (record.outcome, pods(record, 299)) == ("rolled_back", {"v1": 4})


def test_the_good_release_is_good_in_every_version_and_is_not_delivered_where_it_is_taken_back():
    bad = given({"at": 60, "action": "apply", "version": "v3"}, new=NEVER_READY)
    good = bad.with_good_release().services["web"]
    assert not good.resolved("v2").faults
    assert not good.resolved("v3").faults
    undone = simulate(given({"at": 60, "action": "undo"}), "it").summary()
    assert (undone["outcome"], undone["rollout_seconds"], undone["delivery_seconds"]) == ("rolled_back", 80, None)
