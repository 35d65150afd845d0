"""Kubernetes' own test cases for the Deployment controller, through thin adapters onto what simulated ones run by."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import real_cases
from small_world import run, scenario

from sim.cluster import arithmetic, conditions, deployment, deployment_watch, proportional
from sim.cluster.arithmetic import (
    Count,
    Status,
    has_progressed,
    has_timed_out,
    is_complete,
    max_unavailable,
    new_set_size,
    next_new_set_size,
    next_old_set_sizes,
    resolve_fenceposts,
    scaled_down,
    unhealthy_removed,
)
from sim.cluster.proportional import Sized, sizes_for_count
from sim.cluster.recreate import old_pods_running
from sim.units import IntOrPercent

FILE = real_cases.load("k8s_rolling_update.json")
GROUPS = {
    "scale_new",
    "scale_old",
    "cleanup_unhealthy",
    "scale_down_old",
    "fenceposts",
    "new_set_size",
    "complete",
    "progressing",
    "timed_out",
    "max_unavailable",
    "proportional_scaling",
    "old_pods_running",
}


def of_group(name: str) -> pytest.MarkDecorator:
    return real_cases.of_group(FILE, name)


def int_or_percent(value: int | str | None) -> IntOrPercent | None:
    return None if value is None else IntOrPercent.parse(value)


def count_of(given: dict[str, int]) -> Count:
    return Count(given["spec"], given.get("available", 0))


def bounds(given: dict[str, Any]) -> tuple[int, int]:
    surge, unavailable = int_or_percent(given.get("max_surge")), int_or_percent(given.get("max_unavailable"))
    return resolve_fenceposts(surge, unavailable, given["spec_replicas"])


def test_no_group_is_left_out() -> None:
    assert real_cases.groups(FILE) <= GROUPS


@of_group("fenceposts")
def test_fenceposts(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    if expect["error"]:
        # The controller falls back to 0; here such a value is an error of the file.
        with pytest.raises(ValueError, match="must be a count or a percentage"):
            _ = int_or_percent(given.get("max_surge")), int_or_percent(given.get("max_unavailable"))
        return
    surge, unavailable = int_or_percent(given.get("max_surge")), int_or_percent(given.get("max_unavailable"))
    assert resolve_fenceposts(surge, unavailable, given["desired"]) == (expect["surge"], expect["unavailable"])


@of_group("max_unavailable")
def test_max_unavailable(case: dict[str, Any]) -> None:
    given = case["in"]
    surge, unavailable = int_or_percent(given.get("max_surge")), int_or_percent(given.get("max_unavailable"))
    is_rolling = given["strategy"] == "rolling"
    assert max_unavailable(surge, unavailable, given["spec_replicas"], is_rolling) == case["expect"]["pods"]


@of_group("scale_new")
def test_scale_new(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    new, old = given["new"]["spec"], given["old"]["spec"]
    size = next_new_set_size(given["spec_replicas"], bounds(given)[0], new, new + old)
    assert (None if size == new else size) == expect["new"]


@of_group("new_set_size")
def test_new_set_size(case: dict[str, Any]) -> None:
    given = case["in"]
    surge = bounds(given)[0] if given["strategy"] == "rolling" else None
    # Only the other set is passed as an existing one.
    size = new_set_size(given["spec_replicas"], surge, given["new"]["spec"], given["other_pods"])
    assert size == case["expect"]["new"]


@of_group("scale_old")
def test_scale_old(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    old = count_of(given["old"])
    (size,) = next_old_set_sizes(given["spec_replicas"], bounds(given)[1], count_of(given["new"]), [old])
    assert (size != old.replicas) == expect["rescaled"]
    assert (None if size == old.replicas else size) == expect["old"]


@of_group("cleanup_unhealthy")
def test_cleanup_unhealthy(case: dict[str, Any]) -> None:
    given = case["in"]
    assert unhealthy_removed([count_of(given["old"])], given["max_cleanup"]) == [case["expect"]["removed"]]


@of_group("scale_down_old")
def test_scale_down_old(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    old = count_of(given["old"])
    minimum = given["spec_replicas"] - bounds(given)[1]
    (size,) = scaled_down([old.replicas], old.available - minimum)
    assert (None if size == old.replicas else size) == expect["old"]


@of_group("complete")
def test_complete(case: dict[str, Any]) -> None:
    given = case["in"]
    status = Status(given["total"], given["updated"], given["available"], given["available"])
    assert is_complete(given["spec_replicas"], status) == case["expect"]["complete"]


@of_group("progressing")
def test_progressing(case: dict[str, Any]) -> None:
    before, after = Status(**case["in"]["before"]), Status(**case["in"]["after"])
    assert has_progressed(before, after) == case["expect"]["progressing"]


@of_group("timed_out")
def test_timed_out(case: dict[str, Any]) -> None:
    given = case["in"]
    timed_out = has_timed_out(given["deadline_s"], given["elapsed_s"], given["already_complete"])
    assert timed_out == case["expect"]["timed_out"]


@of_group("proportional_scaling")
def test_proportional_scaling(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    before = given["before"]

    def sized(each: dict[str, Any]) -> Sized:
        recorded = given["sized_for"].get(each["name"])
        desired = before["replicas"] if recorded is None else recorded
        return Sized(each["spec"], desired + before["max_surge"], each.get("available", 0), desired)

    new = None if given["new"] is None else sized(given["new"])
    after = given["after"]
    found = sizes_for_count(after["replicas"], after["max_surge"], new, [sized(each) for each in given["old"]])
    named = [*([] if new is None else [given["new"]["name"]]), *(each["name"] for each in given["old"])]
    expected = [*([] if new is None else [expect["new"]]), *expect["old"]]
    asserted = [place for place, name in enumerate(named) if name not in given["not_asserted"]]
    assert [found[place] for place in asserted] == [expected[place] for place in asserted]


@of_group("old_pods_running")
def test_old_pods_running(case: dict[str, Any]) -> None:
    given = case["in"]
    assert old_pods_running(given["old_status_counts"] or [], given["pods"] or []) == case["expect"]["running"]


DRIVEN: list[tuple[ModuleType, str]] = [
    (deployment, "resolve_fenceposts"),
    (deployment, "max_unavailable"),
    (deployment, "next_new_set_size"),
    (deployment, "new_set_size"),
    (arithmetic, "new_set_size"),
    (deployment, "next_old_set_sizes"),
    (arithmetic, "unhealthy_removed"),
    (arithmetic, "scaled_down"),
    (deployment, "is_complete"),
    (conditions, "is_complete"),
    (conditions, "has_progressed"),
    (conditions, "has_timed_out"),
    (deployment_watch, "progressing"),
    (deployment_watch, "paused"),
    (deployment_watch, "availability"),
    (deployment, "sizes_for_count"),
    (proportional, "_in_proportion"),
    (deployment, "old_pods_running"),
    (deployment, "revision_of_new"),
    (deployment, "forgotten"),
]


def test_the_running_controllers_take_their_decisions_by_these_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    called = set()

    def spied(module: ModuleType, name: str) -> Callable[..., Any]:
        real = getattr(module, name)

        def spy(*arguments: Any, **named: Any) -> Any:
            called.add((module, name))
            return real(*arguments, **named)

        return spy

    for module, name in DRIVEN:
        monkeypatch.setattr(module, name, spied(module, name))
    scaled = [{"at": 7, "action": "scale", "replicas": 6}]
    run(scenario({"type": "rollingUpdate"}).replace("spec.operations", scaled))
    run(scenario({"type": "recreate"}))
    assert [entry for entry in DRIVEN if entry not in called] == []
