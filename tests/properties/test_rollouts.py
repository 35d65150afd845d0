"""What holds for every rollout, whatever the pods, the delays, the strategy and the moment of an undo."""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction
from itertools import zip_longest
from typing import Literal

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from small_world import scenario

from sim.cluster.clock import PERSON, POD
from sim.cluster.world import World
from sim.engine.protocol import Reason
from sim.record import Record
from sim.scenario import Scenario
from sim.units import IntOrPercent

DURATION = 400.0
QUIET_AFTER = 300.0
"""Whatever was begun has ended by now: the longest rollout and undo below take less."""

SERVED = (Reason.OK, Reason.ERROR)
RESETS = 10**6

seconds = st.sampled_from([0, 1, 2.5])
delays = st.one_of(
    seconds.map(lambda value: value),
    st.just({"distribution": "uniform", "low": 0, "high": 3}),
    st.just({"distribution": "exponential", "mean": 0.5}),
)
probes = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "periodSeconds": st.sampled_from([1, 2, 5]),
            "initialDelaySeconds": st.sampled_from([0, 1.5]),
            "successThreshold": st.integers(1, 2),
        }
    ),
)
services = st.fixed_dictionaries(
    {
        "replicas": st.integers(1, 6),
        "startup": delays,
        "readinessProbe": probes,
        "minReadySeconds": seconds,
        "preStop": st.sampled_from([None, 1, 4]),
        "terminationGracePeriodSeconds": st.sampled_from([0, 2, 10]),
        "endpointPropagation": delays,
        "latency": st.sampled_from(["20ms", "1s"]),
        "concurrency": st.sampled_from([1, 20]),
    }
)
bounds = st.tuples(st.sampled_from([0, 1, 2, "25%", "100%"]), st.sampled_from([0, 1, 2, "25%", "100%"])).filter(
    lambda pair: pair != (0, 0)
)
steps = st.lists(
    st.one_of(
        st.integers(0, 100).map(lambda weight: {"setWeight": weight}),
        st.just({"pause": {"duration": 5}}),
    ),
    max_size=4,
)
rolling = bounds.map(lambda pair: {"type": "rollingUpdate", "maxSurge": pair[0], "maxUnavailable": pair[1]})
blue_green = st.fixed_dictionaries(
    {
        "type": st.just("blueGreen"),
        "autoPromotionSeconds": st.sampled_from([0, 10]),
        "scaleDownDelaySeconds": st.sampled_from([0, 20, 60]),
        "abortScaleDownDelaySeconds": st.sampled_from([1, 30]),
    }
)
canary = st.builds(
    lambda pair, steps: {"type": "canary", "maxSurge": pair[0], "maxUnavailable": pair[1], "steps": steps},
    bounds,
    steps,
)
progressive = st.fixed_dictionaries(
    {
        "type": st.just("progressive"),
        "interval": st.sampled_from([3, 10]),
        "iterations": st.integers(1, 3),
        "threshold": st.integers(1, 3),
    }
)
sizes = st.lists(st.sampled_from(["1%", "30%", "50%", "99%", "100%"]), min_size=1, max_size=4).map(
    lambda percents: sorted(percents, key=lambda percent: int(percent.rstrip("%")))
)
batches = st.builds(
    lambda pair, percents, threshold: {
        "type": "batches",
        "maxSurge": pair[0],
        "maxUnavailable": pair[1],
        "failureThreshold": threshold,
        "steps": [{"replicas": percent, "pause": {"duration": 5}} for percent in percents],
    },
    bounds,
    sizes,
    st.sampled_from([0, 1, "50%"]),
)
strategies = st.one_of(st.just({"type": "recreate"}), rolling, blue_green, canary, progressive, batches)
meshes = st.sampled_from([None, {"propagationDelay": "1s"}, {"propagationDelay": "0s", "loadBalancer": "roundRobin"}])
faults = st.sampled_from(
    [
        {"errorRate": 0.1},
        {"crash": True, "at": 30, "for": 20},
        {"crash": True, "for": 40},
        {"neverReady": True, "at": 20, "for": 30},
    ]
)
undos = st.one_of(st.none(), st.floats(0, 100))

many = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def run(
    given: Scenario,
    undo_at: float | None = None,
    looks: tuple[float, ...] = (),
    engine: Literal["compiled", "reference"] = "compiled",
) -> Record:
    world = World(given, "it", engine=engine)
    if undo_at is not None:
        world.env.call(undo_at, PERSON, 0, lambda: world.request_undo("a person decided"))
    for at in looks:
        world.env.call(at, POD, RESETS, world.settle)
    return world.run()


