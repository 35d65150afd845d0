"""Argo Rollouts' own test cases for the canary's pod counts, through thin adapters.

Left out of traffic_routed_canary: rows with minPodsPerReplicaSet and setCanaryScale.weight above 100, which are not
simulated. The groups about dynamicStableScale, replicaProgressThreshold and maxTrafficWeight are not run either.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.cluster.arithmetic import (
    FULL_WEIGHT,
    Count,
    approximate_weight,
    basic_canary_pods,
    pods_for_weight,
    resolve_fenceposts,
    routed_canary_pods,
)
from sim.units import IntOrPercent

CASES = json.loads((Path(__file__).parent / "cases" / "argo_canary_replicas.json").read_text())["cases"]


def of_group(name: str) -> pytest.MarkDecorator:
    cases = [case for case in CASES if case["group"] == name]
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def bounds(given: dict[str, Any]) -> tuple[int, int]:
    surge, unavailable = IntOrPercent.parse(given["max_surge"]), IntOrPercent.parse(given["max_unavailable"])
    return resolve_fenceposts(surge, unavailable, given["spec_replicas"])


def count_of(given: dict[str, int] | None) -> Count:
    return Count(given["spec"], given["available"]) if given else Count(0)


@of_group("approximate_weight")
def test_approximate_weight(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    weight = given["weight"] * FULL_WEIGHT / given["max_weight"]
    pods = approximate_weight(given["replicas"], weight, given["max_surge"])
    assert pods == (expect["canary_replicas"], expect["stable_replicas"])


@of_group("basic_canary")
def test_basic_canary(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    weight = FULL_WEIGHT if given["promote_full"] else given["set_weight"]
    surge, unavailable = bounds(given)
    canary, stable = count_of(given["canary"]), count_of(given["stable"])
    pods = basic_canary_pods(given["spec_replicas"], weight, surge, unavailable, canary, stable)
    assert pods == (expect["canary_replicas"], expect["stable_replicas"])


@of_group("traffic_routed_canary")
def test_traffic_routed_canary(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    scale = given["set_canary_scale"]
    if given["abort"] or given["promote_full"] or scale is None or scale["match_traffic_weight"]:
        # An abort and a promotion end what setCanaryScale asked for.
        scale = {"replicas": None, "weight": None}
    pods = routed_canary_pods(given["spec_replicas"], given["set_weight"], scale["replicas"], scale["weight"])
    at_least = min(given["min_pods_per_replica_set"] or 0, given["spec_replicas"])
    assert (max(pods, at_least), given["spec_replicas"]) == (expect["canary_replicas"], expect["stable_replicas"])


@of_group("weight_to_replicas")
def test_weight_to_replicas(case: dict[str, Any]) -> None:
    given = case["in"]
    weight = given["weight"] * FULL_WEIGHT / given["max_weight"]
    assert pods_for_weight(weight, given["replicas"]) == case["expect"]["pods"]


@of_group("max_unavailable")
def test_max_unavailable_of_a_canary(case: dict[str, Any]) -> None:
    given = case["in"]
    if given["strategy"] != "canary":
        assert case["expect"]["pods"] == 0  # blue-green exchanges no pods within bounds
        return
    unavailable = resolve_fenceposts(IntOrPercent.parse(1), IntOrPercent.parse(given["max_unavailable"]), 10)[1]
    assert min(unavailable, given["spec_replicas"]) == case["expect"]["pods"]
