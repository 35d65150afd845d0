"""Canary: the new version gets a growing share of the requests, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, JsonValue, StrictBool, model_validator

from sim.cluster.argo.plan import Plan, Status, weight_in_force
from sim.spec.analysis import CanaryAnalysis
from sim.spec.model import Model, PlacedError
from sim.strategies import canary_operations as operations
from sim.strategies.canary_controller import CanaryController
from sim.strategies.canary_experiment import run_experiment
from sim.strategies.canary_steps import (
    MOST_STEPS,
    MOST_WEIGHT,
    Analyse,
    CanaryStep,
    Experiment,
    Pause,
    ProgressThreshold,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
)
from sim.strategies.story import Story
from sim.units import IntOrPercent, Quantity, Seconds

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.cluster.replica_set import ReplicaSet
    from sim.spec.operation import Operation
    from sim.strategies.rollout import Rollout


WEIGHTS_BY_DEFAULT: dict[str, JsonValue] = {
    "if": {"not": {"required": ["maxTrafficWeight"]}},
    "then": {"properties": {"steps": {"items": {"properties": {"setWeight": {"maximum": 100}}}}}},
}
"""What an editor checks where the file does not say what all users are."""


class RollbackWindow(Model):
    """How far back a rollback may go without the steps."""

    revisions: Annotated[int, Quantity("count", low=1, high=1_000)] = Field(
        description="So many revisions: going back to one of them after the promotion skips the steps."
    )


class Canary(Story):
    """Raise the share of the new version step by step, watched by an analysis."""

    model_config = ConfigDict(json_schema_extra=WEIGHTS_BY_DEFAULT)
    kind: ClassVar[str] = "canary"
    summary: ClassVar[str] = "Send a growing share of the requests to the new version: few users meet a bad one."
    actions: ClassVar[tuple[str, ...]] = ("promote", "abort", "retry", "undo", "pause", "resume", "scale", "apply")

    type: Literal["canary"] = Field("canary", description="The strategy; may be left out where the name says it.")
    steps: tuple[CanaryStep, ...] = Field(
        (),
        max_length=MOST_STEPS,
        description="What happens in order; after the last step the new version has everything.",
    )
    analysis: CanaryAnalysis | None = Field(
        None, description="Runs beside the steps and undoes the release when it fails."
    )
    traffic_routing: Literal["mesh", "none"] | None = Field(
        None,
        description="mesh: the mesh makes the share; none: the number of pods does. By default mesh if there is one.",
    )
    max_surge: IntOrPercent = Field(
        IntOrPercent(25, True), description="Pods above replicas without a mesh; a percentage rounds up."
    )
    max_unavailable: IntOrPercent = Field(
        IntOrPercent(25, True), description="Pods below replicas without a mesh; a percentage rounds down."
    )
    max_traffic_weight: Annotated[int, Quantity("count", low=1, high=MOST_WEIGHT)] = Field(
        100, description="The weight that is all users: setWeight says parts of it; needs a mesh."
    )
    dynamic_stable_scale: StrictBool = Field(
        False,
        description="The old pods get fewer as users leave them and come back on an abort, step by step; needs a mesh.",
    )
    min_pods_per_replica_set: Annotated[int, Quantity("count", low=1, high=10_000)] | None = Field(
        None, description="The fewest pods of a version that has any, at most replicas; needs a mesh."
    )
    replica_progress_threshold: ProgressThreshold | None = Field(
        None, description="How much of the new version must be available before a step ends; without it, all."
    )
    rollback_window: RollbackWindow | None = Field(
        None, description="What an operator's undo after the promotion may skip the steps for; without it, for nothing."
    )
    progress_deadline_abort: StrictBool = Field(
        False, description="Undo the release when it meets progressDeadlineSeconds; else it is reported only."
    )
    sticky: Literal["none", "user"] = Field("none", description="user: a user stays with a version; needs a mesh.")
    scale_down_delay_seconds: Seconds = Field(
        30.0,
        description="How long the old pods live on after the last step; with dynamicStableScale they go at once.",
    )
    abort_scale_down_delay_seconds: Seconds = Field(
        30.0,
        description="How long the new pods live on after an abort; 0 means for ever. With dynamicStableScale they go "
        "with the users, unless this is given.",
    )

    @model_validator(mode="after")
    def _can_move(self) -> Canary:
        if self.max_surge.value == 0 and self.max_unavailable.value == 0:
            raise ValueError(
                "has maxSurge and maxUnavailable 0; must have one of them above 0, else no pod can be exchanged"
            )
        return self

    @model_validator(mode="after")
    def _starts_at_a_step(self) -> Canary:
        if self.analysis is not None and self.analysis.starting_step >= max(1, len(self.steps)):
            message = f"is {self.analysis.starting_step}; must be below the number of steps, {len(self.steps)}"
            raise PlacedError(("analysis", "startingStep"), message)
        return self

    @model_validator(mode="after")
    def _leaves_users_to_old_pods(self) -> Canary:
        plan = self.plan(is_by_pods=False)
        for index, step in enumerate(plan.steps):
            extra = sum(each.weight or 0.0 for each in step.experiment)
            if extra > 0 and extra + weight_in_force(plan, Status(index)) > self.max_traffic_weight:
                message = (
                    f"gives its pods {extra:g} on top of setWeight; must be at most {self.max_traffic_weight} in all"
                )
                raise PlacedError(("steps", index, "experiment"), message)
        return self

    @model_validator(mode="after")
    def _has_one_way_for_old_pods(self) -> Canary:
        if self.dynamic_stable_scale and "scale_down_delay_seconds" in self.model_fields_set:
            message = (
                "cannot be given with dynamicStableScale, which lets the old pods go with their users; leave it out"
            )
            raise PlacedError(("scaleDownDelaySeconds",), message)
        return self

    @property
    def aborts_at_deadline(self) -> bool:
        """Return whether a rollout without progress is undone."""
        return self.progress_deadline_abort

    @model_validator(mode="after")
    def _leaves_room_for_a_baseline(self) -> Canary:
        if not self.has_baseline:
            return self
        if self.traffic_routing == "none":
            raise PlacedError(("analysis", "baseline"), "needs a mesh that divides requests; must be left out")
        most = self.max_traffic_weight / 2
        for index, step in enumerate(self.steps):
            if isinstance(step, SetWeight) and step.set_weight > most:
                message = f"is {step.set_weight:g}; must be at most {most:g}, the baseline of the analysis gets as much"
                raise PlacedError(("steps", index, "setWeight"), message)
        return self

    @property
    def has_baseline(self) -> bool:
        """Return whether the analysis asks for one."""
        return self.analysis is not None and self.analysis.baseline

    def shares_by_pods(self, has_mesh: bool) -> bool:
        """Return whether pods make the share: where there is no mesh or it is not to be used."""
        return not has_mesh or self.traffic_routing == "none"

    def plan(self, is_by_pods: bool) -> Plan:
        """Return the plan as the controller sees it."""
        has_delay = "abort_scale_down_delay_seconds" in self.model_fields_set
        return Plan(
            tuple(step.planned() for step in self.steps),
            max_weight=self.max_traffic_weight,
            is_routed=not is_by_pods,
            is_dynamic=self.dynamic_stable_scale,
            minimum=self.min_pods_per_replica_set,
            threshold=self.replica_progress_threshold.threshold if self.replica_progress_threshold else None,
            abort_delay=self.abort_scale_down_delay_seconds if has_delay else None,
            rollback_window=self.rollback_window.revisions if self.rollback_window else None,
        )

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        texts = (
            step.text_of(self.max_traffic_weight) if isinstance(step, SetWeight) else step.text() for step in self.steps
        )
        return (*texts, "Promote: all users")

    def roll_out(self, rollout: Rollout) -> Steps:
        """Go through the steps, watched by the analysis, then promote."""
        if self.sticky == "user":
            rollout.stick_to_users()
        yield from self._go_through(rollout, self._control(rollout))

    def undo(self, rollout: Rollout) -> Steps:
        """Take the weight away at once, then the pods; without a mesh both go together."""
        assert rollout.canary is not None
        rollout.stop_baseline("the release was undone")
        yield from rollout.canary.go_back(self.abort_scale_down_delay_seconds)

    def operate(self, rollout: Rollout, operation: Operation) -> str | None:
        """Do what kubectl argo rollouts does; return why it is refused, None when it is done."""
        canary = rollout.canary
        if canary is None:
            return "the release has not begun"
        match operation.action:
            case "promote" if operation.full:
                return operations.promote_full(self, rollout, canary)
            case "promote":
                return operations.promote(self, rollout, canary)
            case "abort":
                return operations.abort(rollout, canary)
            case "retry":
                return operations.retry(self, rollout, canary)
            case "undo":
                return operations.undo(self, rollout, canary)
            case "apply":
                return operations.apply(self, rollout, canary, str(operation.version))
            case "pause" | "resume":
                return operations.hold(canary, operation.action == "pause")
        return super().operate(rollout, operation)

    def go_on(self, rollout: Rollout, canary: CanaryController) -> Steps:
        """Leave the step that is under way as it is, and go on with the next one."""
        rollout.stop_judging()
        canary.skip_step()
        yield from self._go_through(rollout, canary)

    def begin_anew(self, rollout: Rollout) -> Steps:
        """Go through the steps once more, from the first one."""
        rollout.begin_again()
        yield from self._go_through(rollout, self._control(rollout))

    def promote_full(self, rollout: Rollout, canary: CanaryController) -> Steps:
        """Give the new version everything as fast as its pods come."""
        rollout.begin_again()
        canary.promote_full()
        yield from self._promote(rollout, canary, "An operator promoted the release in full.")

    def roll_back(self, rollout: Rollout) -> Steps:
        """Release the old version in place of the new one, step by step, or at once within the window."""
        rollout.begin_again()
        rollout.change_roles()
        canary = self._control(rollout)
        if canary.skips_steps_within_window():
            yield from self._promote(rollout, canary, "A rollback within the window skips the steps.")
        else:
            yield from self._go_through(rollout, canary)

    def release_another(self, rollout: Rollout, canary: CanaryController, version: str) -> Steps:
        """Release another version from the first step on; the one that it replaces leaves."""
        rollout.begin_again()
        leaving = rollout.release_another(version, canary.status.is_stable and not canary.returns_to_stable)
        rollout.has_applied = True
        canary = self._control(rollout, leaving)
        if not rollout.is_by_pods:
            # Users leave the version that is replaced before its pods do.
            canary.moves_users()
        yield from self._go_through(rollout, canary)

    def _control(self, rollout: Rollout, *leaving: ReplicaSet) -> CanaryController:
        """Return a controller that begins with the first step."""
        plan = self.plan(rollout.is_by_pods)
        canary = CanaryController(rollout, plan, self.max_surge, self.max_unavailable, leaving)
        rollout.canary = canary
        if not rollout.is_by_pods:
            rollout.beside(canary.watch_users())
        if self.has_baseline and not rollout.has_changed_roles:
            rollout.start_baseline()
        return canary

    def _go_through(self, rollout: Rollout, canary: CanaryController) -> Steps:
        while not canary.is_past_steps:
            index = canary.step_index
            rollout.step(index)
            self._watch(rollout, canary)
            yield from self._take(rollout, canary, self.steps[index])
            yield from canary.leave_step()
        self._watch(rollout, canary)
        yield from self._promote(rollout, canary, "All steps are done.")

    def _promote(self, rollout: Rollout, canary: CanaryController, why: str) -> Steps:
        rollout.step(len(self.steps))
        rollout.stop_baseline("all steps are done")
        yield from canary.promote(why, self.scale_down_delay_seconds)

    def _watch(self, rollout: Rollout, canary: CanaryController) -> None:
        """Start the background analysis when its step has come."""
        if self.analysis is not None and canary.starts_analysis(self.analysis.starting_step):
            rollout.start_analysis(self.analysis, "analysis")

    def _take(self, rollout: Rollout, canary: CanaryController, step: CanaryStep) -> Steps:
        match step:
            case SetWeight() | SetCanaryScale():
                yield from canary.reach_counts()
            case Pause():
                yield from canary.pause(step.duration)
            case Analyse():
                yield from rollout.judge(step.analysis, f"analysis of step {canary.step_index + 1}")
                canary.analysis_phase = "Successful"
            case Experiment():
                yield from run_experiment(rollout, canary, step)
            case SetHeaderRoute():
                canary.set_header_route(step.name, step.match)
            case SetMirrorRoute():
                canary.set_mirror_route(step.name, step.percentage)
