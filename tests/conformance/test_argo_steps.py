"""Argo Rollouts' own test cases for the steps, weights and pauses of canary and blue-green, one adapter a group."""

from __future__ import annotations

from typing import Any

from argo_cases import bounds_of, cases_of, count_of, counts_of, of_group, steps_of, threshold_of, weights_of

from sim.cluster.argo import blue_green
from sim.cluster.argo.counts import Bounds
from sim.cluster.argo.plan import (
    Plan,
    Planned,
    Status,
    before_starting_step,
    current_step,
    experiment_in_force,
    weight_in_force,
)
from sim.cluster.argo.route import Sight, is_rolling_back_to_stable, router_weight, wanted_pods
from sim.cluster.argo.status import (
    BY_PERSON,
    Change,
    Revision,
    is_rollback_within_window,
    needs_person,
    next_look,
    pause_is_over,
    promotion,
)

CASES = cases_of("argo_steps.json")
GROUPS = {
    "current_step",
    "set_weight_in_force",
    "before_starting_step",
    "experiment_in_force",
    "router_weight",
    "pause_done",
    "manual_action",
    "rollback_window",
    "full_promote",
    "transition",
    "dynamic_rollback",
    "blue_green_new_set",
}
DEFAULT_ABORT_DELAY = 30.0


def change_of(word: str) -> Change:
    if "back_to_stable" in word:
        return "back_to_stable_version"
    if "within_window" in word:
        return "older_version_within_window"
    return "new_version" if word in ("new_version", "steps_edited") else "none"


def group(name: str) -> Any:
    return of_group(CASES, name)


def test_every_group_has_an_adapter():
    assert {case["group"] for case in CASES} <= GROUPS


