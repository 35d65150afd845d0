"""Flagger's own test cases, through thin adapters onto what the strategy `progressive` runs by."""

from __future__ import annotations

import math
from typing import Any

import pytest
import real_cases
from called import called, functions
from small_world import run, scenario

from sim.judges import metric_range
from sim.judges.metric_range import is_in_range
from sim.strategies import flagger
from sim.strategies.flagger import (
    AllIsWell,
    Analysis,
    Gate,
    Readiness,
    Status,
    Workload,
    kind_of,
    next_weight,
    promotion_step,
    readiness,
    tick,
)

FILE = real_cases.load("flagger_weights.json")
GROUPS = {
    "progression",
    "next_weight",
    "promotion_step",
    "rollback",
    "metric_range",
    "strategy",
    "workload_ready",
    "daemon_ready",
}


def of_group(name: str) -> pytest.MarkDecorator:
    return real_cases.of_group(FILE, name)


def analysis_of(given: dict[str, Any] | None) -> Analysis | None:
    if given is None:
        return None
    return Analysis(
        step_weight=given.get("step_weight") or 0,
        step_weights=tuple(given.get("step_weights") or ()),
        max_weight=given.get("max_weight") or 0,
        step_weight_promotion=given.get("step_weight_promotion") or 0,
        iterations=given.get("iterations") or 0,
        has_match=bool(given.get("match")),
        has_mirror=bool(given.get("mirror")),
        threshold=given.get("threshold") or 0,
    )


class Seen(AllIsWell):
    """What the case says that a tick sees; the rest is well."""

    def __init__(
        self, primary: Readiness | None = None, canary: Readiness | None = None, new: bool = False, passes: bool = True
    ) -> None:
        self._primary, self._canary = primary or Readiness(True), canary or Readiness(True)
        self._new, self._passes = new, passes

    def primary(self) -> Readiness:
        return self._primary

    def canary(self) -> Readiness:
        return self._canary

    def has_new_revision(self) -> bool:
        return self._new

    def passes_checks(self) -> bool:
        return self._passes

    def is_open(self, gate: Gate) -> bool:
        return True


def shown(status: Status) -> dict[str, Any]:
    return {
        "phase": status.phase,
        "canary": status.weight,
        "primary": 100 - status.weight,
        "mirrored": status.is_mirrored,
    }


def test_every_case_is_run() -> None:
    assert real_cases.groups(FILE) <= GROUPS


@of_group("progression")
def test_progression(case: dict[str, Any]) -> None:
    given = case["in"]
    analysis = analysis_of(given["analysis"])
    assert analysis is not None
    analysis = analysis._replace(skips_analysis=bool(given.get("skip_analysis")))
    status = Status()
    for number, expected in enumerate(case["expect"]["ticks"], start=1):
        events = [event for event in given.get("events", ()) if event["before_tick"] == number]
        is_new = any(event["what"] == "new_revision" for event in events)
        for event in events:
            if "canary" in event:
                status = status._replace(weight=event["canary"])
            if "iterations" in event:
                status = status._replace(iterations=event["iterations"])
        status = tick(analysis, status, Seen(new=is_new))
        assert {key: shown(status)[key] for key in expected} == expected, number


@of_group("next_weight")
def test_next_weight(case: dict[str, Any]) -> None:
    analysis, now = analysis_of(case["in"]["analysis"]), case["in"]["canary_weight"]
    assert analysis is not None
    weight = next_weight(analysis, now)
    found = {"canary_weight": now if weight is None else weight, "promote": weight is None}
    assert found == case["expect"]


@of_group("promotion_step")
def test_promotion_step(case: dict[str, Any]) -> None:
    given = case["in"]
    status = promotion_step(given["step_weight_promotion"], Status("Promoting", given["canary_weight"]))
    assert {"canary_weight": status.weight, "phase": status.phase} == case["expect"]


