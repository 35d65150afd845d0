"""OpenKruise's own test cases for batches and partitions, through thin adapters onto what `batches` runs by."""

from __future__ import annotations

from typing import Any

import real_cases
from called import called, functions
from small_world import run, scenario

from sim.cluster import partition as arithmetic
from sim.cluster.arithmetic import Count, max_unavailable, resolve_fenceposts
from sim.cluster.partition import (
    batch_size,
    batch_target,
    is_batch_ready,
    is_partition_done,
    next_new_size,
    next_old_sizes,
    old_scale_down_limit,
    partition_limit,
)
from sim.units import IntOrPercent

FILE = real_cases.load("kruise_batches.json")
GROUPS = {
    "batch_size",
    "batch_ready",
    "partition_limit",
    "old_scale_down_limit",
    "scale_new",
    "scale_old",
    "partition_done",
    "batch_target",
}


def pods(value: int | str | None) -> IntOrPercent | None:
    """Return a count or percentage as the cases give it: theirs may lie beyond what a scenario may say."""
    if value is None:
        return None
    text = str(value)
    return IntOrPercent(float(text.removesuffix("%")), text.endswith("%"))


def given_pods(value: int | str) -> IntOrPercent:
    found = pods(value)
    assert found is not None
    return found


def test_every_case_is_run() -> None:
    assert real_cases.groups(FILE) <= GROUPS


@real_cases.of_group(FILE, "batch_size")
def test_batch_size(case: dict[str, Any]) -> None:
    assert batch_size(given_pods(case["in"]["batch"]), case["in"]["replicas"]) == case["expect"]["pods"]


@real_cases.of_group(FILE, "batch_ready")
def test_batch_ready(case: dict[str, Any]) -> None:
    given = case["in"]
    found = is_batch_ready(
        given["desired"],
        given["updated"],
        given["updated_ready"],
        pods(given["failure_threshold"]),
        given["labeled"],
        given["labels_wanted"] or 0,
    )
    assert found == case["expect"]["ready"]


@real_cases.of_group(FILE, "partition_limit")
def test_partition_limit(case: dict[str, Any]) -> None:
    assert partition_limit(given_pods(case["in"]["partition"]), case["in"]["replicas"]) == case["expect"]["pods"]


@real_cases.of_group(FILE, "old_scale_down_limit")
def test_old_scale_down_limit(case: dict[str, Any]) -> None:
    given = case["in"]
    limit = old_scale_down_limit(given["replicas"], given_pods(given["partition"]), given["new"], given["old"])
    assert limit == case["expect"]["limit"]


@real_cases.of_group(FILE, "scale_new")
def test_scale_new(case: dict[str, Any]) -> None:
    given = case["in"]
    desired, new = given["replicas"], given["new"]
    surge, _ = resolve_fenceposts(pods(given["max_surge"]), None, desired)
    size = next_new_size(desired, surge, given_pods(given["partition"]), new, new + sum(given["old"]))
    assert size == case["expect"]["new"]


@real_cases.of_group(FILE, "scale_old")
def test_scale_old(case: dict[str, Any]) -> None:
    given = case["in"]
    desired = given["replicas"]
    unavailable = max_unavailable(pods(given["max_surge"]), pods(given["max_unavailable"]), desired)
    new = Count(given["new"], given["available_new"])
    old = [Count(*pair) for pair in zip(given["old"], given["available_old"], strict=True)]
    sizes = next_old_sizes(desired, unavailable, given_pods(given["partition"]), new, old)
    assert sum(sizes) == case["expect"]["old_total"]


@real_cases.of_group(FILE, "partition_done")
def test_partition_done(case: dict[str, Any]) -> None:
    given = case["in"]
    found = is_partition_done(
        given["replicas"], given_pods(given["partition"]), given["total"], given["updated"], given["observed"]
    )
    assert found == case["expect"]["done"]


@real_cases.of_group(FILE, "batch_target")
def test_batch_target(case: dict[str, Any]) -> None:
    given = case["in"]
    target = batch_target(given["style"], given_pods(given["batch"]), given["replicas"])
    assert target == case["expect"]["desired_updated"]


def test_a_running_release_decides_by_these_functions() -> None:
    steps = [{"replicas": "25%", "pause": {"duration": 10}}, {"replicas": "100%"}]
    release = scenario({"type": "batches", "steps": steps})
    assert called(lambda: run(release), arithmetic) >= functions(arithmetic)
