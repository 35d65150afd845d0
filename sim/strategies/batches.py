"""Batches: OpenKruise exchanges some of the pods, stops, waits, and goes on with the next batch."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from sim.spec.analysis import BackgroundAnalysis
from sim.spec.model import Model, PlacedError
from sim.spec.strategy import SegmentMatch
from sim.strategies.story import Story
from sim.units import IntOrPercent, Percent, Seconds, format_duration, plain

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout

MOST_STEPS = 50
"""Source: openkruise/rollouts api/v1beta1/rollout_types.go, MaxItems of steps."""
MOST_PERCENT_WITH_TRAFFIC = 50
"""Source: openkruise/rollouts, webhook of Rollout: --partition-percent-limit. A rollback sends all users to the old
pods that are left, so they must not be too few."""


class BatchPause(Model):
    """How long a batch is looked at."""

    duration: Seconds | None = Field(None, description="How long; without it, until a person approves.")


class BatchStep(Model):
    """One batch: how many pods run the new version after it, who meets them, and how long it is looked at."""

    not_simulated: ClassVar[tuple[str, ...]] = ("requestHeaderModifier",)

    replicas: IntOrPercent = Field(
        description="Pods of the new version after the batch; a percentage rounds up, and below 100% an old pod stays."
    )
    traffic: Percent | None = Field(
        None, description="Percentage of the requests for the new version; without it, users follow the pods."
    )
    matches: tuple[SegmentMatch, ...] = Field(
        (), max_length=16, description="Segments that alone reach the new version; instead of traffic."
    )
    pause: BatchPause = Field(
        BatchPause(), description="Wait before the next batch; left out, a person ends it, as in OpenKruise."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> BatchStep:
        if self.replicas.value == 0:
            raise PlacedError(("replicas",), f"is {self.replicas}; must be above 0")
        if self.traffic is not None and self.matches:
            raise PlacedError(
                ("traffic",), "is given beside matches, which OpenKruise would follow; delete one of the two"
            )
        if self.is_routed and self.replicas.is_percent and self.replicas.value > MOST_PERCENT_WITH_TRAFFIC:
            most = (
                f"must be at most {MOST_PERCENT_WITH_TRAFFIC}% where traffic or matches are given: a rollback sends all"
            )
            raise PlacedError(("replicas",), f"is {self.replicas}; {most} users to the old pods that are left")
        return self

    @property
    def is_routed(self) -> bool:
        """Return whether the mesh says who meets the new version."""
        return self.traffic is not None or bool(self.matches)

    def text(self) -> str:
        """Return in words which pods the batch is and who meets them."""
        count = str(self.replicas)
        pods = f"{count} of the pods" if self.replicas.is_percent else f"{count} pod{'s' * (count != '1')}"
        if self.traffic is not None:
            return f"{pods} for {plain(self.traffic)} % of the users"
        return f"{pods} for {', '.join(match.segment for match in self.matches)}" if self.matches else pods

    def wait_text(self) -> str:
        """Return in words how long the batch is looked at."""
        seconds = self.pause.duration
        return "until a person approves" if seconds is None else f"for {format_duration(seconds)}"


class Batches(Story):
    """Give the new version more of the pods, batch by batch, each of which must be ready before the next."""

    kind: ClassVar[str] = "batches"
    summary: ClassVar[str] = (
        "Exchange the pods in batches with a stop after each: a version that does not start stays in its batch."
    )
    actions: ClassVar[tuple[str, ...]] = ("promote", "abort", "undo", "scale")
    not_simulated: ClassVar[tuple[str, ...]] = (
        "enableExtraWorkloadForCanary",
        "patchPodTemplateMetadata",
        "trafficRoutings",
        "trafficRoutingRef",
        "disableGenerateCanaryService",
    )

    type: Literal["batches"] = Field("batches", description="The strategy; may be left out where the name says it.")
    steps: tuple[BatchStep, ...] = Field(
        min_length=1,
        max_length=MOST_STEPS,
        description="The batches in order; what is left after the last follows as a rolling update.",
    )
    failure_threshold: IntOrPercent | None = Field(
        None, description="Updated pods that need not be ready for a batch to be done; a percentage rounds up."
    )
    max_surge: IntOrPercent = Field(IntOrPercent(25, True), description="Pods above replicas; a percentage rounds up.")
    max_unavailable: IntOrPercent = Field(
        IntOrPercent(25, True), description="Pods below replicas; a percentage rounds down."
    )
    analysis: BackgroundAnalysis | None = Field(
        None,
        description="Runs beside the batches and undoes the release when it fails; OpenKruise has none of its own.",
    )

    @model_validator(mode="after")
    def _can_move(self) -> Batches:
        if self.max_surge.value == 0 and self.max_unavailable.value == 0:
            raise ValueError(
                "has maxSurge and maxUnavailable 0; must have one of them above 0, else no pod can be exchanged"
            )
        for index, (before, after) in enumerate(pairwise(step.replicas for step in self.steps), start=1):
            if before.is_percent == after.is_percent and after.value < before.value:
                raise PlacedError(
                    ("steps", index, "replicas"), f"is {after}; must be at least {before}, as the batch before"
                )
        return self

    @model_validator(mode="after")
    def _starts_at_a_batch(self) -> Batches:
        if self.analysis is not None and self.analysis.starting_step >= len(self.steps):
            message = f"is {self.analysis.starting_step}; must be below the number of steps, {len(self.steps)}"
            raise PlacedError(("analysis", "startingStep"), message)
        return self

    def shares_by_pods(self, has_mesh: bool) -> bool:
        """Return whether users follow the pods in every batch."""
        return not any(step.is_routed for step in self.steps)

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        waits = (f", {step.wait_text()}" * self.waits(index) for index, step in enumerate(self.steps))
        return (*(step.text() + wait for step, wait in zip(self.steps, waits, strict=True)), "All pods")

    def waits(self, index: int) -> bool:
        """Return whether a batch is followed by its pause: not where the last one leaves no old pod.

        Source: openkruise/rollouts rollout_canary.go, doCanaryPaused.
        """
        is_last = index == len(self.steps) - 1
        return not (is_last and str(self.steps[index].replicas) == "100%")

    def roll_out(self, rollout: Rollout) -> Steps:
        """Go through the batches, watched by the analysis, then exchange what is left."""
        steps = rollout.steps()
        for index, step in enumerate(self.steps):
            steps.begin()
            if self.analysis is not None and self.analysis.starting_step == index:
                rollout.start_analysis(self.analysis, "analysis")
            yield from self._release(rollout, step)
            if self.waits(index):
                yield from rollout.pause(step.pause.duration)
        steps.begin()
        yield from rollout.follow_pods(100.0)
        yield from rollout.exchange(rollout.candidate, self.max_surge, self.max_unavailable)
        yield from rollout.settle_doubt()
        rollout.finish("promoted", "Every pod runs the new version.")

    def undo(self, rollout: Rollout) -> Steps:
        """Send all users to the old pods that are left, where the mesh divides them, and exchange the pods back."""
        yield from rollout.route_back()
        yield from rollout.exchange(rollout.stable, self.max_surge, self.max_unavailable)

    def _release(self, rollout: Rollout, step: BatchStep) -> Steps:
        """Bring one batch to the new version, and users to the batch.

        Source: openkruise/rollouts rollout_canary.go, runCanary.
        """
        yield from rollout.settle_doubt()
        covers_all = rollout.covers_all(step.replicas)
        if not step.is_routed:
            yield from rollout.follow_pods(rollout.share_of_batch(step.replicas))
        elif covers_all:
            yield from rollout.open_service()
        yield from rollout.roll_batch(step.replicas, self.max_surge, self.max_unavailable, self.failure_threshold)
        if step.is_routed and not covers_all:
            yield from rollout.route_to_batch(step.traffic or 0.0, step.matches)
