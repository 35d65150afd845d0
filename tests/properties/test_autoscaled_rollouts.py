"""Whatever the traffic, the pods and the strategy: an autoscaled healthy release arrives, within all bounds."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_world import run, scenario

from sim.record import Record

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
STRATEGIES: list[dict[str, Any]] = [
    {"type": "recreate"},
    {"type": "rollingUpdate"},
    {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0},
    {"type": "blueGreen", "autoPromotionSeconds": 40},
    {"type": "canary", "steps": [{"setWeight": 30}, {"pause": {"duration": "1m"}}]},
    {"type": "canary", "trafficRouting": "none", "steps": [{"setWeight": 30}, {"pause": {"duration": "1m"}}]},
    {"type": "batches", "steps": [{"replicas": "30%", "pause": {"duration": 60}}, {"replicas": "100%"}]},
    {"type": "batches", "steps": [{"replicas": 1, "traffic": "30%", "pause": {"duration": 60}}]},
]


def wanted_over_time(record: Record, first: int) -> list[tuple[float, int]]:
    """Return from when on how many pods are wanted."""
    found = [(record.pods[0].created_at, first)]
    for event in record.events:
        if (event.source, event.kind) == ("autoscaler", "scale"):
            found.append((event.at_seconds, int(event.message.split()[1])))
    return found


def asked_for(record: Record, at: float) -> int:
    return sum(pod.created_at <= at and not pod.terminating_at <= at for pod in record.pods)


@RELAXED
@given(
    st.sampled_from(STRATEGIES),
    st.integers(1, 8),
    st.integers(1, 4),
    st.integers(0, 8),
    st.sampled_from([5, 40, 90]),
    st.sampled_from([1, 10, 40]),
    st.booleans(),
)
def test_an_autoscaled_release_arrives_within_its_bounds(
    strategy: dict[str, Any], first: int, low: int, more: int, rate: int, startup: int, has_behavior: bool
) -> None:
    high = low + more
    metric = {"type": "Pods", "pods": {"metric": {"name": "requestsPerSecond"}, "target": {"averageValue": 12}}}
    scaler: dict[str, Any] = {"minReplicas": low, "maxReplicas": high, "metrics": [metric]}
    if has_behavior:
        scaler["behavior"] = {"scaleDown": {"stabilizationWindowSeconds": 0}}
    record = run(
        scenario(
            strategy,
            replicas=first,
            startup=startup,
            rate=rate,
            duration=900,
            mesh={},
            horizontalPodAutoscaler=scaler,
            hpaController={"downscaleStabilization": 30},
        )
    )
    counts = wanted_over_time(record, first)
    assert record.outcome == "promoted"
    assert all(low <= count <= high for _, count in counts[1:])
    assert asked_for(record, 899) == counts[-1][1]
    if strategy["type"] in ("rollingUpdate", "batches"):
        for at, count in counts:
            surge = 1 if "maxSurge" in strategy else -(-count // 4)
            assert asked_for(record, at) <= count + surge
        for pod in record.pods:
            count = next(count for since, count in reversed(counts) if since <= pod.created_at)
            surge = 1 if "maxSurge" in strategy else -(-count // 4)
            assert asked_for(record, pod.created_at) <= count + surge


@settings(RELAXED, derandomize=True, max_examples=20)
@given(st.integers(1, 8), st.sampled_from([5, 40, 90]), st.sampled_from([1, 10, 40]), st.floats(0.5, 300))
def test_an_autoscaled_second_release_arrives_within_its_bounds(first: int, rate: int, startup: int, at: float) -> None:
    metric = {"type": "Pods", "pods": {"metric": {"name": "requestsPerSecond"}, "target": {"averageValue": 12}}}
    scaler = {"minReplicas": 2, "maxReplicas": 8, "metrics": [metric]}
    given = scenario(
        {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0},
        replicas=first,
        startup=startup,
        rate=rate,
        duration=900,
        horizontalPodAutoscaler=scaler,
        hpaController={"downscaleStabilization": 30},
    )
    given = given.replace("spec.services.web.versions", {"v1": {}, "v2": {}, "v3": {}})
    record = run(given.replace("spec.operations", [{"at": at, "action": "apply", "version": "v3"}]))
    counts = wanted_over_time(record, first)
    last = [pod.version for pod in record.pods if not pod.terminating_at <= 899]
    assert (record.outcome, last) == ("promoted", ["v3"] * counts[-1][1])
    for pod in record.pods:
        count = next(count for since, count in reversed(counts) if since <= pod.created_at)
        assert asked_for(record, pod.created_at) <= count + 1
