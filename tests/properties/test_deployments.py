"""What holds for every Deployment, whatever is applied, undone, restarted, scaled or paused in mid-rollout."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_world import scenario

from sim.cluster.clock import PERSON
from sim.cluster.world import World
from sim.record import Record
from sim.units import IntOrPercent

DURATION = 500.0
LAST_OPERATION = 120.0
"""Then a pause ends; whatever was begun is over well before the end of the run."""

some = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
services = st.fixed_dictionaries(
    {
        "replicas": st.integers(1, 8),
        "startup": st.sampled_from([1, 5, {"distribution": "exponential", "mean": 3}]),
        "readinessProbe": st.sampled_from([{"periodSeconds": 1}, {"periodSeconds": 5}]),
        "minReadySeconds": st.sampled_from([0, 3]),
        "preStop": st.sampled_from([None, 3]),
        "revisionHistoryLimit": st.sampled_from([0, 1, 10]),
    }
)
limits = st.tuples(st.sampled_from([0, 1, 2, "25%", "100%"]), st.sampled_from([0, 1, 2, "25%", "100%"])).filter(
    lambda pair: pair != (0, 0)
)
rolling = limits.map(lambda pair: {"type": "rollingUpdate", "maxSurge": pair[0], "maxUnavailable": pair[1]})
deployments = st.one_of(st.just({"type": "recreate"}), rolling)
new_versions = st.sampled_from([{}, {"faults": [{"neverReady": True}]}, {"faults": [{"neverReady": True, "for": 60}]}])
commands = st.one_of(
    st.sampled_from(["v1", "v2", "v3"]).map(lambda version: {"action": "apply", "version": version}),
    st.integers(0, 9).map(lambda replicas: {"action": "scale", "replicas": replicas}),
    st.sampled_from(["undo", "restart", "pause", "resume"]).map(lambda action: {"action": action}),
)
operations = st.lists(
    st.tuples(st.floats(0, LAST_OPERATION - 1), commands).map(lambda pair: {"at": pair[0], **pair[1]}), max_size=5
)


def world_of(
    strategy: dict[str, Any],
    service: dict[str, Any],
    done: list[dict[str, Any]],
    new: dict[str, Any] | None = None,
    engine: Literal["compiled", "reference"] = "compiled",
) -> World:
    small = scenario(strategy, duration=DURATION, rate=2, **service)
    small = small.replace("spec.services.web.versions", {"v1": {}, "v2": new or {}, "v3": {}})
    last = {"at": LAST_OPERATION, "action": "resume"}
    return World(small.replace("spec.operations", [*done, last]), "it", engine=engine)


def asked_for(record: Record, at: float) -> list[str]:
    return [row.version for row in record.pods if row.created_at <= at and not row.terminating_at <= at]


def available(record: Record, at: float) -> int:
    return sum(row.available_at <= at and not row.terminating_at <= at for row in record.pods)


def moments(record: Record) -> list[float]:
    """Return when anything changed from the release on."""
    rows = [(row.created_at, row.terminating_at, row.available_at) for row in record.pods]
    done = [event.at_seconds for event in record.events if event.kind == "operation"]
    return sorted({at for row in rows for at in row if at >= 0} | {0.0, *done})


def wanted_over_time(record: Record, replicas: int) -> list[tuple[float, int]]:
    """Return (moment, pods wanted): what the file says, then what an operator does."""
    scaled = [event for event in record.events if event.subject.startswith("scale to ") and event.kind == "operation"]
    return [(0.0, replicas), *((event.at_seconds, int(event.subject.split()[-1])) for event in scaled)]


@some
@given(strategy=rolling, service=services, done=operations, new=new_versions)
def test_surge_and_unavailability_hold_at_every_moment(strategy, service, done, new):
    record = world_of(strategy, service, done, new).run()
    surge, unavailable = (IntOrPercent.parse(strategy[key]) for key in ("maxSurge", "maxUnavailable"))
    stretches = [*wanted_over_time(record, service["replicas"]), (DURATION, 0)]
    for (begin, wanted), (end, _) in pairwise(stretches):
        above, below = surge.of(wanted, round_up=True), unavailable.of(wanted, round_up=False)
        least = wanted - (1 if above == below == 0 else below)
        inside = [at for at in moments(record) if begin <= at < end]
        assert max((len(asked_for(record, at)) for at in inside), default=0) <= wanted + above
        # Pods that another count asks for need their time; no step of the rollout takes one away meanwhile.
        enough = [min(available(record, at), least) for at in inside]
        assert enough == sorted(enough)


@some
@given(strategy=deployments, service=services, done=operations)
def test_healthy_versions_always_arrive_whatever_is_done_on_the_way(strategy, service, done):
    world = world_of(strategy, service, done)
    record = world.run()
    target = world.rollout.deployment.target
    assert record.outcome == ("rolled_back" if target.version == "v1" else "promoted")
    assert asked_for(record, DURATION) == [target.version] * target.wanted
    assert {row.version for row in record.pods if not row.gone_at <= DURATION} <= {target.version}


@some
@given(
    strategy=deployments, service=services, done=operations, new=new_versions, undo_at=st.floats(LAST_OPERATION, 150)
)
def test_an_undo_by_a_person_ends_with_the_old_version_at_full_count(strategy, service, done, new, undo_at):
    world = world_of(strategy, service, done, new)
    is_undone = []
    world.env.call(undo_at, PERSON, 0, lambda: is_undone.append(world.request_undo("a person decided")))
    record = world.run()
    # Nothing to undo means that the old version was wanted already.
    assert is_undone == [True] or world.rollout.deployment.target.version == "v1"
    assert record.outcome == "rolled_back"
    assert asked_for(record, DURATION) == ["v1"] * world.rollout.deployment.desired


@some
@given(service=services, done=operations, new=new_versions)
def test_recreate_never_runs_two_versions(service, done, new):
    record = world_of({"type": "recreate"}, service, done, new).run()
    for at in moments(record):
        alive = {row.version for row in record.pods if row.created_at <= at and not row.gone_at <= at}
        assert len(alive) <= 1


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(strategy=deployments, service=services, done=operations, new=new_versions)
def test_a_deployment_is_the_same_in_either_engine(strategy, service, done, new):
    compiled, reference = (world_of(strategy, service, done, new, engine).run() for engine in ("compiled", "reference"))
    assert compiled.events == reference.events
    assert compiled.pod_changes == reference.pod_changes
    for name in ("request", "version", "pod", "start", "finish", "status", "reason"):
        np.testing.assert_array_equal(getattr(compiled.answers, name), getattr(reference.answers, name), err_msg=name)