def assert_same_answers(left: Record, right: Record) -> None:
    for name in ("request", "version", "pod", "attempts", "start", "finish", "status", "reason"):
        np.testing.assert_array_equal(getattr(left.answers, name), getattr(right.answers, name), err_msg=name)


def asked_for(record: Record, version: str | None = None) -> list[tuple[float, int]]:
    """Return (moment, pods asked for) after each change."""
    rows = [row for row in record.pods if version in (None, row.version)]
    changes = sorted({at for row in rows for at in (row.created_at, row.terminating_at) if at == at})
    return [(at, sum(row.created_at <= at and not row.terminating_at <= at for row in rows)) for at in changes]


def pods_at(record: Record, at: float, version: str) -> int:
    changes = asked_for(record, version)
    index = bisect_right([change[0] for change in changes], at) - 1
    return changes[index][1] if index >= 0 else 0


def ready_over_time(record: Record) -> list[tuple[float, int]]:
    """Return (moment, ready pods of all versions) after each moment with a change."""
    ready: dict[int, int] = {}
    totals: dict[float, int] = {}
    for change in record.pod_changes:
        ready[change.version] = change.ready
        totals[change.at_seconds] = sum(ready.values())
    return sorted(totals.items())


@many
@given(service=services, strategy=rolling, mesh=meshes, undo_at=undos)
def test_a_rolling_update_stays_inside_surge_and_unavailability(service, strategy, mesh, undo_at):
    record = run(scenario(strategy, mesh=mesh, duration=DURATION, rate=5, **service), undo_at)
    replicas = service["replicas"]
    surge = IntOrPercent.parse(strategy["maxSurge"]).of(replicas, round_up=True)
    unavailable = IntOrPercent.parse(strategy["maxUnavailable"]).of(replicas, round_up=False)
    if surge == unavailable == 0:
        unavailable = 1
    assert max(count for _, count in asked_for(record)) <= replicas + surge
    assert min(count for _, count in ready_over_time(record)) >= replicas - unavailable


@many
@given(service=services, strategy=st.one_of(canary, batches), undo_at=undos)
def test_without_a_mesh_canary_and_batches_stay_inside_surge_and_unavailability(service, strategy, undo_at):
    record = run(scenario(strategy, duration=DURATION, rate=5, **service), undo_at)
    replicas = service["replicas"]
    surge = IntOrPercent.parse(strategy["maxSurge"]).of(replicas, round_up=True)
    unavailable = IntOrPercent.parse(strategy["maxUnavailable"]).of(replicas, round_up=False)
    if surge == unavailable == 0:
        unavailable = 1
    assert max(count for _, count in asked_for(record)) <= replicas + surge
    assert min(count for _, count in ready_over_time(record)) >= replicas - unavailable


@many
@given(service=services, strategy=strategies, mesh=meshes)
def test_every_rollout_of_a_healthy_version_completes(service, strategy, mesh):
    record = run(scenario(strategy, mesh=mesh, duration=DURATION, rate=5, **service))
    assert record.outcome == "promoted"
    assert record.settled_at < QUIET_AFTER
    assert (pods_at(record, DURATION, "v1"), pods_at(record, DURATION, "v2")) == (0, service["replicas"])


@many
@given(service=services, strategy=strategies, mesh=meshes, undo_at=st.floats(0.5, 100))
def test_every_undo_ends_with_the_old_version_at_full_count_and_weight(service, strategy, mesh, undo_at):
    record = run(scenario(strategy, mesh=mesh, duration=DURATION, rate=5, **service), undo_at)
    assert record.outcome == "rolled_back"
    assert undo_at <= record.settled_at < QUIET_AFTER
    assert record.routes[-1].requested == 0
    assert (pods_at(record, DURATION, "v1"), pods_at(record, DURATION, "v2")) == (service["replicas"], 0)
    late = record.requests.arrival[record.answers.request] > QUIET_AFTER
    assert set(record.answers.version[late]) <= {record.stable}


@many
@given(service=services, strategy=strategies, mesh=meshes, undo_at=undos)
def test_pods_that_are_not_needed_leave(service, strategy, mesh, undo_at):
    record = run(scenario(strategy, mesh=mesh, duration=DURATION, rate=5, **service), undo_at)
    left = [row for row in record.pods if not row.gone_at <= DURATION]
    assert len(left) == service["replicas"]
    assert {row.version for row in left} == {"v2" if record.outcome == "promoted" else "v1"}


