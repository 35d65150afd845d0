"""What people report of the real tools, shown by small scenarios: the behaviour, or that it does not happen here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from small_world import run, scenario, story

from sim.cluster.arithmetic import resolve_fenceposts
from sim.record import Record
from sim.scenario import Scenario
from sim.units import IntOrPercent

TAKE_TWO = {"type": "rollingUpdate", "maxSurge": 0, "maxUnavailable": 2}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}


def autoscaled(strategy: dict[str, Any], high: int, **keys: Any) -> Scenario:
    """Return a service of pods of a core with an autoscaler for half of it."""
    scaler = {"minReplicas": 2, "maxReplicas": high, "metrics": [CPU]}
    busy = {"concurrency": 10, "latency": "100ms", "resources": {"requests": {"cpu": 1}}}
    return scenario(strategy, **{**busy, "horizontalPodAutoscaler": scaler, **keys})


def asked_for(record: Record, at: float) -> dict[str, int]:
    """Return the pods of each version that are asked for at a moment, the primary's by its name."""
    counts: dict[str, int] = {}
    for row in record.pods:
        name = row.name.rpartition("-")[0].removeprefix("web-")
        counts[name] = counts.get(name, 0) + (row.created_at <= at and not row.terminating_at <= at)
    return counts


def ready_over_time(record: Record) -> list[tuple[float, int]]:
    """Return when how many pods were ready, both versions together, from the start of the release on."""
    ready, found = {0: 0, 1: 0}, []
    for change in record.pod_changes:
        ready[change.version] = change.ready
        found.append((change.at_seconds, sum(ready.values())))
    return [each for each in found if each[0] >= 0]


def test_slow_pods_and_an_autoscaler_in_mid_canary_keep_the_floor():
    """argo-rollouts 1415: readiness takes 400 s, the count changes in mid-canary, the stable pods went to zero."""
    strategy = {"type": "canary", "steps": [{"setWeight": 50}, {"pause": {"duration": "1m"}}]}
    given = autoscaled(strategy, 12, new={"startup": "400s"}, duration=2000, rate=10).replace(
        "spec.traffic", {"profile": [{"at": 0, "rate": "10rps"}, {"at": "100s", "rate": "35rps"}]}
    )
    record = run(given)
    scalings = story(record, "scale")
    assert any(at > 100 for at, _, subject in scalings if subject == "web")
    assert record.outcome == "promoted"
    # Four pods and a quarter of them: at no time fewer than three.
    assert min(ready for _, ready in ready_over_time(record)) >= 3


def test_old_pods_that_go_with_their_users_go_before_them():
    """argo-rollouts 4347: the stable set shrinks when the route is written, not when the proxies follow it."""
    steps = [{"setWeight": 50}, {"pause": {"duration": "60s"}}]
    strategy = {"type": "canary", "steps": steps, "dynamicStableScale": True}
    given = scenario(strategy, mesh={"propagationDelay": "20s"}, concurrency=1, latency="100ms", rate=30, preStop=5)
    record = run(given)
    asked_at, in_force_at = next((r.requested and r.at_seconds, r.in_force_at) for r in record.routes if r.requested)
    assert in_force_at - asked_at == 20
    assert asked_for(record, asked_at - 1)["v1"] == 4
    assert asked_for(record, asked_at)["v1"] == 2
    # 30 requests a second of 100 ms each: more than two pods of one worker can do, until half of them go elsewhere.
    waiting = dict(zip(record.samples.at.tolist(), record.samples.waiting[:, 0].tolist(), strict=True))
    assert waiting[asked_at] < 10
    assert waiting[in_force_at] > 100
    assert waiting[in_force_at + 30] < waiting[in_force_at] / 2


def test_a_retry_finds_the_pods_that_an_abort_has_kept():
    """argo-rollouts 1807: they were removed and started again; here they are used, and the retry loses no time."""
    steps = [{"setWeight": 50}, {"pause": {"duration": "60s"}}]
    strategy = {"type": "canary", "steps": steps, "abortScaleDownDelaySeconds": 60}
    commands = [{"at": "40s", "action": "abort"}, {"at": "60s", "action": "retry"}]
    record = run(scenario(strategy, mesh={}, startup="10s").replace("spec.operations", commands))
    new = [row for row in record.pods if row.version == "v2"]
    assert [row.created_at for row in new[:2]] == [0, 0]
    assert all(math.isnan(row.terminating_at) for row in new)
    assert next(r.at_seconds for r in record.routes[::-1] if r.requested == 50) == 60
    # A minute later without a pod to go back to, a retry starts them anew.
    late = [commands[0], {"at": "150s", "action": "retry"}]
    record = run(scenario(strategy, mesh={}, startup="10s").replace("spec.operations", late))
    assert next(r.at_seconds for r in record.routes[::-1] if r.requested == 50) == 160