@group("current_step")
def test_current_step(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    current = current_step(steps_of(given), given["step_index"])
    assert (None if current is None else given["steps"][current[0]]) == expect["step"]
    for key in {"index", "step_index"} & set(expect):
        assert current is None or current[0] == expect[key]


@group("set_weight_in_force")
def test_set_weight_in_force(case: dict[str, Any]) -> None:
    given = case["in"]
    status = Status(given["step_index"], is_aborted=given["abort"])
    assert weight_in_force(Plan(steps_of(given)), status) == case["expect"]["weight"]


@group("before_starting_step")
def test_before_starting_step(case: dict[str, Any]) -> None:
    given = case["in"]
    before = before_starting_step(steps_of(given), given["step_index"], given["starting_step"])
    assert before == case["expect"]["before"]


@group("experiment_in_force")
def test_experiment_in_force(case: dict[str, Any]) -> None:
    given, steps = case["in"], steps_of(case["in"])
    found = experiment_in_force(Plan(steps), Status(given["step_index"]))
    experiment = None if found is None else given["steps"][_place(steps, found)]["experiment"]
    assert experiment == case["expect"]["experiment"]


def _place(steps: tuple[Planned, ...], step: Planned) -> int:
    return next(place for place, each in enumerate(steps) if each is step)


@group("router_weight")
def test_router_weight(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    plan = Plan(steps_of(given), is_dynamic=given["dynamic_stable_scale"])
    status = Status(
        given["step_index"],
        is_aborted=given["abort"],
        promote_full=given["promote_full"],
        is_stable=given["fully_promoted"],
    )
    sight = Sight(
        given["spec_replicas"],
        bounds_of(given),
        count_of(given["canary"]),
        count_of(given["stable"]),
        weights=weights_of(given["weights"]),
        experiment_phase=given.get("experiment_phase", ""),
    )
    weight = router_weight(plan, status, sight)
    assert weight.canary == expect["weight"]
    assert list(weight.extra) == expect.get("extra", [])


@group("pause_done")
def test_pause_done(case: dict[str, Any]) -> None:
    given = case["in"]
    if given["kind"] == "canary_step":
        done = pause_is_over(given["duration_s"], given["elapsed_s"], given["controller_paused"])
    else:
        done = blue_green.pause_is_over(
            given.get("auto_promotion") is not False,
            given.get("auto_promotion_seconds") or 0.0,
            given.get("elapsed_s"),
            is_paused=given.get("controller_paused", True),
            is_past_checkpoint=given.get("preview_checkpoint", False),
        )
    assert done == case["expect"]["done"]


@group("manual_action")
def test_manual_action(case: dict[str, Any]) -> None:
    given = case["in"]
    current = current_step(steps_of({"steps": given.get("steps", [])}), given.get("step_index"))
    step = None if current is None else current[1]
    manual = needs_person(given["reason"], step, given.get("auto_promotion") is not False)
    assert manual == case["expect"]["manual"]


@group("rollback_window")
def test_rollback_window(case: dict[str, Any]) -> None:
    given = case["in"]
    revisions = [Revision(each["name"], -each["age_s"], each["experiment"]) for each in given["replica_sets"]]
    within = is_rollback_within_window(revisions, given["stable"], given["new"], given["window"])
    assert within == case["expect"]["within"]


@group("full_promote")
def test_full_promote(case: dict[str, Any]) -> None:
    given = case["in"]
    plan = Plan(steps_of(given), threshold=threshold_of(given["threshold"]))
    sight = Sight(given["spec_replicas"], Bounds(1, 0), count_of(given["canary"]), count_of(given["stable"]))
    status = Status(
        given["step_index"],
        is_aborted=given.get("abort", False),
        promote_full=given.get("promote_full", False),
    )
    assert bool(promotion(plan, status, sight)) == case["expect"]["promote"]


@group("transition")
def test_transition(case: dict[str, Any]) -> None:
    given, expect = case["in"], case["expect"]
    is_stable = given["change"] == "new_is_stable"
    status = Status(
        given["step_index"],
        # The controller clears the abort of a version that already is the stable one.
        is_aborted=given["abort"] and not is_stable,
        is_paused_by_controller=given["paused_by_controller"],
        pause_seconds=given["pause_started_s"],
        is_paused_by_person=given["user_paused"],
        is_stable=is_stable,
    )
    plan = Plan(steps_of(given), is_routed=False, rollback_window=given.get("rollback_window"))
    sight = Sight(
        given["spec_replicas"],
        bounds_of(given),
        count_of(given["canary"]),
        count_of(given["stable"]),
        counts_of(given["older"]),
    )
    look = next_look(plan, status, sight, change_of(given["change"]))
    canary, stable = wanted_pods(plan, look.status, sight, None)
    found = {
        "step_index": look.status.step_index,
        "paused": look.phase == "Paused",
        "phase": look.phase,
        "message": look.message,
        "abort": look.status.is_aborted,
        "stable_is_new": look.status.is_stable,
        "completion": _completion(look.is_fast_rollback, look.promotion),
        "stable_replicas": stable,
        "canary_replicas": canary,
    }
    assert {key: found[key] for key in expect} == expect
    assert look.message != BY_PERSON or given["user_paused"]


def _completion(is_fast_rollback: bool, promotion: str) -> str | None:
    return "FastRolledBack" if is_fast_rollback else "Promoted" if promotion else None


@group("dynamic_rollback")
def test_dynamic_rollback(case: dict[str, Any]) -> None:
    given = case["in"]
    plan = Plan(is_routed=given["traffic_routing"], is_dynamic=given["dynamic_stable_scale"])
    found = is_rolling_back_to_stable(
        plan, given["wanted"], given["stable"], given["router_canary"], given["set_version"]
    )
    assert found == case["expect"]["rolling_back"]


@group("blue_green_new_set")
def test_blue_green_new_set(case: dict[str, Any]) -> None:
    given = case["in"]
    pods: int | None = given["spec_replicas"]
    if given["abort"]:
        delay = given["abort_delay_s"] or DEFAULT_ABORT_DELAY
        pods = blue_green.pods_after_abort(given["spec_replicas"], delay, given["deadline"])
    assert (None if pods == given["new_replicas"] else pods) == case["expect"]["replicas"]