@of_group("rollback")
def test_rollback(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    is_stuck = bool(given.get("progress_deadline_exceeded"))
    primary = Readiness(bool(given.get("primary_ready", True)), not is_stuck)
    canary = Readiness(bool(given.get("canary_ready", True)), not is_stuck)
    threshold, failed = given.get("threshold") or 1, given.get("failed_checks") or 0
    status = Status(given["phase"], given.get("canary") or 0, failed_checks=failed)
    after = tick(Analysis(step_weight=10, threshold=threshold), status, Seen(primary, canary))
    found = {"phase": after.phase, "primary": 100 - after.weight, "canary": after.weight}
    # The strategy scales the canary to zero when a failed release leaves it no traffic.
    found["canary_scaled_to_zero"] = after.phase == "Failed" and after.weight == 0
    assert {key: value for key, value in found.items() if expect.get(key) is not None} == {
        key: value for key, value in expect.items() if value is not None
    }


@of_group("metric_range")
def test_metric_range(case: dict[str, Any]) -> None:
    given = case["in"]
    value = math.nan if given.get("value") is None else given["value"]
    low, high = given.get("min", given.get("threshold_min")), given.get("max", given.get("threshold_max"))
    assert is_in_range(value, low, high) == case["expect"]["pass"]


@of_group("strategy")
def test_strategy(case: dict[str, Any]) -> None:
    assert kind_of(analysis_of(case["in"]["analysis"])) == case["expect"]["strategy"]


def check_readiness(found: Readiness, expect: dict[str, Any]) -> None:
    assert found.is_ready == expect["ready"]
    if expect["retriable"] is not None:
        assert found.is_retriable == expect["retriable"]
    if expect["waiting_for"] is not None:
        assert expect["waiting_for"] in found.reason


@of_group("workload_ready")
def test_workload_ready(case: dict[str, Any]) -> None:
    given = case["in"]
    workload = Workload(
        wanted=given["spec"],
        total=given["total"],
        updated=given["updated"],
        available=given["available"],
        has_timed_out=given["progress_deadline_exceeded"],
        unavailable_seconds=given["unavailable_for_s"],
        is_observed=given["generation_observed"],
    )
    check_readiness(readiness(workload, given["deadline_s"], given["ready_threshold"]), case["expect"])


@of_group("daemon_ready")
def test_daemon_ready(case: dict[str, Any]) -> None:
    """A DaemonSet is not simulated as such: in numbers it is a workload that wants one pod a node."""
    given = case["in"]
    updated = min(given["updated"], given["desired"])
    waited = math.inf if given["deadline_passed"] else None
    workload = Workload(
        given["desired"],
        updated,
        updated,
        given["available"],
        unavailable_seconds=waited,
        is_observed=given["generation_observed"],
    )
    check_readiness(readiness(workload, 600.0, given["ready_threshold"]), case["expect"])


def test_a_running_release_decides_by_these_functions() -> None:
    check = {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "20s"}
    strategy = {"type": "progressive", "interval": 20, "threshold": 2, "metrics": [check]}

    def releases() -> None:
        run(scenario({**strategy, "stepWeight": 50, "stepWeightPromotion": 60}, mesh={}))
        run(scenario({**strategy, "stepWeights": [10, 90]}, mesh={}, new={"faults": [{"errorRate": "30%"}]}))
        run(scenario({**strategy, "iterations": 2, "match": [{"segment": "testers"}]}, mesh={}, duration=200))
        run(scenario({**strategy, "iterations": 2}, mesh={}, duration=200))
        run(scenario({**strategy, "stepWeight": 50, "progressDeadlineSeconds": 30}, mesh={}, new=NEVER_READY))
        run(scenario({**strategy, "stepWeights": [50], "progressDeadlineSeconds": 30}, mesh={}, new=LATER_NOT_READY))

    found = called(releases, flagger, metric_range)
    assert found >= functions(flagger) | functions(metric_range)


NEVER_READY = {"faults": [{"neverReady": True}]}
LATER_NOT_READY = {
    "faults": [{"neverReady": True, "at": "42s"}],
    "readinessProbe": {"failureThreshold": 999},
    "progressDeadlineSeconds": 60,
}
