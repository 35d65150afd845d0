"""Autoscalers at work: what they do to pods, alone and beside a rollout. Every moment is a multiple of 15 s."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from small_world import run, scenario, story

from sim.cluster.world import World
from sim.record import Record
from sim.scenario import Scenario

BUSY = {"concurrency": 10, "latency": "100ms", "startup": "1s", "readinessProbe": {"periodSeconds": 1}}
ROLLING = {"type": "rollingUpdate"}
CANARY = {"type": "canary", "steps": [{"setWeight": 50}, {"pause": {"duration": "3m"}}]}
NOT_YET = {"type": "canary", "steps": [{"setWeight": 0}, {"pause": {"duration": "1h"}}]}
CAREFREE = {"cpuInitializationPeriod": 0, "downscaleStabilization": 0}


def cpu(percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def pods_metric(name: str, value: float) -> dict[str, Any]:
    return {"type": "Pods", "pods": {"metric": {"name": name}, "target": {"averageValue": value}}}


def autoscaled(
    strategy: dict[str, Any],
    *metrics: dict[str, Any],
    low: int = 1,
    high: int = 10,
    behavior: dict[str, Any] | None = None,
    **keys: Any,
) -> Scenario:
    """Return a release of a service whose pods request a core each."""
    scaler = {"minReplicas": low, "maxReplicas": high, "metrics": list(metrics)}
    if behavior is not None:
        scaler["behavior"] = behavior
    requests = {"requests": {"cpu": 1}}
    return scenario(strategy, **{**BUSY, "resources": requests, "horizontalPodAutoscaler": scaler, **keys})


def wanted(record: Record, source: str = "autoscaler") -> list[tuple[float, str]]:
    """Return when somebody wanted another count, and "from>to"."""
    found = []
    for event in record.events:
        if (event.source, event.kind) == (source, "scale"):
            words = event.message.split()
            found.append((event.at_seconds, f"{words[7].rstrip(':')}>{words[1]}"))
    return found


def pods_at(record: Record, at: float) -> dict[str, int]:
    """Return the pods of each version that are asked for just after a moment."""
    counts = {"v1": 0, "v2": 0}
    for pod in record.pods:
        if pod.created_at <= at and not pod.terminating_at <= at:
            counts[pod.version] += 1
    return counts


def test_cpu_follows_from_busy_time() -> None:
    # 40 requests/s hold 4 workers: a core each, 2 cores on 2 pods, so 200 %, and 8 pods would be at 50 %.
    record = run(autoscaled(NOT_YET, cpu(50), replicas=2, rate=40, hpaController=CAREFREE))
    first = next(event for event in record.events if event.source == "autoscaler")
    assert first.message.startswith("Wants 4 pods of web instead of 2: the CPU of 2 pods is at ")
    assert first.message.endswith("it may not grow faster.")
    assert wanted(record)[1][1] in ("4>7", "4>8", "4>9")


def test_requests_per_second_and_queue_ask_for_pods() -> None:
    record = run(autoscaled(NOT_YET, pods_metric("requestsPerSecond", 5), replicas=4, rate=40, hpaController=CAREFREE))
    assert wanted(record)[0][1] in ("4>7", "4>8", "4>9")
    record = run(autoscaled(NOT_YET, pods_metric("queueLength", 1), replicas=1, concurrency=1, rate=30))
    assert "waiting requests per pod are" in next(e.message for e in record.events if e.source == "autoscaler")


def test_the_one_that_asks_for_most_counts() -> None:
    metrics = (cpu(1000), pods_metric("requestsPerSecond", 5))
    record = run(autoscaled(NOT_YET, *metrics, replicas=4, rate=40, hpaController=CAREFREE))
    assert "requests per second" in next(e.message for e in record.events if e.source == "autoscaler")


def test_cpu_per_request_replaces_busy_time() -> None:
    # A request holds a worker for 100 ms and costs 1 ms: nothing to scale for.
    record = run(autoscaled(NOT_YET, cpu(50), replicas=2, rate=40, cpuPerRequest="1ms"))
    assert wanted(record) == []


def test_down_only_after_the_stabilization_window() -> None:
    record = run(autoscaled(NOT_YET, cpu(80), replicas=6, rate=2, duration=600))
    # The first look, at 0, holds for 300 s.
    assert [at for at, _ in wanted(record)] == [300.0]
    assert wanted(record)[0][1] == "6>1"


def test_policies_bound_the_way_down() -> None:
    rules = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    record = run(
        autoscaled(NOT_YET, cpu(80), replicas=4, rate=2, behavior={"scaleDown": rules}, hpaController=CAREFREE)
    )
    assert [change for _, change in wanted(record)] == ["4>3", "3>2", "2>1"]
    moments = [at for at, _ in wanted(record)]
    assert [later - earlier for earlier, later in pairwise(moments)] == [60.0, 60.0]


def test_an_autoscaler_that_may_not_shrink_does_not() -> None:
    behavior = {"scaleDown": {"selectPolicy": "Disabled"}}
    assert wanted(run(autoscaled(NOT_YET, cpu(80), replicas=4, rate=2, behavior=behavior))) == []


def test_a_count_outside_the_bounds_moves_to_them_at_once() -> None:
    assert wanted(run(autoscaled(NOT_YET, cpu(80), low=6, replicas=4)))[0] == (0.0, "4>6")
    assert wanted(run(autoscaled(NOT_YET, cpu(80), high=3, replicas=4, rate=40)))[0] == (0.0, "4>3")


def test_the_maximum_is_told_once() -> None:
    record = run(autoscaled(NOT_YET, cpu(10), high=3, replicas=3, rate=40, hpaController=CAREFREE))
    limits = [event.message for event in record.events if event.kind == "limit"]
    assert len(limits) == 1
    assert limits[0].endswith("maxReplicas is 3.")


def test_cpu_of_a_pod_that_starts_is_not_trusted() -> None:
    # Ready after 60 s: until a whole window lies behind that, its CPU counts for nothing.
    slow = {"startup": "60s", "duration": 400, "rate": 40, "replicas": 2}
    trusting = run(autoscaled(NOT_YET, cpu(50), **slow, hpaController={"cpuInitializationPeriod": 0}))
    careful = run(autoscaled(NOT_YET, cpu(50), **slow))
    assert wanted(trusting)[0][0] < wanted(careful)[0][0] or len(wanted(careful)) <= len(wanted(trusting))


def test_what_is_known_lags() -> None:
    def first_moment(lag: float) -> float:
        given = {"metricLag": lag, "cpuInitializationPeriod": 0}
        return wanted(run(autoscaled(NOT_YET, cpu(50), replicas=2, rate=40, hpaController=given)))[0][0]

    assert first_moment(60) - first_moment(15) == 45.0


def test_a_rolling_update_keeps_its_mix_when_the_count_changes() -> None:
    # Pods of v2 are never ready, so the update stands at 2 new and 3 old when more pods are wanted.
    given = autoscaled(
        {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 1},
        pods_metric("requestsPerSecond", 5),
        replicas=4,
        rate=40,
        new={"faults": [{"neverReady": True}]},
        hpaController=CAREFREE,
    )
    record = run(given)
    (at, change), *_ = wanted(record)
    assert pods_at(record, at - 0.1) == {"v1": 3, "v2": 2}
    now = pods_at(record, at)
    assert sum(now.values()) == int(change.partition(">")[2]) + 1
    assert now["v1"] > now["v2"]


def test_a_canary_with_a_mesh_keeps_its_share_of_another_count() -> None:
    given = autoscaled(
        CANARY, pods_metric("requestsPerSecond", 4), replicas=4, rate=40, mesh={}, duration=400, hpaController=CAREFREE
    )
    record = run(given)
    at, change = wanted(record)[0]
    count = int(change.partition(">")[2])
    assert 0 < at < 180
    assert pods_at(record, at) == {"v1": count, "v2": -(-count // 2)}


def test_extra_pods_of_a_canary_stay_at_the_maximum_though_use_is_below_the_target() -> None:
    # Argo keeps the stable version at full count and adds the canary's pods; the autoscaler counts them all.
    given = autoscaled(
        {"type": "canary", "steps": [{"setWeight": 65}, {"pause": {"duration": "1h"}}]},
        cpu(80),
        high=42,
        replicas=30,
        rate=500,
        mesh={},
        hpaController=CAREFREE,
    )
    record = run(given)
    assert pods_at(record, 290) == {"v1": 42, "v2": 28}
    busy = (record.samples.busy_seconds[-1] - record.samples.busy_seconds[-61]).sum() / 60
    assert 0.65 < busy / 70 < 0.75


def test_an_overloaded_canary_hides_in_the_mean() -> None:
    # 10 canary pods far above their target and idle stable pods: on average at the target, so nothing happens.
    steps = [{"setCanaryScale": {"replicas": 2}}, {"setWeight": 60}, {"pause": {"duration": "1h"}}]
    given = autoscaled(
        {"type": "canary", "steps": steps},
        cpu(70),
        replicas=6,
        rate=56,
        mesh={"loadBalancer": "roundRobin"},
        duration=400,
        hpaController=CAREFREE,
        low=6,
    )
    record = run(given)
    assert [change for at, change in wanted(record) if at > 60] == []
    busy = record.samples.busy_seconds[-1] - record.samples.busy_seconds[200]
    stable, canary = busy / (record.samples.at[-1] - record.samples.at[200]) / [6, 2]
    assert canary > 2 * stable


def test_a_manifest_with_replicas_undoes_what_the_autoscaler_had_made() -> None:
    given = autoscaled(
        {"type": "rollingUpdate"},
        pods_metric("requestsPerSecond", 5),
        replicas=8,
        rate=40,
        new={"replicas": 2},
        duration=120,
    )
    record = run(given)
    manifest = [event for event in record.events if "the manifest of v2 says replicas: 2" in event.message]
    assert manifest[0].at_seconds == 0.0
    assert sum(pods_at(record, 0.0).values()) <= 3


def test_without_a_release_the_autoscaler_runs_too() -> None:
    given = autoscaled(ROLLING, cpu(50), replicas=2, rate=40, hpaController=CAREFREE)
    record = World(given.without_release(), "none").run()
    assert wanted(record)


@pytest.mark.parametrize("strategy", ["recreate", "rollingUpdate", "blueGreen", "canary"])
def test_both_engines_scale_alike(strategy: str) -> None:
    steps = {"steps": [{"setWeight": 20}, {"pause": {"duration": "1m"}}]} if strategy == "canary" else {}
    given = autoscaled(
        {"type": strategy, **steps}, cpu(50), pods_metric("queueLength", 2), replicas=2, rate=40, mesh={}
    )
    compiled, reference = run(given), run(given, engine="reference")
    assert compiled.events == reference.events
    assert wanted(compiled)


# KEDA


def keda(rate: Any, **keys: Any) -> Scenario:
    spec = {"pollingInterval": 10, "cooldownPeriod": 60, "triggers": [{"type": "queue"}], **keys}
    given = scenario(NOT_YET, **{**BUSY, "concurrency": 1, "replicas": 2}, duration=900, scaledObject=spec)
    return given.replace("spec.traffic", {"profile": rate})


QUIET = [{"at": 0, "rate": 5}, {"at": 60, "rate": 0.001}]


def test_keda_scales_to_nothing_after_its_cooldown_and_wakes_by_what_found_nobody() -> None:
    record = run(keda([*QUIET, {"at": 600, "rate": 5}]))
    sleeping = next(at for at, change in wanted(record, "keda") if change.endswith(">0"))
    waking = next(at for at, change in wanted(record, "keda") if change == "0>1" and at > 600)
    assert 60 + 60 <= sleeping <= 60 + 60 + 20
    assert waking == 610.0
    assert story(record, "scale")[0][0] > 0


def test_the_cooldown_governs_the_last_step_only() -> None:
    record = run(keda([{"at": 0, "rate": 60}, {"at": 60, "rate": 0.001}], minReplicaCount=1, cooldownPeriod=20))
    down = [(at, change) for at, change in wanted(record) if int(change.split(">")[0]) > int(change.split(">")[1])]
    assert down[0][0] >= 300
    assert all(not change.endswith(">0") for _, change in [*down, *wanted(record, "keda")])


def test_idle_means_nothing_though_the_minimum_is_above() -> None:
    record = run(keda([*QUIET, {"at": 600, "rate": 5}], minReplicaCount=2, idleReplicaCount=0))
    changes = [change for _, change in wanted(record, "keda")]
    assert changes[0] == "2>0"
    assert changes[-1] == "0>2"


def test_little_does_not_wake_it() -> None:
    trigger = {"type": "queue", "metadata": {"queueLength": 5, "activationQueueLength": 100}}
    record = run(keda([*QUIET, {"at": 600, "rate": 5}], triggers=[trigger]))
    assert [change for at, change in wanted(record, "keda") if at > 600] == []


def test_a_target_for_the_whole_queue_multiplies_the_pods() -> None:
    """A queue of twenty times the target asks for twenty times the pods, where AverageValue would divide it."""

    def scaled(kind: str) -> Record:
        trigger = {"type": "queue", "metricType": kind, "metadata": {"queueLength": 5}}
        return run(keda([{"at": 0, "rate": 30}], triggers=[trigger], minReplicaCount=2, maxReplicaCount=30))

    by_total, per_pod = (wanted(scaled(kind)) for kind in ("Value", "AverageValue"))
    assert by_total[:4] == [(0.0, "2>4"), (15.0, "4>8"), (30.0, "8>16"), (45.0, "16>30")]
    assert per_pod[:4] == [(0.0, "2>4"), (15.0, "4>8"), (30.0, "8>16"), (45.0, "16>22")]
