"""What an operator does with Argo's plugin: promote, promote in full, retry, pause, resume, abort, undo."""

from __future__ import annotations

from typing import Any

import pytest
from small_world import run, scenario, story

from sim.record import Record

MESH = {"propagationDelay": "1s"}
STEPS = [{"setWeight": 25}, {"pause": {"duration": 40}}, {"setWeight": 50}, {"pause": {"duration": 40}}]
LOOK = {"analysis": {"metric": "errorRate", "failureCondition": "result > 0.5", "initialDelay": "100s"}}


def told(strategy: dict[str, Any], *operations: dict[str, Any], mesh: Any = MESH, **keys: Any) -> Record:
    return run(scenario(strategy, mesh=mesh, **keys).replace("spec.operations", list(operations)))


def canary(*steps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"type": "canary", "steps": list(steps or STEPS), **keys}


def do(at: float, action: str, **keys: Any) -> dict[str, Any]:
    return {"at": at, "action": action, **keys}


def weights(record: Record) -> list[tuple[float, float]]:
    return [(change.at_seconds, change.requested) for change in record.routes[1:]]


def refused(record: Record) -> list[str]:
    return [event.message for event in record.events if event.kind == "refused"]


def pods(record: Record, at: float) -> list[int]:
    alive = [row.version for row in record.pods if row.created_at <= at and not row.terminating_at <= at]
    return [alive.count("v1"), alive.count("v2")]


def test_promote_skips_an_analysis_that_is_under_way():
    record = told(canary({"setWeight": 25}, LOOK, {"setWeight": 50}), do(20, "promote"))
    assert weights(record) == [(5, 25), (25, 50), (30, 100)]


def test_promote_in_full_skips_all_steps_and_moves_users_when_all_pods_are_there():
    record = told(canary(), do(10, "promote", full=True))
    assert weights(record) == [(5, 25), (15, 100)]
    assert (record.outcome, record.settled_at) == ("promoted", 16)


def test_promote_in_full_with_a_dynamic_stable_scale_follows_the_pods():
    record = told(canary(dynamicStableScale=True), do(10, "promote", full=True), startup=LAW)
    moved = [weight for _, weight in weights(record)]
    assert moved == sorted(moved)
    assert {25.0, 75.0, 100.0} <= set(moved) <= {25.0, 50.0, 75.0, 100.0}


LAW = {"distribution": "uniform", "low": 1, "high": 40}


def test_retry_begins_an_aborted_canary_with_its_first_step():
    record = told(canary(), do(20, "abort"), do(30, "retry"))
    assert weights(record) == [(5, 25), (20, 0), (30, 25), (75, 50), (120, 100)]
    assert record.outcome == "promoted"
    assert pods(record, 60) == [4, 1]


def test_promote_in_full_ends_an_abort():
    record = told(canary(), do(20, "abort"), do(30, "promote"), do(40, "promote", full=True))
    assert refused(record) == ["Refused: the rollout is aborted; it can be retried, or promoted in full."]
    assert (record.outcome, weights(record)[-1]) == ("promoted", (45, 100))


def test_a_paused_canary_begins_no_step_until_it_is_resumed():
    record = told(canary(), do(20, "pause"), do(100, "resume"))
    assert weights(record) == [(5, 25), (105, 50), (150, 100)]
    held = told(canary(), do(20, "pause"), do(30, "pause"))
    assert (held.outcome, held.outcome_reason) == ("paused", "An operator paused the rollout.")
    assert refused(held) == ["Refused: the rollout is paused already."]


def test_a_paused_canary_without_a_router_keeps_its_pods_but_follows_another_count():
    steps = [{"setWeight": 50}, {"pause": {}}]
    given = canary(*steps, maxSurge=1, maxUnavailable=0)
    record = told(given, do(3, "pause"), do(60, "scale", replicas=8), do(100, "resume"), mesh=None)
    assert [pods(record, at) for at in (50, 61, 200)] == [[4, 1], [4, 4], [4, 4]]


def test_undo_in_mid_release_lets_the_canary_go_at_once():
    record = told(canary(), do(20, "undo"), do(60, "undo"))
    assert weights(record) == [(5, 25), (20, 0)]
    assert pods(record, 21) == [4, 0]
    assert record.outcome == "rolled_back"
    assert refused(record) == ["Refused: there is nothing to undo."]


def test_undo_in_mid_release_waits_for_old_pods_that_have_gone():
    record = told(canary(dynamicStableScale=True, maxUnavailable=1), do(60, "undo"))
    assert weights(record)[:2] == [(5, 25), (50, 50)]
    assert weights(record)[-1] == (65, 0)
    assert pods(record, 62) == [4, 2]
    assert (record.outcome, pods(record, 70)) == ("rolled_back", [4, 0])


def test_undo_without_a_router_exchanges_the_pods_back_within_the_bounds():
    record = told(canary(maxSurge=1, maxUnavailable=0), do(30, "undo"), mesh=None)
    assert (record.outcome, pods(record, 290)) == ("rolled_back", [4, 0])
    assert all(sum(pods(record, at)) <= 5 for at in range(300))


