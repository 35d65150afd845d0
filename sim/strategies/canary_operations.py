"""What an operator's commands do to a canary; each returns why it is refused, None when it is carried out.

Source: argoproj/argo-rollouts pkg/kubectl-argo-rollouts/cmd/{promote,retry,abort,pause,undo}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.strategies.canary import Canary
    from sim.strategies.canary_controller import CanaryController
    from sim.strategies.rollout import Rollout

IS_STABLE = "the new version is the stable one already"


def promote(story: Canary, rollout: Rollout, canary: CanaryController) -> str | None:
    """End a pause; where there is none, skip the step that is under way."""
    if canary.status.is_stable:
        return IS_STABLE
    if canary.status.is_aborted:
        return "the rollout is aborted; it can be retried, or promoted in full"
    canary.hold(False)
    if not rollout.end_pause() and not canary.is_past_steps:
        rollout.turn(lambda: story.go_on(rollout, canary))
    return None


def promote_full(story: Canary, rollout: Rollout, canary: CanaryController) -> str | None:
    """Give the new version everything, whatever steps, pauses and analyses are left."""
    if canary.status.is_stable:
        return IS_STABLE
    rollout.turn(lambda: story.promote_full(rollout, canary))
    return None


def abort(rollout: Rollout, canary: CanaryController) -> str | None:
    """Give the stable version all users."""
    if canary.status.is_stable:
        return IS_STABLE
    is_new = rollout.request_undo("an operator aborted the release", "operator")
    return None if is_new else "the rollout is aborted already"


def retry(story: Canary, rollout: Rollout, canary: CanaryController) -> str | None:
    """Begin an aborted rollout again with its first step."""
    if not canary.status.is_aborted:
        return "the rollout is not aborted"
    rollout.turn(lambda: story.begin_anew(rollout))
    return None


def hold(canary: CanaryController, is_held: bool) -> str | None:
    """Begin no further step, or go on."""
    if canary.status.is_paused_by_person == is_held:
        return "the rollout is paused already" if is_held else "no operator has paused the rollout"
    canary.hold(is_held)
    return None


def apply(story: Canary, rollout: Rollout, canary: CanaryController, version: str) -> str | None:
    """Want another version: its release begins with the first step, on top of an unfinished one if there is one."""
    if version == rollout.stable.version:
        return undo(story, rollout, canary)
    if version == rollout.candidate.version:
        return f"nothing changes: it wants {version} already"
    if rollout.has_changed_roles:
        return "the release is being rolled back"
    rollout.turn(lambda: story.release_another(rollout, canary, version))
    return None


def undo(story: Canary, rollout: Rollout, canary: CanaryController) -> str | None:
    """Want the old version again: before the promotion that ends the release, after it that is a release of its own."""
    if canary.status.is_stable and rollout.has_applied:
        return "which revision was before is not known once another version was applied; it can be applied"
    if canary.status.is_stable and not (canary.returns_to_stable or rollout.has_changed_roles):
        rollout.turn(lambda: story.roll_back(rollout))
        return None
    canary.returns_to_stable = not canary.status.is_aborted
    is_new = rollout.request_undo("an operator undid the release", "operator")
    return None if is_new else "there is nothing to undo"
