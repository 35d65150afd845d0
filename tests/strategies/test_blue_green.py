"""Blue-green by moments known by hand: a new pod is ready 5 s after its creation, a route changes in 1 s."""

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
LOOK = {"metric": "errorRate", "failureCondition": "result > 0.1", "initialDelay": "20s", "window": "15s"}


def blue_green(**keys: Any) -> dict[str, Any]:
    return {"type": "blueGreen", **keys}


def arrivals_at_new_version(record: Record) -> np.ndarray:
    return record.requests.arrival[record.answers.request[record.answers.version == record.candidate]]


def undone(strategy: dict[str, Any], at: float, **changes: Any) -> Record:
    world = World(scenario(strategy, mesh=MESH, **changes), "it")
    world.env.call(at, PERSON, 0, lambda: world.request_undo("a person decided"))
    return world.run()


def test_all_users_switch_when_the_new_pods_are_available():
    record = run(scenario(blue_green(), mesh=MESH))
    assert story(record, "scale", "weight", "outcome") == [
        (0, "scale", "v2"),
        (5, "weight", "v2"),
        (6, "outcome", "promoted"),
        (35, "scale", "v1"),
    ]
    assert arrivals_at_new_version(record).min() > 6


def test_users_who_match_see_the_preview_and_nobody_else_does():
    record = run(scenario(blue_green(previewMatch=[{"segment": "testers"}], autoPromotionSeconds=30), mesh=MESH))
    in_preview = arrivals_at_new_version(record)[arrivals_at_new_version(record) < 36]
    assert in_preview.size > 10
    early = (record.answers.version == record.candidate) & (record.requests.arrival[record.answers.request] < 36)
    assert set(record.requests.segment_of_user[record.requests.user[record.answers.request[early]]]) == {0}


def test_the_preview_address_has_no_pod_until_the_first_is_ready():
    # Source: argoproj/argo-rollouts#2641: the preview service points at the new set at once.
    record = run(scenario(blue_green(previewMatch=[{"segment": "testers"}], autoPromotionSeconds=30), mesh=MESH))
    missed = record.requests.arrival[record.answers.request[record.answers.reason == 6]]
    assert 1 <= missed.min() < missed.max() < 6


def test_a_small_preview_grows_before_the_switch():
    record = run(scenario(blue_green(previewReplicaCount=1, autoPromotionSeconds=30), mesh=MESH))
    assert [row.created_at for row in record.pods if row.version == "v2"] == [0, 35, 35, 35]
    assert record.settled_at == 41


def test_without_auto_promotion_a_person_ends_the_preview_or_nobody_does():
    manual = blue_green(autoPromotionEnabled=False)
    waits = run(scenario(manual, mesh=MESH))
    comes = run(scenario(manual, mesh=MESH, monitoring={"approver": {"reaction": "50s"}}))
    assert (waits.outcome, waits.outcome_reason) == ("paused", "A pause without duration waits for a person.")
    assert (comes.outcome, comes.settled_at) == ("promoted", 56)


def test_auto_promotion_seconds_do_not_end_a_manual_preview():
    record = run(scenario(blue_green(autoPromotionEnabled=False, autoPromotionSeconds=20), mesh=MESH))
    assert record.outcome == "paused"


def test_an_analysis_does_not_lengthen_the_preview_that_it_fits_into():
    keys = {"previewMatch": [{"segment": "testers"}], "autoPromotionSeconds": 30, "prePromotionAnalysis": LOOK}
    record = run(scenario(blue_green(**keys), mesh=MESH))
    assert (record.outcome, record.settled_at) == ("promoted", 36)


@pytest.mark.parametrize(("bad", "outcome", "public"), [({}, "promoted", True), (BAD, "rolled_back", False)])
def test_what_fails_in_the_preview_never_reaches_the_public(bad, outcome, public):
    keys = {"previewMatch": [{"segment": "testers"}], "prePromotionAnalysis": LOOK}
    record = run(scenario(blue_green(**keys), mesh=MESH, new=bad))
    reached = record.requests.user[record.answers.request[record.answers.version == record.candidate]]
    assert record.outcome == outcome
    assert (-1 in record.requests.segment_of_user[reached]) == public


def test_an_analysis_after_the_switch_switches_back_at_once():
    record = run(scenario(blue_green(postPromotionAnalysis=LOOK), mesh=MESH, new=BAD))
    assert story(record, "weight", "undo", "outcome") == [
        (5, "weight", "v2"),
        (26, "undo", "v2"),
        (26, "weight", "v2"),
        (27, "outcome", "rolled_back"),
    ]


def test_an_undo_switches_back_at_once_while_the_old_pods_live():
    record = undone(blue_green(scaleDownDelaySeconds=60), at=50)
    assert record.settled_at == 51
    # And the old pods, due to leave at 65, stay.
    assert sum(row.version == "v1" and np.isnan(row.terminating_at) for row in record.pods) == 4


def test_an_undo_starts_old_pods_again_when_they_have_left():
    record = undone(blue_green(scaleDownDelaySeconds=10), at=50)
    assert record.settled_at == 56
    assert arrivals_at_new_version(record).max() <= 56


@pytest.mark.parametrize(("delay", "leaves_at"), [(1, 51), (30, 80), (0, None)])
def test_new_pods_live_on_after_an_abort_for_their_delay_and_for_ever_with_zero(delay, leaves_at):
    record = undone(blue_green(scaleDownDelaySeconds=60, abortScaleDownDelaySeconds=delay), at=50)
    left = {
        row.terminating_at for row in record.pods if row.version == "v2" and row.terminating_at == row.terminating_at
    }
    assert left == ({leaves_at} if leaves_at else set())


def test_old_pods_that_leave_before_the_route_has_changed_leave_users_without_a_pod():
    slow = {"propagationDelay": "20s"}
    record = run(scenario(blue_green(scaleDownDelaySeconds=10), mesh=slow, endpointPropagation="0s"))
    missed = record.requests.arrival[record.answers.request[record.answers.reason == 6]]
    # Asked for at 5 and in force at 25, while the old pods left at 15.
    assert (record.outcome, record.settled_at) == ("promoted", 25)
    assert 15 < missed.min() < missed.max() < 25
