"""What an operator does by hand: promote, abort, undo, scale; and what is refused."""

from __future__ import annotations

import pytest
from small_world import run, scenario, story

from sim.record import Record
from sim.scenario import Scenario

MESH = {"propagationDelay": "1s"}


def with_operations(given: Scenario, *operations: dict) -> Scenario:
    return given.replace("spec.operations", list(operations))


def refused(record: Record) -> list[tuple[float, str]]:
    return [(event.at_seconds, event.message) for event in record.events if event.kind == "refused"]


def pods_of(record: Record, at: float) -> list[int]:
    """Return the pods (old, new) asked for at a moment."""
    alive = [row.version for row in record.pods if row.created_at <= at and not row.terminating_at <= at]
    return [alive.count("v1"), alive.count("v2")]


@pytest.mark.parametrize("pause", [{}, {"duration": "10m"}])
def test_promote_ends_a_pause_for_a_person_or_for_time(pause):
    given = scenario({"type": "canary", "steps": [{"setWeight": 50}, {"pause": pause}]}, mesh=MESH)
    record = run(with_operations(given, {"at": 60, "action": "promote"}))
    assert (record.outcome, [at for at, *_ in story(record, "promote")]) == ("promoted", [65.0])
    assert story(record, "approve", "refused") == []


def test_promote_switches_a_blue_green_release_that_waits():
    given = scenario({"type": "blueGreen", "autoPromotionEnabled": False}, mesh=MESH)
    record = run(with_operations(given, {"at": 60, "action": "promote"}))
    assert (record.outcome, [at for at, *_ in story(record, "promote")]) == ("promoted", [60.0])


def test_promote_is_refused_where_nothing_waits():
    record = run(with_operations(scenario({"type": "blueGreen"}, mesh=MESH), {"at": 1, "action": "promote"}))
    assert refused(record) == [(1.0, "Refused: the rollout is not paused.")]
    assert record.outcome == "promoted"


def test_an_approver_who_comes_later_finds_nothing_to_approve():
    steps = [{"setWeight": 50}, {"pause": {}}]
    given = scenario({"type": "canary", "steps": steps}, mesh=MESH, monitoring={"approver": {"reaction": "100s"}})
    record = run(with_operations(given, {"at": 60, "action": "promote"}))
    assert record.outcome == "promoted"
    assert story(record, "approve") == []


@pytest.mark.parametrize(("action", "done"), [("abort", "aborted"), ("undo", "undid")])
def test_an_operator_takes_a_canary_back(action, done):
    given = scenario({"type": "canary", "steps": [{"setWeight": 50}, {"pause": {}}]}, mesh=MESH)
    record = run(with_operations(given, {"at": 60, "action": action}))
    assert (record.outcome, record.outcome_reason) == ("rolled_back", f"An operator {done} the release.")
    assert (pods_of(record, 299), record.routes[-1].requested) == ([4, 0], 0)


def test_a_second_undo_is_refused():
    given = scenario({"type": "blueGreen"}, mesh=MESH)
    record = run(with_operations(given, {"at": 60, "action": "undo"}, {"at": 90, "action": "undo"}))
    assert record.outcome == "rolled_back"
    assert refused(record) == [(90.0, "Refused: there is nothing to undo.")]


def test_scaling_in_mid_release_keeps_the_mix_of_versions():
    given = scenario({"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}, startup="20s")
    record = run(with_operations(given, {"at": 30, "action": "scale", "replicas": 8}))
    assert pods_of(record, 29) == [3, 2]
    assert pods_of(record, 30) == [5, 4]
    assert (record.outcome, pods_of(record, 299)) == ("promoted", [0, 8])


def test_a_strategy_refuses_what_another_one_of_the_file_can():
    given = scenario({"type": "recreate"}).replace(
        "spec.strategies", {"it": {"type": "recreate"}, "blueGreen": {"autoPromotionEnabled": False}}
    )
    record = run(with_operations(given, {"at": 60, "action": "promote"}))
    assert refused(record) == [(60.0, "Refused: recreate cannot promote.")]


def test_operations_of_one_moment_come_in_the_order_of_the_file():
    given = scenario({"type": "none"})
    record = run(
        with_operations(given, {"at": 9, "action": "scale", "replicas": 6}, {"at": 9, "action": "scale", "replicas": 2})
    )
    assert [message for at, kind, message in story(record, "operation")] == ["scale to 6", "scale to 2"]
    assert pods_of(record, 299) == [2, 0]


def test_the_runs_beside_know_no_operator():
    given = with_operations(scenario({"type": "none"}), {"at": 9, "action": "scale", "replicas": 6})
    assert given.without_release().operations == ()