def test_a_primary_that_an_autoscaler_has_shrunk_is_overloaded_by_a_promotion_in_one_move():
    """flagger 1600; the story flagger-autoscaler has its damage."""
    strategy = {"type": "progressive", "interval": "120s", "stepWeight": 45, "maxWeight": 90}
    calm = {"downscaleStabilization": 0, "cpuInitializationPeriod": 0}
    record = run(autoscaled(strategy, 30, replicas=6, hpaController=calm, rate=30, mesh={}, duration=700))
    # One pod to begin with, two at the autoscaler's next look, then what its own users need.
    assert [asked_for(record, at)["v2"] for at in (0, 20)] == [1, 2]
    # With a tenth of the users the primary keeps two of its six pods, and has no more when all come back at 480.
    assert asked_for(record, 359)["v1"] == asked_for(record, 479)["v2-primary"] == 2
    assert asked_for(record, 540)["v2-primary"] >= 6
    assert asked_for(record, 699)["v2"] == asked_for(record, 699)["v1"] == 0
    scaled = {event.subject for event in record.events if (event.source, event.kind) == ("autoscaler", "scale")}
    assert scaled == {"web-primary", "web-canary"}


def test_the_manifest_of_a_version_says_what_its_canary_begins_with_and_never_what_the_primary_has():
    """flagger 574: replicas 2 to 4 in the same change."""
    strategy = {"type": "progressive", "interval": "60s", "stepWeight": 50, "maxWeight": 50}
    record = run(autoscaled(strategy, 4, replicas=2, new={"replicas": 4}, rate=2, mesh={}, duration=400))
    assert asked_for(record, 1) == {"v1": 2, "v2": 4, "v2-primary": 0}
    assert asked_for(record, 399)["v2-primary"] == 2


def test_min_ready_seconds_are_waited_for_once_a_round():
    """kubernetes 103258: 3240 s instead of 1650 s; here three rounds of 550 s, each after its start-up of 5 s."""
    given = scenario(TAKE_TWO, replicas=6, minReadySeconds=550, progressDeadlineSeconds=700, duration=2000, rate=1)
    assert run(given).settled_at == 3 * (550 + 5)


def test_unavailability_above_the_replicas_makes_min_ready_seconds_protect_nothing():
    """kubernetes 51671: the old pod is killed at once, and nobody says so beforehand."""
    given = scenario({"type": "rollingUpdate", "maxUnavailable": 2}, replicas=1, minReadySeconds=120)
    old = run(given).pods[0]
    assert (old.terminating_at, old.ready_at) == (0, -10)
    assert given.warnings == (
        "spec.strategies.it lets all 1 pods of v2 be unavailable at once: minReadySeconds protects nothing",
    )
    assert scenario(TAKE_TWO, replicas=6, minReadySeconds=120).warnings == ()


@pytest.mark.parametrize(("min_ready", "outcome"), [(0, "promoted"), (30, "failed")])
def test_a_version_that_dies_of_its_first_requests_is_rolled_out_without_min_ready_seconds(min_ready, outcome):
    """kubernetes 31319: ready once, answers 500, crashes - and reported as rolled out."""
    dying = {"faults": [{"errorRate": 1}, {"memoryLeak": {"perRequest": 1, "limit": 20}}]}
    given = scenario(
        {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0}, replicas=1, new=dying, preStop=2, rate=20,
        minReadySeconds=min_ready, progressDeadlineSeconds=60,
    )  # fmt: skip
    record = run(given)
    assert record.outcome == outcome
    assert "CrashLoopBackOff" in next(event.message for event in record.events[::-1] if event.kind == "crash")
    if outcome == "failed":
        # One pod of the new version was let in, and the others never.
        assert sum(row.version == "v2" for row in record.pods) == 1


@pytest.mark.parametrize(("replicas", "surge", "unavailable"), [(1, 1, 0), (5, 2, 1), (6, 2, 1), (10, 3, 2)])
def test_surge_rounds_up_and_unavailability_down(replicas, surge, unavailable):
    """kubernetes 37083: 25 % of 1, 5, 6 and 10; in a run, the most pods and the fewest."""
    quarter = IntOrPercent(25, True)
    assert resolve_fenceposts(quarter, quarter, replicas) == (surge, unavailable)
    record = run(scenario({"type": "rollingUpdate"}, replicas=replicas, rate=2))
    assert max(sum(asked_for(record, row.created_at).values()) for row in record.pods) == replicas + surge
    assert min(ready for _, ready in ready_over_time(record)) == replicas - unavailable


def test_the_time_to_the_wanted_count_can_be_read_off():
    """hpademo 16: people ask for start-up times; the pods say when each was wanted, started and ready."""
    given = autoscaled({"type": "none"}, 8, startup="40s", rate=70, duration=400)
    record = run(given)
    wanted = [(change.at_seconds, change.replicas) for change in record.wanted]
    at, most = max(wanted, key=lambda each: each[1])
    last = max(row.ready_at for row in record.pods if row.created_at == at)
    assert most > 4
    assert last - at == pytest.approx(40, abs=5)
    assert not math.isnan(last)
    ready = record.samples.pods_ready.sum(axis=1)
    assert ready[np.flatnonzero(record.samples.at >= last)[0]] == most
