"""Progressive: Flagger's scheduler looks every interval and moves the release on, holds it, or rolls it back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, model_validator

from sim.spec.metric_check import MetricCheck
from sim.spec.model import Model, PlacedError, Text
from sim.spec.strategy import SegmentMatch
from sim.strategies.flagger import (
    ENDED,
    Analysis,
    Gate,
    Readiness,
    Status,
    planned,
    readiness,
    tick,
)
from sim.strategies.story import Story
from sim.units import Percent, PositiveDuration, PositiveSeconds, Quantity, plain

if TYPE_CHECKING:
    import simpy

    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout

WholePercent = Annotated[int, Quantity("count", low=1, high=100)]
MOST_TICKS = 1000


class Webhook(Model):
    """A gate: the release waits at it until a person opens it (monitoring.approver)."""

    not_simulated: ClassVar[tuple[str, ...]] = ("url", "timeout", "metadata", "retries", "muteAlert")

    name: Text = Field("", max_length=100, description="Its name.")
    type: Gate = Field(
        description="confirm-rollout: before the canary starts; confirm-promotion: before the primary gets the new "
        "version, while the checks go on."
    )


class SessionAffinity(Model):
    """A cookie keeps a user on the canary; with a second one, a user leaves the primary only when the weight grows.

    With the canary's alone every request of the others is divided anew, so that the primary loses its users.
    """

    not_simulated: ClassVar[tuple[str, ...]] = ("maxAge",)

    cookie_name: Text = Field(max_length=100, description="The canary's cookie.")
    primary_cookie_name: Text | None = Field(
        None, max_length=100, description="The primary's cookie; without it only the canary keeps its users."
    )


class Progressive(Story):
    """Advance with every check that passes, and promote by giving the primary the new version last."""

    kind: ClassVar[str] = "progressive"
    summary: ClassVar[str] = (
        "Check at every interval and give the new version more only when the check passes; the primary follows last."
    )
    actions: ClassVar[tuple[str, ...]] = ("promote", "abort", "undo", "scale")
    has_primary: ClassVar[bool] = True
    not_simulated: ClassVar[tuple[str, ...]] = ("alerts",)

    type: Literal["progressive"] = Field(
        "progressive", description="The strategy; may be left out where the name says it."
    )
    interval: PositiveDuration = Field(60.0, description="Between two looks, each of which moves one step.")
    threshold: Annotated[int, Quantity("count", low=1, high=1_000_000)] = Field(
        1, description="So many failed checks roll the release back, one interval after the last of them."
    )
    step_weight: WholePercent | None = Field(None, description="Percent of the users that a passed check adds.")
    step_weights: tuple[WholePercent, ...] = Field((), max_length=100, description="The weights one after the other.")
    max_weight: WholePercent | None = Field(
        None, description="The weight at which the release is promoted; without it, 100. With stepWeights, their last."
    )
    step_weight_promotion: WholePercent | None = Field(
        None, description="Percent that an interval gives back to the updated primary; without it, all at once."
    )
    iterations: Annotated[int, Quantity("count", low=1, high=MOST_TICKS)] | None = Field(
        None, description="Number of checks at one setting: an A/B test with match, else blue-green."
    )
    match: tuple[SegmentMatch, ...] = Field(
        (), max_length=50, description="Segments that reach the canary during an A/B test."
    )
    mirror: StrictBool = Field(
        False, description="true: copies go to the canary, for one interval before the first weight, or all iterations."
    )
    mirror_weight: Percent = Field(100.0, description="Percentage of the requests that are copied.")
    skip_analysis: StrictBool = Field(
        False, description="true: once the canary is ready, the primary gets the new version, unchecked."
    )
    progress_deadline_seconds: PositiveSeconds = Field(
        600.0, description="So long may the canary or the primary lack pods before the release is rolled back."
    )
    canary_ready_threshold: Percent = Field(100.0, description="Percentage of the canary's pods that must be ready.")
    primary_ready_threshold: Percent = Field(100.0, description="Percentage of the primary's pods that must be ready.")
    metrics: tuple[MetricCheck, ...] = Field((), max_length=50, description="What a check looks at; one failure fails.")
    webhooks: tuple[Webhook, ...] = Field((), max_length=2, description="Gates that a person opens.")
    session_affinity: SessionAffinity | None = Field(None, description="A user stays with a version; needs weights.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Progressive:
        found = next(self._contradictions(), None)
        if found is not None:
            raise PlacedError(*found)
        return self

    def _contradictions(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        ladder = self.step_weights
        if self.match and self.iterations is None:
            yield ("match",), "needs iterations; an A/B test lasts so many checks"
        if self.match and self.mirror:
            yield ("mirror",), "has no effect with match; delete it"
        if self.match and self.step_weight_promotion is not None:
            yield ("stepWeightPromotion",), "has no effect with match; delete it"
        if "mirror_weight" in self.model_fields_set and not self.mirror:
            yield ("mirrorWeight",), "has no effect without mirror: true; delete it"
        if not (self.iterations or self.step_weight or ladder or self.skip_analysis):
            yield (), "has nothing to advance by; must have stepWeight, stepWeights, iterations or skipAnalysis: true"
        for field in ("step_weight", "step_weights", "max_weight", "session_affinity"):
            if self.iterations and getattr(self, field):
                yield (_key(field),), "has no effect with iterations; delete one of the two"
        for field in ("step_weight", "max_weight"):
            if ladder and getattr(self, field):
                yield (_key(field),), "has no effect with stepWeights, whose last is the highest weight; delete it"
        if any(low >= high for low, high in pairwise(ladder)):
            yield ("stepWeights",), f"is {', '.join(map(str, ladder))}; must rise from one to the next"
        if len({webhook.type for webhook in self.webhooks}) < len(self.webhooks):
            yield ("webhooks",), "has two gates of one type; must have one"

    def analysis(self, has_mesh: bool) -> Analysis:
        """Return how the release advances, as Flagger's scheduler takes it."""
        return Analysis(
            step_weight=self.step_weight or 0,
            step_weights=self.step_weights,
            max_weight=self.max_weight or 0,
            step_weight_promotion=self.step_weight_promotion or 0,
            iterations=self.iterations or 0,
            has_match=bool(self.match),
            has_mirror=self.mirror,
            threshold=self.threshold,
            skips_analysis=self.skip_analysis,
            shifts_traffic=has_mesh,
        )

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words, one for each tick."""
        statuses = planned(self.analysis(has_mesh=True))
        return tuple(self.words(before, after) for before, after in pairwise((Status(), *statuses)))

    def words(self, before: Status, after: Status) -> str:
        """Return in words what a tick changes."""
        if after.phase in ("Promoting", "Finalising", "Succeeded") and after.phase != before.phase:
            return PHASES[after.phase]
        if before.phase == "Initialized":
            return "Start the canary"
        if after.phase == "Promoting":
            return f"{plain(after.weight)} % of the users left on the canary"
        if after.iterations > (self.iterations or 0):
            return "All users on the canary"
        if after.iterations:
            return f"Check {after.iterations} of {self.iterations}"
        if after.is_mirrored:
            return f"Copy {plain(self.mirror_weight)} % of the requests"
        return f"{plain(after.weight)} % of the users"

    def gate_before(self, before: Status, after: Status) -> str | None:
        """Return the gate that a tick passes on its way from one status to the next."""
        gates = {webhook.type for webhook in self.webhooks}
        if before.phase == "Initialized" and "confirm-rollout" in gates:
            return "confirm-rollout"
        is_over = after.phase == "Promoting" != before.phase or after.iterations > (self.iterations or math.inf)
        was_over = before.iterations > (self.iterations or math.inf)
        return "confirm-promotion" if is_over and not was_over and "confirm-promotion" in gates else None

    def roll_out(self, rollout: Rollout) -> Steps:
        """Look every interval, do what the scheduler says, until the release has succeeded or failed."""
        analysis = self.analysis(rollout.world.scenario.mesh is not None)
        if self.session_affinity is not None:
            rollout.stick_to_users(is_one_sided=self.session_affinity.primary_cookie_name is None)
        look, plan, status = Look(self, rollout), list(planned(analysis)), Status()
        while True:
            before, status = status, tick(analysis, status, look)
            if plan and as_planned(status) == plan[0]:
                rollout.step(len(planned(analysis)) - len(plan))
                plan.pop(0)
            yield from self._carry_out(rollout, look, before, status)
            if status.phase in ENDED:
                return
            yield from rollout.rest(self.interval)

    def _carry_out(self, rollout: Rollout, look: Look, before: Status, after: Status) -> Steps:
        """Bring the cluster from one status to the next."""
        if after.phase != before.phase:
            rollout.say("phase", after.phase, PHASES[after.phase])
        if after.failed_checks > before.failed_checks:
            rollout.say("halt", rollout.candidate.version, f"Failed check {after.failed_checks}: {look.reason}.")
        if after.phase == "Failed":
            self._fail(rollout, look, after)
            return
        if after.phase == "Progressing" and before.phase in ("Initialized", "Waiting"):
            rollout.start_canary()
        self._divide(rollout, before, after)
        if after.phase == "Promoting" and before.phase != "Promoting":
            rollout.update_primary()
        if after.phase == "Succeeded":
            yield from self._succeed(rollout)

    def _divide(self, rollout: Rollout, before: Status, after: Status) -> None:
        if (after.weight, after.is_mirrored) == (before.weight, before.is_mirrored):
            return
        mirror = self.mirror_weight if after.is_mirrored else 0.0
        if self.match:
            rollout.divide(0.0, self.match if after.weight > 0 else (), mirror)
        else:
            rollout.divide(after.weight, (), mirror)

    def _succeed(self, rollout: Rollout) -> Steps:
        rollout.stop_canary("the primary has the new version")
        if self.skip_analysis:
            rollout.update_primary()
            yield from rollout.await_primary()
        rollout.finish("promoted", "the primary runs the new version and has all users")

    def _fail(self, rollout: Rollout, look: Look, after: Status) -> None:
        """Roll back; where it is the primary that is broken, leave all users on the canary.

        Raises:
            Undo: the canary failed.
        """
        if after.weight == 0:
            rollout.give_up(look.reason)
        rollout.divide(after.weight, (), 0.0)
        rollout.stay_broken(f"the primary is broken, {look.reason}; the canary keeps all users")

    def undo(self, rollout: Rollout) -> Steps:
        """Give all users to the primary, remove the canary, and let a primary that was updated roll back."""
        rollout.divide(0.0, (), 0.0)
        rollout.stop_canary("the canary has failed")
        yield from rollout.revert_primary()
        yield from rollout.await_route()


class Look:
    """What the scheduler sees of a running release. reason: why something was not as it should be, last."""

    def __init__(self, spec: Progressive, rollout: Rollout) -> None:
        self.reason = ""
        self._spec = spec
        self._rollout = rollout
        self._approvals: dict[Gate, simpy.Event] = {}

    def primary(self) -> Readiness:
        """Return whether the primary is ready."""
        workload = self._rollout.primary_workload()
        spec = self._spec
        return self._noted("primary", readiness(workload, spec.progress_deadline_seconds, spec.primary_ready_threshold))

    def canary(self) -> Readiness:
        """Return whether the canary is ready."""
        workload = self._rollout.canary_workload()
        spec = self._spec
        return self._noted("canary", readiness(workload, spec.progress_deadline_seconds, spec.canary_ready_threshold))

    def has_new_revision(self) -> bool:
        """Return False: one version is released."""
        return False

    def is_open(self, gate: Gate) -> bool:
        """Return whether the gate has been opened; the first who finds it closed asks for a person."""
        if all(webhook.type != gate for webhook in self._spec.webhooks):
            return True
        if gate not in self._approvals:
            self._approvals[gate] = self._rollout.ask(f"The gate {gate} waits for a person.")
        return self._approvals[gate].processed

    def passes_checks(self) -> bool:
        """Return whether every metric is inside its range; where none is given, nothing is looked at."""
        found = self._rollout.first_failed_check(self._spec.metrics)
        self.reason = found or self.reason
        return found is None

    def _noted(self, who: str, found: Readiness) -> Readiness:
        if not found.is_ready:
            self.reason = f"the {who} is not ready: {found.reason}"
            if not found.is_retriable:
                self._rollout.notice()
        return found


PHASES = {
    "Waiting": "Wait for a person before the canary starts",
    "Progressing": "The canary is looked at",
    "WaitingPromotion": "Wait for a person before the primary gets the new version",
    "Promoting": "Copy the new version to the primary",
    "Finalising": "All users on the primary",
    "Succeeded": "Remove the canary",
    "Failed": "The release has failed",
}


def as_planned(status: Status) -> Status:
    """Return a status without what a plan does not know of: failed checks, and a gate that a person has opened."""
    phase = "Progressing" if status.phase == "WaitingPromotion" else status.phase
    return status._replace(failed_checks=0, phase=phase)


def _key(field: str) -> str:
    head, *rest = field.split("_")
    return head + "".join(word.title() for word in rest)
