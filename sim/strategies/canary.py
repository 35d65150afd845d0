"""Canary: the new version gets a growing share of the requests, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from sim.cluster.argo.plan import Plan
from sim.spec.analysis import BackgroundAnalysis
from sim.spec.model import PlacedError
from sim.strategies.canary_controller import CanaryController
from sim.strategies.canary_steps import MOST_STEPS, Analyse, CanaryStep, Pause, SetCanaryScale, SetWeight
from sim.strategies.story import Story
from sim.units import IntOrPercent, Seconds

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout

DEFAULT_ABORT_DELAY = 30.0


class Canary(Story):
    """Raise the share of the new version step by step, watched by an analysis."""

    kind: ClassVar[str] = "canary"
    summary: ClassVar[str] = "Send a growing share of the requests to the new version: few users meet a bad one."
    actions: ClassVar[tuple[str, ...]] = ("promote", "abort", "undo", "scale")

    type: Literal["canary"] = Field("canary", description="The strategy; may be left out where the name says it.")
    steps: tuple[CanaryStep, ...] = Field(
        (),
        max_length=MOST_STEPS,
        description="What happens in order; after the last step the new version has everything.",
    )
    analysis: BackgroundAnalysis | None = Field(
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
    sticky: Literal["none", "user"] = Field("none", description="user: a user stays with a version; needs a mesh.")
    scale_down_delay_seconds: Seconds = Field(30.0, description="How long the old pods live on after the last step.")
    abort_scale_down_delay_seconds: Seconds = Field(
        DEFAULT_ABORT_DELAY, description="How long the new pods live on after an abort; 0 means for ever."
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

    def shares_by_pods(self, has_mesh: bool) -> bool:
        """Return whether pods make the share: where there is no mesh or it is not to be used."""
        return not has_mesh or self.traffic_routing == "none"

    def plan(self, is_by_pods: bool) -> Plan:
        """Return the plan as the controller sees it."""
        return Plan(tuple(step.planned() for step in self.steps), is_routed=not is_by_pods)

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        return (*(step.text() for step in self.steps), "Promote: all users")

    def roll_out(self, rollout: Rollout) -> Steps:
        """Go through the steps, watched by the analysis, then promote."""
        if self.sticky == "user":
            rollout.stick_to_users()
        canary = CanaryController(rollout, self.plan(rollout.is_by_pods), self.max_surge, self.max_unavailable)
        rollout.canary = canary
        while (index := canary.step_index) < len(self.steps):
            rollout.step(index)
            self._watch(rollout, canary)
            yield from self._take(rollout, canary, self.steps[index])
            yield from canary.leave_step()
        self._watch(rollout, canary)
        rollout.step(len(self.steps))
        yield from canary.promote("All steps are done.", self.scale_down_delay_seconds)

    def undo(self, rollout: Rollout) -> Steps:
        """Take the weight away at once, then the pods; without a mesh both go together."""
        assert rollout.canary is not None
        yield from rollout.canary.go_back(self.abort_scale_down_delay_seconds)

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
