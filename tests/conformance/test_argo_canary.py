"""Argo Rollouts' own test cases for the pods of canary and blue-green, through one thin adapter a group."""

from __future__ import annotations

from typing import Any

from argo_cases import (
    bounds_of,
    cases_of,
    count_of,
    counts_of,
    of_group,
    scale_of,
    steps_of,
    threshold_of,
    weights_of,
)

from sim.cluster.argo.blue_green import preview_pods
from sim.cluster.argo.counts import (
    Bounds,
    all_are_available,
    approximate_weight,
    basic_canary_pods,
    bounds,
    carries_weight,
    pods_for_weight,
    removable,
    threshold_is_met,
)
from sim.cluster.argo.plan import Plan, Planned, Status, replicas_or_weight
from sim.cluster.argo.route import Sight, abort_weight, is_at_desired_counts, wanted_pods
from sim.cluster.argo.status import resize
from sim.cluster.arithmetic import FULL_WEIGHT, Count, resolve_fenceposts
from sim.units import IntOrPercent

CASES = cases_of("argo_canary_replicas.json")
GROUPS = {
    "basic_canary",
    "traffic_routed_canary",
    "initial_deployment",
    "approximate_weight",
    "dynamic_stable_scale",
    "abort_weight",
    "weight_to_replicas",
    "replicas_for_scale_down",
    "canary_replicas_or_weight",
    "at_desired_counts",
    "all_desired_available",
    "progress_threshold",
    "fenceposts",
    "max_surge",
    "max_unavailable",
    "blue_green_preview_count",
    "custom_max_weight",
    "enough_for_weight",
    "controller_step",
}


def group(name: str) -> Any:
    return of_group(CASES, name)


def test_every_group_has_an_adapter():
    assert {case["group"] for case in CASES} <= GROUPS


