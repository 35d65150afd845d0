"""The strategies that a Deployment of Kubernetes knows, and what kubectl can do with one in mid-rollout."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sim.cluster.revisions import revision_before
from sim.spec.operation import Operation
from sim.strategies.story import Story
from sim.units import IntOrPercent

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.cluster.replica_set import ReplicaSet
    from sim.strategies.rollout import Rollout


class DeploymentStory(Story):
    """A release by a Deployment: its template is changed, and its controller does the rest."""

    actions: ClassVar[tuple[str, ...]] = ("undo", "scale", "apply", "restart", "pause", "resume")

    def shares_by_pods(self, has_mesh: bool) -> bool:
        """Return True: users follow the pods."""
        return True

    @property
    def bounds(self) -> tuple[IntOrPercent, IntOrPercent] | None:
        """Return surge and unavailability of a rolling update; None where every old pod goes first."""
        return None

    def roll_out(self, rollout: Rollout) -> Steps:
        """Want the new version."""
        rollout.set_weight(100.0)
        rollout.step(0)
        yield from rollout.roll_to(rollout.candidate)
        rollout.finish("promoted", "Every pod runs the new version.")

    def undo(self, rollout: Rollout) -> Steps:
        """Want the old version again, in the same way; a pause would only prolong the harm."""
        rollout.set_weight(0.0)
        if rollout.deployment.is_paused:
            rollout.hold(False)
        yield from rollout.roll_to(rollout.stable)

    def operate(self, rollout: Rollout, operation: Operation) -> str | None:
        """Do what kubectl does; return why it is refused, None when it is done."""
        match operation.action:
            case "pause" | "resume":
                return _hold(rollout, operation.action == "pause")
            case "undo":
                return _undo(rollout, operation.to_revision or 0)
            case "restart":
                return _restart(rollout)
            case "apply":
                return _apply(rollout, str(operation.version))
        return super().operate(rollout, operation)


def _hold(rollout: Rollout, is_paused: bool) -> str | None:
    if rollout.deployment.is_paused == is_paused:
        return "the Deployment is paused already" if is_paused else "the Deployment is not paused"
    rollout.hold(is_paused)
    return None


def _undo(rollout: Rollout, to_revision: int) -> str | None:
    """Want the template of an earlier revision. Source: kubectl rollback.go, Rollback."""
    deployment = rollout.deployment
    if deployment.is_paused:
        return "a paused Deployment cannot be undone; it must be resumed first"
    place = revision_before([deployment.revisions[each] for each in deployment.created], to_revision)
    if place is None:
        return f"there is no revision {to_revision}" if to_revision else "there is no earlier revision"
    target = deployment.created[place]
    if target is deployment.target:
        return f"it wants the template of revision {deployment.revisions[target]} already"
    _keep_count(rollout, target)
    if target is not rollout.stable or not rollout.request_undo("an operator undid the release", "operator"):
        rollout.go_to(target, "an operator undid the last change")
    return None


def _restart(rollout: Rollout) -> str | None:
    """Want the same version under another template. Source: kubectl objectrestarter.go."""
    deployment = rollout.deployment
    if deployment.is_paused:
        return "a paused Deployment cannot be restarted; it must be resumed first"
    if not rollout.has_begun:
        return "the release has not begun"
    rollout.go_to(rollout.world.another_set(deployment.target), "an operator restarted the old version")
    return None


def _apply(rollout: Rollout, version: str) -> str | None:
    """Want another version; what an earlier restart has put into the template stays there, as with kubectl apply."""
    if not rollout.has_begun:
        return "the release has not begun"
    world, wanted = rollout.world, rollout.deployment.target
    manifest = world.scenario.services[world.service].versions[version]
    is_scaled = "replicas" in manifest.model_fields_set and manifest.replicas != wanted.wanted
    target = _set_of(rollout, version, wanted.restarted_at)
    _keep_count(rollout, target)
    if target is not wanted:
        rollout.go_to(target, f"an operator applied {version}")
    elif not is_scaled:
        return f"nothing changes: it wants {version} already"
    if is_scaled:
        world.want(world.service, manifest.replicas, f"the manifest of {version} says replicas: {manifest.replicas}")
    return None


def _keep_count(rollout: Rollout, target: ReplicaSet) -> None:
    """Let the count that is wanted now be wanted of the next template too: it is no part of a template."""
    world, desired = rollout.world, rollout.deployment.desired
    if target.wanted != desired:
        world.wanted.change(world.now, world.service, desired)


def _set_of(rollout: Rollout, version: str, restarted_at: float | None) -> ReplicaSet:
    """Return the set of a template: one that is there already, if the template equals one of before.

    Source: Kubernetes deployment_util.go, FindNewReplicaSet.
    """
    template = version, restarted_at
    for each in (rollout.deployment.target, *rollout.deployment.created):
        if (each.version, each.restarted_at) == template:
            return each
    first = rollout.world.replica_set_of(version)
    return first if restarted_at is None else rollout.world.another_set(first, restarted_at)
