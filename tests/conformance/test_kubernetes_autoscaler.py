"""The autoscaler's arithmetic against Kubernetes' own cases: one thin adapter a group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import real_cases
from called import called, functions
from small_world import run, scenario

from sim.cluster.autoscaling import horizontal, policies, replicas, samples, stabilization
from sim.cluster.autoscaling.horizontal import Ask, Limits, Memory, decide
from sim.cluster.autoscaling.policies import Change, Policy, Rules
from sim.cluster.autoscaling.replicas import (
    MetricError,
    Proposal,
    replicas_for_average,
    replicas_for_total,
    replicas_for_total_per_pod,
    replicas_for_utilization,
    utilization,
)
from sim.cluster.autoscaling.samples import Groups, PodSeen, Sample, group
from sim.cluster.autoscaling.stabilization import Recommendation

Case = dict[str, Any]

CASES: list[Case] = real_cases.load("hpa_replicas.json")["cases"]

TOLERANCE = 0.1
INITIALIZATION = 120.0
READINESS_DELAY = 10.0
NOW = 0.0
FACTOR = 8.0
START_AGES = {"long_ago": 1e9, "3min": 180.0, "now": 0.0}
WINDOW = 60.0


def grouped(pods: list[PodSeen], resource: str) -> Groups:
    return group(
        pods,
        is_cpu=resource == "cpu",
        initialization_seconds=INITIALIZATION,
        readiness_delay_seconds=READINESS_DELAY,
    )


def seen(pod: Case, value: int | None) -> PodSeen:
    age = START_AGES[pod["start"]]
    return PodSeen(
        start_age=age,
        ready=pod["ready"],
        ready_changed_age=age,
        sample=None if value is None else Sample(value, 0.0, WINDOW),
        request=pod.get("request_m"),
        is_pending=pod["phase"] == "Pending",
        is_failed=pod["phase"] == "Failed",
        is_deleted=pod["deleted"],
    )


def counted_or_error(ask: Ask) -> Case:
    try:
        proposal = ask()
    except MetricError as error:
        return {"error": str(error)}
    return {
        "replicas": proposal.replicas,
        "value_m": proposal.value,
        "average_usage_m": proposal.value,
        "utilization_percent": proposal.utilization_percent,
    }


def agrees(found: Case, expected: Case) -> None:
    if "error" in expected:
        assert expected["error"] in found["error"]
    else:
        assert {key: found.get(key) for key in expected} == expected


def resource(given: Case, expected: Case) -> None:
    pods = grouped([seen(pod, pod["usage_m"]) for pod in given["pods"]], "cpu")
    target, current = given["target_percent"], given["current_replicas"]
    has_strangers = bool(given["unknown_pod_usage_m"])
    agrees(
        counted_or_error(
            lambda: replicas_for_utilization(current, target, pods, TOLERANCE, has_strangers=has_strangers)
        ),
        expected,
    )


def metric_ask(kind: str, values: list[int], target: int, current: int, pods: list[Case]) -> Ask:
    padded = [*values, *[None] * len(pods)]
    groups = grouped([seen(pod, value) for pod, value in zip(pods, padded, strict=False)], "")
    ready = sum(pod["ready"] and pod["phase"] == "Running" for pod in pods)
    if kind == "pods":
        return lambda: replicas_for_average(current, target, groups, TOLERANCE)
    if kind.endswith("_per_pod"):
        return lambda: replicas_for_total_per_pod(current, sum(values), target, TOLERANCE)
    return lambda: replicas_for_total(current, sum(values), target, ready, TOLERANCE)


def metric(given: Case, expected: Case) -> None:
    ask = metric_ask(given["kind"], given["values_m"], given["target_m"], given["current_replicas"], given["pods"])
    agrees(counted_or_error(ask), expected)


def group_pods(given: Case, expected: Case) -> None:
    named = {}
    for pod in given["pods"]:
        sample = Sample(0, pod["sample_age_s"], pod["window_s"] or 0.0) if pod["sample"] else None
        named[pod["name"]] = PodSeen(
            start_age=pod["start_s"],
            ready=pod["ready"],
            ready_changed_age=pod["ready_changed_s"],
            sample=sample,
            is_pending=pod["phase"] == "Pending",
            is_failed=pod["phase"] == "Failed",
        )
    found = grouped(list(named.values()), given["resource"])

    def names(pods: list[PodSeen]) -> list[str]:
        return sorted(name for name, pod in named.items() if any(pod is other for other in pods))

    assert len(found.counted) == expected["counted"]
    assert names(found.set_aside) == sorted(expected["set_aside"])
    assert names(found.missing) == sorted(expected["missing"])


def ratio(given: Case, expected: Case) -> None:
    known = [name for name in given["usage"] if name in given["requests"]]
    uses, requests = [given["usage"][name] for name in known], [given["requests"][name] for name in known]
    if "error" in expected:
        with pytest.raises(MetricError, match=expected["error"]):
            utilization(uses, requests, given["target"])
        return
    use = utilization(uses, requests, given["target"])
    found = {"ratio": use.ratio, "utilization_percent": use.utilization_percent, "average_usage": use.average}
    assert found == {**expected, "ratio": pytest.approx(expected["ratio"])}


def log_of(entries: list[list[float]]) -> list[Recommendation]:
    return [Recommendation(int(replicas), NOW - age) for replicas, age in entries]


def stabilize_down(given: Case, expected: Case) -> None:
    log = log_of(given["log"])
    found = stabilization.stabilized_down(log, NOW, given["desired"], given["window_s"])
    assert {"replicas": found, "log_length": len(log)} == expected


def stabilize_both(given: Case, expected: Case) -> None:
    log = log_of(given["log"])
    found = stabilization.stabilized(
        log, NOW, given["current"], given["desired"], given["up_window_s"], given["down_window_s"]
    )
    assert {"replicas": found, "log": [entry.replicas for entry in log]} == expected


def rules_of(given: Case | None, default: Rules) -> Rules:
    if given is None:
        return default
    listed = tuple(Policy(kind, value, period) for kind, value, period in given["policies"])
    return Rules(listed, given["select"], given.get("window_s"))


def changes(entries: list[list[float]]) -> list[Change]:
    return [Change(int(pods), NOW - age) for pods, age in entries]


def policies_group(given: Case, expected: Case) -> None:
    up, down = rules_of(given["up_rules"], policies.SCALE_UP), rules_of(given["down_rules"], policies.SCALE_DOWN)
    added, removed, current = changes(given["up_events"]), changes(given["down_events"]), given["current"]
    found = policies.within_rates(
        current,
        given["desired"],
        given["min"],
        given["max"],
        policies.up_limit(current, up, added, removed, NOW),
        policies.down_limit(current, down, added, removed, NOW),
    )
    assert {"replicas": found.replicas, "reason": found.limit} == expected


def select_min(given: Case, expected: Case) -> None:
    rules = rules_of(given, policies.SCALE_UP)
    limit = policies.up_limit if given["direction"] == "up" else policies.down_limit
    assert limit(given["current"], rules, [], [], NOW) == expected["limit"]


def min_max(given: Case, expected: Case) -> None:
    found = policies.within_bounds(
        given["current"], given["desired"], given["min"], given["max"], given["scale_up_factor"]
    )
    assert {"replicas": found.replicas, "reason": found.limit} == expected


def event_log(given: Case, expected: Case) -> None:
    log = changes(given["log"])
    rules = None if given["rules"] is None else rules_of(given["rules"], policies.SCALE_UP)
    # Without rules nobody asks for changes.
    within = 0 if rules is None else policies.changed_within(log, NOW, 60)
    policies.remember(log, given["change"], NOW, rules)
    found = [[change.pods, change.is_outdated] for change in log]
    assert {"change_in_60s": within, "log": found} == expected


def controller(given: Case, expected: Case) -> None:
    memory = Memory(None if given["log"] is None else log_of(given["log"]))
    limits = Limits(given["min"], given["max"], scale_up_factor=FACTOR)
    found = decide(given["current"], list(asks(given)), limits, memory, NOW)
    assert found.replicas == expected["desired"]
    assert set(expected.get("reasons", ())) <= set(found.reasons)


def asks(given: Case) -> list[Ask]:
    target = given["cpu_target_percent"]
    if target is None and not given["metrics"]:
        target = 80
    found = [metric_of(each, given) for each in given["metrics"]]
    return found if target is None else [*found, cpu_ask(given, target)]


def cpu_ask(given: Case, target: int) -> Ask:
    levels = [*given["levels_m"], *[None] * len(given["pods"])]
    pods = grouped([seen(pod, level) for pod, level in zip(given["pods"], levels, strict=False)], "cpu")
    return lambda: replicas_for_utilization(given["current"], target, pods, TOLERANCE)


def metric_of(each: Case, given: Case) -> Ask:
    def fail() -> Proposal:
        raise MetricError("no value, or an unknown type")

    if each["kind"] == "invalid" or each.get("fails"):
        return fail
    return metric_ask(each["kind"], given["levels_m"], each["target_m"], given["current"], given["pods"])


ADAPTERS: dict[str, Callable[[Case, Case], None]] = {
    "resource": resource,
    "metric": metric,
    "group_pods": group_pods,
    "ratio": ratio,
    "stabilize_down": stabilize_down,
    "stabilize_both": stabilize_both,
    "policies": policies_group,
    "select_min": select_min,
    "min_max": min_max,
    "event_log": event_log,
    "controller": controller,
}


@pytest.mark.parametrize("case", CASES, ids=[f"{case['group']}: {case['name']}" for case in CASES])
def test_the_autoscaler_counts_as_kubernetes_does(case: Case) -> None:
    ADAPTERS[case["group"]](case["in"], case["expect"])


def scalers() -> list[Case]:
    """Return ways to be autoscaled that need all the rules."""
    cpu = {"type": "Utilization", "averageUtilization": 30}
    metrics = [
        {"type": "Resource", "resource": {"name": "cpu", "target": cpu}},
        {"type": "Pods", "pods": {"metric": {"name": "requestsPerSecond"}, "target": {"averageValue": 2}}},
    ]
    bounds = [{"type": "Pods", "value": 1, "periodSeconds": 60}, {"type": "Percent", "value": 50, "periodSeconds": 30}]
    rules = {"stabilizationWindowSeconds": 30, "policies": bounds, "selectPolicy": "Min"}
    off = {"scaleUp": rules, "scaleDown": {"selectPolicy": "Disabled"}}
    behaviors: list[Case] = [{}, {"behavior": {"scaleUp": rules, "scaleDown": rules}}, {"behavior": off}]
    by_pods = [{"horizontalPodAutoscaler": {"maxReplicas": 8, "metrics": metrics, **more}} for more in behaviors]
    triggers = [{"type": "queue", "metricType": kind} for kind in ("Value", "AverageValue")]
    return [*by_pods, *({"scaledObject": {"triggers": [trigger]}} for trigger in triggers)]


def test_a_running_autoscaler_decides_by_these_functions() -> None:
    strategy = {"type": "canary", "steps": [{"setWeight": 0}, {"pause": {"duration": "1h"}}]}
    pods = {"latency": "100ms", "concurrency": 2, "replicas": 2, "resources": {"requests": {"cpu": 1}}}
    controller = {"downscaleStabilization": 30, "cpuInitializationPeriod": 20}
    given = [scenario(strategy, duration=400, rate=15, hpaController=controller, **pods, **way) for way in scalers()]
    modules = (horizontal, policies, replicas, samples, stabilization)
    assert called(lambda: [run(each) for each in given], *modules) >= set().union(*map(functions, modules))
