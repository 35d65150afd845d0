"""What holds for every rollout that has too little room, whatever the strategy: limits are kept, and none is stuck that
takes pods away first.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from properties.test_rollouts import DURATION, assert_same_answers, meshes, pods_at, run, services, strategies, undos
from small_world import scenario

from sim.record import Record
from sim.scenario import Scenario

extra = st.integers(0, 3)
taking = st.one_of(
    st.just({"type": "recreate"}),
    st.sampled_from([0, 1, "50%"]).map(lambda surge: {"type": "rollingUpdate", "maxSurge": surge, "maxUnavailable": 1}),
)
some = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def crowded(strategy: dict[str, Any], room: int, by: str, **keys: Any) -> Scenario:
    """Return a scenario with room for so many pods, by a quota or by nodes of one pod each."""
    cluster = {"resourceQuota": {"pods": room}} if by == "quota" else {"nodes": {"count": room, "pods": 1}}
    return scenario(strategy, rate=5, **keys).replace("spec.cluster", cluster)


def most_on_nodes(record: Record) -> int:
    """Return the most pods that had started and were not gone, at any moment."""
    rows = [row for row in record.pods if row.started_at == row.started_at]
    return max(
        sum(other.started_at <= row.started_at and not other.gone_at <= row.started_at for other in rows)
        for row in rows
    )


def most_existing(record: Record) -> int:
    """Return the most pods that existed at the end of any moment."""
    existing: dict[int, int] = {}
    totals: dict[float, int] = {}
    for change in record.pod_changes:
        existing[change.version] = change.existing
        totals[change.at_seconds] = sum(existing.values())
    return max(totals.values())


@some
@given(service=services, strategy=strategies, mesh=meshes, more=extra, undo_at=undos)
def test_there_are_never_more_pods_than_a_quota_admits(service, strategy, mesh, more, undo_at):
    room = service["replicas"] + more
    record = run(crowded(strategy, room, "quota", mesh=mesh, duration=150, **service), undo_at)
    assert most_existing(record) <= room
    assert most_on_nodes(record) <= room


@some
@given(service=services, strategy=strategies, mesh=meshes, more=extra, undo_at=undos)
def test_nodes_run_no_more_pods_than_they_take(service, strategy, mesh, more, undo_at):
    room = service["replicas"] + more
    record = run(crowded(strategy, room, "nodes", mesh=mesh, duration=150, **service), undo_at)
    assert most_on_nodes(record) <= room


@some
@given(service=services, strategy=taking, by=st.sampled_from(["quota", "nodes"]), more=extra)
def test_who_takes_pods_away_first_arrives_with_no_room_to_spare(service, strategy, by, more):
    given = crowded(strategy, service["replicas"] + more, by, duration=DURATION, **service)
    record = run(given)
    assert record.outcome == "promoted"
    assert (pods_at(record, DURATION, "v1"), pods_at(record, DURATION, "v2")) == (0, service["replicas"])


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(service=services, strategy=strategies, mesh=meshes, more=extra, by=st.sampled_from(["quota", "nodes"]))
def test_waiting_for_room_is_the_same_in_either_engine(service, strategy, mesh, more, by):
    small = crowded(strategy, service["replicas"] + more, by, mesh=mesh, duration=100, **service)
    compiled, reference = (run(small, engine=engine) for engine in ("compiled", "reference"))
    assert_same_answers(compiled, reference)
    assert compiled.events == reference.events