@many
@given(service=services, strategy=strategies, mesh=meshes, undo_at=undos)
def test_nobody_is_served_by_a_pod_before_it_is_ready_or_after_it_is_gone(service, strategy, mesh, undo_at):
    record = run(scenario(strategy, mesh=mesh, duration=120, rate=20, **service), undo_at)
    answers = record.answers
    served = np.isin(answers.reason, SERVED) & (answers.pod >= 0)
    starts, ends = (np.array([getattr(row, name) for row in record.pods]) for name in ("started_at", "gone_at"))
    ready = np.array([row.ready_at for row in record.pods])
    pods = answers.pod[served]
    assert np.all(answers.start[served] >= starts[pods])
    assert np.all(answers.start[served] >= ready[pods])
    assert not np.any(answers.finish[served] > ends[pods])


@many
@given(service=services, weight=st.integers(0, 100), undo_at=st.floats(0.5, 60))
def test_weight_zero_receives_nothing(service, weight, undo_at):
    strategy = {"type": "canary", "steps": [{"setWeight": weight}, {"pause": {}}]}
    record = run(scenario(strategy, mesh={"propagationDelay": "1s"}, duration=120, **service), undo_at)
    in_force = sorted(
        (change.in_force_at, change.requested) for change in record.routes if change.in_force_at == change.in_force_at
    )
    moments = np.array([at for at, _ in in_force])
    requested = np.array([weight for _, weight in in_force])
    arrivals = record.requests.arrival[record.answers.request]
    at_arrival = requested[np.searchsorted(moments, arrivals, side="right") - 1]
    assert not np.any(record.answers.version[at_arrival == 0] == record.candidate)


@many
@given(
    service=services,
    strategy=strategies,
    mesh=meshes,
    undo_at=undos,
    looks=st.lists(st.floats(-9, 119), max_size=20).map(tuple),
)
def test_an_extra_settlement_changes_nothing(service, strategy, mesh, undo_at, looks):
    small = scenario(strategy, mesh=mesh, duration=120, rate=20, **service)
    plain, looked = run(small, undo_at), run(small, undo_at, looks)
    assert_same_answers(plain, looked)
    assert plain.events == looked.events
    assert plain.pod_changes == looked.pod_changes


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(service=services, strategy=strategies, mesh=meshes, undo_at=undos, fault=faults)
def test_a_rollout_is_the_same_in_either_engine(service, strategy, mesh, undo_at, fault):
    assume("neverReady" not in fault or service["readinessProbe"] is not None)
    small = scenario(strategy, new={"faults": [fault]}, mesh=mesh, duration=120, rate=20, **service)
    compiled, reference = (run(small, undo_at, engine=engine) for engine in ("compiled", "reference"))
    assert_same_answers(compiled, reference)
    assert compiled.events == reference.events
    assert compiled.pod_changes == reference.pod_changes


@many
@given(service=services, percent=st.floats(0.1, 99), mesh=meshes.filter(bool), undo_at=undos)
def test_a_routed_canary_takes_no_pod_from_the_old_version(service, percent, mesh, undo_at):
    strategy = {"type": "canary", "steps": [{"setWeight": percent}, {"pause": {}}]}
    record = run(scenario(strategy, mesh=mesh, duration=120, rate=5, **service), undo_at)
    assert {count for _, count in asked_for(record, "v1")} == {service["replicas"]}
    assert max(count for _, count in asked_for(record, "v2")) == math.ceil(
        Fraction(str(percent)) * service["replicas"] / 100
    )


@many
@given(
    service=services, strategy=batches, weights=st.lists(st.integers(0, 100), max_size=3), undo_at=undos, mesh=meshes
)
def test_batches_with_traffic_end_with_all_users_and_all_pods_on_one_side(service, strategy, weights, undo_at, mesh):
    assume(mesh is not None)
    steps = [
        {**step, **({"traffic": weight} if step["replicas"] in ("1%", "30%", "50%") else {})}
        for step, weight in zip_longest(strategy["steps"], weights[: len(strategy["steps"])], fillvalue=5)
    ]
    record = run(scenario({**strategy, "steps": steps}, mesh=mesh, duration=DURATION, rate=5, **service), undo_at)
    old, new = pods_at(record, DURATION, "v1"), pods_at(record, DURATION, "v2")
    replicas = service["replicas"]
    assert (record.outcome, old, new) in (("promoted", 0, replicas), ("rolled_back", replicas, 0))
    late = record.requests.arrival[record.answers.request] > QUIET_AFTER
    side = record.candidate if record.outcome == "promoted" else record.stable
    assert set(record.answers.version[late]) <= {side}