@group("approximate_weight")
def test_approximate_weight(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    pods = approximate_weight(given["replicas"], given["weight"], given["max_surge"], given["max_weight"])
    assert pods == (expect["canary_replicas"], expect["stable_replicas"])


@group("basic_canary")
def test_basic_canary(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    weight = FULL_WEIGHT if given["promote_full"] else given["set_weight"]
    canary, stable = count_of(given["canary"]) or Count(0), count_of(given["stable"])
    older = counts_of(given["older"])
    pods = basic_canary_pods(given["spec_replicas"], weight, bounds_of(given), canary, stable, older)
    assert pods == (expect["canary_replicas"], expect["stable_replicas"])


@group("initial_deployment")
def test_initial_deployment(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    canary = Count(**_named(given["canary"]))
    pods = basic_canary_pods(given["spec_replicas"], given["set_weight"], bounds_of(given), canary, None)
    assert pods == (expect["canary_replicas"], expect["stable_replicas"])


@group("traffic_routed_canary")
def test_traffic_routed_canary(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    steps = [Planned("setWeight", weight=given["set_weight"])]
    scale = scale_of(given["set_canary_scale"])
    if scale is not None:
        steps.append(Planned("setCanaryScale", scale=scale))
    plan = Plan(tuple(steps), minimum=given["min_pods_per_replica_set"], abort_delay=given["abort_scale_down_delay_s"])
    status = Status(len(steps) - 1, is_aborted=given["abort"], promote_full=given["promote_full"])
    sight = Sight(given["spec_replicas"], bounds_of(given), None, None)
    assert wanted_pods(plan, status, sight, None) == (expect["canary_replicas"], expect["stable_replicas"])


@group("dynamic_stable_scale")
def test_dynamic_stable_scale(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    plan, status, sight = dynamic(given)
    weights = weights_of(given["weights"])
    assert wanted_pods(plan, status, sight, weights) == (expect["canary_replicas"], expect["stable_replicas"])


@group("abort_weight")
def test_abort_weight(case: dict[str, Any]) -> None:
    given = case["in"]
    plan, _, sight = dynamic({"current_step_index": 0, **given})
    assert given["abort"]
    assert (
        abort_weight(plan._replace(is_dynamic=given["dynamic_stable_scale"]), sight) == case["expect"]["canary_weight"]
    )


def dynamic(given: dict[str, Any]) -> tuple[Plan, Status, Sight]:
    steps = tuple(Planned("setWeight", weight=weight) for weight in given["step_set_weights"])
    plan = Plan(steps, is_dynamic=True, abort_delay=given["abort_scale_down_delay_s"])
    status = Status(given["current_step_index"], is_aborted=given["abort"])
    sight = Sight(given["spec_replicas"], Bounds(0, 1), count_of(given["canary"]), count_of(given["stable"]))
    return plan, status, sight


@group("weight_to_replicas")
def test_weight_to_replicas(case: dict[str, Any]) -> None:
    given = case["in"]
    assert pods_for_weight(given["weight"], given["replicas"], given["max_weight"]) == case["expect"]["pods"]


@group("replicas_for_scale_down")
def test_replicas_for_scale_down(case: dict[str, Any]) -> None:
    given = case["in"]
    count = count_of(given["replica_set"]) or Count(0)
    assert removable(count, given["ignore_availability"]) == case["expect"]["pods"]


@group("canary_replicas_or_weight")
def test_canary_replicas_or_weight(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    plan = Plan(steps_of(given), is_routed=given["traffic_routing"])
    status = Status(
        given["current_step_index"],
        is_aborted=given["abort"],
        promote_full=given["promote_full"],
        is_stable=not given["has_stable"],
    )
    assert replicas_or_weight(plan, status) == (expect["replicas"], expect["weight"])


@group("at_desired_counts")
def test_at_desired_counts(case: dict[str, Any]) -> None:
    given = case["in"]
    steps = [Planned("setWeight", weight=given["set_weight"])]
    if given["set_canary_scale"]:
        steps.append(Planned("setCanaryScale", scale=scale_of(given["set_canary_scale"])))
    sight = Sight(
        given["spec_replicas"],
        bounds_of(given),
        count_of(given["canary"]),
        count_of(given["stable"]),
        counts_of(given["older"]),
        stable_created=given["stable"]["created"] if given["stable"] else None,
    )
    plan, status = Plan(tuple(steps), is_routed=False), Status(len(steps) - 1)
    assert is_at_desired_counts(plan, status, sight, None) == case["expect"]["at_desired"]


@group("all_desired_available")
def test_all_desired_available(case: dict[str, Any]) -> None:
    given = case["in"]
    assert all_are_available(count_of(given["replica_set"]), given["desired"]) == case["expect"]["met"]


@group("progress_threshold")
def test_progress_threshold(case: dict[str, Any]) -> None:
    given = case["in"]
    threshold, count = threshold_of(given["threshold"]), count_of(given["replica_set"])
    assert threshold_is_met(threshold, count, given["desired"]) == case["expect"]["met"]


@group("fenceposts")
def test_fenceposts(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    texts = [text for text in (given["max_surge"], given["max_unavailable"]) if text is not None]
    is_error = not all(text.endswith("%") and text[:-1].isdigit() for text in texts)
    assert is_error == expect["error"]
    if not is_error:
        surge, unavailable = (IntOrPercent.parse(given[key] or 0) for key in ("max_surge", "max_unavailable"))
        pods = resolve_fenceposts(surge, unavailable, given["desired"])
        assert pods == (expect["surge"], expect["unavailable"])


@group("max_surge")
def test_max_surge(case: dict[str, Any]) -> None:
    given = case["in"]
    # Blue-green exchanges no pods within bounds: in the simulation it has none to ask for.
    surge = 0
    if given["strategy"] == "canary":
        surge = bounds(IntOrPercent.parse(given["max_surge"]), IntOrPercent.parse(1), given["spec_replicas"]).surge
    assert surge == case["expect"]["pods"]


@group("max_unavailable")
def test_max_unavailable(case: dict[str, Any]) -> None:
    given = case["in"]
    pods = 0
    if given["strategy"] == "canary":
        below = IntOrPercent.parse(given["max_unavailable"])
        pods = bounds(IntOrPercent.parse(1), below, given["spec_replicas"]).unavailable
    assert pods == case["expect"]["pods"]


@group("blue_green_preview_count")
def test_blue_green_preview_count(case: dict[str, Any]) -> None:
    given = case["in"]
    pods = preview_pods(
        given["spec_replicas"],
        given["preview_replicas"],
        given["active"],
        is_current=given["new_is_current"],
        is_past_checkpoint=given["past_preview_checkpoint"],
        promote_full=given["promote_full"],
        is_paused=given["paused"],
    )
    assert pods == case["expect"]["pods"]


@group("custom_max_weight")
def test_custom_max_weight(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    replicas = given["spec_replicas"]
    plan = Plan((Planned("setWeight", weight=given["set_weight"]),), max_weight=given["max_weight"])
    created = Count(expect["created_with"])
    sight = Sight(replicas, Bounds(1, 0), created, Count(replicas, replicas))
    assert resize(plan, Status(0), sight).canary == expect["canary_replicas"]


@group("enough_for_weight")
def test_enough_for_weight(case: dict[str, Any]) -> None:
    given = case["in"]
    count, threshold = count_of(given["replica_set"]), threshold_of(given["threshold"])
    enough = carries_weight(count, given["weight"], given["spec_replicas"], threshold, given["max_weight"])
    assert enough == case["expect"]["enough"]


@group("controller_step")
def test_controller_step(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    weight = given["set_weight"]
    steps = () if weight is None else (Planned("setWeight", weight=weight),)
    index = len(steps) if given.get("all_steps_done") else 0
    stable = count_of(given["stable"])
    sight = Sight(
        given["spec_replicas"], bounds_of(given), count_of(given["canary"]), stable, counts_of(given["older"])
    )
    status = Status(index, is_aborted=given["abort"], is_stable=stable is None)
    done = resize(Plan(steps, is_routed=False), status, sight)
    older = expect.get("older")
    assert done == (expect.get("canary"), expect.get("stable"), tuple(older) if older is not None else None)


def _named(given: dict[str, Any]) -> dict[str, int]:
    return {"replicas": given["spec"], "available": given["available"]}
