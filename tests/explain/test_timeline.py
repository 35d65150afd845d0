"""The run of a healthy release follows the timeline that `rollsim explain` prints beforehand: steps, weights, times.

Bounds leave out 1 % of the cases for each wait; the seeds are fixed. With constant delays every time is exact.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from small_world import scenario

from sim.cluster.world import World
from sim.explain.plan import plan_of
from sim.explain.span import seconds_to_route
from sim.explain.stories import Plan
from sim.record import Record
from sim.resources import builtin_scenarios
from sim.scenario import Scenario, load
from sim.strategies import STRATEGIES

STORIES = builtin_scenarios()
MEASURED = {
    "metric": "errorRate",
    "initialDelay": "10s",
    "interval": "10s",
    "count": 3,
    "failureCondition": "result > 0.5",
}
STEPS = [
    {"setWeight": 20},
    {"pause": {"duration": "30s"}},
    {"analysis": MEASURED},
    {"setWeight": 60},
    {"pause": {"duration": "20s"}},
]
CHECKS = [{"name": "request-success-rate", "thresholdRange": {"min": 90}}]
BATCHES = [{"replicas": "20%", "pause": {"duration": "30s"}}, {"replicas": "70%", "pause": {"duration": "10s"}}]
TESTER = {"headerName": "x-role", "headerValue": {"exact": "tester"}}
TESTERS = [{"segment": "testers"}]
LATENCY = {"metric": "latencyP50", "interval": "10s"}
PLANS: dict[str, dict[str, Any]] = {
    "recreate": {"type": "recreate"},
    "rolling update": {"type": "rollingUpdate"},
    "rolling update by one": {"type": "rollingUpdate", "maxSurge": 1, "maxUnavailable": 0},
    "blue-green": {"type": "blueGreen"},
    "blue-green with all": {
        "type": "blueGreen",
        "previewReplicaCount": 2,
        "previewMatch": TESTERS,
        "autoPromotionSeconds": 60,
        "prePromotionAnalysis": MEASURED,
        "postPromotionAnalysis": MEASURED,
    },
    "blue-green by hand": {"type": "blueGreen", "autoPromotionEnabled": False},
    "canary": {"type": "canary", "steps": STEPS},
    "canary with all": {
        "type": "canary",
        "dynamicStableScale": True,
        "steps": [
            {"setCanaryScale": {"replicas": 2}},
            {"setHeaderRoute": {"name": "testers", "match": [TESTER]}},
            {"setMirrorRoute": {"name": "copies", "percentage": 50}},
            *STEPS,
        ],
    },
    "lean canary": {"type": "canary", "steps": STEPS, "dynamicStableScale": True, "minPodsPerReplicaSet": 2},
    "canary in thousandths": {
        "type": "canary",
        "maxTrafficWeight": 1000,
        "steps": [{"setWeight": 25}, {"pause": {"duration": "30s"}}, {"setWeight": 600}],
    },
    "canary with routes and an experiment": {
        "type": "canary",
        "steps": [
            {"setCanaryScale": {"replicas": 2}},
            {"setMirrorRoute": {"name": "copies", "percentage": 50}},
            {"pause": {"duration": "20s"}},
            {"setMirrorRoute": {"name": "copies"}},
            {"experiment": {"duration": "30s", "templates": [{"name": "trial", "specRef": "canary", "replicas": 2}]}},
            {"replicaProgressThreshold": {"type": "Percent", "value": 90}},
            {"setWeight": 50},
        ],
    },
    "canary with a baseline": {
        "type": "canary",
        "steps": [{"setWeight": 20}, {"pause": {"duration": "30s"}}, {"setWeight": 50}, {"pause": {"duration": "10s"}}],
        "analysis": {"judge": "kayenta", "baseline": True, "score": {"interval": "10m"}, "metrics": [LATENCY]},
    },
    "canary by pods": {"type": "canary", "trafficRouting": "none", "steps": STEPS},
    "canary by hand": {"type": "canary", "steps": [{"setCanaryScale": {"replicas": 3}}, {"pause": {}}]},
    "A/B test": {"type": "abTest", "weight": 50, "duration": "60s"},
    "shadow": {"type": "shadow", "mirrorPercentage": 50, "duration": "60s", "then": "other"},
    "weights": {"type": "progressive", "interval": "20s", "stepWeight": 25, "maxWeight": 50, "metrics": CHECKS},
    "ladder": {
        "type": "progressive",
        "interval": "20s",
        "stepWeights": [10, 60],
        "stepWeightPromotion": 50,
        "mirror": True,
        "webhooks": [{"name": "ask", "type": "confirm-rollout"}],
    },
    "iterations": {"type": "progressive", "interval": "20s", "iterations": 3, "match": TESTERS, "metrics": CHECKS},
    "unchecked": {"type": "progressive", "interval": "20s", "skipAnalysis": True},
    "batches": {"type": "batches", "steps": BATCHES},
    "batches with weights": {
        "type": "batches",
        "steps": [{"replicas": "20%", "traffic": 10, "pause": {"duration": "30s"}}, {"replicas": "40%", "traffic": 50,
                  "pause": {"duration": "10s"}}],
    },
}  # fmt: skip
SPREAD = {"distribution": "lognormal", "median": "4s", "p99": "15s"}
APPROVER = {"approver": {"reaction": {"distribution": "uniform", "low": "20s", "high": "50s"}}}


def healthy(strategy: dict[str, Any], **service: Any) -> Scenario:
    versions = {"conversion": {"rate": 0.5}}
    given = scenario(
        {"type": "recreate"}, mesh={}, monitoring=APPROVER, duration=600, rate=2, replicas=6, old=versions,
        new=versions, **service,
    )  # fmt: skip
    given = given.replace("spec.users.segments.testers", {"count": 20, "headers": {"x-role": "tester"}})
    return given.replace("spec.strategies", {"it": strategy, "other": {"type": "rollingUpdate"}})


def begun(record: Record) -> dict[tuple[str, int], float]:
    """Return when each step of each strategy began."""
    steps = [event for event in record.events if event.kind == "step"]
    return {(event.source, int(event.subject)): event.at_seconds for event in steps}


def weights_of(record: Record) -> list[float]:
    """Return the weights asked for, one after the other."""
    asked = [0.0]
    for change in record.routes:
        if not math.isnan(change.requested) and change.requested != asked[-1]:
            asked.append(change.requested)
    return asked[1:]


def weights_planned(plan: Plan) -> list[float]:
    planned = [0.0]
    for each in plan.planned:
        if each.weight is not None and each.weight != planned[-1]:
            planned.append(each.weight)
    return planned[1:]


def follow(given: Scenario, name: str = "it", seed: int = 1) -> None:
    """Hold a run to its plan."""
    plan, record = plan_of(given, name), World(given, name, seed=seed).run()
    steps = {(each.story, each.step): each.at for each in plan.planned if each.step is not None}
    began = begun(record)
    assert steps.keys() == began.keys()
    late = {step: (at, began[step]) for step, at in steps.items() if not at.low - 1e-9 <= began[step] <= at.high + 1e-9}
    assert late == {}
    assert record.outcome in ("promoted", "kept", "paused")
    if record.outcome == "promoted" and record.type != "abTest":
        assert weights_of(record) == weights_planned(plan)
        assert record.settled_at <= plan.at.high + seconds_to_route(given, plan.old).high + 1e-9


@pytest.mark.parametrize("story", ["course-blue-green", "flagger-canary", "kruise-batches", "slow-start"])
def test_the_stories_follow_their_plans_where_the_new_version_is_good(story: str) -> None:
    given = load(STORIES[story]).with_good_release()
    for name in given.strategies:
        follow(given, name)


def test_every_strategy_is_among_them() -> None:
    assert {plan["type"] for plan in PLANS.values()} == STRATEGIES.keys() - {"none"}


@pytest.mark.parametrize("name", PLANS)
def test_a_healthy_release_stays_within_the_bounds(name: str) -> None:
    follow(healthy(PLANS[name], startup=SPREAD, imagePull=SPREAD))


@pytest.mark.parametrize("name", PLANS)
def test_with_constant_delays_every_step_comes_when_it_is_expected(name: str) -> None:
    given = healthy(PLANS[name], minReadySeconds=3, startupProbe={"periodSeconds": 2}).replace(
        "spec.monitoring.approver.reaction", "30s"
    )
    follow(given)
    plan = plan_of(given, "it")
    assert all(each.at.low == each.at.expected == each.at.high for each in plan.planned)
