"""What one look of Argo's controller changes: the step, the pause, the end; and which set it resizes.

Source: argoproj/argo-rollouts rollout/{canary,sync,pause}.go and utils/rollout/rolloututil.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from sim.cluster.argo.counts import all_are_available, older_sets_pods, threshold_is_met
from sim.cluster.argo.plan import Plan, Planned, Status, current_step, threshold_in_force
from sim.cluster.argo.route import Sight, is_at_desired_counts, wanted_pods
from sim.cluster.arithmetic import Count

Change: TypeAlias = Literal["none", "new_version", "back_to_stable_version", "older_version_within_window"]
Phase: TypeAlias = Literal["Progressing", "Paused", "Healthy", "Degraded"]

CANARY_PAUSE = "CanaryPauseStep"
BY_PERSON = "manually paused"


class Resize(NamedTuple):
    """The one set that a look resizes, and to what; None: the set keeps its size."""

    canary: int | None = None
    stable: int | None = None
    older: tuple[int, ...] | None = None


class Look(NamedTuple):
    """What a look has led to. promotion: why the new version became the stable one; empty: it did not."""

    status: Status
    phase: Phase
    message: str = ""
    promotion: str = ""
    is_fast_rollback: bool = False


class Revision(NamedTuple):
    """A replica set, when it was created, and whether an experiment made it."""

    name: str
    created_at: float
    is_of_experiment: bool = False


def resize(plan: Plan, status: Status, sight: Sight) -> Resize:
    """Return which set is resized now: the stable one first, then the canary, then older ones.

    Source: rollout/canary.go, reconcileCanaryReplicaSets.
    """
    canary, stable = wanted_pods(plan, status, sight, sight.weights)
    if sight.stable is not None and stable != sight.stable.replicas:
        return Resize(stable=stable)
    if sight.canary is not None and canary != sight.canary.replicas:
        return Resize(canary=canary)
    if any(each.replicas for each in sight.older):
        others = [each for each in (sight.canary, sight.stable) if each is not None]
        left = older_sets_pods(sight.replicas, sight.bounds.unavailable, others, sight.older, plan.is_routed)
        if left != [each.replicas for each in sight.older]:
            return Resize(older=tuple(left))
    return Resize()


def next_look(plan: Plan, status: Status, sight: Sight, change: Change = "none") -> Look:
    """Return the controller's status after one look.

    Source: rollout/canary.go, syncRolloutStatusCanary.
    """
    if change == "new_version":
        return _look(Status(step_index=0 if plan.steps else None), sight)
    if change == "back_to_stable_version":
        after = Status(step_index=_after_last(plan), is_stable=True)
        return _look(after, sight)._replace(is_fast_rollback=True)
    is_within_window = change == "older_version_within_window"
    if status.promote_full or is_within_window or status.is_stable:
        status = Status(_after_last(plan), promote_full=status.promote_full, is_stable=status.is_stable)
    why = promotion(plan, status, sight, is_within_window)
    if why:
        return _look(Status(_after_last(plan), is_stable=True), sight)._replace(promotion=why)
    if status.is_aborted:
        return _look(status._replace(step_index=0 if plan.steps else None, pause_seconds=None), sight)
    if _reaches_pause(plan, status) and resize(plan, status, sight) == Resize():
        return _look(status._replace(is_paused_by_controller=True, pause_seconds=0.0), sight)
    return _look(_advanced(plan, status, sight), sight)


def promotion(plan: Plan, status: Status, sight: Sight, is_within_window: bool = False) -> str:
    """Return why the new version becomes the stable one now; empty while it does not.

    A canary may have more pods than are wanted, but with a threshold enough of them must be available.

    Source: sync.go, shouldFullPromote.
    """
    if sight.stable is None and not status.is_stable:
        return "Initial deploy"
    if status.is_aborted or not _is_large_enough(plan, status, sight):
        return ""
    if status.promote_full:
        return "Full promotion requested"
    if is_within_window:
        return "Rollback within window"
    is_done = current_step(plan.steps, status.step_index) is None
    return f"Completed all {len(plan.steps)} canary steps" if is_done else ""


def step_is_complete(plan: Plan, status: Status, sight: Sight) -> bool:
    """Return whether the current step has done what it says, so that the next one may begin.

    Source: rollout/canary.go, completedCurrentCanaryStep.
    """
    current = current_step(plan.steps, status.step_index)
    if current is None or status.is_paused_by_person:
        return False
    step = current[1]
    match step.word:
        case "pause":
            return pause_is_over(step.seconds, status.pause_seconds, status.is_paused_by_controller)
        case "setWeight" | "setCanaryScale":
            return is_at_desired_counts(plan, status, sight, sight.weights)
        case "analysis":
            return sight.analysis_phase == "Successful"
        case "experiment":
            return sight.experiment_phase == "Successful"
    return True


def pause_is_over(seconds: float | None, elapsed: float | None, is_paused_by_controller: bool) -> bool:
    """Return whether a pause step is over: its time has passed, or a person has ended the pause (elapsed None).

    Source: pause.go, CompletedCanaryPauseStep.
    """
    if elapsed is None:
        return is_paused_by_controller
    return seconds is not None and elapsed >= seconds


def needs_person(
    reason: Literal["inconclusive_analysis", "inconclusive_experiment", "pause_step", "blue_green_pause"],
    step: Planned | None = None,
    auto_promotion: bool = True,
) -> bool:
    """Return whether only a person ends a pause.

    Source: pause.go, requiresManualAction.
    """
    if reason == "pause_step":
        return step is not None and step.word == "pause" and step.seconds is None
    return not auto_promotion if reason == "blue_green_pause" else reason.startswith("inconclusive")


def is_rollback_within_window(
    revisions: Sequence[Revision], stable: str | None, new: str | None, window: int | None
) -> bool:
    """Return whether `new` is older than the stable version by no more revisions than the window has.

    Source: sync.go, isRollbackWithinWindow.
    """
    created = {each.name: each.created_at for each in revisions}
    if stable not in created or new not in created or not window:
        return False
    since, until = created[new], created[stable]
    between = [each for each in revisions if since < each.created_at < until and not each.is_of_experiment]
    return since < until and len(between) < window


def _advanced(plan: Plan, status: Status, sight: Sight) -> Status:
    current = current_step(plan.steps, status.step_index)
    if current is None or not step_is_complete(plan, status, sight):
        return status
    return status._replace(step_index=current[0] + 1, pause_seconds=None, is_paused_by_controller=False)


def _reaches_pause(plan: Plan, status: Status) -> bool:
    """Return whether the current step is a pause that has not begun.

    Source: rollout/canary.go, reconcileCanaryPause.
    """
    current = current_step(plan.steps, status.step_index)
    is_pause = current is not None and current[1].word == "pause"
    return is_pause and not status.is_paused_by_controller and not status.is_paused_by_person


def _look(status: Status, sight: Sight) -> Look:
    """Return the look with its phase.

    Source: rolloututil.go, CalculateRolloutPhase.
    """
    if status.is_aborted:
        return Look(status, "Degraded", "RolloutAborted")
    if status.is_paused_by_person:
        return Look(status, "Paused", BY_PERSON)
    if status.pause_seconds is not None:
        return Look(status, "Paused", CANARY_PAUSE)
    new = sight.canary or sight.stable
    is_healthy = status.is_stable and all_are_available(new, sight.replicas)
    return Look(status, "Healthy" if is_healthy else "Progressing")


def _is_large_enough(plan: Plan, status: Status, sight: Sight) -> bool:
    new: Count | None = sight.stable if status.is_stable else sight.canary
    threshold = threshold_in_force(plan, status)
    if new is None or threshold is not None:
        return threshold_is_met(threshold, new, sight.replicas)
    return new.available >= sight.replicas


def _after_last(plan: Plan) -> int | None:
    return len(plan.steps) or None