def test_undo_after_the_promotion_releases_the_old_version_step_by_step():
    record = told(canary(), do(150, "undo"))
    assert weights(record) == [(5, 25), (50, 50), (95, 100), (155, 75), (200, 50), (245, 0)]
    assert (record.outcome, pods(record, 280)) == ("rolled_back", [4, 0])


def test_undo_within_the_window_skips_the_steps():
    record = told(canary(rollbackWindow={"revisions": 1}), do(150, "undo"))
    assert weights(record)[3:] == [(155, 0)]
    assert (record.outcome, record.settled_at) == ("rolled_back", 156)


def test_a_rollback_within_the_window_moves_users_before_all_old_pods_are_back():
    record = told(canary(rollbackWindow={"revisions": 1}), do(280, "undo"), startup=LAW, duration=400)
    moved = weights(record)[3:]
    assert moved[0][1] == 50
    assert moved[-1][1] == 0
    assert pods(record, moved[0][0]) == [4, 4]


def test_an_analysis_may_stop_a_rollback_as_any_release():
    look = {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.1"}
    bad = {"old": {"faults": [{"errorRate": "50%", "at": 140}]}}
    record = told(canary(analysis=look), do(150, "undo"), **bad)
    assert (record.outcome, weights(record)[-1][1]) == ("promoted", 100)


def test_a_promoted_canary_cannot_be_aborted():
    record = told(canary(), do(150, "abort"), do(160, "promote"), do(170, "retry"))
    assert refused(record) == [
        "Refused: the new version is the stable one already.",
        "Refused: the new version is the stable one already.",
        "Refused: the rollout is not aborted.",
    ]
    assert record.outcome == "promoted"


@pytest.mark.parametrize("steps", [[], STEPS])
def test_an_operation_before_the_release_is_refused(steps):
    record = told({"type": "canary", "steps": steps}, do(0, "promote", full=True))
    assert record.outcome == "promoted"


def test_blue_green_is_retried_and_promoted_in_full():
    waits = {"type": "blueGreen", "autoPromotionEnabled": False}
    record = told(waits, do(20, "abort"), do(30, "retry"), do(40, "promote", full=True))
    assert weights(record) == [(20, 0), (40, 100)]
    assert record.outcome == "promoted"
    again = told(waits, do(20, "retry"))
    assert refused(again) == ["Refused: the rollout is not aborted."]
    assert story(again, "outcome")[-1][2] == "paused"


def third(strategy: dict[str, Any], *operations: dict[str, Any], mesh: Any = MESH, **keys: Any) -> Record:
    given = scenario(strategy, mesh=mesh, **keys).replace("spec.services.web.versions.v3", {})
    return run(given.replace("spec.operations", list(operations)))


def counts(record: Record, at: float) -> list[int]:
    alive = [row.version for row in record.pods if row.created_at <= at and not row.terminating_at <= at]
    return [alive.count(version) for version in ("v1", "v2", "v3")]


def test_another_version_begins_with_the_first_step_and_replaces_the_canary():
    record = third(canary(), do(55, "apply", version="v3"))
    told_weights = [event.message for event in record.events if event.kind == "weight"]
    assert [counts(record, at) for at in (54, 56, 61, 106, 290)] == [
        [4, 2, 0],
        [4, 0, 1],
        [4, 0, 1],
        [4, 0, 2],
        [0, 0, 4],
    ]
    assert [message.removesuffix(".") for message in told_weights[2:]] == [
        f"Asks for {weight} % of the users on v3" for weight in (0, 25, 50, 100)
    ]
    assert weights(record)[:3] == [(5, 25), (50, 50), (55, 0)]
    assert record.outcome == "promoted"


def test_another_version_without_a_router_drains_the_canary_within_the_bounds_first():
    record = third(canary(maxSurge=1, maxUnavailable=0), do(65, "apply", version="v3"), mesh=None)
    assert all(sum(counts(record, at)) <= 5 for at in range(300))
    assert counts(record, 290) == [0, 0, 4]
    drained = next(at for at in range(65, 300) if counts(record, at)[1] == 0)
    assert counts(record, drained)[0] == 3


def test_another_version_after_the_promotion_is_released_on_top_of_it():
    record = third(canary(), do(150, "apply", version="v3"), do(190, "abort"))
    assert weights(record)[3:] == [(155, 75), (190, 100)]
    assert (record.outcome, counts(record, 290)) == ("rolled_back", [0, 4, 0])


def test_applying_what_is_wanted_changes_nothing_and_the_stable_version_is_an_undo():
    record = third(
        canary(), do(10, "apply", version="v2"), do(20, "apply", version="v1"), do(30, "apply", version="v3")
    )
    assert refused(record) == ["Refused: nothing changes: it wants v2 already."]
    assert counts(record, 21) == [4, 0, 0]
    assert (record.outcome, counts(record, 290)) == ("promoted", [0, 0, 4])


def test_an_analysis_measures_the_version_that_was_applied():
    look = {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.1"}
    given = scenario(canary(analysis=look), mesh=MESH).replace("spec.services.web.versions.v3", {"errorRate": "50%"})
    record = run(given.replace("spec.operations", [do(30, "apply", version="v3")]))
    assert (record.outcome, counts(record, 290)) == ("rolled_back", [4, 0, 0])
